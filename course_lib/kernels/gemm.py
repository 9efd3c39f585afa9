"""Matrix product of plain row-major arrays: Goto's loops around a nest of this package.

Each thread takes a piece of c, some columns or some rows, and works on its own:

    for each block of columns (wide):
        for each block of k (depth):
            pack b block                              panels of columns, near the third cache
            for each block of rows (high):
                pack a block                          panels of rows, in the second cache
                c block += a block * b block          block_nest
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from llvmlite import ir

from course_lib.kernels.arrays import aligned, blank, checked
from course_lib.kernels.pack import pack_columns, pack_rows
from course_lib.kernels.plan import Plan, Tile, block_nest, cache_bytes, column_nest, even, planned, register_tile, row_nest
from course_lib.nest.built import build
from course_lib.nest.emit import Emitter, Value, const
from course_lib.nest.jit import compile_ir, lanes, new_module
from course_lib.nest.lower import lower
from course_lib.nest.schedule import Schedule
from course_lib.nest.threads import shares, together
from course_lib.shapes import GemmShape, whole

SOURCE = "Goto & van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008"

WAYS = ("blocks", "rows", "columns")

Product = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class GemmPlan(Plan):
    """The way ("blocks", "rows" or "columns"), and for blocks the register tile and at most so many rows, columns and k a block."""

    way: str
    tall: int
    vectors: int
    high: int
    wide: int
    depth: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.way not in WAYS:
            raise ValueError(f"plan.way: want one of {', '.join(WAYS)}, got {self.way!r}")


def gemm_plan(shape: GemmShape, threads: int = 1) -> GemmPlan:
    """The blocks for a product: see plan.py for the reasons. Where every number is read once, nothing is packed.

    A packed block of b is used by all rows. Where they are few, packing is most of the work: the block then stays in the second
    cache. Where b is a single panel, a is read where it lies, `tall` rows at a time: fewer of them than the first cache has ways,
    since rows of 2^n numbers all meet in one set; and all of k at once, while the panel fits into the second.
    """
    way = "columns" if shape.N == 1 else "rows" if shape.M <= 4 else "blocks"
    loose = shape.N <= 4 * lanes()
    large = 4 * shape.M * shape.N > cache_bytes(2)  # c comes from afar: touch it less often, at the price of panels beyond the first cache
    tile = register_tile(shape.M, shape.N, 10 if loose else 30, 4 if loose or large else 2)
    few = shape.M <= 8 * tile.tall
    panel = cache_bytes(2) // 2 if loose else cache_bytes(1) // 2 if few else cache_bytes(1) * (2 if large else 1)
    depth = even(shape.K, max(1, panel // (4 * tile.wide)))
    high = even(shape.M, max(tile.tall, cache_bytes(2) * 3 // (8 if large else 16) // (4 * depth)), tile.tall)
    wide = even(shape.N, max(tile.wide, cache_bytes(2) // 4 // (4 * depth)) if few else 2048, tile.wide)
    return GemmPlan(way, tile.tall, tile.vectors, high, wide, depth)


def cut(plan: GemmPlan, shape: GemmShape) -> GemmPlan:
    """The same plan with the sizes this product has: nearly equal blocks, whole tiles."""
    tile = plan.tile
    return replace(
        plan,
        high=even(shape.M, plan.high, tile.tall),
        wide=even(shape.N, plan.wide, tile.wide),
        depth=even(shape.K, plan.depth),
    )


def write_gemm(module: ir.Module, name: str, shape: GemmShape, plan: GemmPlan, pitch: int) -> None:
    """`name(a*, b*, c*, panels*, buffer*)`: a piece of a product; rows of b and c are `pitch` apart.

    A b of one panel is not worth packing a for: a is used where it lies.
    """
    tile, loose = plan.tile, shape.N <= plan.tile.wide
    pack_rows(module, f"{name}_rows", pitch, tile.lanes, tile.vectors)
    pack_columns(module, f"{name}_columns", shape.K, tile.tall, tile.lanes)
    high, wide, depth = (-(-n // block) for n, block in ((shape.M, plan.high), (shape.N, plan.wide), (shape.K, plan.depth)))
    last_i, last_j, last_k = shape.M - (high - 1) * plan.high, shape.N - (wide - 1) * plan.wide, shape.K - (depth - 1) * plan.depth

    def kernel(i: int, j: int, k: int) -> Any:
        full = f"{name}_block_{i}_{j}_{k}"
        if full not in module.globals:
            nest, pitches = block_nest(tile, i, j, k, a="IK" if loose else ""), {"C": (pitch, 1)}
            lower(nest, full, module=module, pitches=pitches | ({"A": (shape.K, 1)} if loose else {}), carrying=True)
            module.globals[full].linkage = "internal"
        return module.globals[full]

    for i in {last_i, plan.high if high > 1 else last_i}:
        for j in {last_j, plan.wide if wide > 1 else last_j}:
            for k in {last_k, plan.depth if depth > 1 else last_k}:
                kernel(i, j, k)

    e = Emitter(module, name, ir.FloatType(), 5, 0)
    b, (a, right, c, panels, buffer) = e.builder, e.function.args

    def b_block(j: Value, k: Value) -> None:
        start = b.add(b.mul(b.mul(k, const(plan.depth)), const(pitch)), b.mul(j, const(plan.wide)))
        columns = b.select(b.icmp_signed("==", j, const(wide - 1)), const(last_j), const(plan.wide))
        rows = b.select(b.icmp_signed("==", k, const(depth - 1)), const(last_k), const(plan.depth))
        b.call(module.globals[f"{name}_rows"], [b.gep(right, [start]), panels, rows, columns])
        e.loop(const(0), const(high), lambda i, _: a_block(i, j, k))

    def a_block(i: Value, j: Value, k: Value) -> None:
        first = b.mul(i, const(plan.high))
        source = b.gep(a, [b.add(b.mul(first, const(shape.K)), b.mul(k, const(plan.depth)))])
        out = b.gep(c, [b.add(b.mul(first, const(pitch)), b.mul(j, const(plan.wide)))])

        def by_i(rows: int) -> None:
            def by_k(deep: int) -> None:
                if not loose:
                    b.call(module.globals[f"{name}_columns"], [source, buffer, const(rows), const(deep)])

                def by_j(columns: int) -> None:
                    b.call(kernel(rows, columns, deep), [source if loose else buffer, panels, out, k])

                e.sized(j, wide, plan.wide, last_j, by_j)

            e.sized(k, depth, plan.depth, last_k, by_k)

        e.sized(i, high, plan.high, last_i, by_i)

    e.loop(const(0), const(wide), lambda j, _: e.loop(const(0), const(depth), lambda k, _: b_block(j, k)))
    b.ret_void()


def pieces(shape: GemmShape, threads: int, tile: Tile) -> list[tuple[int, int, GemmShape]]:
    """(first row, first column, shape) of each thread's piece of c: whole panels of the longer side."""
    across = shape.N // tile.wide >= shape.M // tile.tall
    total, panel = (shape.N, tile.wide) if across else (shape.M, tile.tall)
    out = []
    for low, high in shares(-(-total // panel), threads):
        first, size = low * panel, min(high * panel, total) - low * panel
        out.append((0, first, GemmShape(shape.M, size, shape.K)) if across else (first, 0, GemmShape(size, shape.N, shape.K)))
    return out


def thin_gemm(nest: Schedule, shape: GemmShape, threads: int) -> Product:
    """Products with so few rows or columns that every number is read once: no packing, `build` of a schedule."""
    built = build(nest)

    def gemm(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        c = blank(shape.c_shape)
        built.call(checked("a", a, shape.a_shape), checked("b", b, shape.b_shape), c, threads)
        return c

    return gemm


def compile_gemm(shape: GemmShape, threads: int = 1, plan: GemmPlan | None = None) -> Product:
    """A function `f(a, b) -> c` for a[M,K] @ b[K,N], plain row-major float32; packing is part of each call.

    The function keeps buffers of its own: one call at a time. Raises ValueError for wrong shapes and for a plan that cannot be.
    """
    if not isinstance(shape, GemmShape):
        raise ValueError(f"shape: want a GemmShape, got {shape!r}")
    threads = whole("threads", threads, 1)
    if not shape.macs:
        return lambda a, b: np.zeros_like(checked("a", a, shape.a_shape), shape=np.shape(checked("b", b, shape.b_shape)) and shape.c_shape)
    plan = planned(plan, GemmPlan, lambda: gemm_plan(shape, threads))
    if plan.way != "blocks":
        return thin_gemm({"columns": column_nest, "rows": row_nest}[plan.way](shape, lanes(), threads), shape, threads)
    tile, module = plan.tile, new_module()
    mine = pieces(shape, threads, tile)
    plans = {piece: cut(plan, piece) for _, _, piece in mine}
    for piece, sizes in plans.items():
        write_gemm(module, f"gemm_{piece.M}_{piece.N}", piece, sizes, shape.N)
    library = compile_ir(module)
    kernels = [library.function(f"gemm_{piece.M}_{piece.N}", "ppppp") for _, _, piece in mine]
    rooms = []
    for _, _, piece in mine:
        sizes = plans[piece]
        panels, buffer = sizes.depth * (sizes.wide + tile.wide), (sizes.high + tile.tall) * sizes.depth + tile.lanes
        rooms.append((aligned(panels), aligned(buffer)))
    places = [(panels.ctypes.data, buffer.ctypes.data) for panels, buffer in rooms]

    def gemm(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        a, b = checked("a", a, shape.a_shape), checked("b", b, shape.b_shape)
        c = blank(shape.c_shape)
        at_a, at_b, at_c = a.ctypes.data, b.ctypes.data, c.ctypes.data
        together(
            [
                (kernel, at_a + 4 * i * shape.K, at_b + 4 * j, at_c + 4 * (i * shape.N + j), *buffers)
                for kernel, (i, j, _), buffers in zip(kernels, mine, places, strict=True)
            ]
        )
        return c

    gemm.rooms = rooms  # type: ignore[attr-defined]  # the addresses are good for as long as the function is there
    gemm.library = library  # type: ignore[attr-defined]
    return gemm
