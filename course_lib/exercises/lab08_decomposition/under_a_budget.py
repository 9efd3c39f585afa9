"""What a decomposed layer costs, and which layer gives up the next rank under one budget."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Made, Misconception

COST, RANKS = "08_decomposition#spatial", "08_decomposition#ranks"

# --- the cost of a pair ------------------------------------------------------------------------------------------------


def pair_macs(shape: Any, rank: int) -> int:
    """R x 1 with the step and pad of the height, then 1 x S: the first works on P rows of W columns."""
    return shape.N * rank * (shape.P * shape.W * shape.C * shape.R + shape.P * shape.Q * shape.K * shape.S)


def layer_cases(rng: np.random.Generator) -> list[Case]:
    table: list[tuple[dict[str, Any], int]] = [
        (dict(N=1, C=1, H=3, W=3, K=1, R=2, S=2), 1),
        (dict(N=1, C=2, H=4, W=5, K=3, R=3, S=3), 1),
        (dict(N=1, C=2, H=4, W=5, K=3, R=3, S=3, pad=1), 2),
        (dict(N=1, C=2, H=8, W=10, K=3, R=3, S=2, stride=2), 2),
        (dict(N=2, C=3, H=6, W=5, K=4, R=2, S=3), 3),
        (dict(N=1, C=64, H=56, W=56, K=64, R=3, S=3, pad=1), 24),
    ]
    for _ in range(5):
        C, K, H, W = (int(v) for v in rng.integers((1, 1, 6, 6), (9, 9, 14, 14)))
        R, S, stride, pad = (int(rng.integers(a, b)) for a, b in ((2, 5), (2, 5), (1, 3), (0, 2)))
        table.append((dict(N=1, C=C, H=H, W=W, K=K, R=R, S=S, stride=stride, pad=pad), int(rng.integers(1, 6))))
    return [
        Case((Made("conv_shape", letters), rank), label=", ".join(f"{k}={v}" for k, v in letters.items()) + f"; {rank} maps")
        for letters, rank in table
    ]


chain_macs = Exercise(
    name="chain_macs",
    reference=pair_macs,
    cases=layer_cases,
    misconceptions=(
        Misconception(
            "both layers work on P × Q pixels",
            lambda s, rank: s.N * s.P * s.Q * rank * (s.C * s.R + s.K * s.S),
            "The first layer, R × 1, leaves the width alone: it has P rows of W columns. Only the second narrows them to Q.",
            COST,
        ),
        Misconception(
            "the first layer works on the whole input",
            lambda s, rank: s.N * rank * (s.H * s.W * s.C * s.R + s.P * s.Q * s.K * s.S),
            "The first layer moves down in steps of stride: its output has P rows, not H.",
            COST,
        ),
        Misconception(
            "both filters are R × S",
            lambda s, rank: s.N * rank * (s.P * s.W * s.C * s.R * s.S + s.P * s.Q * s.K * s.S * s.R),
            "The first filter is R × 1 and the second 1 × S: each is one number wide.",
            COST,
        ),
        Misconception(
            "the layer as it was",
            lambda s, rank: s.macs,
            "That is the layer before it was decomposed; your answer does not change with rank.",
            COST,
        ),
        Misconception(
            "only the second layer",
            lambda s, rank: s.N * rank * s.P * s.Q * s.K * s.S,
            "There are two layers; the first, R × 1 from C channels to `rank` maps, is missing.",
            COST,
        ),
        Misconception(
            "one image",
            lambda s, rank: pair_macs(s, rank) // s.N,
            "Your answer does not change with N.",
            COST,
        ),
    ),
    hint="Layer 1: C channels to `rank` maps, filters R × 1, output P × W. Layer 2: `rank` maps to K, filters 1 × S, output P × Q.",
    slide=COST,
)

# --- ranks of a network ------------------------------------------------------------------------------------------------


def greedy(energies: Any, costs: Any, budget: float, by: str = "share of energy per cost", least: int = 1) -> list[int]:
    """From full rank, drop one rank at a time until the budget holds; the values of `by` but the first are wrong ideas."""
    energies = [np.asarray(e, np.float64) for e in energies]
    ranks = [len(e) for e in energies]
    while sum(r * c for r, c in zip(ranks, costs, strict=True)) > budget:
        prices = []
        for e, r, c in zip(energies, ranks, costs, strict=True):
            share = e[r - 1] / e[:r].sum() if r else np.inf
            price = {"share of energy per cost": share / c, "energy per cost": e[r - 1] / c, "share of energy": share, "cost": 1 / c}[by]
            prices.append(np.inf if r <= least else price)
        if not np.isfinite(min(prices)):
            break
        ranks[int(np.argmin(prices))] -= 1
    return ranks


def budget_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case(([[4.0, 2.0, 1.0], [1.0, 1.0]], [10, 10], 40), label="two layers, equal costs, budget 40 of 50"),
        Case(([[80.0, 10.0, 9.0], [5.0, 0.5]], [10, 10], 40), label="two layers of very different size, budget 40 of 50"),
        Case(([[4.0, 2.0, 1.0], [4.0, 2.0, 1.0]], [30, 10], 90), label="two equal layers, one three times as dear, budget 90 of 120"),
        Case(([[3.0, 2.0, 1.0]], [7], 7), label="one layer, one rank left"),
        Case(([[5.0], [3.0, 2.5, 2.0]], [50, 1], 52), label="a layer of one rank beside a cheap one, budget 52 of 53"),
        Case(([[3.0, 2.0], [5.0, 4.0, 1.0]], [4, 6], 100), label="a budget that is met already"),
    ]
    for _ in range(6):
        sizes = rng.integers(3, 8, 3)
        energies = [np.round(np.sort(rng.exponential(1, n) ** 2 * rng.choice([1, 30]) + 0.01)[::-1], 4).tolist() for n in sizes]
        costs = [int(c) for c in rng.integers(2, 40, 3)]
        total = sum(len(e) * c for e, c in zip(energies, costs, strict=True))
        budget = max(sum(costs), int(total * rng.uniform(0.4, 0.8)))
        cases.append(
            Case((energies, costs, budget), label=f"three layers of ranks {' '.join(map(str, sizes))}, budget {budget} of {total}")
        )
    return cases


select_ranks = Exercise(
    name="select_ranks",
    reference=greedy,
    cases=budget_cases,
    misconceptions=(
        Misconception(
            "the energy is not shared out by layer",
            partial(greedy, by="energy per cost"),
            "You compare energies of different layers as they are: a layer with large numbers never gives anything up. Divide by the energy"
            " that the layer still keeps.",
            RANKS,
        ),
        Misconception(
            "the cost is left out",
            partial(greedy, by="share of energy"),
            "A rank of a dear layer saves more: divide the share of energy that is lost by the MACs that are saved.",
            RANKS,
        ),
        Misconception(
            "always the dearest layer",
            partial(greedy, by="cost"),
            "You always take from a dear layer's side, whatever it loses. Weigh what is lost against what is saved.",
            RANKS,
        ),
        Misconception(
            "a layer may lose its last rank",
            partial(greedy, least=0),
            "A layer of yours has rank 0: nothing would pass through it. One rank always stays.",
            RANKS,
        ),
        Misconception(
            "one rank too many",
            lambda energies, costs, budget: greedy(energies, costs, max(budget - min(costs), sum(costs))),
            "You go on after the budget holds already: stop as soon as the sum of rank·cost is at most the budget.",
            RANKS,
        ),
        Misconception(
            "nothing is dropped",
            lambda energies, costs, budget: [len(e) for e in energies],
            "These are the full ranks, beyond the budget.",
            RANKS,
        ),
    ),
    hint="While the sum of rank·cost is over the budget: for each layer with more than one rank, share = energy of its"
    " last rank / energy it"
    " keeps; drop a rank where share / cost is smallest (the first of equals).",
    slide=RANKS,
)
