"""Where to look next: what is untried in a ball around the best, and a wider ball where the gains have become small."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Misconception
from .designs import numbers_of

BALL = "14_tvm2#bao"


def ball(
    positions: Any, tried: Any, centre: int, gain: float, eta: float, R: float, tau: float, norm: str = "two", grows: str = "slow",
    untried: bool = True, edge: bool = True, root: bool = True,
) -> list[int]:  # fmt: skip
    """Numbers of untried configurations within R of the centre, within tau R after a gain below eta; the options are wrong ideas."""
    p = np.asarray(positions, np.float64)
    step = p - p[centre]
    square = {"two": (step**2).sum(1), "one": np.abs(step).sum(1) ** 2, "largest": np.abs(step).max(1) ** 2}[norm]
    wide = {"slow": gain < eta, "never": False, "fast": gain >= eta, "always": True}[grows]
    radius = tau * R if wide else R
    limit = radius**2 if root else radius
    inside = square <= limit if edge else square < limit - 1e-12
    out = np.flatnonzero(inside)
    return [int(i) for i in out if not untried or int(i) not in set(tried)]


def sorted_numbers(answer: Any) -> np.ndarray:
    """The numbers in rising order: the order of candidates says nothing."""
    return np.sort(numbers_of(sorted(answer) if isinstance(answer, set) else answer))


def ball_cases(rng: np.random.Generator) -> list[Case]:
    plane = np.array([[i, j] for i in range(5) for j in range(5)])
    cases = [
        Case((plane, [12], 12, 0.2, 0.05, 1.0, 2.0), label="5 × 5 configurations, the middle is best, gain 20 %, R = 1, tau = 2"),
        Case((plane, [12], 12, 0.01, 0.05, 1.0, 2.0), label="the same, gain 1 %"),
        Case((plane, [12, 11, 7], 12, 0.05, 0.05, 2.0, 1.5), label="the same, gain 5 % exactly, R = 2, three tried"),
        Case((plane, [0, 1], 0, 0.0, 0.05, 3.0, 1.5), label="a corner is best, no gain, R = 3, tau = 1.5"),
    ]
    for i in range(6):
        sizes = [int(s) for s in rng.integers(3, 5, 3)]
        p = np.array(list(np.ndindex(*sizes)))
        tried = [int(t) for t in rng.permutation(len(p))[: int(rng.integers(5, 10))]]
        gain = float(np.round(rng.uniform(0.06, 0.3) if i % 2 else rng.uniform(0, 0.04), 3))
        R = float(rng.choice([1.0, 2.0]))
        label = f"{' × '.join(map(str, sizes))}, {len(tried)} tried, gain {gain:.1%}, R = {R:g}"
        cases.append(Case((p, tried, tried[0], gain, 0.05, R, 1.5), label=label))
    return cases


bao_candidates = Exercise(
    name="bao_candidates",
    reference=ball,
    cases=ball_cases,
    cost=lambda case: 1.0,
    reading=sorted_numbers,
    misconceptions=(
        Misconception(
            "steps added up",
            partial(ball, norm="one"),
            "You add up the steps of the knobs. The ball is round: the root of the sum of squares.",
            BALL,
        ),
        Misconception(
            "the largest step",
            partial(ball, norm="largest"),
            "You ask that every knob moves at most the radius: a cube, not a ball.",
            BALL,
        ),
        Misconception(
            "the ball never grows",
            partial(ball, grows="never"),
            "Your ball has always the radius R. After a gain below eta it is tau times as wide.",
            BALL,
        ),
        Misconception(
            "the ball grows when things go well",
            partial(ball, grows="fast"),
            "You widen the ball where the gain was large. It is widened where progress stops, to get away.",
            BALL,
        ),
        Misconception(
            "the ball is always wide",
            partial(ball, grows="always"),
            "You always look in the wide ball. As long as the gain is eta or more the radius is R.",
            BALL,
        ),
        Misconception(
            "what was tried is tried again",
            partial(ball, untried=False),
            "Configurations that were measured already are among yours, the best one itself too.",
            BALL,
        ),
        Misconception(
            "the edge is left out",
            partial(ball, edge=False),
            "A configuration exactly at the radius belongs to the ball: at most, not less than.",
            BALL,
        ),
        Misconception(
            "squared distances against the radius",
            partial(ball, root=False),
            "You compare the squared distance with the radius itself: square the radius too, or take the root.",
            BALL,
        ),
    ),
    hint="radius = R if gain >= eta else tau * R; rows of positions with distance at most radius from positions[centre], not in tried.",
    slide=BALL,
)
