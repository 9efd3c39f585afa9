"""A picture in a frame of zeros, cut by stride: afterwards every tap of the filter is one shift of the whole picture.

    output pixel (p, q) under tap (c, r, s) reads   frame[offset(c, r, s) + p·pitch + q]

whatever stride, padding and dilation are: the padding is written once, and a stride of u x v deals the picture out to u·v
pictures, one a remainder (h mod u, w mod v), so that neighbours in the output are neighbours in the frame. Remainders that no tap meets
are left out: a 1x1 layer of stride 2 copies a quarter of its input.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from llvmlite import ir

from course_lib.nest.emit import Emitter, Value, const
from course_lib.nest.jit import lanes
from course_lib.shapes import ConvShape

SOURCE = "Park et al., Direct sparse convolutions, ICLR 2017 (the layout function f, the padded copy); the cut by stride is ours"


@dataclass(frozen=True)
class Frame:
    """`phases` the remainders kept, (rows, columns); each a plane of `high` x `pitch` numbers, `plane` with its slack; C·phases planes."""

    phases: tuple[tuple[int, int], ...]
    high: int
    pitch: int
    plane: int
    shape: ConvShape

    @classmethod
    def of(cls, shape: ConvShape) -> Frame:
        (u, v), (down, across) = shape.strides, shape.dilations
        high = shape.P + down * (shape.R - 1) // u
        pitch = shape.Q + across * (shape.S - 1) // v
        phases = tuple(sorted({(r * down % u, s * across % v) for r in range(shape.R) for s in range(shape.S)}))
        plane = -(-high * pitch // lanes()) * lanes()  # channels begin with a vector: a 1x1 layer loads aligned ones only
        if shape.C * len(phases) * plane >= 2**31:
            raise ValueError(
                f"shape: the padded input would have {shape.C * len(phases) * plane:,} numbers, more than 32-bit offsets reach"
            )
        return cls(phases, high, pitch, plane, shape)

    @property
    def plain(self) -> bool:
        """Nothing to copy: a 1x1 layer of stride 1 without padding, its channels in whole vectors, reads its input where it lies."""
        shape = self.shape
        inside = shape.R == shape.S == 1 and shape.strides == (1, 1) and (self.high, self.pitch) == (shape.H, shape.W)
        return inside and self.plane == shape.H * shape.W

    @property
    def size(self) -> int:
        """Numbers in the frame; a vector more may be read behind them."""
        return self.shape.C * len(self.phases) * self.plane

    @property
    def channel(self) -> int:
        """Numbers from one input channel to the next."""
        return len(self.phases) * self.plane

    def offsets(self) -> np.ndarray:
        """offset(c, r, s) for the channels of one group, int64 [C/groups·R·S] in the order of the weights."""
        (u, v), (down, across) = self.shape.strides, self.shape.dilations
        taps = []
        for r in range(self.shape.R):
            for s in range(self.shape.S):
                h, w = r * down, s * across
                taps.append(self.phases.index((h % u, w % v)) * self.plane + h // u * self.pitch + w // v)
        channels = np.arange(self.shape.C // self.shape.groups, dtype=np.int64) * self.channel
        return (channels[:, None] + np.array(taps, np.int64)).ravel()


def frame_kernel(module: ir.Module, name: str, frame: Frame) -> None:
    """`name(ia*, frame*, low, high)`: copy the channels low..high of one image into the frame, whose zeros stay."""
    shape, L = frame.shape, lanes()
    e = Emitter(module, name, ir.FloatType(), 2, 2)
    b, (ia, out, low, high) = e.builder, e.function.args
    (u, v), ((top, _), (left, _)) = shape.strides, shape.pads

    def line(source: Value, to: Value, count: int) -> None:
        """`count` numbers in vectors; the last one is moved back to end with the line, and copies some numbers again."""
        wide = min(L, 1 << (count.bit_length() - 1)) if v <= 2 else L if count >= L else 1

        def piece(i: Value, _: list[Value]) -> None:
            if wide == 1:
                e.store(e.load(source, b.mul(i, const(v)), 0), to, i, 0)
            else:
                e.store(e.load(source, i, 0, wide) if v == 1 else e.gather(source, b.mul(i, const(v)), 0, v, wide), to, i, 0)

        e.loop(const(0), const(count // wide * wide), piece, step=wide)
        if count % wide:
            piece(const(count - wide), [])

    def channel(c: Value, _: list[Value]) -> None:
        picture = b.gep(ia, [b.mul(c, const(shape.H * shape.W))])
        for number, (a, z) in enumerate(frame.phases):
            first, begin = max(0, -(-(top - a) // u)), max(0, -(-(left - z) // v))  # before them lie zeros
            rows = min(frame.high - first, -(-(shape.H - (first * u + a - top)) // u))
            columns = min(frame.pitch - begin, -(-(shape.W - (begin * v + z - left)) // v))
            if rows <= 0 or columns <= 0:
                continue
            source = b.gep(picture, [const((first * u + a - top) * shape.W + begin * v + z - left)])
            to = b.gep(out, [b.add(b.mul(c, const(frame.channel)), const(number * frame.plane + first * frame.pitch + begin))])

            def row(h: Value, _: list[Value], source: Value = source, to: Value = to, columns: int = columns) -> None:
                line(b.gep(source, [b.mul(h, const(u * shape.W))]), b.gep(to, [b.mul(h, const(frame.pitch))]), columns)

            if u == v == 1 and columns == shape.W == frame.pitch:  # rows that touch are one long row
                line(source, to, rows * columns)
            else:
                e.loop(const(0), const(rows), row)

    e.loop(low, high, channel, sure=False)
    b.ret_void()


__all__ = ["Frame", "frame_kernel"]
