"""Naive 1: look at every weight, and go on to the next if it is zero. The multiplications are saved; the looking is not."""

from __future__ import annotations

import numpy as np

from ..conv.arrays import fitted
from ..machine.pipeline import Run, run, sparse_naive
from ..shapes import ConvShape

SOURCE = "Lecture, frame 'Sparse Convolution: Naive Implementation 1', algorithm 1"


def conv2d(ia: np.ndarray, wt: np.ndarray, shape: ConvShape) -> np.ndarray:
    """ia[N,C,H,W] * wt[K,C/groups,R,S] -> oa[N,K,P,Q], the weights outside: a zero is skipped, any other visits all output pixels."""
    ia, wt, dtype = fitted(ia, wt, shape)
    (u, v), (down, across) = shape.strides, shape.dilations
    padded = np.pad(ia, [(0, 0), (0, 0), *shape.pads])
    oa = np.zeros(shape.oa_shape, ia.dtype)
    each_c, each_k = shape.C // shape.groups, shape.K // shape.groups
    for k in range(shape.K):
        for c in range(each_c):
            for r in range(shape.R):
                for s in range(shape.S):
                    if wt[k, c, r, s] == 0:
                        continue
                    seen = padded[:, k // each_k * each_c + c, r * down :: u, s * across :: v][:, : shape.P, : shape.Q]
                    oa[:, k] += seen * wt[k, c, r, s]
    return oa.astype(dtype, copy=False)


def workspace(shape: ConvShape) -> int:
    """Bytes beside ia, wt and oa: the padded copy, float32."""
    return 4 * shape.N * shape.C * (shape.H + sum(shape.pads[0])) * (shape.W + sum(shape.pads[1]))


def pipeline(wt: np.ndarray, predict: str = "not taken", penalty: int = 2) -> Run:
    """What the branch costs in the lecture's five stages: a load, a branch and (for a non-zero) a multiply-add a weight."""
    return run(sparse_naive([bool(zero) for zero in np.asarray(wt).ravel() == 0]), predict, penalty)
