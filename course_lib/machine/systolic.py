"""A systolic array: operands enter at the edges, one step a cycle, and every PE hands on what it has used.

    output stationary                          weight stationary
        b down                                     b first, then it stays
        v  v  v                                    v  v  v
    a > .  .  .  a is skewed: row i of a       a > .  .  .  row k of the array holds row k of b and is fed column k of a;
    a > .  .  .  enters i cycles late, as      a > .  .  .  sums go down, and leave complete at the bottom
    a > .  .  .  does column j of b            a > .  .  .
        v  v  v  sums, when they are done          v  v  v  sums

First and last cycle, in words, for r x c PEs in use and T steps of the stream. Output stationary: cycle 1 is that of the first
product, in the corner; PE (i, j) does its product number t (from 0) in cycle 1 + i + j + t; in the cycle after the last product of a
column its sums begin to move down, one row a cycle; the last cycle is that in which the last sum leaves: 2r + c + T - 2. Weight
stationary: in cycles 1 to r the weights move in, a row a cycle; PE (k, j) does its product number m in cycle r + 1 + k + j + m; a sum
leaves in the cycle of its last product, the last one in cycle 2r + c + T - 2 again. Input stationary is weight stationary on the
transposed product. A product larger than the array is done in folds, one after the other; what a ragged fold does not use is by-passed.
"""

from __future__ import annotations

from math import prod

import numpy as np

from ..records import Report, Timeline
from ..shapes import GemmShape, whole

SOURCE = "Kung & Leiserson 1979; cycles as in Samajdar et al., SCALE-Sim, ISPASS 2020 (2 S_R + S_C + T - 2), derived here"

STATIONARY = ("output", "weight", "input")


def laid_out(shape: GemmShape, stationary: str) -> tuple[int, int, int]:
    """(rows, columns, steps): which sizes of the product lie along the array, and which is streamed."""
    M, N, K = shape.M, shape.N, shape.K
    if stationary not in STATIONARY:
        raise ValueError(f"stationary: want one of {', '.join(map(repr, STATIONARY))}, got {stationary!r}")
    return {"output": (M, N, K), "weight": (K, N, M), "input": (K, M, N)}[stationary]


