"""Four axes in one row of memory: how far apart are neighbours, and where does an element lie?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..exercise import Case, Exercise, Misconception


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
