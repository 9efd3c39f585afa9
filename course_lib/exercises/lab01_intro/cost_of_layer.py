"""What one layer costs: multiply-accumulates, parameters, bytes of its output."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Made, Misconception


def conv2d(*args: Any, **options: Any) -> dict[str, Any]:
    return {"kind": "conv2d", "args": list(args), "options": options}


def cost(layer: Any, in_shape: Sequence[int]) -> dict[str, int]:
    """{'macs', 'params', 'act_bytes'} of one Conv2d or Linear on an input of in_shape, float32."""
    from ...shapes import ConvShape

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
