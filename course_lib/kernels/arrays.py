"""Arrays at the door of compiled code: checked, contiguous, aligned."""

from __future__ import annotations

import numpy as np

LINE = 64  # bytes


def aligned(count: int) -> np.ndarray:
    """Room for `count` float32 from the beginning of a cache line on, a line and more behind them; zeros."""
    raw = np.zeros(count + 2 * LINE, np.float32)
    return raw[(-raw.ctypes.data % LINE) // 4 :]


def checked(name: str, array: np.ndarray, want: tuple[int, ...]) -> np.ndarray:
    """`array` as contiguous float32; ValueError naming both shapes otherwise."""
    if np.shape(array) != want:
        raise ValueError(f"{name}: want {want}, got {np.shape(array)}")
    return np.ascontiguousarray(array, np.float32)
