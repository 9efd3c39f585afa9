"""The exercises of lab 01: the size of the output, the seven loops, layouts, the cost of a layer and of a network, latency.

Each exercise: its cases, smallest first; the right answer; and the wrong ideas people have, as functions that have them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .exercise import Case, Count, Exercise, Made, Misconception
from .pictures import plane_picture

SOURCE = "Lecture, frames from the title to 'Convolution is the bottleneck', and 'Convolution basis'"

# --- a guess -----------------------------------------------------------------------------------------------------------

fc_share = Exercise(
    name="fc_share",
    reference=lambda: 50.0,
    # any number from 0 to 100 is accepted: the point is for committing to one before the run
    praise="your guess is written down.",
    tolerance=1.0,
    cases=lambda rng: [Case((), label="your guess")],
    hint="Return one number from 0 to 100: the per cent you expect. Any number in that range earns the point, the right one or not.",
    slide="01_intro#convolution-is-the-bottleneck",
)

# --- the size of the output --------------------------------------------------------------------------------------------


def output_size(h: int, r: int, stride: int = 1, pad: int = 0, dilation: int = 1) -> int:
    """floor((h + 2·pad - dilation·(r - 1) - 1) / stride) + 1"""
    return (h + 2 * pad - dilation * (r - 1) - 1) // stride + 1


def size_cases(rng: np.random.Generator) -> list[Case]:
    table = [
        ((5, 3), {}, "5 rows, filter of 3"),
        ((1, 1), {}, "1 row, filter of 1"),
        ((4, 3), {"pad": 1}, "4 rows, filter of 3, pad 1"),
        ((7, 3), {"stride": 2}, "7 rows, filter of 3, stride 2"),
        ((8, 3), {"stride": 2}, "8 rows, filter of 3, stride 2: the last row is not reached"),
        ((9, 3), {"stride": 4}, "9 rows, filter of 3, stride 4"),
        ((9, 3), {"dilation": 2}, "9 rows, filter of 3 with dilation 2"),
        ((11, 3), {"stride": 2, "pad": 2, "dilation": 3}, "11 rows, filter of 3, stride 2, pad 2, dilation 3"),
        ((3, 3), {"stride": 5}, "3 rows, filter of 3, stride 5: one output"),
        ((2, 3), {"pad": 3}, "2 rows, filter of 3, pad 3: padding wider than the filter needs"),
        ((224, 11), {"stride": 4, "pad": 2}, "AlexNet's first layer"),
        ((227, 11), {"stride": 4}, "AlexNet's first layer as in the paper"),
        ((224, 7), {"stride": 2, "pad": 3}, "ResNet's first layer"),
        ((224, 3), {"pad": 1}, "every layer of VGG keeps its size"),
    ]
    for _ in range(40):
        r, stride, dilation, pad = (int(rng.integers(a, b)) for a, b in ((1, 8), (1, 5), (1, 4), (0, 6)))
        h = int(rng.integers(1, 60)) + max(0, dilation * (r - 1) - 2 * pad)
        options = {"stride": stride, "pad": pad, "dilation": dilation}
        table.append(((h, r), options, f"h={h}, r={r}, stride={stride}, pad={pad}, dilation={dilation}"))
    return [Case(args, options, label) for args, options, label in table]


PQ = "01_intro#stride-and-padding"

conv_output_size = Exercise(
    name="conv_output_size",
    reference=output_size,
    cases=size_cases,
    misconceptions=(
        Misconception(
            "the padding is counted once",
            lambda h, r, stride=1, pad=0, dilation=1: (h + pad - dilation * (r - 1) - 1) // stride + 1,
            "Rows of zeros are added above and below: how many does that make in all?",
            PQ,
        ),
        Misconception(
            "the padding is left out",
            lambda h, r, stride=1, pad=0, dilation=1: (h - dilation * (r - 1) - 1) // stride + 1,
            "Your answer does not change with pad. The window moves over the padded image.",
            PQ,
        ),
        Misconception(
            "the + 1 is missing",
            lambda h, r, stride=1, pad=0, dilation=1: (h + 2 * pad - dilation * (r - 1) - 1) // stride,
            "You have counted the moves of the window. It also stands somewhere before its first move.",
            PQ,
        ),
        Misconception(
            "rounded up where it should be rounded down",
            lambda h, r, stride=1, pad=0, dilation=1: -(-(h + 2 * pad - dilation * (r - 1) - 1) // stride) + 1,
            "A window that would hang over the edge is not computed. The slide leaves the rounding out; torch rounds down.",
            PQ,
        ),
        Misconception(
            "not rounded at all",
            lambda h, r, stride=1, pad=0, dilation=1: (h + 2 * pad - dilation * (r - 1) - 1) / stride + 1,
            "There is no such thing as half an output row: is `/` the division you want?",
            PQ,
        ),
        Misconception(
            "the + 1 is divided by the stride too",
            lambda h, r, stride=1, pad=0, dilation=1: (h + 2 * pad - dilation * (r - 1)) // stride,
            "Divide the moves by the stride first, then add the first position.",
            PQ,
        ),
        Misconception(
            "the dilation is ignored",
            lambda h, r, stride=1, pad=0, dilation=1: (h + 2 * pad - r) // stride + 1,
            "With dilation 2 the taps of a filter of 3 lie on rows 0, 2 and 4: how many rows does it cover?",
            PQ,
        ),
        Misconception(
            "the filter is taken as dilation times its size",
            lambda h, r, stride=1, pad=0, dilation=1: (h + 2 * pad - dilation * r) // stride + 1,
            "Between r taps there are r - 1 gaps. Only the gaps are stretched.",
            PQ,
        ),
        Misconception(
            "the stride is ignored",
            lambda h, r, stride=1, pad=0, dilation=1: h + 2 * pad - dilation * (r - 1),
            "Your answer does not change with stride. The window skips rows when the stride is larger than 1.",
            PQ,
        ),
    ),
    hint="Try it on paper: 5 rows, a filter of 3. Write down where the window can begin, and count.",
    slide=PQ,
)

# --- layouts -----------------------------------------------------------------------------------------------------------


def strides(shape: Sequence[int], layout: str) -> tuple[int, ...]:
    """How many elements lie between neighbours along n, c, h, w."""
    N, C, H, W = shape
    return (C * H * W, H * W, W, 1) if layout == "NCHW" else (H * W * C, 1, W * C, C)


def stride_cases(rng: np.random.Generator) -> list[Case]:
    table: list[tuple[tuple[int, ...], str]] = [((1, 1, 2, 3), "NCHW"), ((1, 2, 3, 5), "NCHW"), ((1, 2, 3, 5), "NHWC")]
    table += [((2, 3, 5, 7), "NCHW"), ((2, 3, 5, 7), "NHWC")]
    table += [((1, 1, 1, 1), "NCHW"), ((1, 1, 1, 1), "NHWC"), ((1, 3, 224, 224), "NCHW"), ((8, 64, 56, 56), "NHWC")]
    table += [(tuple(int(v) for v in rng.integers(1, 12, 4)), layout) for _ in range(8) for layout in ("NCHW", "NHWC")]
    return [Case((shape, layout), label=f"{layout}, (N, C, H, W) = {shape}") for shape, layout in table]


LAYOUT = "01_intro#tensors-in-memory"

strides_of = Exercise(
    name="strides_of",
    reference=strides,
    cases=stride_cases,
    misconceptions=(
        Misconception(
            "bytes in place of elements",
            lambda shape, layout: tuple(4 * s for s in strides(shape, layout)),
            "Every stride is 4 times too large. numpy's `strides` are bytes; this function counts elements.",
            LAYOUT,
        ),
        Misconception(
            "the layout is ignored",
            lambda shape, layout: strides(shape, "NCHW"),
            "Your answer is the same for both layouts. In NHWC the channels of one pixel lie side by side.",
            LAYOUT,
        ),
        Misconception(
            "given in the layout's order",
            lambda shape, layout: tuple(strides(shape, layout)[i] for i in ((0, 1, 2, 3) if layout == "NCHW" else (0, 2, 3, 1))),
            "The strides are right and in another order: give them for n, c, h, w, whatever the layout.",
            LAYOUT,
        ),
        Misconception(
            "the first axis runs fastest",
            lambda shape, layout: tuple(int(np.prod(shape[:i])) for i in range(4)),
            "You have multiplied the sizes before each axis (Fortran's order). The last axis of the layout has stride 1.",
            LAYOUT,
        ),
        Misconception(
            "an axis counts its own size",
            lambda shape, layout: tuple(s * n for s, n in zip(strides(shape, layout), shape, strict=True)),
            "One step along an axis passes everything inside that axis, and not the axis itself.",
            LAYOUT,
        ),
        Misconception(
            "H and W have changed places",
            lambda shape, layout: strides((shape[0], shape[1], shape[3], shape[2]), layout),
            "One row down passes a whole row: is the length of a row H or W?",
            LAYOUT,
        ),
        Misconception(
            "the shape is read in the layout's order",
            lambda shape, layout: strides(shape, layout) if layout == "NCHW" else strides((shape[0], shape[3], shape[1], shape[2]), layout),
            "The shape is always (N, C, H, W); only the order in memory changes with the layout.",
            LAYOUT,
        ),
    ),
    hint="Write the axes in the order of the layout. The last has stride 1, and each one before it: next stride times next size.",
    slide=LAYOUT,
)


def flat_offset(index: Sequence[int], steps: Sequence[int]) -> int:
    """sum of index·stride over the axes"""
    return sum(i * s for i, s in zip(index, steps, strict=True))


def offset_cases(rng: np.random.Generator) -> list[Case]:
    table: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
        ((0, 0, 0, 1), (12, 6, 3, 1)),
        ((0, 1, 0, 2), (30, 15, 5, 1)),
        ((1, 0, 2, 0), (30, 1, 10, 2)),
        ((1, 2, 3, 4), (105, 35, 7, 1)),
        ((1, 2, 3, 4), (105, 1, 21, 3)),
        ((0, 0, 0, 0), (105, 35, 7, 1)),
        ((3, 2), (7, 1)),
        ((5,), (1,)),
    ]
    for _ in range(12):
        shape = tuple(int(v) for v in rng.integers(1, 9, 4))
        index = tuple(int(rng.integers(0, n)) for n in shape)
        table.append((index, strides(shape, "NHWC" if rng.integers(2) else "NCHW")))
    return [Case((index, steps), label=f"element {index} with strides {steps}") for index, steps in table]


def horner(index: Sequence[int], steps: Sequence[int]) -> int:
    at = 0
    for i, s in zip(index, steps, strict=True):
        at = at * s + i
    return at


offset = Exercise(
    name="offset",
    reference=flat_offset,
    cases=offset_cases,
    misconceptions=(
        Misconception(
            "bytes in place of elements",
            lambda index, strides: 4 * flat_offset(index, strides),
            "The answer is 4 times too large: count elements, not bytes.",
            LAYOUT,
        ),
        Misconception(
            "the first element has number 1",
            lambda index, strides: flat_offset(index, strides) + 1,
            "The very first element, index (0, 0, 0, 0), lies at offset 0.",
            LAYOUT,
        ),
        Misconception(
            "the steps are multiplied with each other",
            lambda index, strides: math.prod(i * s for i, s in zip(index, strides, strict=True)),
            "Walking along two axes adds the two distances.",
            LAYOUT,
        ),
        Misconception(
            "strides are read as sizes",
            horner,
            "You go on multiplying as if the strides were the shape. A stride already is the distance of one step.",
            LAYOUT,
        ),
        Misconception(
            "the axes are paired in reverse",
            lambda index, strides: flat_offset(index, tuple(strides)[::-1]),
            "The first index belongs to the first stride.",
            LAYOUT,
        ),
        Misconception(
            "the strides are left out",
            lambda index, strides: sum(index),
            "One step along an axis moves by that axis's stride, not by one element.",
            LAYOUT,
        ),
    ),
    hint="How far does one step along each axis move, and how many steps are there?",
    slide=LAYOUT,
)

# --- the seven loops ---------------------------------------------------------------------------------------------------


def windows(x: np.ndarray, R: int, S: int, stride: int, pad: int, where: str = "around") -> np.ndarray:
    """Every window the filter sees: x[N,C,H,W] -> [N,C,P,Q,R,S], in float64. `where` puts the zeros "around" or "after"."""
    side = (pad, pad) if where == "around" else (0, 2 * pad)
    padded = np.pad(np.asarray(x, np.float64), ((0, 0), (0, 0), side, side))
    return np.lib.stride_tricks.sliding_window_view(padded, (R, S), axis=(2, 3))[:, :, ::stride, ::stride]


def convolve(x: np.ndarray, w: np.ndarray, bias: Any = None, stride: int = 1, pad: int = 0, where: str = "around") -> np.ndarray:
    """x[N,C,H,W] * w[K,C,R,S] + bias[K] -> [N,K,P,Q] in float64."""
    out = np.einsum("ncpqrs,kcrs->nkpq", windows(x, w.shape[2], w.shape[3], stride, pad, where), np.asarray(w, np.float64))
    return out if bias is None else out + np.asarray(bias, np.float64)[:, None, None]


def conv_case(
    rng: np.random.Generator, N: int, C: int, H: int, W: int, K: int, R: int, S: int, stride: int = 1, pad: int = 0, bias: bool = False
) -> Case:
    """Small whole numbers in float32: sums are exact, pictures can be read, and no order of adding is favoured."""
    x = rng.integers(-9, 10, (N, C, H, W)).astype(np.float32)
    w = rng.integers(-4, 5, (K, C, R, S)).astype(np.float32)
    options: dict[str, Any] = {"bias": rng.integers(-9, 10, K).astype(np.float32)} if bias else {}
    options |= {"stride": stride} if stride != 1 else {}
    options |= {"pad": pad} if pad else {}
    words = [f"{N} image{'s' if N > 1 else ''} of {C}x{H}x{W}", f"{K} filter{'s' if K > 1 else ''} of {R}x{S}"]
    words += [f"stride {stride}"] * (stride > 1) + [f"pad {pad}"] * (pad > 0) + ["bias"] * bias
    return Case((x, w), options, ", ".join(words))


def conv_cases(rng: np.random.Generator) -> list[Case]:
    shapes: list[tuple[Any, ...]] = [
        (1, 1, 3, 3, 1, 2, 2),
        (1, 1, 3, 4, 1, 2, 2),
        (1, 1, 4, 4, 1, 3, 2),
        (1, 1, 5, 6, 1, 2, 2, 2),
        (1, 1, 3, 3, 1, 2, 2, 1, 1),
        (1, 2, 3, 3, 1, 2, 2),
        (1, 1, 3, 3, 2, 2, 2),
        (1, 2, 3, 3, 2, 2, 2, 1, 0, True),
        (2, 1, 3, 3, 1, 2, 2),
        (1, 1, 1, 1, 1, 1, 1),
        (1, 1, 2, 2, 1, 3, 3, 1, 2),  # more padding than half the filter
        (2, 3, 5, 7, 2, 3, 2, 3, 2, True),
        (1, 5, 1, 7, 3, 1, 3, 2, 0, True),
    ]
    while len(shapes) < 50:
        N, C, K = (int(v) for v in rng.integers(1, 4, 3))
        R, S, stride, pad = (int(rng.integers(a, b)) for a, b in ((1, 5), (1, 5), (1, 4), (0, 4)))
        H, W = (int(v) + max(0, size - 2 * pad) for v, size in zip(rng.integers(0, 6, 2), (R, S), strict=True))
        H, W = max(H, 1), max(W, 1)
        if N * K * C * R * S * output_size(H, R, stride, pad) * output_size(W, S, stride, pad) <= 3000:  # a check answers in seconds
            shapes.append((N, C, H, W, K, R, S, stride, pad, bool(rng.integers(2))))
    return [conv_case(rng, *shape) for shape in shapes]


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


def without_padding(x: Any, w: Any, bias: Any = None, stride: int = 1, pad: int = 0) -> np.ndarray:
    P, Q = (output_size(x.shape[2 + i], w.shape[2 + i], stride) for i in (0, 1))
    if P < 1 or Q < 1:  # a filter larger than the image: loops that never run, or an array of negative size
        return np.zeros((len(x), len(w), P, Q))
    return convolve(x, w, bias, stride, 0)


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

# --- the cost of a layer -----------------------------------------------------------------------------------------------


def conv2d(*args: Any, **options: Any) -> dict[str, Any]:
    return {"kind": "conv2d", "args": list(args), "options": options}


def cost(layer: Any, in_shape: Sequence[int]) -> dict[str, int]:
    """{'macs', 'params', 'act_bytes'} of one Conv2d or Linear on an input of in_shape, float32."""
    from ..shapes import ConvShape

    params = sum(p.numel() for p in layer.parameters())
    if type(layer).__name__ == "Linear":
        rows = math.prod(in_shape[:-1])
        return {"macs": rows * layer.in_features * layer.out_features, "params": params, "act_bytes": 4 * rows * layer.out_features}
    N, C, H, W = in_shape
    (R, S), K = layer.kernel_size, layer.out_channels
    shape = ConvShape(N, C, H, W, K, R, S, layer.stride, layer.padding, layer.dilation, layer.groups)
    return {"macs": shape.macs, "params": params, "act_bytes": 4 * math.prod(shape.oa_shape)}


def cost_cases(rng: np.random.Generator) -> list[Case]:
    table: list[tuple[dict[str, Any], tuple[int, ...], str]] = [
        (conv2d(1, 1, 2, bias=False), (1, 1, 3, 3), "one 2x2 filter on one 3x3 image, no bias"),
        (conv2d(2, 3, 2), (1, 2, 3, 4), "three 2x2 filters with bias on a 2x3x4 image"),
        (conv2d(1, 2, [2, 3], bias=False), (1, 1, 4, 6), "two 2x3 filters on a 4x6 image"),
        (conv2d(1, 2, 3, stride=2, bias=False), (1, 1, 7, 8), "stride 2"),
        (conv2d(1, 2, 3, padding=1, bias=False), (1, 1, 4, 5), "pad 1"),
        (conv2d(2, 3, 2, bias=False), (5, 2, 3, 4), "a batch of 5"),
        (conv2d(4, 6, 3, groups=2), (1, 4, 5, 6), "two groups"),
        ({"kind": "linear", "args": [5, 3]}, (1, 5), "a fully connected layer, 5 to 3"),
        ({"kind": "linear", "args": [5, 3]}, (7, 5), "a fully connected layer on a batch of 7"),
        ({"kind": "linear", "args": [4, 2], "options": {"bias": False}}, (2, 3, 4), "a fully connected layer on 2x3 rows of 4"),
        (conv2d(8, 8, 3, padding=1, groups=8, bias=False), (1, 8, 7, 7), "depthwise: as many groups as channels"),
        (conv2d(3, 4, 3, dilation=2), (1, 3, 9, 11), "dilation 2"),
        (conv2d(3, 64, 11, stride=4, padding=2), (1, 3, 224, 224), "AlexNet's first layer"),
        (conv2d(64, 64, 1, bias=False), (2, 64, 56, 56), "a 1x1 layer of ResNet"),
    ]
    for _ in range(10):
        groups = int(rng.integers(1, 4))
        R, S, stride, pad = (int(rng.integers(a, b)) for a, b in ((1, 5), (1, 5), (1, 4), (0, 3)))
        N, C, K = int(rng.integers(1, 4)), groups * int(rng.integers(1, 4)), groups * int(rng.integers(1, 4))
        H, W = int(rng.integers(4, 20)), int(rng.integers(4, 20))
        layer = conv2d(C, K, [R, S], stride=stride, padding=pad, groups=groups, bias=bool(rng.integers(2)))
        table.append((layer, (N, C, H, W), f"{K} filters of {R}x{S}, stride {stride}, pad {pad}, groups {groups} on {N}x{C}x{H}x{W}"))
    return [Case((Made("torch_module", layer), shape), label=label) for layer, shape, label in table]


def changed(key: str, change: Callable[[Any, Sequence[int], int], int]) -> Callable[..., dict[str, int]]:
    """The right cost with one entry changed: change(layer, in_shape, right)."""
    return lambda layer, in_shape: (right := cost(layer, in_shape)) | {key: change(layer, in_shape, right[key])}


def is_conv(layer: Any) -> bool:
    return type(layer).__name__ == "Conv2d"


def one_image(layer: Any, in_shape: Sequence[int]) -> dict[str, int]:
    return cost(layer, (1, *in_shape[1:]))


def at_every_pixel(layer: Any, in_shape: Sequence[int], right: int) -> int:
    if not is_conv(layer):
        return right
    return in_shape[0] * in_shape[2] * in_shape[3] * layer.weight.numel()


COST = "01_intro#macs-and-parameters"

layer_cost = Exercise(
    name="layer_cost",
    reference=cost,
    cases=cost_cases,
    misconceptions=(
        Misconception(
            "operations in place of MACs",
            changed("macs", lambda layer, shape, right: 2 * right),
            "Twice too many: one multiply and one add together are one MAC. (Papers often write FLOPs for either: always ask which.)",
            COST,
        ),
        Misconception(
            "the bias is not among the parameters",
            changed("params", lambda layer, shape, right: layer.weight.numel()),
            "A layer with bias stores one more number for each filter.",
            COST,
        ),
        Misconception(
            "elements in place of bytes",
            changed("act_bytes", lambda layer, shape, right: right // 4),
            "Your act_bytes are 4 times too small: a float32 takes 4 bytes.",
            COST,
        ),
        Misconception(
            "the input's bytes in place of the output's",
            changed("act_bytes", lambda layer, shape, right: 4 * math.prod(shape)),
            "Asked for is what the layer leaves behind: the bytes of its output.",
            COST,
        ),
        Misconception(
            "MACs at every input pixel",
            changed("macs", at_every_pixel),
            "You count one window for each input pixel (H·W). There is one for each output pixel: P·Q.",
            COST,
        ),
        Misconception(
            "a square filter is assumed",
            changed("macs", lambda layer, shape, right: right * layer.kernel_size[0] // layer.kernel_size[1] if is_conv(layer) else right),
            "You have used R·R; this filter is R·S, and R and S differ.",
            COST,
        ),
        Misconception(
            "the batch is left out",
            one_image,
            "The cost is that of one image. in_shape begins with N, the number of images.",
            COST,
        ),
        Misconception(
            "the groups are ignored",
            changed("macs", lambda layer, shape, right: right * layer.groups if is_conv(layer) else right),
            "With groups a filter sees only C/groups channels. Look at the shape of layer.weight.",
            COST,
        ),
        Misconception(
            "MACs of a single output pixel",
            changed("macs", lambda layer, shape, right: layer.weight.numel()),
            "That is the work for one output pixel. It is done again for each of the N·P·Q of them.",
            COST,
        ),
    ),
    hint="Write the output shape first. Each output number is a sum over C/groups·R·S products (a Linear's: over in_features).",
    slide=COST,
)

# --- the cost of a network ---------------------------------------------------------------------------------------------


def rows_of(
    model: Any,
    in_shape: Sequence[int],
    *,
    containers: bool = False,
    given_back: str = "hooks mode statistics",
    row: Callable[..., dict[str, Any] | None] | None = None,
) -> list[dict[str, Any]]:
    """A dict for each call of a layer, in the order run. The options are the wrong ideas below: what is hooked, and
    what is forgotten when the model is given back."""
    import torch

    rows: list[dict[str, Any]] = []
    handles = []

    def hook_for(name: str) -> Callable[..., None]:
        def hook(module: Any, inputs: Any, output: Any) -> None:
            one: dict[str, Any] | None = {
                "name": name,
                "macs": cost(module, tuple(inputs[0].shape))["macs"] if type(module).__name__ in ("Conv2d", "Linear") else 0,
                "params": sum(p.numel() for p in module.parameters()),
                "act_bytes": 4 * output.numel(),
            }
            if row is not None:
                one = row(one, module, inputs[0], output)
            if one is not None:
                rows.append(one)

        return hook

    for name, module in model.named_modules():
        if containers or not list(module.children()):
            handles.append(module.register_forward_hook(hook_for(name)))
    modes = [(module, module.training) for module in model.modules()]
    if "statistics" in given_back:
        model.eval()
    with torch.no_grad():
        model(torch.zeros(tuple(in_shape)))
    if "mode" in given_back:
        for module, training in modes:
            module.train(training) if not list(module.children()) else setattr(module, "training", training)
    if "hooks" in given_back:
        for handle in handles:
            handle.remove()
    return rows


def model_cases(rng: np.random.Generator) -> list[Case]:
    relu, norm, pool = {"kind": "relu"}, {"kind": "batchnorm2d", "args": [4]}, {"kind": "maxpool2d", "args": [2]}
    net = {"kind": "sequential"}
    small = net | {"layers": [conv2d(1, 2, 2), relu], "training": False}
    wider = net | {"layers": [conv2d(2, 3, 3, padding=1), relu, pool, {"kind": "flatten"}, {"kind": "linear", "args": [12, 5]}]}
    normed = net | {"layers": [conv2d(3, 4, 3, stride=2, bias=False), norm, relu]}
    nested = net | {"layers": [net | {"layers": [conv2d(3, 4, 1), relu]}, conv2d(4, 2, [3, 1], groups=2)], "training": False}
    again = net | {"layers": [{"kind": "twice", "layer": conv2d(3, 3, 3, padding=1)}, relu], "training": False}
    residual = {"kind": "residual", "body": net | {"layers": [conv2d(2, 4, 3, padding=1), norm]}, "shortcut": conv2d(2, 4, 1)}
    deep = net | {"layers": [residual, relu, residual | {"body": conv2d(4, 4, 3, padding=1), "shortcut": conv2d(4, 4, 1)}]}
    norm6 = {"kind": "batchnorm2d", "args": [6]}
    depthwise = conv2d(6, 6, 3, stride=2, padding=1, groups=6, bias=False)
    inverted = net | {"layers": [conv2d(2, 6, 1, bias=False), norm6, relu, depthwise, norm6, conv2d(6, 3, 1)]}
    return [
        Case((Made("torch_module", small), (1, 1, 3, 4)), label="a convolution and a ReLU, in eval mode"),
        Case((Made("torch_module", wider), (1, 2, 4, 5)), label="a convolution, ReLU, pooling and a fully connected layer, in train mode"),
        Case((Made("torch_module", normed), (2, 3, 7, 9)), label="a convolution with batch norm, in train mode, a batch of 2"),
        Case((Made("torch_module", nested), (1, 3, 5, 6)), label="a Sequential inside a Sequential"),
        Case((Made("torch_module", again), (1, 3, 4, 4)), label="one layer that is run twice"),
        Case((Made("torch_module", residual), (1, 2, 5, 5)), label="a residual block: the shortcut is defined first and run last"),
        Case((Made("torch_module", deep), (3, 2, 6, 4)), label="two residual blocks"),
        Case((Made("torch_module", inverted), (1, 2, 9, 11)), label="a block of MobileNetV2: 1x1, depthwise 3x3, 1x1"),
    ]


def in_order_of_definition(model: Any, in_shape: Sequence[int]) -> list[dict[str, Any]]:
    names = [name for name, _ in model.named_modules()]
    return sorted(rows_of(model, in_shape), key=lambda one: names.index(one["name"]))


def once_a_layer(model: Any, in_shape: Sequence[int]) -> list[dict[str, Any]]:
    return list({one["name"]: one for one in rows_of(model, in_shape)}.values())


def with_input_bytes(one: dict[str, Any], module: Any, x: Any, output: Any) -> dict[str, Any]:
    return one | {"act_bytes": 4 * x.numel()}


def with_macs_only(one: dict[str, Any], module: Any, x: Any, output: Any) -> dict[str, Any] | None:
    return one if type(module).__name__ in ("Conv2d", "Linear") else None


HOOKS = "01_intro#counting-a-whole-network"

model_cost = Exercise(
    name="model_cost",
    reference=rows_of,
    cases=model_cases,
    misconceptions=(
        Misconception(
            "the hooks stay on the model",
            lambda model, in_shape: rows_of(model, in_shape, given_back="mode statistics"),
            "The numbers are right, but the hooks are still there and will go on counting whenever the model is used. Keep what"
            " register_forward_hook returns, and call its remove().",
            HOOKS,
        ),
        Misconception(
            "the model is left in eval mode",
            lambda model, in_shape: rows_of(model, in_shape, given_back="hooks statistics"),
            "The model came in train mode and goes back in eval mode. Note model.training before, and restore it after.",
            HOOKS,
        ),
        Misconception(
            "the run moves the running statistics",
            lambda model, in_shape: rows_of(model, in_shape, given_back="hooks mode"),
            "A forward pass in train mode moves the running mean of every batch norm. Count in eval mode, then restore the mode.",
            HOOKS,
        ),
        Misconception(
            "containers are counted too",
            lambda model, in_shape: rows_of(model, in_shape, containers=True),
            "A Sequential has rows of its own beside those of the layers inside it. A leaf is a module without children.",
            HOOKS,
        ),
        Misconception(
            "only Conv2d and Linear have a row",
            lambda model, in_shape: rows_of(model, in_shape, row=with_macs_only),
            "ReLU, pooling and batch norm do no MACs, but they write activations, and a batch norm has parameters: give them a row each.",
            HOOKS,
        ),
        Misconception(
            "in the order of definition",
            in_order_of_definition,
            "The rows follow the order in which the layers were written down. A hook is called when its layer runs: append there.",
            HOOKS,
        ),
        Misconception(
            "one row a layer, however often it runs",
            once_a_layer,
            "A layer that is run twice works twice: one row for each call. Is a dict keyed by name overwriting the first?",
            HOOKS,
        ),
        Misconception(
            "operations in place of MACs",
            lambda model, in_shape: rows_of(model, in_shape, row=lambda one, m, x, y: one | {"macs": 2 * one["macs"]}),
            "Twice too many: one multiply and one add together are one MAC.",
            COST,
        ),
        Misconception(
            "the input's bytes in place of the output's",
            lambda model, in_shape: rows_of(model, in_shape, row=with_input_bytes),
            "Asked for is the size of the output; a hook gets the input and the output.",
            COST,
        ),
    ),
    hint="A hook for every module without children; one forward pass with zeros of in_shape, in eval mode and without gradients;"
    " then remove the hooks and restore the mode.",
    slide=HOOKS,
)

# --- the slide's sizes -------------------------------------------------------------------------------------------------


def rows_that_do_not_fit(
    slide: Mapping[str, float], params: Mapping[str, Sequence[int]], units: Sequence[float] = (1e6, 2**20), size: float = 4
) -> list[str]:
    """Names whose number on the slide is within 1 of no variant's size, in MB and in MiB."""
    return [name for name, said in slide.items() if not any(abs(size * n / unit - said) <= 1 for n in params[name] for unit in units)]


