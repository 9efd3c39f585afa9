"""Evolve a population on a cost model: children are judged by the trees, only the best of the last generations are measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..records import History
from .genetic import children
from .space import Config, Space
from .trees import fit_trees
from .tune import speeds

SOURCE = "Zheng et al., Ansor, OSDI 2020: search_policy.py's constants, population smaller as our spaces are; as implemented here"

POPULATION, GENERATIONS, MEASURED_SHARE, RANDOM = 256, 4, 0.2, 0.05


def propose(space: Space, history: History, rng: np.random.Generator, batch: int = 1, first: int = 16) -> Sequence[Config]:
    """`batch` of the best met in GENERATIONS generations, some random; the `first` trials are random."""
    good = speeds(history)
    if len(history) < first or not good.any():
        return space.unseen(rng, batch, history["config"])
    model = fit_trees(space.features(history["config"]), good, "weighted")
    elite = np.argsort(-good, kind="stable")[: int(POPULATION * MEASURED_SHARE)]
    elders = [history["config"][i] for i in elite if good[i] > 0]
    population = space.positions(elders + space.sample(rng, POPULATION - len(elders)))
    known: dict[Config, float] = {}
    for generation in range(GENERATIONS + 1):
        configs = space.configs(population)
        scores = model.predict(space.features(configs))
        known.update(zip(configs, scores.tolist(), strict=True))
        if generation < GENERATIONS:
            weights = np.maximum(scores, 0) + 1e-6
            born = children(space, population, weights, rng, POPULATION, mutation=0.85 / len(space.sizes))
            population = born if len(born) else population
    seen = set(history["config"])
    lucky = int(rng.binomial(batch, RANDOM))
    ranked = sorted((config for config in known if config not in seen), key=lambda config: -known[config])[: batch - lucky]
    return ranked + space.unseen(rng, batch - len(ranked), seen | set(ranked))
