"""Plain arrays in, plain arrays out, at the speed of the machine: `compile_conv2d` and `compile_gemm`.

windows    implicit GEMM on packed windows          every layer that mixes channels
winograd   fewer multiplications                    3x3 layers of stride 1 with many channels
planes     one channel's picture after the other    depthwise layers
nest       `build` of the plain schedule            the fallback: right for everything, fast for nothing
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from course_lib.kernels import planes, windows, winograd
from course_lib.kernels.arrays import checked
from course_lib.kernels.block_sparse import block_sparse_conv, dense_block_cost, dense_block_plan
from course_lib.kernels.cost import Cost, nest_cost, planes_cost, windows_cost, winograd_cost
from course_lib.kernels.direct_sparse import dense_cost, dense_plan, direct_sparse_conv
from course_lib.kernels.gemm import GemmPlan, compile_gemm, gemm_plan
from course_lib.kernels.nm_sparse import nm_cost, nm_plan, nm_sparse_conv
from course_lib.kernels.plan import Plan
from course_lib.kernels.tuned import lookup
from course_lib.nest.built import build
from course_lib.nest.problem import conv_problem
from course_lib.nest.schedule import schedule
from course_lib.records import Report
from course_lib.shapes import ConvShape, whole

Layer = Callable[[np.ndarray], np.ndarray]


def nest_conv(wt: np.ndarray, shape: ConvShape, threads: int = 1, plan: None = None) -> Layer:
    """The seven loops as they stand, compiled; threads share the images, or the first loop that moves the output."""
    if plan is not None:
        raise ValueError(f"plan: 'nest' has no blocks to choose, got {plan!r}")
    nest = schedule(conv_problem(shape, wt="KCRS"))
    shared_out = next(loop.name for loop in nest.loops if loop.extent > 1 or loop is nest.loops[-1])
    if threads > 1 and nest.loop(shared_out).dim not in nest.problem.reduction:
        nest = nest.reorder(" ".join([shared_out, *(l.name for l in nest.loops if l.name != shared_out)])).parallel(shared_out)
    built = build(nest)
    return lambda ia: built(checked("ia", ia, shape.ia_shape), wt, threads)


@dataclass(frozen=True)
class Algorithm:
    """A compiled convolution: `conv(wt, shape, threads, plan) -> f(ia)`, the layers it takes in words, its default plan, its cost.

    `takes(shape)` is "" or what the layer would have to be; `cost(shape, plan)` predicts cycles on one thread.
    """

    conv: Callable[[np.ndarray, ConvShape, int, Any], Layer]
    takes: Callable[[ConvShape], str]
    plan: Callable[[ConvShape, int], Plan | None]
    cost: Callable[[ConvShape, Any], Cost]


ALGORITHMS: dict[str, Algorithm] = {
    "windows": Algorithm(windows.windows_conv, lambda shape: "", windows.windows_plan, windows_cost),
    "winograd": Algorithm(winograd.winograd_conv, winograd.refusal, winograd.winograd_plan, winograd_cost),
    "planes": Algorithm(planes.planes_conv, planes.refusal, planes.planes_plan, planes_cost),
    "nest": Algorithm(nest_conv, lambda shape: "", lambda shape, threads: None, nest_cost),
    # for weights with zeros; their default plans and costs are those of weights without
    "direct_sparse": Algorithm(direct_sparse_conv, lambda shape: "", dense_plan, dense_cost),
    "block_sparse": Algorithm(block_sparse_conv, lambda shape: "", dense_block_plan, dense_block_cost),
    "nm_sparse": Algorithm(nm_sparse_conv, lambda shape: "", nm_plan, nm_cost),
}


def explain(shape: ConvShape) -> Report:
    """What each algorithm would cost on one thread by the model in cost.py: a row each, in cycles, the cheapest first.

    Columns: multiply-adds, layout (packing and transforms), memory (what comes from beyond the second cache), cycles (their sum).
    """
    costs = {name: a.cost(shape, a.plan(shape, 1)) for name, a in ALGORITHMS.items() if prod(shape.oa_shape) and not a.takes(shape)}
    ranked = sorted(costs.items(), key=lambda item: item[1].cycles)
    columns: dict[str, list[Any]] = {
        "algorithm": [name for name, _ in ranked],
        "multiply-adds": [cost.arithmetic for _, cost in ranked],
        "layout": [cost.layout for _, cost in ranked],
        "memory": [cost.memory for _, cost in ranked],
        "cycles": [cost.cycles for _, cost in ranked],
    }
    return Report(
        columns, f"cycles predicted on one thread: {shape}", f"the cheapest is {ranked[0][0]}" if ranked else "nothing to compute"
    )


def choose(shape: ConvShape) -> str:
    """The cheapest algorithm by the model that multiplies zeros too: the first row of `explain` that is not for sparse weights."""
    return next(str(name) for name in explain(shape)["algorithm"] if not name.endswith("_sparse"))


def chosen(shape: ConvShape, threads: int) -> tuple[str, Plan | None]:
    """What `course tune` kept for this layer on this machine, else what the model takes, with its default plan."""
    if kept := lookup(shape, threads):
        name, sizes = kept
        with suppress(KeyError, TypeError, ValueError):  # kept by another version of the kernels
            if not ALGORITHMS[name].takes(shape):
                return name, type(ALGORITHMS[name].plan(shape, threads))(**sizes)
    return choose(shape), None


def compile_conv2d(wt: np.ndarray, shape: ConvShape, threads: int = 1, algorithm: str = "auto", plan: Plan | None = None) -> Layer:
    """A function `f(ia) -> oa` for one layer: wt[K,C/groups,R,S] is packed now, ia[N,C,H,W] and oa[N,K,P,Q] are plain float32.

    Weights and inputs of other real types (float64, integers) are rounded to float32. A weight that is NaN or infinite is a weight in every
    algorithm; one that is zero is none in the sparse ones, so that NaN in the input does not pass it.
    `algorithm` is a name in ALGORITHMS or "auto": what was tuned on this machine, else the model's choice. It may be Winograd: faster,
    and up to a digit less exact than "windows".
    `plan` is the algorithm's own (WindowsPlan, WinogradPlan, PlanesPlan) in place of the model's; it needs the algorithm named.
    The function keeps buffers of its own: one call at a time.
    Raises ValueError for wrong shapes, for what is no real number, unknown algorithms and plans that cannot be.
    """
    if not isinstance(shape, ConvShape):
        raise ValueError(f"shape: want a ConvShape, got {shape!r}")
    weights = checked("wt", wt, shape.wt_shape).copy()  # the layer keeps what it was given
    threads = whole("threads", threads, 1)
    if algorithm != "auto" and algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm: want auto or one of {', '.join(ALGORITHMS)}, got {algorithm!r}")
    if algorithm == "auto" and plan is not None:
        raise ValueError(f"algorithm: a plan belongs to one of {', '.join(ALGORITHMS)}: name it, got 'auto' and {plan!r}")
    if algorithm != "auto" and (wanted := ALGORITHMS[algorithm].takes(shape)):
        raise ValueError(f"algorithm: {algorithm!r} is for {wanted}, got {shape}")
    if not prod(shape.oa_shape):
        return lambda ia: np.zeros_like(checked("ia", ia, shape.ia_shape), shape=shape.oa_shape)
    if algorithm == "auto":
        algorithm, plan = chosen(shape, threads)
    return ALGORITHMS[algorithm].conv(weights, shape, threads, plan)


__all__ = ["ALGORITHMS", "Algorithm", "GemmPlan", "choose", "compile_conv2d", "compile_gemm", "explain", "gemm_plan"]
