"""SCALE-Sim's own arithmetic on our rows finds the layer's outputs and multiply-accumulates."""

import math

import numpy as np
import pytest

from course_lib.interchange import scale_sim
from course_lib.shapes import ConvShape, GemmShape


def as_scale_sim_reads(text):
    """The layers of a topology file by SCALE-Sim v2's rules: (rows and columns of the output, multiply-accumulates) each."""
    header, *rows = text.splitlines()
    layers = []
    for row in rows:
        name, *numbers = [part.strip() for part in row.split(",")[:-1]]  # what follows the last comma is dropped
        numbers = [int(n) for n in numbers]
        if header.startswith("Layer,"):
            m, n, k = numbers
            numbers = [m, k, 1, k, 1, n, 1, 1]
        high, wide, r, s, channels, filters, down, *right = numbers
        right = right[0] if right else down
        out = math.ceil((high - r + down) / down), math.ceil((wide - s + right) / right)
        one_by_one = "DP" in name
        copies, channels = (channels, 1) if one_by_one else (1, channels)
        layers += [(out, out[0] * out[1] * r * s * channels * filters)] * copies
    return layers


def random_layer(rng):
    while True:
        H, W, R, S = (int(n) for n in rng.integers(1, 12, 4))
        C = int(rng.integers(1, 6))
        groups = C if rng.random() < 0.4 else 1
        K = groups * int(rng.integers(1, 4))
        pad = tuple((int(a), int(b)) for a, b in rng.integers(0, 3, (2, 2)))
        try:
            return ConvShape(1, C, H, W, K, min(R, 5), min(S, 5), tuple(int(n) for n in rng.integers(1, 4, 2)), pad, 1, groups)
        except ValueError:  # the kernel does not fit: draw again
            continue


@pytest.mark.parametrize("seed", range(200))
def test_scale_sim_finds_the_outputs_and_the_multiply_accumulates_of_the_layer(seed):
    shape = random_layer(np.random.default_rng(seed))
    layers = as_scale_sim_reads(scale_sim(shape, "layer"))
    assert len(layers) == (shape.groups if shape.groups > 1 else 1)
    assert all(out == (shape.P, shape.Q) for out, _ in layers)
    assert sum(macs for _, macs in layers) == shape.macs


@pytest.mark.parametrize("M, N, K", [(196, 192, 384), (1, 1000, 4096), (7, 1, 1)])
def test_a_product_keeps_its_sizes(M, N, K):
    ((out, macs),) = as_scale_sim_reads(scale_sim(GemmShape(M, N, K), "L0"))
    assert out == (M, 1) and macs == M * N * K


def test_padding_is_written_into_the_image():
    header, row = scale_sim(ConvShape(1, 3, 224, 224, 64, 3, 3, pad=1), "conv1").splitlines()
    assert header == "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"
    assert row == "conv1, 226, 226, 3, 3, 3, 64, 1,"


def test_rows_no_window_reaches_are_left_out_since_scale_sim_would_round_up():
    _, row = scale_sim(ConvShape(1, 3, 224, 224, 64, 7, 7, stride=2, pad=3), "stem").splitlines()
    assert row == "stem, 229, 229, 7, 7, 3, 64, 2,"  # 111 * 2 + 7 of the 230 rows


def test_uneven_strides_have_two_columns():
    header, row = scale_sim(ConvShape(1, 1, 9, 9, 1, 3, 3, stride=(2, 3)), "x").splitlines()
    assert header.endswith("Stride Height, Stride Width,") and row.endswith(" 2, 3,")


LAYER = ConvShape(1, 4, 8, 8, 8, 3, 3)
CANNOT = {
    "a batch": (lambda: scale_sim(ConvShape(2, 4, 8, 8, 8, 3, 3), "x"), "N = 2"),
    "dilation": (lambda: scale_sim(ConvShape(1, 4, 8, 8, 8, 3, 3, dilation=2), "x"), "dilation"),
    "two groups": (lambda: scale_sim(ConvShape(1, 4, 8, 8, 8, 3, 3, groups=2), "x"), "depthwise"),
    "a comma": (lambda: scale_sim(LAYER, "conv,1"), "name: want"),
    "no name": (lambda: scale_sim(LAYER, " "), "name: want"),
    "a name that says depthwise": (lambda: scale_sim(LAYER, "conv_DP"), "name: DP"),
    "nothing to do": (lambda: scale_sim(GemmShape(0, 2, 3), "x"), "computes something"),
    "not a shape": (lambda: scale_sim((1, 2, 3), "x"), "want a ConvShape"),
}


@pytest.mark.parametrize("case", CANNOT)
def test_what_a_topology_cannot_say_is_an_error_that_says_so(case):
    call, said = CANNOT[case]
    with pytest.raises(ValueError, match=said) as error:
        call()
    assert "\n" not in str(error.value)
