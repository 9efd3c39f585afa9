"""What every matrix product asks of its arrays first."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..shapes import GemmShape


def fitted(a: Any, b: Any) -> tuple[np.ndarray, np.ndarray, GemmShape]:
    """a[M,K] and b[K,N] in one dtype, and their shape; ValueError saying which sizes do not meet.

    Mixed dtypes are promoted by numpy's rules. bool, complex and object arrays are refused.
    """
    a, b = np.asarray(a), np.asarray(b)
    for name, matrix in (("a", a), ("b", b)):
        if matrix.ndim != 2:
            raise ValueError(f"{name}: want 2 axes, got shape {matrix.shape}")
        if matrix.dtype.kind not in "iuf":
            raise ValueError(f"{name}: want whole or floating-point numbers, got dtype {matrix.dtype}")
    if a.shape[1] != b.shape[0]:
        raise ValueError(f"a, b: want a[M,K] and b[K,N], got {a.shape} and {b.shape}: {a.shape[1]} is not {b.shape[0]}")
    dtype = np.result_type(a, b)
    return a.astype(dtype, copy=False), b.astype(dtype, copy=False), GemmShape(a.shape[0], b.shape[1], a.shape[1])
