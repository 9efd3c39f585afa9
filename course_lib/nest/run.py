"""The slow reference: every iteration, in the order the nest says, on arrays of any type."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from course_lib.nest.problem import Tensor
from course_lib.nest.schedule import Schedule, check_nest


def points(nest: Schedule) -> Iterator[dict[str, int]]:
    """Each iteration in order, as the value of every dimension: {"n": 0, "k": 3, ...}."""
    names = [loop.name for loop in nest.loops]
    for counters in product(*(range(loop.extent) for loop in nest.loops)):
        at = dict(zip(names, counters, strict=True))
        if all(sum(at[name] * factor for name, factor in guard.terms) < guard.bound for guard in nest.guards):
            point = dict.fromkeys(nest.problem.dims, 0)
            for loop, i in zip(nest.loops, counters, strict=True):
                point[loop.dim] += i * loop.step
            yield point


def element(tensor: Tensor, point: dict[str, int]) -> tuple[int, ...] | None:
    """The tensor's element in one iteration, as an index of the array you hand over; None in the padding."""
    index = tuple(axis.at(point) for axis in tensor.axes)
    return index if all(0 <= i < size for i, size in zip(index, tensor.shape, strict=True)) else None


def run(nest: Schedule, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a, b -> out (ia[N,C,H,W], wt[K,C/groups,R,S] -> oa[N,K,P,Q]): one multiply-accumulate after the other.

    The sum is kept in the type of the inputs, so its rounding depends on the loop order. Raises ValueError for a wrong shape.
    """
    check_nest("run", nest)
    first, second = nest.problem.ins
    a, b = first.check(a), second.check(b)
    out = np.zeros(nest.problem.out.shape, np.result_type(a, b))
    for point in points(nest):
        at = element(first, point)
        if at is not None:
            out[element(nest.problem.out, point)] += a[at] * b[element(second, point)]
    return out
