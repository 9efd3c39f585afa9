"""Registers and panels: four sums at once, b copied into reading order, and the product that reads it in one run."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exercise import Case, Count, Exercise, Misconception
from ..pictures import plane_picture
from .loop_order import cases_of, common, gemm_sizes, numbers, product, second

REGISTERS, PANELS = "03_gemm#registers", "03_gemm#packing"

# --- four sums ---------------------------------------------------------------------------------------------------------


def sizes_of(case: Case) -> tuple[int, int, int]:
    (M, K), N = case.args[0].shape, case.args[1].shape[1]
    return M, N, K


def fours_only(a: Any, b: Any) -> np.ndarray:
    c = product(a, b)
    c[:, c.shape[1] // 4 * 4 :] = 0
    return c


def fours_or_nothing(a: Any, b: Any) -> np.ndarray:
    if b.shape[1] % 4:
        raise IndexError("index is out of bounds")
    return product(a, b)


def one_sum_for_all(a: Any, b: Any) -> np.ndarray:
    """All four columns get the sum of the first."""
    c = product(a, b)
    for j in range(0, c.shape[1] - c.shape[1] % 4, 4):
        c[:, j : j + 4] = c[:, j : j + 1]
    return c


def four_together(a: Any, b: Any) -> np.ndarray:
    """The four sums are added into one."""
    c = product(a, b)
    for j in range(0, c.shape[1] - c.shape[1] % 4, 4):
        c[:, j : j + 4] = c[:, j : j + 4].sum(1, keepdims=True)
    return c


matmul_unrolled = Exercise(
    name="matmul_unrolled",
    reference=product,
    cases=lambda rng: [*cases_of()(rng), Case((numbers(rng, 3, 5), numbers(rng, 5, 8)), label="3x5 times 5x8")],
    tolerance=1e-6,
    counts=(
        Count(
            "loads of a",
            lambda trace: int(((trace.tensor == 0) & ~trace.store).sum()),
            lambda case: sizes_of(case)[0] * sizes_of(case)[2] * (sizes_of(case)[1] // 4 + sizes_of(case)[1] % 4),
            "A number of a is loaded more often than once for four columns. Put a[i, k] into a variable and use it four times.",
            rule="at most",
            slide=REGISTERS,
        ),
        Count(
            "stores to c",
            lambda trace: int((trace.store & (trace.tensor == trace.marks["output"])).sum()),
            lambda case: sizes_of(case)[0] * sizes_of(case)[1],
            "A number of c is stored more often than once. Let four sums grow in four variables, and store them after the loop over k.",
            slide=REGISTERS,
        ),
    ),
    counted=lambda cases: [case for case in cases if sizes_of(case)[1] >= 4][-6:],
    misconceptions=(
        *common(REGISTERS),
        Misconception(
            "the columns left over are left out",
            fours_only,
            "With 6 columns the last two are never computed: after the groups of four, what is left goes one by one.",
            REGISTERS,
        ),
        Misconception(
            "no thought of columns left over",
            fours_or_nothing,
            "Where N is no multiple of 4, the last group reaches beyond b. Let the groups end at N - N % 4.",
            REGISTERS,
        ),
        Misconception(
            "four times the same column",
            one_sum_for_all,
            "All four columns of a group get the first one's sum. Sum number 1 takes b[k, j + 1].",
            REGISTERS,
        ),
        Misconception(
            "four columns in one sum",
            four_together,
            "The four sums have flowed together: each column of c needs a variable of its own.",
            REGISTERS,
        ),
    ),
    picture=plane_picture,
    hint="for i, for j in steps of 4: four variables start at 0; for k: load a[i, k] once, add four products; then store the four.",
    slide=REGISTERS,
)

# --- panels ------------------------------------------------------------------------------------------------------------


def packed(b: Any, nr: int) -> np.ndarray:
    """b[K,N] -> panels[ceil(N/nr), K, nr], the last one filled up with zeros."""
    b = np.asarray(b)
    K, N = b.shape
    full = np.zeros((K, -(-N // nr) * nr), b.dtype)
    full[:, :N] = b
    return np.ascontiguousarray(full.reshape(K, -1, nr).transpose(1, 0, 2))


def panel_sizes(rng: np.random.Generator) -> list[tuple[int, int, int]]:
    """(K, N, nr)"""
    table = [(1, 1, 1), (2, 2, 2), (2, 4, 2), (3, 4, 2), (2, 3, 2), (1, 5, 4), (4, 1, 3), (5, 8, 8), (5, 23, 8), (3, 6, 1)]
    return [*table, *((int(k), int(n), int(r)) for k, n, r in rng.integers(1, [7, 14, 6], (8, 3)))]


def pack_cases(rng: np.random.Generator) -> list[Case]:
    cases = []
    for K, N, nr in panel_sizes(rng):
        b = np.arange(1, K * N + 1, dtype=np.float32).reshape(K, N)  # every number says which one it is; zeros are filling
        cases.append(Case((b, nr), label=f"{K}x{N} in panels of {nr} column{'s' if nr > 1 else ''}"))
    return cases


def dropped(b: Any, nr: int) -> np.ndarray:
    return packed(b[:, : b.shape[1] // nr * nr], nr)


def repeated(b: Any, nr: int) -> np.ndarray:
    return packed(np.pad(np.asarray(b), ((0, 0), (0, -b.shape[1] % nr)), mode="edge"), nr)


pack_panels = Exercise(
    name="pack_panels",
    reference=packed,
    cases=pack_cases,
    misconceptions=(
        Misconception(
            "only reshaped",
            lambda b, nr: np.pad(b, ((0, 0), (0, -b.shape[1] % nr))).reshape(-1, b.shape[0], nr),
            "Reshaping cuts the line of memory and moves no number: row 1 of a panel must be what lies below its row 0 in b.",
            PANELS,
        ),
        Misconception(
            "rows in place of columns",
            lambda b, nr: packed(np.asarray(b).T, nr),
            "You have cut the rows of b into panels. A panel is nr columns wide and as tall as b.",
            PANELS,
        ),
        Misconception(
            "the panel lies on its side",
            lambda b, nr: np.ascontiguousarray(packed(b, nr).transpose(0, 2, 1)),
            "Each panel is the transpose of what it should be: panel[k, j] with j running fastest, so a row of nr numbers lies together.",
            PANELS,
        ),
        Misconception(
            "k is outside the panels",
            lambda b, nr: np.ascontiguousarray(packed(b, nr).transpose(1, 0, 2)),
            "That is b itself, cut into pieces: [K, panels, nr]. All rows of panel 0 come first, then those of panel 1.",
            PANELS,
        ),
        Misconception(
            "the last columns are dropped",
            dropped,
            "N // nr panels are rounded down: the last columns are in no panel. Round up, and fill up with zeros.",
            PANELS,
        ),
        Misconception(
            "filled up with the last column",
            repeated,
            "The last panel is filled up with copies of the last column. Zeros add nothing to a sum; those copies would.",
            PANELS,
        ),
        Misconception(
            "every nr-th column",
            lambda b, nr: np.ascontiguousarray(np.pad(b, ((0, 0), (0, -b.shape[1] % nr))).reshape(len(b), nr, -1).transpose(2, 0, 1)),
            "Your panels take columns that lie apart. A panel holds neighbours: columns 0 to nr - 1, then the next nr.",
            PANELS,
        ),
    ),
    picture=plane_picture,
    hint="Panel p holds columns p·nr to p·nr + nr - 1, row after row; make zeros of shape (ceil(N/nr), K, nr) first, then copy.",
    slide=PANELS,
)


def from_panels(a: Any, panels: Any, N: int) -> np.ndarray:
    """a[M,K] times what panels hold -> c[M,N]"""
    return np.concatenate([product(a, panel) for panel in panels], axis=1)[:, :N]


def packed_cases(rng: np.random.Generator) -> list[Case]:
    cases = []
    for (M, N, K), nr in zip(gemm_sizes(rng), [1, 2, 1, 2, 2, 3, 4, 2, 1, 2, 2, 8, *(int(v) for v in rng.integers(1, 6, 8))], strict=True):
        b = numbers(rng, K, N)
        cases.append(Case((numbers(rng, M, K), packed(b, nr), N), label=f"{M}x{K} times {K}x{N} in panels of {nr}"))
    return cases


def jumps(trace: Any) -> int:
    """How often the next number read from the panels is not the next one in memory."""
    return int((np.diff(second(trace)) != 1).sum())


def visits(case: Case) -> int:
    return len(case.args[0]) * len(case.args[1])  # each row of a begins each panel once


matmul_packed = Exercise(
    name="matmul_packed",
    reference=from_panels,
    cases=packed_cases,
    tolerance=1e-6,
    counts=(
        Count(
            "jumps in the panels",
            jumps,
            visits,
            "The panels are packed to be read in one run, and your loops jump in them. Inside a panel k is outside and j inside.",
            rule="at most",
            slide=PANELS,
        ),
        Count(
            "stores to c",
            lambda trace: int((trace.store & (trace.tensor == trace.marks["output"])).sum()),
            lambda case: len(case.args[0]) * case.args[2],
            "A number of c is stored more often than once. Keep nr sums while k runs (a small array or a list), then store those inside c.",
            rule="at most",
            slide=PANELS,
        ),
    ),
    counted=lambda cases: [case for case in cases if case.args[1].shape[2] > 1][:8],
    misconceptions=(
        Misconception(
            "the filling is in the result",
            lambda a, panels, N: from_panels(a, panels, len(panels) * panels.shape[2]),
            "There are more than N columns: those of the last panel's filling have to be left out.",
            PANELS,
        ),
        Misconception(
            "only the first panel",
            lambda a, panels, N: np.pad(product(a, panels[0]), ((0, 0), (0, max(0, N - panels.shape[2]))))[:, :N],
            "Only the columns of the first panel are there. Panel p makes columns p·nr to p·nr + nr - 1.",
            PANELS,
        ),
        Misconception(
            "every panel goes to the same columns",
            lambda a, panels, N: np.pad(sum_of(a, panels), ((0, 0), (0, max(0, N - panels.shape[2]))))[:, :N],
            "All panels have been added into the first columns. Panel p begins at column p·nr of c.",
            PANELS,
        ),
        Misconception(
            "the last panel is left out",
            lambda a, panels, N: np.pad(
                from_panels(a, panels, N)[:, : N // panels.shape[2] * panels.shape[2]], ((0, 0), (0, N % panels.shape[2]))
            ),
            "The columns of the last panel, which is not full, are missing.",
            PANELS,
        ),
        Misconception(
            "the sums are not set back to zero",
            lambda a, panels, N: np.concatenate([np.cumsum(product(a, panel), axis=0) for panel in panels], axis=1)[:, :N],
            "The first row of c is right and each later one contains those above it. Where do the sums start from 0 again?",
            PANELS,
        ),
        Misconception(
            "only the last product is kept",
            lambda a, panels, N: from_panels(np.asarray(a)[:, -1:], panels[:, -1:], N),
            "Each number of c is a sum over k. Does a later product overwrite the earlier ones (= where += is meant)?",
            PANELS,
        ),
    ),
    picture=plane_picture,
    hint="for p: for i: nr sums at 0; for k: for j: sums[j] += a[i, k] * panels[p, k, j]; then store those whose column is below N.",
    slide=PANELS,
)


def sum_of(a: Any, panels: Any) -> np.ndarray:
    return np.asarray(sum(product(a, panel) for panel in panels))
