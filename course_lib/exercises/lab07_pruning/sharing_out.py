"""Sensitivity: accuracy with one layer pruned at a time; and sparsity shared out so that the worst layer loses least."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Made, Misconception
from ..makers import little_network
from .which_weights import masks

SCAN, SHARE = "07_pruning#sensitivity", "07_pruning#allocation"
Network = Mapping[str, np.ndarray]


def scan(
    network: Network,
    evaluate: Callable[[Network], float],
    grid: Sequence[float],
    others: bool = False,
    cumulative: bool = False,
    inverse: bool = False,
    drop: bool = False,
) -> dict[str, list[float]]:
    """The right scan, and with other arguments some wrong ones."""
    out, now = {}, dict(network)
    base = evaluate(network)
    for name in network:
        row = []
        for s in grid:
            share = 1 - s if inverse else s
            tried = dict(now)
            for one in network if others else [name]:
                tried[one] = np.where(masks([now[one]], share)[0], now[one], np.zeros((), now[one].dtype))
            row.append(evaluate(tried))
        if cumulative:
            now = tried
        out[name] = [base - a for a in row] if drop else row
    return out


def not_put_back(network: dict[str, np.ndarray], evaluate: Callable[[Network], float], grid: Sequence[float]) -> dict[str, list[float]]:
    """Works on the arrays it was given and leaves them pruned."""
    out: dict[str, list[float]] = {}
    for name, w in network.items():
        before, row = w.copy(), []
        for s in grid:
            w[...] = np.where(masks([before], s)[0], before, 0)
            row.append(evaluate(network))
        w[...] = before
        out[name] = row
    for w in network.values():
        w[...] = np.where(masks([w], grid[-1])[0], w, 0)
    return out


def pruned_for_good(network: dict[str, np.ndarray], evaluate: Callable[[Network], float], grid: Sequence[float]) -> dict[str, list[float]]:
    out: dict[str, list[float]] = {}
    for name, w in network.items():
        row = []
        for s in grid:
            w[...] = np.where(masks([w], s)[0], w, 0)
            row.append(evaluate(network))
        out[name] = row
    return out


def scan_cases(rng: np.random.Generator) -> list[Case]:
    cases = []
    for sizes, grid in (
        ((3, 4, 3), [0.0, 0.5]),
        ((4, 6, 5, 3), [0.0, 0.25, 0.5, 0.75, 1.0]),
        ((6, 8, 4), [0.1, 0.3, 0.6, 0.9]),
        ((5, 7, 6, 4), [0.5, 0.8]),
        ((8, 16, 12, 10), [0.0, 0.5, 0.7, 0.9, 0.95]),
    ):
        seed = int(rng.integers(1, 10**6))
        network, _ = little_network(sizes, seed)
        evaluate = Made("agreement", {"sizes": list(sizes), "seed": seed})
        cases.append(
            Case((network, evaluate, grid), label=f"{len(sizes) - 1} layers of {' x '.join(map(str, sizes))}, {len(grid)} sparsities")
        )
    return cases


sensitivity_scan = Exercise(
    name="sensitivity_scan",
    reference=scan,
    cases=scan_cases,
    tolerance=1e-9,
    misconceptions=(
        Misconception(
            "the network is left pruned",
            pruned_for_good,
            "The weights are not put back: each layer is tried with those before it still pruned. Work on a copy, or restore it.",
            SCAN,
        ),
        Misconception(
            "the accuracies are right and the weights are not put back",
            not_put_back,
            "After the scan the weights you were lent are not what they were, to the last bit. Work on a copy.",
            SCAN,
        ),
        Misconception(
            "layers stay pruned while the next is tried",
            partial(scan, cumulative=True),
            "One layer at a time: all the others must be whole again before the next one is tried.",
            SCAN,
        ),
        Misconception(
            "all layers are pruned at once",
            partial(scan, others=True),
            "Every layer has the same curve in your answer: is it only the one layer that is pruned?",
            SCAN,
        ),
        Misconception(
            "the share that stays",
            partial(scan, inverse=True),
            "A sparsity of 0.9 means that nine tenths of the weights go.",
            SCAN,
        ),
        Misconception(
            "what is lost",
            partial(scan, drop=True),
            "Give the accuracy that is left, as evaluate returns it, not what was lost.",
            SCAN,
        ),
    ),
    hint="For each layer and sparsity: a copy of the dict with this one layer's smallest weights at zero, then evaluate it.",
    slide=SCAN,
)


def allocated(
    grid: Sequence[float], curves: Mapping[str, Sequence[float]], params: Mapping[str, int], budget: float,
    weighted: bool = True, upward: bool = False, until_first_fall: bool = False,
) -> dict[str, float]:  # fmt: skip
    """The right sharing out, and with other arguments some wrong ones."""
    floors = sorted({a for curve in curves.values() for a in curve}, reverse=not upward)
    size = {name: params[name] if weighted else 1 for name in curves}
    chosen: dict[str, float] = {}
    for floor in floors:
        chosen = {}
        for name, curve in curves.items():
            fine = [a >= floor for a in curve]
            if until_first_fall and False in fine:
                fine = [ok and i < fine.index(False) for i, ok in enumerate(fine)]
            chosen[name] = max((s for s, ok in zip(grid, fine, strict=True) if ok), default=grid[0])
        if sum(chosen[n] * size[n] for n in chosen) >= budget * sum(size.values()) - 1e-9:
            return chosen
    return chosen


def one_after_the_other(grid: Sequence[float], curves: Mapping[str, Any], params: Mapping[str, int], budget: float) -> dict[str, float]:
    chosen = dict.fromkeys(curves, grid[0])
    for name in sorted(curves, key=lambda n: -curves[n][-1]):
        if sum(chosen[n] * params[n] for n in chosen) >= budget * sum(params.values()) - 1e-9:
            break
        chosen[name] = grid[-1]
    return chosen


def the_same_for_all(grid: Sequence[float], curves: Mapping[str, Any], params: Mapping[str, int], budget: float) -> dict[str, float]:
    return dict.fromkeys(curves, min((s for s in grid if s >= budget), default=grid[-1]))


def share_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case(
            ([0.0, 0.5, 0.9], {"a": [0.99, 0.9, 0.5], "b": [0.99, 0.98, 0.95]}, {"a": 100, "b": 100}, 0.4),
            label="two layers of one size, 0.4 of the weights must go",
        ),
        Case(
            ([0.0, 0.5, 0.9], {"a": [0.99, 0.97, 0.5], "b": [0.99, 0.98, 0.95]}, {"a": 1000, "b": 10}, 0.45),
            label="a large and a small layer, 0.45 must go",
        ),
        Case(
            ([0.0, 0.25, 0.5, 0.75], {"a": [0.99, 0.93, 0.96, 0.7], "b": [0.99, 0.95, 0.9, 0.8]}, {"a": 60, "b": 40}, 0.35),
            label="a curve with a dip, 0.35 must go",
        ),
    ]
    for _ in range(9):
        names = [f"conv{i}" for i in range(1, int(rng.integers(3, 6)))]
        grid = [0.0, 0.2, 0.4, 0.6, 0.8, 0.9]
        curves = {n: [round(float(a), 3) for a in sorted(rng.random(6), reverse=True)] for n in names}
        for n in names:  # a measured curve is not smooth
            i = int(rng.integers(1, 5))
            curves[n][i], curves[n][i + 1] = curves[n][i + 1], curves[n][i]
        params = {n: int(rng.integers(10, 5000)) for n in names}
        budget = float(rng.integers(4, 15) / 20)
        cases.append(Case((grid, curves, params, budget), label=f"{len(names)} layers, {budget} must go"))
    return cases


allocate_sparsity = Exercise(
    name="allocate_sparsity",
    reference=allocated,
    cases=share_cases,
    tolerance=1e-9,
    misconceptions=(
        Misconception(
            "the same for all layers",
            the_same_for_all,
            "All layers get the same sparsity. The curves say that some can give more than others.",
            SHARE,
        ),
        Misconception(
            "every layer counts the same",
            partial(allocated, weighted=False),
            "The budget is a share of all weights, and layers differ in size: half of a small layer is little.",
            SHARE,
        ),
        Misconception(
            "the lowest floor",
            partial(allocated, upward=True),
            "You prune more than you must. Try the highest accuracy first, and stop at the first floor that meets the budget.",
            SHARE,
        ),
        Misconception(
            "until the curve first falls below the floor",
            partial(allocated, until_first_fall=True),
            "A measured curve may dip and come back. Take the largest sparsity whose accuracy is at least the floor, wherever it stands.",
            SHARE,
        ),
        Misconception(
            "the budget is what stays",
            lambda grid, curves, params, budget: allocated(grid, curves, params, 1 - budget),
            "The budget is the share of the weights that must go, at least. Do you count those that stay?",
            SHARE,
        ),
        Misconception(
            "one layer after the other to the end",
            one_after_the_other,
            "You prune the layers that stand it best as far as the grid goes and leave the others whole. The worst layer then loses much.",
            SHARE,
        ),
    ),
    hint="For a floor f: each layer's largest sparsity with accuracy >= f. Go through the floors from the highest down.",
    slide=SHARE,
)
