"""Channel pruning by reconstruction: LASSO picks the channels, least squares repairs the weights of those that stay.

Y[N,n]      what the layer gave before                X[N,c,r]    r = R·S inputs of each of c channels under one window
W[n,c,r]    the layer's weights                       Z_i = X_i W_i^T    what channel i contributes to Y

min over beta   1/(2 N n) ||Y - Σ_i beta_i Z_i||² + lambda ||beta||_1        lambda rises until c' channels are left
min over W'     ||Y - X' W'^T||²                                             then X' is what the kept channels give

LASSO scales a channel's old weights, and cannot know that least squares will give it new ones: at mild ratios a norm may choose better.
`channel_exchange` (ours, not the paper's) takes up where it ends: one channel for another, as long as the repaired error falls.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from course_lib.shapes import whole

SOURCE = "He, Zhang, Sun, Channel Pruning for Accelerating Very Deep Neural Networks, ICCV 2017"

MOST_BISECTIONS = 40


def samples(X: Any, W: Any, Y: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X[N,c,r], W[n,c,r], Y[N,n] as float64; ValueError naming what does not fit. 2-D X and W are read as r = 1."""
    X, W, Y = (np.asarray(a, np.float64) for a in (X, W, Y))
    X, W = (a[..., None] if a.ndim == 2 else a.reshape(*a.shape[:2], -1) for a in (X, W))
    if X.ndim != 3 or W.ndim != 3 or X.shape[1:] != W.shape[1:]:
        raise ValueError(f"X, W: want X[N, c, r] and W[n, c, r] of equal c and r, got {X.shape} and {W.shape}")
    if Y.shape != (len(X), len(W)):
        raise ValueError(f"Y: want shape {(len(X), len(W))} = (samples, outputs), got {Y.shape}")
    return X, W, Y


def contributions(X: np.ndarray, W: np.ndarray) -> np.ndarray:
    """[c, N, n]: what each channel adds to all outputs of all samples."""
    return np.einsum("Ncr,ncr->cNn", X, W, optimize=True)


def lasso(gram: np.ndarray, aim: np.ndarray, c_keep: int) -> np.ndarray:
    """The c_keep indices that stay longest: lambda is doubled until no more than c_keep betas are left, then bisected.

    gram[c, c] = <Z_i, Z_j> and aim[c] = <Z_i, Y> are all that the problem knows of the data. Where no lambda leaves exactly c_keep, the
    largest |beta_i| ||Z_i|| of the smallest larger set are taken; where all Z are zero, as behind dead channels, the first.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import Lasso

    values, vectors = np.linalg.eigh(gram)
    if not values[-1] > 0:
        return np.arange(c_keep)
    good = values > values[-1] * 1e-10
    root = (vectors[:, good] * np.sqrt(values[good])).T  # root^T root = gram: as good as all the samples, and far shorter
    target = (vectors[:, good] / np.sqrt(values[good])).T @ aim

    def beta(strength: float) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return np.asarray(Lasso(alpha=strength / len(root), fit_intercept=False, max_iter=3000, tol=1e-6).fit(root, target).coef_)

    low, high, found = 0.0, 1e-3 * float(np.abs(aim).max()) or 1.0, np.ones(len(aim))
    while (many := np.count_nonzero(now := beta(high))) > c_keep:
        found, low, high = now, high, 2 * high
    for _ in range(MOST_BISECTIONS):
        if many == c_keep:
            return np.flatnonzero(now)
        middle = (low + high) / 2
        many = np.count_nonzero(now := beta(middle))
        if many > c_keep:
            found, low = now, middle
        elif many < c_keep:
            high = middle
    force = np.abs(found) * np.sqrt(np.diag(gram))  # channels that leave together: those that contribute most are taken
    return np.sort(np.argsort(-force, kind="stable")[:c_keep])


def channel_select_lasso(X: Any, W: Any, Y: Any, c_keep: int, stages: int = 4) -> np.ndarray:
    """The c_keep channels that LASSO leaves, in rising order. X[N,c,r], W[n,c,r], Y[N,n].

    In `stages` steps of equal ratio: select fewer channels, fit the weights of those anew, select again with the new weights. One stage
    is a single LASSO with the weights as they are; the stages between are the alternation that the paper describes.
    """
    X, W, Y = samples(X, W, Y)
    c, c_keep, stages = X.shape[1], whole("c_keep", c_keep, 1), whole("stages", stages, 1)
    if c_keep > c:
        raise ValueError(f"c_keep: want at most c = {c}, got {c_keep}")
    flat = X.reshape(len(X), -1)
    gram, cross = flat.T @ flat, flat.T @ Y
    keep, now = np.arange(c), W
    for stage in range(1, stages + 1):
        size = c_keep if stage == stages else round(c * (c_keep / c) ** (stage / stages))
        if size == len(keep):
            continue
        r, at = X.shape[2], taps(keep, X.shape[2])
        part, aim = gram[np.ix_(at, at)].reshape(len(keep), r, len(keep), r), cross[at].reshape(len(keep), r, -1)
        alike = np.einsum("nia,iajb,njb->ij", now, part, now, optimize=True)
        keep = keep[lasso(alike, np.einsum("nia,ian->i", now, aim, optimize=True), size)]
        if size > c_keep:
            at = taps(keep, r)
            part = gram[np.ix_(at, at)]
            part[np.diag_indices_from(part)] += 1e-12 * np.trace(part) + 1e-300
            now = np.linalg.solve(part, cross[at]).T.reshape(len(W), len(keep), r)
    return keep


def channel_exchange(X: Any, W: Any, Y: Any, keep: Any) -> np.ndarray:
    """`keep` with one channel exchanged for another, always the pair that helps most, until no pair lowers the error after least squares.

    All pairs are judged at once. With inv = (X'^T X')^-1, dropping channel i costs W_i^T inv_ii^-1 W_i, and what j then gains needs the
    inverse of its Schur complement only, R·S numbers square. X[N,c,r], W[n,c,r], Y[N,n]; keep as channel numbers or a mask.
    """
    X, W, Y = samples(X, W, Y)
    c, r = X.shape[1:]
    keep, flat = channels_kept(keep, c), X.reshape(len(X), -1)
    gram, cross = flat.T @ flat, flat.T @ Y
    gram[np.diag_indices_from(gram)] += 1e-9 * np.trace(gram) / len(gram) + 1e-300  # channels that are silent or twins
    while len(keep) < c:
        k, others = len(keep), np.setdiff1d(np.arange(c), keep)
        at, out = taps(keep, r), taps(others, r)
        inverse, between = np.linalg.inv(gram[np.ix_(at, at)]), gram[np.ix_(at, out)]
        fitted, explained = inverse @ cross[at], inverse @ between
        own = np.linalg.inv(np.stack([inverse[i : i + r, i : i + r] for i in range(0, k * r, r)]))  # [k, r, r]
        parts = fitted.reshape(k, r, -1)
        cost = np.einsum("kan,kab,kbn->k", parts, own, parts, optimize=True)
        # what j alone could add while all of keep are there; then what it could add more once i has gone
        rest = (cross[out] - between.T @ fitted).reshape(len(others), r, -1)
        schur = gram[np.ix_(out, out)] - between.T @ explained
        schur = np.stack([schur[j : j + r, j : j + r] for j in range(0, len(out), r)])
        shared = explained.reshape(k, r, len(others), r)
        rest = rest + np.einsum("kajb,kac,kcn->kjbn", shared, own, parts, optimize=True)
        schur = schur + np.einsum("kajb,kac,kcjd->kjbd", shared, own, shared, optimize=True)
        gain = (rest * np.linalg.solve(schur, rest)).sum((2, 3)) - cost[:, None]
        i, j = np.unravel_index(np.argmax(gain), gain.shape)
        if gain[i, j] <= 1e-9 * np.square(Y).sum():
            break
        keep = np.sort(np.append(np.delete(keep, i), others[j]))
    return keep


def taps(keep: np.ndarray, r: int) -> np.ndarray:
    """Where the r inputs of each channel lie in a flattened window."""
    return (keep[:, None] * r + np.arange(r)).ravel()


def reconstruct(X: Any, W: Any, Y: Any, keep: Any) -> np.ndarray:
    """W'[n, c_keep, r] with the least ||Y - Σ_i X_i W'_i^T||², over the channels `keep`; the shortest such W' where there are many."""
    X, W, Y = samples(X, W, Y)
    keep = channels_kept(keep, X.shape[1])
    flat = X[:, keep].reshape(len(X), -1)
    return np.linalg.lstsq(flat, Y, rcond=None)[0].T.reshape(len(W), len(keep), -1)


