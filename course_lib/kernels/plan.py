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
from typing import Any, TypeVar

from course_lib.nest.jit import lanes, registers, vector_bits
from course_lib.nest.lower import MOST_HELD
from course_lib.nest.problem import gemm_problem
from course_lib.nest.schedule import Schedule, schedule
from course_lib.shapes import GemmShape, whole

Chosen = TypeVar("Chosen", bound="Plan")

SOURCE = "Goto & van de Geijn 2008; Low, Igual, Smith, Quintana-Orti, Analytical Modeling Is Enough, 2016 (as implemented here)"

L1, L2 = 32 << 10, 512 << 10  # bytes, the smallest one meets among recent processors


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


def register_tile() -> Tile:
    """12 or more sums in flight hide the multiply-add's latency; two vectors of b and one spread number of a need the rest."""
    if vector_bits() == 512:
        return Tile(12, 2, lanes())
    return Tile(8, 2, lanes()) if registers() == 32 else Tile(6, 2, lanes())


def even(total: int, most: int, multiple: int = 1) -> int:
    """The block size that cuts `total` into the fewest blocks of at most `most`, all nearly equal."""
    blocks = max(1, -(-total // max(most, multiple)))
    each = -(-total // blocks)
    return -(-each // multiple) * multiple


def block_nest(tile: Tile, i: int, j: int, k: int, high: int = 0, a: str = "") -> Schedule:
    """The nest inside the blocks: panels of b outside, panels of a inside, the sums of a tile held through all of k.

    for i_t: for j_t: for i_s_t: tile = 0; for k: tile += a panel * b panel; c += tile

    `a` is another layout for a, where it is not worth packing.
    """
    problem = gemm_problem(GemmShape(i, j, k), a=a or f"IK{tile.tall}i", b=f"JK{tile.wide}j")
    nest = schedule(problem, "i j k").tile(j=tile.wide).tile(j_s=tile.lanes)
    if high and high < i:
        nest = nest.tile(i=high).tile(i_s=tile.tall).reorder("i_t j_t i_s_t k i_s_s j_s_t j_s_s").unroll("i_s_s j_s_t")
    else:
        nest = nest.tile(i=tile.tall).reorder("j_t i_t k i_s j_s_t j_s_s").unroll("i_s j_s_t")
    return nest.vectorize("j_s_s")


def row_nest(shape: GemmShape, lanes: int) -> Schedule:
    """A few rows of a: b is read once, eight rows side by side as they lie, and c stays in the first cache."""
    nest = schedule(gemm_problem(shape), "i j k").tile(i=4, j=512, k=8).tile(j_s=lanes)
    return nest.reorder("j_t i_t k_t j_s_t k_s i_s j_s_s").parallel("j_t").unroll("k_s i_s").vectorize("j_s_s")


def column_nest(shape: GemmShape, lanes: int) -> Schedule:
    """One column of b: sums of products along the rows of a, four rows at a time, a lane a partial sum."""
    nest = schedule(gemm_problem(shape), "i j k").tile(i=64, k=2 * lanes).tile(i_s=4, k_s=lanes)
    return nest.reorder("i_t i_s_t j k_t k_s_t i_s_s k_s_s").parallel("i_t").unroll("k_s_t i_s_s").vectorize("k_s_s")
