"""MEC: lower along the width only; the windows of every output row are then overlapping views of one buffer.

x[N,C,H,W] -> low[N, Q, H+2·pad, S, C]       strip q: all rows, S columns from q·stride on, channels fastest
rows p·stride to p·stride + R of a strip     are R·S·C numbers in one run: a view, nothing is copied
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..convolutions import conv_cases, convolve, output_size, without_padding
from ..exercise import Case, Count, Exercise, Misconception
from ..pictures import plane_picture
from .lowering import SHAPES, in_words, options_of, random_shapes
from .memory import workspace_cases

SOURCE = "Cho & Brand, MEC: Memory-efficient Convolution for Deep Neural Network, ICML 2017"

STRIPS, ROWS, SAVING = "03_gemm#mec", "03_gemm#mec-partitions", "03_gemm#mec-saving"

# --- strips ------------------------------------------------------------------------------------------------------------


def strips(x: np.ndarray, s: int, stride: int = 1, pad: int = 0, top: bool = True, where: str = "around") -> np.ndarray:
    """x[N,C,H,W] -> low[N, Q, H+2·pad, s, C]"""
    side = (pad, pad) if where == "around" else (0, 2 * pad)
    padded = np.pad(np.asarray(x), ((0, 0), (0, 0), side if top else (0, 0), side))
    view = np.lib.stride_tricks.sliding_window_view(padded, s, axis=3)[:, :, :, ::stride]  # N C H Q s
    return np.ascontiguousarray(view.transpose(0, 3, 2, 4, 1))


def lower_cases(rng: np.random.Generator) -> list[Case]:
    cases = []
    for N, C, H, W, R, S, stride, pad in [*SHAPES, *random_shapes(rng, 20, 1500)]:
        x = np.arange(1, N * C * H * W + 1, dtype=np.float32).reshape(N, C, H, W)
        words = in_words(N, C, H, W, R, S, stride, pad).replace(f"windows of {R}x{S}", f"strips of {S} column{'s' if S > 1 else ''}")
        cases.append(Case((x, S), options_of(stride, pad), words))
    return cases


def side_by_side(x: Any, s: int, stride: int = 1, pad: int = 0) -> np.ndarray:
    return strips(x, s, 1, pad)[:, : output_size(x.shape[3], s, stride, pad)]


mec_lower = Exercise(
    name="mec_lower",
    reference=strips,
    cases=lower_cases,
    misconceptions=(
        Misconception(
            "channels outside the columns",
            lambda x, s, stride=1, pad=0: np.ascontiguousarray(strips(x, s, stride, pad).swapaxes(3, 4)),
            "The last two axes have changed places: a row of a strip is (s, c), first all channels of its first column.",
            STRIPS,
        ),
        Misconception(
            "lowered along the height",
            lambda x, s, stride=1, pad=0: strips(np.swapaxes(x, 2, 3), s, stride, pad),
            "You cut rows where columns are meant: a strip runs from the top of the image to its bottom and is s columns wide.",
            STRIPS,
        ),
        Misconception(
            "no zeros above and below",
            lambda x, s, stride=1, pad=0: strips(x, s, stride, pad, top=False),
            "Left and right there is padding, above and below there is none: a strip is H + 2·pad rows tall.",
            STRIPS,
        ),
        Misconception(
            "the padding is ignored",
            lambda x, s, stride=1, pad=0: strips(x, s, stride, 0) if x.shape[3] >= s else np.zeros((0,)),
            "Your answer does not change with pad. Strips also stand half outside the image, and hold zeros there.",
            STRIPS,
        ),
        Misconception(
            "the zeros are all below and to the right",
            lambda x, s, stride=1, pad=0: strips(x, s, stride, pad, where="after"),
            "The sizes are right, but the image has not moved: the first strip begins pad columns to the left of column 0.",
            STRIPS,
        ),
        Misconception(
            "the stride is ignored",
            lambda x, s, stride=1, pad=0: strips(x, s, 1, pad),
            "Your answer does not change with stride: strip q begins at column q·stride.",
            STRIPS,
        ),
        Misconception(
            "the strips do not move by the stride",
            side_by_side,
            "There are as many strips as there should be, but they lie one column apart. Where does strip q begin?",
            STRIPS,
        ),
        Misconception(
            "rows outside the strips",
            lambda x, s, stride=1, pad=0: np.ascontiguousarray(strips(x, s, stride, pad).swapaxes(1, 2)),
            "Your axes are [N, H, Q, S, C]. A whole strip comes first, then the next: [N, Q, H, S, C].",
            STRIPS,
        ),
    ),
    picture=plane_picture,
    hint="low[n, q] is the strip from column q·stride of the padded image: rows, then its s columns, then channels.",
    slide=STRIPS,
)

# --- the windows of an output row, without a copy ----------------------------------------------------------------------


def row_views(low: np.ndarray, r: int, stride: int = 1) -> list[np.ndarray]:
    """low[N,Q,H,S,C] -> P views [N·Q, r·S·C]: view p holds rows p·stride to p·stride + r of every strip."""
    N, Q, H, S, C = low.shape
    flat = np.asarray(low).reshape(N * Q, H * S * C)
    P = (H - r) // stride + 1
    return [flat[:, p * stride * S * C : (p * stride + r) * S * C] for p in range(P)]


def view_cases(rng: np.random.Generator) -> list[Case]:
    table = [
        (1, 1, 3, 1, 1, 2, 1),
        (1, 2, 3, 2, 1, 2, 1),
        (1, 2, 4, 2, 2, 3, 1),
        (1, 2, 5, 1, 1, 2, 2),
        (2, 2, 3, 2, 1, 2, 1),
        (1, 5, 7, 3, 1, 3, 1),
    ]
    table += [(1, 1, 1, 1, 1, 1, 1), (1, 3, 4, 2, 3, 4, 1), (2, 3, 8, 2, 2, 3, 3)]
    for _ in range(8):
        N, Q, S, C, r, stride = (int(v) for v in rng.integers(1, [3, 5, 4, 4, 4, 4]))
        table.append((N, Q, r + int(rng.integers(0, 6)), S, C, r, stride))
    cases = []
    for N, Q, H, S, C, r, stride in table:
        low = np.arange(1, N * Q * H * S * C + 1, dtype=np.float32).reshape(N, Q, H, S, C)
        words = f"{N} image{'s' if N > 1 else ''}, {Q} strip{'s' if Q > 1 else ''} of {H} rows, {S}x{C} a row; filters {r} tall"
        cases.append(Case((low, r), {"stride": stride} if stride > 1 else {}, words + f", stride {stride}" * (stride > 1)))
    return cases


def by_other_steps(step: Any) -> Any:
    """Views of the right width at other places: view p begins at row step(p, r, stride)."""

    def function(low: Any, r: int, stride: int = 1) -> list[np.ndarray]:
        N, Q, H, S, C = low.shape
        flat = np.asarray(low).reshape(N * Q, H * S * C)
        P = (H - r) // stride + 1
        return [flat[:, step(p, r, stride) * S * C : (step(p, r, stride) + r) * S * C] for p in range(P)]

    return function


def channels_forgotten(low: Any, r: int, stride: int = 1) -> list[np.ndarray]:
    N, Q, H, S, C = low.shape
    flat = np.asarray(low).reshape(N * Q, H * S * C)
    return [flat[:, p * stride * S : (p * stride + r) * S] for p in range((H - r) // stride + 1)]


mec_rows = Exercise(
    name="mec_rows",
    reference=row_views,
    cases=view_cases,
    counts=(
        Count(
            "bytes copied",
            lambda trace: int(trace.marks["allocated"]),
            lambda case: 0,
            "The numbers are right, but they are copies: new memory was taken. Reshape first, then slice the last axis: slices are views."
            " Nothing else is needed.",
            slide=ROWS,
        ),
    ),
    counted=lambda cases: cases[:6],
    misconceptions=(
        Misconception(
            "windows side by side",
            by_other_steps(lambda p, r, stride: p * r),
            "View p begins where view p - 1 ended. They overlap: each begins stride rows below the one before.",
            ROWS,
        ),
        Misconception(
            "the stride is ignored",
            by_other_steps(lambda p, r, stride: p),
            "There are as many views as there should be, one row apart. View p begins at row p·stride.",
            ROWS,
        ),
        Misconception(
            "one view a row, stride or not",
            lambda low, r, stride=1: row_views(low, r, 1),
            "There are too many views: with stride 2 about half as many output rows exist.",
            ROWS,
        ),
        Misconception(
            "a row is S numbers",
            channels_forgotten,
            "With one channel all is well. A row of a strip has S·C numbers, so a view begins at p·stride·S·C and is r·S·C wide.",
            ROWS,
        ),
        Misconception(
            "one view too few",
            lambda low, r, stride=1: row_views(low, r, stride)[:-1],
            "The last view is missing: (H - r) // stride + 1 of them fit.",
            ROWS,
        ),
        Misconception(
            "five axes",
            lambda low, r, stride=1: [low[:, :, p * stride : p * stride + r] for p in range((low.shape[2] - r) // stride + 1)],
            "Your views still have five axes. Reshape low to [N·Q, H·S·C] once, before slicing: then a view is a matrix.",
            ROWS,
        ),
    ),
    hint="low.reshape(N * Q, H * S * C), and view p is its columns from p·stride·S·C on, r·S·C of them.",
    slide=ROWS,
)

# --- the convolution ---------------------------------------------------------------------------------------------------


def plain_convolution(x: Any, w: Any, stride: int = 1, pad: int = 0) -> np.ndarray:
    return convolve(x, w, None, stride, pad)


def mec_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case(case.args, {k: v for k, v in case.kwargs.items() if k != "bias"}, case.label.removesuffix(", bias"))
        for case in conv_cases(rng)
    ]
    # tall filters on a tall image: im2col's matrix is five times as large as the strips
    x, w = rng.integers(-9, 10, (1, 2, 20, 5)).astype(np.float32), rng.integers(-4, 5, (2, 2, 9, 2)).astype(np.float32)
    return [*cases[:34], Case((x, w), label="1 image of 2x20x5, 2 filters of 9x2")]


def room(case: Case) -> int:
    """Strips, padded image, filters and two outputs, twice over: less than im2col's matrix on the case that is counted."""
    (N, C, H, W), (K, _, R, S) = case.args[0].shape, case.args[1].shape
    P, Q = output_size(H, R), output_size(W, S)
    low, image, filters, outputs = N * Q * H * S * C, N * C * H * W, K * C * R * S, N * K * P * Q
    return 4 * (low + image + filters + 2 * outputs) * 3 // 2


