"""Indirect convolution: a list says which pixel each tap of each window reads; padding is one pixel of zeros that many entries name."""

from __future__ import annotations

import numpy as np

from ..shapes import ConvShape
from .arrays import fitted
from .im2col import taps
from .work import Move, Product, Work

SOURCE = "Dukhan, The Indirect Convolution Algorithm, 2019"

PIXELS = 128  # output pixels a product


def pointers(shape: ConvShape) -> np.ndarray:
    """which[P·Q, R·S]: the number h·W + w of the pixel that a tap reads, H·W (the pixel of zeros) outside the image.

    It depends on neither values nor channels: made once, it serves every image and every layer of this geometry.

    >>> pointers(ConvShape(N=1, C=9, H=2, W=2, K=1, R=2, S=2, pad=((0, 1), (0, 0)))).tolist()
    [[0, 1, 2, 3], [2, 3, 4, 4]]
    """
    which = np.full((shape.P, shape.Q, shape.R, shape.S), shape.H * shape.W, np.intp)
    pixel = np.arange(shape.H * shape.W).reshape(shape.H, shape.W)
    for r, s, rows, columns, high, wide in taps(shape):
        which[rows, columns, r, s] = pixel[high, wide]
    return which.reshape(shape.P * shape.Q, shape.R * shape.S)


def conv2d(ia: np.ndarray, wt: np.ndarray, shape: ConvShape) -> np.ndarray:
    """ia[N,C,H,W] * wt[K,C/groups,R,S] -> oa[N,K,P,Q]: the image as pixels[H·W + 1, C], 128 windows fetched and multiplied at a time.

    Stride, dilation and padding are all in the pointers and cost nothing when it runs. (In machine code the product follows the
    pointers itself; numpy's cannot, so the windows of one product are fetched before it.)
    """
    ia, wt, result = fitted(ia, wt, shape)
    N, K, P, Q = shape.oa_shape
    K_g, C_g = K // shape.groups, shape.C // shape.groups
    which = pointers(shape)
    count = min(PIXELS, P * Q)
    pixels = np.zeros((shape.H * shape.W + 1, C_g), ia.dtype)  # the last one is the pixel of zeros
    windows = np.empty((count, shape.R * shape.S, C_g), ia.dtype)
    a = np.empty((K_g, shape.R, shape.S, C_g), ia.dtype)  # the filters, channels innermost as in the windows
    oa = np.empty((N, K, P * Q), ia.dtype)
    for g in range(shape.groups):
        filters = slice(g * K_g, (g + 1) * K_g)
        a[...] = wt[filters].transpose(0, 2, 3, 1)
        for n in range(N):
            pixels[:-1].reshape(shape.H, shape.W, C_g)[...] = ia[n, g * C_g : (g + 1) * C_g].transpose(1, 2, 0)
            for j in range(0, P * Q, count):
                here = windows[: min(count, P * Q - j)]
                np.take(pixels, which[j : j + count], axis=0, out=here, mode="clip")  # "clip": straight into `here`
                np.matmul(a.reshape(K_g, -1), here.reshape(len(here), -1).T, out=oa[n, filters, j : j + count])
    return oa.reshape(N, K, P, Q).astype(result, copy=False)


def workspace(shape: ConvShape) -> int:
    """Bytes beside ia, wt and oa, for float32: P·Q·R·S pointers of 8, a group's pixels, windows of one product and its filters."""
    C_g, K_g, taps_ = shape.C // shape.groups, shape.K // shape.groups, shape.R * shape.S
    inside = 4 * ((shape.H * shape.W + 1) * C_g + min(PIXELS, shape.P * shape.Q) * taps_ * C_g + K_g * C_g * taps_)
    return 8 * shape.P * shape.Q * taps_ + inside


def cannot(shape: ConvShape) -> str | None:
    """Why it cannot compute this layer, in words; None: it can compute every layer."""
    return None


def work(shape: ConvShape) -> Work:
    """The image turned to pixels, windows fetched in runs of C, a product for 128 of them."""
    C_g, K_g, taps_, outputs = shape.C // shape.groups, shape.K // shape.groups, shape.R * shape.S, shape.P * shape.Q
    times, count = shape.N * shape.groups, min(PIXELS, shape.P * shape.Q)
    products = tuple(Product(times * i, K_g, n, C_g * taps_) for i, n in ((outputs // count, count), (1, outputs % count)) if i * n)
    return (
        Move("copy", taps_, outputs * taps_, 1),
        Move("copy", shape.groups, shape.params, 1),
        Move("copy", times, times * C_g * shape.H * shape.W, 1),
        Move("copy", times * -(-outputs // count), times * outputs * taps_ * C_g, C_g),
        *products,
    )
