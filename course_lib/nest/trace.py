"""Every memory access of a nest, in order, without running a loop.

A loop counter enters every address with a fixed factor, so the addresses of all iterations are an outer sum: numpy
broadcasting writes them as fast as memory takes them.

    offset + counter_1 * factor_1 + counter_2 * factor_2 + ...      one axis a loop, raveled: the order of the nest

An iteration loads a, loads b, loads the output and stores it. A sum that starts is zero and is not loaded; a padded zero
is in no memory and is not loaded; a held tensor is loaded (and the output stored) only where the listing says so.
"""

from __future__ import annotations

from math import prod

import numpy as np

from course_lib.nest.problem import Tensor
from course_lib.nest.schedule import Loop, Schedule, check_nest
from course_lib.records import Buffer, Trace
from course_lib.shapes import whole

SOURCE = "Lecture, frames 'Buffer Access Pattern'"

MOST_ITERATIONS = 1 << 25
FIRST_BASE, LINE = 4096, 64  # buffers start on a line of their own, and no address is 0


def outer_sum(nest: Schedule, factors: dict[str, int], offset: int = 0) -> np.ndarray:
    """offset + sum of factor * counter over the loops named, for every iteration (guarded ones too), in order."""
    total = np.array(offset, np.int64)
    for loop in nest.loops:
        total = total[..., None] + np.arange(loop.extent, dtype=np.int64) * factors.get(loop.name, 0)
    return total.ravel()


def axis_factors(nest: Schedule, terms: tuple[tuple[str, int], ...]) -> dict[str, int]:
    """How much each loop moves an index: its step times the dimension's factor."""
    by = dict(terms)
    return {loop.name: loop.step * by[loop.dim] for loop in nest.loops if loop.dim in by}


def live(nest: Schedule) -> np.ndarray:
    """A mask of the iterations that are made; false in the ragged ends of tiles."""
    mask = np.ones(prod(loop.extent for loop in nest.loops), bool)
    for guard in nest.guards:
        mask &= outer_sum(nest, dict(guard.terms)) < guard.bound
    return mask


def elements(nest: Schedule, tensor: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """(element number in memory, whether it is there at all and not padding), an entry an iteration."""
    value, inside = {}, np.array(True)
    for axis in tensor.axes:
        index = outer_sum(nest, axis_factors(nest, axis.terms), axis.offset)
        inside = inside & (index >= 0) & (index < axis.size)
        value[axis.letter] = index
    number = np.zeros(prod(loop.extent for loop in nest.loops), np.int64)
    for part, stride in zip(tensor.places, tensor.strides, strict=True):
        index = value[part.axis.letter]
        number += (index % part.block if part.block else index // part.divide) * stride
    return number, np.broadcast_to(inside, number.shape)


def first_visits(nest: Schedule, loops: tuple[Loop, ...]) -> np.ndarray:
    """True where all the given loops are at their beginning."""
    return outer_sum(nest, {loop.name: 1 for loop in loops}) == 0


def last_visits(nest: Schedule, depth: int) -> np.ndarray:
    """True in the last live iteration of the loops inside the first `depth`."""
    inner = prod(loop.extent for loop in nest.loops[depth:])
    if not inner:
        return np.zeros(0, bool)
    alive = live(nest).reshape(-1, inner)
    out = np.zeros(alive.shape, bool)
    last = inner - 1 - alive[:, ::-1].argmax(1)
    out[np.arange(len(alive)), last] = alive[np.arange(len(alive)), last]
    return out.ravel()


def buffers(nest: Schedule, itemsize: int = 4) -> tuple[Buffer, ...]:
    """Where each tensor lies: one behind the other, each on a cache line of its own."""
    base, out = FIRST_BASE, []
    for tensor in nest.problem.tensors:
        out.append(Buffer(tensor.name, tensor.memory_shape, itemsize, base))
        base += -(-out[-1].nbytes // LINE) * LINE
    return tuple(out)


def trace(nest: Schedule, itemsize: int = 4) -> Trace:
    """The accesses of a nest in order; `step` numbers the iterations made. Raises ValueError where they would not fit in memory."""
    check_nest("trace", nest)
    itemsize = whole("itemsize", itemsize, 1)
    if (total := prod(loop.extent for loop in nest.loops)) > MOST_ITERATIONS:
        raise ValueError(
            f"trace: {total:,} iterations are too many to write down (at most {MOST_ITERATIONS:,}); count() gives the totals in closed form"
        )
    alive = live(nest)
    reductions = tuple(loop for loop in nest.loops if loop.dim in nest.problem.reduction)
    where, numbers, masks, stores, tensors = buffers(nest, itemsize), [], [], [], []
    for at, tensor in enumerate(nest.problem.tensors):
        number, inside = elements(nest, tensor)
        depth = nest.depth(tensor.name) if tensor.name in nest.held else len(nest.loops)
        number = where[at].base + number * itemsize
        begins = first_visits(nest, nest.loops[depth:])
        output = tensor is nest.problem.out
        outer = tuple(loop for loop in reductions if loop in nest.loops[:depth])
        accesses = [(inside & begins & ~first_visits(nest, outer) if output else inside & begins, False)]
        if output:
            accesses.append((last_visits(nest, depth), True))
        for mask, store in accesses:
            numbers.append(number[alive])
            masks.append(mask[alive])
            stores.append(store)
            tensors.append(at)
    made = np.stack(masks, 1)
    steps = np.broadcast_to(np.arange(len(made))[:, None], made.shape)
    return Trace(
        where,
        tensor=np.broadcast_to(np.array(tensors, np.int16), made.shape)[made],
        address=np.stack(numbers, 1)[made],
        store=np.broadcast_to(np.array(stores), made.shape)[made],
        step=steps[made],
        macs=len(made),
    )
