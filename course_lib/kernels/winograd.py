"""Winograd's minimal filtering: an m x m patch of a 3x3 convolution with (m+2)² multiplications instead of 9m².

    d   (m+2) x (m+2) patch of the picture       V = BT d B
    g   3 x 3 filter, at compile time            U = G g GT
    y   m x m patch of the output                y = AT (sum over c of U * V) A

The sums over c are (m+2)² matrix products, tiles x C times C x K: again a nest of this package. In the transforms eight (the
lanes) channels go side by side, so they need no shuffles; blocks of 8x8 numbers are turned around at the door, from NCHW and back.

Four times (m = 4) or 2.25 times (m = 2) fewer multiplications than direct convolution, and a little less exact: the transforms
subtract large numbers from each other. The weights grow to (m+2)²/9 of their size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from llvmlite import ir

from course_lib.kernels.arrays import aligned, layer
from course_lib.kernels.cook_toom import Matrix, cook_toom
from course_lib.kernels.plan import Plan, Tile, block_nest, even, planned, register_tile
from course_lib.nest.emit import LANE, Emitter, Value, const, zero
from course_lib.nest.jit import LIGHT, lanes, library_of, new_module
from course_lib.nest.lower import lower
from course_lib.shapes import ConvShape

SOURCE = "Lavin & Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016, section 4"

# The usual points 0, 1, -1, 2, -2 lose twice as many digits in the mean as these, which are as exact in binary.
POINTS = {
    2: (0, 1, -1),
    4: (0, Fraction(3, 4), Fraction(-3, 4), Fraction(3, 2), Fraction(-3, 2)),
    6: (0, 1, -1, Fraction(1, 2), Fraction(-1, 2), 2, -2),
}
AT, G, BT = ({m: cook_toom(m, 3, points)[which] for m, points in POINTS.items()} for which in range(3))

APART = 16  # numbers between rows, so that rows of 2^n numbers do not meet in one set of the cache
BLOCK_BYTES = 3 << 19  # what V and M of a block of tiles may fill


def refusal(shape: ConvShape) -> str:
    """What a layer has to be: 3x3, stride 1, channels in whole vectors; "" where it is."""
    whole = shape.C % lanes() == 0 and shape.K % lanes() == 0
    if (shape.R, shape.S, shape.strides, shape.dilations, shape.groups) == (3, 3, (1, 1), (1, 1), 1) and whole:
        return ""
    return f"3x3 layers of stride 1 with channels in multiples of {lanes()}"


@dataclass(frozen=True)
class WinogradPlan(Plan):
    """Patches of m x m, the products' register tile, at most so many rows of patches and output channels a job.

    `effort` of the compiler: LIGHT is not only there sooner but faster, the full one moves the transforms' loads too far from their uses.
    """

    m: int
    tall: int
    vectors: int
    rows: int
    part: int
    effort: int = LIGHT

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.m not in POINTS:
            raise ValueError(f"plan.m: want one of {', '.join(map(str, POINTS))}, got {self.m}")


@dataclass(frozen=True)
class Tiles:
    """The output cut into m x m patches: `rows` of `across`, worked on `high` rows and `part` output channels at a time."""

    m: int
    rows: int
    across: int
    high: int
    part: int

    @property
    def side(self) -> int:
        return self.m + 2


def cycles(shape: ConvShape, m: int) -> float:
    """The model: multiplications at two vectors a cycle, and the grown weights coming from afar at eight bytes a cycle."""
    tiles = -(-shape.P // m) * -(-shape.Q // m)
    return (m + 2) ** 2 * shape.C * shape.K * (shape.N * tiles / (2 * lanes()) + 4 / 8)


def winograd_plan(shape: ConvShape, threads: int = 1) -> WinogradPlan:
    """The blocks for a layer. Patches of 6 x 6 are left to whoever asks for them: they cost another digit."""
    m, tile = min((4, 2), key=lambda m: cycles(shape, m)), register_tile()
    rows, across = -(-shape.P // m), -(-shape.Q // m)
    row_bytes = 4 * (m + 2) ** 2 * across * (shape.C + shape.K)
    high = min(rows, max(1, BLOCK_BYTES // row_bytes, -(-36 // across)))
    if shape.N == 1:
        high = min(high, -(-rows // threads))
    return WinogradPlan(m, tile.tall, tile.vectors, high, shape.K)


def cut(plan: WinogradPlan, shape: ConvShape) -> Tiles:
    """The patches of this layer, in nearly equal blocks; output channels in whole vectors."""
    rows, across = -(-shape.P // plan.m), -(-shape.Q // plan.m)
    return Tiles(plan.m, rows, across, even(rows, plan.rows), even(shape.K, plan.part, plan.tile.wide))


def combined(e: Emitter, matrix: Matrix, values: Sequence[Value]) -> list[Value]:
    """matrix · values: each row a short sum, multiplications by 0, 1 and -1 left out."""
    out = []
    for row in matrix:
        terms = sorted(((float(factor), value) for factor, value in zip(row, values, strict=True) if factor), key=lambda term: term[0] != 1)
        factor, total = terms[0]
        if factor != 1:
            total = e.builder.fmul(ir.Constant(total.type, [factor] * total.type.count), total)
        for factor, value in terms[1:]:
            if abs(factor) == 1:
                total = e.builder.fadd(total, value) if factor == 1 else e.builder.fsub(total, value)
            else:
                total = e.multiply_add(ir.Constant(value.type, [factor] * value.type.count), value, total)
        out.append(total)
    return out


def both_ways(e: Emitter, matrix: Matrix, patch: list[list[Value]]) -> list[list[Value]]:
    """matrix · patch · matrixT; the patch is a list of rows."""
    down = [combined(e, matrix, [row[j] for row in patch]) for j in range(len(patch[0]))]  # a list a column
    return [combined(e, matrix, [column[i] for column in down]) for i in range(len(matrix))]


def spans(size: int, wide: int) -> list[int]:
    """Where to begin vectors of `wide` so that they cover 0..size: the last one overlaps. Empty where not one fits."""
    return [*range(0, size - wide + 1, wide), *([size - wide] if size % wide else [])] if size >= wide else []


class Rooms:
    """Where a thread's four work arrays lie in its buffer, in numbers."""

    def __init__(self, shape: ConvShape, tiles: Tiles) -> None:
        self.c, self.k = shape.C + APART, tiles.part + APART  # from tile to tile
        count = tiles.high * tiles.across
        self.wide_in, self.wide_out = tiles.m * tiles.across + 2, tiles.m * tiles.across
        self.v_size, self.m_size = count * self.c, count * self.k
        sizes = [
            (tiles.m * tiles.high + 2) * self.wide_in * lanes(),  # picture: some rows, lanes() channels
            tiles.side**2 * self.v_size,
            tiles.side**2 * self.m_size,
            tiles.m * tiles.high * self.wide_out * lanes(),  # result: some rows, lanes() channels
        ]
        starts = [0]
        for size in sizes:
            starts.append(starts[-1] + -(-size // APART) * APART)
        self.picture, self.v, self.products, self.result, self.total = starts


def picture_in(module: ir.Module, shape: ConvShape, rooms: Rooms) -> Any:
    """`picture_in(ia*, picture*, first, rows)`: rows first.. of lanes() channels, side by side, zeros above and below."""
    wide, W, area = lanes(), shape.W, shape.H * shape.W
    e = Emitter(module, "picture_in", ir.FloatType(), 2, 2)
    e.function.linkage = "internal"
    b, (ia, picture, first, rows) = e.builder, e.function.args
    left = shape.pads[1][0]

    def row(i: Value, _: list[Value]) -> None:
        h = b.add(first, i)
        to = b.mul(b.add(b.mul(i, const(rooms.wide_in)), const(left)), const(wide))
        source = b.mul(h, const(W))

        def block(w: Value) -> None:
            turned = e.transposed([e.load(ia, b.add(source, w), c * area, wide) for c in range(wide)])
            for pixel, value in enumerate(turned):
                e.store(value, picture, b.add(to, b.mul(w, const(wide))), pixel * wide)

        def there() -> None:
            if W >= wide:
                e.loop(const(0), const(W // wide), lambda j, _: block(b.mul(j, const(wide))))
                if W % wide:
                    block(const(W - wide))
            else:
                e.loop(const(0), const(W), pixel)

        def pixel(w: Value, _: list[Value]) -> None:
            e.store(e.gather(ia, b.add(source, w), 0, area, wide), picture, b.add(to, b.mul(w, const(wide))), 0)

        def nothing() -> None:
            blank = zero(ir.VectorType(e.number, wide))
            e.loop(const(0), const(W), lambda w, _: e.store(blank, picture, b.add(to, b.mul(w, const(wide))), 0))

        e.choose(b.icmp_unsigned("<", h, const(shape.H)), there, nothing)

    e.loop(const(0), rows, row)
    b.ret_void()
    return e.function


def transform_in(module: ir.Module, tiles: Tiles, rooms: Rooms) -> Any:
    """`transform_in(picture*, v*, rows)`: V = BT d B for all tiles of some rows; v is already moved to its channels."""
    wide, m = lanes(), tiles.m
    e = Emitter(module, "transform_in", ir.FloatType(), 2, 1)
    e.function.linkage = "internal"
    b, (picture, v, rows) = e.builder, e.function.args

    def tile(i: Value, j: Value) -> None:
        corner = b.mul(b.add(b.mul(i, const(m * rooms.wide_in)), b.mul(j, const(m))), const(wide))
        patch = [[e.load(picture, corner, (r * rooms.wide_in + s) * wide, wide) for s in range(tiles.side)] for r in range(tiles.side)]
        to = b.mul(b.add(b.mul(i, const(tiles.across)), j), const(rooms.c))
        for r, row in enumerate(both_ways(e, BT[m], patch)):
            for s, value in enumerate(row):
                e.store(value, v, to, (r * tiles.side + s) * rooms.v_size)

    e.loop(const(0), rows, lambda i, _: e.loop(const(0), const(tiles.across), lambda j, _: tile(i, j)))
    b.ret_void()
    return e.function


def transform_out(module: ir.Module, tiles: Tiles, rooms: Rooms) -> Any:
    """`transform_out(products*, result*, rows)`: y = AT M A; products are already moved to their channels."""
    wide, m = lanes(), tiles.m
    e = Emitter(module, "transform_out", ir.FloatType(), 2, 1)
    e.function.linkage = "internal"
    b, (products, result, rows) = e.builder, e.function.args

    def tile(i: Value, j: Value) -> None:
        at = b.mul(b.add(b.mul(i, const(tiles.across)), j), const(rooms.k))
        patch = [[e.load(products, at, (r * tiles.side + s) * rooms.m_size, wide) for s in range(tiles.side)] for r in range(tiles.side)]
        corner = b.mul(b.add(b.mul(i, const(m * rooms.wide_out)), b.mul(j, const(m))), const(wide))
        for r, row in enumerate(both_ways(e, AT[m], patch)):
            for s, value in enumerate(row):
                e.store(value, result, corner, (r * rooms.wide_out + s) * wide)

    e.loop(const(0), rows, lambda i, _: e.loop(const(0), const(tiles.across), lambda j, _: tile(i, j)))
    b.ret_void()
    return e.function


def result_out(module: ir.Module, shape: ConvShape, rooms: Rooms) -> Any:
    """`result_out(result*, oa*, rows)`: lanes() channels of some rows back to pictures of their own."""
    wide, Q, area = lanes(), shape.Q, shape.P * shape.Q
    e = Emitter(module, "result_out", ir.FloatType(), 2, 1)
    e.function.linkage = "internal"
    b, (result, oa, rows) = e.builder, e.function.args

    def row(i: Value, _: list[Value]) -> None:
        source, to = b.mul(i, const(rooms.wide_out * wide)), b.mul(i, const(Q))

        def block(q: Value) -> None:
            turned = e.transposed([e.load(result, b.add(source, b.mul(q, const(wide))), pixel * wide, wide) for pixel in range(wide)])
            for k, value in enumerate(turned):
                e.store(value, oa, b.add(to, q), k * area)

        def pixel(q: Value, _: list[Value]) -> None:
            value = e.load(result, b.add(source, b.mul(q, const(wide))), 0, wide)
            for k in range(wide):
                e.store(b.extract_element(value, ir.Constant(LANE, k)), oa, b.add(to, q), k * area)

        if Q >= wide:
            e.loop(const(0), const(Q // wide), lambda j, _: block(b.mul(j, const(wide))))
            if Q % wide:
                block(const(Q - wide))
        else:
            e.loop(const(0), const(Q), pixel)

    e.loop(const(0), rows, row)
    b.ret_void()
    return e.function


def winograd_module(shape: ConvShape, tile: Tile, tiles: Tiles) -> ir.Module:
    """`conv(ia*, u*, oa*, buffer*, low, high)`: jobs low..high, counted image, part of the output channels, block of tile rows."""
    module, wide, rooms = new_module(), lanes(), Rooms(shape, tiles)
    enter, into = picture_in(module, shape, rooms), transform_in(module, tiles, rooms)
    back, leave = transform_out(module, tiles, rooms), result_out(module, shape, rooms)
    blocks = -(-tiles.rows // tiles.high)
    last = tiles.rows - (blocks - 1) * tiles.high
    parts = -(-shape.K // tiles.part)
    last_part = shape.K - (parts - 1) * tiles.part
    panels = -(-shape.K // tile.wide) * tile.wide * shape.C
    kernels = {}
    for rows in {tiles.high, last}:
        for part in {tiles.part if parts > 1 else last_part, last_part}:
            nest = block_nest(tile, rows * tiles.across, part, shape.C, a="IK")
            lower(nest, f"products_{rows}_{part}", module=module, pitches={"A": (rooms.c, 1), "C": (rooms.k, 1)})
            kernels[rows, part] = module.globals[f"products_{rows}_{part}"]
            kernels[rows, part].linkage = "internal"
    e = Emitter(module, "conv", ir.FloatType(), 4, 2)
    b, (ia, u, oa, buffer, low, high) = e.builder, e.function.args

    def room(start: int, offset: Value | None = None) -> Value:
        return e.address(buffer, offset, start)

    def job(t: Value, _: list[Value]) -> None:
        rest, block = b.udiv(t, const(blocks)), b.urem(t, const(blocks))
        n, part = b.udiv(rest, const(parts)), b.urem(rest, const(parts))
        top = b.mul(block, const(tiles.high * tiles.m))

        def some(rows: int) -> None:
            def channels(c: Value, _: list[Value]) -> None:
                source = b.mul(b.add(b.mul(n, const(shape.C)), b.mul(c, const(wide))), const(shape.H * shape.W))
                first = b.sub(top, const(shape.pads[0][0]))
                b.call(enter, [b.gep(ia, [source]), room(rooms.picture), first, const(rows * tiles.m + 2)])
                b.call(into, [room(rooms.picture), room(rooms.v, b.mul(c, const(wide))), const(rows)])

            def product(xi: Value, _: list[Value]) -> None:
                v, out = room(rooms.v, b.mul(xi, const(rooms.v_size))), room(rooms.products, b.mul(xi, const(rooms.m_size)))
                right = b.gep(u, [b.add(b.mul(xi, const(panels)), b.mul(part, const(tiles.part * shape.C)))])
                e.sized(part, parts, tiles.part, last_part, lambda k: b.call(kernels[rows, k], [v, right, out]))

            def filters(k: Value, _: list[Value]) -> None:
                b.call(back, [room(rooms.products, b.mul(k, const(wide))), room(rooms.result), const(rows)])
                channel = b.add(b.mul(part, const(tiles.part)), b.mul(k, const(wide)))
                to = b.mul(b.add(b.mul(n, const(shape.K)), channel), const(shape.P * shape.Q))
                left = b.sub(const(shape.P), top)
                count = b.select(b.icmp_signed("<", left, const(rows * tiles.m)), left, const(rows * tiles.m))
                b.call(leave, [room(rooms.result), e.address(oa, b.add(to, b.mul(top, const(shape.Q))), 0), count])

            e.loop(const(0), const(shape.C // wide), channels)
            e.loop(const(0), const(tiles.side**2), product)
            vectors = b.select(b.icmp_signed("==", part, const(parts - 1)), const(last_part // wide), const(tiles.part // wide))
            e.loop(const(0), vectors, filters)

        e.sized(block, blocks, tiles.high, last, some)

    e.loop(low, high, job, sure=False)
    b.ret_void()
    return module


def filters_transformed(wt: np.ndarray, tile: Tile, m: int) -> np.ndarray:
    """U = G g GT in float64, then as the nest wants it: [(m+2)²][panels of K][C][tile.wide]."""
    g = np.array(G[m], np.float64)
    u = np.einsum("ir,kcrs,js->ijck", g, wt.astype(np.float64), g, optimize=True).astype(np.float32)
    u = u.reshape(-1, *u.shape[2:])  # (m+2)² × C × K
    packer = block_nest(tile, 1, u.shape[2], u.shape[1]).problem.ins[1]
    pieces = [packer.pack(part).ravel() for part in u]
    out = aligned(sum(map(len, pieces)))
    np.concatenate(pieces, out=out[: sum(map(len, pieces))])
    return out


def winograd_conv(
    wt: np.ndarray, shape: ConvShape, threads: int = 1, plan: WinogradPlan | None = None
) -> Callable[[np.ndarray], np.ndarray]:
    """ia[N,C,H,W] -> oa[N,K,P,Q] for 3x3 layers of stride 1; ValueError for others, and for a plan of another way."""
    if wanted := refusal(shape):
        raise ValueError(f"algorithm: 'winograd' is for {wanted}, got {shape}")
    plan = planned(plan, WinogradPlan, lambda: winograd_plan(shape, threads))
    tile, tiles = plan.tile, cut(plan, shape)
    u = filters_transformed(wt, tile, tiles.m)
    library = library_of(winograd_module, shape, tile, tiles, effort=plan.effort)
    kernel = library.function("conv", "ppppii")
    buffers = [aligned(Rooms(shape, tiles).total) for _ in range(threads)]
    jobs = shape.N * -(-tiles.rows // tiles.high) * -(-shape.K // tiles.part)

    conv = layer(kernel, shape, u, buffers, jobs)
    conv.library = library  # type: ignore[attr-defined]
    return conv
