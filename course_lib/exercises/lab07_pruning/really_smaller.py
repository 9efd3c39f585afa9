"""Channels really taken out of a network with a shortcut: leaders, and layers that follow them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Misconception

SMALLER = "07_pruning#shrink"
Layers = Sequence[dict[str, Any]]


def leader(layers: Layers, i: int) -> int:
    """Whose channels layer i gives: its own, or those of the layer it is added to, and so on."""
    while layers[i]["adds"] is not None:
        i = layers[i]["adds"]
    return i


def nearest(layers: Layers, i: int) -> int:
    return i if layers[i]["adds"] is None else layers[i]["adds"]


def smaller(
    layers: Layers, keep: Sequence[Any], rows: bool = True, columns: bool = True, bias: bool = True,
    who: Callable[[Layers, int], int] = leader,
    reads: Callable[[Layers, int], int] = lambda layers, i: layers[i]["reads"],
) -> list[dict[str, np.ndarray]]:  # fmt: skip
    """The right network, and with other arguments some wrong ones."""
    out = []
    for i, layer in enumerate(layers):
        w, b = layer["w"], layer["b"]
        mine = keep[who(layers, i)]
        if mine is not None and rows:
            w, b = w[mine], b[mine] if bias else b
        source = reads(layers, i)
        theirs = keep[who(layers, source)] if source >= 0 else None
        if theirs is not None and columns:
            w = w[:, theirs]
        out.append({"w": w, "b": b})
    return out


def zeroed(layers: Layers, keep: Sequence[Any]) -> list[dict[str, np.ndarray]]:
    out = []
    for i, layer in enumerate(layers):
        w, b = layer["w"].copy(), layer["b"].copy()
        mine = keep[leader(layers, i)]
        if mine is not None:
            gone = np.setdiff1d(np.arange(len(w)), mine)
            w[gone], b[gone] = 0, 0
        out.append({"w": w, "b": b})
    return out


def network(rng: np.random.Generator, plan: Sequence[tuple[int, int, int | None, int]]) -> list[dict[str, Any]]:
    """A layer a (filters, reads, adds, size of the filter)."""
    out: list[dict[str, Any]] = []
    for K, reads, adds, R in plan:
        C = 1 if reads < 0 else len(out[reads]["w"])
        w = rng.integers(-9, 10, (K, C, R, R)).astype(np.float32)
        out.append({"w": w, "b": rng.integers(-9, 10, K).astype(np.float32), "reads": reads, "adds": adds})
    return out


# (filters, reads which layer, is added to which, size)
PLANS: dict[str, list[tuple[int, int, int | None, int]]] = {
    "two layers": [(3, -1, None, 1), (2, 0, None, 1)],
    "a chain of three": [(4, -1, None, 3), (5, 0, None, 3), (3, 1, None, 1)],
    "a residual block": [(4, -1, None, 3), (5, 0, None, 3), (4, 1, 0, 3), (2, 2, None, 1)],
    "two residual blocks": [(6, -1, None, 3), (3, 0, None, 3), (6, 1, 0, 3), (7, 2, None, 3), (6, 3, 2, 3), (2, 4, None, 1)],
    "a shortcut with a layer": [(4, -1, None, 3), (5, 0, None, 3), (6, 1, None, 3), (6, 0, 2, 1), (3, 2, None, 1)],
    "two readers of one layer": [(5, -1, None, 1), (4, 0, None, 3), (4, 0, 1, 1), (3, 2, None, 1), (2, 0, None, 1)],
}


def cases(rng: np.random.Generator) -> list[Case]:
    out = []
    for name, plan in PLANS.items():
        for _ in range(2):
            layers = network(rng, plan)
            keep: list[Any] = []
            for i, layer in enumerate(layers):
                K = len(layer["w"])
                whole = layer["adds"] is not None or i == len(layers) - 1
                keep.append(None if whole else np.sort(rng.permutation(K)[: max(1, K - 1 - int(rng.integers(0, K)))]))
            out.append(Case((layers, keep), label=name))
    return out


shrink = Exercise(
    name="shrink",
    reference=smaller,
    cases=cases,
    misconceptions=(
        Misconception(
            "nobody tells the next layer",
            partial(smaller, columns=False),
            "The layer that reads a channel that is gone still has weights for it: its columns w[:, c] must go, too.",
            SMALLER,
        ),
        Misconception(
            "only the readers are cut",
            partial(smaller, rows=False),
            "A layer loses the filters that make the channels: its rows w[k], and their biases.",
            SMALLER,
        ),
        Misconception(
            "the biases stay",
            partial(smaller, bias=False),
            "A filter that goes takes its bias along.",
            SMALLER,
        ),
        Misconception(
            "followers keep all their channels",
            partial(smaller, who=lambda layers, i: i),
            "What is added must have the same channels: a layer with `adds` gives those of the layer it is added to.",
            SMALLER,
        ),
        Misconception(
            "followers of followers are forgotten",
            partial(smaller, who=nearest),
            "A layer may be added to one that is itself added to another: follow the chain to its end.",
            SMALLER,
        ),
        Misconception(
            "zero in place of gone",
            zeroed,
            "The channels are zero and still there: no multiplication is saved. The arrays must get smaller.",
            SMALLER,
        ),
        Misconception(
            "every layer reads the one before",
            partial(smaller, reads=lambda layers, i: i - 1),
            "Which layer is read stands in layer['reads']; it need not be the one before.",
            SMALLER,
        ),
    ),
    hint="Rows by the keep of a layer's leader, columns by the keep of the leader of what it reads; None keeps all.",
    slide=SMALLER,
)
