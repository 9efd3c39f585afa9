"""The table of algorithms: one a file, all with the same four functions.

conv2d(ia, wt, shape) -> oa      the convolution, plain arrays in and out
workspace(shape) -> bytes        memory beside ia, wt and oa, for float32
cannot(shape) -> str or None     why it cannot compute a layer, in words
work(shape) -> Work              the products it makes and the memory it moves, as data
"""

from __future__ import annotations

from types import ModuleType

from . import depthwise, direct, fft, im2col, implicit_gemm, indirect, kn2row, mec, pointwise, tiled, winograd

# A new algorithm: one file beside these, one line here. The tests find it.
ALGORITHMS: dict[str, ModuleType] = {
    "direct": direct,
    "im2col": im2col,
    "implicit_gemm": implicit_gemm,
    "indirect": indirect,
    "mec": mec,
    "kn2row": kn2row,
    "winograd": winograd,
    "fft": fft,
    "tiled": tiled,
    "pointwise": pointwise,
    "depthwise": depthwise,
}
