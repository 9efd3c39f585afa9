"""Direct sparse convolution as the slide has it: colidx holds the shifted address, and each non-zero adds one shifted picture.

    for each output channel k:
        for j in rowptr[k] .. rowptr[k+1]:
            off, coeff = colidx[j], value[j]
            for p: for q:  oa[k,p,q] += coeff * ia[off + f(0,p,q)]

The matrix of im2col is there without being stored ("virtual"): its row (c, r, s) is the picture, begun at f(c, r, s). The compiled
one is course_lib.kernels, `compile_conv2d(wt, shape, algorithm="direct_sparse")`.
"""

from __future__ import annotations

import numpy as np

from ..conv.arrays import fitted
from ..shapes import ConvShape
from .csr import CSR

SOURCE = "Park et al., Faster CNNs with direct sparse convolutions and guided pruning, ICLR 2017, figures 1 and 2"


def layout(shape: ConvShape, c: int, r: int, s: int) -> int:
    """f(c, r, s) = (c·H + r)·W + s in the padded input, H and W those of the padded picture; r and s count pixels.

    >>> layout(ConvShape(1, 2, 5, 6, 1, 3, 3), 1, 2, 0)
    42
    """
    high, wide = shape.H + sum(shape.pads[0]), shape.W + sum(shape.pads[1])
    return (c * high + r) * wide + s


def stretched(wt: np.ndarray, shape: ConvShape) -> CSR:
    """The filters as CSR over the padded picture: colidx[j] is f(c, r·dilation, s·dilation) with c counted in the whole input."""
    rows = CSR.from_dense(wt)
    group = rows.rows() // (shape.K // shape.groups)
    c, tap = np.divmod(rows.colidx, shape.R * shape.S)
    r, s = np.divmod(tap, shape.S)
    c = c + group * (shape.C // shape.groups)
    high, wide = shape.H + sum(shape.pads[0]), shape.W + sum(shape.pads[1])
    offsets = (c * high + r * shape.dilations[0]) * wide + s * shape.dilations[1]
    return CSR((shape.K, shape.C * high * wide), rows.rowptr, offsets, rows.value)


def conv2d(ia: np.ndarray, wt: np.ndarray, shape: ConvShape) -> np.ndarray:
    """ia[N,C,H,W] * wt[K,C/groups,R,S] -> oa[N,K,P,Q], one shifted picture a non-zero weight; any stride, pad, dilation, groups."""
    ia, wt, dtype = fitted(ia, wt, shape)
    weights = stretched(wt, shape)
    padded = np.pad(ia, [(0, 0), (0, 0), *shape.pads])  # once
    (u, v), wide = shape.strides, padded.shape[3]
    oa = np.zeros(shape.oa_shape, ia.dtype)
    for n in range(shape.N):
        line = padded[n].ravel()
        for k in range(shape.K):
            for j in range(weights.rowptr[k], weights.rowptr[k + 1]):
                off, coeff = weights.colidx[j], weights.value[j]
                for p in range(shape.P):
                    first = off + p * u * wide
                    oa[n, k, p] += coeff * line[first : first + (shape.Q - 1) * v + 1 : v]  # the slide's loop over x
    return oa.astype(dtype, copy=False)


def workspace(shape: ConvShape) -> int:
    """Bytes beside ia, wt and oa: none without padding, one padded copy of an image with it, float32. Nothing is lowered."""
    if shape.pads == ((0, 0), (0, 0)):
        return 0
    return 4 * shape.C * (shape.H + sum(shape.pads[0])) * (shape.W + sum(shape.pads[1]))
