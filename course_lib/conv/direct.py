"""Direct convolution: the seven loops of the slide, one multiply-accumulate a turn. Slow, and right."""

from __future__ import annotations

import numpy as np

from ..shapes import ConvShape
from .arrays import fitted
from .work import Move, Work

SOURCE = "Lecture, frames 'Convolution basis' and 'Direct convolution: loop ordering'"


def conv2d(ia: np.ndarray, wt: np.ndarray, shape: ConvShape) -> np.ndarray:
    """ia[N,C,H,W] * wt[K,C/groups,R,S] -> oa[N,K,P,Q], each output summed over c, r, s in that order.

    >>> slide = ConvShape(N=1, C=1, H=3, W=3, K=1, R=2, S=2)
    >>> conv2d(np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2)), slide)[0, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """
    ia, wt, result = fitted(ia, wt, shape)
    N, K, P, Q = shape.oa_shape
    H, W, R, S = shape.H, shape.W, shape.R, shape.S
    (stride_h, stride_w), (dilation_h, dilation_w) = shape.strides, shape.dilations
    (pad_h, _), (pad_w, _) = shape.pads
    C, K_g = shape.C // shape.groups, K // shape.groups  # channels that a filter sees; filters in a group
    oa = np.zeros((N, K, P, Q), ia.dtype)
    for n in range(N):
        for k in range(K):
            first = k // K_g * C  # the first input channel of this filter's group
            for p in range(P):
                for q in range(Q):
                    for c in range(C):
                        for r in range(R):
                            for s in range(S):
                                h = p * stride_h - pad_h + r * dilation_h
                                w = q * stride_w - pad_w + s * dilation_w
                                if 0 <= h < H and 0 <= w < W:  # outside there are zeros, and nothing to add
                                    oa[n, k, p, q] += ia[n, first + c, h, w] * wt[k, c, r, s]
    return oa.astype(result, copy=False)


def workspace(shape: ConvShape) -> int:
    """Bytes beside ia, wt and oa: none."""
    return 0


def cannot(shape: ConvShape) -> str | None:
    """Why it cannot compute this layer, in words; None: it can compute every layer."""
    return None


def work(shape: ConvShape) -> Work:
    """N·K·P·Q·(C/groups)·R·S turns of the innermost loop, a multiplication each."""
    return (Move("python", 1, shape.macs, 1, shape.macs),)
