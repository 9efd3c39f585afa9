"""One nest compiled with more and with less effort: what the optimiser does to the difference between two loop orders.

0   nothing is improved: every number takes its time, wherever it comes from
2   clean-up and simplification, one number at a time
3   the same, and the inner loop in vectors where the order allows it
"""

from __future__ import annotations

import ctypes
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir

from ..nest.jit import COMPILING, host
from ..nest.lower import lower

SOURCE = "Lecture, frame 'Same complexity; same real runtime?'; LLVM's pass pipelines O0, O2, O3"

EFFORTS = (0, 2, 3)


def compiled(nest: Any, effort: int) -> Any:
    """A nest of float32 as f(a, b) -> out on plain arrays, by LLVM's own pipeline of this effort (vectors from 3 on).

    Raises ValueError for another effort.
    """
    if effort not in EFFORTS:
        raise ValueError(f"effort: want one of {', '.join(map(str, EFFORTS))}, got {effort!r}")
    with COMPILING:
        processor, features = host()
        machine = llvm.Target.from_default_triple().create_target_machine(cpu=processor, features=features, opt=effort)
        module = llvm.parse_assembly(str(lower(nest, number=ir.FloatType())))
        module.verify()
        if effort:
            options = llvm.create_pipeline_tuning_options(speed_level=effort)
            options.loop_unrolling = options.loop_vectorization = options.slp_vectorization = effort == 3
            builder = llvm.create_pass_builder(machine, options)
            builder.getModulePassManager().run(module, builder)
        engine = llvm.create_mcjit_compiler(module, machine)
        engine.finalize_object()
    kernel = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3)(engine.get_function_address("kernel"))

    def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        (x, y), out = nest.problem.ins, nest.problem.out
        a, b = (np.ascontiguousarray(t.check(v), np.float32) for t, v in ((x, a), (y, b)))
        c = np.zeros(out.shape, np.float32)
        kernel(a.ctypes.data, b.ctypes.data, c.ctypes.data)
        return c

    product.engine = engine  # type: ignore[attr-defined]  # the code lives as long as the function
    return product
