"""The ReLU wipes out what is negative, so an error there is free: the two steps of the nonlinear solver."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Misconception

STEP, TURN = "08_decomposition#z-step", "08_decomposition#alternate"

# --- number by number --------------------------------------------------------------------------------------------------


def best_z(y: Any, t: Any, penalty: float, target: str = "relu", weight: str = "penalty", choose: bool = True) -> np.ndarray:
    """argmin over z of (r(y) - r(z))² + penalty·(z - t)²; the options are wrong ideas."""
    y, t = np.asarray(y, np.float64), np.asarray(t, np.float64)
    a = np.maximum(y, 0) if target == "relu" else y
    negative = np.minimum(0, t)
    positive = np.maximum(0, (penalty * t + a) / (penalty + 1)) if weight == "penalty" else np.maximum(0, (t + a) / 2)
    if not choose:
        return np.where(t < 0, negative, positive)
    below, above = a**2 + penalty * (negative - t) ** 2, (positive - a) ** 2 + penalty * (positive - t) ** 2
    return np.where(below <= above, negative, positive)


def step_cases(rng: np.random.Generator) -> list[Case]:
    table = [
        ([1.0], [2.0], 1.0),
        ([-1.0], [-3.0], 1.0),
        ([-2.0], [1.0], 1.0),
        ([2.0], [-1.0], 0.5),
        ([3.0], [-1.0], 4.0),
        ([0.5], [-4.0], 0.1),
    ]
    cases = [Case((np.array(y), np.array(t), penalty), label=f"y = {y[0]:g}, t = {t[0]:g}, penalty {penalty:g}") for y, t, penalty in table]
    for _ in range(6):
        shape = (int(rng.integers(1, 5)), int(rng.integers(2, 7)))
        penalty = float(np.round(rng.uniform(0.05, 3), 2))
        y, t = (np.round(rng.standard_normal(shape) * 2, 2) for _ in range(2))
        cases.append(Case((y, t, penalty), label=f"{shape[0]} × {shape[1]} numbers, penalty {penalty:g}"))
    return cases


z_step = Exercise(
    name="z_step",
    reference=best_z,
    cases=step_cases,
    tolerance=1e-9,
    misconceptions=(
        Misconception(
            "the target is y and not its ReLU",
            partial(best_z, target="y"),
            "For a negative y you pull z towards y itself. The target is r(y) = 0 there: anything negative is right.",
            STEP,
        ),
        Misconception(
            "z always has the sign of t",
            partial(best_z, choose=False),
            "You decide by the sign of t. Work out the cost of the best z on either side of zero and take the cheaper: y = 2, t = -1 wants"
            " a positive z where the penalty is small.",
            STEP,
        ),
        Misconception(
            "the penalty is left out of the mean",
            partial(best_z, weight="half"),
            "On the positive side z lies between t and r(y), nearer to t where the penalty is large: (penalty·t + r(y)) / (penalty + 1).",
            STEP,
        ),
        Misconception(
            "always the positive side",
            lambda y, t, penalty: np.maximum(0, (penalty * np.asarray(t, float) + np.maximum(y, 0)) / (penalty + 1)),
            "Your z is never negative. Where y is negative and t too, z = t costs nothing at all.",
            STEP,
        ),
        Misconception(
            "negative responses are set to zero",
            lambda y, t, penalty: np.where(np.asarray(t) < 0, 0.0, best_z(y, t, penalty)),
            "On the negative side z may stay at t: the ReLU makes 0 of it anyway, and moving it to 0 costs penalty·t².",
            STEP,
        ),
        Misconception(
            "z is t",
            lambda y, t, penalty: np.asarray(t, np.float64) + 0,
            "You give back t. z should move towards r(y) where that pays.",
            STEP,
        ),
    ),
    hint="Two candidates: min(0, t), and max(0, (penalty·t + r(y)) / (penalty + 1)). Work out both costs and take the cheaper.",
    slide=STEP,
)

# --- the matrix given z ------------------------------------------------------------------------------------------------


def turn(
    y: Any, m: Any, b: Any, rank: int, penalty: float, centre: bool = True, project: bool = True, target: str = "relu"
) -> tuple[np.ndarray, np.ndarray]:
    """One turn: z from m and b, then (m, b) by reduced-rank regression of z on y; the options are wrong ideas."""
    y, m, b = (np.asarray(a, np.float64) for a in (y, m, b))
    z = best_z(y, m @ y + b[:, None], penalty, target)
    y_mean, z_mean = (y.mean(1), z.mean(1)) if centre else (np.zeros(len(y)), np.zeros(len(y)))
    yc, zc = y - y_mean[:, None], z - z_mean[:, None]
    free = zc @ yc.T @ np.linalg.pinv(yc @ yc.T)
    if project:
        _, u = np.linalg.eigh(free @ yc @ yc.T @ free.T)
        u = u[:, ::-1][:, :rank]
        new = u @ u.T @ free
    else:
        left, s, right = np.linalg.svd(free)
        new = (left[:, :rank] * s[:rank]) @ right[:rank]
    return new, z_mean - new @ y_mean


def turn_cases(rng: np.random.Generator) -> list[Case]:
    cases = []
    for K, n, rank, penalty in [(2, 6, 1, 1.0), (3, 9, 1, 0.5), (3, 10, 2, 1.0), (4, 14, 2, 0.1), (5, 25, 2, 1.0), (6, 40, 3, 0.3)]:
        mix = rng.standard_normal((K, K)) + np.diag(np.arange(K, 0, -1.0) ** 2)
        y = np.round(mix @ rng.standard_normal((K, n)) - 0.5, 2)
        mean = y.mean(1)
        _, u = np.linalg.eigh((y - mean[:, None]) @ (y - mean[:, None]).T)
        m = u[:, ::-1][:, :rank] @ u[:, ::-1][:, :rank].T
        cases.append(Case((y, m, mean - m @ mean, rank, penalty), label=f"{K} responses at {n} places, rank {rank}, penalty {penalty:g}"))
    return cases


relu_turn = Exercise(
    name="relu_turn",
    reference=turn,
    cases=turn_cases,
    tolerance=1e-5,
    misconceptions=(
        Misconception(
            "the means are not taken away",
            partial(turn, centre=False),
            "Without subtracting the means of y and z, m must explain them too. Centre both; b = mean(z) - m @ mean(y) puts them back.",
            TURN,
        ),
        Misconception(
            "the matrix is cut, not its answers",
            partial(turn, project=False),
            "You cut the singular values of the matrix. Its answers count: project on the leading directions of free @"
            " y, as `channel_decompose` does.",
            TURN,
        ),
        Misconception(
            "z is made from y without the ReLU",
            partial(turn, target="y"),
            "The turn is right for another z: in the z-step the target is r(y), not y.",
            TURN,
        ),
        Misconception(
            "the bias is that of the last turn",
            lambda y, m, b, rank, penalty: (turn(y, m, b, rank, penalty)[0], np.asarray(b, np.float64)),
            "Your m is new and b is still the old one: b = mean(z) - m @ mean(y).",
            TURN,
        ),
        Misconception(
            "the rank is not cut",
            lambda y, m, b, rank, penalty: turn(y, m, b, len(y), penalty),
            "Your m has full rank: after the least squares comes the projection on `rank` directions.",
            TURN,
        ),
        Misconception(
            "z is not used",
            lambda y, m, b, rank, penalty: (np.asarray(m, np.float64), np.asarray(b, np.float64)),
            "Your m and b are those that came in. Regress z on y: that is what moves them.",
            TURN,
        ),
    ),
    hint="z = z_step(y, m @ y + b, penalty); centre y and z; free = z yᵀ (y yᵀ)⁺; u: leading eigenvectors of (free"
    " y)(free y)ᵀ; m = u uᵀ free.",
    slide=TURN,
)
