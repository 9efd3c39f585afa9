"""How large the blocks are: a model simple enough to be read, after Goto and BLIS.

register tile   tall x vectors*lanes outputs   as many as the registers hold, beside the operands
depth           k in a block                   a panel of b (depth x wide) fills half of the first cache
high            i in a block                   a block of a (high x depth) fills under half of the second cache
wide            j in a block                   a block of packed b lies in what is left (or in the third)

Each way to compute a layer has a Plan of its own: frozen numbers, all that may be chosen. `compile_conv2d(..., plan=p)` takes
another one, so a tuner can try them: a plan may be slow, it cannot be wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, TypeVar

from course_lib.caches import data_caches
from course_lib.nest.jit import lanes, registers
from course_lib.nest.lower import MOST_HELD
from course_lib.nest.problem import gemm_problem
from course_lib.nest.schedule import Schedule, schedule
from course_lib.shapes import GemmShape, whole

Chosen = TypeVar("Chosen", bound="Plan")

SOURCE = "Goto & van de Geijn 2008; Low, Igual, Smith, Quintana-Orti, Analytical Modeling Is Enough, 2016 (as implemented here)"

TURN = 4  # k in a turn of the innermost loop: what a turn costs beside its multiply-adds is shared by them

FAR_BYTES = 160 << 10  # of a block of b that comes from beyond the second cache, asked for while the one before is multiplied

USUAL = {1: 32 << 10, 2: 512 << 10}  # bytes, the smallest one meets among recent processors: where the system does not tell


@cache
def cache_bytes(level: int) -> int:
    """What a thread may fill of the cache of this level, in bytes."""
    found = [cache.bytes // max(1, cache.shared) for cache in data_caches() if cache.level == level]
    return found[0] if found else USUAL[level]


@dataclass(frozen=True)
class Tile:
    """The register tile: `tall` rows by `vectors` vectors of `lanes`."""

    tall: int
    vectors: int
    lanes: int

    @property
    def wide(self) -> int:
        return self.vectors * self.lanes


@dataclass(frozen=True)
class Plan:
    """Sizes of blocks: every number is the most a block may have. `even` cuts a layer into nearly equal ones, in whole tiles.

    Raises ValueError naming the field for a size below 1 and for more sums than are ever held in registers.
    """

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.type == "int":
                object.__setattr__(self, field.name, whole(f"plan.{field.name}", getattr(self, field.name), 1))
        tall, vectors = getattr(self, "tall", 1), getattr(self, "vectors", 1)
        if tall * vectors > MOST_HELD:
            raise ValueError(f"plan.tall: want tall * vectors of at most {MOST_HELD} sums in registers, got {tall} * {vectors}")

    @property
    def tile(self) -> Tile:
        return Tile(getattr(self, "tall", 1), getattr(self, "vectors", 1), lanes())


def planned(plan: Any, kind: type[Chosen], default: Callable[[], Chosen]) -> Chosen:
    """`plan`, or the default where there is none; ValueError for a plan of another way."""
    if plan is None:
        return default()
    if not isinstance(plan, kind):
        raise ValueError(f"plan: want a {kind.__name__}, got {plan!r}")
    return plan


def step(tall: int, vectors: int) -> float:
    """Cycles of a register tile for one k: two multiply-adds a cycle, four cycles until a sum may go on, a little for each load."""
    return max(tall * vectors / 2, 4) + 0.1 * tall + 0.25 * vectors + 0.3  # b's vectors come from farther away than a's numbers


def tiles_step(i: int, j: int, tile: Tile) -> float:
    """Cycles for one k of all i x j outputs, the ragged tiles at the size they have."""
    vectors = -(-j // tile.lanes)
    rows, columns = (i // tile.tall, i % tile.tall), (vectors // tile.vectors, vectors % tile.vectors)
    out = 0.0
    for tall, many in ((tile.tall, rows[0]), (rows[1], 1)):
        for across, more in ((tile.vectors, columns[0]), (columns[1], 1)):
            out += many * more * step(tall, across) if tall and across else 0
    return out


def register_tile(i: int = 0, j: int = 0, rows: int = 30, vectors: int = 4) -> Tile:
    """The tile that computes i x j outputs in the fewest cycles, at most `rows` by `vectors`; for large ones where none is told.

    The sums, a row of b's vectors and one spread number of a have to fit into the registers.
    """
    i, j = i or 5040, j or 5040 * lanes()
    most = min(vectors, -(-j // lanes()))
    fit = [Tile(t, v, lanes()) for v in range(most, 0, -1) for t in range(rows, 0, -1) if t * v + v + 1 <= registers()]
    even_last = lambda tile: tile.tall if tile.tall < i else 0  # of equals the one whose last tile is nearly whole
    return min(fit, key=lambda tile: (round(tiles_step(i, j, tile), 6), even_last(tile)))


def even(total: int, most: int, multiple: int = 1) -> int:
    """The block size that cuts `total` into the fewest blocks of at most `most`, all nearly equal."""
    blocks = max(1, -(-total // max(most, multiple)))
    each = -(-total // blocks)
    return -(-each // multiple) * multiple


def alike(total: int, most: int, multiple: int = 1) -> int:
    """Like `even`, but of one size where half as many blocks again can have it: a second size is the whole code once more."""
    fewest = max(1, -(-total // max(most, multiple)))
    exact = (total // blocks for blocks in range(fewest, fewest * 3 // 2 + 1) if not total % (blocks * multiple))
    return next(exact, even(total, most, multiple))


def block_nest(tile: Tile, i: int, j: int, k: int, high: int = 0, a: str = "", b: str = "") -> Schedule:
    """The nest inside the blocks: panels of b outside, panels of a inside, the sums of a tile held through all of k.

    for i_t: for j_t: for i_s_t: tile = 0; for k: tile += a panel * b panel; c += tile

    `a` and `b` are other layouts, where an operand is not (or not yet) packed.
    """
    problem = gemm_problem(GemmShape(i, j, k), a=a or f"IK{tile.tall}i", b=b or f"JK{tile.wide}j")
    nest = schedule(problem, "i j k").tile(j=tile.wide, k=min(TURN, k)).tile(j_s=tile.lanes)
    if high and high < i:
        nest = nest.tile(i=high).tile(i_s=tile.tall).reorder("i_t j_t i_s_t k_t k_s i_s_s j_s_t j_s_s").unroll("k_s i_s_s j_s_t")
    else:
        nest = nest.tile(i=tile.tall).reorder("j_t i_t k_t k_s i_s j_s_t j_s_s").unroll("k_s i_s j_s_t")
    return nest.vectorize("j_s_s")


def row_nest(shape: GemmShape, lanes: int, threads: int = 1) -> Schedule:
    """A few rows of a: b is read once, long pieces of eight rows side by side as they lie, and c stays in the first cache."""
    long = min(2048, even(shape.N, -(-shape.N // threads), lanes))
    nest = schedule(gemm_problem(shape), "i j k").tile(i=4, j=long, k=8).tile(j_s=lanes)
    return nest.reorder("j_t i_t k_t j_s_t k_s i_s j_s_s").parallel("j_t").unroll("k_s i_s").vectorize("j_s_s")


def column_nest(shape: GemmShape, lanes: int, threads: int = 1) -> Schedule:
    """One column of b: sums of products along the rows of a, two rows at a time, a lane a partial sum."""
    nest = schedule(gemm_problem(shape), "i j k").tile(i=64, k=4 * lanes).tile(i_s=2, k_s=lanes)
    return nest.reorder("i_t i_s_t j k_t k_s_t i_s_s k_s_s").parallel("i_t").unroll("k_s_t i_s_s").vectorize("k_s_s")
