"""Loop orders: the same sums on three storages, recognised by the addresses they touch, weighed by the misses of a cache.

    ikj    a[M,K]   b[K,N]      at   at[K,M]  b[K,N]      bt   a[M,K]   bt[N,K]

Which order a function has is not asked of its name: the numbers of the second operand must come in the order of the loops.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..exercise import Case, Count, Exercise, Misconception
from ..pictures import plane_picture

ORDERS = "03_gemm#gemm-orders"
POWER = "03_gemm#power-of-two"

SIZES = [
    (1, 1, 1),
    (1, 2, 2),
    (2, 1, 2),
    (2, 2, 1),
    (2, 2, 2),
    (2, 3, 2),
    (3, 2, 4),
    (1, 7, 3),
    (7, 1, 3),
    (4, 5, 1),
    (5, 7, 3),
    (17, 23, 5),
]


def gemm_sizes(rng: np.random.Generator) -> list[tuple[int, int, int]]:
    """(M, N, K): small ones, rows, columns, ragged and drawn ones."""
    return [*SIZES, *((int(m), int(n), int(k)) for m, n, k in rng.integers(1, 10, (8, 3)))]


def numbers(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Small whole numbers in float32, no zero among them: sums are exact, and a product left out always shows."""
    return (rng.integers(1, 10, (rows, columns)) * rng.choice([-1, 1], (rows, columns))).astype(np.float32)


def cases_of(left: bool = False, right: bool = False) -> Callable[[np.random.Generator], list[Case]]:
    """Products with the operand on the left or right stored transposed."""

    def cases(rng: np.random.Generator) -> list[Case]:
        made = []
        for M, N, K in gemm_sizes(rng):
            a, b = numbers(rng, M, K), numbers(rng, K, N)
            pair = np.ascontiguousarray(a.T if left else a), np.ascontiguousarray(b.T if right else b)
            made.append(Case(pair, label=f"{M}x{K} times {K}x{N}"))
        return made

    return cases


def product(a: Any, b: Any) -> np.ndarray:
    """a[M,K], b[K,N] -> c[M,N] in float64."""
    return np.asarray(a, np.float64) @ np.asarray(b, np.float64)


# --- what a trace says --------------------------------------------------------------------------------------------------


def second(trace: Any) -> np.ndarray:
    """The element numbers of the second argument, in the order in which they were loaded."""
    buffer = trace.buffers[1]
    mine = (trace.tensor == 1) & ~trace.store
    return (trace.address[mine] - buffer.base) // buffer.itemsize


def out_of_order(loops: str) -> Callable[[Any], int]:
    """How many loads of the second operand come at another time than in these loops; its storage is trace.buffers[1].shape."""

    def measure(trace: Any) -> int:
        (rows, columns), M = trace.buffers[1].shape, rows_of(trace, loops)
        inner = np.arange(rows * columns)
        # ikj: for i: for k: for j: b[k, j]   and   ijk on bt: for i: for j: for k: bt[j, k]   read all of it for each i, in its own order;
        # kij: for k: for i: for j: b[k, j]   reads each row M times before the next
        want = np.tile(inner, M) if loops != "kij" else np.tile(inner.reshape(rows, 1, columns), (1, M, 1)).ravel()
        have = second(trace)
        common = min(len(have), len(want))
        return int((have[:common] != want[:common]).sum()) + abs(len(have) - len(want))

    return measure


def rows_of(trace: Any, loops: str) -> int:
    shape = trace.buffers[0].shape
    return int(shape[1] if loops == "kij" else shape[0])


def misses_in(cache_bytes: int, line: int, ways: int) -> Callable[[Any], int]:
    """Misses of a trace in one least-recently-used cache."""

    def measure(trace: Any) -> int:
        from ...machine import Cache, simulate

        return int(sum(simulate(trace, [Cache(cache_bytes, line, ways)])["misses"]))

    return measure


LINE = 16  # float32 in a line of 64 bytes


