"""A Gaussian process over configurations; measured next is where it expects the largest improvement on the best.

    k(x, x') = a² exp(-1/2 sum_d ((x_d - x'_d) / l_d)²),   y = f(x) + noise

The length scales, a and the noise maximise the marginal likelihood of the trials so far; its gradient is written out below.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..records import History
from .space import Config, Space
from .tune import best_of, speeds

SOURCE = "Rasmussen & Williams, Gaussian Processes for Machine Learning, 2006; Jones et al., EGO, 1998 (expected improvement)"

CANDIDATES = 1500


@dataclass(frozen=True, eq=False)
class GP:
    """A process conditioned on x[n, d], y[n]; `theta` = log of (l_1 ... l_d, a, noise's standard deviation)."""

    x: np.ndarray
    y: np.ndarray
    theta: np.ndarray

    def kernel(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """k[n, m] without noise."""
        lengths, a = np.exp(self.theta[:-2]), math.exp(self.theta[-2])
        one, other = one / lengths, other / lengths
        square = (one**2).sum(1)[:, None] + (other**2).sum(1)[None, :] - 2 * one @ other.T
        return a**2 * np.exp(-0.5 * np.maximum(square, 0))

    @cached_property
    def _solved(self) -> tuple[np.ndarray, np.ndarray]:
        """(L, alpha): K + noise² I = L L', alpha = (K + noise² I)^-1 y."""
        noisy = self.kernel(self.x, self.x) + (math.exp(2 * self.theta[-1]) + 1e-10) * np.eye(len(self.x))
        lower = np.linalg.cholesky(noisy)
        return lower, np.linalg.solve(lower.T, np.linalg.solve(lower, self.y))

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """x[m, d] -> (mean[m], standard deviation[m]) of f, without noise."""
        lower, alpha = self._solved
        cross = self.kernel(self.x, x)
        half = np.linalg.solve(lower, cross)
        return cross.T @ alpha, np.sqrt(np.maximum(math.exp(2 * self.theta[-2]) - (half**2).sum(0), 1e-12))

    @cached_property
    def log_likelihood(self) -> tuple[float, np.ndarray]:
        """(log p(y), its gradient by theta): -1/2 y'alpha - 1/2 log|K| - n/2 log 2 pi; d = 1/2 tr((alpha alpha' - K^-1) dK)."""
        lower, alpha = self._solved
        n = len(self.y)
        value = -0.5 * self.y @ alpha - np.log(np.diag(lower)).sum() - 0.5 * n * math.log(2 * math.pi)
        half = np.linalg.inv(lower)
        inner = np.outer(alpha, alpha) - half.T @ half
        weighted = inner * self.kernel(self.x, self.x)
        by_length = []
        for d, length in enumerate(np.exp(self.theta[:-2])):
            column = self.x[:, d] / length
            by_length.append(0.5 * (weighted * (column[:, None] - column[None, :]) ** 2).sum())
        return float(value), np.array([*by_length, weighted.sum(), math.exp(2 * self.theta[-1]) * np.trace(inner)])


def fit_gp(x: np.ndarray, y: np.ndarray, start: np.ndarray | None = None, steps: int = 40) -> GP:
    """x[n, d], y[n] -> the GP of the largest marginal likelihood, found from `start` by L-BFGS with a mild pull towards it."""
    from scipy.optimize import minimize

    begin = np.array([0.7] * x.shape[1] + [0.0, -1.5]) if start is None else start

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        try:
            value, slope = GP(x, y, theta).log_likelihood
        except np.linalg.LinAlgError:
            return 1e25, np.zeros_like(theta)
        pull = 0.1 * (theta - begin)  # few trials say little about many lengths
        return -value + 0.5 * (pull @ (theta - begin)), -slope + pull

    bounds = [(-3.0, 5.0)] * x.shape[1] + [(-4.0, 3.0), (-6.0, 1.0)]
    return GP(x, y, minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": steps}).x)


def expected_improvement(mean: np.ndarray, deviation: np.ndarray, best: float) -> np.ndarray:
    """E[max(f - best, 0)] of a normal f: (mean - best) Phi(z) + deviation phi(z), z = (mean - best) / deviation."""
    from scipy.special import ndtr

    z = (mean - best) / deviation
    return (mean - best) * ndtr(z) + deviation * np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)


def merits(history: History) -> np.ndarray:
    """float[n]: -log cost; a failure stands half a spread under the worst success."""
    costs = np.array([np.nan if cost is None else cost for cost in history["cost"]], float)
    y = -np.log(costs)
    return np.where(np.isnan(y), np.nanmin(y) - 0.5 * np.nanstd(y), y)


def one_by_one(
    model: GP, around: np.ndarray, batch: int, worth: Callable[[np.ndarray, np.ndarray], np.ndarray], prior: float | np.ndarray = 0.0
) -> list[int]:
    """`batch` rows of around[m, d] of the largest worth(mean[m], deviation[m]), each as if the ones before had come out as predicted.

    The mean is that of the process and of `prior`[m] together.
    """
    chosen: list[int] = []
    for _ in range(min(batch, len(around))):
        mean, deviation = model.predict(around)
        value = worth(prior + mean, deviation)
        value[chosen] = -np.inf
        chosen.append(int(value.argmax()))
        model = GP(np.vstack([model.x, around[chosen[-1]]]), np.append(model.y, mean[chosen[-1]]), model.theta)
    return chosen


def standardised(history: History) -> np.ndarray:
    """float[n]: the merits with mean 0 and spread 1."""
    y = merits(history)
    return (y - y.mean()) / (y.std() or 1.0)


def candidates(space: Space, history: History, rng: np.random.Generator, most: int = CANDIDATES) -> list[Config]:
    """Untried configurations worth a look: all of a small space, otherwise a sample and what lies around the five best."""
    seen = set(history["config"])
    if space.count <= most:
        return [config for config in space if config not in seen]
    near = [c for i in np.argsort(-speeds(history), kind="stable")[:5] for c in space.neighbours(history["config"][i])]
    return list(dict.fromkeys([config for config in near if config not in seen] + space.unseen(rng, most // 2, seen)))


def propose(space: Space, history: History, rng: np.random.Generator, batch: int = 1, first: int = 12) -> Sequence[Config]:
    """`batch` configurations of the largest expected improvement, each as if the ones before had come out as predicted."""
    if len(history) < first or best_of(history) is None:
        return space.unseen(rng, batch, history["config"])
    some = candidates(space, history, rng)
    x, around = space.features(history["config"]), space.features(some)
    middle, spread = x.mean(0), np.where(x.std(0) > 1e-9, x.std(0), 1.0)
    x, around = (x - middle) / spread, (around - middle) / spread
    model = fit_gp(x, standardised(history))
    best = float(model.y.max())
    return [some[i] for i in one_by_one(model, around, batch, lambda mean, deviation: expected_improvement(mean, deviation, best))]
