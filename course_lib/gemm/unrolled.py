"""Four sums at once: a number of a, loaded once, serves four columns of b, and four independent sums hide each other's latency."""

from __future__ import annotations

import numpy as np

from .arrays import fitted

SOURCE = "van de Geijn et al., How to optimize gemm (the 1x4 steps)"


def gemm(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a[M,K] @ b[K,N] -> c[M,N]: four outputs of a row in variables; the columns that are left over go one by one."""
    a, b, shape = fitted(a, b)
    c = np.zeros(shape.c_shape, a.dtype)
    zero = a.dtype.type(0)
    fours = shape.N - shape.N % 4
    for i in range(shape.M):
        for j in range(0, fours, 4):
            c0 = c1 = c2 = c3 = zero
            for k in range(shape.K):
                one = a[i, k]
                c0 += one * b[k, j]
                c1 += one * b[k, j + 1]
                c2 += one * b[k, j + 2]
                c3 += one * b[k, j + 3]
            c[i, j], c[i, j + 1], c[i, j + 2], c[i, j + 3] = c0, c1, c2, c3
        for j in range(fours, shape.N):
            c0 = zero
            for k in range(shape.K):
                c0 += a[i, k] * b[k, j]
            c[i, j] = c0
    return c
