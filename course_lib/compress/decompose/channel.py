"""Fewer filters, then a 1x1 layer that mixes their answers back: the responses lie near a subspace even where the weights do not."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...shapes import Pair
from ..operator import LowRank
from .chain import Chain, Stage, filters, whole_rank
from .forms import low_rank
from .relu import PENALTIES, approximate

SOURCE = "Zhang, Zou, Ming, He & Sun, CVPR 2015, arXiv 1411.4229"


def channel_decompose(
    wt: Any,
    cols: Any,
    rank: int,
    bias: Any = None,
    relu_aware: bool = False,
    target: Any = None,
    stride: Pair = 1,
    pad: Pair = 0,
    dilation: Pair = 1,
    penalties: Any = PENALTIES,
) -> Chain:
    """wt[K,C,R,S], windows cols[C·R·S, n] of real inputs -> RxS with `rank` filters, then 1x1 back to K.

    The responses Y = W·cols + bias are kept as well as `rank` directions can: by their principal components (linear), or
    as they are after the ReLU (`relu_aware`). `target[K,n]` are the original network's responses where `cols` comes from
    a network whose earlier layers are approximated already: the asymmetric form. Raises ValueError for sizes that do not meet.
    """
    wt = filters("wt", wt)
    K = len(wt)
    w = wt.reshape(K, -1).astype(np.float64, copy=False)
    cols = np.asarray(cols, np.float64)
    if cols.ndim != 2 or len(cols) != w.shape[1]:
        raise ValueError(f"cols: want {w.shape[1]} rows (C·R·S), a window a column, got shape {cols.shape}")
    rank = whole_rank("rank", rank, min(K, w.shape[1]))
    shift = np.zeros(K) if bias is None else np.asarray(bias, np.float64)
    if shift.shape != (K,):
        raise ValueError(f"bias: want shape ({K},), got {shift.shape}")
    y = w @ cols + shift[:, None]
    want = y if target is None else np.asarray(target, np.float64)
    if want.shape != y.shape:
        raise ValueError(f"target: want {y.shape} = (K, n) as the windows give, got {want.shape}")
    found = approximate(low_rank(rank), want, y, relu_aware, penalties)
    factors: LowRank = found.operator  # type: ignore[assignment]
    back = factors.dense() @ shift + found.bias
    first = (factors.v @ w).reshape(rank, *wt.shape[1:])
    stages = (Stage(first.astype(wt.dtype), stride, pad, dilation), Stage(factors.u[:, :, None, None].astype(wt.dtype)))
    return Chain(stages, back.astype(wt.dtype))
