"""The three loops of a matrix product in their six orders: the same work, six ways through memory."""

from __future__ import annotations

import numpy as np

from .arrays import fitted

SOURCE = "Lecture, frame 'Same complexity; same real runtime?'"

# i is a row of c, j a column, k runs along the sum; the name reads from the outermost loop to the innermost.


def ijk(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a[M,K] @ b[K,N] -> c[M,N]; inside: a along a row, b down a column, c stays."""
    a, b, shape = fitted(a, b)
    c = np.zeros(shape.c_shape, a.dtype)
    for i in range(shape.M):
        for j in range(shape.N):
            for k in range(shape.K):
                c[i, j] += a[i, k] * b[k, j]
    return c


def jik(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a[M,K] @ b[K,N] -> c[M,N]; inside: a along a row, b down a column, c stays."""
    a, b, shape = fitted(a, b)
    c = np.zeros(shape.c_shape, a.dtype)
    for j in range(shape.N):
        for i in range(shape.M):
            for k in range(shape.K):
                c[i, j] += a[i, k] * b[k, j]
    return c


def ikj(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a[M,K] @ b[K,N] -> c[M,N]; inside: a stays, b and c along a row: every access but one is to the next address."""
    a, b, shape = fitted(a, b)
    c = np.zeros(shape.c_shape, a.dtype)
    for i in range(shape.M):
        for k in range(shape.K):
            for j in range(shape.N):
                c[i, j] += a[i, k] * b[k, j]
    return c


def kij(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a[M,K] @ b[K,N] -> c[M,N]; inside: a stays, b and c along a row."""
    a, b, shape = fitted(a, b)
    c = np.zeros(shape.c_shape, a.dtype)
    for k in range(shape.K):
        for i in range(shape.M):
            for j in range(shape.N):
                c[i, j] += a[i, k] * b[k, j]
    return c


def jki(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a[M,K] @ b[K,N] -> c[M,N]; inside: a and c down a column, b stays: the worst for row-major arrays."""
    a, b, shape = fitted(a, b)
    c = np.zeros(shape.c_shape, a.dtype)
    for j in range(shape.N):
        for k in range(shape.K):
            for i in range(shape.M):
                c[i, j] += a[i, k] * b[k, j]
    return c


def kji(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a[M,K] @ b[K,N] -> c[M,N]; inside: a and c down a column, b stays."""
    a, b, shape = fitted(a, b)
    c = np.zeros(shape.c_shape, a.dtype)
    for k in range(shape.K):
        for j in range(shape.N):
            for i in range(shape.M):
                c[i, j] += a[i, k] * b[k, j]
    return c


ORDERS = {"ijk": ijk, "ikj": ikj, "jik": jik, "jki": jki, "kij": kij, "kji": kji}
