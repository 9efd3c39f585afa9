"""Singular values: the best matrix of a given rank, for fully connected and 1x1 layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operator import LowRank, matrix
from .chain import Chain, Stage, filters, finite, whole_rank

SOURCE = "Eckart & Young 1936; Denton et al. 2014"


def svd_linear(w: Any, rank: int) -> LowRank:
    """w[K, C·R·S] -> u[K, rank] @ v[rank, C·R·S], the nearest matrix of that rank; error² is the sum of the singular values² left out.

    The singular values are shared evenly between the factors, so that both are of one size.
    """
    w = finite("w", matrix("w", w))
    rank = whole_rank("rank", rank, min(w.shape))
    u, s, v = np.linalg.svd(w, full_matrices=False)
    root = np.sqrt(s[:rank])
    return LowRank(u[:, :rank] * root, root[:, None] * v[:rank])


def svd_1x1(wt: Any, rank: int) -> Chain:
    """wt[K,C,1,1] -> two 1x1 layers, C -> rank -> K."""
    wt = filters("wt", wt)
    if wt.shape[2:] != (1, 1):
        raise ValueError(f"wt: want 1x1 filters, got {wt.shape[2]}x{wt.shape[3]}: channel_decompose and spatial_svd are for those")
    low = svd_linear(wt, rank)
    return Chain((Stage(low.v[:, :, None, None]), Stage(low.u[:, :, None, None])))


def saving_rank(K: int, J: int) -> int:
    """The largest rank at which two factors hold fewer numbers than the matrix: rank·(K + J) < K·J."""
    return (K * J - 1) // (K + J)
