"""Which rank is signal and which is noise: the empirical variational Bayesian matrix factorisation, in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operator import matrix

SOURCE = "Nakajima, Sugiyama, Babacan & Tomioka, JMLR 2013 (global analytic solution); used for Tucker ranks by Kim et al. 2016"

THRESHOLD = 2.5129  # where log(1 + x) / x is one half: below it a component costs more free energy than it explains
GOLDEN = (5**0.5 - 1) / 2


def evbmf(y: Any) -> tuple[int, float]:
    """y[L, M] -> (rank, variance of the noise): the singular values that stand above what noise alone would give.

    The variance minimises the free energy over the interval in which its optimum must lie (searched by golden section
    from the best of 200 points, as the energy may have several valleys).
    """
    y = matrix("y", y).astype(np.float64, copy=False)
    if 0 in y.shape:
        raise ValueError(f"y: want a matrix with rows and columns, got {y.shape}")
    L, M = sorted(y.shape)
    s = np.linalg.svd(y, compute_uv=False)
    if not s[0]:
        return 0, 0.0
    a = L / M
    xb = (1 + THRESHOLD * a**0.5) * (1 + a**0.5 / THRESHOLD)

    def energy(v: float) -> float:
        x = s**2 / (M * v)
        noise, signal = x[x <= xb], x[x > xb]
        tau = 0.5 * (signal - (1 + a) + np.sqrt((signal - (1 + a)) ** 2 - 4 * a))
        with np.errstate(divide="ignore"):
            low = np.sum(noise - np.log(np.maximum(noise, 1e-300)))
        return float(low + np.sum(signal - tau + np.log((tau + 1) / signal) + a * np.log(tau / a + 1)))

    high = float((s**2).sum() / (L * M))
    first = min(int(np.ceil(L / (1 + a))) - 1, L) - 1
    rest = s[first + 1 :]
    low = max(float(rest[0] ** 2 / (M * xb)), float((rest**2).mean() / M)) if len(rest) else high * 1e-6
    low = max(low, high * 1e-12)
    if not low < high:
        variance = high
    else:
        grid = np.geomspace(low, high, 200)
        at = int(np.argmin([energy(v) for v in grid]))
        left, right = grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)]
        for _ in range(60):
            one, two = right - GOLDEN * (right - left), left + GOLDEN * (right - left)
            left, right = (left, two) if energy(one) < energy(two) else (one, right)
        variance = float((left + right) / 2)
    return int(np.sum(s > np.sqrt(M * variance * xb))), variance
