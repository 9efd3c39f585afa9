"""How fast will a compiled nest run? A small model of a core and its caches, held beside the stop-watch.

    seconds = max(core, L2, L3, memory)          each as if the others were free

**The core** issues two operations a cycle: multiply-adds, loads, stores (one a cycle); a vector is one operation, a number alone is one
too. Loads and stores are counted off the loop order: what the unrolled and vector loops inside touch is loaded once, what the innermost
loops in time leave still is not loaded again. A sum waits four cycles for the one before it, so fewer than eight sums at a time leave
slots empty.

**A cache** of S bytes holds the innermost loops whose data, in whole lines, fit into S. What the first loop outside them moves is
fetched from the next level, once for each turn of the loops outside that one; neighbours that overlap, as windows do, are fetched once.

What the model leaves out: conflicts of addresses, prefetching, addresses computed, ragged ends, several threads. It tells orders apart;
it is not a promise.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, prod

import numpy as np

from ..nest.problem import Tensor
from ..nest.schedule import Loop, Schedule, check_nest
from ..records import Report

SOURCE = "Hager, Treibig, Habich, Wellein 2016 (execution-cache-memory model) and Williams et al. 2009 (roofline), as implemented here"

ISSUE, LATENCY = 2, 4  # operations a cycle, cycles until a sum can be used by the next
LINE = 64  # bytes


@dataclass(frozen=True)
class Level:
    """What lies behind a cache of `bytes`: its name, and how fast the next level feeds it, in GB/s."""

    name: str
    bytes: int
    bandwidth: float


@dataclass(frozen=True)
class Speeds:
    """A machine in the model: arithmetic `peak` of one thread in GFLOP/s, float32 `lanes` of a vector, `levels` nearest first."""

    peak: float
    lanes: int
    levels: tuple[Level, ...]

    @property
    def slots(self) -> float:
        """Operations issued in a nanosecond: at the peak every one is a vector of multiply-adds."""
        return self.peak / (2 * self.lanes)


def speeds() -> Speeds:
    """This machine: its peak, and c = a + b from each of its caches and from memory, measured here on one thread in about two seconds."""
    from .host import data_caches, measure_bandwidth, measure_peak, vector_unit

    caches = [cache for cache in data_caches() if cache.level >= 1] or []
    feeds = [streamed(cache.bytes) for cache in caches[1:]] + [measure_bandwidth(1).one]
    names = [f"L{cache.level}" for cache in caches[1:]] + ["memory"]
    levels = [Level(name, cache.bytes, feed) for name, cache, feed in zip(names, caches, feeds, strict=False)]
    return Speeds(measure_peak(1).one, vector_unit()[1], tuple(levels))


def streamed(size: int, seconds: float = 0.1) -> float:
    """GB/s of c = a + b by numpy on arrays that fill half a cache of `size` bytes: the best of many runs."""
    a, b, c = np.ones((3, max(size // 24, 1024)), np.float32)
    best, until = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < until:
        begin = time.perf_counter()
        np.add(a, b, out=c)
        best = min(best, time.perf_counter() - begin)
    return 12 * a.size / best / 1e9


def span(tensor: Tensor, loops: Sequence[Loop]) -> list[tuple[int, int]]:
    """(values taken, size) of each axis of the array in memory, slowest first, while `loops` run."""
    out = []
    for place in tensor.places:
        by = {dim: abs(factor) for dim, factor in place.axis.terms}
        taken = min(1 + sum(by.get(loop.dim, 0) * loop.step * (loop.extent - 1) for loop in loops), place.axis.size)
        out.append((min(taken, place.block) if place.block else ceil(taken / place.divide), place.size))
    return out


def lines(tensor: Tensor, loops: Sequence[Loop], itemsize: int = 4) -> int:
    """Cache lines of the tensor's elements that `loops` touch: runs in memory, each in whole lines."""
    run, apart, whole = 1, 1, True
    for taken, size in reversed(span(tensor, loops)):
        if whole:
            run *= taken
        else:
            apart *= taken
        whole = whole and taken == size
    return apart * ceil(run * itemsize / LINE)


