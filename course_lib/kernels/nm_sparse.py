"""N:M convolution: of every M input channels at most N have a weight, so every loop has a length known beforehand.

    for each tile of output pixels, for each output channel:
        for each group of M channels at a tap (r, s):
            for each of its N places:                          unrolled
                sums += value * frame[offset(group) + place · channel ..]

No row pointers and no columns: a group stores N values and N places of 2 bits (M = 4), the places of a group in one word here. Where a
group has fewer than N weights it is filled up with zeros, which are multiplied like any number (NaN and infinity go through them).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from llvmlite import ir

from course_lib.kernels.arrays import aligned
from course_lib.kernels.cost import BYTES, Cost
from course_lib.kernels.direct_sparse import FAR, FAR_ALIGNED, LOOP, PUT, USE
from course_lib.kernels.frame import Frame, frame_kernel
from course_lib.kernels.held import Tile, over_images
from course_lib.kernels.plan import Plan, planned
from course_lib.nest.emit import INT, LANE, Emitter, Value, const, zero
from course_lib.nest.jit import LIGHT, lanes, library_of, new_module, registers
from course_lib.shapes import ConvShape

SOURCE = "Mishra et al., Accelerating sparse deep neural networks, 2021 (2:4), as implemented here, on vectors of pixels"

M = 4  # channels in a group
BITS = 8  # of a place in the packed word


def grouped(wt: np.ndarray, shape: ConvShape) -> tuple[np.ndarray, np.ndarray]:
    """wt[K,C/groups,R,S] as values float32 and places int64, both [K, groups of M channels · R·S, N]: N the most weights in any group."""
    each_c, taps = shape.C // shape.groups, shape.R * shape.S
    groups = -(-each_c // M)
    padded = np.zeros((shape.K, groups * M, taps), np.float32)
    padded[:, :each_c] = wt.reshape(shape.K, each_c, taps)
    inside = padded.reshape(shape.K, groups, M, taps).transpose(0, 1, 3, 2).reshape(shape.K, groups * taps, M)
    N = max(1, int((inside != 0).sum(2).max(initial=0)))
    places = np.sort(np.argsort(inside == 0, axis=2, kind="stable")[:, :, :N], axis=2)  # weights first, then fillers; ascending
    # a filler beyond the last channel would point out of the frame: the first channel of the group is always there
    last = np.minimum(M, each_c - np.arange(groups) * M).repeat(taps)[None, :, None]
    values = np.take_along_axis(inside, places, 2)
    return values, np.where(places < last, places, 0)


def nm_module(shape: ConvShape, frame: Frame, tile: Tile, N: int, steps: int) -> ir.Module:
    """`sparse(frame*, stream*, offsets*, oa*, nothing*, shift, low, high)`: jobs low..high of an image, counted tile, output channel."""
    module, L = new_module(), lanes()
    frame_kernel(module, "frame", frame)
    e = Emitter(module, "sparse", ir.FloatType(), 5, 3)
    b, (x, stream, offsets, oa, _, shift, low, high) = e.builder, e.function.args
    T, pixels, vector = tile.vectors, shape.P * shape.Q, ir.VectorType(e.number, L)
    whole = ir.PointerType(LANE)
    words, shifts = b.bitcast(stream, whole), b.bitcast(offsets, whole)
    each_k = shape.K // shape.groups

    def job(number: Value, _: list[Value]) -> None:
        base, to = tile.bases(e, b.udiv(number, const(shape.K)), shift)
        k = b.urem(number, const(shape.K))
        inputs = b.gep(x, [b.add(base, b.mul(b.udiv(k, const(each_k)), const(shape.C // shape.groups * frame.channel)))])
        mine = b.mul(k, const(steps * (1 + N)))

        def group(g: Value, sums: list[Value]) -> list[Value]:
            word = b.add(mine, b.mul(g, const(1 + N)))
            places = b.load(b.gep(words, [word]))
            first = b.gep(inputs, [b.sext(b.load(b.gep(shifts, [g])), INT)])
            for n in range(N):
                place = b.and_(b.lshr(places, ir.Constant(LANE, BITS * n)), ir.Constant(LANE, 2**BITS - 1))
                shifted = b.gep(first, [b.mul(b.zext(place, INT), const(frame.channel))])
                weight = e.splat(e.load(stream, word, 1 + n), L)
                sums = [e.multiply_add(weight, e.load(shifted, None, s, L), one) for s, one in zip(tile.starts, sums, strict=True)]
            return sums

        sums = e.loop(const(0), const(steps), group, [zero(vector)] * T)
        tile.store(e, sums, b.gep(oa, [b.add(b.mul(k, const(pixels)), to)]), 0)

    e.loop(low, high, job, sure=False)
    b.ret_void()
    return module


@dataclass(frozen=True)
class NMPlan(Plan):
    """At most `vectors` of output pixels held; the rest is the weights' own regularity."""

    vectors: int


def nm_plan(shape: ConvShape, threads: int) -> NMPlan:
    return NMPlan(min(14, registers() - 3))


def nm_cost(shape: ConvShape, plan: NMPlan, N: int = M) -> Cost:
    """Predicted cycles on one thread with N weights in every M channels."""
    frame = Frame.of(shape)
    tile = Tile.of(shape, frame, plan.vectors)
    groups = -(-shape.C // shape.groups // M) * shape.R * shape.S
    each = FAR_ALIGNED if frame.pitch == shape.Q else FAR  # all input channels pass by: they come from the second cache
    turns = shape.N * tile.over(int(frame.plain)) * shape.K
    other = turns * (LOOP + groups * USE + tile.vectors * PUT)
    moved = 4 * shape.N * (shape.C * shape.H * shape.W + shape.K * shape.P * shape.Q)
    return Cost(turns * groups * N * tile.vectors * each, other, moved / BYTES)


def nm_sparse_conv(wt: np.ndarray, shape: ConvShape, threads: int = 1, plan: NMPlan | None = None) -> Callable[[np.ndarray], np.ndarray]:
    """A layer for weights with at most N in every M = 4 input channels; N is read off the weights (4 for dense ones)."""
    plan, frame = planned(plan, NMPlan, lambda: nm_plan(shape, threads)), Frame.of(shape)
    values, places = grouped(wt, shape)
    K, steps, N = values.shape
    tile = Tile.of(shape, frame, plan.vectors)
    stream = np.empty((K, steps, 1 + N), np.int32)
    stream[:, :, 0] = (places << (BITS * np.arange(N))).sum(2)
    stream[:, :, 1:] = np.ascontiguousarray(values).view(np.int32)
    every = frame.offsets().reshape(-1, shape.R * shape.S)
    offsets = np.ascontiguousarray(every[::M].ravel(), np.int32)
    library = library_of(nm_module, shape, frame, tile, N, steps, effort=LIGHT)  # the code comes in final form
    conv = over_images(library, frame, tile, (stream, offsets), K, [aligned(0)] * threads)
    conv.library, conv.frame, conv.N = library, frame, N  # type: ignore[attr-defined]
    return conv


__all__ = ["M", "NMPlan", "grouped", "nm_cost", "nm_plan", "nm_sparse_conv"]
