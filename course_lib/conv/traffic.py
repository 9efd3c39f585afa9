"""Bytes between the caches: every algorithm's loads and stores in order, element by element, fed to simulated caches.

What is assumed, in words. Arrays lie one after the other on pages of their own, in float32. A copy loads an element and stores it, in
the order in which the destination lies. A product holds 4 x 16 outputs in registers over the whole sum, so it loads 20 elements
for 64 multiply-adds, tile after tile down a strip of columns; nothing is packed. A transform of a tile loads it whole and stores it
whole. Pointers and addresses are loads of 8 bytes. Memory that an algorithm uses again for the next image or tile stays where it is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..machine.cache import Cache, Memory
from ..nest.problem import conv_problem
from ..nest.schedule import schedule
from ..records import Report
from ..shapes import ConvShape
from . import fft, implicit_gemm, indirect, mec, tiled, winograd
from .im2col import taps
from .refuse import refuse
from .tiles import Tiles
from .work import Product, Work

SOURCE = "as implemented here; caches as in course_lib.machine.cache"

LEVELS = (Cache(32 << 10, 64, 8, name="L1"), Cache(1 << 20, 64, 16, name="L2"))  # a core of today, the same on every machine
MOST_MACS = 20_000_000  # beyond it the trace takes long: the closed form answers instead
TALL, BROAD = 4, 16  # outputs that a product holds in registers
PAGE = 4096
NAMES = ("IA", "W", "OA", "workspace")


class Stream:
    """Accesses made piece by piece and simulated at once; `room(name, bytes)` says where an array begins."""

    def __init__(self, shape: ConvShape, levels: tuple[Cache, ...]) -> None:
        self.memory, self.end = Memory(levels, len(NAMES)), PAGE  # no array lies at address 0
        N, C, H, W = shape.ia_shape
        self.ia = self.room(4 * N * C * H * W)
        self.wt = self.room(4 * shape.params)
        self.oa = self.room(4 * int(np.prod(shape.oa_shape)))
        self.starts = np.array([self.ia, self.wt, self.oa, self.end])

    def room(self, size: int) -> int:
        start = self.end
        self.end += -(-size // PAGE) * PAGE
        return start

    def touch(self, address: np.ndarray, store: np.ndarray | bool) -> None:
        """Accesses in order; whose they are is read off the address."""
        address = address.reshape(-1)
        stores = np.broadcast_to(store, address.shape) if isinstance(store, bool) else store.reshape(-1)
        tensor = np.searchsorted(self.starts, address, "right") - 1
        self.memory.access(address, stores, np.minimum(tensor, len(NAMES) - 1))

    def copy(self, source: np.ndarray, to: np.ndarray, add: bool = False) -> None:
        """Load each source, (load and) store each destination; byte addresses, broadcast against each other, in C order."""
        source, to = np.broadcast_arrays(source, to)
        steps = [source, to, to] if add else [source, to]
        stores = np.array([False, False, True] if add else [False, True])
        address = np.stack([step.reshape(-1) for step in steps], 1)
        self.touch(address, np.broadcast_to(stores, address.shape))

    def product(self, a: np.ndarray, b: np.ndarray, c: np.ndarray, add: bool = False) -> None:
        """c[M,N] = (c +) a[M,K] @ b[K,N], the three as arrays of byte addresses, a strip of 16 columns at a time."""
        M, N = c.shape
        for j in range(0, N, BROAD):
            right = b[:, j : j + BROAD]
            for i in range(0, M, TALL):
                left, out = a[i : i + TALL].T, c[i : i + TALL, j : j + BROAD].reshape(-1)
                if add:
                    self.touch(out, False)
                self.touch(np.concatenate([left, right], 1), False)
                self.touch(out, True)


def grid(base: int, *axes: tuple[int, int]) -> np.ndarray:
    """Byte addresses base + 4·Σ index·stride over (extent, stride) axes."""
    out = np.array(base, np.int64)
    for i, (extent, stride) in enumerate(axes):
        out = out + 4 * stride * np.arange(extent).reshape((-1,) + (1,) * (len(axes) - 1 - i))
    return out


def image(s: Stream, shape: ConvShape, n: int, g: int = 0) -> np.ndarray:
    """Addresses of the channels of one image and group, [C/groups, H, W]."""
    C_g, area = shape.C // shape.groups, shape.H * shape.W
    return grid(s.ia + 4 * (n * shape.C + g * C_g) * area, (C_g, area), (shape.H, shape.W), (shape.W, 1))


def result(s: Stream, shape: ConvShape, n: int, g: int = 0) -> np.ndarray:
    """Addresses of the outputs of one image and group, [K/groups, P·Q]."""
    K_g, area = shape.K // shape.groups, shape.P * shape.Q
    return grid(s.oa + 4 * (n * shape.K + g * K_g) * area, (K_g, area), (area, 1))


def filters(s: Stream, shape: ConvShape, g: int = 0) -> np.ndarray:
    """Addresses of the weights of one group, [K/groups, C/groups, R, S]."""
    K_g, C_g, taps_ = shape.K // shape.groups, shape.C // shape.groups, shape.R * shape.S
    return grid(s.wt + 4 * g * K_g * C_g * taps_, (K_g, C_g * taps_), (C_g, taps_), (shape.R, shape.S), (shape.S, 1))


def walk_im2col(s: Stream, shape: ConvShape) -> None:
    C_g, outputs = shape.C // shape.groups, shape.P * shape.Q
    long = C_g * shape.R * shape.S
    base = s.room(4 * long * shape.groups * outputs)
    for n in range(shape.N):
        for g in range(shape.groups):
            rows_of = (C_g, shape.R * shape.S * outputs), (shape.R, shape.S * outputs), (shape.S, outputs)
            cols = grid(base + 4 * g * long * outputs, *rows_of, (shape.P, shape.Q), (shape.Q, 1))
            here = image(s, shape, n, g)
            for r, t, rows, columns, high, wide in taps(shape):
                s.copy(here[:, high, wide], cols[:, r, t, rows, columns])
            s.product(filters(s, shape, g).reshape(-1, long), cols.reshape(long, outputs), result(s, shape, n, g))


def walk_pointwise(s: Stream, shape: ConvShape) -> None:
    down, across = shape.strides
    C_g, outputs = shape.C // shape.groups, shape.P * shape.Q
    base = s.room(4 * C_g * outputs) if (down, across) != (1, 1) else 0
    for n in range(shape.N):
        for g in range(shape.groups):
            pixels = image(s, shape, n, g)[:, ::down, ::across].reshape(C_g, outputs)
            if base:
                there = grid(base, (C_g, outputs), (outputs, 1))
                s.copy(pixels, there)
                pixels = there
            s.product(filters(s, shape, g).reshape(-1, C_g), pixels, result(s, shape, n, g))


def walk_kn2row(s: Stream, shape: ConvShape) -> None:
    K_g, C_g, area = shape.K // shape.groups, shape.C // shape.groups, shape.H * shape.W
    part, tap = grid(s.room(4 * K_g * area), (K_g, area), (area, 1)), grid(s.room(4 * K_g * C_g), (K_g, C_g), (C_g, 1))
    s.touch(grid(s.oa, (int(np.prod(shape.oa_shape)), 1)), True)  # the zeros to begin with
    for r, t, rows, columns, high, wide in taps(shape):
        for g in range(shape.groups):
            s.copy(filters(s, shape, g)[:, :, r, t], tap)
            for n in range(shape.N):
                s.product(tap, image(s, shape, n, g).reshape(C_g, area), part)
                oa = result(s, shape, n, g).reshape(K_g, shape.P, shape.Q)
                s.copy(part.reshape(K_g, shape.H, shape.W)[:, high, wide], oa[:, rows, columns], add=True)


def walk_mec(s: Stream, shape: ConvShape) -> None:
    C_g, K_g, high = shape.C // shape.groups, shape.K // shape.groups, shape.H + sum(shape.pads[0])
    across, long = high * shape.S * C_g, shape.R * shape.S * C_g
    base, a = s.room(4 * mec.strip_elements(shape)), grid(s.room(4 * K_g * long), (K_g, long), (long, 1))
    top, down = shape.pads[0][0], shape.strides[0]
    tap_columns = [(t, columns, wide) for r, t, _, columns, _, wide in taps(shape) if r == 0]
    for g in range(shape.groups):
        s.copy(filters(s, shape, g).transpose(0, 2, 3, 1).reshape(K_g, long), a)
        for n in range(shape.N):
            strips = grid(base + 4 * n * shape.Q * across, (shape.Q, across), (high, shape.S * C_g), (shape.S, C_g), (C_g, 1))
            for t, columns, wide in tap_columns:
                s.copy(image(s, shape, n, g)[:, :, wide].transpose(2, 1, 0), strips[columns, top : top + shape.H, t])
            oa = result(s, shape, n, g).reshape(K_g, shape.P, shape.Q)
            flat = strips.reshape(shape.Q, across)
            for p in range(shape.P):
                start = p * down * shape.S * C_g
                s.product(a, flat[:, start : start + long].T, oa[:, p])


def walk_implicit_gemm(s: Stream, shape: ConvShape) -> None:
    C_g, K_g = shape.C // shape.groups, shape.K // shape.groups
    off_k, off_j = implicit_gemm.offsets(shape)
    high, wide = implicit_gemm.padded_size(shape)
    deep, broad = min(implicit_gemm.DEEP, off_k.size), min(implicit_gemm.WIDE, off_j.size)
    padded = grid(s.room(4 * C_g * high * wide), (C_g, high * wide), (high, wide), (wide, 1))
    tile, part = s.room(4 * deep * broad), s.room(4 * K_g * broad)
    lists = s.room(8 * (off_k.size + off_j.size))
    (top, _), (left, _) = shape.pads
    for n in range(shape.N):
        for g in range(shape.groups):
            s.copy(image(s, shape, n, g), padded[:, top : top + shape.H, left : left + shape.W])
            a, oa = filters(s, shape, g).reshape(K_g, -1), result(s, shape, n, g)
            for j in range(0, off_j.size, broad):
                for k in range(0, off_k.size, deep):
                    there = padded.reshape(-1)[off_k[k : k + deep, None] + off_j[None, j : j + broad]]
                    s.touch(lists + 8 * np.arange(k, k + there.shape[0]), False)
                    s.touch(lists + 8 * (off_k.size + np.arange(j, j + there.shape[1])), False)
                    here = grid(tile, (there.shape[0], there.shape[1]), (there.shape[1], 1))
                    out = grid(part, (K_g, there.shape[1]), (there.shape[1], 1))
                    s.copy(there, here)
                    s.product(a[:, k : k + deep], here, out)
                    s.copy(out, oa[:, j : j + broad], add=True)


def walk_indirect(s: Stream, shape: ConvShape) -> None:
    C_g, K_g, outputs, area = shape.C // shape.groups, shape.K // shape.groups, shape.P * shape.Q, shape.H * shape.W
    which, long = indirect.pointers(shape), C_g * shape.R * shape.S
    count = min(indirect.PIXELS, outputs)
    pixels = grid(s.room(4 * (area + 1) * C_g), (area + 1, C_g), (C_g, 1))
    a, windows, lists = grid(s.room(4 * K_g * long), (K_g, long), (long, 1)), s.room(4 * count * long), s.room(8 * which.size)
    for g in range(shape.groups):
        s.copy(filters(s, shape, g).transpose(0, 2, 3, 1).reshape(K_g, long), a)
        for n in range(shape.N):
            s.copy(image(s, shape, n, g).reshape(C_g, area).T, pixels[:-1])
            for j in range(0, outputs, count):
                rows = which[j : j + count]
                s.touch(lists + 8 * (np.arange(rows.size) + j * which.shape[1]), False)
                here = grid(windows, (len(rows), long), (long, 1))
                s.copy(pixels[rows].reshape(len(rows), long), here)
                s.product(a, here.T, result(s, shape, n, g)[:, j : j + count])


def walk_depthwise(s: Stream, shape: ConvShape) -> None:
    each, area = shape.K // shape.C, shape.P * shape.Q
    scaled = grid(s.room(4 * shape.K * area), (shape.C, each * area), (each, area), (shape.P, shape.Q), (shape.Q, 1))
    weights = grid(s.wt, (shape.K, shape.R * shape.S), (shape.R, shape.S), (shape.S, 1))
    s.touch(grid(s.oa, (int(np.prod(shape.oa_shape)), 1)), True)
    for n in range(shape.N):
        here = grid(s.ia + 4 * n * shape.C * shape.H * shape.W, (shape.C, shape.H * shape.W), (shape.H, shape.W), (shape.W, 1))
        oa = grid(s.oa + 4 * n * shape.K * area, (shape.C, each * area), (each, area), (shape.P, shape.Q), (shape.Q, 1))
        for r, t, rows, columns, high, wide in taps(shape):
            s.touch(weights[:, r, t], False)
            part = scaled[:, :, rows, columns]
            s.copy(here[:, None, high, wide], part)
            s.copy(part, oa[:, :, rows, columns], add=True)


def tile_addresses(tiles: Tiles, base: int, channels: int, count: int, sides: tuple[int, int]) -> np.ndarray:
    """Addresses of tiles [a, b, channels, count] in a buffer."""
    return grid(base, (sides[0], sides[1] * channels * count), (sides[1], channels * count), (channels, count), (count, 1))


def walk_tiles(s: Stream, shape: ConvShape, tiles: Tiles, points: int, width: int) -> None:
    """What winograd and fft share: tiles gathered, turned into `points` numbers of `width` floats, multiplied, turned back, stored."""
    C_g, K_g, (n_h, n_w) = shape.C // shape.groups, shape.K // shape.groups, tiles.n
    U = grid(s.room(4 * width * points * K_g * C_g), (points, width * K_g * C_g), (K_g, width * C_g), (C_g, width))
    most = max(C_g, K_g) * tiles.most
    one, two = s.room(4 * width * tiles.area * most), s.room(4 * width * tiles.area * most)
    for g in range(shape.groups):
        s.touch(filters(s, shape, g), False)
        s.touch(U, True)
        for n in range(shape.N):
            here = image(s, shape, n, g)
            for first in tiles.blocks:
                rows, count = tiles.rows(first), tiles.rows(first) * tiles.across
                d = np.zeros((n_h, n_w, C_g, rows, tiles.across), np.int64)
                tiles.gather(here, first, d)  # addresses instead of numbers; 0 is the padding, which nobody loads
                to = tile_addresses(tiles, two, C_g, count, tiles.n).reshape(d.shape)
                s.copy(d[d > 0], to[d > 0])
                s.touch(to[d == 0], True)
                V = grid(one, (points, width * C_g * count), (C_g, width * count), (count, width))
                s.touch(to, False)
                s.touch(V, True)
                s.touch(V, False)  # a transform goes down the tile, then across
                s.touch(V, True)
                M = grid(two, (points, width * K_g * count), (K_g, width * count), (count, width))
                for x in range(points):
                    s.product(U[x], V[x], M[x])
                y = tile_addresses(tiles, one, K_g, count, tiles.m)
                s.touch(M, False)
                s.touch(y, True)
                oa = result(s, shape, n, g).reshape(K_g, shape.P, shape.Q)
                for i in range(tiles.m[0]):
                    for j in range(tiles.m[1]):
                        put = oa[:, first * tiles.m[0] + i : (first + rows) * tiles.m[0] : tiles.m[0], j :: tiles.m[1]]
                        source = y[i, j].reshape(K_g, rows, tiles.across)[:, : put.shape[1], : put.shape[2]]
                        s.copy(source, put)


def walk_winograd(s: Stream, shape: ConvShape, m: int | None = None) -> None:
    tiles = winograd.tiles_for(shape, m)
    walk_tiles(s, shape, tiles, tiles.area, 1)


def walk_fft(s: Stream, shape: ConvShape) -> None:
    tiles = fft.tiles_for(shape)
    walk_tiles(s, shape, tiles, tiles.n[0] * (tiles.n[1] // 2 + 1), 2)


WALKS: dict[str, Callable[[Stream, ConvShape], None]] = {
    "im2col": walk_im2col,
    "implicit_gemm": walk_implicit_gemm,
    "indirect": walk_indirect,
    "mec": walk_mec,
    "kn2row": walk_kn2row,
    "winograd": walk_winograd,
    "fft": walk_fft,
    "pointwise": walk_pointwise,
    "depthwise": walk_depthwise,
}
LOOPS = {"direct": lambda shape: schedule(conv_problem(shape, wt="KCRS")), "tiled": tiled.tiled_nest}


def traffic(name: str, shape: ConvShape, levels: tuple[Cache, ...] = LEVELS, m: int | None = None) -> Report:
    """The traffic of one algorithm for one layer through cache `levels` -> Report as machine.simulate's, a row a level and tensor.

    Exact for the order of accesses that this file states; for layers of up to 20 million MACs, ValueError beyond. `m` is
    Winograd's tile; MEC is walked as its solution B.
    """
    from ..machine.stream import simulate_nest
    from .algorithms import ALGORITHMS

    if name not in ALGORITHMS:
        raise ValueError(f"name: want one of {', '.join(ALGORITHMS)}, got {name!r}")
    refuse(name, ALGORITHMS[name].cannot(shape))
    if shape.macs > MOST_MACS:
        raise ValueError(f"shape: {shape.macs:,} MACs are too many to walk through, at most {MOST_MACS:,}; ask bytes_once(work)")
    if name in LOOPS:
        return simulate_nest(LOOPS[name](shape), levels)
    stream = Stream(shape, levels)
    if name == "winograd":
        walk_winograd(stream, shape, m)
    else:
        WALKS[name](stream, shape)
    return stream.memory.report(NAMES)


def bytes_of(report: Report) -> dict[str, int]:
    """{level: bytes that cross below it, in and out}: what L1 exchanges with L2, and the last level with the memory."""
    out: dict[str, int] = {}
    for row in report:
        out[row["level"]] = out.get(row["level"], 0) + row["bytes in"] + row["bytes out"]
    return out


def bytes_once(work: Work) -> int:
    """The closed form for layers too large to walk through: every step's operands moved once, 4 bytes a number.

    >>> bytes_once((Product(2, 3, 4, 5),))
    376
    """
    total = 0
    for step in work:
        if isinstance(step, Product):
            numbers = step.M * step.K + step.K * step.N + step.M * step.N
            total += 4 * step.times * numbers * (2 if step.each == 4 else 1)
        elif step.kind in ("python", "nest"):
            total += 12 * step.multiplications  # nothing is known to be held: two operands and a sum a turn
        else:
            total += 4 * step.elements * (3 if step.kind == "add" else 2)
    return total
