"""CSR after im2col: the weights are a sparse matrix, the windows a dense one; for every non-zero a whole row of windows is added."""

from __future__ import annotations

import numpy as np

from ..conv.arrays import fitted
from ..conv.im2col import im2col, lowered
from ..shapes import ConvShape
from .csc import CSC
from .csr import CSR

SOURCE = "Lecture, frame 'Sparse Matrix Representation'; BVLC/caffe issue 4328 tells how it disappoints"


def conv2d(ia: np.ndarray, wt: np.ndarray, shape: ConvShape, form: type[CSR] | type[CSC] = CSR) -> np.ndarray:
    """ia[N,C,H,W] * wt[K,C/groups,R,S] -> oa[N,K,P,Q] as form(weights) @ im2col(ia); `form` is CSR (gathers) or CSC (scatters)."""
    ia, wt, dtype = fitted(ia, wt, shape)
    each_k, rows = shape.K // shape.groups, shape.C // shape.groups * shape.R * shape.S
    oa = np.zeros((shape.N, shape.K, shape.P * shape.Q), ia.dtype)
    weights = [form.from_dense(wt[g * each_k : (g + 1) * each_k]) for g in range(shape.groups)]
    for n in range(shape.N):
        cols = im2col(ia[n], shape)
        for g, a in enumerate(weights):
            oa[n, g * each_k : (g + 1) * each_k] = a @ cols[g * rows : (g + 1) * rows]
    return oa.reshape(shape.oa_shape).astype(dtype, copy=False)


def workspace(shape: ConvShape) -> int:
    """Bytes beside ia, wt and oa: the columns of one image, float32."""
    rows, columns = lowered(shape)
    return 4 * rows * columns
