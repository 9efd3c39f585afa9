"""Naive 2: no branch a weight; non-zeros of features and weights are matched by their indices, which jump about in memory.

The slide for the second algorithm repeats the first's text; what it says of it, poor spatial locality, fits this one: an output is
a sum over a list of indices, and the list jumps through the input.
"""

from __future__ import annotations

import numpy as np

from ..conv.arrays import fitted
from ..conv.im2col import im2col, lowered
from ..shapes import ConvShape

SOURCE = "Lecture, frame 'BAD implementation for Spatial Locality', as read here"


def conv2d(ia: np.ndarray, wt: np.ndarray, shape: ConvShape) -> np.ndarray:
    """ia[N,C,H,W] * wt[K,C/groups,R,S] -> oa[N,K,P,Q]: for each output, the products where weight and pixel both are not zero."""
    ia, wt, dtype = fitted(ia, wt, shape)
    each_c, each_k = shape.C // shape.groups, shape.K // shape.groups
    rows = each_c * shape.R * shape.S
    oa = np.zeros((shape.N, shape.K, shape.P * shape.Q), ia.dtype)
    for n in range(shape.N):
        cols = im2col(ia[n], shape)
        for k in range(shape.K):
            weights, window = wt[k].ravel(), cols[k // each_k * rows : (k // each_k + 1) * rows]
            there = np.flatnonzero(weights)
            for pq in range(shape.P * shape.Q):
                both = there[window[there, pq] != 0]  # the indices that the two lists share
                oa[n, k, pq] = weights[both] @ window[both, pq]
    return oa.reshape(shape.oa_shape).astype(dtype, copy=False)


def workspace(shape: ConvShape) -> int:
    """Bytes beside ia, wt and oa: the windows of one image, float32 (a real one would hold their indices, too)."""
    rows, columns = lowered(shape)
    return 4 * rows * columns
