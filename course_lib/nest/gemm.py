"""Matrix product of plain row-major arrays: Goto's loops around a nest of this package.

for each block of columns (wide):
    for each block of k (depth):
        pack b block                              panels of columns, in the third cache
        for each block of rows (high):            shared out among threads
            pack a block                          panels of rows, in the second cache
            c block += a block * b block          block_nest
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir

from course_lib.nest.arrays import aligned, checked
from course_lib.nest.built import build
from course_lib.nest.emit import Emitter, Value, const
from course_lib.nest.jit import compile_ir, lanes, new_module
from course_lib.nest.lower import lower
from course_lib.nest.pack import pack_columns, pack_rows
from course_lib.nest.plan import L1, L2, Tile, block_nest, column_nest, even, register_tile, row_nest
from course_lib.nest.schedule import Schedule
from course_lib.nest.threads import shares, together
from course_lib.shapes import GemmShape, whole

SOURCE = "Goto & van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008"

Product = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class GemmPlan:
    """Block sizes: rows a block, columns a block, k a block; `loose`: a is used where it lies."""

    tile: Tile
    high: int
    wide: int
    depth: int
    loose: bool


def gemm_plan(shape: GemmShape, threads: int) -> GemmPlan:
    tile = register_tile()
    depth = even(shape.K, L1 // 2 // (4 * tile.wide))
    high = even(-(-shape.M // threads), max(tile.tall, L2 // 2 // (4 * depth)), tile.tall)
    # a packed block of b is used by all rows: the fewer they are, the nearer it should lie
    wide = even(shape.N, 2048 if shape.M > 8 * tile.tall else L2 // 2 // (4 * depth), tile.wide)
    return GemmPlan(tile, high, wide, depth, loose=shape.N <= tile.wide)


def gemm_module(shape: GemmShape, plan: GemmPlan) -> ir.Module:
    """`pack_b(b*, panels*, j, k)` and `gemm(a*, panels*, c*, buffer*, j, k, low, high)`: row blocks low..high of one block of b."""
    module, tile = new_module(), plan.tile
    pack_rows(module, "rows", shape.N, tile.lanes, tile.vectors)
    pack_columns(module, "columns", shape.K, tile.tall, tile.lanes)
    high, wide, depth = (-(-n // block) for n, block in ((shape.M, plan.high), (shape.N, plan.wide), (shape.K, plan.depth)))
    last_i, last_j, last_k = shape.M - (high - 1) * plan.high, shape.N - (wide - 1) * plan.wide, shape.K - (depth - 1) * plan.depth

    def kernel(i: int, j: int, k: int) -> Any:
        name = f"block_{i}_{j}_{k}"
        if name not in module.globals:
            nest, pitches = block_nest(tile, i, j, k, a="IK" if plan.loose else ""), {"C": (shape.N, 1)}
            lower(nest, name, module=module, pitches=pitches | ({"A": (shape.K, 1)} if plan.loose else {}), carrying=True)
            module.globals[name].linkage = "internal"
        return module.globals[name]

    for i in {last_i, plan.high if high > 1 else last_i}:
        for j in {last_j, plan.wide if wide > 1 else last_j}:
            for k in {last_k, plan.depth if depth > 1 else last_k}:
                kernel(i, j, k)

    def sizes(e: Emitter, at: Value, blocks: int, most: int, last: int, use: Callable[[int], None]) -> None:
        """use(size of the block numbered `at`), a constant in either branch."""
        if blocks == 1 or most == last:
            use(last)
        else:
            e.choose(e.builder.icmp_signed("==", at, const(blocks - 1)), lambda: use(last), lambda: use(most))

    e = Emitter(module, "pack_b", ir.FloatType(), 2, 2)
    b, (source, panels, j, k) = e.builder, e.function.args
    start = b.add(b.mul(b.mul(k, const(plan.depth)), const(shape.N)), b.mul(j, const(plan.wide)))
    count = b.select(b.icmp_signed("==", j, const(wide - 1)), const(last_j), const(plan.wide))
    rows = b.select(b.icmp_signed("==", k, const(depth - 1)), const(last_k), const(plan.depth))
    b.call(module.globals["rows"], [b.gep(source, [start]), panels, rows, count])
    b.ret_void()

    e = Emitter(module, "gemm", ir.FloatType(), 4, 4)
    b, (a, panels, c, buffer, j, k, low, end) = e.builder, e.function.args

    def rows_block(t: Value, _: list[Value]) -> None:
        first = b.mul(t, const(plan.high))
        source = b.gep(a, [b.add(b.mul(first, const(shape.K)), b.mul(k, const(plan.depth)))])
        out = b.gep(c, [b.add(b.mul(first, const(shape.N)), b.mul(j, const(plan.wide)))])

        def by_i(i: int) -> None:
            def by_k(depth_now: int) -> None:
                if not plan.loose:
                    b.call(module.globals["columns"], [source, buffer, const(i), const(depth_now)])

                def by_j(width: int) -> None:
                    b.call(kernel(i, width, depth_now), [source if plan.loose else buffer, panels, out, k])

                sizes(e, j, wide, plan.wide, last_j, by_j)

            sizes(e, k, depth, plan.depth, last_k, by_k)

        sizes(e, t, high, plan.high, last_i, by_i)

    e.loop(low, end, rows_block, sure=False)
    b.ret_void()

    e = Emitter(module, "all", ir.FloatType(), 5, 0)
    b, (a, right, panels, c, buffer) = e.builder, e.function.args

    def both(j: Value, k: Value) -> None:
        b.call(module.globals["pack_b"], [right, panels, j, k])
        b.call(module.globals["gemm"], [a, panels, c, buffer, j, k, const(0), const(high)])

    e.loop(const(0), const(wide), lambda j, _: e.loop(const(0), const(depth), lambda k, _: both(j, k)))
    b.ret_void()
    return module


def thin_gemm(nest: Schedule, shape: GemmShape, threads: int) -> Product:
    """Products with so few rows or columns that every number is read once: no packing, `build` of a schedule."""
    built = build(nest)

    def gemm(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        c = np.empty(shape.c_shape, np.float32)
        built.call(checked("a", a, shape.a_shape), checked("b", b, shape.b_shape), c, threads)
        return c

    return gemm


def compile_gemm(shape: GemmShape, threads: int = 1) -> Product:
    """A function `f(a, b) -> c` for a[M,K] @ b[K,N], plain row-major float32; packing is part of each call.

    The function keeps buffers of its own: one call at a time. Raises ValueError for wrong shapes.
    """
    if not isinstance(shape, GemmShape):
        raise ValueError(f"shape: want a GemmShape, got {shape!r}")
    threads = whole("threads", threads, 1)
    if not shape.macs:
        return lambda a, b: np.zeros_like(checked("a", a, shape.a_shape), shape=np.shape(checked("b", b, shape.b_shape)) and shape.c_shape)
    if shape.N == 1:
        return thin_gemm(column_nest(shape, lanes()), shape, threads)
    if shape.M <= 4:
        return thin_gemm(row_nest(shape, lanes()), shape, threads)
    plan = gemm_plan(shape, threads)
    library = compile_ir(gemm_module(shape, plan))
    pack_b, kernel, alone = library.function("pack_b", "ppii"), library.function("gemm", "ppppiiii"), library.function("all", "ppppp")
    tile = plan.tile
    panels = aligned(plan.depth * (plan.wide + tile.wide))
    buffers = [aligned((plan.high + tile.tall) * plan.depth + tile.lanes) for _ in range(threads)]
    row_blocks, wide, depth = (-(-n // block) for n, block in ((shape.M, plan.high), (shape.N, plan.wide), (shape.K, plan.depth)))
    ranges = shares(row_blocks, threads)

    def gemm(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        a, b = checked("a", a, shape.a_shape), checked("b", b, shape.b_shape)
        c = np.empty(shape.c_shape, np.float32)
        at_a, at_b, at_c, at_panels = a.ctypes.data, b.ctypes.data, c.ctypes.data, panels.ctypes.data
        if len(ranges) == 1:
            alone(at_a, at_b, at_panels, at_c, buffers[0].ctypes.data)
            return c
        for j in range(wide):
            for k in range(depth):
                pack_b(at_b, at_panels, j, k)
                calls = [(at_a, at_panels, at_c, buffer.ctypes.data, j, k, *r) for buffer, r in zip(buffers, ranges, strict=False)]
                together(kernel, calls)
        return c

    gemm.library = library  # type: ignore[attr-defined]
    return gemm
