"""From image to matrix: every window a row of cols[N·P·Q, C·R·S]. (The slide draws the transpose, a window a column.)"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..convolutions import output_size, windows
from ..exercise import Case, Exercise, Misconception
from ..pictures import plane_picture


def lowered(x: np.ndarray, r: int, s: int, stride: int = 1, pad: int = 0, order: str = "npqcrs", where: str = "around") -> np.ndarray:
    """x[N,C,H,W] -> cols[N·P·Q, C·R·S]; `order` names the axes from slowest to fastest, the first three are the row."""
    view = windows(x, r, s, stride, pad, where)
    axes = view.transpose(["ncpqrs".index(letter) for letter in order])
    return axes.reshape(math.prod(axes.shape[:3]), math.prod(axes.shape[3:]))


SHAPES = [  # N C H W, r s, stride, pad
    (1, 1, 3, 3, 2, 2, 1, 0),
    (1, 1, 3, 4, 2, 2, 1, 0),
    (1, 1, 4, 3, 3, 2, 1, 0),
    (1, 2, 3, 3, 2, 2, 1, 0),
    (1, 1, 5, 6, 2, 2, 2, 0),
    (1, 1, 2, 2, 2, 2, 1, 1),
    (2, 1, 3, 3, 2, 2, 1, 0),
    (2, 3, 4, 5, 2, 3, 1, 1),
    (1, 1, 1, 1, 1, 1, 1, 0),
    (1, 1, 7, 7, 3, 3, 1, 0),
    (1, 1, 2, 3, 3, 3, 1, 2),
    (2, 3, 5, 7, 3, 2, 3, 2),
    (1, 5, 1, 7, 1, 3, 2, 0),
]


def random_shapes(rng: np.random.Generator, count: int, most: int) -> list[tuple[int, ...]]:
    """Ragged shapes with at most so many elements in the lowered matrix."""
    shapes: list[tuple[int, ...]] = []
    while len(shapes) < count:
        N, C = (int(v) for v in rng.integers(1, 4, 2))
        R, S, stride, pad = (int(rng.integers(a, b)) for a, b in ((1, 5), (1, 5), (1, 4), (0, 4)))
        H, W = (max(1, int(v) + max(0, size - 2 * pad)) for v, size in zip(rng.integers(0, 8, 2), (R, S), strict=True))
        if N * C * R * S * output_size(H, R, stride, pad) * output_size(W, S, stride, pad) <= most:
            shapes.append((N, C, H, W, R, S, stride, pad))
    return shapes


def in_words(N: int, C: int, H: int, W: int, R: int, S: int, stride: int, pad: int) -> str:
    words = [f"{N} image{'s' if N > 1 else ''} of {C}x{H}x{W}", f"windows of {R}x{S}"]
    return ", ".join(words + [f"stride {stride}"] * (stride > 1) + [f"pad {pad}"] * (pad > 0))


def options_of(stride: int, pad: int) -> dict[str, int]:
    return ({"stride": stride} if stride != 1 else {}) | ({"pad": pad} if pad else {})


def im2col_cases(rng: np.random.Generator) -> list[Case]:
    cases = []
    for N, C, H, W, R, S, stride, pad in [*SHAPES, *random_shapes(rng, 20, 1500)]:
        # counted upwards from 1, so that every number says which pixel it is; zeros are padding
        x = np.arange(1, N * C * H * W + 1, dtype=np.float32).reshape(N, C, H, W)
        cases.append(Case((x, R, S), options_of(stride, pad), in_words(N, C, H, W, R, S, stride, pad)))
    return cases


def side_by_side(x: Any, r: int, s: int, stride: int = 1, pad: int = 0) -> np.ndarray:
    """As many windows as there should be, one pixel apart."""
    P, Q = output_size(x.shape[2], r, stride, pad), output_size(x.shape[3], s, stride, pad)
    view = windows(x, r, s, 1, pad)[:, :, :P, :Q]
    return view.transpose(0, 2, 3, 1, 4, 5).reshape(x.shape[0] * P * Q, x.shape[1] * r * s)


def without_frame(x: Any, r: int, s: int, stride: int = 1, pad: int = 0) -> np.ndarray:
    P, Q = output_size(x.shape[2], r, stride), output_size(x.shape[3], s, stride)
    if P < 1 or Q < 1:  # a window larger than the image: loops that never run
        return np.zeros((x.shape[0] * max(P, 0) * max(Q, 0), x.shape[1] * r * s))
    return lowered(x, r, s, stride, 0)


def without_overlap(x: Any, r: int, s: int, stride: int = 1, pad: int = 0) -> np.ndarray:
    view = windows(x, r, s, 1, pad)[:, :, ::r, ::s]
    return view.transpose(0, 2, 3, 1, 4, 5).reshape(-1, x.shape[1] * r * s)


LOWER = "03_gemm#im2col"

im2col = Exercise(
    name="im2col",
    reference=lowered,
    cases=im2col_cases,
    misconceptions=(
        Misconception(
            "one window a column",
            lambda x, r, s, stride=1, pad=0: lowered(x, r, s, stride, pad).T,
            "This is the slide's matrix, C·R·S × P·Q. Here a window is a row, N·P·Q × C·R·S: the transpose.",
            LOWER,
        ),
        Misconception(
            "columns in (r, s, c) order",
            lambda x, r, s, stride=1, pad=0: lowered(x, r, s, stride, pad, "npqrsc"),
            "Within a row the channels run fastest. wt[k] is stored as (c, r, s), so the row must be in that order too: first all"
            " of channel 0.",
            "03_gemm#im2col-with-channels",
        ),
        Misconception(
            "each window is turned over",
            lambda x, r, s, stride=1, pad=0: lowered(x, r, s, stride, pad, "npqcsr"),
            "The pixels of a window run down its columns. Read it as one reads: along row 0 of the window, then row 1.",
            LOWER,
        ),
        Misconception(
            "the windows run down the image first",
            lambda x, r, s, stride=1, pad=0: lowered(x, r, s, stride, pad, "nqpcrs"),
            "Row 1 of your matrix is the window below the first. It should be the one to the right: q runs faster than p.",
            LOWER,
        ),
        Misconception(
            "the windows do not overlap",
            without_overlap,
            "The window jumps by its own size. It moves by stride, and at stride 1 most pixels are in several windows.",
            LOWER,
        ),
        Misconception(
            "the window does not move by the stride",
            side_by_side,
            "There are as many rows as there should be, but the windows lie one pixel apart. Where does window (p, q) begin?",
            LOWER,
        ),
        Misconception(
            "the stride is ignored",
            lambda x, r, s, stride=1, pad=0: lowered(x, r, s, 1, pad),
            "Your answer does not change with stride: with stride 2 there are about a quarter as many windows.",
            LOWER,
        ),
        Misconception(
            "the padding is ignored",
            without_frame,
            "Your answer does not change with pad. Windows also stand half outside the image, and hold zeros there.",
            LOWER,
        ),
        Misconception(
            "the zeros are all below and to the right",
            lambda x, r, s, stride=1, pad=0: lowered(x, r, s, stride, pad, where="after"),
            "There are enough rows, but the image has not moved: the first window begins pad rows above row 0.",
            LOWER,
        ),
        Misconception(
            "the images are interleaved",
            lambda x, r, s, stride=1, pad=0: lowered(x, r, s, stride, pad, "pqncrs"),
            "All windows of image 0 come first, then those of image 1: n is the slowest.",
            LOWER,
        ),
    ),
    picture=plane_picture,
    hint="Row 0 is the first window, read as one reads, channel 0 first. Write it down by hand for the case above.",
    slide=LOWER,
)
