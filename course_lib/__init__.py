"""Efficient computing of deep neural networks: a description is frozen data; a verb turns descriptions and arrays into a
record; a view turns a record into a picture.

    descriptions   ConvShape, GemmShape          one layer in the lecture's letters: P, Q, macs, params, bytes
                   NETWORKS                      the lecture's networks as lists of named layers
    verbs          conv2d, ALGORITHMS            one convolution, computed by the algorithm you name
                   compare                       all prices of all algorithms for one layer
                   compile_conv2d, compile_gemm  the same as machine code made for one layer on this machine
                   record                        runs your own Python loop and notes every load, store and MAC
    records        Report, History               named columns of numbers
                   Trace, Buffer, Timeline       memory accesses in order; cycles by units
    views          course_lib.views              pictures of all of these
                   explore                       a loop nest to reorder and tile by hand, its readings beside it

>>> import numpy as np
>>> conv2d(np.ones((1, 3, 5, 5)), np.ones((2, 3, 3, 3))).shape
(1, 2, 3, 3)
"""

from typing import Any

from .conv import ALGORITHMS, conv2d
from .recorded import Recorder, record
from .records import Buffer, History, Report, Timeline, Trace
from .shapes import ConvShape, GemmShape

__all__ = [
    "ALGORITHMS", "Buffer", "ConvShape", "GemmShape", "History", "NETWORKS", "Recorder", "Report", "Timeline", "Trace",
    "compare", "compile_conv2d", "compile_gemm", "conv2d", "explore", "record",
]  # fmt: skip

# names whose room is opened when they are asked for, so that `import course_lib` stays light
LATER = {"NETWORKS": "zoo", "compare": "conv", "compile_conv2d": "kernels", "compile_gemm": "kernels", "explore": "explorer"}


def __getattr__(name: str) -> Any:
    """A public name from a room that is not loaded yet."""
    if name not in LATER:
        raise AttributeError(f"module 'course_lib' has no attribute {name!r}; the public names are {', '.join(__all__)}")
    from importlib import import_module

    return getattr(import_module(f".{LATER[name]}", __name__), name)
