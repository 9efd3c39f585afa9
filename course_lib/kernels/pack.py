"""Laying windows out in panels, the way the inner kernel walks through them, in machine code: a piece of im2col.

    [panel][c,r,s][pixel]      some vectors of output pixels a panel, zeros where the window hangs over

Plain matrices are packed by the kernel that reads them first (block.py). Only a block that fits into the cache is ever packed, so what
im2col costs in memory is not paid here: the lowered matrix exists a few columns at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from course_lib.nest.emit import BIT, LANE, Emitter, Value, const, lane_numbers, nothing, zero
from course_lib.shapes import ConvShape

SOURCE = "Goto & van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008; implicit GEMM as in cuDNN (Chetlur et al., 2014)"


@dataclass(frozen=True)
class Image:
    """The geometry of one channel's window walk: what the packing needs of a ConvShape."""

    H: int
    W: int
    P: int
    Q: int
    R: int
    S: int
    strides: tuple[int, int]
    tops: tuple[int, int]  # padding above and to the left
    dilations: tuple[int, int]

    @classmethod
    def of(cls, shape: ConvShape) -> Image:
        """A 1x1 layer that skips nothing is one long row: no pixel has neighbours."""
        if shape.R == shape.S == 1 and shape.strides == (1, 1) and not any(map(any, shape.pads)):
            return cls(1, shape.H * shape.W, 1, shape.P * shape.Q, 1, 1, (1, 1), (0, 0), (1, 1))
        (top, _), (left, _) = shape.pads
        return cls(shape.H, shape.W, shape.P, shape.Q, shape.R, shape.S, shape.strides, (top, left), shape.dilations)


MOST_TAPS = 25  # written out with their masks; larger kernels loop over their taps


