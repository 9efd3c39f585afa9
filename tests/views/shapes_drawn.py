"""Layers that the tests draw, each with a word for what is particular about it."""

import numpy as np

from course_lib.shapes import ConvShape

SHAPES = {
    "the slide": ConvShape(1, 1, 5, 5, 1, 3, 3),
    "stride 2, pad 1": ConvShape(1, 1, 5, 5, 1, 3, 3, stride=2, pad=1),
    "dilated, oblong": ConvShape(1, 1, 7, 9, 1, 3, 2, dilation=2, pad=1),
    "pad on one side": ConvShape(1, 1, 4, 5, 1, 2, 3, pad=((0, 1), (2, 0))),
    "three channels, two filters": ConvShape(1, 3, 5, 5, 2, 3, 3),
    "more channels than drawn": ConvShape(1, 7, 4, 4, 5, 2, 2),
    "two groups": ConvShape(1, 4, 4, 5, 4, 3, 3, groups=2),
    "depthwise": ConvShape(2, 3, 5, 4, 3, 3, 3, groups=3, pad=1),
    "pointwise": ConvShape(1, 2, 3, 3, 2, 1, 1),
    "one pixel": ConvShape(1, 1, 1, 1, 1, 1, 1),
    "one row": ConvShape(1, 1, 1, 9, 1, 1, 4),
    "large filter": ConvShape(1, 3, 11, 11, 1, 7, 7, stride=2),
    "window of the lecture": ConvShape(1, 3, 56, 56, 64, 3, 3),
    "AlexNet's first layer": ConvShape(1, 3, 224, 224, 64, 11, 11, stride=4, pad=2),
}


def random_shape(rng: np.random.Generator) -> ConvShape:
    """A small layer with anything in it: strides, pads on each side, dilation, groups."""
    while True:
        groups = int(rng.choice([1, 1, 1, 2, 3]))
        one = [int(v) for v in rng.integers(1, 4, 12)]
        try:
            return ConvShape(
                N=1,
                C=groups * one[0],
                H=one[1] + int(rng.integers(0, 6)),
                W=one[2] + int(rng.integers(0, 6)),
                K=groups * one[3],
                R=one[4],
                S=one[5],
                stride=(one[6], one[7]),
                pad=((one[8] - 1, one[9] - 1), (one[10] - 1, one[11] - 1)),
                dilation=(int(rng.integers(1, 3)), int(rng.integers(1, 3))),
                groups=groups,
            )
        except ValueError:
            continue
