"""Tucker-2: fewer input channels, a small convolution between them, and back to all output channels."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...shapes import Pair
from .chain import Chain, Stage, filters, whole_rank
from .evbmf import evbmf

SOURCE = "Kim et al., Compression of Deep CNNs for Fast and Low Power Mobile Applications, ICLR 2016"

SWEEPS = 50


def tucker_ranks(wt: Any) -> tuple[int, int]:
    """wt[K,C,R,S] -> (rank_c, rank_k) by EVBMF of the two unfoldings, at least 1 each."""
    wt = filters("wt", wt)
    K, C = wt.shape[:2]
    by_c = evbmf(wt.transpose(1, 0, 2, 3).reshape(C, -1))[0]
    by_k = evbmf(wt.reshape(K, -1))[0]
    return max(1, by_c), max(1, by_k)


def leading(unfolded: np.ndarray, rank: int) -> np.ndarray:
    """The first `rank` left singular vectors."""
    return np.linalg.svd(unfolded, full_matrices=False)[0][:, :rank]


def tucker2(wt: Any, rank_c: int | None = None, rank_k: int | None = None, stride: Pair = 1, pad: Pair = 0, dilation: Pair = 1) -> Chain:
    """wt[K,C,R,S] -> 1x1 (C -> rank_c), RxS (rank_c -> rank_k), 1x1 (rank_k -> K). Ranks left out come from `tucker_ranks`.

    HOSVD to begin with, then each factor in turn given the other (HOI) until the core's size no longer grows.
    """
    wt = filters("wt", wt)
    K, C, R, S = wt.shape
    if rank_c is None or rank_k is None:
        found = tucker_ranks(wt)
        rank_c, rank_k = rank_c or found[0], rank_k or found[1]
    rank_c = whole_rank("rank_c", rank_c, min(C, K * R * S))
    rank_k = whole_rank("rank_k", rank_k, min(K, C * R * S))
    a = leading(wt.reshape(K, -1), rank_k)  # K × rank_k
    b = leading(wt.transpose(1, 0, 2, 3).reshape(C, -1), rank_c)  # C × rank_c
    size = -1.0
    for _ in range(SWEEPS):
        a = leading(np.einsum("kcrs,cd->kdrs", wt, b).reshape(K, -1), rank_k)
        b = leading(np.einsum("kcrs,ke->cers", wt, a).reshape(C, -1), rank_c)
        core = np.einsum("kcrs,ke,cd->edrs", wt, a, b, optimize=True)
        grown = float((core**2).sum())
        if grown <= size * (1 + 1e-10):
            break
        size = grown
    return Chain(
        (Stage(np.ascontiguousarray(b.T)[:, :, None, None]), Stage(core, stride, pad, dilation), Stage(a[:, :, None, None].copy()))
    )
