"""Searching a space of configurations for a cheap one, when a trial costs time and nobody knows the function.

Space       named knobs with their values and constraints; counts, draws, steps, features
tune        space, measure, tuner, trials, seed -> History
TUNERS      the tuners by name; each is a file with one `propose(space, history, rng, batch)`
Landscape   a small space of which every cost is known: regret is exact
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from .landscape import LANDSCAPES, Landscape, landscape
from .space import Config, Constraint, Space, count_splits, splits
from .tune import Failed, best_of, regret, trials_to, tune

TUNERS = {
    "random": "fair draws",
    "grid": "one after the other",
    "annealing": "a walk that cools",
    "genetic": "parents and children",
    "reinforce": "a policy of moves",
    "gaussian": "expected improvement of a Gaussian process",
    "boosted": "trees that rank, walks that climb them (AutoTVM)",
    "evolution": "children judged by trees (Ansor)",
    "active": "points that tell most, then a ball around the best (BTED + BAO)",
    "transfer": "a deep Gaussian process that has seen other layers",
}


def tuner_of(tuner: str | Callable[..., Any]) -> Callable[..., Any]:
    """The `propose` of a tuner's name; a function is returned as it is. Raises ValueError for a name not in TUNERS."""
    if callable(tuner):
        return tuner
    if tuner not in TUNERS:
        raise ValueError(f"tuner: want one of {', '.join(TUNERS)}, got {tuner!r}")
    return import_module(f".{tuner}", __name__).propose


__all__ = [
    "Config", "Constraint", "Failed", "LANDSCAPES", "Landscape", "Space", "TUNERS", "best_of", "count_splits", "landscape", "regret",
    "splits", "trials_to", "tune", "tuner_of",
]  # fmt: skip
