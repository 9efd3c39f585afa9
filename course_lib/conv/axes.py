"""One axis more or less: a signal is an image of one row, and in a volume the taps along the depth are so many more channels."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..shapes import Pair, whole
from .arrays import numbers
from .public import conv2d
from .transposed import conv_transpose2d

SOURCE = "Lecture, frame 'Im2col 3D'; Ji et al., 3D Convolutional Neural Networks, 2013"

Ends = int | tuple[int, int]  # the same zeros at both ends, or (before, after)


def ends(pad: Any) -> tuple[int, int]:
    if isinstance(pad, tuple | list):
        if len(pad) != 2:
            raise ValueError(f"pad: want a number or (before, after), got {pad!r}")
        return whole("pad", pad[0], 0), whole("pad", pad[1], 0)
    return whole("pad", pad, 0), whole("pad", pad, 0)


def conv1d(
    ia: Any, wt: Any, stride: int = 1, pad: Ends | str = 0, dilation: int = 1, groups: int = 1, algorithm: str = "auto", bias: Any = None
) -> np.ndarray:
    """ia[N,C,W] * wt[K,C/groups,S] (+ bias[K]) -> oa[N,K,Q]: conv2d on images of one row. Raises ValueError as conv2d does.

    >>> conv1d(np.arange(4.0)[None, None], np.ones((1, 1, 2)))
    array([[[1., 3., 5.]]])
    """
    ia, wt = numbers("ia", ia), numbers("wt", wt)
    if ia.ndim not in (2, 3) or wt.ndim != 3:
        raise ValueError(f"ia, wt: want [N,C,W] (or [C,W]) and [K,C/groups,S], got shapes {ia.shape} and {wt.shape}")
    both = pad if isinstance(pad, str) else ((0, 0), ends(pad))
    stride, dilation = whole("stride", stride, 1), whole("dilation", dilation, 1)
    return conv2d(ia[..., None, :], wt[:, :, None], (1, stride), both, (1, dilation), groups, algorithm, bias)[..., 0, :]


def three(name: str, value: Any, least: int) -> tuple[int, int, int]:
    if isinstance(value, tuple | list):
        if len(value) != 3:
            raise ValueError(f"{name}: want one number or (depth, rows, columns), got {value!r}")
        return whole(name, value[0], least), whole(name, value[1], least), whole(name, value[2], least)
    return (whole(name, value, least),) * 3


Depths = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


def padding(pad: Any) -> Depths:
    if isinstance(pad, tuple | list) and len(pad) == 3:
        return ends(pad[0]), ends(pad[1]), ends(pad[2])
    return ends(pad), ends(pad), ends(pad)


def padding_in_words(pad: str, taps: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]) -> Depths:
    """'valid' pads nothing; 'same' keeps the size at stride 1, the odd slice, row or column going to the end."""
    if pad not in ("same", "valid"):
        raise ValueError(f"pad: want numbers, 'same' or 'valid', got {pad!r}")
    if pad == "same" and stride != (1, 1, 1):
        raise ValueError(f"pad: 'same' needs stride 1, got stride {stride}")
    all_of = [apart * (size - 1) if pad == "same" else 0 for size, apart in zip(taps, dilation, strict=True)]
    depth, rows, columns = ((each // 2, each - each // 2) for each in all_of)
    return depth, rows, columns


def conv3d(
    ia: Any, wt: Any, stride: Any = 1, pad: Any = 0, dilation: Any = 1, groups: int = 1, algorithm: str = "auto", bias: Any = None
) -> np.ndarray:
    """ia[N,C,D,H,W] * wt[K,C/groups,T,R,S] (+ bias[K]) -> oa[N,K,O,P,Q]: each of the O output slices is an image of C·T channels.

    `stride` and `dilation` are a number or (depth, rows, columns); `pad` also a triple of (before, after), 'same' or 'valid'. Raises
    ValueError as conv2d does, and for a filter deeper than the padded volume.

    >>> conv3d(np.ones((1, 1, 3, 3, 3)), np.ones((1, 1, 2, 2, 2)))[0, 0, 0]
    array([[8., 8.],
           [8., 8.]])
    """
    ia, wt = numbers("ia", ia), numbers("wt", wt)
    if ia.ndim not in (4, 5) or wt.ndim != 5:
        raise ValueError(f"ia, wt: want [N,C,D,H,W] (or [C,D,H,W]) and [K,C/groups,T,R,S], got shapes {ia.shape} and {wt.shape}")
    batch = ia if ia.ndim == 5 else ia[None]
    deep, *strides = each_stride = three("stride", stride, 1)
    apart, *dilations = each_dilation = three("dilation", dilation, 1)
    words = isinstance(pad, str)
    (front, back), *pads = padding_in_words(pad, wt.shape[2:], each_stride, each_dilation) if words else padding(pad)
    N, C, D, H, W = batch.shape
    K, C_g, T, R, S = wt.shape
    length = D + front + back
    slices = (length - apart * (T - 1) - 1) // deep + 1
    if T < 1 or slices < 1:
        raise ValueError(f"T: the padded volume is {length} deep, less than the filter's {apart * (T - 1) + 1}")
    padded = np.zeros((N, C, length, H, W), batch.dtype)
    padded[:, :, front : front + D] = batch
    planes = np.arange(slices)[:, None] * deep + np.arange(T) * apart  # O × T, the slices each output slice sees
    images = padded[:, :, planes].transpose(0, 2, 1, 3, 4, 5).reshape(N * slices, C * T, H, W)
    oa = conv2d(images, wt.reshape(K, C_g * T, R, S), tuple(strides), tuple(pads), tuple(dilations), groups, algorithm, bias)  # type: ignore[arg-type]
    oa = np.ascontiguousarray(oa.reshape(N, slices, K, *oa.shape[2:]).transpose(0, 2, 1, 3, 4))
    return oa if ia.ndim == 5 else oa[0]


def conv_transpose1d(
    ia: Any, wt: Any, stride: int = 1, pad: Ends = 0, output_pad: int = 0, dilation: int = 1, groups: int = 1, bias: Any = None
) -> np.ndarray:
    """ia[N,C,W], wt[C,K/groups,S] (+ bias[K]) -> oa[N,K,Q]: conv_transpose2d on images of one row."""
    ia, wt = numbers("ia", ia), numbers("wt", wt)
    if ia.ndim not in (2, 3) or wt.ndim != 3:
        raise ValueError(f"ia, wt: want [N,C,W] (or [C,W]) and [C,K/groups,S], got shapes {ia.shape} and {wt.shape}")
    by: Pair = (1, whole("stride", stride, 1))
    apart: Pair = (1, whole("dilation", dilation, 1))
    more: Pair = (0, whole("output_pad", output_pad, 0))
    return conv_transpose2d(ia[..., None, :], wt[:, :, None], by, ((0, 0), ends(pad)), more, apart, groups, bias)[..., 0, :]


def conv_transpose3d(
    ia: Any, wt: Any, stride: Any = 1, pad: Any = 0, output_pad: Any = 0, dilation: Any = 1, groups: int = 1, bias: Any = None
) -> np.ndarray:
    """ia[N,C,D,H,W], wt[C,K/groups,T,R,S] (+ bias[K]) -> oa[N,K,O,P,Q]: every slice, through every tap along the depth, added up.

    `stride`, `output_pad` and `dilation` are a number or (depth, rows, columns); `pad` also a triple of (before, after).
    """
    ia, wt = numbers("ia", ia), numbers("wt", wt)
    if ia.ndim not in (4, 5) or wt.ndim != 5:
        raise ValueError(f"ia, wt: want [N,C,D,H,W] (or [C,D,H,W]) and [C,K/groups,T,R,S], got shapes {ia.shape} and {wt.shape}")
    batch = ia if ia.ndim == 5 else ia[None]
    (deep, *strides), (apart, *dilations), (more, *mores) = (
        three("stride", stride, 1),
        three("dilation", dilation, 1),
        three("output_pad", output_pad, 0),
    )
    (front, back), *pads = padding(pad)
    D, T = batch.shape[2], wt.shape[2]
    slices = (D - 1) * deep - front - back + apart * (T - 1) + more + 1
    if more >= max(deep, apart):
        raise ValueError(f"output_pad: want less than {max(deep, apart)}, the larger of stride and dilation along the depth, got {more}")
    if slices < 1:
        raise ValueError(f"pad: it takes away all slices: {slices} would be left")
    oa: np.ndarray | None = None
    for d in range(D):
        for t in range(T):
            o = d * deep + t * apart - front
            if oa is not None and not 0 <= o < slices:
                continue
            part = conv_transpose2d(batch[:, :, d], wt[:, :, t], tuple(strides), tuple(pads), tuple(mores), tuple(dilations), groups)  # type: ignore[arg-type]
            if oa is None:
                oa = np.zeros((*part.shape[:2], slices, *part.shape[2:]), part.dtype)
            if 0 <= o < slices:
                oa[:, :, o] += part
    if oa is None:
        raise ValueError(f"ia, wt: want at least one slice and one tap along the depth, got {ia.shape} and {wt.shape}")
    if bias is not None:
        bias = numbers("bias", bias)
        if bias.shape != (oa.shape[1],):
            raise ValueError(f"bias: want shape ({oa.shape[1]},), one number a filter, got {bias.shape}")
        oa = oa + bias[:, None, None, None]
    return oa if ia.ndim == 5 else oa[0]
