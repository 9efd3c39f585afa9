"""How long does it take? Warm-up, median, and spread, on a clock that can be checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Made, Misconception


def spread(times: Sequence[float]) -> dict[str, float]:
    low, middle, high = np.percentile(times, [25, 50, 75])
    return {"median": float(middle), "iqr": float(high - low)}


def timed(fn: Callable[[], Any], count: int, clock: Callable[[], float]) -> list[float]:
    times = []
    for _ in range(count):
        start = clock()
        fn()
        times.append(clock() - start)
    return times


def latency(fn: Callable[[], Any], warmup: int, repeat: int, clock: Callable[[], float]) -> dict[str, float]:
    """Median and interquartile range, in seconds, of `repeat` calls after `warmup` calls that are not counted."""
    timed(fn, warmup, clock)
    return spread(timed(fn, repeat, clock))


def latency_cases(rng: np.random.Generator) -> list[Case]:
    # durations are sums of powers of two, so the clock's own arithmetic is exact
    runs: list[tuple[int, int, list[float], str]] = [
        (0, 3, [2.0, 1.0, 6.0], "no warm-up, 3 runs of 2, 1 and 6 seconds"),
        (1, 3, [64.0, 2.0, 1.0, 6.0], "a first call of 64 seconds, then 3 runs"),
        (0, 4, [4.0, 1.0, 2.0, 16.0], "an even number of runs"),
        (2, 5, [32.0, 16.0, 1.5, 1.0, 1.25, 8.0, 1.125], "2 calls to warm up, 5 runs, one of them slow"),
        (0, 1, [0.5], "a single run"),
    ]
    for _ in range(6):
        warmup, repeat = int(rng.integers(0, 4)), int(rng.integers(1, 12))
        values = [*(rng.integers(3000, 9000, warmup) / 1024), *(rng.integers(20, 900, repeat) / 1024)]
        runs.append((warmup, repeat, [float(v) for v in values], f"{warmup} calls to warm up, {repeat} runs"))
    cases = []
    for warmup, repeat, durations, label in runs:
        work = Made("work", {"durations": durations})
        cases.append(Case((work, warmup, repeat, Made("clock_of", {"work": work})), label=label))
    return cases


def misread(summary: Callable[[Sequence[float]], dict[str, float]]) -> Callable[..., dict[str, float]]:
    def function(fn: Any, warmup: int, repeat: int, clock: Any) -> dict[str, float]:
        timed(fn, warmup, clock)
        return summary(timed(fn, repeat, clock))

    return function


def one_long_run(fn: Any, warmup: int, repeat: int, clock: Any) -> dict[str, float]:
    timed(fn, warmup, clock)
    start = clock()
    for _ in range(repeat):
        fn()
    return {"median": (clock() - start) / repeat, "iqr": 0.0}


def quartile_free(times: Sequence[float]) -> dict[str, float]:
    return spread(times) | {"median": sorted(times)[len(times) // 2]}


TIMING = "01_intro#measuring-honestly"

measure_latency = Exercise(
    name="measure_latency",
    reference=latency,
    cases=latency_cases,
    tolerance=1e-9,
    misconceptions=(
        Misconception(
            "the mean in place of the median",
            misread(lambda times: spread(times) | {"median": float(np.mean(times))}),
            "One slow run moves your answer. The median is the one in the middle of the sorted times.",
            TIMING,
        ),
        Misconception(
            "one clock around all runs",
            one_long_run,
            "The total divided by `repeat` is a mean, and there is no spread to be had from it: read the clock around every call.",
            TIMING,
        ),
        Misconception(
            "the fastest run",
            misread(lambda times: spread(times) | {"median": min(times)}),
            "The minimum is what the machine can do on a lucky day. Asked for is the median.",
            TIMING,
        ),
        Misconception(
            "the range in place of the interquartile range",
            misread(lambda times: spread(times) | {"iqr": max(times) - min(times)}),
            "Slowest minus fastest is decided by two runs. The interquartile range is the 75th percentile minus the 25th.",
            TIMING,
        ),
        Misconception(
            "the standard deviation in place of the interquartile range",
            misread(lambda times: spread(times) | {"iqr": float(np.std(times))}),
            "The interquartile range is the 75th percentile minus the 25th: np.percentile.",
            TIMING,
        ),
        Misconception(
            "milliseconds",
            misread(lambda times: {name: 1000 * value for name, value in spread(times).items()}),
            "A thousand times too large: the answer is in seconds, as the clock gives them.",
            TIMING,
        ),
        Misconception(
            "the warm-up is timed too",
            lambda fn, warmup, repeat, clock: spread(timed(fn, warmup + repeat, clock)),
            "The first calls are slow (caches, memory, lazy set-up) and are made so that they need not be counted.",
            TIMING,
        ),
        Misconception(
            "there is no warm-up",
            lambda fn, warmup, repeat, clock: spread(timed(fn, repeat, clock)),
            "You time the very first calls. Call fn `warmup` times before the clock is read.",
            TIMING,
        ),
        Misconception(
            "the upper one of two in the middle",
            misread(quartile_free),
            "With an even number of runs two lie in the middle: the median is half-way between them.",
            TIMING,
        ),
    ),
    hint="Call fn warmup times. Then, repeat times: read clock(), call fn, read clock() again. np.percentile does the rest.",
    slide=TIMING,
)
