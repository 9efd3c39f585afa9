"""Pointwise: a 1x1 convolution is a matrix product as it stands, nothing is lowered."""

from __future__ import annotations

import numpy as np

from ..shapes import ConvShape
from .arrays import fitted
from .refuse import refuse
from .work import Move, Product, Work

SOURCE = "Lin, Chen & Yan, Network In Network, ICLR 2014 (the 1x1 layer); as a product: every BLAS-based framework"


def conv2d(ia: np.ndarray, wt: np.ndarray, shape: ConvShape) -> np.ndarray:
    """ia[N,C,H,W] * wt[K,C/groups,1,1] -> oa[N,K,P,Q]: W[K,C] @ IA[C,H·W]; with a stride the pixels that count are copied first.

    Raises ValueError for larger windows and for padding.
    """
    ia, wt, result = fitted(ia, wt, shape)
    refuse("pointwise", cannot(shape))
    N, K, P, Q = shape.oa_shape
    (down, across), K_g, C_g = shape.strides, K // shape.groups, shape.C // shape.groups
    oa = np.empty((N, K, P * Q), ia.dtype)
    a = wt.reshape(K, C_g)
    for n in range(N):
        pixels = np.ascontiguousarray(ia[n, :, ::down, ::across]).reshape(shape.C, P * Q)  # a copy where the stride is not 1
        for g in range(shape.groups):
            filters, channels = slice(g * K_g, (g + 1) * K_g), slice(g * C_g, (g + 1) * C_g)
            np.matmul(a[filters], pixels[channels], out=oa[n, filters])
        del pixels
    return oa.reshape(N, K, P, Q).astype(result, copy=False)


def workspace(shape: ConvShape) -> int:
    """Bytes beside ia, wt and oa, for float32: none at stride 1, otherwise 4·C·P·Q for the pixels that count."""
    return 0 if shape.strides == (1, 1) or not shape.N else 4 * shape.C * shape.P * shape.Q


def cannot(shape: ConvShape) -> str | None:
    """Why it cannot compute this layer, in words; None where it can."""
    if (shape.R, shape.S) != (1, 1):
        return f"the window is {shape.R}x{shape.S}, it must be 1x1"
    if shape.pads != ((0, 0), (0, 0)):
        return f"pad is {shape.pad}, it must be 0"
    return None


def work(shape: ConvShape) -> Work:
    """One product an image and group; before it a copy where there is a stride."""
    product = Product(shape.N * shape.groups, shape.K // shape.groups, shape.P * shape.Q, shape.C // shape.groups)
    if shape.strides == (1, 1):
        return (product,)
    return Move("copy", shape.N, shape.N * shape.C * shape.P * shape.Q, 1), product
