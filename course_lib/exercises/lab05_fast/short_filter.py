"""Winograd in one dimension: two outputs of a three-tap filter with four multiplications; and the matrices for any m and r."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from ..exercise import Case, Count, Exercise, Misconception

ONE, MATRICES = "05_fast#winograd-1d", "05_fast#cook-toom"

# --- F(2, 3) -----------------------------------------------------------------------------------------------------------


def filtered(d: Any, g: Any) -> np.ndarray:
    """d[4], g[3] -> y[2], y[i] = sum over s of d[i + s] · g[s]"""
    d, g = np.asarray(d, np.float64), np.asarray(g, np.float64)
    return np.array([d[0:3] @ g, d[1:4] @ g])


def short_cases(rng: np.random.Generator) -> list[Case]:
    table = [
        ([1, 0, 0, 0], [1, 2, 4]),
        ([0, 1, 0, 0], [1, 2, 4]),
        ([0, 0, 1, 0], [1, 2, 4]),
        ([0, 0, 0, 1], [1, 2, 4]),
        ([1, 2, 3, 4], [1, 1, 1]),
    ]
    cases = [Case((np.array(d, np.float32), np.array(g, np.float32)), label=f"d = {d}, g = {g}") for d, g in table]
    for _ in range(8):
        d, g = rng.integers(-9, 10, 4).astype(np.float32), rng.integers(-9, 10, 3).astype(np.float32)
        cases.append(Case((d, g), label=f"d = {d.astype(int).tolist()}, g = {g.astype(int).tolist()}"))
    return cases


def with_products(d: Any, g: Any, turned: bool = False, halves: float = 2.0, sign: int = -1, last: int = 1) -> np.ndarray:
    """The four products, with the usual slips as options."""
    d, g = np.asarray(d, np.float64), np.asarray(g, np.float64)[:: -1 if turned else 1]
    m1, m4 = (d[0] - d[2]) * g[0], (d[1] - d[3]) * g[2]
    m2 = (d[1] + d[2]) * (g[0] + g[1] + g[2]) / halves
    m3 = (d[2] - d[1]) * (g[0] - g[1] + g[2]) / halves
    return np.array([m1 + m2 + m3, m2 + sign * m3 - last * m4])


winograd_1d = Exercise(
    name="winograd_1d",
    reference=filtered,
    cases=short_cases,
    tolerance=1e-6,
    counts=(
        Count(
            "multiplications",
            lambda trace: int(trace.marks["multiply"]),
            lambda case: 4,
            "The values are right, and there are more than four multiplications. Halve the filter's sums with / 2: that is done once for"
            " all tiles and is not counted.",
            rule="at most",
            slide=ONE,
        ),
    ),
    counted=lambda cases: cases[4:7],
    misconceptions=(
        Misconception(
            "the filter is flipped",
            partial(with_products, turned=True),
            "The filter runs backwards: y[0] begins with d[0] times the first tap. Networks do not flip.",
            ONE,
        ),
        Misconception(
            "the halves are forgotten",
            partial(with_products, halves=1.0),
            "Two of the four filter sums are halved: (g0 + g1 + g2) / 2 and (g0 - g1 + g2) / 2.",
            ONE,
        ),
        Misconception(
            "a sign in the second output",
            partial(with_products, sign=1),
            "The first output is right, the second is m2 - m3 - m4: one of your signs is a plus.",
            ONE,
        ),
        Misconception(
            "the fourth product is added",
            partial(with_products, last=-1),
            "The first output is right; in the second the fourth product has the wrong sign.",
            ONE,
        ),
        Misconception(
            "the fourth product is left out",
            partial(with_products, last=0),
            "The first output is right; in the second the fourth product, that of d[3], is missing.",
            ONE,
        ),
        Misconception(
            "three outputs",
            lambda d, g: np.convolve(np.asarray(d, np.float64), np.asarray(g, np.float64)[::-1]),
            "A filter of 3 taps fits into 4 numbers in two places: two outputs.",
            ONE,
        ),
        Misconception(
            "the first output twice",
            lambda d, g: np.full(2, filtered(d, g)[0]),
            "Both of your outputs are the first one. The second window begins at d[1].",
            ONE,
        ),
    ),
    hint="Four products: (d0-d2)·g0, (d1+d2)·(g0+g1+g2)/2, (d2-d1)·(g0-g1+g2)/2, (d1-d3)·g2. Add up for y0, then for y1.",
    slide=ONE,
)

# --- any m, any r ------------------------------------------------------------------------------------------------------

POINTS = [Fraction(x) for x in ("0", "1", "-1", "2", "-2", "1/2", "-1/2")]


def times_root(polynomial: list[Fraction], root: Fraction) -> list[Fraction]:
    return [low - root * high for low, high in zip([Fraction(0), *polynomial], [*polynomial, Fraction(0)], strict=True)]


def matrices(m: int, r: int, scaled: bool = True, infinity: bool = True, descending: bool = False, last: int = 0) -> tuple[np.ndarray, ...]:
    """(AT[m,n], G[n,r], BT[n,n]) in float64, n = m + r - 1; the options are slips."""
    n = m + r - 1
    points = POINTS[: n - 1]
    AT, G, BT = np.zeros((m, n)), np.zeros((n, r)), np.zeros((n, n))
    for i, x in enumerate(points):
        scale, polynomial = Fraction(1), [Fraction(1)]
        for other in points:
            if other != x:
                scale *= x - other
                polynomial = times_root(polynomial, other)
        AT[:, i] = [float(x**k) for k in range(m)]
        G[i] = [float(x**k / (scale if scaled else 1)) for k in range(r)]
        row = [float(c) for c in polynomial] + [0.0] * (n - len(polynomial))
        BT[i] = row[::-1] if descending else row
    whole = [Fraction(1)]
    for x in points:
        whole = times_root(whole, x)
    if infinity:
        AT[m - 1 - last, n - 1] = 1
        G[n - 1, r - 1] = 1
    BT[n - 1] = [float(c) for c in whole]
    return AT, G, BT


class Unreadable(ValueError):
    """An answer that is no set of three matrices; the message begins with what is wrong."""


def filter_of(answer: Any) -> np.ndarray:
    """What three matrices compute: T[m, n, r] with y[i] = sum of T[i, j, k] · d[j] · g[k]; many triples are right, one T is."""
    if not isinstance(answer, tuple | list) or len(answer) != 3:
        raise Unreadable("matrices: want three of them, AT, G and BT, in this order")
    try:
        AT, G, BT = (np.asarray(matrix, np.float64) for matrix in answer)
    except (TypeError, ValueError):
        raise Unreadable("matrices: want three arrays of numbers") from None
    if AT.ndim != 2 or G.ndim != 2 or BT.ndim != 2:
        raise Unreadable(f"matrices: want two axes each, got shapes {AT.shape}, {G.shape}, {BT.shape}")
    n = len(BT)
    if BT.shape != (n, n) or AT.shape[1] != n or len(G) != n or AT.shape[0] + G.shape[1] - 1 != n:
        raise Unreadable(f"shapes: want AT[m,n], G[n,r], BT[n,n] with n = m + r - 1, got {AT.shape}, {G.shape}, {BT.shape}")
    return np.einsum("yi,ij,ik->yjk", AT, BT, G)


def matrix_cases(rng: np.random.Generator) -> list[Case]:
    pairs = [(1, 2), (2, 2), (2, 3), (3, 2), (1, 1), (4, 3), (3, 3), (2, 5), (4, 2), (6, 3), (5, 4), (1, 5)]
    return [Case((m, r), label=f"F({m}, {r})") for m, r in pairs]


winograd_matrices = Exercise(
    name="winograd_matrices",
    reference=matrices,
    reading=filter_of,
    cases=matrix_cases,
    tolerance=1e-9,
    misconceptions=(
        Misconception(
            "G is not divided",
            partial(matrices, scaled=False),
            "The rows of G are not divided by f: without that, interpolation gives each point another weight.",
            MATRICES,
        ),
        Misconception(
            "no point at infinity",
            partial(matrices, infinity=False),
            "The last column of AT and the last row of G are zeros. Infinity is a point, too: it looks at the highest coefficient.",
            MATRICES,
        ),
        Misconception(
            "coefficients from the highest power",
            partial(matrices, descending=True),
            "The coefficients in BT run from the highest power down. numpy.poly gives them like that: turn them round.",
            MATRICES,
        ),
        Misconception(
            "infinity in the first row",
            lambda m, r: matrices(m, r, last=m - 1),
            "At infinity it is the highest power that counts: the 1 in the last column of AT belongs into its last row.",
            MATRICES,
        ),
        Misconception(
            "turned, or in another order",
            lambda m, r: (matrices(m, r)[0].T, *matrices(m, r)[1:]),
            "The shapes do not fit together. AT has m rows and n columns, G has n rows and r columns, BT is n x n; the order is AT, G, BT.",
            MATRICES,
        ),
        Misconception(
            "BT lies on its side",
            lambda m, r: (*matrices(m, r)[:2], matrices(m, r)[2].T),
            "BT has a point a row. Yours has its points in columns: it is the transpose.",
            MATRICES,
        ),
    ),
    hint="Do F(2, 3) by hand with the points 0, 1, -1: f = (x-a)(x-b) for each point, powers of the point in AT and G, a polynomial in BT.",
    slide=MATRICES,
)
