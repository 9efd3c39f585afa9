"""One operand stored on its side: when both are read along rows, the loop order that went down a column no longer does."""

from __future__ import annotations

import numpy as np

from .arrays import fitted

SOURCE = "Lecture, frame 'Same complexity; same real runtime?'; BLAS calls these products NT and TN"


def times_transposed(a: np.ndarray, bt: np.ndarray) -> np.ndarray:
    """a[M,K] @ bt[N,K].T -> c[M,N]; i j k, and both a and bt are read along a row. Raises ValueError where the sizes do not meet."""
    a, b, shape = fitted(a, np.asarray(bt).T)
    bt = b.T
    c = np.zeros(shape.c_shape, a.dtype)
    for i in range(shape.M):
        for j in range(shape.N):
            for k in range(shape.K):
                c[i, j] += a[i, k] * bt[j, k]
    return c


def transposed_times(at: np.ndarray, b: np.ndarray) -> np.ndarray:
    """at[K,M].T @ b[K,N] -> c[M,N]; k i j, and at, b and c are all read along a row. Raises ValueError where the sizes do not meet."""
    a, b, shape = fitted(np.asarray(at).T, b)
    at = a.T
    c = np.zeros(shape.c_shape, a.dtype)
    for k in range(shape.K):
        for i in range(shape.M):
            for j in range(shape.N):
                c[i, j] += at[k, i] * b[k, j]
    return c


def gemm(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a[M,K] @ b[K,N] -> c[M,N]: b is turned once, K·N copies, and every column of it has become a row."""
    a, b, _ = fitted(a, b)
    return times_transposed(a, np.ascontiguousarray(b.T))
