"""Channel pruning: LASSO chooses, least squares mends."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Misconception
from ..pictures import plane_picture

CHOOSE, MEND = "07_pruning#lasso", "07_pruning#reconstruction"


def planted(rng: np.random.Generator, N: int, c: int, r: int, n: int, true: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X[N,c,r], W[n,c,r], Y: `true` channels make Y; of the others some have large weights and silent inputs, and two speak loudly
    against each other. Norms of weights and loudness are both fooled."""
    order = rng.permutation(c)
    matter, others = order[:true], order[true:]
    X, W = rng.standard_normal((N, c, r)), rng.standard_normal((n, c, r))
    for rank, channel in enumerate(matter):
        W[:, channel] *= (1 + 0.5 * rank) / np.linalg.norm(W[:, channel])
    for i, channel in enumerate(others):
        W[:, channel] *= 6 / np.linalg.norm(W[:, channel])
        X[:, channel] *= 0.01
        if i == 1:  # the pair: the same input, opposite weights
            X[:, others[0]] = rng.standard_normal((N, r))
            X[:, channel] = X[:, others[0]]
            W[:, channel] = -W[:, others[0]] * 0.999
    return X, W, np.einsum("Ncr,ncr->Nn", X, W)


def choose_cases(rng: np.random.Generator) -> list[Case]:
    cases = []
    for N, c, r, n, true in (
        (40, 4, 1, 2, 2),
        (60, 5, 1, 3, 2),
        (80, 6, 4, 3, 3),
        (120, 9, 4, 5, 4),
        (150, 12, 9, 4, 5),
        (100, 8, 2, 6, 5),
    ):
        X, W, Y = planted(rng, N, c, r, n, true)
        cases.append(Case((X, W, Y, true), label=f"{true} of {c} channels, {r} taps, {n} outputs, {N} samples"))
    X, W, Y = planted(rng, 60, 5, 3, 3, 3)
    return [*cases, Case((X, W, Y, 5), label="all 5 of 5 channels")]


def lasso(X: np.ndarray, W: np.ndarray, Y: np.ndarray, c_keep: int) -> np.ndarray:
    from ...compress.prune.channels import channel_select_lasso

    return channel_select_lasso(X, W, Y, c_keep, stages=1)


def best(scores: np.ndarray, c_keep: int) -> np.ndarray:
    return np.sort(np.argsort(-scores, kind="stable")[:c_keep])


channel_select_lasso = Exercise(
    name="channel_select_lasso",
    reference=lasso,
    cases=choose_cases,
    misconceptions=(
        Misconception(
            "the largest weights",
            lambda X, W, Y, c_keep: best(np.abs(W).sum((0, 2)), c_keep),
            "You go by the weights alone. A channel with large weights whose input is silent gives nothing to Y: look at X, too.",
            CHOOSE,
        ),
        Misconception(
            "the loudest contributions",
            lambda X, W, Y, c_keep: best(np.linalg.norm(np.einsum("Ncr,ncr->cNn", X, W).reshape(X.shape[1], -1), axis=1), c_keep),
            "Two loud channels may cancel each other. What counts is what Y loses without a channel, the others being there.",
            CHOOSE,
        ),
        Misconception(
            "the first channels",
            lambda X, W, Y, c_keep: np.arange(c_keep),
            "You keep the first channels. Which of them matter is for X, W and Y to say.",
            CHOOSE,
        ),
        Misconception(
            "those that go",
            lambda X, W, Y, c_keep: np.setdiff1d(np.arange(X.shape[1]), lasso(X, W, Y, c_keep)),
            "These are the channels to throw away. Return those that stay: where beta is not zero.",
            CHOOSE,
        ),
        Misconception(
            "a mask in place of numbers",
            lambda X, W, Y, c_keep: np.isin(np.arange(X.shape[1]), lasso(X, W, Y, c_keep)),
            "Return channel numbers in rising order, as np.flatnonzero gives them, not a mask.",
            CHOOSE,
        ),
        Misconception(
            "one channel too few",
            lambda X, W, Y, c_keep: lasso(X, W, Y, max(1, c_keep - 1)),
            "You stop one too late: exactly c_keep channels must be left. Go back to a smaller lambda, between the last two.",
            CHOOSE,
        ),
    ),
    hint="One column a channel: its contribution X_i W_i^T, flattened. Fit Y by sklearn's Lasso; raise alpha until c_keep betas are left.",
    slide=CHOOSE,
)


