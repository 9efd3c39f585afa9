"""Convolution: one algorithm a file, all with the same four functions; the table of them is in algorithms.py.

>>> list(ALGORITHMS)[:4]
['direct', 'im2col', 'implicit_gemm', 'indirect']

conv2d(...) computes one, conv1d and conv3d have an axis less or more, conv_transpose2d goes the other way, conv2d_input_grad and
conv2d_weight_grad are the gradients, compare(shape) puts the prices of all algorithms beside each other.
"""

from __future__ import annotations

from typing import Any

from .algorithms import ALGORITHMS
from .axes import conv1d, conv3d, conv_transpose1d, conv_transpose3d
from .gradients import conv2d_input_grad, conv2d_weight_grad
from .public import conv2d
from .transposed import conv_transpose2d

__all__ = [
    "ALGORITHMS",
    "compare",
    "conv1d",
    "conv2d",
    "conv2d_input_grad",
    "conv2d_weight_grad",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
]


def __getattr__(name: str) -> Any:
    """compare brings the machine room with it, so it is fetched when asked for."""
    if name == "compare":
        from .prices import compare

        return compare
    raise AttributeError(f"course_lib.conv has no {name!r}; the public names are {', '.join(__all__)}")
