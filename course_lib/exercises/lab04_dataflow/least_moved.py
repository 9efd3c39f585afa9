"""The least that must move between slow and fast memory, whatever the order."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Made, Misconception


def least_moved(shape: Any, fast: int) -> float:
    """max(everything once, 2·MACs / √(R·S·fast) - 2·fast) for stride 1 without padding."""
    once = shape.N * shape.C * shape.H * shape.W + shape.params + shape.N * shape.K * shape.P * shape.Q
    return float(max(once, proven(shape, fast)))


def proven(shape: Any, fast: int, copies: int | None = None) -> float:
    return float(2 * shape.macs / math.sqrt((shape.R * shape.S if copies is None else copies) * fast) - 2 * fast)


def bound_cases(rng: np.random.Generator) -> list[Case]:
    square: Callable[..., dict[str, Any]] = lambda C, H, K, R: {"N": 1, "C": C, "H": H, "W": H, "K": K, "R": R, "S": R}
    table: list[tuple[dict[str, Any], int, str]] = [
        ({"N": 1, "C": 2, "H": 6, "W": 7, "K": 3, "R": 2, "S": 3}, 1000, "a small layer, and room for all of it"),
        (square(64, 56, 64, 3), 1024, "64 to 64 channels, 56x56, 1,024 words"),
        (square(64, 56, 64, 3), 65536, "the same with 65,536 words"),
        (square(16, 9, 16, 3), 2, "16 to 16 channels, 9x9, 2 words"),
        ({"N": 3, "C": 4, "H": 8, "W": 9, "K": 5, "R": 3, "S": 3}, 10_000, "a batch of 3, and room for all of it"),
        (square(3, 56, 64, 3), 256, "the course's layer, 256 words"),
        (square(256, 14, 1024, 1), 512, "a 1x1 layer, 512 words"),
        ({"N": 4, "C": 16, "H": 20, "W": 31, "K": 24, "R": 3, "S": 5}, 64, "a batch of 4, 3x5 taps, 64 words"),
    ]
    for _ in range(8):
        N, C, K = int(rng.integers(1, 4)), int(rng.integers(1, 65)), int(rng.integers(1, 65))
        R, S, H, W = (int(v) for v in rng.integers(1, 5, 4) + (0, 0, 8, 8))
        fast = int(2 ** rng.integers(3, 11))
        letters = {"N": N, "C": C, "H": H, "W": W, "K": K, "R": R, "S": S}
        table.append((letters, fast, ", ".join(f"{k}={v}" for k, v in letters.items()) + f"; {fast} words"))
    return [Case((Made("conv_shape", letters), fast), label=label) for letters, fast, label in table]


BOUND = "04_dataflow#lower-bound"


def once_and(shape: Any, other: float, **left: int) -> float:
    parts = {"ia": shape.N * shape.C * shape.H * shape.W, "w": shape.params, "oa": shape.N * shape.K * shape.P * shape.Q} | left
    return float(max(sum(parts.values()), other))


conv_io_lower_bound = Exercise(
    name="conv_io_lower_bound",
    reference=least_moved,
    cases=bound_cases,
    tolerance=1e-9,
    misconceptions=(
        Misconception(
            "everything once is forgotten",
            lambda shape, fast: proven(shape, fast),
            "With a large memory your bound falls below the tensors' own size, even below 0. All of them must pass at least once.",
            BOUND,
        ),
        Misconception(
            "only everything once",
            lambda shape, fast: once_and(shape, 0.0),
            "That holds for a memory of any size. A small one cannot keep all it will need again: the other formula says what that costs.",
            BOUND,
        ),
        Misconception(
            "the sum of both",
            lambda shape, fast: once_and(shape, 0.0) + max(0.0, proven(shape, fast)),
            "Both are lower bounds of the same traffic. The larger one holds; their sum need not.",
            BOUND,
        ),
        Misconception(
            "the smaller of both",
            lambda shape, fast: min(once_and(shape, 0.0), proven(shape, fast)),
            "The traffic is above each of the two bounds, and so above the larger one.",
            BOUND,
        ),
        Misconception(
            "the bound of a matrix product",
            lambda shape, fast: once_and(shape, proven(shape, fast, 1)),
            "That would be the bound if every window were copied. A pixel in the memory serves R·S windows: that belongs under the root.",
            BOUND,
        ),
        Misconception(
            "no root",
            lambda shape, fast: once_and(shape, 2 * shape.macs / (shape.R * shape.S * fast) - 2 * fast),
            "A memory four times as large halves the traffic; yours quarters it. The root is missing.",
            BOUND,
        ),
        Misconception(
            "one operand a MAC",
            lambda shape, fast: once_and(shape, shape.macs / math.sqrt(shape.R * shape.S * fast) - 2 * fast),
            "There is a 2 before the MACs.",
            BOUND,
        ),
        Misconception(
            "what the memory holds is not taken off",
            lambda shape, fast: once_and(shape, 2 * shape.macs / math.sqrt(shape.R * shape.S * fast)),
            "The formula has a second term: what lies in the memory at the end need not be counted, so 2·fast is taken off.",
            BOUND,
        ),
        Misconception(
            "the outputs are left out",
            lambda shape, fast: once_and(shape, proven(shape, fast), oa=0),
            "Everything once: the input, the weights, and the output, which has to be written.",
            BOUND,
        ),
        Misconception(
            "the images are left out",
            lambda shape, fast: once_and(shape, proven(shape, fast), ia=shape.C * shape.H * shape.W, oa=shape.K * shape.P * shape.Q),
            "Your count of everything once does not change with N.",
            BOUND,
        ),
        Misconception(
            "bytes",
            lambda shape, fast: 4 * least_moved(shape, fast),
            "Four times too much: count words, not bytes.",
            BOUND,
        ),
    ),
    hint="Two numbers, and the larger is the answer: the size of all three tensors, and the formula with the root.",
    slide=BOUND,
)
