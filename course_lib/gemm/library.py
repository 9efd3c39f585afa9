"""The matrix product of the library that numpy was built with: the one to measure against."""

from __future__ import annotations

import numpy as np

from .arrays import fitted


def gemm(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a[M,K] @ b[K,N] -> c[M,N]. Raises ValueError where the sizes do not meet."""
    a, b, _ = fitted(a, b)
    return a @ b
