"""Structured sparsity: the group lasso's value, and its proximal step."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..exercise import Case, Exercise, Misconception
from ..pictures import plane_picture

LASSO, STEP = "07_pruning#ssl", "07_pruning#proximal"

# group -> the axes of w[K, C, R, S] that go together
AXES: dict[str, tuple[int, ...]] = {"filter": (1, 2, 3), "channel": (0, 2, 3), "shape": (0,), "depth": (0, 1, 2, 3)}
SWAPPED = AXES | {"filter": AXES["channel"], "channel": AXES["filter"]}
BY_TAP = AXES | {"shape": (0, 1)}
BY_FILTER = AXES | {"depth": (1, 2, 3)}


def value(w: np.ndarray, group: str, axes: dict[str, tuple[int, ...]] = AXES, root: bool = True, power: float = 2.0) -> float:
    total = (np.abs(np.asarray(w, np.float64)) ** power).sum(axes[group])
    return float((np.sqrt(total) if root else total).sum())


def weights(rng: np.random.Generator) -> list[np.ndarray]:
    shapes: list[tuple[int, ...]] = [(1, 2, 1, 1), (2, 1, 1, 2), (2, 3, 2, 2), (4, 2, 3, 1), (3, 5, 3, 3), (1, 1, 1, 1)]
    shapes += [tuple(int(n) for n in rng.integers(1, 5, 4)) for _ in range(3)]
    out = [(rng.permutation(np.arange(1, 1 + int(np.prod(s)))) * rng.choice([-1, 1], int(np.prod(s)))).reshape(s) / 4 for s in shapes]
    return [w.astype(np.float64) for w in out]


def lasso_cases(rng: np.random.Generator) -> list[Case]:
    return [Case((w, group), label=f"{group}s of {w.shape}") for w in weights(rng) for group in AXES]


group_lasso = Exercise(
    name="group_lasso",
    reference=value,
    cases=lasso_cases,
    tolerance=1e-9,
    misconceptions=(
        Misconception(
            "squares are summed",
            partial(value, root=False),
            "The length of a group is the root of the sum of squares. Without the root this is ordinary weight decay.",
            LASSO,
        ),
        Misconception(
            "sizes are summed",
            partial(value, root=False, power=1.0),
            "This is the lasso of single weights: it does not know of groups. Inside a group: squares, sum, root.",
            LASSO,
        ),
        Misconception(
            "filters and channels have changed places",
            partial(value, axes=SWAPPED),
            "A filter is w[k], all its channels and taps; a channel is w[:, c], what all filters take from it.",
            LASSO,
        ),
        Misconception(
            "a shape forgets the channel",
            partial(value, axes=BY_TAP),
            "A shape is one tap of one channel in all filters: a row of the lowered matrix. There are C·R·S of them.",
            LASSO,
        ),
        Misconception(
            "depth by filters",
            partial(value, axes=BY_FILTER),
            "The group 'depth' is the whole layer: one length.",
            LASSO,
        ),
        Misconception(
            "one length for everything",
            lambda w, group: value(w, "depth"),
            "Each group has a length of its own, and the lengths are added. Over which axes do the squares sum?",
            LASSO,
        ),
    ),
    hint="Squares summed over the axes that go together, the root of each sum, and the roots added.",
    slide=LASSO,
)


def shrunk(w: np.ndarray, group: str, amount: float, axes: dict[str, tuple[int, ...]] = AXES) -> np.ndarray:
    w = np.asarray(w, np.float64)
    norms = np.sqrt((w**2).sum(axes[group], keepdims=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        return w * np.where(norms > amount, 1 - amount / norms, 0.0)


def turned_round(w: np.ndarray, group: str, amount: float) -> np.ndarray:
    norms = np.sqrt((w**2).sum(AXES[group], keepdims=True))
    return w * (1 - amount / np.maximum(norms, 1e-12))


def each_weight(w: np.ndarray, group: str, amount: float) -> np.ndarray:
    return np.sign(w) * np.maximum(np.abs(w) - amount, 0)


def cut_only(w: np.ndarray, group: str, amount: float) -> np.ndarray:
    return np.where(np.sqrt((w**2).sum(AXES[group], keepdims=True)) > amount, w, 0.0)


def no_length(w: np.ndarray, group: str, amount: float) -> np.ndarray:
    return w * max(0.0, 1 - amount)


def zero_by_zero(w: np.ndarray, group: str, amount: float) -> np.ndarray:
    with np.errstate(all="ignore"):
        return w * np.maximum(0, 1 - amount / np.sqrt((w**2).sum(AXES[group], keepdims=True)))


def squared(w: np.ndarray, group: str, amount: float) -> np.ndarray:
    norms = (w**2).sum(AXES[group], keepdims=True)
    return w * np.maximum(0, 1 - amount / np.maximum(norms, 1e-12))


def step_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case((np.array([3.0, 4.0]).reshape(1, 2, 1, 1), "filter", 1.0), label="a filter of length 5, amount 1"),
        Case((np.array([[3.0, 4.0], [0.3, 0.4]]).reshape(2, 2, 1, 1), "filter", 1.0), label="filters of length 5 and 0.5, amount 1"),
    ]
    for w in weights(rng)[2:]:
        for group, axes in AXES.items():
            amount = float(np.median(np.sqrt((w**2).sum(axes)))) * 0.9 + 0.1
            cases.append(Case((w, group, amount), label=f"{group}s of {w.shape}, amount {amount:.3g}"))
    zero = weights(rng)[4].copy()
    zero[1] = 0
    return [*cases, Case((zero, "filter", 0.5), label="a filter that is zero already"), Case((zero, "filter", 0.0), label="amount 0")]


shrink_groups = Exercise(
    name="shrink_groups",
    reference=shrunk,
    cases=step_cases,
    tolerance=1e-9,
    misconceptions=(
        Misconception(
            "short groups turn round",
            turned_round,
            "A group shorter than the amount must become zero. Yours comes out on the other side, with its signs turned.",
            STEP,
        ),
        Misconception(
            "each weight by itself",
            each_weight,
            "You shorten each weight. A group keeps its direction: all its weights are multiplied by one factor.",
            STEP,
        ),
        Misconception(
            "short groups go, long ones stay whole",
            cut_only,
            "Long groups get shorter, too, by the same amount: from length 5 to length 4 where the amount is 1.",
            STEP,
        ),
        Misconception(
            "the length is left out",
            no_length,
            "The factor depends on the group's length: amount / length, not the amount itself.",
            STEP,
        ),
        Misconception(
            "the square of the length",
            squared,
            "The length has a root: sqrt of the sum of squares.",
            STEP,
        ),
        Misconception(
            "zero divided by zero",
            zero_by_zero,
            "A group that is zero already has length 0, and amount / 0 with 0 in front is NaN. It should stay zero.",
            STEP,
        ),
    ),
    picture=plane_picture,
    hint="One factor a group, max(0, 1 - amount / length); keepdims=True lets it multiply w. Mind groups of length 0.",
    slide=STEP,
)