def row_misses(case: Case) -> int:
    """Compulsory misses of a, b (once a row of a) and c along their rows, and a quarter of room."""
    (M, K), N = case.args[0].shape, case.args[1].shape[1]
    return int(1.25 * (M * -(-K // LINE) + M * K * -(-N // LINE) + 2 * M * -(-N // LINE))) + 8


WIDE = (2, 512, 24)  # rows of 512 floats lie 2048 bytes apart: a column of 24 meets two sets of the cache, 16 places


def with_a_wide_one(rng: np.random.Generator) -> list[Case]:
    M, N, K = WIDE
    wide = Case((numbers(rng, M, K), numbers(rng, K, N)), label=f"{M}x{K} times {K}x{N}: rows of 512 numbers")
    return [*cases_of()(rng), wide]


# --- misconceptions ----------------------------------------------------------------------------------------------------


def common(slide: str, left: bool = False, right: bool = False) -> tuple[Misconception, ...]:
    """The ideas that all three storages share; `left` and `right` say which operand is stored transposed."""

    def plain(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        return (x.T if left else x), (y.T if right else y)

    def last_product(x: Any, y: Any) -> np.ndarray:
        a, b = plain(x, y)
        return np.outer(a[:, -1], b[-1])

    def lacking(x: Any, y: Any) -> np.ndarray:
        a, b = plain(x, y)
        return a[:, :-1] @ b[:-1]

    def square_only(x: Any, y: Any) -> np.ndarray:
        """Loops that take all three sizes from the first operand: M, M, M."""
        a, b = plain(x, y)
        if not len(a) <= min(a.shape[1], b.shape[1]):
            raise IndexError("index is out of bounds")
        return a[:, : len(a)] @ b[: len(a), : len(a)]

    def running(x: Any, y: Any) -> np.ndarray:
        a, b = plain(x, y)
        return np.cumsum((a @ b).ravel()).reshape(len(a), b.shape[1])

    return (
        Misconception(
            "only the last product is kept",
            last_product,
            "Each number of c is a sum over k. Does a later product overwrite the earlier ones (= where += is meant)?",
            slide,
        ),
        Misconception(
            "the last product is left out",
            lacking,
            "The sum stops one k too early. K is the size that the two operands share.",
            slide,
        ),
        Misconception(
            "element by element",
            lambda x, y: np.multiply(*plain(x, y)) if np.shape(plain(x, y)[0]) == np.shape(plain(x, y)[1]) else failing(IndexError),
            "You multiply numbers that lie at the same place. A product of matrices meets rows of a with columns of b.",
            slide,
        ),
        Misconception(
            "all three sizes are the first one",
            square_only,
            "Right for square matrices alone. Take M, N and K from the shapes: rows of a, columns of b, and what they share.",
            slide,
        ),
        Misconception(
            "the sum is not set back to zero",
            running,
            "The first number of c is right and each later one contains those before it. Where does the sum start from 0 again?",
            slide,
        ),
        Misconception(
            "c lies on its side",
            lambda x, y: np.ascontiguousarray((plain(x, y)[0] @ plain(x, y)[1]).T),
            "Your result is the transpose: c has the rows of a and the columns of b.",
            slide,
        ),
    )


def failing(kind: type[Exception]) -> Any:
    raise kind("index is out of bounds")


def read_as_it_lies(x: Any, y: Any) -> np.ndarray:
    """What is stored on its side is taken as it lies: the sum runs over the columns of the first and the rows of the second."""
    K = np.shape(x)[1]
    return product(x, y[:K]) if len(y) >= K else failing(IndexError)


def order_count(loops: str, hint: str) -> Count:
    return Count("numbers out of order", out_of_order(loops), lambda case: 0, hint, slide=ORDERS)


matmul_ikj = Exercise(
    name="matmul_ikj",
    reference=product,
    cases=with_a_wide_one,
    tolerance=1e-6,
    counts=(
        order_count(
            "ikj",
            "The order of b is not that of i k j gives: for each row of a, all of b, row after row. Which loop is the innermost one?",
        ),
        Count(
            "misses in L1",
            misses_in(32 * 1024, 64, 8),
            row_misses,
            "In a cache of 32 KiB, 64 bytes a line, 8 ways, your loops miss more often than once a line. Is anything read down a column,"
            " or copied on the way?",
            rule="at most",
            slide=POWER,
        ),
    ),
    counted=lambda cases: [*cases[4:8], *(case for case in cases if case.args[1].shape[1] == WIDE[1])],
    misconceptions=common(ORDERS),
    picture=plane_picture,
    hint="Three loops, i outside, k in the middle, j inside; in the innermost one stands c[i, j] += a[i, k] * b[k, j].",
    slide=ORDERS,
)

matmul_at = Exercise(
    name="matmul_at",
    reference=lambda at, b: product(np.asarray(at).T, b),
    cases=cases_of(left=True),
    tolerance=1e-6,
    counts=(
        order_count(
            "kij",
            "The order of b is not that of k i j gives: row k of b once for each row of c, then row k + 1. Which loop is outside?",
        ),
    ),
    counted=lambda cases: cases[4:10],
    misconceptions=(
        *common(ORDERS, left=True),
        Misconception(
            "the operand is read as it lies",
            read_as_it_lies,
            "The first operand is stored on its side: what you want as a[i, k] lies at at[k, i].",
            ORDERS,
        ),
    ),
    picture=plane_picture,
    hint="K and M are the rows and columns of at. The sum is over its rows: c[i, j] += at[k, i] * b[k, j].",
    slide=ORDERS,
)

matmul_bt = Exercise(
    name="matmul_bt",
    reference=lambda a, bt: product(a, np.asarray(bt).T),
    cases=cases_of(right=True),
    tolerance=1e-6,
    counts=(
        order_count(
            "ijk",
            "The order of bt is not that of i j k gives: for each row of a, all of bt, row after row. Which loop is the innermost one?",
        ),
        Count(
            "stores to c",
            lambda trace: int((trace.store & (trace.tensor == trace.marks["output"])).sum()),
            lambda case: case.args[0].shape[0] * case.args[1].shape[0],
            "A number of c is stored more often than once. Let the sum grow in a variable, and store it when it is complete.",
            slide="04_dataflow#output-stationary",
        ),
    ),
    counted=lambda cases: cases[4:10],
    misconceptions=(
        *common(ORDERS, right=True),
        Misconception(
            "the operand is read as it lies",
            read_as_it_lies,
            "The second operand is stored on its side: what you want as b[k, j] lies at bt[j, k].",
            ORDERS,
        ),
    ),
    picture=plane_picture,
    hint="N is the number of rows of bt. Both operands are read along a row: the sum over k of a[i, k] * bt[j, k].",
    slide=ORDERS,
)
