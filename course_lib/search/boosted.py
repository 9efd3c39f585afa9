"""Learn to rank the trials with boosted trees, let many annealed walks climb the model, measure a diverse choice of what they met.

A round:    fit the trees to all trials          rank loss: only the order of two schedules counts
            walk                                 chains of one-knob changes, the temperature falls to 0; no measurement
            choose                               best by score, a new knob value is worth something; a few at random
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..records import History
from .space import Config, Space
from .trees import fit_trees
from .tune import speeds

SOURCE = "Chen et al., Learning to Optimize Tensor Programs, NeurIPS 2018; its XGBTuner's constants where they are not arguments here"

RANDOM = 0.05  # share of a plan that is random


def climb(
    space: Space,
    score: Callable[[Sequence[Config]], np.ndarray],
    rng: np.random.Generator,
    starts: Sequence[Config],
    chains: int = 64,
    steps: int = 80,
) -> tuple[list[Config], np.ndarray]:
    """Annealed walks on a model -> (all configurations met, their scores). A walk starts at each of `starts`, the rest at random."""
    known: dict[Config, float] = {}

    def scored(configs: list[Config]) -> np.ndarray:
        new = list(dict.fromkeys(config for config in configs if config not in known))
        if new:
            known.update(zip(new, score(new).tolist(), strict=True))
        return np.array([known[config] for config in configs])

    begin = [*starts][:chains]
    now = space.positions(begin + space.sample(rng, chains - len(begin)))
    value = scored(space.configs(now))
    spread = value.std() or 1.0
    for step in range(steps):
        then = space.moved(now, rng)
        other = scored(space.configs(then))
        heat = spread * max(1 - step / steps, 1e-9)
        go = np.log(np.maximum(rng.random(chains), 1e-300)) * heat < other - value
        now, value = np.where(go[:, None], then, now), np.where(go, other, value)
    return list(known), np.array(list(known.values()))


def diverse(space: Space, configs: Sequence[Config], scores: np.ndarray, n: int, weight: float) -> list[Config]:
    """Greedy choice of n: score plus `weight` for each knob value that no one chosen so far has (a submodular gain)."""
    rows, value = space.positions(configs), scores.astype(float).copy()
    used = [np.zeros(size, bool) for size in space.sizes]
    chosen: list[int] = []
    while len(chosen) < min(n, len(configs)):
        gain = value + weight * sum((~mask[rows[:, k]]).astype(float) for k, mask in enumerate(used))
        gain[chosen] = -np.inf
        chosen.append(int(gain.argmax()))
        for k, mask in enumerate(used):
            mask[rows[chosen[-1], k]] = True
    return [configs[i] for i in chosen]


def propose(
    space: Space, history: History, rng: np.random.Generator, batch: int = 1, loss: str = "rank", first: int = 16, diversity: float = 0.05
) -> Sequence[Config]:
    """`batch` configurations the trees rank high; the `first` trials are random. `diversity` is in units of the scores' spread."""
    good = speeds(history)
    if len(history) < first or not good.any():
        return space.unseen(rng, batch, history["config"])
    model = fit_trees(space.features(history["config"]), good, loss)
    top = [history["config"][i] for i in np.argsort(-good, kind="stable")[:8]]
    met, scores = climb(space, lambda configs: model.predict(space.features(configs)), rng, top)
    seen = set(history["config"])
    free = [i for i, config in enumerate(met) if config not in seen]
    best = sorted(free, key=lambda i: -scores[i])[: 4 * batch]
    lucky = int(rng.binomial(batch, RANDOM))
    chosen = diverse(space, [met[i] for i in best], scores[best], batch - lucky, diversity * (scores.std() or 1.0))
    return chosen + space.unseen(rng, lucky, seen | set(chosen))
