"""The PE array cycle by cycle: the witness of the closed form, and the film that a view shows.

Every iteration is put on its PE in its cycle; registers and buffer are sets of words that are compared with those a step before.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from math import prod

import numpy as np

from ..nest.problem import Tensor
from ..nest.schedule import Schedule
from ..records import Report, Timeline
from .buffers import live, touched
from .pe_array import Levels, PEArray, access_report, adders, cycle_row, in_space, in_time, levels, operands, placement, sums

SOURCE = "as pe_array, step by step"

MOST_ITERATIONS = 200_000
Counters = tuple[int, ...]


@lru_cache(4)
def by_time(nest: Schedule) -> list[tuple[Counters, list[Counters]]]:
    """(counters of the loops in time, the iterations that all PEs do in that cycle), in order."""
    if (total := prod(loop.extent for loop in nest.loops)) > MOST_ITERATIONS:
        most = f"{MOST_ITERATIONS:,}"
        raise ValueError(
            f"steps: {total:,} iterations are too many to walk (at most {most}); dataflow_report has the totals in closed form"
        )
    at = [nest.loops.index(loop) for loop in in_time(nest)]
    turn = lambda counters: tuple(counters[i] for i in at)
    return [(t, list(group)) for t, group in groupby(sorted(live(nest), key=turn), key=turn)]


def runs(nest: Schedule, tensor: Tensor, depth: int) -> Iterator[list[Counters]]:
    """The iterations between two changes of a tensor's tile, where `depth` loops in time stand above its memory."""
    moving = [i for i, loop in enumerate(in_time(nest)[:depth]) if loop.dim in tensor.dims]
    for _, group in groupby(by_time(nest), key=lambda step: tuple(step[0][i] for i in moving)):
        yield [counters for _, iterations in group for counters in iterations]


def buffer_words(nest: Schedule, tensor: Tensor, depth: int) -> tuple[int, int]:
    """(words brought into the buffer, different ones among them)."""
    last: set[Counters] = set()
    seen: set[Counters] = set()
    fetched = 0
    for iterations in runs(nest, tensor, depth):
        tile = {index for counters in iterations if (index := touched(nest, tensor, counters)) is not None}
        fetched += len(tile - last)
        seen |= tile
        last = tile
    return fetched, len(seen)


def register_words(nest: Schedule, tensor: Tensor, depth: int) -> tuple[int, int]:
    """(words read from the buffer, words taken by PEs). PEs on one wire form a lane; a word is taken by those that work with it."""
    wires = [nest.loops.index(loop) for loop in in_space(nest) if loop.dim in tensor.dims]
    rest = [nest.loops.index(loop) for loop in in_space(nest) if loop.dim not in tensor.dims]
    last: dict[Counters, set[Counters]] = {}
    read = taken = 0
    for iterations in runs(nest, tensor, depth):
        tiles: dict[Counters, set[Counters]] = {}
        workers: dict[Counters, set[Counters]] = {}
        for counters in iterations:
            lane = tuple(counters[i] for i in wires)
            tiles.setdefault(lane, set())
            workers.setdefault(lane, set()).add(tuple(counters[i] for i in rest))
            if (index := touched(nest, tensor, counters)) is not None:
                tiles[lane].add(index)
        anew = {lane: tile - last.get(lane, set()) for lane, tile in tiles.items()}
        read += len(set().union(*anew.values()))
        taken += sum(len(words) * len(workers[lane]) for lane, words in anew.items())
        last = tiles
    return read, taken


def where(nest: Schedule, array: PEArray, counters: Counters) -> tuple[int, int]:
    """(row, column) of the PE that does an iteration."""
    side, at = placement(nest, array), {"rows": 0, "cols": 0}
    for loop, i in zip(nest.loops, counters, strict=True):
        if loop.kind == "spatial":
            at[side[loop.name]] = at[side[loop.name]] * loop.extent + i
    return at["rows"], at["cols"]


def film(nest: Schedule, array: PEArray) -> Timeline:
    """Which output each PE adds to in each cycle, fill and drain included: busy[cycle, row * cols + column]."""
    steps = by_time(nest)
    out = nest.problem.out
    labels: dict[str, int] = {}
    cycles = 1 + len(steps) + adders(nest) + 1 if steps else 0
    busy = np.full((cycles, array.pes), -1, np.int64)
    for number, (_, iterations) in enumerate(steps):
        for counters in iterations:
            row, column = where(nest, array, counters)
            text = f"{out.name}[{','.join(map(str, touched(nest, out, counters) or ()))}]"
            busy[1 + number, row * array.cols + column] = labels.setdefault(text, len(labels))
    return Timeline(tuple(f"PE {r},{c}" for r in range(array.rows) for c in range(array.cols)), tuple(labels), busy)


def simulate_cycles(nest: Schedule, array: PEArray) -> Report:
    """As `cycle_report`, from a walk: when each word is read, used, summed and written."""
    clock = last_write = macs = 0
    for clock, (_, iterations) in enumerate(by_time(nest), start=1):
        used = clock + 1  # read from the buffer one cycle before
        last_write = used + adders(nest) + 1
        macs += len({where(nest, array, counters) for counters in iterations})  # one a PE and cycle
    return cycle_row(clock, 1 if clock else 0, last_write - clock - 1 if clock else 0, macs, nest, array)


def simulate_dataflow(nest: Schedule, array: PEArray, held: Levels | None = None) -> Report:
    """As `dataflow_report`, by walking: every word is followed. Raises ValueError above 200,000 iterations."""
    held = held or levels(nest, array)
    steps = by_time(nest)
    macs, counts = sum(len(iterations) for _, iterations in steps), {}
    for tensor in nest.problem.tensors:
        name = tensor.name
        near, taken = register_words(nest, tensor, held.registers[name])
        depth = held.buffer[name]
        far, distinct = buffer_words(nest, tensor, depth or 0)
        far = near if depth is None else far
        if tensor is nest.problem.out:
            counts |= sums(name, far, near, taken, distinct, macs)
        else:
            used = sum(touched(nest, tensor, counters) is not None for _, iterations in steps for counters in iterations)
            counts |= operands(name, far, near, taken, used)
    return access_report(counts, macs, array, simulate_cycles(nest, array))
