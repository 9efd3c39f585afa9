"""A schedule straight through the caches: its accesses are made a piece at a time and never written down as a whole.

Equal to `simulate(trace(nest), levels)`, access by access, several times faster, and not limited by memory: the loops are an
odometer, each index of each tensor is carried along, and an address is a sum of small tables, one an index.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from ..nest.schedule import Schedule, check_nest
from ..nest.trace import buffers
from ..records import Report
from ..shapes import whole
from .cache import Cache, Memory

SOURCE = "as nest.trace and machine.cache"

PIECE = 1 << 15  # accesses made before they are simulated: they stay in the second cache of the machine that simulates


def simulate_nest(nest: Schedule, levels: Sequence[Cache], itemsize: int = 4) -> Report:
    """Run a Schedule through cache `levels` -> Report, as `simulate` does with its trace. `itemsize` in bytes.

    >>> from course_lib.nest import conv1d_problem, schedule
    >>> simulate_nest(schedule(conv1d_problem(Q=9, S=4), "q s"), [Cache(bytes=1024, line=16, ways=2)])["accesses"]
    [36, 36, 63]
    """
    check_nest("simulate_nest", nest)
    itemsize = whole("itemsize", itemsize, 1)
    tensors = nest.problem.tensors
    memory = Memory(levels, len(tensors))
    if nest.problem.iterations:
        tables = layout(nest, itemsize)
        counters, moved = np.zeros(max(1, len(nest.loops)), np.int64), np.zeros(2, np.int64)
        index = tables[2].copy()
        made = np.zeros(PIECE + 8, np.int64), np.zeros(PIECE + 8, np.bool_), np.zeros(PIECE + 8, np.int16)
        while not moved[1]:
            compiled()(*tables, counters, index, moved, *made)
            memory.access(*(column[: moved[0]] for column in made))
    return memory.report(tuple(tensor.name for tensor in tensors))


def layout(nest: Schedule, itemsize: int) -> tuple[np.ndarray, ...]:
    """The nest as arrays: loops, guards, where each index starts and how each loop moves it, and the address of each index."""
    loops, tensors = nest.loops, nest.problem.tensors
    extents = np.array([loop.extent for loop in loops] or [1], np.int64)
    count = len(extents)
    guards = np.array([[dict(g.terms).get(l.name, 0) for l in loops] + [g.bound] for g in nest.guards], np.int64).reshape(-1, count + 1)
    axes = [(number, axis) for number, tensor in enumerate(tensors) for axis in tensor.axes]
    start = np.array([axis.offset for _, axis in axes], np.int64)
    step = np.array([[dict(axis.terms).get(l.dim, 0) * l.step for l in loops] for _, axis in axes], np.int64).reshape(-1, count)
    sizes = np.array([axis.size for _, axis in axes], np.int64)
    parts = []
    for number, axis in axes:
        i, part = np.arange(axis.size), np.zeros(axis.size, np.int64)
        for place, stride in zip(tensors[number].places, tensors[number].strides, strict=True):
            if place.axis is axis:
                part += (i % place.block if place.block else i // place.divide) * stride * itemsize
        parts.append(part)
    begins = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    first_axis = np.concatenate([[0], np.cumsum([len(tensor.axes) for tensor in tensors])]).astype(np.int64)
    base = np.array([buffer.base for buffer in buffers(nest, itemsize)], np.int64)
    depth = np.array([nest.depth(t.name) if t.name in nest.held else count for t in tensors], np.int64)
    summed = np.array([loop.dim in nest.problem.reduction for loop in loops] or [False], np.bool_)
    return extents, guards, start, step, sizes, np.concatenate([*parts, [0]]).astype(np.int64), begins, first_axis, base, depth, summed


@cache
def compiled() -> Any:
    from .compiled import kept

    @kept
    def make(  # type: ignore[no-untyped-def]  # numba infers the types
        extents, guards, start, step, sizes, parts, begins, first_axis, base, depth, summed, counters, index, moved, address, store, tensor
    ):  # fmt: skip
        """Fill the columns with accesses, go on where the last call stopped; moved = (how many, is the nest done?)."""
        loops, count, inputs, most = extents.size, 0, depth.size - 1, address.size - 8
        deepest = -1  # the innermost loop that is not at its beginning: a tensor fixed further out is not visited for the first time
        for l in range(loops):
            if counters[l]:
                deepest = l
        while count < most:
            fresh = True
            for l in range(depth[inputs]):
                if summed[l] and counters[l]:
                    fresh = False
            output = np.int64(0)
            for t in range(inputs + 1):
                here, inside = base[t], True
                for a in range(first_axis[t], first_axis[t + 1]):
                    if 0 <= index[a] < sizes[a]:
                        here += parts[begins[a] + index[a]]
                    else:
                        inside = False
                if t == inputs:
                    output = here
                if inside and deepest < depth[t] and (t < inputs or not fresh):
                    address[count], store[count], tensor[count] = here, False, t
                    count += 1
            outermost, dead = loops, True  # on to the next iteration that is made
            while dead:
                l = loops - 1
                while l >= 0 and counters[l] == extents[l] - 1:
                    for a in range(index.size):
                        index[a] -= step[a, l] * counters[l]
                    counters[l] = 0
                    l -= 1
                outermost, deepest = min(outermost, l), l
                if l < 0:
                    break
                counters[l] += 1
                for a in range(index.size):
                    index[a] += step[a, l]
                dead = False
                for g in range(guards.shape[0]):
                    total = 0
                    for k in range(loops):
                        total += guards[g, k] * counters[k]
                    if total >= guards[g, loops]:
                        dead = True
            if outermost < depth[inputs]:  # the last turn before the held output moves on
                address[count], store[count], tensor[count] = output, True, inputs
                count += 1
            if outermost < 0:
                moved[1] = 1
                break
        moved[0] = count

    return make
