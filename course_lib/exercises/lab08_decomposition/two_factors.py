"""Two factors in place of one matrix: when that saves, the best such pair, and a column filter followed by a row filter."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Misconception

SAVES, SVD, SPATIAL = "08_decomposition#when-it-saves", "08_decomposition#svd", "08_decomposition#spatial"

# --- when two factors save ---------------------------------------------------------------------------------------------


def largest_saving(K: int, J: int) -> int:
    """The largest rank with rank·(K + J) < K·J."""
    return (K * J - 1) // (K + J)


def size_cases(rng: np.random.Generator) -> list[Case]:
    sizes = [(4, 4), (2, 2), (1, 7), (64, 576), (1000, 4096), (3, 6), (12, 4)]
    sizes += [(int(k), int(j)) for k, j in rng.integers(2, 400, (8, 2))]
    return [Case(size, label=f"K = {size[0]}, J = {size[1]}") for size in sizes]


saving_rank = Exercise(
    name="saving_rank",
    reference=largest_saving,
    cases=size_cases,
    misconceptions=(
        Misconception(
            "equal counts as saving",
            lambda K, J: K * J // (K + J),
            "At your rank the two factors hold exactly as many numbers as the matrix for some sizes (4 × 4, rank 2). Saving means fewer.",
            SAVES,
        ),
        Misconception(
            "the smaller side",
            lambda K, J: min(K, J),
            "That is the largest rank a matrix can have. Two factors hold rank·(K + J) numbers: at full rank more than the matrix.",
            SAVES,
        ),
        Misconception(
            "half of the smaller side",
            lambda K, J: min(K, J) // 2,
            "Half of the smaller side is right for nearly square matrices only. Count: u has K·rank numbers, v has rank·J.",
            SAVES,
        ),
        Misconception(
            "only one factor is counted",
            lambda K, J: (K * J - 1) // max(K, J),
            "There are two factors, u[K, rank] and v[rank, J]; you count one of them.",
            SAVES,
        ),
        Misconception(
            "the first rank that does not save",
            lambda K, J: (K * J - 1) // (K + J) + 1,
            "One too many: at your rank the factors are no smaller than the matrix.",
            SAVES,
        ),
    ),
    hint="u[K, rank] and v[rank, J] hold rank·(K + J) numbers. Which is the largest whole rank with fewer than K·J?",
    slide=SAVES,
)

# --- the best pair -----------------------------------------------------------------------------------------------------


def product_of(answer: Any) -> np.ndarray:
    """u @ v: what is compared, since the same product has many pairs of factors."""
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise ValueError(f"factors: want two arrays, u[K, rank] and v[rank, J], got a {type(answer).__name__}")
    u, v = (np.asarray(a, np.float64) for a in answer)
    if u.ndim != 2 or v.ndim != 2 or u.shape[1] != v.shape[0]:
        raise ValueError(f"factors: want u[K, rank] and v[rank, J], got {u.shape} and {v.shape}")
    # the rank is part of the answer: a wider pair with the same product would be no decomposition
    return np.concatenate([(u @ v).ravel(), [u.shape[1]]])


def cut(
    w: np.ndarray, rank: int, pick: Callable[[np.ndarray, int], np.ndarray] | None = None, power: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """The factors from the singular values that `pick` chooses; the largest by default. `power` 0 and 2 are wrong ideas."""
    u, s, v = np.linalg.svd(np.asarray(w, np.float64), full_matrices=False)
    chosen = np.arange(rank) if pick is None else pick(s, rank)
    return u[:, chosen] * s[chosen] ** power, v[chosen]


def matrix_cases(rng: np.random.Generator) -> list[Case]:
    cases = []
    for (K, J), rank in [((2, 2), 1), ((3, 2), 1), ((3, 4), 2), ((4, 3), 3), ((1, 5), 1), ((6, 9), 4), ((8, 5), 2), ((7, 7), 5)]:
        left, right = (np.linalg.qr(rng.standard_normal((n, n)))[0][:, : min(K, J)] for n in (K, J))
        sizes = np.sort(rng.uniform(1, 2, min(K, J)) * np.arange(1, min(K, J) + 1))[::-1]  # well apart, so that the cut is unique
        w = (left * sizes) @ right.T
        cases.append(Case((np.round(w, 3), rank), label=f"{K} × {J}, rank {rank}"))
    return cases


svd_linear = Exercise(
    name="svd_linear",
    reference=cut,
    cases=matrix_cases,
    tolerance=1e-6,
    reading=product_of,
    misconceptions=(
        Misconception(
            "the singular values are left out",
            partial(cut, power=0.0),
            "Columns of u and rows of v have length 1: their product has lost the sizes. The singular values must go into one of the"
            " factors (or their roots into both).",
            SVD,
        ),
        Misconception(
            "the singular values go into both factors",
            partial(cut, power=2.0),
            "Your product has the singular values squared: they were multiplied into both factors. Into one, or their"
            " square roots into both.",
            SVD,
        ),
        Misconception(
            "the smallest are kept",
            partial(cut, pick=lambda s, rank: np.arange(len(s) - rank, len(s))),
            "You keep the smallest singular values. They come sorted, largest first: keep the first `rank`.",
            SVD,
        ),
        Misconception(
            "the first is left out",
            partial(cut, pick=lambda s, rank: np.arange(1, min(rank + 1, len(s)))),
            "The first direction, the most important one, is missing: indices begin at 0.",
            SVD,
        ),
        Misconception(
            "nothing is cut",
            lambda w, rank: cut(w, min(np.shape(w))),
            "The product is right because nothing was left out: u must have `rank` columns and v `rank` rows.",
            SVD,
        ),
        Misconception(
            "v is not transposed",
            lambda w, rank: (cut(w, rank)[0], np.linalg.svd(np.asarray(w, np.float64), full_matrices=False)[2].T[:rank, : np.shape(w)[1]]),
            "The third result of numpy is v with directions in its rows already, ready to be multiplied: rows are cut, not columns.",
            SVD,
        ),
    ),
    hint="u, s, v = np.linalg.svd(w, full_matrices=False): keep the first `rank` columns of u, values of s and rows of v.",
    slide=SVD,
)

# --- a column filter, then a row filter --------------------------------------------------------------------------------


def spatial_pair(wt: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """wt[K,C,R,S] -> down[rank,C,R], along[K,rank,S]"""
    K, C, R, S = wt.shape
    u, v = cut(np.asarray(wt, np.float64).transpose(1, 2, 0, 3).reshape(C * R, K * S), rank)
    return u.T.reshape(rank, C, R), v.reshape(rank, K, S).transpose(1, 0, 2)


def filters_again(answer: Any) -> np.ndarray:
    """The filters wt[K,C,R,S] that the pair amounts to, and its rank."""
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise ValueError(f"filters: want two arrays, down[rank, C, R] and along[K, rank, S], got a {type(answer).__name__}")
    down, along = (np.asarray(a, np.float64) for a in answer)
    if down.ndim != 3 or along.ndim != 3 or along.shape[1] != down.shape[0]:
        raise ValueError(f"filters: want down[rank, C, R] and along[K, rank, S], got {down.shape} and {along.shape}")
    return np.concatenate([np.einsum("jcr,kjs->kcrs", down, along).ravel(), [len(down)]])


def filter_cases(rng: np.random.Generator) -> list[Case]:
    cases = []
    for shape, rank in [
        ((1, 1, 2, 2), 1),
        ((1, 1, 3, 2), 1),
        ((2, 1, 2, 2), 2),
        ((2, 3, 2, 2), 2),
        ((3, 2, 3, 3), 4),
        ((4, 3, 3, 5), 5),
        ((2, 2, 1, 3), 1),
    ]:
        K, C, R, S = shape
        n = min(C * R, K * S)
        left, right = (np.linalg.qr(rng.standard_normal((m, m)))[0][:, :n] for m in (C * R, K * S))
        flat = (left * np.sort(rng.uniform(1, 2, n) * np.arange(1, n + 1))[::-1]) @ right.T
        wt = flat.reshape(C, R, K, S).transpose(2, 0, 1, 3)
        cases.append(Case((np.round(wt, 3), rank), label=f"{K} filters of {C}x{R}x{S}, {rank} map{'s' * (rank > 1)} between"))
    return cases


def reshaped_only(wt: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """Reshaped to [C·R, K·S] without moving the axes first."""
    K, C, R, S = wt.shape
    u, v = cut(np.asarray(wt, np.float64).reshape(C * R, K * S), rank)
    return u.T.reshape(rank, C, R), v.reshape(rank, K, S).transpose(1, 0, 2)


def not_moved_back(wt: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """v reshaped straight to [K, rank, S]."""
    down, _ = spatial_pair(wt, rank)
    K, C, R, S = wt.shape
    v = cut(np.asarray(wt, np.float64).transpose(1, 2, 0, 3).reshape(C * R, K * S), rank)[1]
    return down, v.reshape(K, rank, S)


def columns_not_turned(wt: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """u[C·R, rank] reshaped straight to [rank, C, R]."""
    _, along = spatial_pair(wt, rank)
    K, C, R, S = wt.shape
    u = cut(np.asarray(wt, np.float64).transpose(1, 2, 0, 3).reshape(C * R, K * S), rank)[0]
    return u.reshape(rank, C, R), along


spatial_svd = Exercise(
    name="spatial_svd",
    reference=spatial_pair,
    cases=filter_cases,
    tolerance=1e-6,
    reading=filters_again,
    misconceptions=(
        Misconception(
            "reshaped where axes should move first",
            reshaped_only,
            "The rows must be (c, r) and the columns (k, s): reshape alone never moves a number. First transpose(1, 2, 0, 3).",
            SPATIAL,
        ),
        Misconception(
            "the row filters are not moved back",
            not_moved_back,
            "The rows of v are maps, its columns (k, s): reshape it to (rank, K, S), and then move K to the front.",
            SPATIAL,
        ),
        Misconception(
            "the column filters are not turned",
            columns_not_turned,
            "There is a map a column in u: transpose it before you reshape it to (rank, C, R).",
            SPATIAL,
        ),
        Misconception(
            "the singular values are left out",
            lambda wt, rank: (
                spatial_pair(wt, rank)[0] / np.maximum(np.linalg.norm(spatial_pair(wt, rank)[0], axis=(1, 2), keepdims=True), 1e-12),
                spatial_pair(wt, rank)[1],
            ),
            "Both filters have length 1: the singular values are missing from the product.",
            SPATIAL,
        ),
        Misconception(
            "one map a filter",
            lambda wt, rank: spatial_pair(wt, 1),
            "There is one map between the two layers. `rank` of them are asked for.",
            SPATIAL,
        ),
    ),
    hint="F[k,c,r,s] = sum over j of down[j,c,r]·along[k,j,s]: a matrix with rows (c, r) and columns (k, s), and its SVD.",
    slide=SPATIAL,
)
