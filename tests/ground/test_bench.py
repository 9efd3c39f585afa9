"""Compared before timed: what is not equal is refused, and ratios come from turns, not from totals."""

import numpy as np
import pytest

from course_lib.bench import NotEqual, allowed, equal, geometric_mean, timed


class Clock:
    """A clock that stands still but for what the functions add."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def work(self, *seconds):
        left = list(seconds)

        def call():
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return call


def test_what_differs_by_more_than_rounding_is_not_timed():
    a = np.linspace(1, 2, 50, dtype=np.float32)
    assert equal("same", a, a, 1) == 0
    assert equal("rounded", a * np.float32(1 + 1e-7), a, 4) < allowed(4)
    with pytest.raises(NotEqual, match="ours: the results differ"):
        equal("ours", a + 0.01, a, 4)
    with pytest.raises(NotEqual, match="want shape"):
        equal("ours", a[:-1], a, 4)
    with pytest.raises(NotEqual):
        equal("ours", a * np.nan, a, 4)


def test_longer_sums_and_narrower_numbers_may_differ_more():
    assert allowed(400) == pytest.approx(2 * allowed(100))
    assert allowed(1, np.float16) == pytest.approx(2**13 * allowed(1))  # 23 - 10 bits


def test_a_ratio_is_the_median_of_the_turns_ratios():
    clock = Clock()
    times = timed({"slow": clock.work(3.0), "fast": clock.work(1.0)}, seconds=0, clock=clock)
    assert times.ratio("slow", "fast") == 3 and times.ratio("fast", "slow") == pytest.approx(1 / 3)
    assert times.fastest() == "fast" and times.taken.shape == (9, 2)
    assert times.spread("slow") == 0


def test_one_slow_moment_changes_no_median():
    clock = Clock()
    times = timed({"one": clock.work(1, 1, 1, 500, 1), "two": clock.work(2.0)}, seconds=0, clock=clock)
    assert times.seconds("one") == 1 and times.ratio("two", "one") == 2


def test_nothing_to_time_is_said():
    with pytest.raises(ValueError, match="functions"):
        timed({})


def test_the_mean_of_ratios_is_geometric():
    assert geometric_mean([2, 0.5]) == pytest.approx(1)
