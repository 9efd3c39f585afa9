"""Output pixels held in registers: which vectors a tile of the output needs, and how they are put back in their rows.

The frame's rows are longer than the output's (the windows hang over), so a vector that runs through the frame covers the end of one
row, a few pixels that are nobody's, and the beginning of the next. Nothing is lost but those few lanes; the masks of the stores are
known when the code is made.

A 1x1 layer reads its input where it lies, and that need not be at the beginning of a cache line. Then the tiles begin `shift` numbers
sooner, so that all their vectors but the first few lie in one line each, and the output is put at the same place of a line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod

import numpy as np
from llvmlite import ir

from course_lib.kernels.arrays import address, aligned, blank, checked
from course_lib.kernels.frame import Frame
from course_lib.nest.emit import BIT, LANE, Emitter, Value, const
from course_lib.nest.jit import Library, lanes
from course_lib.nest.threads import shares, together
from course_lib.shapes import ConvShape

TURN = 1.5  # what a tile costs beside its vectors, in vectors: loop ends and the coefficients, which are read again for every tile


@dataclass(frozen=True)
class Tile:
    """`rows` x `wide` output pixels of a picture P x Q in a frame of rows `pitch` apart, held as `vectors`.

    Where the frame's rows touch (pitch = Q, as in 1x1 layers) the picture is one column: P·Q rows of one pixel.
    """

    P: int
    Q: int
    pitch: int
    rows: int
    wide: int

    @classmethod
    def of(cls, shape: ConvShape, frame: Frame, most: int) -> Tile:
        """The tile of at most `most` vectors with the fewest wasted lanes over the whole picture."""
        return tile_of(shape.P, shape.Q, frame.pitch, frame.plain, most, lanes())

    @property
    def down(self) -> int:
        return -(-self.P // self.rows)

    @property
    def across(self) -> int:
        return -(-self.Q // self.wide)

    @property
    def count(self) -> int:
        """How many tiles cover the picture; the last of a row or column is shifted back and computes some pixels again."""
        return self.down * self.across

    def over(self, shift: int) -> int:
        """How many tiles cover the picture when they begin `shift` numbers sooner, the first cut off at the picture's beginning."""
        return -(-(self.P + shift) // self.rows) if self.down > 1 and shift else self.count

    @property
    def vectors(self) -> int:
        return len(self.starts)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Where in the frame, from the tile's first pixel on, each vector begins: at the first pixel not yet covered."""
        out: list[int] = []
        covered = -1
        for r in range(self.rows):
            first, last = r * self.pitch, r * self.pitch + self.wide - 1
            while covered < last:
                out.append(max(first, covered + 1))
                covered = out[-1] + lanes() - 1
        return tuple(out)

    @property
    def reach(self) -> int:
        """Numbers of one frame plane that the tile's vectors span, without the taps' own shifts."""
        return self.rows * self.pitch

    def runs(self, start: int) -> Iterator[tuple[int, list[bool]]]:
        """For one vector: (place of lane 0 in the output, lanes that belong there), one pair an output row it meets."""
        found: dict[int, list[bool]] = {}
        for lane in range(lanes()):
            r, q = divmod(start + lane, self.pitch)
            if r < self.rows and q < self.wide:
                found.setdefault(r * self.Q + q - lane, [False] * lanes())[lane] = True
        yield from found.items()

    def bases(self, e: Emitter, number: Value, shift: Value) -> tuple[Value, Value]:
        """Tile `number`'s first pixel: its place in the frame and in the output; `shift` is 0 but where rows are single pixels."""
        b = e.builder

        def at(index: Value, step: int, last: int) -> Value:
            place = b.mul(index, const(step))
            return b.select(b.icmp_signed("<", place, const(last)), place, const(last))

        if self.wide == self.Q == self.pitch == 1:
            sooner = b.sub(b.mul(number, const(self.rows)), shift)
            sooner = b.select(b.icmp_signed("<", sooner, const(0)), const(0), sooner)
            p = b.select(b.icmp_signed("<", sooner, const(self.P - self.rows)), sooner, const(self.P - self.rows))
            return p, p
        p = at(b.udiv(number, const(self.across)), self.rows, self.P - self.rows)
        q = at(b.urem(number, const(self.across)), self.wide, self.Q - self.wide)
        return b.add(b.mul(p, const(self.pitch)), q), b.add(b.mul(p, const(self.Q)), q)

    def store(self, e: Emitter, sums: Sequence[Value], out: Value, offset: int) -> None:
        """One output channel's vectors into its rows."""
        for value, start in zip(sums, self.starts, strict=True):
            for place, mask in self.runs(start):
                masked_store(e, value, e.builder.gep(out, [const(offset + place)]), mask)

    def expect(self, e: Emitter, out: Value, offset: int) -> None:
        """Ask for the cache lines that `store` will write: a hint, which may point behind the output."""
        for start in range(0, self.rows * self.wide if self.wide == self.Q else 0, lanes()):
            e.prefetch(out, None, offset + start, write=True)


@lru_cache(1024)
def tile_of(P: int, Q: int, pitch: int, plain: bool, most: int, L: int) -> Tile:
    """Remembered: a search for a plan asks for the same few tiles again and again."""
    if pitch == Q:
        pixels = P * Q
        choices = [Tile(pixels, 1, 1, min(n * L, pixels), 1) for n in range(1, most + 1)]
    elif Q > most * L:  # a part of a row
        each = -(-Q // -(-Q // (most * L)))
        return Tile(P, Q, pitch, 1, min(Q, -(-each // L) * L))
    else:
        choices = [Tile(P, Q, pitch, rows, Q) for rows in range(1, P + 1) if rows * Q <= most * L]
        choices = [tile for tile in choices if tile.vectors <= most]
    return min(choices, key=lambda tile: (tile.over(int(plain)) * (tile.vectors + TURN), -tile.rows))


def over_images(
    library: Library, frame: Frame, tile: Tile, weights: Sequence[np.ndarray], parts: int, waiting: Sequence[np.ndarray]
) -> Callable[[np.ndarray], np.ndarray]:
    """f(ia) -> oa: each image into its frame, then the kernel over `parts` jobs a tile, shared out among len(waiting) threads.

    `library` has `frame(ia*, frame*, low, high)` and `sparse(frame*, weights*, weights*, oa*, waiting*, shift, low, high)`.
    """
    shape, threads, plain = frame.shape, len(waiting), frame.plain
    framed, kernel = library.function("frame", "ppii"), library.function("sparse", "pppppiii")
    padded = aligned(0 if plain else frame.size + lanes() * (tile.vectors + 1))
    kept = (padded, *weights, *waiting)  # alive as long as their addresses are used
    inside, first, second, *buffers = map(address, kept)
    # a small layer takes microseconds: what can be known before is not asked for at each call
    channels, shifts = shares(shape.C, threads), lanes() if plain and tile.Q == tile.pitch == 1 else 1
    jobs = [shares(tile.over(shift) * parts, threads) for shift in range(shifts)]
    ia_shape, oa_shape, images = shape.ia_shape, shape.oa_shape, range(shape.N)
    image_bytes, out_bytes = 4 * prod(ia_shape[1:]), 4 * prod(oa_shape[1:])

    def conv(ia: np.ndarray) -> np.ndarray:
        ia = checked("ia", ia, ia_shape)
        image = address(ia)
        shift = image // 4 % shifts
        oa = blank(oa_shape, shift)
        out = address(oa)
        for n in images:
            pixels = image + n * image_bytes
            if not plain:
                together([(framed, pixels, inside, *some) for some in channels])
                pixels = inside
            to = out + n * out_bytes
            together([(kernel, pixels, first, second, to, mine, shift, *some) for mine, some in zip(buffers, jobs[shift], strict=False)])
        return oa

    conv.kept = kept  # type: ignore[attr-defined]
    return conv


def masked_store(e: Emitter, value: Value, pointer: Value, mask: Sequence[bool]) -> None:
    """Store the lanes of the mask; the others' memory is not touched."""
    b, kind = e.builder, value.type
    place = b.bitcast(pointer, ir.PointerType(kind))
    if all(mask):
        b.store(value, place, align=4)
        return
    name = f"llvm.masked.store.v{kind.count}f32.p0"
    bits = ir.VectorType(BIT, kind.count)
    known = e.module.globals.get(name)
    if known is None:
        known = ir.Function(e.module, ir.FunctionType(ir.VoidType(), [kind, ir.PointerType(kind), LANE, bits]), name)
    b.call(known, [value, place, ir.Constant(LANE, 4), ir.Constant(bits, [int(lane) for lane in mask])])


__all__ = ["Tile", "masked_store", "over_images"]
