"""What every algorithm asks of its arrays first, and in which dtype it sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..shapes import ConvShape


def numbers(name: str, a: Any) -> np.ndarray:
    """`a` as an array of real numbers; ValueError saying what it is otherwise."""
    if isinstance(a, np.ma.MaskedArray):
        raise ValueError(f"{name}: want a plain array, got a masked one; fill its holes first")
    if str(getattr(a, "dtype", "")) == "torch.bfloat16":  # numpy knows none of its own; every bfloat16 is a float32
        return a.detach().float().numpy().astype(bfloat16(name))
    try:
        a = np.asarray(a)
    except ValueError:
        raise ValueError(f"{name}: want an array of numbers, got rows of different lengths") from None
    if a.dtype.kind not in "iuf" and a.dtype.name != "bfloat16":
        raise ValueError(f"{name}: want whole or floating-point numbers, got dtype {a.dtype}")
    return a


def bfloat16(name: str) -> np.dtype:
    """ml_dtypes' bfloat16, the one that numpy, onnx and jax share; ValueError where the package is not there."""
    try:
        from ml_dtypes import bfloat16 as brain
    except ImportError:
        raise ValueError(f"{name}: want float32 or float16, got torch.bfloat16, for which numpy needs the package ml_dtypes") from None
    return np.dtype(brain)


def dtypes(*arrays: np.ndarray) -> tuple[np.dtype, np.dtype]:
    """(dtype to sum in, dtype of the result) for inputs promoted by numpy's rules, in this machine's byte order.

    >>> [str(dtype) for dtype in dtypes(np.float16(1), np.float16(1))]
    ['float32', 'float16']
    >>> [str(dtype) for dtype in dtypes(np.int8(1), np.uint8(1))]
    ['int32', 'int32']

    bfloat16 (of the package ml_dtypes) is summed in float32 as well; numpy has no rules for it, so they are torch's: with whole
    numbers it stays bfloat16, with float16 it becomes float32.
    """
    kinds = [array.dtype for array in arrays]
    brain = [kind for kind in kinds if kind.name == "bfloat16"]
    if brain:
        others = [kind for kind in kinds if kind.name != "bfloat16" and kind.kind == "f"]
        kind = max([np.dtype(np.float32), *others], key=lambda kind: kind.itemsize) if others else brain[0]
        return (np.dtype(np.float32) if not others else kind), kind
    kind = np.result_type(*kinds)
    if kind.kind == "f":
        return (np.dtype(np.float32) if kind.itemsize < 4 else kind), kind
    whole = np.dtype(np.int32 if kind in (np.int8, np.uint8, np.int16, np.uint16, np.int32) else np.int64)
    return whole, whole


def through_float64(name: str, ia: np.ndarray, wt: np.ndarray, growth: float) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers as float64, for algorithms that compute in fractions: exact after rounding, or refused.

    `growth` bounds (sum of all absolute values that meet in one output) / (largest |ia| · largest |wt|), transforms included;
    the rounding errors are then below growth · |ia| · |wt| · 2^-47, for fewer than 64 roundings on any way through. Raises
    ValueError where that is a quarter or more: the nearest whole number would not be sure to be the right one.
    """
    largest = [max(abs(int(a.min())), abs(int(a.max()))) if a.size else 0 for a in (ia, wt)]
    error = growth * largest[0] * largest[1] * 2.0**-47
    if error >= 0.25:
        raise ValueError(
            f"{name}: whole numbers as large as {largest[0]:,} and {largest[1]:,} would not come out exact; 'im2col' sums them as they are"
        )
    return ia.astype(np.float64), wt.astype(np.float64)


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
