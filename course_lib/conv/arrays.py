"""What every algorithm asks of its arrays first, and in which dtype it sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..shapes import ConvShape


def numbers(name: str, a: Any) -> np.ndarray:
    """`a` as an array of real numbers; ValueError saying what it is otherwise."""
    if isinstance(a, np.ma.MaskedArray):
        raise ValueError(f"{name}: want a plain array, got a masked one; fill its holes first")
    try:
        a = np.asarray(a)
    except ValueError:
        raise ValueError(f"{name}: want an array of numbers, got rows of different lengths") from None
    if a.dtype.kind not in "iuf":
        raise ValueError(f"{name}: want whole or floating-point numbers, got dtype {a.dtype}")
    return a


def dtypes(*arrays: np.ndarray) -> tuple[np.dtype, np.dtype]:
    """(dtype to sum in, dtype of the result) for inputs promoted by numpy's rules, in this machine's byte order.

    >>> [str(dtype) for dtype in dtypes(np.float16(1), np.float16(1))]
    ['float32', 'float16']
    >>> [str(dtype) for dtype in dtypes(np.int8(1), np.uint8(1))]
    ['int32', 'int32']
    """
    kind = np.result_type(*arrays)
    if kind.kind == "f":
        return (np.dtype(np.float32) if kind.itemsize < 4 else kind), kind
    whole = np.dtype(np.int32 if kind in (np.int8, np.uint8, np.int16, np.uint16, np.int32) else np.int64)
    return whole, whole


def fitted(ia: Any, wt: Any, shape: ConvShape) -> tuple[np.ndarray, np.ndarray, np.dtype]:
    """ia and wt in the dtype to sum in, and the dtype of the result; ValueError where they are not as `shape` says.

    float32 and float64 arrays of one dtype come back as they are, without a copy.
    """
    ia, wt = numbers("ia", ia), numbers("wt", wt)
    if ia.shape != shape.ia_shape:
        raise ValueError(f"ia: want {shape.ia_shape} = (N, C, H, W), got {ia.shape}")
    if wt.shape != shape.wt_shape:
        groups = "" if shape.groups == 1 else f" with C = {shape.C} in {shape.groups} groups"
        raise ValueError(f"wt: want {shape.wt_shape} = (K, C/groups, R, S){groups}, got {wt.shape}")
    total, result = dtypes(ia, wt)
    return ia.astype(total, copy=False), wt.astype(total, copy=False), result
