"""The public call: one convolution, by the algorithm you name or by the one the cost model takes."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np

from ..records import Report
from ..shapes import ConvShape, Pads, Pair, whole
from .algorithms import ALGORITHMS
from .arrays import dtypes, numbers
from .cost import choose, table
from .layouts import axes, from_nchw, to_nchw


@overload
def conv2d(
    ia: Any, wt: Any, stride: Pair = 1, pad: Pads = 0, dilation: Pair = 1, groups: int = 1, algorithm: str = "auto", bias: Any = None,
    layout: str = "NCHW", explain: Literal[False] = False,
) -> np.ndarray: ...  # fmt: skip
@overload
def conv2d(
    ia: Any, wt: Any, stride: Pair = 1, pad: Pads = 0, dilation: Pair = 1, groups: int = 1, algorithm: str = "auto", bias: Any = None,
    layout: str = "NCHW", *, explain: Literal[True],
) -> Report: ...  # fmt: skip
def conv2d(
    ia: Any,
    wt: Any,
    stride: Pair = 1,
    pad: Pads = 0,
    dilation: Pair = 1,
    groups: int = 1,
    algorithm: str = "auto",
    bias: Any = None,
    layout: str = "NCHW",
    explain: bool = False,
) -> np.ndarray | Report:
    """ia[N,C,H,W] * wt[K,C/groups,R,S] (+ bias[K]) -> oa[N,K,P,Q]; ia[C,H,W] without a batch gives oa[K,P,Q].

    `algorithm` is a key of ALGORITHMS; what it cannot compute is a ValueError that says why. "auto" takes the one that the cost
    model expects to be fastest; with explain=True its table comes back instead of oa: all algorithms, their expected time, and the
    reason of those that are left out. `layout` is that of ia and oa: "NCHW", "NHWC", or blocks of channels as in "NCHW16c",
    the last one filled up with zeros; wt is the same in all. Strides, pads and the rest are spelled as in ConvShape.

    dtypes: mixed ones are promoted by numpy's rules (float32 with float64 gives float64). float16 and bfloat16 (ml_dtypes' or a torch
    tensor's) are summed in float32 and rounded once; whole numbers of up to 32 bits are summed in int32 and larger ones in
    int64, and stay there (no wrapping at 127). bool, complex and object arrays are refused.
    NaN and inf go where arithmetic takes them: a NaN reaches every output whose window holds it, under a zero weight too; in winograd
    and fft also the other outputs of its tile. At a padded border all but direct multiply by the zeros they wrote, so an
    infinite weight gives NaN there; direct and depthwise skip them.

    Raises ValueError, naming argument and value, for arrays that do not fit or a layer that cannot exist.

    >>> conv2d(np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2)))
    array([[[[ 8., 12.],
             [20., 24.]]]])
    """
    if algorithm != "auto" and algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm: want one of {', '.join(['auto', *ALGORITHMS])}, got {algorithm!r}")
    ia, wt = numbers("ia", ia), numbers("wt", wt)
    if wt.ndim != 4:
        raise ValueError(f"wt: want 4 axes [K,C/groups,R,S], got shape {wt.shape}")
    full = len(axes(layout).split(","))
    if ia.ndim not in (full - 1, full):
        raise ValueError(f"ia: want {full} axes {axes(layout)} (or {full - 1} without a batch), got shape {ia.shape}")
    channels = wt.shape[1] * whole("groups", groups, 1)
    batch = to_nchw(ia if ia.ndim == full else ia[None], layout, channels)
    N, C, H, W = batch.shape
    K, _, R, S = wt.shape
    shape = ConvShape(N, C, H, W, K, R, S, stride, pad, dilation, groups)
    if bias is not None:
        bias = numbers("bias", bias)
        if bias.shape != (K,):
            raise ValueError(f"bias: want shape ({K},), one number a filter, got {bias.shape}")
    exact = np.result_type(dtypes(ia, wt)[0]).kind == "i"
    if explain:
        return table(shape, exact, algorithm)
    name = choose(shape, exact) if algorithm == "auto" else algorithm
    oa = ALGORITHMS[name].conv2d(batch, wt, shape)
    if bias is not None:
        total, result = dtypes(oa, bias)
        oa = (oa.astype(total, copy=False) + bias.astype(total, copy=False)[:, None, None]).astype(result, copy=False)
    oa = from_nchw(oa, layout)
    return oa if ia.ndim == full else oa[0]
