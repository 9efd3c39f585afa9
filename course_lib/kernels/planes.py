"""Depthwise convolution: one channel's picture after the other, each small enough to stay in the first caches.

    for each image and channel:                 shared out among threads
        copy the picture into a frame of zeros  (the padding; the frame is drawn once)
        for p_t: for q_t:                       a few rows of some vectors held, the taps unrolled

The frame is wide enough for whole vectors, so the nest has no ragged end; what it computes too much is not copied out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir

from course_lib.kernels.arrays import aligned, layer
from course_lib.kernels.plan import Plan, planned
from course_lib.nest.emit import BIT, INT, Emitter, Value, const
from course_lib.nest.jit import LIGHT, lanes, library_of, new_module
from course_lib.nest.lower import lower
from course_lib.nest.problem import conv_problem
from course_lib.nest.schedule import Schedule, schedule
from course_lib.shapes import ConvShape

MOST_TAPS = 256  # multiply-adds unrolled; larger kernels keep r as a loop


@dataclass(frozen=True)
class PlanesPlan(Plan):
    """Output pixels held at once: `tall` rows of `vectors`; neighbouring windows share their loads."""

    tall: int
    vectors: int


def refusal(shape: ConvShape) -> str:
    """What a layer has to be, "" where it is."""
    return "" if shape.groups == shape.C else "depthwise layers (groups = C)"


def planes_plan(shape: ConvShape, threads: int = 1) -> PlanesPlan:
    return PlanesPlan(4, 1)


def frame(shape: ConvShape, plan: PlanesPlan) -> ConvShape:
    """The single-channel layer on a framed picture, its output a whole number of vectors wide and of row blocks high."""
    tile = plan.tile
    wide, high = -(-shape.Q // tile.wide) * tile.wide, -(-shape.P // tile.tall) * tile.tall
    H = (high - 1) * shape.strides[0] + shape.dilations[0] * (shape.R - 1) + 1
    W = (wide - 1) * shape.strides[1] + shape.dilations[1] * (shape.S - 1) + 1
    return ConvShape(1, 1, H, W, 1, shape.R, shape.S, shape.strides, 0, shape.dilations)


def plane_nest(inner: ConvShape, plan: PlanesPlan) -> Schedule:
    nest = schedule(conv_problem(inner, wt="KCRS"), "n k c p q r s").tile(p=plan.tall, q=plan.tile.wide).tile(q_s=lanes())
    order = "s p_s q_s_t" if inner.R * inner.S * plan.tall * plan.vectors > MOST_TAPS else "r s p_s q_s_t"
    return nest.reorder("n k c p_t q_t r s p_s q_s_t q_s_s").unroll(order).vectorize("q_s_s")


def planes_module(shape: ConvShape, plan: PlanesPlan) -> ir.Module:
    """`planes(ia*, wt*, oa*, frame*, low, high)`: pictures low..high, counted over images and input channels."""
    module, inner = new_module(), frame(shape, plan)
    exact = (inner.P, inner.Q) == (shape.P, shape.Q)
    lower(plane_nest(inner, plan), "plane", module=module)
    module.globals["plane"].linkage = "internal"
    copy = ir.Function(module, ir.FunctionType(ir.VoidType(), [ir.PointerType(ir.IntType(8))] * 2 + [INT, BIT]), "llvm.memcpy.p0.p0.i64")
    e = Emitter(module, "planes", ir.FloatType(), 4, 2)
    b, (ia, wt, oa, scratch, low, high) = e.builder, e.function.args
    byte = ir.PointerType(ir.IntType(8))
    (top, _), (left, _) = shape.pads
    times, taps, size = shape.K // shape.C, shape.R * shape.S, shape.P * shape.Q
    # rows and columns the windows never reach (stride) do not fit the frame and are not copied
    rows, columns = min(shape.H, inner.H - top), min(shape.W, inner.W - left)
    result = b.gep(scratch, [const(inner.H * inner.W)])

    def moved(to: Value, source: Value, count: int) -> None:
        b.call(copy, [b.bitcast(to, byte), b.bitcast(source, byte), const(4 * count), ir.Constant(BIT, 0)])

    def picture(t: Value, _: list[Value]) -> None:
        source = b.gep(ia, [b.mul(t, const(shape.H * shape.W))])

        def line(h: Value, _: list[Value]) -> None:
            inside = b.gep(scratch, [b.add(b.mul(h, const(inner.W)), const(top * inner.W + left))])
            moved(inside, b.gep(source, [b.mul(h, const(shape.W))]), columns)

        if rows > 0 and columns > 0:
            e.loop(const(0), const(rows), line)
        channel = b.urem(t, const(shape.C))
        for m in range(times):
            weights = b.gep(wt, [b.mul(b.add(b.mul(channel, const(times)), const(m)), const(taps))])
            out = b.gep(oa, [b.mul(b.add(b.mul(t, const(times)), const(m)), const(size))])
            b.call(module.globals["plane"], [scratch, weights, out if exact else result])

            def line_out(p: Value, _: list[Value], out: Value = out) -> None:
                moved(b.gep(out, [b.mul(p, const(shape.Q))]), b.gep(result, [b.mul(p, const(inner.Q))]), shape.Q)

            if not exact:
                e.loop(const(0), const(shape.P), line_out)

    e.loop(low, high, picture, sure=False)
    b.ret_void()
    return module


def planes_conv(wt: np.ndarray, shape: ConvShape, threads: int = 1, plan: PlanesPlan | None = None) -> Callable[[np.ndarray], np.ndarray]:
    """Every input channel has filters of its own: groups = C, any number of filters a channel; ValueError for a plan of another way."""
    plan = planned(plan, PlanesPlan, lambda: planes_plan(shape, threads))
    inner = frame(shape, plan)
    library = library_of(planes_module, shape, plan, effort=LIGHT)  # the code comes in final form
    kernel: Any = library.function("planes", "ppppii")
    weights = np.ascontiguousarray(wt)
    frames = [aligned(inner.H * inner.W + inner.P * inner.Q) for _ in range(threads)]

    conv = layer(kernel, shape, weights, frames, shape.N * shape.C)
    conv.library = library  # type: ignore[attr-defined]
    return conv


__all__ = ["PlanesPlan", "frame", "plane_nest", "planes_conv", "planes_plan"]
