"""W = L + S: a few directions for what is common, a few entries for what is not."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Misconception
from .two_factors import cut

PARTS = "08_decomposition#low-rank-plus-sparse"


def split(w: Any, rank: int, count: int, sweeps: int = 20, by: str = "size", alternate: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """L = best rank of W - S, S = the `count` largest entries of W - L, in turns from S = 0; the options are wrong ideas."""
    w = np.asarray(w, np.float64)
    sparse = np.zeros_like(w)
    low = sparse
    for _ in range(sweeps):
        u, v = cut(w - sparse, rank)
        low = u @ v
        rest = w - low if alternate else w
        order = np.argsort(-(np.abs(rest) if by == "size" else rest), axis=None, kind="stable")[:count]
        sparse = np.zeros_like(w)
        sparse.flat[order] = rest.flat[order]
    return low, sparse


def parts_of(answer: Any) -> np.ndarray:
    """(L, S) as numbers, and how many of S's are not zero."""
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise ValueError(f"parts: want two matrices, L and S, got a {type(answer).__name__}")
    low, sparse = (np.asarray(a, np.float64) for a in answer)
    if low.ndim != 2 or low.shape != sparse.shape:
        raise ValueError(f"parts: want L and S of the shape of w, got {low.shape} and {sparse.shape}")
    return np.concatenate([low.ravel(), sparse.ravel(), [np.count_nonzero(sparse)]])


def planted_cases(rng: np.random.Generator) -> list[Case]:
    cases = []
    for K, J, rank, count in [(3, 3, 1, 1), (4, 5, 1, 2), (5, 4, 1, 2), (6, 8, 2, 3), (8, 8, 2, 4), (10, 12, 2, 8)]:
        low = (
            rng.uniform(0.5, 1.5, (K, rank))
            * rng.choice([-1, 1], (K, rank))
            @ (rng.uniform(0.5, 1.5, (rank, J)) * rng.choice([-1, 1], (rank, J)))
        )
        spikes = np.zeros(K * J)
        spikes[rng.permutation(K * J)[:count]] = rng.choice([-1, 1], count) * rng.uniform(9, 12, count)
        w = np.round(low + spikes.reshape(K, J), 2)
        cases.append(Case((w, rank, count), label=f"{K} × {J}, rank {rank} and {count} entr{'y' if count == 1 else 'ies'}"))
    return cases


lowrank_plus_sparse = Exercise(
    name="lowrank_plus_sparse",
    reference=split,
    cases=planted_cases,
    tolerance=1e-5,
    reading=parts_of,
    misconceptions=(
        Misconception(
            "one sweep only",
            partial(split, sweeps=1),
            "That is the first sweep. Now that the largest entries are out of the way, the SVD of w - S finds better"
            " directions: 20 sweeps.",
            PARTS,
        ),
        Misconception(
            "the largest, not the largest in size",
            partial(split, by="value"),
            "Large negative entries are left out: it is the size |w - L| that counts.",
            PARTS,
        ),
        Misconception(
            "S is taken from w",
            partial(split, alternate=False),
            "S holds what L leaves, w - L. You take the entries of w itself, so L + S counts them twice.",
            PARTS,
        ),
        Misconception(
            "no low rank",
            lambda w, rank, count: (np.zeros(np.shape(w)), split(w, rank, count)[1]),
            "L is missing: the best matrix of rank `rank` for w - S.",
            PARTS,
        ),
        Misconception(
            "no sparse part",
            lambda w, rank, count: ((lambda uv: uv[0] @ uv[1])(cut(w, rank)), np.zeros(np.shape(w))),
            "S is empty: after each L, keep the `count` largest entries of w - L.",
            PARTS,
        ),
        Misconception(
            "the rest is not cut",
            lambda w, rank, count: (split(w, rank, count)[0], np.asarray(w, np.float64) - split(w, rank, count)[0]),
            "L + S is exactly w because S holds everything that is left. It may hold `count` entries.",
            PARTS,
        ),
    ),
    hint="Start with S = 0. Twenty times: L = svd_linear of w - S; S = w - L with all but its `count` largest |entries| set to zero.",
    slide=PARTS,
)
