"""What a child process does with one configuration: build it, run it, hold the result against a witness. Timing is worker.py's.

A job is made once a task and keeps its arrays: `build(config) -> run`, `check(result)` raises NotEqual.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, cast

import numpy as np

from ..bench import equal
from ..kernels.compile import compile_conv2d
from ..kernels.gemm import GemmPlan, compile_gemm
from ..kernels.plan import Plan, cache_bytes
from ..nest.built import build as build_nest
from ..nest.built import with_edges
from ..nest.jit import LIGHT
from ..shapes import ConvShape, GemmShape
from .simulated import simulated
from .spaces import nest_of, plan_of, plan_space, schedule_space
from .tasks import Task

Run = Callable[[], Any]


def operands(shape: ConvShape | GemmShape) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """(a, b, their product by numpy, length of its sums) for random numbers that are the same every time."""
    rng = np.random.default_rng(0)
    if isinstance(shape, GemmShape):
        a, b = rng.standard_normal(shape.a_shape, np.float32), rng.standard_normal(shape.b_shape, np.float32)
        return a, b, a @ b, shape.K
    ia, wt = rng.standard_normal(shape.ia_shape, np.float32), rng.standard_normal(shape.wt_shape, np.float32)
    return ia, wt, windows_times_weights(ia, wt, shape), shape.C // shape.groups * shape.R * shape.S


def windows_times_weights(ia: np.ndarray, wt: np.ndarray, shape: ConvShape) -> np.ndarray:
    """The convolution by numpy alone: strided windows, one einsum a group (BLAS underneath)."""
    padded = np.pad(ia, ((0, 0), (0, 0), *shape.pads))
    (down, right), (apart_h, apart_w) = shape.strides, shape.dilations
    tall, broad = apart_h * (shape.R - 1) + 1, apart_w * (shape.S - 1) + 1
    view = np.lib.stride_tricks.sliding_window_view(padded, (tall, broad), axis=(2, 3))[:, :, ::down, ::right, ::apart_h, ::apart_w]
    each_c, each_k = shape.C // shape.groups, shape.K // shape.groups
    parts = []
    for g in range(shape.groups):
        mine = view[:, g * each_c : (g + 1) * each_c]
        parts.append(np.einsum("ncpqrs,kcrs->nkpq", mine, wt[g * each_k : (g + 1) * each_k], optimize=True))
    return np.concatenate(parts, axis=1)


def compiled(task: Task, algorithm: str, plan: Plan, a: np.ndarray, b: np.ndarray) -> Run:
    """The kernel of a plan, its operands at hand: call it for the result."""
    shape = task.shape
    if isinstance(shape, GemmShape):
        product = compile_gemm(shape, task.threads, plan=cast(GemmPlan, plan))
        return lambda: product(a, b)
    layer = compile_conv2d(b, shape, task.threads, algorithm, plan=plan)
    return lambda: layer(a)


@cache
def others_data() -> np.ndarray:
    """Twelve times what the second cache holds: the third is shared with whoever else is on the machine."""
    return np.ones(3 * cache_bytes(2), np.float32)


def swept() -> None:
    """What the other layers of a network do before this one's turn: their data fill the caches."""
    others_data().sum()


def with_effort(plan: Plan, effort: int) -> Plan:
    """The plan, compiled LIGHT or FULL; one that does not choose is returned as it is."""
    return replace(plan, effort=effort) if hasattr(plan, "effort") else plan  # type: ignore[call-arg]


class PlanJob:
    """Plans of course_lib.kernels: plain arrays in, plain arrays out. Compiled lightly: a search is mostly compiling."""

    def __init__(self, task: Task) -> None:
        self.task, self.space = task, plan_space(task.shape, task.threads)
        self.a, self.b, self.want, self.length = operands(task.shape)

    def build(self, config: tuple[Any, ...]) -> Run:
        algorithm, plan = plan_of(self.task.shape, self.space, config)
        return compiled(self.task, algorithm, with_effort(plan, LIGHT), self.a, self.b)

    def check(self, result: Any) -> None:
        equal("result", result, self.want, self.length)


class ScheduleJob:
    """Schedules of one nest, on arrays that lie as the schedule wants them: the kernel alone."""

    def __init__(self, task: Task) -> None:
        self.task, self.space = task, schedule_space(task.shape)
        self.a, self.b, self.want, self.length = operands(task.shape)

    def build(self, config: tuple[Any, ...]) -> Run:
        nest = nest_of(self.task.shape, self.space, config)
        built, problem = build_nest(nest), nest.problem
        inside = problem.with_padding_in_memory() if problem.padded else problem
        a, b = (
            padded.pack(with_edges(nest, tensor, array))
            for array, tensor, padded in zip((self.a, self.b), problem.ins, inside.ins, strict=True)
        )
        out = np.zeros(problem.out.memory_shape, np.float32)

        def run() -> np.ndarray:
            out.fill(0)
            built.call(a, b, out, self.task.threads)
            return problem.out.unpack(out)

        run.timed = lambda: built.call(a, b, out, self.task.threads)  # type: ignore[attr-defined]
        return run

    def check(self, result: Any) -> None:
        equal("result", result, self.want, self.length)


class SimulatedJob:
    """Dataflows on an array of processing elements: their energy, exact."""

    def __init__(self, task: Task) -> None:
        self.cost = simulated(cast(ConvShape, task.shape))


def bench(task: Task) -> PlanJob | ScheduleJob | SimulatedJob:
    """The job of a task's kind."""
    if task.kind == "simulated":
        return SimulatedJob(task)
    return PlanJob(task) if task.kind == "plans" else ScheduleJob(task)