def transposed_filters(order: tuple[int, ...]) -> Any:
    """Filter rows in another order than (r, s, c)."""

    def function(x: Any, w: Any, stride: int = 1, pad: int = 0) -> np.ndarray:
        K, C, R, S = w.shape
        rows = np.asarray(w).transpose(0, *order).reshape(K, R, S, C)  # what stands at (r, s, c) then
        return convolve(x, rows.transpose(0, 3, 1, 2), None, stride, pad)

    return function


def rows_first(x: Any, w: Any, stride: int = 1, pad: int = 0) -> np.ndarray:
    """Products [P, N·Q, K] reshaped to [N, K, P, Q] without moving an axis."""
    right = convolve(x, w, None, stride, pad)
    return right.transpose(2, 0, 3, 1).reshape(right.shape)


conv2d_mec = Exercise(
    name="conv2d_mec",
    reference=plain_convolution,
    cases=mec_cases,
    tolerance=1e-5,
    counts=(
        Count(
            "bytes of workspace",
            lambda trace: int(trace.marks["workspace"]),
            room,
            "More memory is taken than the strips need. Is every view multiplied as it lies, and its product put into the result at once?"
            " Arrays of x.dtype take half of numpy's default.",
            rule="at most",
            slide=SAVING,
        ),
    ),
    counted=lambda cases: cases[-1:],
    misconceptions=(
        Misconception(
            "filters in (c, r, s) order",
            transposed_filters((1, 2, 3)),
            "With one channel all is well. A view's row is (r, s, c), channels fastest, so a filter must be in that order too.",
            STRIPS,
        ),
        Misconception(
            "filters in (s, r, c) order",
            transposed_filters((3, 2, 1)),
            "A view's row runs through r slowest: (r, s, c). Your filters have r and s in each other's place.",
            STRIPS,
        ),
        Misconception(
            "the rows of the output are not moved",
            rows_first,
            "The products come row by row of the output, [P, N·Q, K]. An axis has to move before they are [N, K, P, Q].",
            SAVING,
        ),
        Misconception(
            "channels last",
            lambda x, w, stride=1, pad=0: convolve(x, w, None, stride, pad).transpose(0, 2, 3, 1),
            "Your result is [N, P, Q, K]; asked for is [N, K, P, Q].",
            SAVING,
        ),
        Misconception(
            "the filter is flipped",
            lambda x, w, stride=1, pad=0: convolve(x, w[:, :, ::-1, ::-1], None, stride, pad),
            "The filter is turned by 180 degrees. Networks do not flip.",
            "01_intro#the-window-and-its-sum",
        ),
        Misconception(
            "the stride is ignored",
            lambda x, w, stride=1, pad=0: convolve(x, w, None, 1, pad),
            "Your answer does not change with stride: is it handed on to mec_lower and mec_rows?",
            STRIPS,
        ),
        Misconception(
            "the padding is ignored",
            lambda x, w, stride=1, pad=0: without_padding(x, w, None, stride, pad),
            "Your answer does not change with pad: is it handed on to mec_lower?",
            STRIPS,
        ),
        Misconception(
            "rows and columns have changed places",
            lambda x, w, stride=1, pad=0: np.swapaxes(convolve(x, w, None, stride, pad), 2, 3),
            "The output is [N, K, P, Q]: P comes from the height H, Q from the width W.",
            SAVING,
        ),
    ),
    picture=plane_picture,
    hint="Lower, take the views, and for each p: product(view, filters) is [N·Q, K]; it belongs into out[:, :, p, :].",
    slide=SAVING,
)

