"""kn2row: a 1x1 convolution a tap, and the R·S results added up, each shifted by its tap: nothing is lowered."""

from __future__ import annotations

import numpy as np

from ..shapes import ConvShape
from .arrays import fitted
from .im2col import taps
from .work import Move, Product, Work

SOURCE = "Vasudevan, Anderson & Gregg, Parallel Multi Channel Convolution using General Matrix Multiplication, ASAP 2017"


def conv2d(ia: np.ndarray, wt: np.ndarray, shape: ConvShape) -> np.ndarray:
    """ia[N,C,H,W] * wt[K,C/groups,R,S] -> oa[N,K,P,Q]: for each tap, part[K,H·W] = W[:,:,r,s] @ IA, and oa += part, shifted.

    Every tap meets the whole image, so a stride wastes all but one of stride² products.
    """
    ia, wt, result = fitted(ia, wt, shape)
    ia = np.ascontiguousarray(ia)
    N, K, P, Q = shape.oa_shape
    K_g, C_g, pixels = K // shape.groups, shape.C // shape.groups, shape.H * shape.W
    oa = np.zeros((N, K, P, Q), ia.dtype)
    part = np.empty((K_g, pixels), ia.dtype)
    tap = np.empty((K_g, C_g), ia.dtype)
    for r, s, rows, columns, high, wide in taps(shape):
        for g in range(shape.groups):
            filters, channels = slice(g * K_g, (g + 1) * K_g), slice(g * C_g, (g + 1) * C_g)
            tap[...] = wt[filters, :, r, s]
            for n in range(N):
                np.matmul(tap, ia[n, channels].reshape(C_g, pixels), out=part)
                to = oa[n, filters, rows, columns]
                to += part.reshape(K_g, shape.H, shape.W)[:, high, wide]  # by its name: `oa[...] +=` would store it once more
    return oa.astype(result, copy=False)


def workspace(shape: ConvShape) -> int:
    """Bytes beside ia, wt and oa, for float32: 4·(K/groups)·(H·W + C/groups), one tap's result and its weights."""
    return 4 * (shape.K // shape.groups) * (shape.H * shape.W + shape.C // shape.groups)


def cannot(shape: ConvShape) -> str | None:
    """Why it cannot compute this layer, in words; None: it can compute every layer."""
    return None


def work(shape: ConvShape) -> Work:
    """R·S products an image and group over all of H·W, and as many shifted additions."""
    times, K_g = shape.N * shape.groups * shape.R * shape.S, shape.K // shape.groups
    weights = Move("copy", shape.groups * shape.R * shape.S, shape.params, 1)
    added = Move("add", times, times * K_g * shape.P * shape.Q, shape.Q if shape.strides[1] == 1 else 1)
    return weights, Product(times, K_g, shape.H * shape.W, shape.C // shape.groups), added
