"""How often each tensor is moved, in closed form: nothing is run, nothing is written down.

From one iteration to the next exactly one loop steps on and those inside it fall back to their beginning. A tensor is
fetched anew when that changes its element. So count the steps of each loop and ask, axis by axis, whether the element
stays: the dimensions are independent, so each is enumerated on its own and the numbers are multiplied.

The rule of thumb reads the same off the order: fetches = the product of the loops down to the innermost one that moves the
tensor. It is exact for W and OA and at most too large for IA, where p + r may stay while both p and r change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import prod

import numpy as np

from course_lib.nest.problem import Axis, Tensor
from course_lib.nest.schedule import Guard, Loop, Schedule, check_nest, shared, stationary
from course_lib.records import Report

SOURCE = "Parashar et al., Timeloop, ISPASS 2019 (differences between consecutive tiles); Sze et al., Efficient Processing of DNNs"


def last(loops: tuple[Loop, ...], guards: tuple[Guard, ...], fixed: dict[str, int]) -> int | None:
    """The value of the dimension's inner loops at their last live iteration, given the outer ones; None if there is none."""
    value = 0
    fixed = dict(fixed)
    for guard in guards:
        if sum(factor * fixed.get(name, 0) for name, factor in guard.terms) >= guard.bound:
            return None
    for loop in loops:
        if loop.name in fixed:
            continue
        most = loop.extent - 1
        for guard in guards:
            by = dict(guard.terms)
            if loop.name in by:
                room = guard.bound - 1 - sum(by[name] * v for name, v in fixed.items() if name in by)
                most = min(most, room // by[loop.name])
        fixed[loop.name] = most
        value += most * loop.step
    return value


def prefixes(loops: tuple[Loop, ...], guards: tuple[Guard, ...], outer: tuple[str, ...]) -> Iterator[tuple[dict[str, int], int]]:
    """Each live combination of the dimension's outer loops, with the value the inner ones end on."""

    def walk(left: tuple[Loop, ...], fixed: dict[str, int]) -> Iterator[tuple[dict[str, int], int]]:
        end = last(loops, guards, fixed)
        if end is None:
            return
        if not left:
            yield fixed, end
            return
        for i in range(left[0].extent):
            yield from walk(left[1:], {**fixed, left[0].name: i})

    yield from walk(tuple(l for l in loops if l.name in outer), {})


def guards_of(nest: Schedule, dim: str) -> tuple[Guard, ...]:
    if not nest.guards:
        return ()
    mine = {loop.name for loop in nest.parts(dim)}
    return tuple(guard for guard in nest.guards if {name for name, _ in guard.terms} <= mine)


def how_many(nest: Schedule, dim: str, depth: int) -> int:
    """Combinations of the dimension's loops among the first `depth` of the nest."""
    guards = guards_of(nest, dim)
    outer = tuple(l for l in nest.loops[:depth] if l.dim == dim)
    if not guards:
        return prod(l.extent for l in outer) if nest.problem.dims[dim] else 0
    return sum(1 for _ in prefixes(nest.parts(dim), guards, tuple(l.name for l in outer)))


def bystander(nest: Schedule, dim: str, depth: int) -> dict[int, int]:
    """A dimension whose outer loops stand still while those inside the first `depth` fall back: by how much, how often."""
    guards = guards_of(nest, dim)
    if not guards:
        fall = sum((l.extent - 1) * l.step for l in nest.loops[depth:] if l.dim == dim)
        return {-fall: how_many(nest, dim, depth)}
    outer = tuple(l.name for l in nest.loops[:depth])
    return Counter(-end for _, end in prefixes(nest.parts(dim), guards, outer))


def stepper(nest: Schedule, at: int) -> dict[int, int]:
    """The dimension whose loop number `at` steps on: by how much its value changes, how often."""
    loop = nest.loops[at]
    guards = guards_of(nest, loop.dim)
    if not guards:
        fall = sum((l.extent - 1) * l.step for l in nest.loops[at + 1 :] if l.dim == loop.dim)
        return {loop.step - fall: how_many(nest, loop.dim, at) * (loop.extent - 1)}
    outer = tuple(l.name for l in nest.loops[: at + 1])
    live = {tuple(fixed.values()): end for fixed, end in prefixes(nest.parts(loop.dim), guards, outer)}
    # the loop is the last of the dimension's outer ones, so its counter is the last of the key
    return Counter(loop.step - end for *before, i in live for end in [live[(*before, i)]] if (*before, i + 1) in live)


def added(sums: dict[int, int], changes: dict[int, int], factor: int) -> dict[int, int]:
    """All sums a + factor * b, with how often each comes about."""
    out: dict[int, int] = {}
    for a, often in sums.items():
        for b, times in changes.items():
            out[a + factor * b] = out.get(a + factor * b, 0) + often * times
    return out


def standing(axis: Axis, changes: dict[str, dict[int, int]]) -> int:
    """In how many combinations of its dimensions' changes an axis keeps its value."""
    sums = {0: 1}
    for dim, factor in axis.terms:
        sums = added(sums, changes[dim], factor)
    return sums.get(0, 0)


def iterations(nest: Schedule, depth: int) -> int:
    """Iterations of the first `depth` loops, ragged ends left out."""
    return prod(how_many(nest, dim, depth) for dim in nest.problem.dims)


def lane(nest: Schedule, tensor: Tensor) -> Schedule:
    """The nest as one register a lane sees it: spatial loops that move the tensor are lanes, others are one shared read."""
    lanes = tuple(l for l in nest.loops if l.kind == "spatial" and l.dim in tensor.dims)
    gone = {l.name for l in nest.loops if l.kind == "spatial" and l.dim not in tensor.dims}
    time = tuple(l for l in nest.loops if l.kind != "spatial")
    guards = tuple(replace(g, terms=tuple(t for t in g.terms if t[0] not in gone)) for g in nest.guards)
    serial = tuple(l if l.kind == "serial" else replace(l, kind="serial") for l in (*lanes, *time))
    return replace(nest, loops=serial, guards=tuple(g for g in guards if g.terms))


def at_most(nest: Schedule, tensor: Tensor) -> int:
    """The rule of thumb: the product of the loops down to the innermost that moves the tensor, in one lane; times the lanes."""
    seen = lane(nest, tensor)
    moving = [at for at, loop in enumerate(seen.loops) if loop.dim in tensor.dims and loop.extent > 1]
    return iterations(seen, moving[-1] + 1 if moving else 0)


def fetches(nest: Schedule, tensor: str) -> int:
    """How often a new element of the tensor is needed, with one register for it in each lane. Exact; padding counts as an element."""
    check_nest("fetches", nest)
    chosen = nest.problem.tensor(tensor)
    seen = lane(nest, chosen)
    if not nest.problem.iterations:
        return 0
    lanes = sum(1 for l in nest.loops if l.kind == "spatial" and l.dim in chosen.dims)
    total = iterations(seen, lanes)  # the lanes stand outermost, and the first element of each is a fetch
    for at in range(lanes, len(seen.loops)):
        if seen.loops[at].extent == 1:
            continue  # it never steps
        stepping = seen.loops[at].dim
        changes = {dim: stepper(seen, at) if dim == stepping else bystander(seen, dim, at) for dim in seen.problem.dims}
        steps = prod(sum(c.values()) for c in changes.values())
        still = prod(standing(axis, changes) for axis in chosen.axes)
        still *= prod(sum(changes[dim].values()) for dim in changes if dim not in chosen.dims)
        total += steps - still
    return total


def touched(axis: Axis, dims: Mapping[str, int]) -> tuple[int, int]:
    """(distinct indices of an axis that the loops reach, combinations of its dimensions that stay inside)."""
    if len(axis.terms) == 1 and not axis.offset and axis.terms[0] == (axis.terms[0][0], 1):
        reached = min(axis.size, dims[axis.terms[0][0]])
        return reached, reached
    values = np.array(axis.offset)
    for dim, factor in axis.terms:
        values = values[..., None] + np.arange(dims[dim]) * factor
    times = np.bincount(values[(values >= 0) & (values < axis.size)])
    return int(np.count_nonzero(times)), int(times.sum())


def loads_and_stores(nest: Schedule, tensor: Tensor) -> tuple[int, int]:
    """(loads, stores) of the listing as it stands: every iteration, or as often as the listing loads a held tensor."""
    depth = nest.depth(tensor.name) if tensor.name in nest.held else len(nest.loops)
    if tensor is nest.problem.out:
        distinct = prod(nest.problem.dims[d] for d in tensor.dims) if nest.problem.iterations else 0
        stores = iterations(nest, depth) if nest.problem.iterations else 0
        return stores - distinct, stores
    if depth == len(nest.loops):
        inside = prod(touched(axis, nest.problem.dims)[1] for axis in tensor.axes)
        return inside * prod(n for d, n in nest.problem.dims.items() if d not in tensor.dims), 0
    # a held input is loaded once an outer iteration, and not at all in the padding
    others = prod(how_many(nest, d, depth) for d in nest.problem.dims if d not in tensor.dims)
    return others * prod(touched(axis, nest.problem.dims)[1] for axis in tensor.axes), 0


def count(nest: Schedule) -> Report:
    """The traffic of a nest, a row a tensor, in elements.

    `loads`, `stores`  what the listing does, held tensors considered: equal to counting the trace
    `fetches`          how often a new element is needed, with one register a tensor (and a lane)
    `at most`          the rule of thumb for the same, from the loop order alone
    `distinct`         elements touched at all: no order can fetch fewer
    """
    rows = []
    check_nest("count", nest)
    for tensor in nest.problem.tensors:
        loads, stores = loads_and_stores(nest, tensor)
        axes = [touched(axis, nest.problem.dims)[0] for axis in tensor.axes]
        rows.append(
            {
                "tensor": tensor.name,
                "stationary over": " ".join(stationary(nest, tensor.name)) or "-",
                "shared over": " ".join(shared(nest, tensor.name)) or "-",
                "loads": loads,
                "stores": stores,
                "fetches": fetches(nest, tensor.name),
                "at most": at_most(nest, tensor),
                "distinct": prod(axes),
            }
        )
    return Report.of(rows, note=f"{nest.problem.iterations:,} MACs; elements, not bytes")
