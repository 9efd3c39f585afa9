"""One dimension, three loop orders: output, weight and input stationary, each with its loads and stores counted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..exercise import Case, Count, Exercise, Misconception
from ..pictures import plane_picture


def conv1d(ia: np.ndarray, w: np.ndarray) -> np.ndarray:
    """ia[H] * w[S] -> oa[H-S+1]"""
    ia, w = np.asarray(ia, np.float64), np.asarray(w, np.float64)
    return np.lib.stride_tricks.sliding_window_view(ia, len(w)) @ w


def conv1d_cases(rng: np.random.Generator) -> list[Case]:
    sizes = [(3, 2), (4, 2), (5, 3), (4, 3), (12, 4), (1, 1), (4, 4), (5, 1), (9, 7)]
    for _ in range(10):
        S = int(rng.integers(1, 7))
        sizes.append((S + int(rng.integers(0, 14)), S))
    cases = []
    for H, S in sizes:
        # all numbers positive: a product that is left out or added twice always shows
        ia, w = rng.integers(1, 10, H).astype(np.float32), rng.permutation(np.arange(1, 10))[:S].astype(np.float32)
        words = f"{H} input{'s' if H > 1 else ''}, {S} weight{'s' if S > 1 else ''}"
        cases.append(Case((ia, w), label=words + (": the slide's example" if (H, S) == (12, 4) else "")))
    return cases


def sizes_of(case: Case) -> tuple[int, int]:
    """(Q, S) of a one-dimensional case."""
    H, S = len(case.args[0]), len(case.args[1])
    return H - S + 1, S


def every_product(case: Case) -> int:
    Q, S = sizes_of(case)
    return Q * S


def access(tensor: str, store: bool, bound: Callable[[Case], int], hint: str, slide: str) -> Count:
    name = f"{'stores to' if store else 'loads of'} {tensor}"
    return Count(name, lambda trace: (trace.stores if store else trace.loads)(tensor), bound, hint, slide=slide)


def last_tap(ia: Any, w: Any) -> np.ndarray:
    only = np.zeros_like(w)
    only[-1] = w[-1]
    return conv1d(ia, only)


def as_long_as_the_input(ia: Any, w: Any) -> np.ndarray:
    return conv1d(np.concatenate([ia, np.zeros(len(w) - 1)]), w)


def same_index(ia: Any, w: Any) -> np.ndarray:
    return np.asarray(ia, np.float64)[: len(ia) - len(w) + 1] * np.sum(w)


def never_set_back(ia: Any, w: Any) -> np.ndarray:
    return np.cumsum(conv1d(ia, w))


def by_inputs(ia: Any, w: Any, first: int = 0, less: int = 0, inputs: int | None = None, unguarded: bool = False) -> np.ndarray:
    """for h: for s: oa[h-s] += ia[h] * w[s] where first <= h-s < Q - less; the wrong ideas are other bounds."""
    Q, S = len(ia) - len(w) + 1, len(w)
    oa = np.zeros(Q)
    for h in range(len(ia) if inputs is None else inputs):
        for s in range(S):
            if unguarded or first <= h - s < Q - less:
                oa[h - s] += ia[h] * w[s]
    return oa


ONE_D, OS, WS, IS = (f"04_dataflow#{frame}" for frame in ("dataflow-1d", "output-stationary", "weight-stationary", "input-stationary"))


def common_ideas(slide: str) -> tuple[Misconception, ...]:
    return (
        Misconception(
            "the filter is flipped",
            lambda ia, w: conv1d(ia, w[::-1]),
            "The weights run backwards: output q begins with ia[q] times the first weight.",
            ONE_D,
        ),
        Misconception(
            "only the last product is kept",
            last_tap,
            "Each output is a sum over s. Does a later product overwrite the earlier ones (= where += is meant), or is the sum set to zero"
            " in between?",
            ONE_D,
        ),
        Misconception(
            "as many outputs as inputs",
            as_long_as_the_input,
            "Your output is as long as the input. A filter of S taps fits in H - S + 1 places.",
            ONE_D,
        ),
        Misconception(
            "one output too few",
            lambda ia, w: conv1d(ia, w)[:-1],
            "The last output is missing: between the first and the last place of the filter there are H - S steps, so H - S + 1 places.",
            ONE_D,
        ),
        Misconception(
            "the window does not slide",
            same_index,
            "All taps of an output meet the same input. Tap s of output q meets input q + s.",
            slide,
        ),
    )


conv1d_os = Exercise(
    name="conv1d_os",
    reference=conv1d,
    cases=conv1d_cases,
    tolerance=1e-6,
    counts=(
        access(
            "OA",
            True,
            lambda case: sizes_of(case)[0],
            "An output is written more often than once. Let the sum grow in a variable: it"
            " is the register of the slide. Store it when it is complete.",
            OS,
        ),
        access("W", False, every_product, "In this order each output needs all weights anew: Q·S reads of W, none of them saved up.", OS),
        access("IA", False, every_product, "In this order each output reads the S inputs under its window: Q·S reads of IA.", OS),
    ),
    counted=lambda cases: cases[:8],
    misconceptions=(
        *common_ideas(OS),
        Misconception(
            "the sum is not set back to zero",
            never_set_back,
            "The first output is right and each later one contains those before it. Where does the variable start from 0 again?",
            OS,
        ),
    ),
    picture=plane_picture,
    hint="q outside, s inside. Before the inner loop a variable is 0, in it products are added, after it the output is stored.",
    slide=OS,
)

conv1d_ws = Exercise(
    name="conv1d_ws",
    reference=conv1d,
    cases=conv1d_cases,
    tolerance=1e-6,
    counts=(
        access(
            "W",
            False,
            lambda case: sizes_of(case)[1],
            "A weight is loaded more often than once. Put w[s] into a variable before the"
            " loop over q begins: it is the register of the slide.",
            WS,
        ),
        access("IA", False, every_product, "While a weight stays, inputs 0 to Q-1 pass by, shifted by s: Q·S reads of IA in all.", WS),
        access(
            "OA",
            True,
            every_product,
            "While a weight stays, each output gets one product and waits in memory for the next: Q·S stores to OA.",
            WS,
        ),
    ),
    counted=lambda cases: cases[:8],
    misconceptions=(
        *common_ideas(WS),
        Misconception(
            "one weight does all the work",
            lambda ia, w: conv1d(ia, np.full_like(w, w[0])),
            "Every product is made with w[0]. The register gets a new weight each time s steps on.",
            WS,
        ),
    ),
    picture=plane_picture,
    hint="s outside, q inside. Before the inner loop a variable takes the weight; in it, oa[q] grows by one product.",
    slide=WS,
)

conv1d_is = Exercise(
    name="conv1d_is",
    reference=conv1d,
    cases=conv1d_cases,
    tolerance=1e-6,
    counts=(
        access(
            "IA",
            False,
            lambda case: sum(sizes_of(case)) - 1,
            "An input is loaded more often than once. Put ia[h] into a variable before the loop over s begins.",
            IS,
        ),
        access(
            "W",
            False,
            every_product,
            "A weight is needed once for each product: Q·S reads. Is it read for the places, too, where there is no output?",
            IS,
        ),
        access("OA", True, every_product, "While an input stays, each of its products belongs to another output: Q·S stores to OA.", IS),
    ),
    counted=lambda cases: cases[:8],
    misconceptions=(
        *common_ideas(IS),
        Misconception(
            "a negative index counts from the end",
            lambda ia, w: by_inputs(ia, w, first=-len(ia)),
            "For the first inputs h - s is below 0, and oa[-1] is the last output: Python does not complain. Which q are there?",
            IS,
        ),
        Misconception(
            "no condition on q",
            lambda ia, w: by_inputs(ia, w, unguarded=True),
            "Not every pair of h and s has an output: q = h - s must lie between 0 and Q - 1.",
            IS,
        ),
        Misconception(
            "output 0 is left out",
            partial(by_inputs, first=1),
            "The first output stays empty: 0 is a good value for q.",
            IS,
        ),
        Misconception(
            "the last output is left out",
            partial(by_inputs, less=1),
            "The last output stays empty: Q - 1 is a good value for q.",
            IS,
        ),
        Misconception(
            "only the first Q inputs are used",
            lambda ia, w: by_inputs(ia, w, inputs=len(ia) - len(w) + 1),
            "The loop over the inputs stops at Q. There are Q + S - 1 of them.",
            IS,
        ),
    ),
    picture=plane_picture,
    hint="h outside, s inside. Input h times weight s belongs to output q = h - s, if there is such an output.",
    slide=IS,
)