def fetched(nest: Schedule, tensor: Tensor, size: int, itemsize: int = 4) -> int:
    """Lines of the tensor that come into a cache of `size` bytes from outside it."""
    loops = nest.loops
    inside = next(d for d in range(len(loops) + 1) if working_set(nest, loops[d:], itemsize) <= size or d == len(loops))
    mover = next((d for d in range(inside - 1, -1, -1) if loops[d].dim in tensor.dims and loops[d].extent > 1), None)
    if mover is None:
        return lines(tensor, loops, itemsize)
    return lines(tensor, loops[mover:], itemsize) * prod(loop.extent for loop in loops[:mover])


def working_set(nest: Schedule, loops: Sequence[Loop], itemsize: int) -> int:
    return LINE * sum(lines(tensor, loops, itemsize) for tensor in nest.problem.tensors)


def core(nest: Schedule, lanes: int) -> dict[str, float]:
    """Operations by what they are: multiply-adds, loads, stores, and the slots that sums leave empty while they wait."""
    loops = [loop for loop in nest.loops if loop.extent > 1]
    first = len(loops)
    while first and loops[first - 1].kind in ("unroll", "vectorize"):
        first -= 1
    turned, block = loops[:first], loops[first:]
    vector = next((loop for loop in block if loop.kind == "vectorize"), None)

    def operations(tensor: Tensor) -> int:
        """The tensor's vectors and single numbers that one run of the block needs."""
        moved = prod(loop.extent for loop in block if loop.dim in tensor.dims and loop.kind == "unroll")
        if vector is None or vector.dim not in tensor.dims:
            return moved
        last = tensor.places[-1].axis
        beside = dict(last.terms).get(vector.dim, 0) * vector.step == 1
        return moved * (ceil(vector.extent / lanes) if beside else vector.extent)

    def times(tensor: Tensor) -> int:
        """How often the block's share of a tensor is fetched: the loops in time down to the last that moves it."""
        last = max((i for i, loop in enumerate(turned) if loop.dim in tensor.dims), default=-1)
        return prod(loop.extent for loop in turned[: last + 1])

    out = nest.problem.out
    runs = prod(loop.extent for loop in turned)
    adds = runs * prod(loop.extent for loop in block if loop.kind == "unroll") * (ceil(vector.extent / lanes) if vector else 1)
    stores = times(out) * operations(out)
    loads = sum(times(tensor) * operations(tensor) for tensor in nest.problem.ins) + stores
    held = bool(turned) and turned[-1].dim not in out.dims  # the innermost loop adds to the same sums again and again
    waiting = max(0.0, adds * ISSUE * LATENCY / operations(out) - adds) if held else 0.0
    return {"multiply-adds": adds, "loads": loads, "stores": stores * ISSUE, "waiting": waiting}


def forecast(nest: Schedule, speeds: Speeds, itemsize: int = 4) -> Report:
    """What a compiled nest should take on one thread -> a row for the core and each level: bytes moved, ms, GFLOP/s were it alone.

    The last row is the slowest of them, the forecast. Raises ValueError for what is not a Schedule, and for a nest without iterations.
    """
    check_nest("forecast", nest)
    if not nest.problem.iterations:
        raise ValueError("forecast: the nest has no iterations, so it has no speed")
    used = core(nest, max(1, speeds.lanes * 4 // itemsize))
    busy = max(used["multiply-adds"] + used["waiting"], used["multiply-adds"] + used["loads"] + used["stores"])
    rows: list[tuple[str, float | None, float]] = [("core", None, busy / speeds.slots / 1e9)]
    for level in speeds.levels:
        # a sum comes in and goes out again
        moved = LINE * sum(
            fetched(nest, tensor, level.bytes, itemsize) * (2 if tensor is nest.problem.out else 1) for tensor in nest.problem.tensors
        )
        rows.append((level.name, moved, moved / level.bandwidth / 1e9))
    slowest = max(rows, key=lambda row: row[2])
    rows.append((f"forecast: {slowest[0]}", slowest[1], slowest[2]))
    return Report(
        {
            "limit": [name for name, _, _ in rows],
            "bytes": [moved for _, moved, _ in rows],
            "ms": [1e3 * seconds for _, _, seconds in rows],
            "GFLOP/s": [2 * nest.problem.iterations / seconds / 1e9 for _, _, seconds in rows],
        },
        note="One thread, layout change not counted; a model, see course_lib/machine/forecast.py.",
    )
