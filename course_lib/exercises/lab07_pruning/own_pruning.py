"""The bundled network under a budget of multiply-accumulates: how few digits are misread?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from ..exercise import Case, Count, Exercise, Misconception
from .digits_network import NAMES, SIZES, cut_and_mended, macs_of, wrong_of

BUDGET = 400_000  # multiply-accumulates an image, of 9,511,552
FITS = "channels that fit the budget"
HALF, FULL = 45, 27  # test images of 450 that may be misread
# chosen with LASSO in stages on training images, `python solutions/07_pruning/best_pruning.py` prints it again
BEST: dict[str, list[int]] = {
    "conv1": [6, 8, 10, 14, 15, 28],
    "conv2": [11, 21, 25, 29, 30, 31, 32, 44, 56, 58],
    "conv3": [8, 10, 13, 15, 22, 35, 40, 42, 57, 59, 61, 63],
    "conv4": [0, 1, 4, 6, 7, 10, 16, 20, 26, 28, 34, 35, 41, 47, 48, 50, 51, 54, 56, 61],
}
OWN = "07_pruning#budget"


class Unreadable(ValueError):
    """An answer that is no choice of channels, in a sentence."""


def chosen(answer: Any) -> tuple[tuple[int, ...], ...]:
    """The channels of each convolution; ValueError in a sentence for anything else than a dict of channel numbers."""
    if not isinstance(answer, Mapping) or sorted(map(str, answer)) != sorted(NAMES):
        raise Unreadable(f"layers: want a dict with the keys {', '.join(NAMES)}")
    out = []
    for name, size in zip(NAMES, SIZES, strict=True):
        try:
            numbers = np.asarray(answer[name])
        except Exception:
            numbers = np.zeros(())
        if numbers.dtype.kind == "b":
            raise Unreadable(f"mask: {name}: want channel numbers, got yes and no")
        if numbers.ndim != 1 or numbers.dtype.kind not in "iu" or not numbers.size:
            raise Unreadable(f"channels: {name}: want a list of channel numbers, at least one")
        kept = [int(n) for n in numbers]
        if min(kept) < 0 or max(kept) >= size or len(set(kept)) < len(kept):
            raise Unreadable(f"numbers: {name}: want different numbers from 0 to {size - 1}")
        out.append(tuple(sorted(kept)))
    return tuple(out)


def macs_of_choice(keep: tuple[tuple[int, ...], ...]) -> int:
    k1, k2, k3, k4 = (len(k) for k in keep)
    return 256 * 9 * (k1 + k1 * k2) + 64 * 9 * (k2 * k3 + k3 * k4) + 10 * k4


@cache
def misread(keep: tuple[tuple[int, ...], ...]) -> int:
    net = cut_and_mended(keep)
    assert macs_of(net) == macs_of_choice(keep)
    return wrong_of(net, "test")


def fits(answer: Any) -> str:
    macs = macs_of_choice(chosen(answer))
    if macs > BUDGET:
        raise Unreadable(f"budget: {macs:,} multiply-accumulates an image, want at most {BUDGET:,}")
    return FITS


def wrong_digits(answer: Any) -> int:
    return misread(chosen(answer))


def marks(name: str, bound: Callable[[Case], int], hint: str) -> Count:
    return Count(name, wrong_digits, bound, hint, rule="at most", slide=OWN, of="answer")


def evenly(k1: int, k2: int, k3: int, k4: int) -> dict[str, Any]:
    return {name: list(range(k)) for name, k in zip(NAMES, (k1, k2, k3, k4), strict=True)}


my_pruning = Exercise(
    name="my_pruning",
    reference=lambda: BEST,
    reading=fits,
    cases=lambda rng: [Case((), label="the digits network, 400,000 multiply-accumulates")],
    counts=(
        marks(
            "misread, half marks",
            lambda case: HALF,
            "It fits. Now choose by what the next layer can be mended with: does your rule look at X and Y, or at the filters alone?",
        ),
        marks(
            "misread, full marks",
            lambda case: FULL,
            "Half way. How are the multiplications shared out among the layers? And choosing in stages, mending in between, helps.",
        ),
    ),
    misconceptions=(
        Misconception(
            "the whole network",
            lambda: evenly(*SIZES),
            "This is the network as it was. The budget is a twenty-fourth of its multiply-accumulates.",
            OWN,
        ),
        Misconception(
            "numbers of channels in place of channels",
            lambda: {"conv1": 8, "conv2": 8, "conv3": 16, "conv4": 16},
            "Say which channels stay, a list of numbers a layer, not how many.",
            OWN,
        ),
        Misconception(
            "channels counted from 1",
            lambda: {name: [*range(1, 5), size] for name, size in zip(NAMES, SIZES, strict=True)},
            "Channels are numbered from 0: the last of 32 is 31. Is one named twice?",
            OWN,
        ),
        Misconception(
            "a mask",
            lambda: {name: [i < 6 for i in range(size)] for name, size in zip(NAMES, SIZES, strict=True)},
            "This is a mask. np.flatnonzero(mask).tolist() gives the numbers.",
            OWN,
        ),
        Misconception(
            "a layer is missing",
            lambda: {name: [0, 1, 2] for name in NAMES[:3]},
            "All four convolutions need a list, by their names: conv1, conv2, conv3, conv4.",
            OWN,
        ),
    ),
    hint="A dict of four lists of channel numbers, whose multiply-accumulates stay within the budget.",
    slide=OWN,
)
