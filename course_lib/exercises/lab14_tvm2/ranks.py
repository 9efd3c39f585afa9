"""A model that ranks: the gradient of the pairwise loss that AutoTVM's trees are grown on."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Misconception

RANK = "14_tvm2#cost-model"


def gradient(
    f: Any, y: Any, descend: bool = True, sides: str = "both", margin: float = 1.0, ties: float = 0.0, times: float = 1.0
) -> np.ndarray:
    """d/df of the sum over pairs y_i > y_j of log(1 + exp(-(f_i - f_j))); the options are wrong ideas."""
    f, y = np.asarray(f, np.float64), np.asarray(y, np.float64)
    sign = np.where(y[:, None] > y[None, :], 1.0, np.where(y[:, None] < y[None, :], -1.0, ties))
    wrong = 1 / (1 + np.exp(margin * sign * (f[:, None] - f[None, :])))
    if sides == "better":
        wrong = np.where(sign > 0, wrong, 0.0)
    out: np.ndarray = -times * (sign * wrong).sum(1)
    return out if descend else -out


def pair_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case((np.array([0.0, 0.0]), np.array([1.0, 0.5])), label="two schedules, scores 0 and 0"),
        Case((np.array([2.0, -1.0]), np.array([0.5, 1.0])), label="two schedules, ranked the wrong way"),
        Case((np.array([0.5, 1.0, -1.0]), np.array([1.0, 1.0, 0.25])), label="three schedules, two of them equally fast"),
        Case((np.array([0.3]), np.array([1.0])), label="one schedule"),
    ]
    for n in (4, 5, 6, 8, 10):
        f, y = np.round(rng.standard_normal(n) * 1.5, 2), np.round(rng.uniform(0.1, 1, n), 1)
        cases.append(Case((f, y), label=f"{n} schedules"))
    return cases


rank_loss_gradient = Exercise(
    name="rank_loss_gradient",
    reference=gradient,
    cases=pair_cases,
    tolerance=1e-9,
    misconceptions=(
        Misconception(
            "the sign is turned",
            partial(gradient, descend=False),
            "Yours points downhill. The gradient of the loss is negative where a faster schedule should score higher.",
            RANK,
        ),
        Misconception(
            "only the faster of a pair",
            partial(gradient, sides="better"),
            "You push the faster one of a pair up and leave the slower one: the loss also falls as f_j goes down.",
            RANK,
        ),
        Misconception(
            "pairs in the right order weigh most",
            partial(gradient, margin=-1.0),
            "Pairs that stand right pull hardest with you. The factor is 1 / (1 + exp(f_i - f_j)): near 1 where the order is wrong.",
            RANK,
        ),
        Misconception(
            "equal speeds count as slower",
            partial(gradient, ties=-1.0),
            "A schedule forms no pair with itself, nor with one that is exactly as fast: these add nothing.",
            RANK,
        ),
        Misconception(
            "every pair twice",
            partial(gradient, times=2.0),
            "Exactly twice the gradient: you go through (i, j) and (j, i) and count both for both.",
            RANK,
        ),
        Misconception(
            "the squared loss",
            lambda f, y: np.asarray(f, float) - np.asarray(y, float),
            "That is the gradient of the squared loss, which wants the speeds themselves. Only their order counts here.",
            RANK,
        ),
        Misconception(
            "the mean over schedules",
            lambda f, y: gradient(f, y) / len(f),
            "You divide by the number of schedules. The loss is a sum over pairs.",
            RANK,
        ),
    ),
    hint="For each pair with y_i > y_j: p = 1 / (1 + exp(f_i - f_j)); then g_i -= p and g_j += p.",
    slide=RANK,
)
