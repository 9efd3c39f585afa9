"""A loop nest as data: describe a computation once, then print it, run it, compile it, trace it and count it.

Problem    what is computed     conv_problem  conv1d_problem  gemm_problem  sum_problem
Schedule   in which order       schedule(problem, "n r s c k p q").tile().reorder().unroll().vectorize().parallel().spatial().hold()
faces      str(s) s.python s.c s.ir     run(s, a, b)     build(s)(a, b)     trace(s)     count(s)     stationary(s, "W")
"""

from typing import Any

from course_lib.nest.count import at_most, count, fetches
from course_lib.nest.problem import Problem, conv1d_problem, conv_problem, gemm_problem, sum_problem
from course_lib.nest.run import points, run
from course_lib.nest.schedule import Schedule, schedule, shared, stationary
from course_lib.nest.trace import trace

__all__ = [
    "Problem",
    "Schedule",
    "at_most",
    "build",
    "conv1d_problem",
    "conv_problem",
    "count",
    "fetches",
    "gemm_problem",
    "points",
    "run",
    "schedule",
    "shared",
    "stationary",
    "sum_problem",
    "trace",
]


def __getattr__(name: str) -> Any:
    """`build` brings llvmlite with it, so it is fetched when asked for."""
    if name == "build":
        from course_lib.nest.built import build

        return build
    raise AttributeError(f"course_lib.nest has no {name!r}")
