"""Direct sparse convolution: each non-zero weight shifts the whole picture and adds it up; zeros cost nothing, nothing is lowered.

    for each tile of output pixels:                       vectors held in registers, shared out among threads
        for each block of input channels:                 their part of the frame stays in the first cache
            for each `joint` output channels:
                for each pattern:                         which of them have a non-zero at (c, r, s)
                    for each (c, r, s) of that pattern:
                        x = frame[offset(c, r, s) ..]     one shift, loaded once, unit stride
                        for each channel of the pattern: sums of the channel += weight * x

The paper keeps one output channel at a time (joint = 1). Several at once share a loaded vector; they are gone through by pattern,
so that no weight is ever asked whether it is zero. What to hold is chosen by a model of this loop's cycles
(`sparse_plan`).

A weight of zero is not there: NaN or infinity in the input do not reach an output through it. In dense convolution they do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from llvmlite import ir

from course_lib.kernels.arrays import aligned
from course_lib.kernels.cost import BYTES, Cost
from course_lib.kernels.frame import Frame, frame_kernel
from course_lib.kernels.held import Tile, over_images
from course_lib.kernels.plan import MOST_HELD, Plan, planned
from course_lib.nest.emit import INT, LANE, Emitter, Value, const, zero
from course_lib.nest.jit import LIGHT, lanes, library_of, new_module, registers
from course_lib.shapes import ConvShape

SOURCE = (
    "Park et al., Faster CNNs with direct sparse convolutions and guided pruning, ICLR 2017; joint channels after Elsen et al., CVPR 2020"
)

Layer = Callable[[np.ndarray], np.ndarray]

# Cycles of the loops below, for one vector or one turn; measured on a processor with two multiply-adds and two loads a cycle,
# where a load that crosses a cache line is two.
NEAR, NEAR_ALIGNED = 1.1, 0.8  # a multiply-add with an operand from the first cache
FAR, FAR_ALIGNED = 2.0, 1.75  # ... from the second
FURTHER = 0.5  # a multiply-add with an operand that is in a register already
PARTIAL = 2.5  # put a vector of sums down and pick it up again
PUT = 1.2  # store a vector of results
USE = 3.0  # read an offset and its coefficients
LOOP = 10.0  # begin and end a loop whose length the processor cannot guess
AHEAD = 2  # so many steps before they are written, the lines of the output are asked for
ROOM = 24 << 10  # bytes of a first cache of 32 KiB or more that are given to the input


@dataclass(frozen=True)
class SparsePlan(Plan):
    """`joint` output channels at a time, at most `vectors` of output pixels held for each, `channels` input channels a block."""

    joint: int
    vectors: int
    channels: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.joint > 8 or self.joint * self.vectors > MOST_HELD:
            raise ValueError(f"plan.joint: want at most 8, and joint * vectors of at most {MOST_HELD} sums in registers, got {self}")


def loads_of(wt: np.ndarray, shape: ConvShape, joint: int) -> int:
    """How many (c, r, s) have a weight in at least one of `joint` channels, over all steps: the shifts loaded for a tile."""
    K_g = shape.K // shape.groups
    rows = (wt != 0).reshape(shape.groups, K_g, -1)
    whole = K_g // joint * joint
    united = rows[:, :whole].reshape(shape.groups, -1, joint, rows.shape[2]).any(2)
    return int(united.sum()) + int(rows[:, whole:].sum())


def every_pattern(joint: int) -> tuple[int, ...]:
    return tuple(range(1, 1 << joint))


def sparse_cost(shape: ConvShape, plan: SparsePlan, blocks: bool, nonzeros: float, loads: float) -> Cost:
    """Predicted cycles on one thread: `nonzeros` weights are multiplied, for which `loads` shifts are loaded (see `loads_of`)."""
    frame = Frame.of(shape)
    tile, joint, patterns = Tile.of(shape, frame, plan.vectors), plan.joint, patterns_of(plan, blocks)
    each_c = shape.C // shape.groups
    cuts = -(-each_c // plan.channels)
    flat, T = frame.pitch == shape.Q, tile.vectors
    near = 4 * reach(shape, frame, tile) * min(plan.channels, each_c) <= 2.5 * ROOM
    first = (NEAR_ALIGNED if flat else NEAR) if near else (FAR_ALIGNED if flat else FAR)
    density, columns = nonzeros / shape.params, min(plan.channels, each_c) * shape.R * shape.S
    met = [density ** p.bit_count() * (1 - density) ** (joint - p.bit_count()) for p in patterns]
    loops = sum(LOOP * (1 - np.exp(-columns * share)) + 1 for share in met)  # a pattern that is not there costs one test
    sums = T * (first * loads + FURTHER * (nonzeros - loads))
    other = USE * loads + shape.K / joint * cuts * (loops + 8) + shape.K * T * (PUT + PARTIAL * (cuts - 1))
    turns = shape.N * tile.over(int(frame.plain))
    return Cost(
        float(turns * sums), float(turns * other), 4 * shape.N * (shape.C * shape.H * shape.W + shape.K * shape.P * shape.Q) / BYTES
    )


def patterns_of(plan: SparsePlan, blocks: bool) -> tuple[int, ...]:
    """Which of the joint channels have a weight: bit i for channel i. Blocks have one pattern, all of them."""
    return (2**plan.joint - 1,) if blocks else tuple(range(1, 2**plan.joint))


def reach(shape: ConvShape, frame: Frame, tile: Tile) -> int:
    """Numbers of one input channel that a tile reads."""
    further = 0 if frame.pitch == shape.Q else (frame.high - shape.P) * frame.pitch
    return (tile.reach + further) * len(frame.phases)


def sparse_plan(shape: ConvShape, loads: Callable[[int], float], nonzeros: float | None, joints: Sequence[int] = (1, 2, 4)) -> SparsePlan:
    """The fewest cycles by the model, over channels held jointly, vectors held, and blocks of input channels that stay near or all at once.

    `loads(joint)` is what `loads_of` counts. Without `nonzeros` the joint channels are blocks: each shift that is loaded is multiplied
    for all of them.
    """
    frame, each_c, choices = Frame.of(shape), shape.C // shape.groups, []
    for joint in joints:
        if joint > shape.K // shape.groups and joint != min(joints):
            continue
        most = max(1, min(14, (registers() - joint - 2) // joint))  # more than 14 gained nothing, and left the first cache sooner
        for vectors in sorted({most, -(-most // 2)}):
            near = max(1, min(each_c, ROOM // (4 * reach(shape, frame, Tile.of(shape, frame, vectors)))))
            for channels in {-(-each_c // -(-each_c // near)), each_c}:
                plan, needed = SparsePlan(joint, vectors, channels), loads(joint)
                work = nonzeros if nonzeros is not None else joint * needed
                choices.append((sparse_cost(shape, plan, nonzeros is None, work, needed).cycles, plan))
    return min(choices, key=lambda choice: choice[0])[1]


@dataclass(frozen=True, eq=False)
class Program:
    """The weights as the kernel reads them: no zeros, no columns, only shifts and coefficients in the order they are used.

    `stream` int32: for each use (offset, the bits of one float32 coefficient a channel). `table` int32: for each step of `joint` channels
    its first output channel, its place in the stream, and how often each pattern comes; after the steps of joint channels those of
    channels left over. Blocks of input channels follow one another.
    """

    stream: np.ndarray
    table: np.ndarray
    steps: int  # of joint channels, in one block of input channels
    left: int  # of single channels, likewise
    cuts: int  # blocks of input channels

    @cached_property
    def nbytes(self) -> int:
        return self.stream.nbytes + self.table.nbytes


def program(wt: np.ndarray, shape: ConvShape, frame: Frame, plan: SparsePlan, blocks: bool) -> Program:
    """Write the weights out for a plan. Where a pattern's channels have a zero among them, it is written as a coefficient of zero."""
    each_k, taps = shape.K // shape.groups, shape.R * shape.S
    rows, offsets = wt.reshape(shape.K, -1), frame.offsets()
    stream: list[np.ndarray] = []
    joint: list[list[int]] = []
    single: list[list[int]] = []
    place, cuts = 0, -(-shape.C // shape.groups // plan.channels)
    for c in range(0, shape.C // shape.groups, plan.channels):
        columns = slice(c * taps, (c + plan.channels) * taps)
        for k in steps_of(shape, plan.joint):
            count = plan.joint if k % each_k + plan.joint <= each_k // plan.joint * plan.joint else 1
            weights = rows[k : k + count, columns]
            shift = offsets[columns] + k // each_k * (shape.C // shape.groups) * frame.channel
            pattern = ((weights != 0) << np.arange(count)[:, None]).sum(0)
            patterns = patterns_of(plan, blocks) if count == plan.joint else (1,)
            if blocks:  # whatever is there is taken as the whole pattern
                pattern = np.where(pattern, patterns[0], 0)
            step = [k, place]
            for wanted in patterns:
                at = np.flatnonzero(pattern == wanted)
                channels = [i for i in range(count) if wanted >> i & 1]
                uses = np.empty((len(at), 1 + len(channels)), np.int32)
                uses[:, 0] = shift[at]
                uses[:, 1:] = np.ascontiguousarray(weights[channels][:, at].T, np.float32).view(np.int32)
                stream.append(uses.ravel())
                place += uses.size
                step.append(len(at))
            (joint if count == plan.joint else single).append(step)
    flat = [number for step in joint + single for number in step]
    uses = np.concatenate([*stream, np.zeros(1, np.int32)])
    return Program(uses, np.array(flat, np.int32), len(joint) // cuts, len(single) // cuts, cuts)


def steps_of(shape: ConvShape, joint: int) -> list[int]:
    """The first output channel of each step: `joint` channels of one group at a time, those left over one by one."""
    each = shape.K // shape.groups
    whole = each // joint * joint
    return [g * each + k for g in range(shape.groups) for k in [*range(0, whole, joint), *range(whole, each)]]


def sparse_module(
    shape: ConvShape, frame: Frame, tile: Tile, plan: SparsePlan, blocks: bool, counts: tuple[int, int], cuts: int, parts: int
) -> ir.Module:
    """`sparse(frame*, stream*, table*, oa*, partial*, shift, low, high)`: jobs (tile, part of the channels) low..high of an image.

    Of the weights it knows the `counts` of steps, joint and single, and the `cuts`: other weights with the same are done by the same code.
    """
    module, L, joint_patterns, (joint_steps, single_steps) = new_module(), lanes(), patterns_of(plan, blocks), counts
    frame_kernel(module, "frame", frame)
    e = Emitter(module, "sparse", ir.FloatType(), 5, 3)
    b, (x, stream, table, oa, partial, shift, low, high) = e.builder, e.function.args
    T, pixels, vector = tile.vectors, shape.P * shape.Q, ir.VectorType(e.number, L)
    whole = ir.PointerType(LANE)
    numbers, steps = b.bitcast(stream, whole), b.bitcast(table, whole)

    def read(pointer: Value, at: Value) -> Value:
        return b.sext(b.load(b.gep(pointer, [at])), INT)

    def step(count: int, patterns: Sequence[int], row: Value, block: Value, base: Value, to: Value) -> None:
        """`count` output channels, one block of input channels."""
        k, place = read(steps, row), read(steps, b.add(row, const(1)))
        waiting = b.gep(partial, [b.mul(k, const(T * L))])
        sums = [zero(vector)] * (count * T)
        if cuts > 1:
            again = lambda: [e.load(waiting, None, i * L, L) for i in range(count * T)]
            sums = e.choose(b.icmp_signed("==", block, const(0)), lambda: [zero(vector)] * (count * T), again)
        for number, pattern in enumerate(patterns):
            channels = [i for i in range(count) if pattern >> i & 1]

            def use(_: Value, held: list[Value], channels: list[int] = channels) -> list[Value]:
                place, *sums = held
                shifted = b.gep(x, [b.add(read(numbers, place), base)])
                weights = [e.splat(e.load(stream, place, 1 + j), L) for j in range(len(channels))]
                for t, start in enumerate(tile.starts):
                    pixels_ = e.load(shifted, None, start, L)
                    for weight, i in zip(weights, channels, strict=True):
                        sums[i * T + t] = e.multiply_add(weight, pixels_, sums[i * T + t])
                return [b.add(place, const(1 + len(channels))), *sums]

            place, *sums = e.loop(const(0), read(steps, b.add(row, const(2 + number))), use, [place, *sums], sure=False)

        def finish() -> None:
            out = b.gep(oa, [b.add(b.mul(k, const(pixels)), to)])
            for i in range(count):
                tile.store(e, sums[i * T : (i + 1) * T], out, i * pixels)
            for i in range(AHEAD * count, (AHEAD + 1) * count):
                tile.expect(e, out, i * pixels)

        def wait() -> None:
            for i, value in enumerate(sums):
                e.store(value, waiting, None, i * L)

        if cuts > 1:
            e.choose(b.icmp_signed("==", block, const(cuts - 1)), finish, wait)
        else:
            finish()

    def job(number: Value, _: list[Value]) -> None:
        base, to = tile.bases(e, b.udiv(number, const(parts)), shift)
        part = b.urem(number, const(parts))
        behind = joint_steps * cuts * (2 + len(joint_patterns))
        kinds = [(plan.joint, joint_patterns, joint_steps, 0), (1, (1,), single_steps, behind)]

        def block(c: Value, _: list[Value]) -> None:
            for count, patterns, each, first in kinds:

                def turn(
                    i: Value, _: list[Value], count: int = count, patterns: Any = patterns, each: int = each, first: int = first
                ) -> None:
                    row = b.add(b.mul(b.add(b.mul(c, const(each)), i), const(2 + len(patterns))), const(first))
                    step(count, patterns, row, c, base, to)

                if each:
                    low, high = (b.udiv(b.mul(p, const(each)), const(parts)) for p in (part, b.add(part, const(1))))
                    e.loop(low, high, turn, sure=False)

        e.loop(const(0), const(cuts), block)

    e.loop(low, high, job, sure=False)
    b.ret_void()
    return module


def sparse_layer(wt: np.ndarray, shape: ConvShape, threads: int, plan: SparsePlan, blocks: bool = False) -> Layer:
    """f(ia) -> oa by a plan; with `blocks` the joint channels are multiplied by every shift that one of them needs."""
    frame = Frame.of(shape)
    tile, made = Tile.of(shape, frame, plan.vectors), program(wt, shape, frame, plan, blocks)
    parts = 1 if tile.count >= 4 * threads else min(threads, max(made.steps, made.left, 1))
    counts = made.steps, made.left
    library = library_of(sparse_module, shape, frame, tile, plan, blocks, counts, made.cuts, parts, effort=LIGHT)  # in final form
    waiting = [aligned(shape.K * tile.vectors * lanes() if made.cuts > 1 else 0) for _ in range(threads)]
    conv = over_images(library, frame, tile, (made.stream, made.table), parts, waiting)
    conv.library, conv.plan, conv.tile, conv.frame, conv.program = library, plan, tile, frame, made  # type: ignore[attr-defined]
    return conv


def direct_sparse_conv(wt: np.ndarray, shape: ConvShape, threads: int = 1, plan: SparsePlan | None = None) -> Layer:
    """A layer for these weights, whose zeros are left out; its patterns are data, so compiling takes as long for any of them."""
    count = int(np.count_nonzero(wt))
    return sparse_layer(
        wt, shape, threads, planned(plan, SparsePlan, lambda: sparse_plan(shape, lambda joint: loads_of(wt, shape, joint), count))
    )


def united(shape: ConvShape, joint: int) -> int:
    """`loads_of` weights without a zero."""
    each = shape.K // shape.groups
    return shape.groups * (each // joint + each % joint) * (shape.params // shape.K)


def dense_plan(shape: ConvShape, threads: int) -> SparsePlan:
    """The plan for weights without a zero: what there is to plan before the weights are known."""
    return sparse_plan(shape, lambda joint: united(shape, joint), shape.params)


def dense_cost(shape: ConvShape, plan: SparsePlan) -> Cost:
    """The cost without a zero among the weights."""
    return sparse_cost(shape, plan, False, shape.params, united(shape, plan.joint))


__all__ = [
    "SparsePlan",
    "dense_cost",
    "dense_plan",
    "direct_sparse_conv",
    "loads_of",
    "patterns_of",
    "sparse_cost",
    "sparse_layer",
    "sparse_plan",
    "united",
]