def slide_cases(rng: np.random.Generator) -> list[Case]:
    table: list[tuple[dict[str, float], dict[str, list[int]], str]] = []

    def add(label: str, slide: dict[str, float], millions: dict[str, list[int]]) -> None:
        table.append((slide, {name: [n * 1_000_000 for n in family] for name, family in millions.items()}, label))

    add("two networks of 10 M parameters; one row is right", {"a": 40, "b": 90}, {"a": [10], "b": [10]})
    add("one row gives the millions of parameters", {"a": 10, "b": 40}, {"a": [10], "b": [10]})
    add("one row in MiB, one in MB, one in neither", {"a": 381.5, "b": 400, "c": 390}, {"a": [100], "b": [100], "c": [100]})
    add("a family: one variant fits", {"a": 200, "b": 120}, {"a": [25, 50], "b": [10, 20, 30]})
    add("a family of which none fits", {"a": 200, "b": 120}, {"a": [25, 75], "b": [30, 20]})
    for _ in range(6):
        slide: dict[str, float] = {}
        params: dict[str, list[int]] = {}
        for name in "pqrstu":
            family = [int(v) for v in rng.integers(5_000_000, 200_000_000, int(rng.integers(1, 4)))]
            pick = family[int(rng.integers(len(family)))]
            right = 4 * pick / (1e6 if rng.integers(2) else 2**20)
            slide[name] = round(right) if rng.integers(3) else round(right * 1.3 + 5)
            params[name] = family
        table.append((slide, params, "six networks"))
    return [Case((slide, params), label=label) for slide, params, label in table]


