"""Sparse weights: eight ways to write them down, six ways to convolve with them, and a model that says when each pays.

FORMATS      COO CSR CSC ELL BCSR Bitmask RunLength NM: Operators, `X.from_dense(a)`, `.dense()`, `@`, `.nbytes`, `.macs`
ALGORITHMS   skip gather csr_im2col csc_im2col direct: conv2d(ia, wt, shape) and workspace(shape), slow and plain
             the fast ones: course_lib.compile_conv2d(wt, shape, algorithm="direct_sparse" | "block_sparse" | "nm_sparse")
submanifold  convolution on a set of active places
model        time by the paper's formula or counted out (prices.py), break_even(shape)
"""

from __future__ import annotations

from types import ModuleType

from . import csc_im2col, csr_im2col, direct, gather, skip
from .bcsr import BCSR
from .bitmask import Bitmask
from .coo import COO
from .csc import CSC
from .csr import CSR
from .ell import ELL
from .model import Machine, break_even, fitted_machine, predicted
from .nm import NM
from .run_length import RunLength
from .submanifold import dilated, point_cloud, rules, submanifold

# A new format: one file beside these, one line here. The tests find it.
FORMATS: dict[str, type] = {
    "COO": COO,
    "CSR": CSR,
    "CSC": CSC,
    "ELL": ELL,
    "BCSR": BCSR,
    "bitmask": Bitmask,
    "run-length": RunLength,
    "N:M": NM,
}

ALGORITHMS: dict[str, ModuleType] = {
    "skip": skip,
    "gather": gather,
    "csr_im2col": csr_im2col,
    "csc_im2col": csc_im2col,
    "direct": direct,
}

__all__ = [
    "ALGORITHMS", "BCSR", "COO", "CSC", "CSR", "ELL", "FORMATS", "Bitmask", "Machine", "NM", "RunLength", "break_even",
    "dilated", "fitted_machine", "point_cloud", "predicted", "rules", "submanifold",
]  # fmt: skip
