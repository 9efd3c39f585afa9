"""How many ranks each layer of a network may keep under one budget of multiply-accumulates."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ...shapes import whole

SOURCE = "Zhang et al., CVPR 2015, section 'Rank selection for whole-model acceleration'"


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer as the budget sees it: the eigenvalues of its response covariance, largest first, and what one rank costs in MACs."""

    name: str
    energies: np.ndarray
    macs_a_rank: float

    def __post_init__(self) -> None:
        energies = np.asarray(self.energies, np.float64)
        if energies.ndim != 1 or not len(energies) or (energies < 0).any() or (np.diff(energies) > 0).any():
            raise ValueError(f"energies: want numbers of at least 0, largest first, got {self.energies!r}")
        object.__setattr__(self, "energies", energies)
        if not self.macs_a_rank > 0:
            raise ValueError(f"macs_a_rank: want more than 0, got {self.macs_a_rank!r}")


def kept(layers: Sequence[Layer], ranks: Sequence[int]) -> float:
    """The logarithm of the product over layers of the energy kept: what the selection makes large."""
    return float(sum(np.log(max(layer.energies[:rank].sum(), 1e-300)) for layer, rank in zip(layers, ranks, strict=True)))


def cost(layers: Sequence[Layer], ranks: Sequence[int]) -> float:
    """Multiply-accumulates of the decomposed layers."""
    return float(sum(layer.macs_a_rank * rank for layer, rank in zip(layers, ranks, strict=True)))


def check(layers: Sequence[Layer], budget: float) -> None:
    least = cost(layers, [1] * len(layers))
    if not layers or budget < least:
        raise ValueError(f"budget: want at least {least:,.0f} MACs, one rank for each of {len(layers)} layers, got {budget:,.0f}")


def select_ranks(layers: Sequence[Layer], budget: float, most: int = 4096) -> list[int]:
    """A rank a layer, so that their MACs are at most `budget` and the product of the energies kept is largest.

    The paper walks down from full rank (lab 08 does); one step too dear is not taken back. Here layer after layer joins all the sums of
    MACs so far, and a sum stays where no cheaper one keeps as much: exact while no more than `most` stay, else as good as their spacing.
    ValueError where one rank each is too much.
    """
    check(layers, budget)
    spent, worth, ranks = np.zeros(1), np.zeros(1), np.zeros((1, 0), int)
    for at, layer in enumerate(layers):
        each = np.arange(1, len(layer.energies) + 1)
        logs = np.log(np.maximum(np.cumsum(layer.energies), 1e-300))
        macs, keeps = (spent[:, None] + layer.macs_a_rank * each).ravel(), (worth[:, None] + logs).ravel()
        fits = (macs <= budget - cost(layers[at + 1 :], [1] * (len(layers) - at - 1))).nonzero()[0]
        cheapest = fits[np.lexsort((-keeps[fits], macs[fits]))]
        before = np.maximum.accumulate(np.concatenate(([-np.inf], keeps[cheapest][:-1])))
        stay = cheapest[keeps[cheapest] > before]
        if len(stay) > most:  # the cheapest, and the best in each of `most` equal parts of what may be spent
            part = np.floor((macs[stay] - macs[stay[0]]) / (macs[stay[-1]] - macs[stay[0]]) * most)
            stay = stay[np.flatnonzero(np.append(part[1:] != part[:-1], True) | (stay == stay[0]))]
        spent, worth = macs[stay], keeps[stay]
        ranks = np.column_stack([ranks[stay // len(each)], each[stay % len(each)]])
    return ranks[-1].tolist()


def exhaustive_ranks(
    layers: Sequence[Layer], budget: float, score: Callable[[Sequence[int]], float] | None = None, most: int = 2_000_000
) -> list[int]:
    """Every combination that holds the budget, tried: the witness for small networks. `score` replaces the energy kept."""
    check(layers, budget)
    whole("most", most, 1)
    number = float(np.prod([len(layer.energies) for layer in layers], dtype=np.float64))
    if number > most:
        raise ValueError(f"layers: {number:,.0f} combinations are too many to try, at most {most:,}; select_ranks is for these")

    def value(ranks: Iterable[int]) -> float:
        return kept(layers, list(ranks)) if score is None else score(list(ranks))

    every = itertools.product(*(range(1, len(layer.energies) + 1) for layer in layers))
    return list(max((ranks for ranks in every if cost(layers, ranks) <= budget), key=value))