def channels_kept(keep: Any, c: int) -> np.ndarray:
    """`keep` as channel numbers that rise; ValueError for numbers that are not there or come twice."""
    keep = np.asarray(keep)
    if keep.dtype == bool and keep.shape == (c,):
        return np.flatnonzero(keep)
    if (
        keep.ndim != 1
        or keep.dtype.kind not in "iu"
        or not keep.size
        or keep.min() < 0
        or keep.max() >= c
        or len(set(keep.tolist())) < keep.size
    ):
        raise ValueError(f"keep: want different channel numbers from 0 to {c - 1}, at least one, got {keep.tolist()!r}")
    return np.sort(keep)


def selection_error(X: Any, W: Any, Y: Any, keep: Any, held: tuple[Any, Any] | None = None) -> float:
    """||Y - X' W'^T|| / ||Y|| after least squares, to six digits: how much of the output these channels cannot give.

    With `held` = (X, Y) of other samples, W' is fitted to the first and the error is that of the others.
    """
    X, W, Y = samples(X, W, Y)
    keep = channels_kept(keep, X.shape[1])
    flat = X[:, keep].reshape(len(X), -1)
    gram, cross = flat.T @ flat, flat.T @ Y
    gram[np.diag_indices_from(gram)] += 1e-12 * np.trace(gram) + 1e-300  # channels that are silent or twins
    fitted = np.linalg.solve(gram, cross)
    if held is not None:
        X, W, Y = samples(held[0], W, held[1])
        flat = X[:, keep].reshape(len(X), -1)
    return float(np.linalg.norm(Y - flat @ fitted) / (np.linalg.norm(Y) or 1.0))


def channel_select_norm(W: Any, c_keep: int) -> np.ndarray:
    """The c_keep channels with the largest sum of |W|: what a rule without data takes. W[n, c, r]."""
    norms = np.abs(np.asarray(W, np.float64)).reshape(np.shape(W)[0], np.shape(W)[1], -1).sum((0, 2))
    return np.sort(np.argsort(-norms, kind="stable")[:c_keep])
