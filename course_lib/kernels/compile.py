"""Plain arrays in, plain arrays out, at the speed of the machine: `compile_conv2d` and `compile_gemm`.

windows    implicit GEMM on packed windows          every layer that mixes channels
winograd   fewer multiplications                    3x3 layers of stride 1 with many channels
planes     one channel's picture after the other    depthwise layers
nest       `build` of the plain schedule            the fallback: right for everything, fast for nothing
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from course_lib.kernels.arrays import checked
from course_lib.kernels.gemm import compile_gemm
from course_lib.kernels.planes import planes_conv
from course_lib.kernels.windows import windows_conv
from course_lib.kernels.winograd import takes, winograd_conv
from course_lib.nest.built import build
from course_lib.nest.problem import conv_problem
from course_lib.nest.schedule import schedule
from course_lib.shapes import ConvShape, whole

Layer = Callable[[np.ndarray], np.ndarray]


def nest_conv(wt: np.ndarray, shape: ConvShape, threads: int) -> Layer:
    """The seven loops as they stand, compiled; threads share the images, or the first loop that moves the output."""
    nest = schedule(conv_problem(shape, wt="KCRS"))
    shared_out = next(loop.name for loop in nest.loops if loop.extent > 1 or loop is nest.loops[-1])
    if threads > 1 and nest.loop(shared_out).dim not in nest.problem.reduction:
        nest = nest.reorder(" ".join([shared_out, *(l.name for l in nest.loops if l.name != shared_out)])).parallel(shared_out)
    built = build(nest)
    return lambda ia: built(checked("ia", ia, shape.ia_shape), wt, threads)


ALGORITHMS: dict[str, Callable[[np.ndarray, ConvShape, int], Layer]] = {
    "windows": windows_conv,
    "winograd": winograd_conv,
    "planes": planes_conv,
    "nest": nest_conv,
}


def choose(shape: ConvShape) -> str:
    """The model: one input channel a group leaves no product worth blocking; Winograd pays where sums over c are long."""
    if shape.groups == shape.C:
        return "planes"
    return "winograd" if takes(shape) and min(shape.C, shape.K) >= 32 else "windows"


def compile_conv2d(wt: np.ndarray, shape: ConvShape, threads: int = 1, algorithm: str = "auto") -> Layer:
    """A function `f(ia) -> oa` for one layer: wt[K,C/groups,R,S] is packed now, ia[N,C,H,W] and oa[N,K,P,Q] are plain float32.

    `algorithm` is a name in ALGORITHMS or "auto", which may be Winograd: faster, and up to a digit less exact than "windows".
    The function keeps buffers of its own: one call at a time. Raises ValueError for wrong shapes and unknown algorithms.
    """
    if not isinstance(shape, ConvShape):
        raise ValueError(f"shape: want a ConvShape, got {shape!r}")
    weights = checked("wt", wt, shape.wt_shape).copy()  # the layer keeps what it was given
    threads = whole("threads", threads, 1)
    if algorithm != "auto" and algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm: want auto or one of {', '.join(ALGORITHMS)}, got {algorithm!r}")
    if algorithm == "planes" and shape.groups != shape.C:
        raise ValueError(f"algorithm: 'planes' is for depthwise layers (groups = C), got groups = {shape.groups}, C = {shape.C}")
    if not prod(shape.oa_shape):
        return lambda ia: np.zeros_like(checked("ia", ia, shape.ia_shape), shape=shape.oa_shape)
    return ALGORITHMS[choose(shape) if algorithm == "auto" else algorithm](weights, shape, threads)


__all__ = ["ALGORITHMS", "compile_conv2d", "compile_gemm"]
