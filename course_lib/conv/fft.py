"""FFT: tiles of the image and the filters become waves; there a convolution is one complex multiplication a frequency."""

from __future__ import annotations

from math import log2

import numpy as np

from ..shapes import ConvShape
from .arrays import fitted, through_float64
from .refuse import refuse
from .tiles import Tiles, tiles_of
from .work import Move, Product, Work

SOURCE = "Mathieu, Henaff & LeCun, Fast Training of Convolutional Networks through FFTs, ICLR 2014; tiles: overlap-save"


def side(taps: int, image: int) -> int:
    """The length of a transform: four times the window in powers of two, at least 16, no more than the padded image asks for."""
    length = 16
    while length < 4 * taps:
        length *= 2
    enough = 2
    while enough < max(image, taps):
        enough *= 2
    return min(length, enough)


def tiles_for(shape: ConvShape) -> Tiles:
    """Tiles of n x n inputs with m = n - window + 1 outputs that no wrapped-around input has reached."""
    (d_h, d_w), (pads_h, pads_w) = shape.dilations, shape.pads
    tall, broad = d_h * (shape.R - 1) + 1, d_w * (shape.S - 1) + 1
    n = side(tall, shape.H + sum(pads_h)), side(broad, shape.W + sum(pads_w))
    return tiles_of(shape, (n[0] - tall + 1, n[1] - broad + 1), n)


