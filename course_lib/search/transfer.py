"""What other layers taught: a deep Gaussian process learnt from their trials, tuned a little on the new layer, guides its search.

before      learn(...) a DGP from (layer's numbers, knobs) to -log cost, each layer's costs brought to mean 0 and spread 1
first       the trials it holds promising, spread out in the space of its hidden layer
each round  tune it on the new layer's trials by MAP: the bound, and a pull to what was learnt before
measure     where mean + kappa · deviation is largest, among what annealed walks on it met

propose = after(histories)          a tuner that remembers; `propose` alone begins without memories

Ours is `after(histories, way=corrected)`: nothing is tuned, and an exact Gaussian process learns what the memory gets wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..records import History
from .design import bted, rbf, ted
from .gaussian import candidates, fit_gp, merits, one_by_one, standardised
from .space import Config, Space
from .tune import best_of

if TYPE_CHECKING:
    from .dgp import DGP

SOURCE = "Sun, Bai, Chen, Geng, Zhang, Bai, Yu, ICCV 2021; only its abstract could be read, the recipe is ours (papers.md 7.2)"

KAPPA = 0.5


@dataclass(frozen=True, eq=False)
class Memory:
    """What was learnt from other layers: the DGP, how features are brought to mean 0 and spread 1, the usual spread of -log cost."""

    dgp: DGP
    middle: np.ndarray
    spread: np.ndarray
    unit: float = 1.0

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
    unit = float(np.mean([merits(history).std() or 1.0 for _, history in pairs]))
    return Memory(learn(new_dgp(rows, seed=seed), rows, y, steps, seed=seed), middle, spread, unit)


def after(
    histories: Mapping[Space, History] | Sequence[tuple[Space, History]],
    steps: int = 500,
    seed: int = 0,
    way: Callable[..., Sequence[Config]] | None = None,
) -> Callable[..., Sequence[Config]]:
    """A tuner that has learnt from other layers' (space, history); `way` is `propose`, which tunes the DGP, or `corrected`."""
    return partial(propose if way is None else way, memory=remember(histories, steps, seed))


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
    return [some[i] for i in promising(dgp, around, batch, width=8 if not enough else 2)]


def promising(dgp: DGP, around: np.ndarray, batch: int, width: int, best_first: bool = False) -> list[int]:
    """`batch` rows of around[m, D], spread out among the `width` times as many that the DGP holds most of; by TED, or best first."""
    mean, deviation = dgp.predict(around, samples=12)
    order = np.argsort(-(mean + KAPPA * deviation), kind="stable")[: width * batch]
    # near in the hidden layer means alike in speed
    picks = ted(rbf(dgp.hidden(around[order])), min(batch, len(order)))
    return [int(order[i]) for i in (sorted(picks) if best_first else picks)]


def corrected(
    space: Space, history: History, rng: np.random.Generator, batch: int = 1, memory: Memory | None = None, first: int = 8
) -> Sequence[Config]:
    """`batch` configurations by the memory and an exact process on its errors, where mean + kappa · deviation is largest.

    -log cost / unit = mean of the memory + a constant + f,  f a Gaussian process over the new layer's trials. Without a memory: ValueError.
    """
    if memory is None:
        raise ValueError("memory: want what other layers taught, as after(histories, way=corrected) hands it over; got none")
    some = candidates(space, history, rng)
    if not some:
        return []
    around = memory.scaled(space.features(some))
    if len(history) < first or best_of(history) is None:
        return [some[i] for i in promising(memory.dgp, around, batch, width=8, best_first=True)]
    x, y = memory.scaled(space.features(history["config"])), merits(history) / memory.unit
    believed, _ = memory.dgp.predict(np.concatenate([x, around]), samples=64)
    wrong = y - believed[: len(x)]
    start = np.array([0.5 * math.log(x.shape[1])] * x.shape[1] + [math.log(0.5), math.log(0.15)])
    model = fit_gp(x, wrong - wrong.mean(), start)
    worth = lambda mean, deviation: mean + KAPPA * deviation
    return [some[i] for i in one_by_one(model, around, batch, worth, believed[len(x) :] + wrong.mean())]
