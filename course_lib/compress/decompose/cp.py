"""CP: a sum of outer products; the convolution becomes 1x1, a column a channel, a row a channel, 1x1."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from ...shapes import Pair
from .chain import Chain, Stage, filters, pairs, whole_rank

SOURCE = "Lebedev et al., Speeding-up CNNs Using Fine-tuned CP-Decomposition, ICLR 2015; ALS as implemented here"

DAMPING = 1e-8  # relative: near-parallel components would otherwise grow without bound against each other


def khatri_rao(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Column by column Kronecker products: a[I, rank], b[J, rank] -> [I·J, rank]."""
    return (a[:, None, :] * b[None, :, :]).reshape(-1, a.shape[1])


def cp_als(wt: Any, rank: int, sweeps: int = 200, seed: int = 0) -> tuple[list[np.ndarray], list[float]]:
    """wt[K,C,R,S] -> (factors [K,rank] [C,rank] [R,rank] [S,rank], relative error after each sweep).

    Each factor in turn is the (slightly damped) least-squares solution given the three others, so the error never rises
    by more than the damping. Starts from singular vectors of the unfoldings, filled up with random columns of `seed`.
    """
    wt = filters("wt", wt).astype(np.float64, copy=False)
    rank = whole_rank("rank", rank, wt.size)
    sweeps = whole_rank("sweeps", sweeps, 10**6)
    rng = np.random.default_rng(seed)
    unfolded = [np.moveaxis(wt, axis, 0).reshape(wt.shape[axis], -1) for axis in range(4)]
    factors = []
    for flat in unfolded:
        start = rng.standard_normal((len(flat), rank))
        u = np.linalg.svd(flat, full_matrices=False)[0][:, :rank]
        start[:, : u.shape[1]] = u
        factors.append(start)
    size = float(np.linalg.norm(wt)) or 1.0
    errors: list[float] = []
    for _ in range(sweeps):
        for axis in range(4):
            others = [f for i, f in enumerate(factors) if i != axis]
            gram = reduce(np.multiply, [f.T @ f for f in others])
            gram = gram + DAMPING * (np.trace(gram) / rank or 1.0) * np.eye(rank)  # a factor of zeros leaves a Gram matrix of zeros
            factors[axis] = np.linalg.solve(gram, (unfolded[axis] @ reduce(khatri_rao, others)).T).T
        for f in factors[:3]:  # the size goes to the last factor, so that none runs away
            norms = np.linalg.norm(f, axis=0)
            norms[norms == 0] = 1
            f /= norms
            factors[3] = factors[3] * norms
        error = float(np.linalg.norm(wt - from_factors(factors))) / size
        errors.append(error)
        if len(errors) > 1 and errors[-2] - error < 1e-9:
            break
    return factors, errors


def from_factors(factors: list[np.ndarray]) -> np.ndarray:
    """[K,rank] [C,rank] [R,rank] [S,rank] -> wt[K,C,R,S]"""
    return np.einsum("kj,cj,rj,sj->kcrs", *factors, optimize=True)


def cp_decompose(wt: Any, rank: int, stride: Pair = 1, pad: Pair = 0, dilation: Pair = 1, sweeps: int = 200, seed: int = 0) -> Chain:
    """wt[K,C,R,S] -> 1x1 (C -> rank), R x 1 and 1 x S depthwise, 1x1 (rank -> K): rank·(C + R + S + K) numbers."""
    wt = filters("wt", wt)
    (k, c, r, s), _ = cp_als(wt, rank, sweeps, seed)
    (by_h, by_w), (top, left), (apart_h, apart_w) = pairs(stride), pairs(pad), pairs(dilation)
    stages = (
        Stage(c.T[:, :, None, None].astype(wt.dtype)),
        Stage(r.T[:, None, :, None].astype(wt.dtype), (by_h, 1), (top, 0), (apart_h, 1), rank),
        Stage(s.T[:, None, None, :].astype(wt.dtype), (1, by_w), (0, left), (1, apart_w), rank),
        Stage(k[:, :, None, None].astype(wt.dtype)),
    )
    return Chain(stages)
