"""Depthwise: no channel mixes with another, so there is no product to make; each tap scales and adds a shifted picture."""

from __future__ import annotations

import numpy as np

from ..shapes import ConvShape
from .arrays import fitted
from .im2col import taps
from .refuse import refuse
from .work import Move, Work

SOURCE = "Howard et al., MobileNets, 2017, section 3.1"


def conv2d(ia: np.ndarray, wt: np.ndarray, shape: ConvShape) -> np.ndarray:
    """ia[N,C,H,W] * wt[K,1,R,S] -> oa[N,K,P,Q] where groups = C: R·S times oa += wt[:,r,s] · ia, shifted.

    K may be a multiple of C: filter k sees channel k // (K/C). Raises ValueError where groups is not C.
    """
    ia, wt, result = fitted(ia, wt, shape)
    refuse("depthwise", cannot(shape))
    N, K, P, Q = shape.oa_shape
    each = K // shape.C  # filters a channel
    oa = np.zeros((N, shape.C, each, P, Q), ia.dtype)
    scaled = np.empty((shape.C, each, P, Q), ia.dtype)
    by = wt.reshape(shape.C, each, shape.R, shape.S, 1, 1)
    for n in range(N):
        for r, s, rows, columns, high, wide in taps(shape):
            part = scaled[:, :, rows, columns]
            np.multiply(by[:, :, r, s], ia[n, :, None, high, wide], out=part)
            to = oa[n, :, :, rows, columns]
            to += part
    return oa.reshape(N, K, P, Q).astype(result, copy=False)


def workspace(shape: ConvShape) -> int:
    """Bytes beside ia, wt and oa, for float32: 4·K·P·Q, one tap's scaled picture."""
    return 4 * shape.K * shape.P * shape.Q


def cannot(shape: ConvShape) -> str | None:
    """Why it cannot compute this layer, in words; None where it can."""
    return None if shape.groups == shape.C else f"groups is {shape.groups}, it must be C = {shape.C}: the channels of a group would mix"


def work(shape: ConvShape) -> Work:
    """R·S multiplications and additions of whole pictures."""
    calls, run = shape.N * shape.R * shape.S, shape.Q if shape.strides[1] == 1 else 1
    return Move("copy", calls, shape.macs, run, shape.macs), Move("add", calls, shape.macs, run)
