"""A Schedule as a function: lowered, compiled in this process, its parallel loop shared out among threads."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from llvmlite import ir

from course_lib.nest.jit import Library, compile_ir
from course_lib.nest.lower import lower
from course_lib.nest.problem import Tensor
from course_lib.nest.schedule import Schedule
from course_lib.nest.threads import shares, together
from course_lib.shapes import whole

NUMBERS = {np.dtype(np.float32): ir.FloatType(), np.dtype(np.float64): ir.DoubleType()}


def with_edges(nest: Schedule, tensor: Tensor, array: np.ndarray) -> np.ndarray:
    """The input with its padding really there, so that no address leaves it."""
    widths = nest.problem.edges(tensor)
    return np.pad(array, widths) if any(w != (0, 0) for w in widths) else array


@dataclass(frozen=True, eq=False)
class Built:
    """A compiled nest: `built(a, b) -> out`. `.source` is its listing, `.ir` what was compiled, `.assembly` what came out."""

    nest: Schedule
    dtype: np.dtype
    library: Library
    ir: str
    kernel: Any

    @property
    def source(self) -> str:
        return str(self.nest)

    @property
    def assembly(self) -> str:
        return self.library.assembly

    def __call__(self, a: np.ndarray, b: np.ndarray, threads: int = 1) -> np.ndarray:
        """a, b -> out, in the shapes you hand over; layout change and padding included. Raises ValueError for wrong shapes."""
        threads = whole("threads", threads, 1)
        problem = self.nest.problem
        inside = problem.with_padding_in_memory() if problem.padded else problem
        arrays: list[np.ndarray] = []
        for given, tensor, padded in zip((a, b), problem.ins, inside.ins, strict=True):
            array = np.asarray(tensor.check(given), self.dtype)
            arrays.append(padded.pack(with_edges(self.nest, tensor, array)))
        out = np.zeros(problem.out.memory_shape, self.dtype)
        if prod(problem.dims.values()):
            self.call(arrays[0], arrays[1], out, threads)
        return problem.out.unpack(out)

    def call(self, a: np.ndarray, b: np.ndarray, out: np.ndarray, threads: int = 1) -> None:
        """The bare kernel on arrays as they lie in memory (padding included): nothing checked, nothing copied."""
        pointers = (a.ctypes.data, b.ctypes.data, out.ctypes.data)
        first = self.nest.loops[0] if self.nest.loops else None
        if first is None or first.kind != "parallel":
            self.kernel(*pointers)
            return
        together([(self.kernel, *pointers, *r) for r in shares(first.extent, threads)])


def build(nest: Schedule, dtype: Any = np.float32) -> Built:
    """Compile a nest for float32 or float64; in tens of milliseconds.

    >>> from course_lib.nest import build, conv1d_problem, schedule
    >>> build(schedule(conv1d_problem(Q=3, S=2)))([1, 2, 3, 4], [10, 1])
    array([12., 23., 34.], dtype=float32)
    """
    kind = np.dtype(dtype)
    if kind not in NUMBERS:
        raise ValueError(f"dtype: want float32 or float64, got {kind}; run() takes any type")
    module = lower(nest, number=NUMBERS[kind])
    parallel = bool(nest.loops) and nest.loops[0].kind == "parallel"
    library = compile_ir(module)
    return Built(nest, kind, library, str(module), library.function("kernel", "ppp" + "ii" * parallel))
