"""Try, learn, try again: `tune` lets a tuner propose configurations, measures them and keeps what came out, in order.

    history = tune(space, measure, "boosted", trials=64, seed=0)
    history.best()[-1]                                  the lowest cost found

A tuner is a function `propose(space, history, rng, batch) -> configs`. It has no memory but the history, so a search that was cut
short goes on where it stopped. Costs are seconds (or anything of which less is better); a trial that failed has the cost None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..records import History
from .space import Config, Space

Propose = Callable[..., Sequence[Config]]
Measure = Callable[[Config], "float | None"]


class Failed(Exception):
    """A measurement that gave no cost; its sentence is kept in the history's column `note`."""


def empty() -> History:
    """A history without trials."""
    return History({"config": [], "cost": [], "round": [], "note": []})


def tune(
    space: Space,
    measure: Measure,
    tuner: str | Propose = "random",
    trials: int = 64,
    seed: int = 0,
    batch: int = 8,
    history: History | None = None,
    watch: Callable[[History], None] | None = None,
) -> History:
    """Search `space` for a low `measure(config)` -> History of the trials in order: config, cost, round, note.

    `tuner` is a name in TUNERS or a `propose`; `batch` trials a round (all of them are measured before the tuner sees any);
    `history` holds earlier trials, which count among `trials` and are not repeated; `watch` is called after each round. A measure
    with a method `many(configs) -> [(cost, note), ...]` is given whole rounds. It ends early when the space has no more.
    The same seed gives the same trials. Raises ValueError for an empty space and unknown tuners.
    """
    from . import tuner_of

    propose = tuner_of(tuner)
    if trials < 1 or batch < 1:
        raise ValueError(f"trials, batch: want at least 1, got {trials}, {batch}")
    space._refuse_empty()
    past = history or empty()
    rows: dict[str, list[Any]] = {name: list(past[name]) for name in ("config", "cost")}
    rows["round"] = list(past.columns.get("round", range(len(past))))
    rows["note"] = list(past.columns.get("note", [""] * len(past)))
    so_far = History(rows)
    while len(so_far) < min(trials, space.count):
        rng = np.random.default_rng((seed, len(so_far)))  # depends on where we are, not on how we came here
        want = min(batch, trials - len(so_far), space.count - len(so_far))
        chosen = fresh(space, so_far, propose(space, so_far, rng, want), rng, want)
        results = measure.many(chosen) if hasattr(measure, "many") else [one(measure, config) for config in chosen]
        number = rows["round"][-1] + 1 if rows["round"] else 0
        for config, (cost, note) in zip(chosen, results, strict=True):
            for name, value in (("config", config), ("cost", cost), ("round", number), ("note", note)):
                rows[name].append(value)
        so_far = History(rows)
        if watch:
            watch(so_far)
    return so_far


def one(measure: Measure, config: Config) -> tuple[float | None, str]:
    """(cost, note) of one trial: a failure is a record, not an end."""
    try:
        cost = measure(config)
    except Failed as error:
        return None, str(error)
    if cost is None or not math.isfinite(cost):
        return None, "no cost"
    return float(cost), ""


def fresh(space: Space, history: History, proposed: Sequence[Config], rng: np.random.Generator, n: int) -> list[Config]:
    """The first `n` proposals that are new; where there is none, `n` random ones."""
    seen = set(history["config"])
    return [config for config in dict.fromkeys(proposed) if config not in seen][:n] or space.unseen(rng, n, seen)


# -- what most tuners ask of a history ----------------------------------------------------------------------------------


def best_of(history: History) -> Config | None:
    """The configuration of the lowest cost, None before the first success."""
    done = [(cost, i) for i, cost in enumerate(history["cost"]) if cost is not None]
    return history["config"][min(done)[1]] if done else None


def speeds(history: History) -> np.ndarray:
    """float[n]: lowest cost / cost, so that 1 is the best and a failure is 0: what the models learn."""
    costs = np.array([np.inf if cost is None else cost for cost in history["cost"]], float)
    least = costs.min(initial=np.inf)
    return least / costs if np.isfinite(least) and least > 0 else np.zeros(len(costs))


def regret(history: History, optimum: float) -> np.ndarray:
    """float[n]: after each trial, lowest cost so far / optimum - 1; inf before the first success."""
    return np.array([np.inf if cost is None else cost / optimum - 1 for cost in history.best()], float)


def trials_to(history: History, cost: float) -> int | None:
    """After how many trials the cost was reached first; None where it was not."""
    return next((i + 1 for i, best in enumerate(history.best()) if best is not None and best <= cost), None)
