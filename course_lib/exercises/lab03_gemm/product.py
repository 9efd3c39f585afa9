"""Convolution as one product: lower, multiply, bring the axes into their order."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..convolutions import conv_cases, convolve, without_padding
from ..exercise import Case, Exercise, Misconception
from ..pictures import plane_picture
from .filters import FILTERS


def product_cases(rng: np.random.Generator) -> list[Case]:
    return conv_cases(rng)[:40]


def not_moved(x: Any, w: Any, bias: Any = None, stride: int = 1, pad: int = 0) -> np.ndarray:
    """out[N·P·Q, K] reshaped straight to (N, K, P, Q)."""
    right = convolve(x, w, bias, stride, pad)
    return np.moveaxis(right, 1, -1).reshape(right.shape)


def mixed_orders(x: Any, w: Any, bias: Any = None, stride: int = 1, pad: int = 0) -> np.ndarray:
    """Rows of cols in (r, s, c) order, the filters in (c, r, s)."""
    K, C, R, S = w.shape
    return convolve(x, w.reshape(K, R, S, C).transpose(0, 3, 1, 2), bias, stride, pad)


def batch_and_filters_exchanged(x: Any, w: Any, bias: Any = None, stride: int = 1, pad: int = 0) -> np.ndarray:
    """(N·P·Q, K) transposed and reshaped to (N, K, P, Q): right for one image."""
    right = convolve(x, w, bias, stride, pad)
    return right.transpose(1, 0, 2, 3).reshape(right.shape)


def folded_channels_last(x: Any, w: Any, bias: Any = None, stride: int = 1, pad: int = 0) -> np.ndarray:
    return convolve(x, w, bias, stride, pad).transpose(0, 2, 3, 1)


PRODUCT = "03_gemm#one-matrix-product"

conv2d_im2col = Exercise(
    name="conv2d_im2col",
    reference=convolve,
    cases=product_cases,
    tolerance=1e-5,
    misconceptions=(
        Misconception(
            "the filters are wrongly reshaped",
            lambda x, w, bias=None, stride=1, pad=0: convolve(x, w.reshape(-1, w.shape[0]).T.reshape(w.shape), bias, stride, pad),
            "With one filter all is well, with two the numbers are mixed: is column k of the filter matrix really filter k?",
            FILTERS,
        ),
        Misconception(
            "the two matrices are in different orders",
            mixed_orders,
            "With one channel all is well, with two it is not: rows of cols in (r, s, c) order meet filters in (c, r, s) order.",
            FILTERS,
        ),
        Misconception(
            "the two matrices are in different orders, the other way round",
            lambda x, w, bias=None, stride=1, pad=0: convolve(x, w.transpose(0, 2, 3, 1).reshape(w.shape), bias, stride, pad),
            "With one channel all is well, with two it is not: rows of cols in (c, r, s) order meet filters in (r, s, c) order.",
            FILTERS,
        ),
        Misconception(
            "the product is reshaped where an axis should move",
            not_moved,
            "The product is [N·P·Q, K]: K runs fastest. Reshape it to what it is, (N, P, Q, K), and then move K to its place.",
            PRODUCT,
        ),
        Misconception(
            "right for one image only",
            batch_and_filters_exchanged,
            "With two images filters and images are mixed up. After a transpose the axes are (K, N, P, Q), not (N, K, P, Q).",
            PRODUCT,
        ),
        Misconception(
            "channels last",
            folded_channels_last,
            "Your result is [N, P, Q, K], NHWC; asked for is [N, K, P, Q].",
            PRODUCT,
        ),
        Misconception(
            "the bias is forgotten",
            lambda x, w, bias=None, stride=1, pad=0: convolve(x, w, None, stride, pad),
            "Without bias your answer is right; with it, nothing changes. One number a filter is added to every output.",
            PRODUCT,
        ),
        Misconception(
            "the output's rows and columns have changed places",
            lambda x, w, bias=None, stride=1, pad=0: np.swapaxes(convolve(x, w, bias, stride, pad), 2, 3),
            "The output is [N, K, P, Q]: P comes from the height H, Q from the width W.",
            PRODUCT,
        ),
        Misconception(
            "the filter is flipped",
            lambda x, w, bias=None, stride=1, pad=0: convolve(x, w[:, :, ::-1, ::-1], bias, stride, pad),
            "The filter is turned by 180 degrees. Networks do not flip.",
            PRODUCT,
        ),
        Misconception(
            "the stride is ignored",
            lambda x, w, bias=None, stride=1, pad=0: convolve(x, w, bias, 1, pad),
            "Your answer does not change with stride: is it handed on to im2col?",
            PRODUCT,
        ),
        Misconception(
            "the padding is ignored",
            without_padding,
            "Your answer does not change with pad: is it handed on to im2col?",
            PRODUCT,
        ),
    ),
    picture=plane_picture,
    hint="im2col, the filter matrix, one product, the bias; then reshape to (N, P, Q, K) and move K behind N.",
    slide=PRODUCT,
)