def fit(X: np.ndarray, W: np.ndarray, Y: np.ndarray, keep: Any) -> np.ndarray:
    """W'[n, c_keep, r]"""
    flat = X[:, keep].reshape(len(X), -1)
    return np.linalg.lstsq(flat, Y, rcond=None)[0].T.reshape(len(W), len(keep), X.shape[2])


def mend_cases(rng: np.random.Generator) -> list[Case]:
    cases = []
    for N, c, r, n, kept in (
        (12, 2, 1, 1, 1),
        (20, 3, 1, 2, 2),
        (40, 4, 3, 2, 2),
        (90, 6, 4, 5, 3),
        (120, 5, 9, 3, 4),
        (60, 7, 2, 4, 1),
        (50, 3, 2, 2, 3),
    ):
        mixed = rng.standard_normal((c, c)) + 2 * np.eye(c)  # channels that know of each other: those that stay can stand in
        X = np.einsum("Ncr,dc->Ndr", rng.standard_normal((N, c, r)), mixed)
        W = rng.standard_normal((n, c, r))
        keep = np.sort(rng.permutation(c)[:kept])
        Y = np.einsum("Ncr,ncr->Nn", X, W) + 0.5 * rng.standard_normal((N, n))  # what the layer before has lost already
        cases.append(Case((X, W, Y, keep), label=f"{kept} of {c} channels, {r} taps, {n} outputs"))
    return cases


def one_factor(X: np.ndarray, W: np.ndarray, Y: np.ndarray, keep: Any) -> np.ndarray:
    z = np.einsum("Ncr,ncr->cNn", X, W)[keep].reshape(len(keep), -1)
    beta = np.linalg.lstsq(z.T, Y.ravel(), rcond=None)[0]
    return W[:, keep] * beta[None, :, None]


def taps_first(X: np.ndarray, W: np.ndarray, Y: np.ndarray, keep: Any) -> np.ndarray:
    """The solution's rows read as [r, c] where they are [c, r]."""
    flat = fit(X, W, Y, keep).reshape(len(W), -1)
    return flat.reshape(len(W), X.shape[2], len(keep)).transpose(0, 2, 1)


reconstruct = Exercise(
    name="reconstruct",
    reference=fit,
    cases=mend_cases,
    tolerance=1e-6,
    misconceptions=(
        Misconception(
            "the old weights",
            lambda X, W, Y, keep: W[:, keep],
            "These are the old weights. The channels that stay can stand in for those that went: fit them to Y anew.",
            MEND,
        ),
        Misconception(
            "fitted to what is missing",
            lambda X, W, Y, keep: fit(X, W, Y - np.einsum("Ncr,ncr->Nn", X[:, keep], W[:, keep]), keep),
            "You fit what is missing and return that alone. Either fit the whole Y, or add the old weights to what you found.",
            MEND,
        ),
        Misconception(
            "one factor a channel",
            one_factor,
            "You scale the old filters. Each weight is free: n rows of c_keep times r numbers.",
            MEND,
        ),
        Misconception(
            "taps and channels have changed places",
            taps_first,
            "Channels and taps are mixed up in the reshape: the columns of the flattened X' run over channels first, then taps.",
            MEND,
        ),
        Misconception(
            "transposed",
            lambda X, W, Y, keep: fit(X, W, Y, keep).transpose(1, 2, 0),
            "The result is [outputs, kept channels, taps]; the solution of least squares has the outputs last.",
            MEND,
        ),
        Misconception(
            "all channels are fitted",
            lambda X, W, Y, keep: fit(X, W, Y, np.arange(X.shape[1]))[:, keep],
            "You fit all channels and then cut. Then nobody stands in for those that are gone: cut X first.",
            MEND,
        ),
    ),
    picture=plane_picture,
    hint="X' = X[:, keep] flattened to [N, c_keep·r]; np.linalg.lstsq(X', Y); transpose and reshape to [n, c_keep, r].",
    slide=MEND,
)
