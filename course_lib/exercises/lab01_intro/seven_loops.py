"""The convolution as the slide writes it: seven loops, counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..convolutions import conv_cases, convolve, output_size, without_padding
from ..exercise import Case, Count, Exercise, Misconception
from ..pictures import plane_picture
from .size_of_output import PQ


def conv_macs(case: Case) -> int:
    """N·K·P·Q·C·R·S of a case without padding."""
    (N, C, H, W), (K, _, R, S), stride = case.args[0].shape, case.args[1].shape, case.kwargs.get("stride", 1)
    return N * K * output_size(H, R, stride) * output_size(W, S, stride) * C * R * S


def countable(cases: Sequence[Case]) -> list[Case]:
    """Small cases without padding: there, skipping the zeros and padding the array first do the same work."""
    fit = [case for case in cases if not case.kwargs.get("pad") and "bias" not in case.kwargs]
    return [case for case in fit if conv_macs(case) <= 200][:6]


def window_does_not_move(x: Any, w: Any, bias: Any = None, stride: int = 1, pad: int = 0) -> np.ndarray:
    P, Q = (output_size(x.shape[2 + i], w.shape[2 + i], stride, pad) for i in (0, 1))
    return convolve(x, w, bias, 1, pad)[:, :, :P, :Q]


def last_product(x: Any, w: Any, bias: Any = None, stride: int = 1, pad: int = 0) -> np.ndarray:
    only = np.zeros_like(w)
    only[:, -1, -1, -1] = w[:, -1, -1, -1]
    return convolve(x, only, bias, stride, pad)


def first_image(x: Any, w: Any, bias: Any = None, stride: int = 1, pad: int = 0) -> np.ndarray:
    out = convolve(x, w, bias, stride, pad)
    out[1:] = 0
    return out


def pad_once(x: Any, w: Any, bias: Any = None, stride: int = 1, pad: int = 0) -> np.ndarray:
    P, Q = ((x.shape[2 + i] + pad - w.shape[2 + i]) // stride + 1 for i in (0, 1))
    return convolve(x, w, bias, stride, pad)[:, :, : max(P, 0), : max(Q, 0)]


BASIS = "01_intro#the-seven-loops"

conv2d_direct = Exercise(
    name="conv2d_direct",
    reference=convolve,
    cases=conv_cases,
    tolerance=1e-5,
    counts=(
        Count(
            "MACs",
            lambda trace: trace.macs,
            conv_macs,
            "The values are right, the number of multiply-accumulates is not N·K·P·Q·C·R·S. Seven loops and one"
            " `oa[n, k, p, q] += x[...] * w[...]` do exactly that many; a library's convolution or matrix product does none that we see.",
            slide=BASIS,
        ),
    ),
    counted=countable,
    misconceptions=(
        Misconception(
            "the filter is flipped",
            lambda x, w, bias=None, stride=1, pad=0: convolve(x, w[:, :, ::-1, ::-1], bias, stride, pad),
            "You compute the convolution of the mathematicians, with the filter turned by 180 degrees. Networks do not flip:"
            " tap (0, 0) meets the window's top left pixel.",
            "01_intro#the-window-and-its-sum",
        ),
        Misconception(
            "the filter's rows and columns have changed places",
            lambda x, w, bias=None, stride=1, pad=0: convolve(x, np.swapaxes(w, 2, 3), bias, stride, pad),
            "In the filter r counts the rows and goes with h; s counts the columns and goes with w.",
            "01_intro#the-window-and-its-sum",
        ),
        Misconception(
            "the output's rows and columns have changed places",
            lambda x, w, bias=None, stride=1, pad=0: np.swapaxes(convolve(x, w, bias, stride, pad), 2, 3),
            "The output is [N, K, P, Q]: P comes from the height H, Q from the width W.",
            PQ,
        ),
        Misconception(
            "only the last product is kept",
            last_product,
            "Each output is a sum over c, r and s. Does a later product overwrite the earlier ones (= where += is meant)?",
            "01_intro#the-window-and-its-sum",
        ),
        Misconception(
            "only the last channel is kept",
            lambda x, w, bias=None, stride=1, pad=0: convolve(x[:, -1:], w[:, -1:], bias, stride, pad),
            "The sum starts again with every channel. An output adds up all C channels.",
            "01_intro#channels-and-filters",
        ),
        Misconception(
            "the window does not move by the stride",
            window_does_not_move,
            "The output has the right size, but the windows lie side by side. Where does the window of output p begin?",
            PQ,
        ),
        Misconception(
            "the stride is ignored",
            lambda x, w, bias=None, stride=1, pad=0: convolve(x, w, bias, 1, pad),
            "Your answer does not change with stride. With stride 2 every second window is computed.",
            PQ,
        ),
        Misconception(
            "the padding is ignored",
            without_padding,
            "Your answer does not change with pad. Zeros outside the image make room for more windows.",
            PQ,
        ),
        Misconception(
            "the zeros are all below and to the right",
            lambda x, w, bias=None, stride=1, pad=0: convolve(x, w, bias, stride, pad, where="after"),
            "The output has the right size, but the image has not moved: the first window begins pad rows above row 0.",
            PQ,
        ),
        Misconception(
            "the padding is counted once",
            pad_once,
            "Your output is too small: zeros are added on both sides of the image, so P and Q grow by 2·pad.",
            PQ,
        ),
        Misconception(
            "the bias is forgotten",
            lambda x, w, bias=None, stride=1, pad=0: convolve(x, w, None, stride, pad),
            "Without bias your answer is right; with it, nothing changes. One number a filter is added to every output.",
            BASIS,
        ),
        Misconception(
            "the bias is added with every product",
            lambda x, w, bias=None, stride=1, pad=0: convolve(x, w, None if bias is None else bias * math.prod(w.shape[1:]), stride, pad),
            "The bias stands inside the loops over c, r, s and is added C·R·S times. Once is enough.",
            BASIS,
        ),
        Misconception(
            "only the first image is computed",
            first_image,
            "The other images of the batch stay zero: which loop runs over n?",
            "01_intro#channels-and-filters",
        ),
    ),
    picture=plane_picture,
    hint="Take the smallest case above and work out the top left output by hand. Which pixels does its window cover?",
    slide=BASIS,
)
