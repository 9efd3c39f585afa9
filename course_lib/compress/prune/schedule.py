"""How much is pruned when: gradually along a cubic, or a share of what is left at every round."""

from __future__ import annotations

from course_lib.compress.prune.magnitude import share
from course_lib.shapes import whole

SOURCE = "Zhu & Gupta, To prune, or not to prune, 2017 (the cubic); Han et al. 2015, Frankle & Carbin 2019 (rounds)"


def gradual_sparsity(step: int, s0: float, sf: float, t0: int, n: int, dt: int) -> float:
    """The sparsity in force at `step`: s_f + (s_0 - s_f)(1 - (t - t_0) / (n dt))^3, set anew every dt steps.

    Between two updates it stays what the last one made it; before t_0 it is 0, from t_0 + n dt on it is s_f.

    >>> [round(gradual_sparsity(t, 0.0, 0.8, t0=10, n=4, dt=5), 3) for t in (0, 10, 15, 19, 20, 30, 99)]
    [0.0, 0.0, 0.463, 0.463, 0.7, 0.8, 0.8]
    """
    s0, sf = share("s0", s0), share("sf", sf)
    step, t0, n, dt = whole("step", step, 0), whole("t0", t0, 0), whole("n", n, 1), whole("dt", dt, 1)
    if step < t0:
        return 0.0
    updates = min((step - t0) // dt, n)
    return sf + (s0 - sf) * (1 - updates / n) ** 3


def iterative_sparsities(rounds: int, each: float) -> list[float]:
    """The sparsity after each round when every round prunes the share `each` of what is left: 1 - (1 - each)^round."""
    each = share("each", each)
    return [1 - (1 - each) ** i for i in range(1, whole("rounds", rounds, 0) + 1)]
