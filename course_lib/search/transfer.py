"""What other layers taught: a deep Gaussian process learnt from their trials, tuned a little on the new layer, guides its search.

before      learn(...) a DGP from (layer's numbers, knobs) to -log cost, each layer's costs brought to mean 0 and spread 1
first       the trials it holds promising, spread out in the space of its hidden layer
each round  tune it on the new layer's trials by MAP: the bound, and a pull to what was learnt before
measure     where mean + kappa · deviation is largest, among what annealed walks on it met

propose = after(histories)          a tuner that remembers; `propose` alone begins without memories
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..records import History
from .design import bted, rbf, ted
from .gaussian import candidates, standardised
from .space import Config, Space
from .tune import best_of

if TYPE_CHECKING:
    from .dgp import DGP

SOURCE = "Sun, Bai, Chen, Geng, Zhang, Bai, Yu, ICCV 2021; only its abstract could be read, the recipe is ours (papers.md 7.2)"

KAPPA = 0.5


@dataclass(frozen=True, eq=False)
class Memory:
    """What was learnt from other layers: the DGP, and how features are brought to mean 0 and spread 1."""

    dgp: DGP
    middle: np.ndarray
    spread: np.ndarray

    def scaled(self, x: np.ndarray) -> np.ndarray:
        return np.clip((x - self.middle) / self.spread, -4, 4)  # a layer unlike all seen is not infinitely far


def remember(histories: Mapping[Space, History] | Sequence[tuple[Space, History]], steps: int = 500, seed: int = 0) -> Memory:
    """Learn from (space, history) pairs of other layers. Their spaces must have the same features.

    Raises ValueError where features differ in number or no trial succeeded.
    """
    from .dgp import learn, new_dgp

    pairs = list(histories.items() if isinstance(histories, Mapping) else histories)
    pairs = [(space, history) for space, history in pairs if best_of(history) is not None]
    if not pairs:
        raise ValueError("histories: want at least one with a trial that succeeded")
    blocks = [space.features(history["config"]) for space, history in pairs]
    if len({block.shape[1] for block in blocks}) > 1:
        raise ValueError(f"histories: want spaces with the same features, got {sorted({b.shape[1] for b in blocks})} columns")
    x, y = np.concatenate(blocks), np.concatenate([standardised(history) for _, history in pairs])
    middle, spread = x.mean(0), np.where(x.std(0) > 1e-9, x.std(0), 1.0)
    memory = Memory(None, middle, spread)
    rows = memory.scaled(x)
    return Memory(learn(new_dgp(rows, seed=seed), rows, y, steps, seed=seed), middle, spread)


def after(
    histories: Mapping[Space, History] | Sequence[tuple[Space, History]], steps: int = 500, seed: int = 0
) -> Callable[..., Sequence[Config]]:
    """A tuner that has learnt from other layers' (space, history)."""
    return partial(propose, memory=remember(histories, steps, seed))


def propose(
    space: Space,
    history: History,
    rng: np.random.Generator,
    batch: int = 1,
    memory: Memory | None = None,
    first: int = 8,
    pull: float = 0.1,
    steps: int = 60,
    pool: int = 500,
) -> Sequence[Config]:
    """`batch` configurations; without `memory` the first are BTED's and the DGP is learnt from this history alone."""
    from .dgp import learn, new_dgp

    dice = int(rng.integers(2**31))
    enough = len(history) >= first and best_of(history) is not None
    if memory is None and not enough:
        return bted(space, rng, batch, pool=pool, known=history["config"])
    some = candidates(space, history, rng)
    if not some:
        return []
    if memory is None:
        x = space.features(history["config"])
        memory = Memory(None, x.mean(0), np.where(x.std(0) > 1e-9, x.std(0), 1.0))
        rows = memory.scaled(x)
        dgp = learn(new_dgp(rows, seed=dice), rows, standardised(history), 3 * steps, seed=dice)
    elif enough:
        dgp = learn(memory.dgp, memory.scaled(space.features(history["config"])), standardised(history), steps, pull=pull, seed=dice)
    else:
        dgp = memory.dgp
    around = memory.scaled(space.features(some))
    mean, deviation = dgp.predict(around, samples=12)
    order = np.argsort(-(mean + KAPPA * deviation), kind="stable")[: (8 if not enough else 2) * batch]
    # spread out among the promising: near in the hidden layer means alike in speed
    chosen = ted(rbf(dgp.hidden(around[order])), min(batch, len(order)))
    return [some[order[i]] for i in chosen]
