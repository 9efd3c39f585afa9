"""Panels: both operands are copied once into the order in which the innermost loops will read them, so that every read is the next one."""

from __future__ import annotations

import numpy as np

from ..shapes import whole
from .arrays import fitted

SOURCE = "Goto & van de Geijn, Anatomy of High-Performance Matrix Multiplication, ACM TOMS 2008"


def pack_columns(b: np.ndarray, nr: int) -> np.ndarray:
    """b[K,N] -> panels[ceil(N/nr), K, nr]: nr columns side by side, row after row; the last panel is filled up with zeros.

    >>> pack_columns(np.arange(6).reshape(2, 3), 2).ravel().tolist()
    [0, 1, 3, 4, 2, 0, 5, 0]
    """
    K, N = b.shape
    nr = whole("nr", nr, 1)
    panels = np.zeros((-(-N // nr), K, nr), b.dtype)
    for panel in range(len(panels)):
        part = b[:, panel * nr : (panel + 1) * nr]
        panels[panel, :, : part.shape[1]] = part
    return panels


def pack_rows(a: np.ndarray, mr: int) -> np.ndarray:
    """a[M,K] -> panels[ceil(M/mr), K, mr]: mr rows on top of each other, column after column; the last panel is filled up with zeros."""
    return pack_columns(a.T, mr)


def gemm(a: np.ndarray, b: np.ndarray, nr: int = 8) -> np.ndarray:
    """a[M,K] @ b[K,N] -> c[M,N]: one panel of b at a time, read from its first number to its last for every row of a."""
    a, b, shape = fitted(a, b)
    c = np.zeros(shape.c_shape, a.dtype)
    for panel, columns in enumerate(pack_columns(b, nr)):
        j = panel * nr
        wide = min(nr, shape.N - j)
        for i in range(shape.M):
            sums = np.zeros(nr, a.dtype)
            for k in range(shape.K):
                sums += a[i, k] * columns[k]
            c[i, j : j + wide] = sums[:wide]
    return c
