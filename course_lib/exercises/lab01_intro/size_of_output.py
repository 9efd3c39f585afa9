"""How many rows has the output? Stride, padding and dilation, one axis at a time."""

from __future__ import annotations

import numpy as np

from ..convolutions import output_size
from ..exercise import Case, Exercise, Misconception


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
