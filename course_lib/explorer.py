"""The nest explorer: one choice of order, tiles and kinds of loops, and everything that follows from it at once.

    explore(ConvShape(1, 64, 56, 56, 128, 3, 3, pad=1))      # the widget
    evaluate(arranged(problem, choice))                      # the same as records

Also here, because they put verbs together for a picture: `traffic_steps` (the traffic after more and more of a trace) and `wires`
(what the PEs of a row or column share).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from course_lib.machine.bound import distance_to_bound
from course_lib.machine.cache import Cache, simulate
from course_lib.machine.forecast import Speeds, forecast, speeds
from course_lib.machine.pe_array import PEArray, dataflow_report, placement
from course_lib.nest.count import count
from course_lib.nest.problem import Problem, conv_problem, gemm_problem
from course_lib.nest.schedule import KINDS, Schedule, schedule, shared
from course_lib.nest.trace import trace
from course_lib.records import Report, Trace
from course_lib.shapes import ConvShape, GemmShape

SMALL = {"N": 1, "C": 4, "H": 6, "W": 6, "K": 4}  # the stand-in whose elements one can see
SMALL_GEMM = 8


@dataclass(frozen=True)
class Choice:
    """Tile sizes by dimension, the order of all loops outermost first, the kind of each loop that is not plain, what is held."""

    order: tuple[str, ...] = ()
    tiles: Mapping[str, int] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    hold: tuple[str, ...] = ()


def arranged(problem: Problem, choice: Choice) -> Schedule:
    """The nest of a choice. Raises ValueError, saying what to change, for an order or a kind that cannot be."""
    nest = schedule(problem)
    for dim, size in choice.tiles.items():
        nest = nest.tile(**{dim: size})
    if choice.order:
        nest = nest.reorder(" ".join(choice.order))
    for kind in KINDS[1:]:
        if names := [name for name, wanted in choice.kinds.items() if wanted == kind]:
            nest = getattr(nest, kind)(" ".join(names))
    if unknown := [kind for kind in choice.kinds.values() if kind not in KINDS]:
        raise ValueError(f"kinds: want one of {', '.join(KINDS)}, got {unknown[0]!r}")
    return nest.hold(" ".join(choice.hold)) if choice.hold else nest


def problem_of(shape: ConvShape | GemmShape) -> Problem:
    return conv_problem(shape) if isinstance(shape, ConvShape) else gemm_problem(shape)


def stand_in(shape: ConvShape | GemmShape) -> ConvShape | GemmShape:
    """The same layer with few channels and pixels: small enough to see every element."""
    if isinstance(shape, GemmShape):
        return GemmShape(M=min(shape.M, SMALL_GEMM), N=min(shape.N, SMALL_GEMM), K=min(shape.K, SMALL_GEMM))
    if shape.groups > 1:
        groups = min(shape.groups, 2)
        each = {name: min(getattr(shape, name) // shape.groups, 2) * groups for name in "CK"}
        small = {**SMALL, **each, "groups": groups}
    else:
        small = {name: min(size, getattr(shape, name)) for name, size in SMALL.items()}
    taps = {name: min(getattr(shape, name), 3) for name in "RS"}
    (top, bottom), (left, right) = shape.pads
    pad = (min(top, 1), min(bottom, 1)), (min(left, 1), min(right, 1))
    sizes = {**small, **taps, "N": 1, "H": min(shape.H, 6), "W": min(shape.W, 6)}
    return replace(shape, **sizes, pad=pad, dilation=1)


def scaled(choice: Choice, large: Problem, small: Problem) -> Choice:
    """The choice for the stand-in: a tile keeps its share of its dimension."""
    tiles = {dim: max(1, round(size * small.dims[dim] / large.dims[dim])) for dim, size in choice.tiles.items()}
    return replace(choice, tiles=tiles)


def evaluate(nest: Schedule, array: PEArray | None = None) -> dict[str, Any]:
    """All that follows from a schedule in closed form -> {"nest", "count", "traffic", "bound", "array"}.

    Without spatial loops the machine is one PE with three registers; with them, the 16 x 64 array of the lecture.
    """
    spatial = any(loop.kind == "spatial" for loop in nest.loops)
    array = array or (PEArray(16, 64) if spatial else PEArray(1, 1))
    traffic = dataflow_report(nest, array)
    bound = distance_to_bound(traffic, nest.problem.of, array.on_chip) if nest.problem.of else None
    return {"nest": nest, "count": count(nest), "traffic": traffic, "bound": bound, "array": array}


def measure(nest: Schedule, seconds: float = 1.0) -> float:
    """GFLOP/s of the compiled nest on this machine, layout change included: the best of at least two runs."""
    from course_lib.nest.built import build

    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(tensor.shape).astype(np.float32) for tensor in nest.problem.ins)
    built = build(nest)
    best, until = float("inf"), time.perf_counter() + seconds
    built(a, b)
    while True:
        begin = time.perf_counter()
        built(a, b)
        best = min(best, time.perf_counter() - begin)
        if time.perf_counter() > until:
            return 2 * nest.problem.iterations / best / 1e9


def traffic_steps(accesses: Trace, levels: Sequence[Cache], steps: int = 12) -> tuple[list[Report], list[str]]:
    """(reports, words): the cache traffic had the loop ended after 1/steps, 2/steps, ... of its accesses."""
    ends = sorted({max(1, round(len(accesses) * i / steps)) for i in range(1, steps + 1)})
    parts = [
        Trace(accesses.buffers, accesses.tensor[:n], accesses.address[:n], accesses.store[:n], accesses.step[:n])
        for n in ends
        if len(accesses)
    ]
    return [simulate(part, levels) for part in parts], [f"After {n:,} of {len(accesses):,} accesses" for n in ends[: len(parts)]]


def wires(nest: Schedule, array: PEArray) -> dict[str, str]:
    """Along which side of the array one word of a tensor serves all PEs: {"IA": "cols", "OA": "rows"}; for `pe_array_view`."""
    side = placement(nest, array)
    out = {}
    for tensor in nest.problem.tensors:
        sides = [side[name] for name in shared(nest, tensor.name) if nest.loop(name).extent > 1]
        if sides:
            out[tensor.name] = " ".join(dict.fromkeys(sides))
    return out


def sizes_for(extent: int) -> list[int]:
    """Tile sizes worth a slider: powers of two and divisors, smaller than the dimension; 0 is no tile."""
    found = {s for s in range(2, extent) if extent % s == 0} | {2**i for i in range(1, 12) if 2**i < extent}
    return [0, *sorted(found)]


def explore(shape: ConvShape | GemmShape, choice: Choice | None = None, array: PEArray | None = None) -> Any:
    """The explorer of a layer: reorder, tile and mark loops; listing, animation, traffic, bound and speed follow.

    Speed is measured when its button is pressed: the compiled nest, and once the peak and the bandwidths of this machine. From then on
    every nest has a predicted speed (`machine.forecast`, a model of one thread) and a roof that no order of this traffic can pass.
    """
    from course_lib.views.explorer import Explorer

    problem, small = problem_of(shape), problem_of(stand_in(shape))
    known: list[Speeds] = []  # this machine, once it has been measured

    def ask(wish: Mapping[str, Any]) -> dict[str, Any]:
        chosen = Choice(tuple(wish["order"]), dict(wish["tiles"]), dict(wish["kinds"]), tuple(wish.get("hold", ())))
        nest = arranged(problem, chosen)
        records = evaluate(nest, array)
        records["trace"] = trace(arranged(small, scaled(chosen, problem, small)))
        if known:
            moved = 4.0 * records["bound"]["moved"][0]
            records["roof"] = min(known[0].peak, 2 * problem.iterations / moved * known[0].levels[-1].bandwidth)
            records["forecast"] = forecast(nest, known[0])
        return records

    def time_it(wish: Mapping[str, Any]) -> float:
        if not known:
            known.append(speeds())
        return measure(
            arranged(problem, Choice(tuple(wish["order"]), dict(wish["tiles"]), dict(wish["kinds"]), tuple(wish.get("hold", ()))))
        )

    first = choice or Choice(tuple(problem.dims))
    start = {"order": list(first.order or problem.dims), "tiles": dict(first.tiles), "kinds": dict(first.kinds), "hold": list(first.hold)}
    dims = [{"name": name, "extent": size, "sizes": sizes_for(size)} for name, size in problem.dims.items()]
    return Explorer(ask, time_it, dims, start, title=f"Nest explorer: {problem.name}")
