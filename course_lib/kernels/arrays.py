"""Arrays at the door of compiled code: checked, contiguous, aligned."""

from __future__ import annotations

from math import prod

import numpy as np

LINE = 64  # bytes


def aligned(count: int) -> np.ndarray:
    """Room for `count` float32 from the beginning of a cache line on, a line and more behind them; zeros."""
    raw = np.zeros(count + 2 * LINE, np.float32)
    return raw[(-raw.ctypes.data % LINE) // 4 :]


def address(array: np.ndarray) -> int:
    """Where an array begins, in bytes."""
    return array.__array_interface__["data"][0]  # type: ignore[no-any-return]  # a third of the time of array.ctypes.data


def blank(shape: tuple[int, ...], place: int = 0) -> np.ndarray:
    """A float32 array still to be written, from number `place` of a cache line on: a vector stored across two lines costs two."""
    count = prod(shape)
    raw = np.empty(count + LINE // 4, np.float32)
    start = (4 * place - address(raw)) % LINE // 4
    return raw[start : start + count].reshape(shape)


def checked(name: str, array: np.ndarray, want: tuple[int, ...]) -> np.ndarray:
    """`array` as contiguous float32; ValueError naming both shapes otherwise."""
    if np.shape(array) != want:
        raise ValueError(f"{name}: want {want}, got {np.shape(array)}")
    return np.ascontiguousarray(array, np.float32)
