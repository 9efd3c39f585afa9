"""How much is pruned when: the cubic of automated gradual pruning."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Misconception

WHEN = "07_pruning#gradual"


def cubic(
    step: int, s0: float, sf: float, t0: int, n: int, dt: int,
    power: float = 3, before: Callable[[float], float] = lambda s0: 0.0, last: bool = True, smooth: bool = False, late: int = 0,
) -> float:  # fmt: skip
    """The schedule, and with other arguments some wrong ones."""
    if step < t0 and before(s0) is not None:
        return before(s0)
    updates: Any = (step - t0) / dt if smooth else (step - t0 + late) // dt
    if last:
        updates = min(updates, n)
    return float(sf + (s0 - sf) * (1 - updates / n) ** power)


def cases(rng: np.random.Generator) -> list[Case]:
    plans: list[Any] = [(0.0, 0.8, 10, 4, 5), (0.25, 0.9, 0, 3, 1), (0.1, 0.5, 100, 10, 20)]
    for _ in range(4):
        s0 = float(rng.integers(0, 4) / 10)
        plans.append((s0, s0 + float(rng.integers(1, 6) / 10), *(int(v) for v in rng.integers(1, 30, 3))))
    out = []
    for s0, sf, t0, n, dt in plans:
        end = t0 + n * dt
        for step in (t0, t0 + dt, t0 + 2 * dt - 1, t0 + dt * (n // 2), end - 1, end, end + 3 * dt, max(t0 - 1, 0), 0):
            out.append(Case((step, s0, sf, t0, n, dt), label=f"step {step} of {s0} to {sf}, from step {t0} on, {n} times every {dt}"))
    return out


gradual_schedule = Exercise(
    name="gradual_schedule",
    reference=cubic,
    cases=cases,
    tolerance=1e-9,
    misconceptions=(
        Misconception(
            "the end is not the end",
            partial(cubic, last=False),
            "After n updates the sparsity stays at sf. Yours goes on along the cubic.",
            WHEN,
        ),
        Misconception(
            "something is pruned before the beginning",
            partial(cubic, before=lambda s0: s0),
            "Before step t0 nothing is pruned at all: the sparsity is 0, not s0.",
            WHEN,
        ),
        Misconception(
            "the cubic runs before the beginning",
            partial(cubic, before=lambda s0: None),
            "For steps before t0 the formula is not meant: there the sparsity is 0.",
            WHEN,
        ),
        Misconception(
            "a new sparsity every step",
            partial(cubic, smooth=True),
            "The mask is made anew every dt steps; in between the sparsity stays what it was. How many whole dt have gone by?",
            WHEN,
        ),
        Misconception(
            "a straight line",
            partial(cubic, power=1),
            "This rises evenly. The cubic prunes fast while there is much to prune and slowly at the end.",
            WHEN,
        ),
        Misconception(
            "a square",
            partial(cubic, power=2),
            "Between s0 and sf your curve bends too little: look at the power once more.",
            WHEN,
        ),
        Misconception(
            "the beginning and the end have changed places",
            lambda step, s0, sf, t0, n, dt: cubic(step, sf, s0, t0, n, dt),
            "It begins at s0 and ends at sf; yours runs the other way.",
            WHEN,
        ),
    ),
    hint="Count the updates so far, (step - t0) // dt, at most n; then put their share of n into the formula.",
    slide=WHEN,
)
