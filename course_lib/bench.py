"""Compare, then time: functions that do the same work, called in turns; what counts is the median of the turns' ratios.

equal("ours", ours(x), theirs(x), length=27)      # refuses to go on where the results differ
times = timed({"ours": lambda: ours(x), "torch": lambda: theirs(x)})
times.ratio("torch", "ours")                      # how many times faster ours is
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

SECONDS = 0.6  # functions are called in turns for at least this long
TURNS = (9, 201)  # at least and at most so many turns; with several threads the least
PAUSE = 0.2  # seconds; idle threads of OpenMP and OpenBLAS spin for up to a tenth and sit on the other library's cores


class NotEqual(ValueError):
    """Two results differ by more than their dtype and the length of their sums explain: nothing is timed that is not equal."""


def allowed(length: int, dtype: Any = np.float32, factor: float = 64.0) -> float:
    """How far two sums of `length` products of size 1 may differ, relative to the size of the result.

    Two orders of summation of random terms differ by about eps·sqrt(length); `factor` covers the largest of many elements
    and an algorithm's own constant (Winograd's transforms, say).
    """
    return factor * float(np.finfo(dtype).eps) / 2 * max(length, 1) ** 0.5


def equal(name: str, got: Any, want: Any, length: int, dtype: Any = np.float32, factor: float = 64.0) -> float:
    """The largest difference relative to max|want|; NotEqual (a ValueError) beyond what is allowed, or for other shapes."""
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    if got.shape != want.shape:
        raise NotEqual(f"{name}: want shape {want.shape}, got {got.shape}")
    size = float(np.abs(want).max(initial=0.0)) or 1.0
    worst = float(np.abs(got - want).max(initial=0.0)) / size
    limit = allowed(length, dtype, factor)
    if not worst <= limit:
        raise NotEqual(f"{name}: the results differ by {worst:.2e} of the largest, allowed {limit:.2e}: not timed")
    return worst


@dataclass(frozen=True)
class Times:
    """Seconds of each function in each turn: `taken[turn, function]`, in the order of `names`."""

    names: tuple[str, ...]
    taken: np.ndarray

    def seconds(self, name: str) -> float:
        """The median over the turns."""
        return float(np.median(self.taken[:, self.names.index(name)]))

    def ratio(self, slow: str, fast: str) -> float:
        """Median over the turns of seconds(slow) / seconds(fast): a slow moment of the machine slows both."""
        return float(np.median(self.taken[:, self.names.index(slow)] / self.taken[:, self.names.index(fast)]))

    def spread(self, name: str) -> float:
        """Interquartile range over the median: how noisy the machine was."""
        low, middle, high = np.percentile(self.taken[:, self.names.index(name)], (25, 50, 75))
        return float((high - low) / middle)

    def fastest(self) -> str:
        return min(self.names, key=self.seconds)


def timed(
    functions: Mapping[str, Callable[[], object]],
    seconds: float = SECONDS,
    threads: int = 1,
    clock: Callable[[], float] = time.perf_counter,
    turns: tuple[int, int] = TURNS,
) -> Times:
    """Call the functions in turns, forwards and backwards, until `seconds` and turns[0] are reached (turns[1] at most).

    With several threads each call is timed after a pause and one call of its own that is not timed.
    """
    if not functions:
        raise ValueError("functions: want at least one to time")
    named = list(functions.items())
    for _, function in named:
        function()
    start = clock()
    for _, function in named:
        function()
    once = max(clock() - start, 1e-7)
    most = turns[1] if threads == 1 else turns[0]
    count = int(min(max(seconds / once, turns[0]), most))
    taken = np.empty((count, len(named)))
    for turn in range(count):
        order = list(enumerate(named))
        for at, (_, function) in order if turn % 2 else order[::-1]:  # whoever comes first finds the other's data in the cache
            if threads > 1:
                time.sleep(PAUSE)
                function()
            start = clock()
            function()
            taken[turn, at] = clock() - start
    return Times(tuple(functions), taken)


def geometric_mean(values: Any) -> float:
    """exp(mean(log)): the mean of ratios."""
    return float(np.exp(np.mean(np.log(np.asarray(values, np.float64)))))
