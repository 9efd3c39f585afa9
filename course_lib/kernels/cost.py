"""What a layer costs, in cycles of one core: a model small enough to be read, good enough to choose by.

multiply-adds   two vectors of them a cycle, ragged tiles paid in full
layout          packing windows, transforming patches: vectors moved, at a price each
memory          what has to come from, or go, beyond the second cache, at so many bytes a cycle

The prices are round numbers set by hand, not fitted: only their ratios matter. `python benchmarks/conv.py` prints how good the choices are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from course_lib.kernels.plan import cache_bytes
from course_lib.nest.jit import lanes
from course_lib.shapes import ConvShape

if TYPE_CHECKING:
    from course_lib.kernels.planes import PlanesPlan
    from course_lib.kernels.windows import WindowsPlan
    from course_lib.kernels.winograd import WinogradPlan

UNITS = 2  # vector multiply-adds a cycle
BYTES = 8  # a cycle from the third cache
PACK = 1.0  # cycles to load and store a vector of a window that lies side by side
PICK = 3.0  # ... where it has to be picked together: stride, edges
TRANSFORM = 0.7  # cycles a vector operation of a patch's transform, its loads and stores counted in
LOOP = 20  # cycles to begin and end a register tile: sums to zero, sums to memory
JOB = 100  # cycles to begin an image, a group and a block of pixels: addresses, calls, the first loads
ROW = 6  # cycles to begin copying a row of pixels
WAIT = 4  # cycles until a sum may go on: fewer than eight sums cannot fill the units
SCALAR = 4  # cycles a multiply-add where the sum waits for itself


@dataclass(frozen=True)
class Cost:
    """Predicted cycles by their reason."""

    arithmetic: float
    layout: float
    memory: float

    @property
    def cycles(self) -> float:
        return self.arithmetic + self.layout + self.memory


def up(number: int, block: int) -> int:
    """How many blocks hold `number`."""
    return -(-number // block)


def again(weights: int, blocks: int) -> int:
    """Numbers of `weights` that come from beyond the second cache, which may keep half of itself for them from one block to the next."""
    return weights * (1 if 4 * weights <= cache_bytes(2) // 2 else blocks)


def tiles_cost(i: int, j: int, k: int, tall: int, wide: int, cuts: int = 1) -> float:
    """A blocked product's multiply-adds: whole register tiles, each begun once a cut of k."""
    tiles = up(i, tall) * up(j, wide)
    return tiles * (max(tall * (wide // lanes()) / UNITS, WAIT) * k + LOOP * cuts)


def windows_cost(shape: ConvShape, plan: WindowsPlan) -> Cost:
    taps, pixels, times = shape.R * shape.S, shape.P * shape.Q, shape.N * shape.groups
    c, k, wide = shape.C // shape.groups, shape.K // shape.groups, plan.tile.wide
    arithmetic = times * tiles_cost(k, pixels, c * taps, plan.tall, wide, up(c, plan.channels))
    each = PACK if shape.strides[1] == 1 else PICK
    layout = times * up(pixels, wide) * plan.vectors * c * taps * each * up(k, plan.part) + times * up(pixels, plan.pixels) * JOB
    blocks = shape.N * up(pixels, plan.pixels)
    moved = 4 * (shape.N * (shape.C * shape.H * shape.W + shape.K * pixels) + again(shape.K * c * taps, blocks))
    return Cost(arithmetic, layout, moved / BYTES)


def winograd_cost(shape: ConvShape, plan: WinogradPlan) -> Cost:
    side = plan.m + 2
    rows, across = up(shape.P, plan.m), up(shape.Q, plan.m)
    blocks = shape.N * up(rows, plan.rows)
    at_once = up(rows, up(rows, plan.rows)) * across
    arithmetic = blocks * side**2 * tiles_cost(at_once, shape.K, shape.C, plan.tall, plan.tile.wide)
    work_in = 2 * side * side * (plan.m + 2)  # vector operations a patch: two multiplications by a half empty matrix
    work_out = side * plan.m * side + plan.m * plan.m * side
    vectors = shape.N * rows * across / lanes()
    layout = vectors * (shape.C * (work_in / 2 + 2 * side**2) + shape.K * (work_out / 2 + side**2 + 2 * plan.m**2)) * TRANSFORM
    moved = 4 * (shape.N * (shape.C * shape.H * shape.W + shape.K * shape.P * shape.Q) + again(side**2 * shape.C * shape.K, blocks))
    return Cost(arithmetic, layout, moved / BYTES)


def planes_cost(shape: ConvShape, plan: PlanesPlan) -> Cost:
    p, q = up(shape.P, plan.tall) * plan.tall, up(shape.Q, plan.tile.wide) * plan.tile.wide
    each = 1.0 if shape.strides[1] == 1 else 2.0  # every second number: two loads and a shuffle
    arithmetic = shape.N * shape.K * p * q / lanes() * shape.R * shape.S * each
    layout = shape.N * shape.C * ((shape.H + shape.P) * (ROW + shape.W / lanes()) + LOOP)
    moved = 4 * shape.N * (shape.C * shape.H * shape.W + shape.K * shape.P * shape.Q)
    return Cost(arithmetic, layout, moved / BYTES)


def nest_cost(shape: ConvShape, plan: None = None) -> Cost:
    return Cost(SCALAR * shape.macs, 0.0, 4 * (shape.N * (shape.C * shape.H * shape.W + shape.K * shape.P * shape.Q)) / BYTES)
