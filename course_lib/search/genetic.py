"""Parents are the best so far, a child takes each knob from one of two parents, and now and then a knob changes by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..records import History
from .space import Config, Space
from .tune import speeds

SOURCE = "Holland 1975; AutoTVM's GATuner (elite, uniform crossover, mutation), as implemented here"

POPULATION = 24
MUTATION = 0.15  # probability a knob


def children(space: Space, parents: np.ndarray, weights: np.ndarray, rng: np.random.Generator, n: int, mutation: float) -> np.ndarray:
    """int[n', knobs], n' <= n: each knob from one of two parents drawn by weight, some knobs changed; those that break a rule left out."""
    pairs = rng.choice(len(parents), size=(n, 2), p=weights / weights.sum())
    from_second = rng.random((n, parents.shape[1])) < 0.5
    rows = np.where(from_second, parents[pairs[:, 1]], parents[pairs[:, 0]])
    changed = rng.random(rows.shape) < mutation
    anything = (rng.random(rows.shape) * np.array(space.sizes)).astype(int)
    rows = np.where(changed, anything, rows)
    return rows[space.allowed(rows)]


def propose(space: Space, history: History, rng: np.random.Generator, batch: int = 1) -> Sequence[Config]:
    """`batch` children of the best POPULATION trials; the first generation is random."""
    good = speeds(history)
    if (good > 0).sum() < min(POPULATION, space.count) and len(history) < 2 * POPULATION:
        return space.unseen(rng, batch, history["config"])
    elite = np.argsort(-good, kind="stable")[:POPULATION]
    if not good[elite[0]]:  # nothing has worked yet
        return space.unseen(rng, batch, history["config"])
    parents = space.positions([history["config"][i] for i in elite])
    seen, out = set(history["config"]), []
    for _ in range(20):
        for config in space.configs(children(space, parents, good[elite] + 1e-9, rng, 4 * batch, MUTATION)):
            if config not in seen and len(out) < batch:
                seen.add(config)
                out.append(config)
        if len(out) == batch:
            break
    return out
