"""What the lowered matrix costs in memory, before anything is run."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Made, Misconception


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
