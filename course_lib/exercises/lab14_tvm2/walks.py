"""A walk that cools, and the curve by which every search is judged."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Misconception

WALK, REGRET = "14_tvm2#annealing", "14_tvm2#regret"

# --- regret ------------------------------------------------------------------------------------------------------------


def regrets(costs: Any, optimum: float, best: bool = True, ratio: bool = True, one: float = 1.0, scale: float = 1.0) -> list[float]:
    """Lowest so far / optimum - 1 after each trial; the options are wrong ideas."""
    least, out = math.inf, []
    for cost in costs:
        mine = math.inf if cost is None else cost
        least = min(least, mine) if best else mine
        out.append(scale * (least / optimum - one if ratio else least - optimum))
    return out


def readable(answer: Any) -> np.ndarray:
    """One number a trial, 1e9 in place of infinity."""
    try:
        values = np.asarray(answer, np.float64)
    except (TypeError, ValueError):
        raise ValueError("regret: want one number a trial, got something else") from None
    if values.ndim != 1 or np.isnan(values).any():
        raise ValueError(f"regret: want one number a trial, got the shape {values.shape}{' with NaN in it' * (values.ndim == 1)}")
    return np.where(np.isinf(values), 1e9, values)


def cost_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case(([4.0, 3.0, 5.0], 2.0), label="costs 4, 3, 5, optimum 2"),
        Case(([6.0, None, 4.0], 4.0), label="the second trial fails"),
        Case(([None, None, 9.0, 8.0, 12.0], 4.0), label="the first two trials fail"),
        Case(([7.0], 7.0), label="one trial, the best"),
    ]
    for _ in range(6):
        n, optimum = int(rng.integers(8, 13)), float(np.round(rng.uniform(0.2, 3), 3))
        costs = [None if rng.random() < 0.2 else float(np.round(optimum * rng.uniform(1, 5), 3)) for _ in range(n)]
        cases.append(Case((costs, optimum), label=f"{n} trials, optimum {optimum:g}"))
    return cases


regret_curve = Exercise(
    name="regret_curve",
    reference=regrets,
    cases=cost_cases,
    cost=lambda case: 1.0,
    tolerance=1e-9,
    reading=readable,
    misconceptions=(
        Misconception(
            "each trial for itself",
            partial(regrets, best=False),
            "Your curve goes up again. What counts is the lowest cost so far, not that of the last trial.",
            REGRET,
        ),
        Misconception(
            "a difference, not a ratio",
            partial(regrets, ratio=False),
            "You subtract the optimum. Seconds and milliseconds must give the same curve: divide, then take 1 away.",
            REGRET,
        ),
        Misconception(
            "1 is not taken away",
            partial(regrets, one=0.0),
            "At the optimum your curve is at 1. Regret is what is lost, 0 at the optimum.",
            REGRET,
        ),
        Misconception(
            "a failure costs nothing",
            lambda costs, optimum: regrets([0.0 if c is None else c for c in costs], optimum),
            "A failed trial counts as cost 0 with you, lower than any. It finds nothing: the curve stays where it was.",
            REGRET,
        ),
        Misconception(
            "failures are left out",
            lambda costs, optimum: regrets([c for c in costs if c is not None], optimum),
            "You leave failed trials out. They took a trial each: one number a trial, also for a failure.",
            REGRET,
        ),
        Misconception(
            "in per cent",
            partial(regrets, scale=100.0),
            "Yours is in per cent: 0.5 says that the best so far is half as slow again as the optimum.",
            REGRET,
        ),
    ),
    hint="Keep the lowest cost so far, infinity in the beginning; skip None; after each trial append lowest / optimum - 1.",
    slide=REGRET,
)

# --- annealing ---------------------------------------------------------------------------------------------------------


def walk(costs: Any, start: int, moves: Any, temperatures: Any, lucks: Any, rule: str = "ratio", edge: str = "stay") -> list[int]:
    """Where an annealed walk along a row of configurations stands after each step; rules but the first are wrong ideas."""
    now, out = start, []
    for move, heat, luck in zip(moves, temperatures, lucks, strict=True):
        then = now + move
        if edge == "round":
            then %= len(costs)
        if 0 <= then < len(costs):
            old, new = costs[now], costs[then]
            chance = {
                "ratio": (old / new) ** (1 / heat),
                "greedy": float(new <= old),
                "all": 1.0,
                "difference": math.exp(min(0.0, (old - new) / heat)),
                "heat upside down": (old / new) ** heat,
                "worse is better": (new / old) ** (1 / heat),
                "luck turned": (old / new) ** (1 / heat),
            }[rule]
            if (luck > chance and new > old) or new <= old if rule == "luck turned" else luck < chance:
                now = then
        out.append(now)
    return out


def best_places(costs: Any, start: int, moves: Any, temperatures: Any, lucks: Any) -> list[int]:
    """The best place so far, not where the walk stands."""
    best, out = start, []
    for place in walk(costs, start, moves, temperatures, lucks):
        best = place if costs[place] < costs[best] else best
        out.append(best)
    return out


def walk_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case(([2.0, 4.0, 1.0], 0, [1, 1], [1.0, 1.0], [0.3, 0.9]), label="over a hill: costs 2, 4, 1, temperature 1"),
        Case(([2.0, 4.0, 1.0], 0, [1, 1], [1.0, 1.0], [0.7, 0.9]), label="the same hill, less luck"),
        Case(([3.0, 2.0], 1, [1, -1, 1], [2.0, 2.0, 2.0], [0.1, 0.8, 0.4]), label="a step over the edge: costs 3, 2"),
        Case(([4.0, 5.0, 6.0, 7.0], 0, [1, 1, 1], [0.2, 0.2, 0.2], [0.3, 0.45, 0.99]), label="cold: costs 4, 5, 6, 7"),
    ]
    for _ in range(8):
        n, steps = int(rng.integers(5, 10)), 14
        costs = [float(c) for c in np.round(rng.uniform(1, 4, n), 2)]
        heats = [float(h) for h in np.round(np.geomspace(rng.uniform(1.2, 2.5), 0.2, steps), 3)]
        moves = [int(m) for m in rng.choice([-1, 1], steps)]
        lucks = [float(u) for u in np.round(rng.uniform(0.01, 0.99, steps), 3)]
        cases.append(Case((costs, int(rng.integers(n)), moves, heats, lucks), label=f"{steps} steps among {n} configurations"))
    return cases


anneal_walk = Exercise(
    name="anneal_walk",
    reference=walk,
    cases=walk_cases,
    cost=lambda case: 1.0,
    misconceptions=(
        Misconception(
            "only downhill",
            partial(walk, rule="greedy"),
            "Your walk never goes uphill, so it stays in the first hollow. A worse one is taken with probability (c_now / c)^(1/T).",
            WALK,
        ),
        Misconception(
            "every step is taken",
            partial(walk, rule="all"),
            "Your walk takes every step. A worse configuration is only taken where luck is below the probability.",
            WALK,
        ),
        Misconception(
            "costs are subtracted",
            partial(walk, rule="difference"),
            "With exp(-(c - c_now) / T) the walk in seconds is another one than in milliseconds. Here the ratio of the costs counts.",
            WALK,
        ),
        Misconception(
            "the temperature the wrong way",
            partial(walk, rule="heat upside down"),
            "Your walk grows bolder as it cools: the exponent is 1 / temperature.",
            WALK,
        ),
        Misconception(
            "the ratio upside down",
            partial(walk, rule="worse is better"),
            "You take what is worse for certain and doubt what is better: the ratio is c_now / c.",
            WALK,
        ),
        Misconception(
            "luck turned round",
            partial(walk, rule="luck turned"),
            "You accept where luck is above the probability. Luck is even between 0 and 1: it is below p with probability p.",
            WALK,
        ),
        Misconception(
            "the best so far",
            best_places,
            "You return the best place so far. Asked for is where the walk stands, which may be worse.",
            WALK,
        ),
        Misconception(
            "the row is a ring",
            partial(walk, edge="round"),
            "At the end of the row your walk comes in again on the other side. There is no such configuration: it stays.",
            WALK,
        ),
    ),
    hint="then = now + move; outside the row stay. Go if luck < min(1, (costs[now] / costs[then]) ** (1 / temperature)). Append now.",
    slide=WALK,
)