def filters_to_waves(wt: np.ndarray, tiles: Tiles) -> np.ndarray:
    """wt[K,C,R,S] -> the conjugate of its transform, waves[n_h · (n_w/2 + 1), K, C] complex: the other half is its mirror image."""
    (n_h, n_w), (K, C, R, S), (d_h, d_w) = tiles.n, wt.shape, tiles.shape.dilations
    spread = np.zeros((n_h, n_w, K, C), wt.dtype)
    spread[: d_h * R : d_h, : d_w * S : d_w] = wt.transpose(2, 3, 0, 1)
    waves = np.empty((n_h, n_w // 2 + 1, K, C), np.result_type(wt.dtype, np.complex64))
    np.fft.rfft(spread, axis=1, norm="forward", out=waves)  # "forward": numpy stays in float32 where it has a factor to multiply by
    np.fft.fft(waves, axis=0, norm="forward", out=waves)
    np.conjugate(waves, out=waves)  # correlation, not convolution: the filter is not turned around
    waves *= waves.dtype.type(float(tiles.area) ** 2)  # filters and data were both divided by the area: a power of two, exact
    return waves.reshape(-1, K, C)


def conv2d(ia: np.ndarray, wt: np.ndarray, shape: ConvShape) -> np.ndarray:
    """ia[N,C,H,W] * wt[K,C/groups,R,S] -> oa[N,K,P,Q] by tiles of waves; a dilation costs nothing, for stride 1.

    A NaN or an infinity spreads over the tiles it lies in. Whole numbers go through float64 and come out exact, or are refused
    where they are too large for that to be sure. Raises ValueError for strides.
    """
    ia, wt, result = fitted(ia, wt, shape)
    refuse("fft", cannot(shape))
    if ia.dtype.kind == "i":
        # every value of a transform is a sum of all, so an output meets C·R·S products n_h·n_w times over at the most
        growth = float(shape.C // shape.groups * shape.R * shape.S * tiles_for(shape).area)
        return np.rint(compute(*through_float64("fft", ia, wt, growth), shape)).astype(result)
    return compute(ia, wt, shape).astype(result, copy=False)


def compute(ia: np.ndarray, wt: np.ndarray, shape: ConvShape) -> np.ndarray:
    tiles, K_g, C_g = tiles_for(shape), shape.K // shape.groups, shape.C // shape.groups
    oa = np.empty(shape.oa_shape, ia.dtype)
    for g in range(shape.groups):
        of_filters = slice(g * K_g, (g + 1) * K_g)
        one_group(ia[:, g * C_g : (g + 1) * C_g], wt[of_filters], tiles, oa[:, of_filters])
    return oa


def one_group(ia: np.ndarray, wt: np.ndarray, tiles: Tiles, oa: np.ndarray) -> None:
    """ia[N,C,H,W], wt[K,C,R,S] of one group -> oa[N,K,P,Q], written in place."""
    (K, C), (n_h, n_w), wide, most = wt.shape[:2], tiles.n, tiles.n[1] // 2 + 1, tiles.most
    wave = np.result_type(ia.dtype, np.complex64)
    filters = filters_to_waves(wt, tiles)
    pictures = np.empty(tiles.area * max(C, K) * most, ia.dtype)
    ins, outs = np.empty(n_h * wide * C * most, wave), np.empty(n_h * wide * K * most, wave)
    for n in range(len(ia)):
        for first in tiles.blocks:
            rows, count = tiles.rows(first), tiles.rows(first) * tiles.across
            d = pictures[: tiles.area * C * count].reshape(n_h, n_w, C, rows, tiles.across)
            tiles.gather(ia[n], first, d)
            V = ins[: n_h * wide * C * count].reshape(n_h, wide, C, rows, tiles.across)
            np.fft.rfft(d, axis=1, norm="forward", out=V)
            np.fft.fft(V, axis=0, norm="forward", out=V)
            products = outs[: n_h * wide * K * count].reshape(n_h * wide, K, count)
            np.matmul(filters, V.reshape(n_h * wide, C, count), out=products)
            M = products.reshape(n_h, wide, K, rows, tiles.across)
            np.fft.ifft(M, axis=0, out=M)
            y = pictures[: tiles.area * K * count].reshape(n_h, n_w, K, rows, tiles.across)
            np.fft.irfft(M, n_w, axis=1, out=y)
            tiles.scatter(y[: tiles.m[0], : tiles.m[1]], first, oa[n])


def workspace(shape: ConvShape) -> int:
    """Bytes beside ia, wt and oa, for float32: the waves of a group's filters (complex, 8 bytes), and of the tiles worked on at a time."""
    tiles, K_g, C_g = tiles_for(shape), shape.K // shape.groups, shape.C // shape.groups
    waves = tiles.n[0] * (tiles.n[1] // 2 + 1)
    filters = 8 * waves * K_g * C_g
    buffers = 4 * tiles.area * max(C_g, K_g) * tiles.most + 8 * waves * (C_g + K_g) * tiles.most
    return filters + max(4 * tiles.area * K_g * C_g, buffers if shape.N else 0)


def cannot(shape: ConvShape) -> str | None:
    """Why it cannot compute this layer, in words; None where it can."""
    return None if shape.strides == (1, 1) else f"stride is {shape.stride}, it must be 1: waves know no stride"


def work(shape: ConvShape) -> Work:
    """Tiles gathered and transformed, a complex product [K, C] @ [C, tiles] a frequency, transformed back and put in place."""
    tiles, G, K_g, C_g = tiles_for(shape), shape.groups, shape.K // shape.groups, shape.C // shape.groups
    waves, images = tiles.n[0] * (tiles.n[1] // 2 + 1), shape.N * G
    passes, (m_h, m_w) = log2(tiles.area), tiles.m  # a transform takes n log n operations

    def transform(pictures: int, calls: int) -> Move:
        return Move("fft", calls, int(pictures * tiles.area * passes), 1)

    steps: list[Product | Move] = [Move("copy", G, shape.params, 1), transform(K_g * C_g * G, 2 * G)]
    for blocks, count in tiles.counts:
        times = images * blocks
        steps += [
            Move("copy", times * tiles.area, times * count * tiles.area * C_g, 1),
            transform(times * count * C_g, 2 * times),
            Product(times * waves, K_g, count, C_g, 4),
            transform(times * count * K_g, 2 * times),
            Move("copy", times * m_h * m_w, times * count * m_h * m_w * K_g, 1),
        ]
    return tuple(steps)
