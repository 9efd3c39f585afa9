"""Arrays at the door of compiled code: checked, contiguous, aligned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ctypes import c_void_p
from math import prod
from typing import Any

import numpy as np

from course_lib.nest.threads import shares, together
from course_lib.shapes import ConvShape

LINE = 64  # bytes


def aligned(count: int) -> np.ndarray:
    """Room for `count` float32 from the beginning of a cache line on, a line and more behind them; zeros."""
    raw = np.zeros(count + 2 * LINE, np.float32)
    return raw[(-raw.ctypes.data % LINE) // 4 :]


HEAD = object.__basicsize__  # bytes; an array object begins with what every object has, then comes the pointer to its numbers
FLOAT32 = np.dtype(np.float32)


def address(array: np.ndarray) -> int:
    """Where an array begins, in bytes: array.ctypes.data in a tenth of the time, which counts where a layer takes microseconds."""
    return c_void_p.from_address(id(array) + HEAD).value or 0


def blank(shape: tuple[int, ...], place: int = 0) -> np.ndarray:
    """A float32 array still to be written, from number `place` of a cache line on: a vector stored across two lines costs two."""
    count = prod(shape)
    raw = np.empty(count + LINE // 4, np.float32)
    return np.ndarray(shape, FLOAT32, raw, (4 * place - address(raw)) % LINE)


def checked(name: str, array: np.ndarray, want: tuple[int, ...]) -> np.ndarray:
    """`array` as contiguous float32, other real numbers rounded to it; ValueError for another shape, naming both, and for no numbers."""
    if type(array) is np.ndarray and array.shape == want and array.dtype == FLOAT32 and array.flags.c_contiguous:
        return array
    if np.shape(array) != want:
        raise ValueError(f"{name}: want {want}, got {np.shape(array)}")
    if (given := np.asarray(array).dtype).kind not in "fiub":
        raise ValueError(f"{name}: want real numbers, which are rounded to float32, got {given}")
    return np.ascontiguousarray(array, np.float32)


def layer(
    kernel: Any, shape: ConvShape, weights: np.ndarray, buffers: Sequence[np.ndarray], jobs: int
) -> Callable[[np.ndarray], np.ndarray]:
    """f(ia) -> oa around `kernel(ia*, weights*, oa*, buffer*, low, high)`: the jobs are shared out among threads, a buffer each."""
    ia_shape, oa_shape = shape.ia_shape, shape.oa_shape
    first, *rooms = map(address, (weights, *buffers))
    work = [(room, *mine) for room, mine in zip(rooms, shares(jobs, len(rooms)), strict=False)]

    def conv(ia: np.ndarray) -> np.ndarray:
        ia = checked("ia", ia, ia_shape)
        oa = blank(oa_shape)
        pointers = address(ia), first, address(oa)
        together([(kernel, *pointers, *mine) for mine in work])
        return oa

    conv.kept = (weights, *buffers)  # type: ignore[attr-defined]  # alive as long as their addresses are used
    return conv
