"""The way back: col2im adds every number of cols to the pixel it came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..convolutions import output_size
from ..exercise import Case, Exercise, Misconception
from ..pictures import plane_picture
from .lowering import SHAPES, in_words, options_of, random_shapes


def scattered(cols: np.ndarray, shape: Sequence[int], r: int, s: int, stride: int = 1, pad: int = 0, how: str = "add") -> np.ndarray:
    """cols[N·P·Q, C·R·S] -> x[N,C,H,W], every number put back where im2col took it from; numbers that meet are added.

    The other values of `how`, "last" and "first", are wrong ideas below.
    """
    N, C, H, W = shape
    P, Q = output_size(H, r, stride, pad), output_size(W, s, stride, pad)
    taps = np.asarray(cols, np.float64).reshape(N, P, Q, C, r, s)
    out = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    visits = [(p, q) for p in range(P) for q in range(Q)]
    for p, q in visits[::-1] if how == "first" else visits:
        box = out[:, :, p * stride : p * stride + r, q * stride : q * stride + s]
        box[...] = taps[:, p, q] + (box if how == "add" else 0)
    return out[:, :, pad : pad + H, pad : pad + W]


def col2im_cases(rng: np.random.Generator) -> list[Case]:
    cases = []
    for N, C, H, W, R, S, stride, pad in [*SHAPES, *random_shapes(rng, 20, 1500)]:
        P, Q = output_size(H, R, stride, pad), output_size(W, S, stride, pad)
        cols = rng.integers(-9, 10, (N * P * Q, C * R * S)).astype(np.float32)
        cases.append(Case((cols, (N, C, H, W), R, S), options_of(stride, pad), in_words(N, C, H, W, R, S, stride, pad)))
    return cases


def averaged(cols: Any, shape: Any, r: int, s: int, stride: int = 1, pad: int = 0) -> np.ndarray:
    count = scattered(np.ones_like(cols), shape, r, s, stride, pad)
    return scattered(cols, shape, r, s, stride, pad) / np.maximum(count, 1)


def not_cut(cols: Any, shape: Any, r: int, s: int, stride: int = 1, pad: int = 0) -> np.ndarray:
    N, C, H, W = shape
    return scattered(cols, (N, C, H + 2 * pad, W + 2 * pad), r, s, stride, 0)


def cut_at_the_wrong_side(cols: Any, shape: Any, r: int, s: int, stride: int = 1, pad: int = 0) -> np.ndarray:
    return not_cut(cols, shape, r, s, stride, pad)[:, :, : shape[2], : shape[3]]


def channels_last(cols: Any, shape: Any, r: int, s: int, stride: int = 1, pad: int = 0) -> np.ndarray:
    turned = np.asarray(cols).reshape(len(cols), r, s, shape[1]).transpose(0, 3, 1, 2).reshape(cols.shape)
    return scattered(turned, shape, r, s, stride, pad)


def windows_side_by_side(cols: Any, shape: Any, r: int, s: int, stride: int = 1, pad: int = 0) -> np.ndarray:
    """Window (p, q) begins at (p, q), not at (p·stride, q·stride)."""
    N, C, H, W = shape
    P, Q = output_size(H, r, stride, pad), output_size(W, s, stride, pad)
    taps = np.asarray(cols, np.float64).reshape(N, P, Q, C, r, s)
    out = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for p in range(P):
        for q in range(Q):
            out[:, :, p : p + r, q : q + s] += taps[:, p, q]
    return out[:, :, pad : pad + H, pad : pad + W]


BACK = "03_gemm#col2im-the-way-back"

col2im = Exercise(
    name="col2im",
    reference=scattered,
    cases=col2im_cases,
    tolerance=1e-6,
    misconceptions=(
        Misconception(
            "a later window overwrites an earlier one",
            lambda cols, shape, r, s, stride=1, pad=0: scattered(cols, shape, r, s, stride, pad, "last"),
            "Where windows overlap, only the last one is left. A pixel was copied into several windows; on the way back they add up"
            " (= where += is meant).",
            BACK,
        ),
        Misconception(
            "an earlier window keeps its place",
            lambda cols, shape, r, s, stride=1, pad=0: scattered(cols, shape, r, s, stride, pad, "first"),
            "Where windows overlap, only the first one is left. On the way back all of them add up.",
            BACK,
        ),
        Misconception(
            "overlapping windows are averaged",
            averaged,
            "You divide by the number of windows that meet in a pixel. That would undo im2col; the gradient wants the sum.",
            BACK,
        ),
        Misconception(
            "the padding is not cut off",
            not_cut,
            "Your image is 2·pad larger than shape says: the frame of zeros was never part of it.",
            BACK,
        ),
        Misconception(
            "the padding is cut off at the wrong side",
            cut_at_the_wrong_side,
            "The size is right and the image has moved: pad rows come off at the top and pad at the bottom.",
            BACK,
        ),
        Misconception(
            "columns in (r, s, c) order",
            channels_last,
            "A row of cols is in (c, r, s) order: first all of channel 0.",
            BACK,
        ),
        Misconception(
            "the window does not move by the stride",
            windows_side_by_side,
            "With stride 1 all is well. Window (p, q) came from row p·stride, column q·stride.",
            BACK,
        ),
    ),
    picture=plane_picture,
    hint="The loops of im2col, with the two sides of the `=` exchanged. Start from zeros with the frame of padding,"
    " and cut it off at the end.",
    slide=BACK,
)
