"""The exercises of lab 03, part B: convolution as one matrix product (im2col), its memory, and the way back (col2im).

    cols[N·P·Q, C·R·S] @ matrix[C·R·S, K] -> out[N·P·Q, K]

A row of `cols` is a window; the slide draws the transpose, one window a column, which is where im2col has its name.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .exercise import Case, Exercise, Made, Misconception
from .convolutions import conv_cases, convolve, output_size, windows, without_padding
from .pictures import plane_picture

SOURCE = "Lecture, frames 'Im2col (Image2Column)'; Chellapilla, Puri & Simard 2006"

# --- a guess -----------------------------------------------------------------------------------------------------------

lowered_ratio = Exercise(
    name="lowered_ratio",
    reference=lambda: 50.0,
    # any number from 0 to 100 is accepted: the point is for committing to one before the run
    praise="your guess is written down.",
    tolerance=1.0,
    cases=lambda rng: [Case((), label="your guess")],
    hint="Return one number, 0 to 100: how many times larger. Any number in that range earns the point, the right one or not.",
    slide="03_gemm#im2col-costs-memory",
)

# --- the lowered matrix ------------------------------------------------------------------------------------------------


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

# --- the filters -------------------------------------------------------------------------------------------------------


def filter_cases(rng: np.random.Generator) -> list[Case]:
    shapes = [(1, 1, 2, 2), (2, 1, 2, 2), (2, 1, 2, 3), (2, 2, 2, 2), (1, 1, 1, 1), (3, 2, 3, 2), (5, 3, 1, 1), (64, 3, 3, 3)]
    shapes += [tuple(int(v) for v in rng.integers(1, 6, 4)) for _ in range(10)]  # type: ignore[misc]
    cases = []
    for K, C, R, S in shapes:
        w = np.arange(1, K * C * R * S + 1, dtype=np.float32).reshape(K, C, R, S)
        cases.append(Case((w,), label=f"{K} filter{'s' if K > 1 else ''} of {C}x{R}x{S}"))
    return cases


def as_matrix(w: np.ndarray) -> np.ndarray:
    """w[K,C,R,S] -> matrix[C·R·S, K], a filter a column."""
    return w.reshape(w.shape[0], -1).T


FILTERS = "03_gemm#im2col-with-channels"

filters_to_matrix = Exercise(
    name="filters_to_matrix",
    reference=as_matrix,
    cases=filter_cases,
    misconceptions=(
        Misconception(
            "a filter is a row",
            lambda w: as_matrix(w).T,
            "Your matrix is K × C·R·S, as on the slide. `cols` has its windows in rows here, so a filter must be a column.",
            FILTERS,
        ),
        Misconception(
            "reshaped where it should be transposed",
            lambda w: w.reshape(-1, w.shape[0]),
            "The shape is right and the numbers are in the wrong places: reshape never moves a number in memory. Column 0 must"
            " be filter 0. Transposing moves axes.",
            FILTERS,
        ),
        Misconception(
            "rows in (r, s, c) order",
            lambda w: as_matrix(w.transpose(0, 2, 3, 1)),
            "A column runs through the channels fastest, and the rows of `cols` do not: the two orders must be the same, (c, r, s).",
            FILTERS,
        ),
        Misconception(
            "the filter is flipped",
            lambda w: as_matrix(w[:, :, ::-1, ::-1]),
            "The filter is turned by 180 degrees. Networks do not flip: tap (0, 0) meets the window's top left pixel.",
            FILTERS,
        ),
        Misconception(
            "the filter's rows and columns have changed places",
            lambda w: as_matrix(np.swapaxes(w, 2, 3)),
            "Within a channel, r is slower than s, as in a window.",
            FILTERS,
        ),
        Misconception(
            "one long column",
            lambda w: w.reshape(-1, 1),
            "All filters stand in one column below each other. Each of the K filters has a column of its own.",
            FILTERS,
        ),
        Misconception(
            "in the wrong order of filters",
            lambda w: as_matrix(w[::-1]),
            "Column 0 should be filter 0; yours begins with the last.",
            FILTERS,
        ),
    ),
    picture=plane_picture,
    hint="Column k must be wt[k], read in the order (c, r, s), so that a row of cols times column k is output channel k.",
    slide=FILTERS,
)

# --- convolution as one product ----------------------------------------------------------------------------------------


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

# --- the memory --------------------------------------------------------------------------------------------------------


def lowered_bytes(shape: Any) -> int:
    """4·N·P·Q·C·R·S: the lowered matrix in float32."""
    return 4 * shape.N * shape.P * shape.Q * shape.C * shape.R * shape.S


def workspace_cases(rng: np.random.Generator) -> list[Case]:
    table: list[tuple[dict[str, Any], str]] = [
        ({"N": 1, "C": 1, "H": 3, "W": 4, "K": 1, "R": 2, "S": 2}, "one 3x4 image, one 2x2 filter"),
        ({"N": 1, "C": 2, "H": 4, "W": 5, "K": 3, "R": 2, "S": 3}, "two channels, three 2x3 filters"),
        ({"N": 3, "C": 2, "H": 4, "W": 5, "K": 4, "R": 3, "S": 2}, "a batch of 3"),
        ({"N": 1, "C": 1, "H": 5, "W": 6, "K": 2, "R": 3, "S": 2, "pad": 1}, "pad 1"),
        ({"N": 1, "C": 1, "H": 8, "W": 9, "K": 2, "R": 3, "S": 2, "stride": 2}, "stride 2"),
        ({"N": 1, "C": 1, "H": 7, "W": 7, "K": 1, "R": 3, "S": 3}, "the slide's 7x7 image: 25 x 9 elements"),
        ({"N": 1, "C": 3, "H": 56, "W": 56, "K": 64, "R": 3, "S": 3}, "the course's layer, 3x56x56 and 64 filters of 3x3"),
        ({"N": 1, "C": 3, "H": 224, "W": 224, "K": 64, "R": 11, "S": 11, "stride": 4, "pad": 2}, "AlexNet's first layer"),
        ({"N": 8, "C": 64, "H": 224, "W": 224, "K": 64, "R": 3, "S": 3, "pad": 1}, "VGG's second layer, a batch of 8"),
    ]
    for _ in range(8):
        N, C, K, H, W = (int(v) for v in rng.integers(1, 9, 5) + (0, 0, 0, 5, 5))
        R, S, stride, pad = (int(rng.integers(a, b)) for a, b in ((1, 6), (1, 6), (1, 4), (0, 3)))
        letters = {"N": N, "C": C, "H": H, "W": W, "K": K, "R": R, "S": S, "stride": stride, "pad": pad}
        table.append((letters, ", ".join(f"{name}={value}" for name, value in letters.items())))
    return [Case((Made("conv_shape", letters),), label=label) for letters, label in table]


def one_stride_no_pad(shape: Any) -> tuple[int, int]:
    return shape.H - shape.R + 1, shape.W - shape.S + 1


def no_padding_bytes(shape: Any) -> int:
    P, Q = ((size - taps) // step + 1 for size, taps, step in zip((shape.H, shape.W), (shape.R, shape.S), shape.strides, strict=True))
    return 4 * shape.N * P * Q * shape.C * shape.R * shape.S


MEMORY = "03_gemm#im2col-costs-memory"

im2col_workspace = Exercise(
    name="im2col_workspace",
    reference=lowered_bytes,
    cases=workspace_cases,
    misconceptions=(
        Misconception(
            "elements in place of bytes",
            lambda shape: lowered_bytes(shape) // 4,
            "That is the number of elements. A float32 takes 4 bytes.",
            MEMORY,
        ),
        Misconception(
            "a window at every input pixel",
            lambda shape: 4 * shape.N * shape.H * shape.W * shape.C * shape.R * shape.S,
            "There is a row for each output pixel (P·Q), not for each input pixel (H·W).",
            MEMORY,
        ),
        Misconception(
            "the output is counted",
            lambda shape: 4 * shape.N * shape.P * shape.Q * shape.K,
            "That is the size of the output. Asked for is the matrix made on the way to it.",
            MEMORY,
        ),
        Misconception(
            "the filters are counted",
            lambda shape: lowered_bytes(shape) + 4 * shape.params,
            "The filters are there already; workspace is only what is made on the way, the lowered matrix.",
            MEMORY,
        ),
        Misconception(
            "a copy for every filter",
            lambda shape: lowered_bytes(shape) * shape.K,
            "All K filters use the same lowered matrix: that is the point of making it.",
            MEMORY,
        ),
        Misconception(
            "the channels are left out",
            lambda shape: lowered_bytes(shape) // shape.C,
            "A window has C channels: a row has C·R·S numbers.",
            MEMORY,
        ),
        Misconception(
            "one image",
            lambda shape: lowered_bytes(shape) // shape.N,
            "Your answer does not change with N. Every image has its own windows.",
            MEMORY,
        ),
        Misconception(
            "padding left out of P and Q",
            no_padding_bytes,
            "P and Q grow with pad; shape.P and shape.Q know that.",
            MEMORY,
        ),
        Misconception(
            "stride and padding left out of P and Q",
            lambda shape: 4 * shape.N * math.prod(one_stride_no_pad(shape)) * shape.C * shape.R * shape.S,
            "H - R + 1 is P only for stride 1 and no padding; shape.P knows the rest.",
            MEMORY,
        ),
    ),
    hint="How many rows has the lowered matrix, how many numbers has a row, how many bytes has a number?",
    slide=MEMORY,
)

# --- the way back ------------------------------------------------------------------------------------------------------


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

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise for exercise in (lowered_ratio, im2col, filters_to_matrix, conv2d_im2col, im2col_workspace, col2im)
}
