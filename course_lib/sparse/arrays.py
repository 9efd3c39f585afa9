"""What every format asks of its arrays: right kinds, right lengths, places inside the matrix; a sentence otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..shapes import whole

INDEX = np.int32  # 4 bytes an index, as in the table of bytes


def sizes(shape: Any) -> tuple[int, int]:
    """`shape` as (rows, columns)."""
    if not isinstance(shape, tuple | list) or len(shape) != 2:
        raise ValueError(f"shape: want (rows, columns), got {shape!r}")
    return whole("shape", shape[0], 0), whole("shape", shape[1], 0)


def numbers(name: str, values: Any, ndim: int = 1) -> np.ndarray:
    values = np.asarray(values)
    if values.dtype.kind not in "iuf" or values.ndim != ndim:
        raise ValueError(f"{name}: want {ndim}-dimensional numbers, got {values.ndim}-dimensional {values.dtype}")
    return values


def begins(lines: np.ndarray, count: int) -> np.ndarray:
    """Where each of `count` rows (CSR) or columns (CSC) begins, from the line of every value, and where the last one ends: int64."""
    return np.concatenate([[0], np.cumsum(np.bincount(lines, minlength=count))]).astype(np.int64)


def indices(name: str, index: Any, length: int | tuple[int, ...], below: int) -> np.ndarray:
    """Whole numbers from 0 to `below` - 1, `length` of them, as int32."""
    index = np.asarray(index)
    want = (length,) if isinstance(length, int) else length
    if index.size == 0:
        index = index.astype(INDEX)
    if index.dtype.kind not in "iu":
        raise ValueError(f"{name}: want whole numbers, got dtype {index.dtype}")
    if index.shape != want:
        raise ValueError(f"{name}: want {' x '.join(map(str, want))} indices, got {' x '.join(map(str, index.shape))}")
    if index.size and not (0 <= int(index.min()) and int(index.max()) < below):
        raise ValueError(f"{name}: want indices from 0 to {below - 1}, got {int(index.min())} to {int(index.max())}")
    return index.astype(INDEX, copy=False)


def pointers(name: str, pointer: Any, count: int, stored: int) -> np.ndarray:
    """count + 1 numbers that begin at 0, never fall, and end at `stored`."""
    pointer = np.asarray(pointer)
    if pointer.dtype.kind not in "iu" or pointer.shape != (count + 1,):
        raise ValueError(f"{name}: want {count + 1} whole numbers, got shape {pointer.shape} of {pointer.dtype}")
    steps = np.diff(pointer.astype(np.int64))
    if pointer[0] != 0 or pointer[-1] != stored or (steps < 0).any():
        raise ValueError(
            f"{name}: want it to begin at 0, never to fall, and to end at {stored}, got {pointer.tolist()[:8]}...{pointer[-1]}"
        )
    return pointer.astype(INDEX, copy=False)


def result(shape: tuple[int, int], values: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Zeros for `op @ x`, in the dtype of both."""
    return np.zeros((shape[0], *x.shape[1:]), np.result_type(values, x))