SIZES = "01_intro#the-size-list"

wrong_rows = Exercise(
    name="wrong_rows",
    reference=rows_that_do_not_fit,
    cases=slide_cases,
    misconceptions=(
        Misconception(
            "the rows that fit are returned",
            lambda slide, params: [name for name in slide if name not in rows_that_do_not_fit(slide, params)],
            "You return the rows that are right; asked for are the others.",
            SIZES,
        ),
        Misconception(
            "a parameter is taken as one byte",
            lambda slide, params: rows_that_do_not_fit(slide, params, size=1),
            "A number in millions of parameters is not a number of megabytes: how many bytes has a float32?",
            SIZES,
        ),
        Misconception(
            "MB only",
            lambda slide, params: rows_that_do_not_fit(slide, params, units=(1e6,)),
            "The slide mixes two units. MiB is 2**20 bytes.",
            SIZES,
        ),
        Misconception(
            "MiB only",
            lambda slide, params: rows_that_do_not_fit(slide, params, units=(2**20,)),
            "The slide mixes two units. MB is 10**6 bytes.",
            SIZES,
        ),
        Misconception(
            "only the first variant is tried",
            lambda slide, params: rows_that_do_not_fit(slide, {name: family[:1] for name, family in params.items()}),
            "A family has several members (VGG-16, VGG-19). The row is right if any of them fits.",
            SIZES,
        ),
        Misconception(
            "every variant must fit",
            lambda slide, params: [
                name for name, said in slide.items() if any(rows_that_do_not_fit({name: said}, {name: [n]}) for n in params[name])
            ],
            "A family has several members (VGG-16, VGG-19). The row is right if any of them fits; it need not fit all.",
            SIZES,
        ),
        Misconception(
            "bits in place of bytes",
            lambda slide, params: rows_that_do_not_fit(slide, params, size=32),
            "A float32 has 32 bits, and the slide counts bytes.",
            SIZES,
        ),
    ),
    hint="For each row: is there a variant n with 4·n bytes within 1 of the slide's number, in MB or in MiB?",
    slide=SIZES,
)

