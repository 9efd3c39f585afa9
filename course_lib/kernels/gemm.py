"""Matrix product of plain row-major arrays: Goto's loops around a nest of this package.

Each thread takes a piece of c, some columns or some rows, and works on its own:

    for each block of columns (wide):
        for each block of k (depth):
            for each block of rows (high):
                c block += a block * b block          a and b are packed on the way, each by who reads it first (block.py)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from llvmlite import ir

from course_lib.kernels.arrays import address, aligned, blank, checked
from course_lib.kernels.block import write_block
from course_lib.kernels.plan import FAR_BYTES, TURN, Plan, Tile, alike, cache_bytes, column_nest, even, planned, register_tile, row_nest
from course_lib.nest.built import build
from course_lib.nest.emit import Emitter, Value, const
from course_lib.nest.jit import LIGHT, lanes, library_of, new_module
from course_lib.nest.schedule import Schedule
from course_lib.nest.threads import shares, together
from course_lib.shapes import GemmShape, whole

SOURCE = "Goto & van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008"

FEW_ROWS = 128  # so few that what b costs to read is felt

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
    cache. Where b is also too large for it, the blocks are small, as each is asked for while the one before it is multiplied. Where b is
    a single panel, a is read where it lies, `tall` rows at a time: fewer of them than the first cache has ways,
    since rows of 2^n numbers all meet in one set; and all of k at once, while the panel fits into the second.
    """
    way = "columns" if shape.N == 1 else "rows" if shape.M <= 4 else "blocks"
    loose = shape.N <= 4 * lanes()
    large = 4 * shape.M * shape.N > cache_bytes(2) * 3 // 2  # c comes from afar: touch it less often, for panels beyond the first cache
    few = shape.M <= FEW_ROWS and 4 * shape.K * shape.N > cache_bytes(2)
    # of the wide tiles that three vectors give more instructions are multiply-adds: felt where a neighbour shares the core's front end
    tile = register_tile(shape.M, shape.N, 10 if loose else 30, 4 if loose or large else 3)
    if loose:
        panel = cache_bytes(2) // 2
    elif few:
        panel = cache_bytes(1) // 4
    else:
        panel = cache_bytes(1) * 2 if large else cache_bytes(1) * 2 // 3
    depth = alike(shape.K, max(1, panel // (4 * tile.wide)), TURN)  # no turn of the innermost loop is cut short
    high = even(shape.M, max(tile.tall, cache_bytes(2) * 3 // 8 // (4 * depth)), tile.tall)
    most = FAR_BYTES // (4 * depth) if few else cache_bytes(2) // 4 // (4 * depth) if shape.M <= high else 2048
    wide = even(shape.N, max(tile.wide, most), tile.wide)
    return GemmPlan(way, tile.tall, tile.vectors, high, wide, depth)


def cut(plan: GemmPlan, shape: GemmShape) -> GemmPlan:
    """The same plan with the sizes this product has: nearly equal blocks, whole tiles."""
    tile = plan.tile
    return replace(
        plan,
        high=even(shape.M, plan.high, tile.tall),
        wide=even(shape.N, plan.wide, tile.wide),
        depth=even(shape.K, plan.depth, TURN),
    )


def write_gemm(module: ir.Module, name: str, shape: GemmShape, plan: GemmPlan, pitch: int) -> None:
    """`name(a*, b*, c*, left*, right*)`: a piece of a product; rows of b and c are `pitch` apart, left and right are for the panels.

    The block of the first rows packs b while it reads it, and every block packs its part of a: see block.py.
    """
    tile = plan.tile
    high, wide, depth = (-(-n // block) for n, block in ((shape.M, plan.high), (shape.N, plan.wide), (shape.K, plan.depth)))
    last_i, last_j, last_k = shape.M - (high - 1) * plan.high, shape.N - (wide - 1) * plan.wide, shape.K - (depth - 1) * plan.depth
    sizes_j, sizes_k = {last_j, plan.wide if wide > 1 else last_j}, {last_k, plan.depth if depth > 1 else last_k}
    first_i = plan.high if high > 1 else last_i

    def kernel(i: int, j: int, k: int, fresh: bool) -> Any:
        full = f"{name}_block_{i}_{j}_{k}{'_fresh' * fresh}"
        if full not in module.globals:
            write_block(module, full, tile, i, j, k, pitch, a=shape.K, fresh=fresh, keep=high > 1)
        return module.globals[full]

    for j in sizes_j:
        for k in sizes_k:
            kernel(first_i, j, k, True)
            for i in {last_i} | ({plan.high} if high > 2 else set()) if high > 1 else ():
                kernel(i, j, k, False)

    e = Emitter(module, name, ir.FloatType(), 5, 0)
    b, (a, right, c, left, panels) = e.builder, e.function.args

    def block(i: Value, j: Value, k: Value, fresh: bool) -> None:
        rows = b.mul(i, const(plan.high))
        at_a = b.gep(a, [b.add(b.mul(rows, const(shape.K)), b.mul(k, const(plan.depth)))])
        at_b = b.gep(right, [b.add(b.mul(k, const(plan.depth * pitch)), b.mul(j, const(plan.wide)))])
        at_c = b.gep(c, [b.add(b.mul(rows, const(pitch)), b.mul(j, const(plan.wide)))])
        deeper = b.icmp_signed("<", k, const(depth - 1))
        further = b.select(b.icmp_signed("<", j, const(wide - 1)), b.gep(right, [b.mul(b.add(j, const(1)), const(plan.wide))]), at_b)
        after = b.select(deeper, b.gep(at_b, [const(plan.depth * pitch)]), further)

        def by_i(i_size: int) -> None:
            def by_k(k_size: int) -> None:
                def by_j(j_size: int) -> None:
                    b.call(kernel(i_size, j_size, k_size, fresh), [at_a, at_b, at_c, left, panels, after, k])

                e.sized(j, wide, plan.wide, last_j, by_j)

            e.sized(k, depth, plan.depth, last_k, by_k)

        if fresh:
            by_i(first_i)
        else:
            e.sized(i, high, plan.high, last_i, by_i)

    def b_block(j: Value, k: Value) -> None:
        block(const(0), j, k, True)
        if high > 1:
            e.loop(const(1), const(high), lambda i, _: block(i, j, k, False))

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


def gemm_module(N: int, *plans: tuple[GemmShape, GemmPlan]) -> ir.Module:
    """A function for each piece of a product with N columns."""
    module = new_module()
    for piece, sizes in plans:
        write_gemm(module, f"gemm_{piece.M}_{piece.N}", piece, sizes, N)
    return module


def thin_gemm(nest: Schedule, shape: GemmShape, threads: int) -> Product:
    """Products with so few rows or columns that every number is read once: no packing, `build` of a schedule."""
    built = build(nest)
    a_shape, b_shape, c_shape, ranges = shape.a_shape, shape.b_shape, shape.c_shape, shares(nest.loops[0].extent, threads)

    def gemm(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        a, b = checked("a", a, a_shape), checked("b", b, b_shape)
        c = blank(c_shape)
        places = address(a), address(b), address(c)
        together([(built.kernel, *places, *mine) for mine in ranges])
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
    tile = plan.tile
    mine = pieces(shape, threads, tile)
    plans = {piece: cut(plan, piece) for _, _, piece in mine}
    library = library_of(gemm_module, shape.N, *plans.items(), effort=LIGHT)  # the blocks come in final form
    kernels = [library.function(f"gemm_{piece.M}_{piece.N}", "ppppp") for _, _, piece in mine]
    rooms = []
    for _, _, piece in mine:
        sizes = plans[piece]
        panels, buffer = sizes.depth * (sizes.wide + tile.wide), (sizes.high + tile.tall) * sizes.depth
        rooms.append((aligned(buffer), aligned(panels)))
    # a small product takes microseconds: what can be known before is not asked for at each call
    a_shape, b_shape, c_shape = shape.a_shape, shape.b_shape, shape.c_shape
    work = [
        (kernel, 4 * i * shape.K, 4 * j, 4 * (i * shape.N + j), address(left), address(right))
        for kernel, (i, j, _), (left, right) in zip(kernels, mine, rooms, strict=True)
    ]

    def gemm(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        a, b = checked("a", a, a_shape), checked("b", b, b_shape)
        c = blank(c_shape)
        at_a, at_b, at_c = address(a), address(b), address(c)
        together([(kernel, at_a + i, at_b + j, at_c + ij, left, right) for kernel, i, j, ij, left, right in work])
        return c

    gemm.rooms = rooms  # type: ignore[attr-defined]  # the addresses are good for as long as the function is there
    gemm.library = library  # type: ignore[attr-defined]
    return gemm
