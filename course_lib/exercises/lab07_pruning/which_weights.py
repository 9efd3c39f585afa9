"""Masks: the smallest weights go, in each layer or in all together; n of each m neighbours stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from ..exercise import Case, Exercise, Misconception
from ..pictures import plane_picture

MAGNITUDE, N_M = "07_pruning#magnitude", "07_pruning#n-m"


def masks(
    layers: Sequence[np.ndarray],
    sparsity: float,
    scope: str = "layer",
    size: Callable[[np.ndarray], np.ndarray] = np.abs,
    count: Callable[[float], int] = round,
    later: bool = False,
    swapped: bool = False,
) -> list[np.ndarray]:
    """The right masks, and with other arguments some wrong ones."""
    if (scope == "global") != swapped:
        together = np.concatenate([np.asarray(w).ravel() for w in layers])
        kept = masks([together], sparsity, "global" if swapped else "layer", size, count, later, swapped)[0]
        cuts = np.cumsum([np.size(w) for w in layers])[:-1]
        return [part.reshape(np.shape(w)) for part, w in zip(np.split(kept, cuts), layers, strict=True)]
    out = []
    for w in layers:
        scores = size(np.asarray(w)).ravel()
        number = count(sparsity * scores.size)
        order = scores.size - 1 - np.argsort(scores[::-1], kind="stable") if later else np.argsort(scores, kind="stable")
        mask = np.ones(scores.size, bool)
        mask[order[:number]] = False
        out.append(mask.reshape(np.shape(w)))
    return out


def by_threshold(layers: Sequence[np.ndarray], sparsity: float, scope: str = "layer") -> list[np.ndarray]:
    """Everything that is not above the largest weight that goes: equals go, too."""
    right = masks(layers, sparsity, scope)
    gone = [np.abs(w[~m]) for w, m in zip(layers, right, strict=True)]
    if scope == "global":
        top = max((g.max() for g in gone if g.size), default=-1.0)
        return [np.abs(w) > top for w in layers]
    return [np.abs(w) > (g.max() if g.size else -1.0) for w, g in zip(layers, gone, strict=True)]


def magnitude_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case(([np.array([3.0, -1.0, 2.0, -4.0], np.float32)], 0.5), {"scope": "layer"}, "4 weights, half of them"),
        Case(([np.array([1.0, -1.0, 2.0, 1.0, -2.0], np.float32)], 0.3), {"scope": "layer"}, "5 weights with equals, 0.3 of them"),
        Case(([np.ones((2, 3), np.float32)], 0.5), {"scope": "layer"}, "6 equal weights, half of them"),
        Case(
            ([np.array([[9.0, -8.0]], np.float32), np.array([1.0, 2.0, -3.0, 4.0], np.float32)], 0.5),
            {"scope": "global"},
            "two layers together, half of the weights",
        ),
    ]
    for scope in ("layer", "global") * 4:
        layers = [
            (rng.integers(-6, 7, tuple(int(n) for n in rng.integers(1, 5, rng.integers(1, 5)))) / 2).astype(np.float32)
            for _ in range(int(rng.integers(2, 4)))
        ]
        sparsity = float(rng.integers(1, 20) / 20)
        cases.append(Case((layers, sparsity), {"scope": scope}, f"{len(layers)} layers, sparsity {sparsity}, {scope}"))
    cases += [Case((cases[4].args[0], s), {"scope": "layer"}, f"sparsity {s}") for s in (0.0, 1.0)]
    return cases


magnitude_mask = Exercise(
    name="magnitude_mask",
    reference=masks,
    cases=magnitude_cases,
    misconceptions=(
        Misconception(
            "the sign counts",
            partial(masks, size=lambda w: w),
            "A weight of -4 matters as much as one of 4. What is small is what is near zero.",
            MAGNITUDE,
        ),
        Misconception(
            "the mask is upside down",
            lambda layers, sparsity, scope="layer": [~m for m in masks(layers, sparsity, scope)],
            "The mask is True where a weight stays. Yours is True where it goes.",
            MAGNITUDE,
        ),
        Misconception(
            "the number is rounded down",
            partial(masks, count=int),
            "How many go is sparsity times the number of weights, rounded to the nearest whole number. int() cuts off.",
            MAGNITUDE,
        ),
        Misconception(
            "equals all go together",
            by_threshold,
            "A threshold takes all equal weights or none, so the number is not exact. Sort, and count them off.",
            MAGNITUDE,
        ),
        Misconception(
            "the later of equals goes first",
            partial(masks, later=True),
            "Among equal weights the one that comes first in memory goes first. np.argsort(..., kind='stable') keeps that order.",
            MAGNITUDE,
        ),
        Misconception(
            "one threshold for all layers, asked or not",
            lambda layers, sparsity, scope="layer": masks(layers, sparsity, "global"),
            "With scope 'layer' each layer loses its own share, whatever the others look like.",
            MAGNITUDE,
        ),
        Misconception(
            "each layer by itself, asked or not",
            lambda layers, sparsity, scope="layer": masks(layers, sparsity, "layer"),
            "With scope 'global' all weights stand in one row; a layer of small weights may lose nearly all of them.",
            MAGNITUDE,
        ),
    ),
    hint="Sizes |w| in one row, np.argsort with kind='stable', the first round(sparsity · number) of that order go.",
    slide=MAGNITUDE,
)


def n_of_m(w: np.ndarray, n: int, m: int, size: Callable[[np.ndarray], np.ndarray] = np.abs, later: bool = False) -> np.ndarray:
    w = np.asarray(w)
    groups = size(w).reshape(-1, m)
    order = m - 1 - np.argsort(-groups[:, ::-1], axis=1, kind="stable") if later else np.argsort(-groups, axis=1, kind="stable")
    mask = np.zeros(groups.shape, bool)
    np.put_along_axis(mask, order[:, :n], True, 1)
    return mask.reshape(w.shape)


def n_m_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case((np.array([[1.0, -3.0], [2.0, 0.5]], np.float32), 1, 2), label="2 x 2 weights, 1 of 2"),
        Case((np.array([[1, 2, 3, 4], [4, -3, 2, 1], [9, 8, 7, -6], [5, 5, 5, 5]], np.float32), 1, 4), label="4 x 4 weights, 1 of 4"),
    ]
    for n, m in ((2, 4), (1, 2), (3, 5), (4, 8), (2, 3), (0, 2), (3, 3), (1, 4)):
        K, groups = (int(v) for v in rng.integers(1, 5, 2))
        w = (rng.integers(-6, 7, (m * K, m * groups)) / 2).astype(np.float32)
        cases.append(Case((w, n, m), label=f"{w.shape[0]} x {w.shape[1]} weights, {n} of {m}"))
    return cases


def of_the_row(w: np.ndarray, n: int, m: int) -> np.ndarray:
    return np.stack([masks([row], 1 - n / m)[0] for row in np.asarray(w)])


n_m_mask = Exercise(
    name="n_m_mask",
    reference=n_of_m,
    cases=n_m_cases,
    misconceptions=(
        Misconception(
            "n go in place of n stay",
            lambda w, n, m: n_of_m(w, m - n, m),
            "Of each m weights n stay. Yours leaves m - n.",
            N_M,
        ),
        Misconception(
            "the mask is upside down",
            lambda w, n, m: ~n_of_m(w, n, m),
            "True is where a weight stays: the n largest of each group.",
            N_M,
        ),
        Misconception(
            "the best of the whole row",
            of_the_row,
            "The right number stays in each row, but not in each group of m neighbours; that is what the hardware relies on.",
            N_M,
        ),
        Misconception(
            "groups run down the columns",
            lambda w, n, m: n_of_m(np.ascontiguousarray(np.asarray(w).T), n, m).T,
            "The m neighbours lie side by side in a row, which is one filter: they are multiplied into one sum.",
            N_M,
        ),
        Misconception(
            "the sign counts",
            partial(n_of_m, size=lambda w: w),
            "A weight of -3 matters as much as one of 3: compare sizes.",
            N_M,
        ),
        Misconception(
            "the later of equals stays",
            partial(n_of_m, later=True),
            "Among equal weights the earlier one stays. A stable sort of -|w| gives that order.",
            N_M,
        ),
    ),
    picture=plane_picture,
    hint="Reshape to rows of m, sort each by size, and mark the n largest.",
    slide=N_M,
)