# --- latency -----------------------------------------------------------------------------------------------------------


def spread(times: Sequence[float]) -> dict[str, float]:
    low, middle, high = np.percentile(times, [25, 50, 75])
    return {"median": float(middle), "iqr": float(high - low)}


def timed(fn: Callable[[], Any], count: int, clock: Callable[[], float]) -> list[float]:
    times = []
    for _ in range(count):
        start = clock()
        fn()
        times.append(clock() - start)
    return times


def latency(fn: Callable[[], Any], warmup: int, repeat: int, clock: Callable[[], float]) -> dict[str, float]:
    """Median and interquartile range, in seconds, of `repeat` calls after `warmup` calls that are not counted."""
    timed(fn, warmup, clock)
    return spread(timed(fn, repeat, clock))


def latency_cases(rng: np.random.Generator) -> list[Case]:
    # durations are sums of powers of two, so the clock's own arithmetic is exact
    runs: list[tuple[int, int, list[float], str]] = [
        (0, 3, [2.0, 1.0, 6.0], "no warm-up, 3 runs of 2, 1 and 6 seconds"),
        (1, 3, [64.0, 2.0, 1.0, 6.0], "a first call of 64 seconds, then 3 runs"),
        (0, 4, [4.0, 1.0, 2.0, 16.0], "an even number of runs"),
        (2, 5, [32.0, 16.0, 1.5, 1.0, 1.25, 8.0, 1.125], "2 calls to warm up, 5 runs, one of them slow"),
        (0, 1, [0.5], "a single run"),
    ]
    for _ in range(6):
        warmup, repeat = int(rng.integers(0, 4)), int(rng.integers(1, 12))
        values = [*(rng.integers(3000, 9000, warmup) / 1024), *(rng.integers(20, 900, repeat) / 1024)]
        runs.append((warmup, repeat, [float(v) for v in values], f"{warmup} calls to warm up, {repeat} runs"))
    cases = []
    for warmup, repeat, durations, label in runs:
        work = Made("work", {"durations": durations})
        cases.append(Case((work, warmup, repeat, Made("clock_of", {"work": work})), label=label))
    return cases


