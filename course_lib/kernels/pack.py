"""Laying operands out in panels, the way the inner kernel walks through them, in machine code.

    windows   a piece of im2col: [panel][c,r,s][pixel]      sixteen output pixels a panel, zeros where the window hangs over
    rows      b[K,N] -> [panel][k][column]                  sixteen columns a panel
    columns   a[M,K] -> [panel][k][row]                     six rows a panel, turned by a butterfly of shuffles

Only a block that fits into the cache is ever packed, so what im2col costs in memory is not paid here: the lowered matrix
exists a few columns at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from course_lib.nest.emit import BIT, INT, LANE, Emitter, Value, const, zero
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
        if (shape.R, shape.S) == (1, 1) and shape.strides == (1, 1) and not any(map(any, shape.pads)):
            return cls(1, shape.H * shape.W, 1, shape.P * shape.Q, 1, 1, (1, 1), (0, 0), (1, 1))
        (top, _), (left, _) = shape.pads
        return cls(shape.H, shape.W, shape.P, shape.Q, shape.R, shape.S, shape.strides, (top, left), shape.dilations)


ROWS = 8  # rows of b read side by side
MOST_TAPS = 25  # written out with their masks; larger kernels loop over their taps


def integers(values: list[int]) -> ir.Constant:
    return ir.Constant(ir.VectorType(LANE, len(values)), values)


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
        lane = b.add(self.spread(q0), integers(list(range(self.wide))))
        columns, in_row, high, starts = [], [], [], []
        for i in range(rows):
            q = b.sub(lane, integers([i * im.Q] * self.wide))
            columns.append(b.sub(b.mul(q, integers([stride] * self.wide)), integers([im.tops[1]] * self.wide)))
            exists = self.spread(b.icmp_signed("<", b.add(p0, const(i)), const(im.P)), BIT)
            in_row.append(b.and_(b.icmp_unsigned("<", q, integers([im.Q] * self.wide)), exists))
            high.append(b.add(h0, const(i * im.strides[0])))
            starts.append(b.add(b.mul(high[i], const(im.W)), b.sub(w0, const(i * im.Q * stride))))

        def masks(down: Value, aside: Value) -> list[Value]:
            """For a tap so far down and aside in the window: which pixels have it inside the picture, a mask a row of pixels."""
            out = []
            for i in range(rows):
                width = b.icmp_unsigned("<", b.add(columns[i], self.spread(aside)), integers([im.W] * self.wide))
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
        nothing = ir.Constant(ir.VectorType(kind, self.wide), ir.Undefined)
        one = b.insert_element(nothing, small, ir.Constant(LANE, 0))
        return b.shuffle_vector(one, nothing, integers([0] * self.wide))

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


def pack_rows(module: ir.Module, name: str, columns: int, wide: int, vectors: int) -> None:
    """Writes `pack(b*, panels*, rows, count)`: rows of b, `columns` apart, into panels; the last panel is filled up with zeros."""
    e = Emitter(module, name, ir.FloatType(), 2, 2)
    e.function.linkage = "internal"
    b, (source, panels, rows, count) = e.builder, e.function.args
    width = wide * vectors
    whole = b.udiv(count, const(width))
    left = b.sub(count, b.mul(whole, const(width)))
    size = b.mul(rows, const(width))

    def chunk(k: Value, many: int) -> None:
        """`many` rows at a time: as many streams to read, a run of whole lines to write."""
        start, to = b.mul(k, const(columns)), b.mul(k, const(width))

        def panel(j: Value, _: list[Value]) -> None:
            at, out = b.add(start, b.mul(j, const(width))), b.add(to, b.mul(j, size))
            for row in range(many):
                line = b.add(at, const(row * columns))
                for v in range(vectors):
                    e.store(e.load(source, line, v * wide, wide), panels, out, row * width + v * wide)

        e.loop(const(0), whole, panel, sure=False)

        def column(j: Value, _: list[Value]) -> None:
            inside = b.icmp_signed("<", j, left)
            at = b.select(inside, b.add(b.add(start, b.mul(whole, const(width))), j), const(0))
            for row in range(many):
                one = e.load(source, b.add(at, b.select(inside, const(row * columns), const(0))), 0)
                e.store(b.select(inside, one, zero(e.number)), panels, b.add(b.add(to, b.mul(whole, size)), j), row * width)

        e.choose(b.icmp_signed(">", left, const(0)), lambda: e.loop(const(0), const(width), column), list)

    chunks = b.udiv(rows, const(ROWS))
    e.loop(const(0), chunks, lambda k, _: chunk(b.mul(k, const(ROWS)), ROWS), sure=False)
    e.loop(b.mul(chunks, const(ROWS)), rows, lambda k, _: chunk(k, 1), sure=False)
    b.ret_void()


def transposed(e: Emitter, rows: list[Value]) -> list[Value]:
    """The butterfly: log2(n) rounds of shuffles turn n vectors of n lanes around."""
    n, rows = len(rows), list(rows)
    apart = 1
    while apart < n:
        for i in range(n):
            if not i & apart:
                low, high = rows[i], rows[i + apart]
                rows[i] = e.shuffle(low, high, [l if not l & apart else n + l - apart for l in range(n)])
                rows[i + apart] = e.shuffle(low, high, [l + apart if not l & apart else n + l for l in range(n)])
        apart *= 2
    return rows


def pack_columns(module: ir.Module, name: str, pitch: int, tall: int, wide: int) -> None:
    """Writes `pack(a*, panels*, rows, depth)`: rows of a, `pitch` apart, into panels [k][tall], and up to `wide` numbers behind."""
    e = Emitter(module, name, ir.FloatType(), 2, 2)
    e.function.linkage = "internal"
    b, (source, panels, rows, depth) = e.builder, e.function.args
    vectors = b.udiv(depth, const(wide))

    def panel(i: Value, _: list[Value]) -> None:
        first = b.mul(i, const(tall))
        last = b.sub(rows, const(1))
        lines = []
        for t in range(tall):
            line = b.add(first, const(t))
            lines.append(b.mul(b.select(b.icmp_signed("<", line, rows), line, last), const(pitch)))
        out = b.mul(first, depth)

        def several(v: Value, _: list[Value]) -> None:
            k = b.mul(v, const(wide))
            to = b.add(out, b.mul(k, const(tall)))
            turned = []
            for group in range(0, tall, wide):
                chosen = [lines[min(group + t, tall - 1)] for t in range(wide)]
                turned.append(transposed(e, [e.load(source, b.add(line, k), 0, wide) for line in chosen]))
            for lane in range(wide):  # each store spoils what lies behind it, and the next one mends it
                for group, vectors_of in enumerate(turned):
                    e.store(vectors_of[lane], panels, to, lane * tall + group * wide)

        e.loop(const(0), vectors, several, sure=False)

        def single(k: Value, _: list[Value]) -> None:
            for t in range(tall):
                e.store(e.load(source, b.add(lines[t], k), 0), panels, b.add(out, b.mul(k, const(tall))), t)

        e.loop(b.mul(vectors, const(wide)), depth, single, sure=False)

    e.loop(const(0), b.udiv(b.add(rows, const(tall - 1)), const(tall)), panel)
    b.ret_void()


__all__ = ["INT", "Image", "Windows", "pack_columns", "pack_rows"]
