"""Gradient-boosted regression trees, small and whole: what XGBoost is to AutoTVM.

Each tree is fitted to the gradient g and the curvature h of the loss at what the trees before it say. A leaf's value is
-G / (H + lambda), a split is worth GL²/(HL + lambda) + GR²/(HR + lambda) - G²/(H + lambda), where capitals are sums over rows.
Features are cut into bins once, so a level of a tree is two histograms.

    rank       log(1 + exp(-(f_i - f_j))) over all pairs with y_i > y_j: only the order counts
    squared    (f_i - y_i)²
    weighted   y_i (f_i - y_i)²: errors on fast programs cost more
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SOURCE = "Friedman 2001; Chen & Guestrin, XGBoost, KDD 2016 (gains); Burges et al. 2005 (pairwise logistic loss)"


def rank_gradient(f: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(g, h)[n] of the mean over pairs of log(1 + exp(-sign(y_i - y_j)(f_i - f_j))), each row's sum divided by its pairs."""
    sign = np.sign(y[:, None] - y[None, :])
    wrong = 0.5 * (1 - np.tanh(0.5 * sign * (f[:, None] - f[None, :])))  # the logistic of minus the margin, without overflow
    pairs = np.maximum(np.abs(sign).sum(1), 1)
    return -(sign * wrong).sum(1) / pairs, (np.abs(sign) * wrong * (1 - wrong)).sum(1) / pairs


LOSSES: dict[str, Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]] = {
    "rank": rank_gradient,
    "squared": lambda f, y: (f - y, np.ones_like(y)),
    "weighted": lambda f, y: ((f - y) * y, y),
}


@dataclass(frozen=True, eq=False)
class Trees:
    """`rounds` complete binary trees of one depth: feature and threshold of each inner node, the value of each leaf."""

    feature: np.ndarray  # int[trees, 2^depth - 1]
    threshold: np.ndarray  # float[trees, 2^depth - 1]; rows at or below it go left
    leaf: np.ndarray  # float[trees, 2^depth]
    base: float

    def predict(self, x: np.ndarray) -> np.ndarray:
        """x[n, d] -> f[n]"""
        x = np.asarray(x, float)
        inner, trees = self.feature.shape[1], np.arange(len(self.feature))
        node = np.zeros((len(x), len(trees)), int)
        while len(trees) and node.size and node.flat[0] < inner:  # all rows are on one level
            went = x[np.arange(len(x))[:, None], self.feature[trees, node]] > self.threshold[trees, node]
            node = 2 * node + 1 + went
        return self.base + self.leaf[trees, node - inner].sum(1)


def fit_trees(
    x: np.ndarray,
    y: np.ndarray,
    loss: str = "rank",
    rounds: int = 40,
    depth: int = 3,
    rate: float = 0.3,
    ridge: float = 1.0,
    bins: int = 32,
) -> Trees:
    """x[n, d], y[n] -> Trees. Raises ValueError for an unknown loss, no rows, or rows that do not match."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    if loss not in LOSSES:
        raise ValueError(f"loss: want one of {', '.join(LOSSES)}, got {loss!r}")
    if x.ndim != 2 or len(x) != len(y) or not len(y):
        raise ValueError(f"x, y: want x[n, d] and y[n] with n at least 1, got {x.shape} and {y.shape}")
    ridge = max(ridge, 1e-12)  # an empty leaf says nothing
    cuts = [cut_points(column, bins) for column in x.T]
    width = max((len(cut) for cut in cuts), default=0) + 1
    binned = (
        np.stack([np.searchsorted(cut, column) for cut, column in zip(cuts, x.T, strict=True)], 1) if cuts else np.zeros((len(x), 0), int)
    )
    n, d = binned.shape
    base = 0.0 if loss == "rank" else float(y.mean())
    f, inner = np.full(n, base), 2**depth - 1
    feature, threshold, leaf = np.zeros((rounds, inner), int), np.full((rounds, inner), np.inf), np.zeros((rounds, inner + 1))
    columns = np.arange(d) * width
    for t in range(rounds):
        g, h = LOSSES[loss](f, y)
        node = np.zeros(n, int)
        for level in range(depth):
            first, nodes = 2**level - 1, 2**level
            if width > 1:
                cell = ((node - first)[:, None] * d * width + columns + binned).ravel()
                sums = [np.bincount(cell, np.repeat(v, d), nodes * d * width).reshape(nodes, d, width).cumsum(2) for v in (g, h)]
                left_g, left_h = (s[:, :, :-1] for s in sums)
                all_g, all_h = (s[:, :, -1:] for s in sums)
                score = left_g**2 / (left_h + ridge) + (all_g - left_g) ** 2 / (all_h - left_h + ridge) - all_g**2 / (all_h + ridge)
                choice = score.reshape(nodes, -1).argmax(1)
                gains = score.reshape(nodes, -1)[np.arange(nodes), choice]
                for i in np.flatnonzero(gains > 1e-12):
                    j, at = divmod(int(choice[i]), width - 1)
                    if at < len(cuts[j]):
                        feature[t, first + i], threshold[t, first + i] = j, cuts[j][at]
            node = 2 * node + 1 + (x[np.arange(n), feature[t, node]] > threshold[t, node] if d else 0)
        place = node - inner
        leaf[t] = -rate * np.bincount(place, g, inner + 1) / (np.bincount(place, h, inner + 1) + ridge)
        f = f + leaf[t][place]
    return Trees(feature, threshold, leaf, base)


def cut_points(column: np.ndarray, bins: int) -> np.ndarray:
    """Thresholds between neighbouring values, at quantiles where there are more than `bins`."""
    values = np.unique(column)
    if len(values) > bins:
        values = np.unique(np.quantile(column, np.linspace(0, 1, bins), method="nearest"))
    return (values[:-1] + values[1:]) / 2