def misread(summary: Callable[[Sequence[float]], dict[str, float]]) -> Callable[..., dict[str, float]]:
    def function(fn: Any, warmup: int, repeat: int, clock: Any) -> dict[str, float]:
        timed(fn, warmup, clock)
        return summary(timed(fn, repeat, clock))

    return function


def one_long_run(fn: Any, warmup: int, repeat: int, clock: Any) -> dict[str, float]:
    timed(fn, warmup, clock)
    start = clock()
    for _ in range(repeat):
        fn()
    return {"median": (clock() - start) / repeat, "iqr": 0.0}


def quartile_free(times: Sequence[float]) -> dict[str, float]:
    return spread(times) | {"median": sorted(times)[len(times) // 2]}


TIMING = "01_intro#measuring-honestly"

measure_latency = Exercise(
    name="measure_latency",
    reference=latency,
    cases=latency_cases,
    tolerance=1e-9,
    misconceptions=(
        Misconception(
            "the mean in place of the median",
            misread(lambda times: spread(times) | {"median": float(np.mean(times))}),
            "One slow run moves your answer. The median is the one in the middle of the sorted times.",
            TIMING,
        ),
        Misconception(
            "one clock around all runs",
            one_long_run,
            "The total divided by `repeat` is a mean, and there is no spread to be had from it: read the clock around every call.",
            TIMING,
        ),
        Misconception(
            "the fastest run",
            misread(lambda times: spread(times) | {"median": min(times)}),
            "The minimum is what the machine can do on a lucky day. Asked for is the median.",
            TIMING,
        ),
        Misconception(
            "the range in place of the interquartile range",
            misread(lambda times: spread(times) | {"iqr": max(times) - min(times)}),
            "Slowest minus fastest is decided by two runs. The interquartile range is the 75th percentile minus the 25th.",
            TIMING,
        ),
        Misconception(
            "the standard deviation in place of the interquartile range",
            misread(lambda times: spread(times) | {"iqr": float(np.std(times))}),
            "The interquartile range is the 75th percentile minus the 25th: np.percentile.",
            TIMING,
        ),
        Misconception(
            "milliseconds",
            misread(lambda times: {name: 1000 * value for name, value in spread(times).items()}),
            "A thousand times too large: the answer is in seconds, as the clock gives them.",
            TIMING,
        ),
        Misconception(
            "the warm-up is timed too",
            lambda fn, warmup, repeat, clock: spread(timed(fn, warmup + repeat, clock)),
            "The first calls are slow (caches, memory, lazy set-up) and are made so that they need not be counted.",
            TIMING,
        ),
        Misconception(
            "there is no warm-up",
            lambda fn, warmup, repeat, clock: spread(timed(fn, repeat, clock)),
            "You time the very first calls. Call fn `warmup` times before the clock is read.",
            TIMING,
        ),
        Misconception(
            "the upper one of two in the middle",
            misread(quartile_free),
            "With an even number of runs two lie in the middle: the median is half-way between them.",
            TIMING,
        ),
    ),
    hint="Call fn warmup times. Then, repeat times: read clock(), call fn, read clock() again. np.percentile does the rest.",
    slide=TIMING,
)

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for exercise in (fc_share, conv_output_size, conv2d_direct, strides_of, offset, layer_cost, model_cost, wrong_rows, measure_latency)
}
