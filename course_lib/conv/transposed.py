"""Transposed convolution: the input gradient of a convolution, used forwards to make pictures larger."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..shapes import ConvShape, Pads, Pair, edges, pair, whole
from .arrays import dtypes, numbers
from .gradients import conv2d_input_grad

SOURCE = "Zeiler et al., Deconvolutional Networks, CVPR 2010; Dumoulin & Visin, A guide to convolution arithmetic, 2016, chapter 4"


def conv_transpose2d(
    ia: Any, wt: Any, stride: Pair = 1, pad: Pads = 0, output_pad: Pair = 0, dilation: Pair = 1, groups: int = 1, bias: Any = None
) -> np.ndarray:
    """ia[N,C,H,W], wt[C,K/groups,R,S] (+ bias[K]) -> oa[N,K,P,Q], P = (H-1)·stride - 2·pad + dilation·(R-1) + output_pad + 1.

    The weights lie as torch and ONNX keep them, C first. `pad` takes away rows and columns at the edges; `output_pad` adds them at the
    bottom and right, where a stride leaves the size open: 0 up to, not including, the larger of stride and dilation. ia[C,H,W]
    without a batch gives oa[K,P,Q]. Raises ValueError, naming argument and value, for arrays that do not fit.

    >>> conv_transpose2d(np.array([[[[1.0, 2], [3, 4]]]]), np.ones((1, 1, 2, 2)), stride=2)[0, 0]
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.],
           [3., 3., 4., 4.],
           [3., 3., 4., 4.]])
    """
    ia, wt = numbers("ia", ia), numbers("wt", wt)
    if ia.ndim not in (3, 4):
        raise ValueError(f"ia: want 4 axes [N,C,H,W] (or 3 without a batch), got shape {ia.shape}")
    if wt.ndim != 4:
        raise ValueError(f"wt: want 4 axes [C,K/groups,R,S], got shape {wt.shape}")
    batch = ia if ia.ndim == 4 else ia[None]
    C, each, R, S = wt.shape
    groups = whole("groups", groups, 1)
    if batch.shape[1] != C:
        raise ValueError(f"wt: want C = {batch.shape[1]} on its first axis, as ia has, got {wt.shape}")
    strides, dilations, more = pair("stride", stride, 1), pair("dilation", dilation, 1), pair("output_pad", output_pad, 0)
    if isinstance(pad, str):
        raise ValueError(f"pad: want a number, (rows, columns) or ((top, bottom), (left, right)), got {pad!r}")
    pads = edges(pad, (R, S), strides, dilations)
    sizes = []
    for axis in range(2):
        name, most = ("rows", "columns")[axis], max(strides[axis], dilations[axis])
        if more[axis] >= most:
            raise ValueError(f"output_pad: want less than {most}, the larger of stride and dilation along the {name}, got {more[axis]}")
        size = (batch.shape[2 + axis] - 1) * strides[axis] - sum(pads[axis]) + dilations[axis] * (wt.shape[2 + axis] - 1) + more[axis] + 1
        if size < 1:
            raise ValueError(f"pad: it takes away all {name}: {size} would be left")
        sizes.append(size)
    P, Q = sizes
    shape = ConvShape(batch.shape[0], each * groups, P, Q, C, R, S, strides, pads, dilations, groups)  # type: ignore[arg-type]
    if (shape.P, shape.Q) != batch.shape[2:]:  # output padding of a stride or more makes room for windows that nothing comes from
        wider = np.zeros(shape.oa_shape, batch.dtype)
        wider[:, :, : batch.shape[2], : batch.shape[3]] = batch
        batch = wider
    oa = conv2d_input_grad(batch, wt, shape)
    if bias is not None:
        bias = numbers("bias", bias)
        if bias.shape != (shape.C,):
            raise ValueError(f"bias: want shape ({shape.C},), one number a filter, got {bias.shape}")
        total, result = dtypes(oa, bias)
        oa = (oa.astype(total, copy=False) + bias.astype(total, copy=False)[:, None, None]).astype(result, copy=False)
    return oa if ia.ndim == 4 else oa[0]