def parts(size: int, side: int) -> list[tuple[int, int]]:
    """How often each length comes when `size` is cut into pieces of `side`: [(side, often), (rest, 1)]."""
    return [(n, often) for n, often in ((side, size // side), (size % side, 1)) if n and often]


def systolic_cycles(shape: GemmShape, rows: int, cols: int, stationary: str = "output") -> Report:
    """Cycles of a matrix product on a rows x cols systolic array, in closed form; one row.

    `fill` is what passes before the last PE begins (loading and skew), `drain` what passes after the last product, summed over
    the folds. Raises ValueError for an unknown `stationary` or an array without PEs.

    >>> systolic_cycles(GemmShape(M=3, N=3, K=3), rows=3, cols=3)["cycles"]
    [10]
    """
    rows, cols = whole("rows", rows, 1), whole("cols", cols, 1)
    down, across, steps = laid_out(shape, stationary)
    fill = stream = drain = folds = 0
    for (r, often), (c, times) in ((a, b) for a in parts(down, rows) for b in parts(across, cols) if steps):
        n = often * times
        folds += n
        fill += n * (r + c - 2 + (0 if stationary == "output" else r))
        stream += n * steps
        drain += n * (r if stationary == "output" else 0)
    cycles = fill + stream + drain
    return Report(
        {
            "stationary": [stationary],
            "folds": [folds],
            "fill": [fill],
            "stream": [stream],
            "drain": [drain],
            "cycles": [cycles],
            "utilisation": [shape.macs / (cycles * rows * cols) if cycles else 0.0],
        },
        note="cycles from the first product or weight to the last sum that leaves; folds one after the other",
    )


def systolic_gemm(a: np.ndarray, b: np.ndarray, rows: int, cols: int, stationary: str = "output") -> tuple[np.ndarray, Timeline]:
    """a[M,K] @ b[K,N] -> (c[M,N], Timeline), cycle by cycle: every PE knows its neighbours only.

    The timeline says which element of c each PE adds to in each cycle. Raises ValueError for arrays that cannot be multiplied.
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
        raise ValueError(f"a, b: want a[M,K] and b[K,N], got {a.shape} and {b.shape}")
    rows, cols = whole("rows", rows, 1), whole("cols", cols, 1)
    laid_out(GemmShape(a.shape[0], b.shape[1], a.shape[1]), stationary)
    if stationary == "input":
        c, shown = systolic_gemm(b.T, a.T, rows, cols, "weight")
        return c.T.copy(), Timeline(shown.units, tuple("C[{1},{0}]".format(*label[2:-1].split(",")) for label in shown.labels), shown.busy)
    M, K, N = *a.shape, b.shape[1]
    c = np.zeros((M, N), np.result_type(a, b))
    films: list[np.ndarray] = []
    cuts = lambda size, side: [slice(at, min(at + side, size)) for at in range(0, size, side)]
    if prod((M, N, K)):
        if stationary == "output":
            for i, j in ((i, j) for i in cuts(M, rows) for j in cuts(N, cols)):
                c[i, j], film = output_fold(a[i], b[:, j])
                films.append(placed(film, i.start, j.start, N, rows, cols))
        else:
            for k, j in ((k, j) for k in cuts(K, rows) for j in cuts(N, cols)):
                part, film = weight_fold(a[:, k], b[k, j])
                c[:, j] += part  # sums of several folds are added outside the array
                films.append(placed(film, 0, j.start, N, rows, cols))
    labels = tuple(f"C[{i},{j}]" for i in range(M) for j in range(N))
    units = tuple(f"PE {r},{q}" for r in range(rows) for q in range(cols))
    return c, Timeline(units, labels, np.concatenate(films) if films else np.full((0, rows * cols), -1, np.int64))


def placed(film: np.ndarray, row: int, column: int, width: int, rows: int, cols: int) -> np.ndarray:
    """film[cycle, r, c, (i, j)] of one fold, i = -1 where a PE idles, as numbers of elements of c on the whole array."""
    busy = np.full((film.shape[0], rows, cols), -1, np.int64)
    i, j = film[..., 0], film[..., 1]
    busy[:, : film.shape[1], : film.shape[2]] = np.where(i >= 0, (i + row) * width + j + column, -1)
    return busy.reshape(film.shape[0], rows * cols)


def output_fold(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One fold, output stationary: a[r,T] from the left and b[T,c] from the top, both skewed; sums leave at the bottom."""
    (r, T), c = a.shape, b.shape[1]
    kind = np.result_type(a, b)
    left, top, sums = np.zeros((r, c), kind), np.zeros((r, c), kind), np.zeros((r, c), kind)
    here = np.zeros((r, c), bool)  # is there an operand on the wire from the left? (the one from the top comes with it)
    done = np.zeros((r, c), np.int64)
    out, left_over = np.zeros((r, c), kind), np.full(c, r)
    film = []
    while left_over.any():
        cycle = len(film)
        moving = done[-1] == T  # columns whose last PE has finished before this cycle
        left[:, 1:], here[:, 1:] = left[:, :-1].copy(), here[:, :-1].copy()
        top[1:] = top[:-1].copy()
        for i in range(r):
            here[i, 0] = 0 <= cycle - i < T
            left[i, 0] = a[i, cycle - i] if here[i, 0] else 0
        for j in range(c):
            top[0, j] = b[cycle - j, j] if 0 <= cycle - j < T else 0
        sums += np.where(here, left * top, 0)
        done += here
        for column in np.flatnonzero(moving & (left_over > 0)):
            left_over[column] -= 1
            out[left_over[column], column] = sums[-1, column]
            sums[1:, column] = sums[:-1, column].copy()
        where = np.stack(np.broadcast_arrays(np.arange(r)[:, None], np.arange(c)), -1)
        film.append(np.where(here[..., None], where, -1))
    return out, np.array(film)


def weight_fold(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One fold, weight stationary: b[r,c] moves in from the top, then a[T,r] from the left; a sum is complete at the bottom."""
    (T, r), c = a.shape, b.shape[1]
    kind = np.result_type(a, b)
    weights, left, sums = np.zeros((r, c), kind), np.zeros((r, c), kind), np.zeros((r, c), kind)
    image = np.full((r, c), -1)  # which row of a is on the wire, -1 for none
    out, film = np.zeros((T, c), kind), []
    for cycle in range(r):
        weights[1:] = weights[:-1].copy()
        weights[0] = b[r - 1 - cycle]  # the lowest row goes first
        film.append(np.full((r, c, 2), -1))
    left_over = T * c
    while left_over:
        cycle = len(film) - r
        left[:, 1:], image[:, 1:] = left[:, :-1].copy(), image[:, :-1].copy()
        for k in range(r):
            m = cycle - k
            image[k, 0] = m if 0 <= m < T else -1
            left[k, 0] = a[m, k] if 0 <= m < T else 0
        from_above = np.concatenate([np.zeros((1, c), kind), sums[:-1]])
        sums = from_above + left * weights
        for j in np.flatnonzero(image[-1] >= 0):
            out[image[-1, j], j] = sums[-1, j]
            left_over -= 1
        film.append(np.stack([image, np.where(image >= 0, np.arange(c), -1)], -1))
    return out, np.array(film)
