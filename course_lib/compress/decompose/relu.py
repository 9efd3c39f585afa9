"""Approximate what comes out after the ReLU, not before: an error where the response is negative costs nothing.

    min over M of the form, b      sum |r(Y) - r(M X + b)|²          r(t) = max(t, 0)

Relaxed with Z, which may be anything that looks right after the ReLU, and solved in turns:

    sum |r(Y) - r(Z)|² + penalty·|Z - (M X + b)|²

    Z given M, b     number by number, exactly: the better of the best negative and the best positive
    M, b given Z     least squares under the form (forms.py): low rank, sparse, both

The penalty grows from stage to stage, so that Z and M X + b come together. Low rank with X = Y is Zhang's nonlinear solver; X from
the already approximated network is his asymmetric one; other forms are the same problem with another second step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..operator import Operator
from .forms import Fit, Moments

SOURCE = "Zhang, Zou, Ming, He & Sun, CVPR 2015; the lecture, frame 'ReLU'"

PENALTIES = ((0.01, 25), (1.0, 25))  # (penalty, turns), as implemented here


@dataclass(frozen=True, eq=False)
class Approximation:
    """M and b with r(M X + b) near r(Y), and how the search went: `objective` after each turn, by penalty."""

    operator: Operator
    bias: np.ndarray
    loss: float  # sum |r(Y) - r(M X + b)|² on the samples (without the r where `relu` was False)
    objective: dict[float, list[float]]

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """M X + b, before the ReLU."""
        return self.operator @ x + self.bias[:, None]


def relu(t: np.ndarray) -> np.ndarray:
    return np.maximum(t, 0)


def z_step(y: np.ndarray, t: np.ndarray, penalty: float) -> np.ndarray:
    """argmin over z of (r(y) - r(z))² + penalty·(z - t)², number by number."""
    a = relu(y)
    negative = np.minimum(0, t)
    positive = np.maximum(0, (penalty * t + a) / (penalty + 1))
    below = a**2 + penalty * (negative - t) ** 2
    above = (positive - a) ** 2 + penalty * (positive - t) ** 2
    return np.where(below <= above, negative, positive)


class Centred:
    """Inputs about their mean, whose moments are taken once, however many targets follow."""

    def __init__(self, x: np.ndarray) -> None:
        self.mean = x.mean(1, keepdims=True)
        self.x = x - self.mean
        self.moments = Moments.of(np.zeros((0, x.shape[1])), self.x)

    def fit(self, form: Fit, z: np.ndarray) -> tuple[Operator, np.ndarray]:
        """M and b = mean(Z) - M mean(X)."""
        mean = z.mean(1, keepdims=True)
        z = z - mean
        m = form(self.moments.towards(z @ self.x.T, float((z * z).sum())))
        return m, (mean - m @ self.mean)[:, 0]


def approximate(
    fit: Fit, y: np.ndarray, x: np.ndarray, relu_aware: bool = True, penalties: Sequence[tuple[float, int]] = PENALTIES
) -> Approximation:
    """y[K,n] responses to keep, x[J,n] inputs to make them from -> M of the form that `fit` gives, and b[K].

    Starts from the linear solution and returns the best turn, so the ReLU-aware answer is never worse than the linear
    one on these samples. Raises ValueError for sample counts that differ.
    """
    y, x = np.asarray(y, np.float64), np.asarray(x, np.float64)
    if y.ndim != 2 or x.ndim != 2 or y.shape[1] != x.shape[1] or not y.shape[1]:
        raise ValueError(f"y, x: want y[K, n] and x[J, n] with the same n of at least 1, got {y.shape} and {x.shape}")
    inputs = Centred(x)
    operator, bias = inputs.fit(fit, y)
    t = operator @ x + bias[:, None]
    if not relu_aware:
        return Approximation(operator, bias, float(((y - t) ** 2).sum()), {})
    a = relu(y)
    best = (float(((a - relu(t)) ** 2).sum()), operator, bias)
    objective: dict[float, list[float]] = {}
    for penalty, turns in penalties:
        went = objective.setdefault(penalty, [])
        for _ in range(turns):
            z = z_step(y, t, penalty)
            operator, bias = inputs.fit(fit, z)
            t = operator @ x + bias[:, None]
            went.append(float(((a - relu(z)) ** 2).sum() + penalty * ((z - t) ** 2).sum()))
            loss = float(((a - relu(t)) ** 2).sum())
            if loss < best[0]:
                best = (loss, operator, bias)
    return Approximation(best[1], best[2], best[0], objective)
