"""Walk from neighbour to neighbour; a worse one is accepted while it is warm. No model: each step is a measurement.

    accept a cost c after c_now with probability min(1, (c_now / c)^(1 / temperature))

The temperature falls with each trial. Costs are compared as ratios, so the walk is the same in seconds and in milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..records import History
from .space import Config, Space

SOURCE = "Kirkpatrick, Gelatt, Vecchi, Optimization by Simulated Annealing, Science 1983"


def temperature(trial: int, start: float = 0.5, half_life: float = 24.0) -> float:
    """Of a trial: `start`, halved every `half_life` trials."""
    return start * 2 ** (-trial / half_life)


def standing(history: History) -> Config | None:
    """Where the walk stands after a history. The dice of a trial depend on its number alone, so the walk can be told again."""
    now = cost_now = None
    for trial, (config, cost) in enumerate(zip(history["config"], history["cost"], strict=True)):
        if cost is None:
            continue
        luck = np.random.default_rng(trial).random()
        if now is None or np.log(max(luck, 1e-300)) * temperature(trial) < np.log(cost_now / cost):
            now, cost_now = config, cost
    return now


def propose(space: Space, history: History, rng: np.random.Generator, batch: int = 1) -> Sequence[Config]:
    """Up to `batch` untried neighbours of where the walk stands; at a dead end, a few steps away from it."""
    now = standing(history)
    if now is None:
        return space.unseen(rng, batch, history["config"])
    seen = set(history["config"])
    near = [config for config in space.neighbours(now) if config not in seen]
    out = [near[i] for i in rng.permutation(len(near))[:batch]]
    walkers = space.positions([now] * (4 * batch))
    for _ in range(8):
        if len(out) >= batch:
            break
        walkers = space.moved(walkers, rng)
        out += [config for config in dict.fromkeys(space.configs(walkers)) if config not in seen and config not in out]
    return out[:batch]
