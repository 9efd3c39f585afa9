"""Tiles: how large three blocks may be that lie in a cache together, and the product that works on them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..exercise import Case, Count, Exercise, Misconception
from ..pictures import plane_picture
from .loop_order import common, numbers, product

TILING = "03_gemm#tiles"

# --- how large? --------------------------------------------------------------------------------------------------------


def fitting(M: int, N: int, K: int, cache_bytes: int, itemsize: int = 4, tiles: int = 3) -> tuple[int, int, int]:
    """(ti, tj, tk): the largest t with `tiles` tiles of t x t in the cache, and no tile larger than the matrix."""
    t = math.isqrt(cache_bytes // (tiles * itemsize))
    return min(t, M), min(t, N), min(t, K)


def best_tile_cases(rng: np.random.Generator) -> list[Case]:
    table = [(100, 100, 100, 12), (100, 100, 100, 48), (100, 100, 100, 50), (3, 100, 100, 768), (100, 3, 100, 768), (100, 100, 3, 768)]
    table += [(1024, 1024, 1024, 32 * 1024), (1024, 1024, 1024, 512 * 1024), (17, 23, 5, 1024), (1, 64, 64, 4096)]
    for _ in range(8):
        M, N, K = (int(v) for v in rng.integers(1, 400, 3))
        table.append((M, N, K, int(rng.integers(12, 200_000))))
    return [Case(sizes, label=f"M={sizes[0]} N={sizes[1]} K={sizes[2]}, a cache of {sizes[3]:,} bytes") for sizes in table]


best_tile = Exercise(
    name="best_tile",
    reference=fitting,
    cases=best_tile_cases,
    misconceptions=(
        Misconception(
            "numbers taken for bytes",
            lambda M, N, K, cache_bytes: fitting(M, N, K, cache_bytes, itemsize=1),
            "Your tiles hold as many numbers as the cache has bytes. A float32 takes 4 of them.",
            TILING,
        ),
        Misconception(
            "doubles",
            lambda M, N, K, cache_bytes: fitting(M, N, K, cache_bytes, itemsize=8),
            "You count 8 bytes a number; float32 takes 4.",
            TILING,
        ),
        Misconception(
            "a single tile fills the cache",
            lambda M, N, K, cache_bytes: fitting(M, N, K, cache_bytes, tiles=1),
            "One tile alone fills the cache. A tile of a, one of b and one of c have to be there at the same time.",
            TILING,
        ),
        Misconception(
            "two tiles fill the cache",
            lambda M, N, K, cache_bytes: fitting(M, N, K, cache_bytes, tiles=2),
            "Two tiles fill the cache. How many matrices does the innermost statement touch?",
            TILING,
        ),
        Misconception(
            "tiles larger than the matrix",
            lambda M, N, K, cache_bytes: (math.isqrt(cache_bytes // 12),) * 3,
            "A tile reaches beyond the matrix. Where M, N or K is smaller, the tile is as large as that.",
            TILING,
        ),
        Misconception(
            "the root is not taken",
            lambda M, N, K, cache_bytes: (min(cache_bytes // 12, M), min(cache_bytes // 12, N), min(cache_bytes // 12, K)),
            "That many numbers a tile may hold. How long is its side?",
            TILING,
        ),
        Misconception(
            "ti, tk, tj",
            lambda M, N, K, cache_bytes: tuple(fitting(M, N, K, cache_bytes)[i] for i in (0, 2, 1)),
            "The order is (ti, tj, tk): rows of c, columns of c, the sum. Compare with (M, N, K).",
            TILING,
        ),
    ),
    hint="Three tiles of t x t numbers of 4 bytes: 3 · t · t · 4 <= cache_bytes. Then compare t with M, N and K.",
    slide=TILING,
)

# --- the loops ---------------------------------------------------------------------------------------------------------

FAST = 256  # float32 in the cache that is simulated: 1 KiB in lines of 16 bytes, every line in every place
EDGE, TILE = 24, 8  # three tiles of 8 x 8 are 192 numbers


def tiled(a: Any, b: Any, ti: int, tj: int, tk: int) -> np.ndarray:
    return product(a, b)


def tiled_cases(rng: np.random.Generator) -> list[Case]:
    table = [(1, 1, 1, 1, 1, 1), (2, 2, 2, 1, 1, 1), (2, 2, 2, 2, 2, 2), (3, 2, 2, 2, 2, 2), (2, 3, 2, 2, 2, 2), (2, 2, 3, 2, 2, 2)]
    table += [(4, 6, 8, 2, 3, 4), (17, 23, 5, 4, 8, 2), (1, 9, 4, 1, 4, 3), (9, 1, 4, 4, 1, 4), (5, 5, 5, 8, 8, 8)]
    table += [tuple(int(v) for v in rng.integers(1, [10, 10, 10, 6, 6, 6])) for _ in range(8)]  # type: ignore[misc]
    table.append((EDGE, EDGE, EDGE, TILE, TILE, TILE))
    cases = []
    for M, N, K, ti, tj, tk in table:
        words = f"{M}x{K} times {K}x{N}, tiles of {ti}, {tj}, {tk}"
        cases.append(Case((numbers(rng, M, K), numbers(rng, K, N), ti, tj, tk), label=words))
    return cases


def macs_of(case: Case) -> int:
    (M, K), N = case.args[0].shape, case.args[1].shape[1]
    return M * N * K


def moved(trace: Any) -> int:
    """Elements between memory and the small cache, in and out."""
    from ...machine import Cache, simulate

    table = simulate(trace, [Cache(4 * FAST, 16, 0)])
    return int(sum(table["bytes in"]) + sum(table["bytes out"])) // 4


def whole_tiles(which: str) -> Any:
    """Only whole tiles are visited: sizes rounded down in the letters of `which`."""

    def function(a: Any, b: Any, ti: int, tj: int, tk: int) -> np.ndarray:
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        M, N, K = len(a), b.shape[1], len(b)
        M_, N_, K_ = (size // t * t if letter in which else size for letter, size, t in (("i", M, ti), ("j", N, tj), ("k", K, tk)))
        c = np.zeros((M, N))
        c[:M_, :N_] = a[:M_, :K_] @ b[:K_, :N_]
        return c

    return function


def beyond(a: Any, b: Any, ti: int, tj: int, tk: int) -> np.ndarray:
    if len(a) % ti or b.shape[1] % tj or len(b) % tk:
        raise IndexError("index is out of bounds")
    return product(a, b)


def last_block(a: Any, b: Any, ti: int, tj: int, tk: int) -> np.ndarray:
    """c is set to zero (or assigned) for each tile of k."""
    first = (len(b) - 1) // tk * tk
    return product(a[:, first:], b[first:])


def diagonal(a: Any, b: Any, ti: int, tj: int, tk: int) -> np.ndarray:
    """One number of the tile for all three: loops over k tiles are missing, only tile 0 of k is used."""
    return product(a[:, :tk], b[:tk])


matmul_tiled = Exercise(
    name="matmul_tiled",
    reference=tiled,
    cases=tiled_cases,
    tolerance=1e-6,
    counts=(
        Count(
            "MACs",
            lambda trace: int(trace.macs),
            macs_of,
            "The values are right, the number of multiply-accumulates is not M·N·K: is there one c[i, j] += a[i, k] * b[k, j] in the"
            " innermost loop, and nothing done twice?",
            slide=TILING,
        ),
        Count(
            "elements moved",
            moved,
            lambda case: int(4 * 2 * macs_of(case) / FAST**0.5),
            "With a cache of 256 numbers the tiles are not used while they are there: are the three loops inside the tiles really inside"
            " the three loops over tiles?",
            rule="at most",
            slide=TILING,
        ),
    ),
    counted=lambda cases: [case for case in cases if case.args[0].shape == (EDGE, EDGE)],
    misconceptions=(
        Misconception(
            "the ragged tiles are left out",
            whole_tiles("ijk"),
            "M // ti tiles are rounded down: with 3 rows and tiles of 2 the third row is never reached. Let range() take steps of ti.",
            TILING,
        ),
        *(
            Misconception(
                f"the ragged tile of {letter} is left out",
                whole_tiles(letter),
                f"Of the loop over {letter} the last tile, which is not full, is never reached. Round the number of tiles up.",
                TILING,
            )
            for letter in "ijk"
        ),
        Misconception(
            "no guard for the ragged tiles",
            beyond,
            "Where the last tile is not full, the inner loops run beyond the matrix: let them end at min(i_t + ti, M), and so on.",
            TILING,
        ),
        Misconception(
            "c begins anew with each tile of k",
            last_block,
            "Only the last tile along k is in the result. A number of c adds up all of them.",
            TILING,
        ),
        Misconception(
            "only the first tile of k",
            diagonal,
            "Only the first tile along k is in the result. The loop over k_t is missing, or ends after one turn.",
            TILING,
        ),
        *(
            Misconception(idea.name, lambda a, b, ti, tj, tk, f=idea.function: f(a, b), idea.hint, TILING)  # type: ignore[misc]
            for idea in common(TILING)
            if idea.name in ("only the last product is kept", "c lies on its side", "the sum is not set back to zero")
        ),
    ),
    picture=plane_picture,
    hint="Three loops over tiles, range(0, M, ti) and so on; inside them three loops from where the tile begins to where it ends.",
    slide=TILING,
)
