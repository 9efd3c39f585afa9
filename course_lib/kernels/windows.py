"""Implicit GEMM: a convolution as a matrix product whose right side is packed a block at a time.

A convolution is a matrix product of the weights [K, C·R·S] with the windows [C·R·S, P·Q]. The windows are packed a block at a
time (pack.py), and the block is multiplied by a nest of this package (plan.py chooses it, lower.py compiles it):

    for each image, group and block of pixels:        shared out among threads
        for each block of channels:
            pack the windows                          into a buffer that stays in the cache
            oa block += weights block * windows       block_nest

The weights are packed once, at compile time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import gcd
from typing import Any

import numpy as np
from llvmlite import ir

from course_lib.kernels.arrays import aligned, layer
from course_lib.kernels.block import own, write_block
from course_lib.kernels.pack import Image, Windows
from course_lib.kernels.plan import FAR_BYTES, TURN, Plan, alike, block_nest, cache_bytes, even, planned, register_tile
from course_lib.nest.emit import Emitter, Value, const
from course_lib.nest.jit import LIGHT, library_of, new_module
from course_lib.nest.lower import lower
from course_lib.shapes import ConvShape

SOURCE = "Goto & van de Geijn 2008 (blocking); Chetlur et al., cuDNN, 2014 (implicit GEMM), as implemented here"

BLOCK_BYTES = 96 << 10  # of packed windows

Layer = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class WindowsPlan(Plan):
    """The register tile, tall x vectors; then at most so many channels and pixels a block, and output channels a job and a cache block.

    `effort` of the compiler: LIGHT code is there in half the time and no slower, as the blocks come in final form.
    """

    tall: int
    vectors: int
    channels: int
    pixels: int
    part: int
    high: int
    effort: int = LIGHT


def is_flat(shape: ConvShape) -> bool:
    """Whether the windows are a matrix as it stands, its rows the channels: 1x1 without stride and padding."""
    return (shape.R, shape.S) == (1, 1) and shape.strides == (1, 1) and not any(map(any, shape.pads))


def whole_turns(taps: int) -> int:
    """So many channels fill whole turns of the innermost loop: what is left over would be written out once more."""
    return TURN // gcd(TURN, taps)


def windows_plan(shape: ConvShape, threads: int = 1) -> WindowsPlan:
    """The blocks for a layer: see plan.py for the reasons.

    A packed block of windows is small beside the second cache, since what it was packed from passes through there as well. A matrix as it
    stands comes from afar while the block before it is multiplied: small blocks, of which the first, that nobody asked for, is a small
    part; and a block of the output stays in the second cache while the blocks of channels add to it.
    """
    taps, pixels = shape.R * shape.S, shape.P * shape.Q
    each_c, each_k = shape.C // shape.groups, shape.K // shape.groups
    tile, flat = register_tile(each_k, pixels), is_flat(shape)
    channels = alike(each_c, max(1, cache_bytes(1) // (4 if flat else 2) // (4 * tile.wide) // taps), whole_turns(taps))
    depth = channels * taps
    high = even(each_k, max(tile.tall, cache_bytes(2) * 3 // 8 // (4 * depth)), tile.tall)
    if flat:
        most = min(cache_bytes(2) // 4 // (4 * each_k), FAR_BYTES // (4 * depth))
    else:
        most = min(BLOCK_BYTES, cache_bytes(2) * 3 // 8) // (4 * depth)
    block = even(pixels, max(tile.wide, most), tile.wide)
    part = each_k
    jobs = shape.N * shape.groups * -(-pixels // block)
    if threads > 1 and jobs % threads and jobs < 8 * threads:
        if pixels >= 8 * threads * tile.wide:  # enough pixels: an even number of blocks
            blocks = -(-jobs // threads) * threads
            block = even(pixels, -(-pixels // blocks), tile.wide)
        else:  # few pixels, as in the last layers: each thread takes its share of the output channels
            part = even(each_k, -(-each_k // threads), tile.tall)
    return WindowsPlan(tile.tall, tile.vectors, channels, block, part, high)


def cut(plan: WindowsPlan, shape: ConvShape) -> WindowsPlan:
    """The same plan with the sizes this layer has: nearly equal blocks, whole tiles."""
    each_c, each_k, tile = shape.C // shape.groups, shape.K // shape.groups, plan.tile
    part = each_k if plan.part >= each_k else even(each_k, plan.part, tile.tall)
    return replace(
        plan,
        channels=even(each_c, plan.channels, whole_turns(shape.R * shape.S)),
        pixels=even(shape.P * shape.Q, plan.pixels, tile.wide),
        part=part,
        high=even(part, plan.high, tile.tall),
    )


def packed_weights(wt: np.ndarray, shape: ConvShape, plan: WindowsPlan) -> np.ndarray:
    """[group][part][block of channels] each as the nest wants it: panels of `tall` output channels, c r s inside."""
    pieces = []
    each_k = shape.K // shape.groups
    for g in range(shape.groups):
        for k in range(0, each_k, plan.part):
            rows = wt[g * each_k + k : g * each_k + min(k + plan.part, each_k)]
            for c in range(0, shape.C // shape.groups, plan.channels):
                block = rows[:, c : c + plan.channels].reshape(len(rows), -1)
                pieces.append(block_nest(plan.tile, *block.shape[:1], plan.tile.wide, block.shape[1]).problem.ins[0].pack(block).ravel())
    out = aligned(sum(map(len, pieces)))
    np.concatenate(pieces, out=out[: sum(map(len, pieces))])
    return out


def conv_module(shape: ConvShape, plan: WindowsPlan) -> ir.Module:
    """`conv(ia*, wt*, oa*, buffer*, low, high)`: jobs low..high, counted image, group, part, block of pixels."""
    module, tile, image = new_module(), plan.tile, Image.of(shape)
    taps, pixels = shape.R * shape.S, shape.P * shape.Q
    each_c, each_k = shape.C // shape.groups, shape.K // shape.groups
    flat = is_flat(shape)
    if not flat:
        Windows(module, "pack", image, tile.lanes, tile.vectors)
    kernels: dict[tuple[int, int, int], Any] = {}

    def kernel(i: int, j: int, k: int) -> Any:
        if (i, j, k) not in kernels:
            name = f"block_{i}_{j}_{k}"
            if flat:  # a matrix as it stands, its rows are the channels: packed by who reads it first
                write_block(module, name, tile, i, j, k, pixels, high=plan.high)
            else:
                lower(block_nest(tile, i, j, k, plan.high), name, module=module, pitches={"C": (pixels, 1)}, carrying=True)
            kernels[i, j, k] = own(module.globals[name])
        return kernels[i, j, k]

    blocks, parts = -(-pixels // plan.pixels), -(-each_k // plan.part)
    last_pixels, last_part = pixels - (blocks - 1) * plan.pixels, each_k - (parts - 1) * plan.part
    cuts = -(-each_c // plan.channels)
    last_channels = each_c - (cuts - 1) * plan.channels
    rounded = lambda k: -(-k // tile.tall) * tile.tall
    part_size, group_size = rounded(plan.part) * each_c * taps, ((parts - 1) * rounded(plan.part) + rounded(last_part)) * each_c * taps
    for i in {last_part} | ({plan.part} if parts > 1 else set()):
        for j in {last_pixels} | ({plan.pixels} if blocks > 1 else set()):
            for k in {last_channels} | ({plan.channels} if cuts > 1 else set()):
                kernel(i, j, k * taps)

    e = Emitter(module, "conv", ir.FloatType(), 4, 2)
    b, (ia, wt, oa, buffer, low, high) = e.builder, e.function.args

    def job(t: Value, _: list[Value]) -> None:
        block = b.urem(t, const(blocks))
        rest = b.udiv(t, const(blocks))
        part = b.urem(rest, const(parts))
        image_group = b.udiv(rest, const(parts))
        group = b.urem(image_group, const(shape.groups))
        inputs = b.mul(image_group, const(each_c * shape.H * shape.W))
        weights = b.add(b.mul(group, const(group_size)), b.mul(part, const(part_size)))
        first = b.mul(block, const(plan.pixels))
        outputs = b.add(b.mul(b.add(b.mul(image_group, const(each_k)), b.mul(part, const(plan.part))), const(pixels)), first)

        def step(i: int, j: int, k: int, c: Value) -> None:
            source = b.add(inputs, b.mul(c, const(shape.H * shape.W)))
            panels = b.gep(wt, [b.add(weights, b.mul(c, const(rounded(i) * taps)))])
            out = b.gep(oa, [outputs])
            if flat:
                here = b.gep(ia, [b.add(source, first)])
                further = b.select(
                    b.icmp_signed("<", block, const(blocks - 1)), b.gep(ia, [b.add(inputs, b.add(first, const(plan.pixels)))]), here
                )
                deeper = b.icmp_signed("<", c, const((cuts - 1) * plan.channels))
                after = b.select(deeper, b.gep(here, [const(plan.channels * pixels)]), further)
                b.call(kernel(i, j, k), [panels, here, out, panels, buffer, after, c])
            else:
                panel = b.udiv(first, const(tile.wide))
                b.call(module.globals["pack"], [b.gep(ia, [source]), buffer, panel, const(-(-j // tile.wide)), const(k)])
                b.call(kernel(i, j, k * taps), [panels, buffer, out, c])

        def sized(i: int, j: int) -> None:
            def whole(c: Value, _: list[Value]) -> None:
                step(i, j, plan.channels, b.mul(c, const(plan.channels)))

            if cuts > 1:
                e.loop(const(0), const(cuts - 1), whole)
            step(i, j, last_channels, const((cuts - 1) * plan.channels))

        def by_part(j: int) -> None:
            if last_part == plan.part:
                sized(plan.part, j)
            else:
                e.choose(b.icmp_signed("==", part, const(parts - 1)), lambda: sized(last_part, j), lambda: sized(plan.part, j))

        if last_pixels == plan.pixels:
            by_part(plan.pixels)
        else:
            e.choose(b.icmp_signed("==", block, const(blocks - 1)), lambda: by_part(last_pixels), lambda: by_part(plan.pixels))

    e.loop(low, high, job, sure=False)
    b.ret_void()
    return module


def windows_conv(wt: np.ndarray, shape: ConvShape, threads: int = 1, plan: WindowsPlan | None = None) -> Layer:
    """Implicit GEMM: the convolution for every layer that mixes channels; ValueError for a plan of another way."""
    plan = cut(planned(plan, WindowsPlan, lambda: windows_plan(shape, threads)), shape)
    weights = packed_weights(wt, shape, plan)
    library = library_of(conv_module, shape, plan, effort=plan.effort)
    kernel = library.function("conv", "ppppii")
    jobs = shape.N * shape.groups * -(-shape.K // shape.groups // plan.part) * -(-shape.P * shape.Q // plan.pixels)
    depth = plan.channels * shape.R * shape.S
    buffers = [aligned(depth * (plan.pixels + plan.tile.wide)) for _ in range(threads)]

    conv = layer(kernel, shape, weights, buffers, jobs)
    conv.library = library  # type: ignore[attr-defined]
    return conv
