"""Spatial separation: a column filter R x 1 into a few maps, then a row filter 1 x S."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...shapes import Pair
from .chain import Chain, Stage, filters, pairs, whole_rank

SOURCE = "Jaderberg, Vedaldi & Zisserman 2014, scheme 2"


def spatial_svd(wt: Any, rank: int, stride: Pair = 1, pad: Pair = 0, dilation: Pair = 1) -> Chain:
    """wt[K,C,R,S] -> R x 1 filters, C -> rank maps, then 1 x S filters, rank -> K; the best such pair in the sum of squares.

    F[k,c,r,s] = sum_j H[k,j,s]·V[j,c,r]: an SVD of the (C·R) x (K·S) matrix. The step and the frame of each axis go to its stage.
    """
    wt = filters("wt", wt)
    K, C, R, S = wt.shape
    rank = whole_rank("rank", rank, min(C * R, K * S))
    u, s, v = np.linalg.svd(wt.transpose(1, 2, 0, 3).reshape(C * R, K * S), full_matrices=False)
    root = np.sqrt(s[:rank])
    down = (u[:, :rank] * root).T.reshape(rank, C, R, 1)
    along = (root[:, None] * v[:rank]).reshape(rank, K, S).transpose(1, 0, 2).reshape(K, rank, 1, S)
    (by_h, by_w), (top, left), (apart_h, apart_w) = pairs(stride), pairs(pad), pairs(dilation)
    return Chain((Stage(down, (by_h, 1), (top, 0), (apart_h, 1)), Stage(np.ascontiguousarray(along), (1, by_w), (0, left), (1, apart_w))))
