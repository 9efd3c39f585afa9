"""A whole network on one budget: the next trials go to the layer from which the network is expected to gain most.

    the network's time   f = sum over layers of w_i g_i        w_i: how often the layer occurs, g_i: its best time so far
    the next round       the layer of the largest w_i (alpha · what it gained lately + (1 - alpha) · what it may still gain)

What a layer may still gain is the larger hope of two: its time spread over the trials it has had, and how far it is behind layers
like it, in work a second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..records import History
from ..search import tune as search
from ..shapes import ConvShape
from .log import Log
from .spaces import default_config
from .tasks import Task
from .tuning import Measured, Tuned, beginning_with, finish, space_of

SOURCE = "Zheng et al., Ansor, OSDI 2020, section 6 (task scheduler) and its task_scheduler.py's constants"


@dataclass(frozen=True)
class Layer:
    """A distinct layer of a network and how often it occurs."""

    task: Task
    times: int
    names: tuple[str, ...]


def layers_of(network: Any, threads: int = 1) -> list[Layer]:
    """The distinct convolutions of a network of the zoo, in order. Raises ValueError where there is none."""
    found: dict[ConvShape, list[str]] = {}
    for layer in network.convs:
        found.setdefault(layer.shape, []).append(layer.name)
    if not found:
        raise ValueError(f"network: {network.name} has no convolution to tune")
    return [Layer(Task(shape, threads), len(names), tuple(names)) for shape, names in found.items()]


def next_layer(
    best: Sequence[Sequence[float]],
    weights: Sequence[float],
    work: Sequence[float],
    alike: Sequence[int],
    alpha: float = 0.2,
    beta: float = 2.0,
    window: int = 3,
) -> int:
    """The layer whose next round promises most. best[i][t]: the best time of layer i after its round t; work[i]: its MACs.

    `alike[i]` numbers groups of similar layers. A layer without a round goes first, in turn.
    """
    for i, times in enumerate(best):
        if not times:
            return i
    gains = []
    for i, times in enumerate(best):
        now, rounds = times[-1], len(times)
        backward = (times[-1 - window] - now) / window if rounds > window else (times[0] - now) / max(rounds - 1, 1)
        speed = max(work[j] / best[j][-1] for j in range(len(best)) if alike[j] == alike[i])
        behind = now - beta * work[i] / speed  # what is left if it came to half the speed of the fastest like it
        forward = max(now / rounds, min(behind, now))
        gains.append(weights[i] * (alpha * backward + (1 - alpha) * forward))
    return int(np.argmax(gains))


def alike(layers: Sequence[Layer]) -> list[int]:
    """Groups of layers with the same filter and stride."""
    kinds: dict[tuple[Any, ...], int] = {}
    shapes = [layer.task.shape for layer in layers]
    return [kinds.setdefault((s.R, s.S, s.strides, s.groups > 1) if isinstance(s, ConvShape) else (), len(kinds)) for s in shapes]


def tune_network(
    layers: Sequence[Layer],
    trials: int,
    tuner: str | Callable[..., Any],
    pool: Any,
    log: Log | None = None,
    seed: int = 0,
    batch: int = 8,
    watch: Callable[[int, Mapping[int, History]], None] | None = None,
    each: bool = False,
    remember: bool = True,
) -> list[Tuned]:
    """Tune all layers with `trials` in all, shared out by `next_layer`; with `each`, so many a layer, one layer after the other.

    `watch(layer, histories)` is called after each round. -> a Tuned a layer, in order.
    """
    spaces = [space_of(layer.task) for layer in layers]
    defaults = [default_config(layer.task.shape, space, layer.task.threads) for layer, space in zip(layers, spaces, strict=True)]
    histories: dict[int, History] = {i: log.history(layer.task) for i, layer in enumerate(layers)} if log else {}

    goals = [min(trials, space.count) if each else 0 for space in spaces]  # 0: shared out as it comes

    def one_round(i: int, most: int) -> None:
        known = histories.get(i)
        count = min(len(known or ()) + batch, most)
        measure = Measured(layers[i].task, pool, log, goal=(goals[i], sum(goals) if each else trials))
        histories[i] = search(spaces[i], measure, beginning_with(defaults[i], tuner), count, seed, batch, known)
        if watch:
            watch(i, histories)

    if each:
        for i in range(len(layers)):
            while len(histories.get(i, ())) < min(trials, spaces[i].count):
                one_round(i, trials)
    else:
        weights, work, kinds = [l.times for l in layers], [l.task.macs for l in layers], alike(layers)
        while (left := trials - sum(map(len, histories.values()))) > 0:
            open_ = [i for i in range(len(layers)) if len(histories.get(i, ())) < spaces[i].count]
            if not open_:
                break
            curves = [curve(histories.get(i)) for i in open_]
            pick = next_layer(curves, [weights[i] for i in open_], [work[i] for i in open_], [kinds[i] for i in open_])
            one_round(open_[pick], len(histories.get(open_[pick], ())) + min(batch, left))
    return [
        finish(layer.task, space, histories[i], default, remember, pool.host)
        for i, (layer, space, default) in enumerate(zip(layers, spaces, defaults, strict=True))
        if i in histories and len(histories[i])
    ]


def curve(history: History | None) -> list[float]:
    """The best time after each round; a round before the first success counts as very long."""
    if not history or not len(history):
        return []
    last = dict(zip(history["round"], history.best(), strict=True))
    return [1e3 if best is None else best for best in last.values()]
