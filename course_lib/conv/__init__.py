"""Convolution: one algorithm a file, all with the same two functions, `conv2d(ia, wt, shape)` and `workspace(shape)`.

>>> list(ALGORITHMS)
['direct', 'im2col']
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from ..shapes import ConvShape, Pads, Pair
from . import direct, im2col
from .arrays import dtypes, numbers

# A new algorithm: one file beside these, one line here. The tests find it.
ALGORITHMS: dict[str, ModuleType] = {
    "direct": direct,
    "im2col": im2col,
}

__all__ = ["ALGORITHMS", "conv2d", "direct", "im2col"]


def conv2d(
    ia: Any,
    wt: Any,
    stride: Pair = 1,
    pad: Pads = 0,
    dilation: Pair = 1,
    groups: int = 1,
    algorithm: str = "auto",
    bias: Any = None,
) -> np.ndarray:
    """ia[N,C,H,W] * wt[K,C/groups,R,S] (+ bias[K]) -> oa[N,K,P,Q]; ia[C,H,W] without a batch gives oa[K,P,Q].

    `algorithm` is a key of ALGORITHMS; "auto" takes im2col. Strides, pads and the rest are spelled as in ConvShape.

    dtypes: mixed ones are promoted by numpy's rules (float32 with float64 gives float64). float16 is summed in float32 and
    rounded once; whole numbers of up to 32 bits are summed in int32 and larger ones in int64, and stay there (no wrapping at
    127). bool, complex and object arrays are refused.
    NaN and inf go where arithmetic takes them: a NaN reaches every output whose window holds it, under a zero weight too.
    At a padded border im2col multiplies by the zeros it wrote, so an infinite weight gives NaN there; direct skips them.

    Raises ValueError, naming argument and value, for arrays that do not fit or a layer that cannot exist.

    >>> conv2d(np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2)))
    array([[[[ 8., 12.],
             [20., 24.]]]])
    """
    if algorithm != "auto" and algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm: want one of {', '.join(['auto', *ALGORITHMS])}, got {algorithm!r}")
    ia, wt = numbers("ia", ia), numbers("wt", wt)
    if ia.ndim not in (3, 4):
        raise ValueError(f"ia: want 4 axes [N,C,H,W] (or 3 without a batch), got shape {ia.shape}")
    if wt.ndim != 4:
        raise ValueError(f"wt: want 4 axes [K,C/groups,R,S], got shape {wt.shape}")
    N, C, H, W = ia.shape if ia.ndim == 4 else (1, *ia.shape)
    K, _, R, S = wt.shape
    shape = ConvShape(N, C, H, W, K, R, S, stride, pad, dilation, groups)
    if bias is not None:
        bias = numbers("bias", bias)
        if bias.shape != (K,):
            raise ValueError(f"bias: want shape ({K},), one number a filter, got {bias.shape}")
    chosen = ALGORITHMS["im2col" if algorithm == "auto" else algorithm]
    oa = chosen.conv2d(ia.reshape(shape.ia_shape), wt, shape)
    if bias is not None:
        total, result = dtypes(oa, bias)
        oa = (oa.astype(total, copy=False) + bias.astype(total, copy=False)[:, None, None]).astype(result, copy=False)
    return oa if ia.ndim == 4 else oa[0]