class Windows:
    """Writes `pack(ia*, panels*, first, count, channels)`: `count` panels of output pixels from number `first` on."""

    def __init__(self, module: ir.Module, name: str, image: Image, wide: int, vectors: int) -> None:
        self.image, self.wide, self.vectors = image, wide, vectors
        self.e = Emitter(module, name, ir.FloatType(), 2, 3)
        self.e.function.linkage = "internal"
        self.kind = ir.VectorType(ir.FloatType(), wide)
        self.bits = ir.VectorType(BIT, wide)
        self.ia, self.panels, first, count, self.channels = self.e.function.args
        b, im = self.e.builder, image
        depth = b.mul(self.channels, const(im.R * im.S))  # rows of a panel

        def panel(i: Value, _: list[Value]) -> None:
            at = b.mul(i, b.mul(depth, const(wide * vectors)))
            for v in range(vectors):
                pixel = b.add(b.mul(b.add(first, i), const(wide * vectors)), const(v * wide))
                self.vector(pixel, b.add(at, const(v * wide)))

        self.e.loop(const(0), count, panel)
        b.ret_void()

    def vector(self, pixel: Value, at: Value) -> None:
        """`wide` pixels from `pixel` on, through all channels and taps, to panels[at + row * wide * vectors]."""
        b, im = self.e.builder, self.image
        p0 = b.udiv(pixel, const(im.Q))
        q0 = b.sub(pixel, b.mul(p0, const(im.Q)))
        h0 = b.sub(b.mul(p0, const(im.strides[0])), const(im.tops[0]))
        w0 = b.sub(b.mul(q0, const(im.strides[1])), const(im.tops[1]))
        if im.strides[1] != 1:
            self.careful(at, p0, q0, h0, w0)
            return
        # all taps of all pixels inside the picture, all pixels in one row: plain loads at fixed distances
        inside = b.icmp_signed(">=", h0, const(0))
        inside = b.and_(inside, b.icmp_signed("<", b.add(h0, const(im.dilations[0] * (im.R - 1))), const(im.H)))
        inside = b.and_(inside, b.icmp_signed(">=", w0, const(0)))
        inside = b.and_(inside, b.icmp_signed("<=", b.add(w0, const(im.dilations[1] * (im.S - 1) + self.wide)), const(im.W)))
        inside = b.and_(inside, b.icmp_signed("<=", b.add(q0, const(self.wide)), const(im.Q)))
        inside = b.and_(inside, b.icmp_signed("<", p0, const(im.P)))
        start = b.add(b.mul(h0, const(im.W)), w0)

        def plain(c: Value, r: int, s: int) -> Value:
            return self.e.load(self.ia, b.add(start, c), self.distance(r, s), self.wide)

        self.e.choose(inside, lambda: self.channel_loop(at, plain), lambda: self.careful(at, p0, q0, h0, w0))

    def distance(self, r: int, s: int) -> int:
        """From a window's first element to its tap r, s."""
        return r * self.image.dilations[0] * self.image.W + s * self.image.dilations[1]

    def channel_loop(self, at: Value, load: Any) -> None:
        """Channel by channel, so that the lines a window's taps share are still in the first cache; the taps are written out."""
        b, im = self.e.builder, self.image
        width = self.wide * self.vectors

        def turn(c: Value, _: list[Value]) -> None:
            picture = b.mul(c, const(im.H * im.W))
            to = b.add(at, b.mul(c, const(im.R * im.S * width)))
            for r in range(im.R):
                for s in range(im.S):
                    self.e.store(load(picture, r, s), self.panels, to, (r * im.S + s) * width)

        self.e.loop(const(0), self.channels, turn)

    def careful(self, at: Value, p0: Value, q0: Value, h0: Value, w0: Value) -> None:
        """Pixels in several rows, or windows over the edge: a mask for each row of pixels the vector reaches into."""
        b, im, e = self.e.builder, self.image, self.e
        stride, rows = im.strides[1], (self.wide - 2 + im.Q) // im.Q + 1
        if stride > 2 or rows > 3:
            self.one_by_one(at, p0, q0, h0, w0)
            return
        lane = b.add(self.spread(q0), lane_numbers(*range(self.wide)))
        columns, in_row, high, starts = [], [], [], []
        for i in range(rows):
            q = b.sub(lane, lane_numbers(*[i * im.Q] * self.wide))
            columns.append(b.sub(b.mul(q, lane_numbers(*[stride] * self.wide)), lane_numbers(*[im.tops[1]] * self.wide)))
            exists = self.spread(b.icmp_signed("<", b.add(p0, const(i)), const(im.P)), BIT)
            in_row.append(b.and_(b.icmp_unsigned("<", q, lane_numbers(*[im.Q] * self.wide)), exists))
            high.append(b.add(h0, const(i * im.strides[0])))
            starts.append(b.add(b.mul(high[i], const(im.W)), b.sub(w0, const(i * im.Q * stride))))

        def masks(down: Value, aside: Value) -> list[Value]:
            """For a tap so far down and aside in the window: which pixels have it inside the picture, a mask a row of pixels."""
            out = []
            for i in range(rows):
                width = b.icmp_unsigned("<", b.add(columns[i], self.spread(aside)), lane_numbers(*[im.W] * self.wide))
                height = self.spread(b.icmp_unsigned("<", b.add(high[i], down), const(im.H)), BIT)
                out.append(b.and_(b.and_(in_row[i], width), height))
            return out

        none, half = ir.Constant(self.bits, None), self.wide // 2
        every_other = [[x for i in range(half) for x in (i + side * half, self.wide)] for side in (0, 1)]

        def prepared(found: list[Value]) -> list[list[Value]]:
            """At stride 2 a vector of pixels is every second number of two vectors of the picture: their masks."""
            return [found] if stride == 1 else [[e.shuffle(mask, none, picks) for mask in found] for picks in every_other]

        def load(picture: Value, offset: int, made: list[list[Value]]) -> Value:
            parts = [self.masked(starts, picture, offset + side * self.wide, found) for side, found in enumerate(made)]
            return parts[0] if stride == 1 else e.shuffle(parts[0], parts[1], list(range(0, 2 * self.wide, 2)))

        if im.R * im.S <= MOST_TAPS:
            taps = [(r, s) for r in range(im.R) for s in range(im.S)]
            made = {(r, s): prepared(masks(const(r * im.dilations[0]), const(s * im.dilations[1]))) for r, s in taps}
            self.channel_loop(at, lambda c, r, s: load(c, self.distance(r, s), made[r, s]))
            return

        def tap(r: Value, s: Value) -> None:
            down, aside = b.mul(r, const(im.dilations[0])), b.mul(s, const(im.dilations[1]))
            found = prepared(masks(down, aside))
            offset = b.add(b.mul(down, const(im.W)), aside)
            self.one_tap(at, r, s, lambda picture: load(b.add(picture, offset), 0, found))

        e.loop(const(0), const(im.R), lambda r, _: e.loop(const(0), const(im.S), lambda s, _: tap(r, s)))

    def one_tap(self, at: Value, r: Value, s: Value, load: Any) -> None:
        """One tap through all channels: where writing all taps out would be too long."""
        b, im, width = self.e.builder, self.image, self.wide * self.vectors

        def turn(c: Value, _: list[Value]) -> None:
            row = b.add(b.mul(c, const(im.R * im.S)), b.add(b.mul(r, const(im.S)), s))
            self.e.store(load(b.mul(c, const(im.H * im.W))), self.panels, b.add(at, b.mul(row, const(width))), 0)

        self.e.loop(const(0), self.channels, turn)

    def masked(self, starts: list[Value], c: Value, offset: int, masks: list[Value]) -> Value:
        """One load a row of the picture, each filling the lanes the others left; masked lanes touch no memory."""
        value: Value = zero(self.kind)
        for start, mask in zip(starts, masks, strict=True):
            pointer = self.e.address(self.ia, self.e.builder.add(start, c), offset, self.kind)
            value = self.e.builder.call(self.masked_load(), [pointer, ir.Constant(LANE, 4), mask, value])
        return value

    def masked_load(self) -> Any:
        name = f"llvm.masked.load.v{self.wide}f32.p0"
        known = self.e.module.globals.get(name)
        if known is not None:
            return known
        return ir.Function(self.e.module, ir.FunctionType(self.kind, [ir.PointerType(self.kind), LANE, self.bits, self.kind]), name)

    def spread(self, value: Value, kind: Any = LANE) -> Value:
        b = self.e.builder
        small = b.trunc(value, kind) if value.type is not kind and value.type != kind else value
        empty = nothing(kind, self.wide)
        one = b.insert_element(empty, small, ir.Constant(LANE, 0))
        return b.shuffle_vector(one, empty, lane_numbers(*[0] * self.wide))

    def one_by_one(self, at: Value, p0: Value, q0: Value, h0: Value, w0: Value) -> None:
        """Any stride, any width: each pixel's address on its own; what is outside reads element 0 and is replaced by zero."""
        b, im, e = self.e.builder, self.image, self.e
        places = []
        for lane in range(self.wide):
            q = b.add(q0, const(lane))
            down = b.udiv(q, const(im.Q))
            aside = b.sub(b.sub(q, b.mul(down, const(im.Q))), q0)
            h, w = b.add(h0, b.mul(down, const(im.strides[0]))), b.add(w0, b.mul(aside, const(im.strides[1])))
            places.append((h, w, b.icmp_signed("<", b.add(p0, down), const(im.P))))

        def tap(r: Value, s: Value) -> None:
            spots = []
            for h, w, row in places:
                h, w = b.add(h, b.mul(r, const(im.dilations[0]))), b.add(w, b.mul(s, const(im.dilations[1])))
                good = b.and_(row, b.and_(b.icmp_unsigned("<", h, const(im.H)), b.icmp_unsigned("<", w, const(im.W))))
                spots.append((b.select(good, b.add(b.mul(h, const(im.W)), w), const(0)), good))

            def load(picture: Value) -> Value:
                value: Value = ir.Constant(self.kind, ir.Undefined)
                for lane, (spot, good) in enumerate(spots):
                    one = b.select(good, e.load(self.ia, b.add(spot, picture), 0), zero(e.number))
                    value = b.insert_element(value, one, ir.Constant(LANE, lane))
                return value

            self.one_tap(at, r, s, load)

        e.loop(const(0), const(im.R), lambda r, _: e.loop(const(0), const(im.S), lambda s, _: tap(r, s)))


__all__ = ["Image", "Windows"]