# --- the memory --------------------------------------------------------------------------------------------------------


def strip_bytes(shape: Any) -> int:
    """4·N·Q·(H + top + bottom)·S·C"""
    return 4 * shape.N * shape.Q * (shape.H + sum(shape.pads[0])) * shape.S * shape.C


def but(**changed: Any) -> Any:
    """The formula with other factors: but(H=lambda shape: shape.P)."""

    def function(shape: Any) -> int:
        factors = {
            "bytes": 4, "N": shape.N, "Q": shape.Q, "H": shape.H + sum(shape.pads[0]), "S": shape.S, "C": shape.C,
        }  # fmt: skip
        factors |= {name: value(shape) for name, value in changed.items()}
        return int(np.prod([int(v) for v in factors.values()], dtype=object))

    return function


def saving_cases(rng: np.random.Generator) -> Sequence[Case]:
    return [*workspace_cases(rng)]


mec_workspace = Exercise(
    name="mec_workspace",
    reference=strip_bytes,
    cases=saving_cases,
    misconceptions=(
        Misconception(
            "elements in place of bytes", but(bytes=lambda s: 1), "That is the number of elements. A float32 takes 4 bytes.", SAVING
        ),
        Misconception(
            "im2col's matrix",
            but(H=lambda s: s.P * s.R),
            "That is im2col's matrix, R copies of each row. A strip holds every row once: H of them, not P·R.",
            SAVING,
        ),
        Misconception(
            "the padding rows are left out",
            but(H=lambda s: s.H),
            "A strip runs through the zeros above and below, too: it is H + 2·pad rows tall.",
            SAVING,
        ),
        Misconception(
            "a strip for every column of the image",
            but(Q=lambda s: s.W),
            "There is a strip for each output column, Q of them, not for each of the W columns of the image.",
            SAVING,
        ),
        Misconception("as tall as the output", but(H=lambda s: s.P), "A strip is as tall as the padded image, not as the output.", SAVING),
        Misconception(
            "lowered along the height",
            lambda s: 4 * s.N * s.P * (s.W + sum(s.pads[1])) * s.R * s.C,
            "That is what lowering along the height would take: P·(W + 2·pad)·R. MEC lowers along the width.",
            SAVING,
        ),
        Misconception("the channels are left out", but(C=lambda s: 1), "Each column of a strip has C channels.", SAVING),
        Misconception("one image", but(N=lambda s: 1), "Your answer does not change with N. Every image has its own strips.", SAVING),
    ),
    hint="How many strips are there, how many rows has a strip, how many numbers has a row of it, how many bytes has a number?",
    slide=SAVING,
)
