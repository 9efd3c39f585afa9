"""Every layer's shape, against torch: run on the meta device, where shapes are computed and numbers are not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from course_lib.shapes import ConvShape
from course_lib.zoo import NETWORKS, Builder
from course_lib.zoo.builder import pooled
from course_lib.zoo.network import Layer, Network


def run(shape: ConvShape) -> tuple[tuple[int, ...], int]:
    """The output shape and the MACs that torch finds for one convolution."""
    (top, bottom), (left, right) = shape.pads
    ia = F.pad(torch.empty(shape.ia_shape, device="meta"), (left, right, top, bottom))
    wt = torch.empty(shape.wt_shape, device="meta")
    with FlopCounterMode(display=False) as counter:
        oa = F.conv2d(ia, wt, stride=shape.strides, dilation=shape.dilations, groups=shape.groups)
    return tuple(oa.shape), counter.get_total_flops() // 2


@pytest.mark.parametrize("name", NETWORKS)
def test_every_convolution_has_the_output_and_the_macs_that_torch_finds(name: str) -> None:
    found = {shape: run(shape) for shape in {shape for _, shape in NETWORKS[name].convs}}  # equal layers once
    for layer in NETWORKS[name].layers:
        if layer.kind == "conv" and not layer.training_only:
            assert ((1, *layer.out), layer.macs) == found[layer.shape], layer.name


@pytest.mark.parametrize("name", NETWORKS)
def test_every_weight_layer_reads_what_an_earlier_layer_wrote(name: str) -> None:
    written = {NETWORKS[name].input_shape}
    features = set()
    for layer in NETWORKS[name].layers:
        if layer.kind == "conv":
            assert layer.shape.ia_shape[1:] in written, layer.name
        if layer.kind == "fc":
            assert layer.shape.K in features, layer.name
        written.add(layer.out)
        features.add(int(np.prod(layer.out)))
    assert NETWORKS[name].layers[-1].out in ((1000,), (1000, 1, 1))  # ImageNet's classes


def test_pools_round_as_torch_rounds_on_random_sizes() -> None:
    rng = np.random.default_rng(3)
    seen = 0
    while seen < 400:
        size, window, stride = rng.integers(1, 40), int(rng.integers(1, 7)), int(rng.integers(1, 6))
        pad, ceil = int(rng.integers(0, window // 2 + 1)), bool(rng.integers(2))
        if size + 2 * pad < window:
            continue
        want = F.max_pool1d(torch.zeros(1, 1, int(size)), window, stride, pad, ceil_mode=ceil).shape[-1]
        assert pooled(int(size), window, stride, pad, ceil) == want, (size, window, stride, pad, ceil)
        seen += 1


@pytest.mark.parametrize("size", [147, 74, 37, 19])
def test_xceptions_same_pools_halve_and_round_up(size: int) -> None:
    starts = range(0, size, 2)  # 'same' with stride 2: a window for every second row
    assert pooled(size, 3, 2, "same", False) == len(starts)


@pytest.mark.parametrize("words", [{"pad": "full"}, {"pad": 2}], ids=str)
def test_an_impossible_pool_is_an_error(words: dict) -> None:
    net = Builder((3, 8, 8))
    with pytest.raises(ValueError, match="pad: want 'same' or at most half the window 3"):
        net.pool("pool", net.image, 3, stride=2, **words)
    with pytest.raises(ValueError, match="window: 9 does not fit the padded input of 8"):
        net.pool("pool", net.image, 9, stride=1)


def test_branches_that_do_not_fit_are_an_error() -> None:
    net = Builder((3, 8, 8))
    small = net.conv("small", net.image, 3, 3)
    with pytest.raises(ValueError, match=r"add 'sum': want two feature maps of one size, got \(3, 8, 8\) and \(3, 6, 6\)"):
        net.add("sum", net.image, small)
    with pytest.raises(ValueError, match="concat 'join': want one H and W"):
        net.concat("join", net.image, small)


def test_a_network_of_ones_own_is_counted_like_the_others() -> None:
    net = Builder((1, 28, 28))
    x = net.conv("conv1", net.image, 6, 5, pad=2)
    with net.part("stage"):
        y = net.conv_norm("conv", x, 6, 3, pad=1)
        x = net.add("add", x, y)
    x = net.fc("fc", net.pool("pool", x, 2, stride=2), 10)
    lenet = net.network("mine", "Mine", 2026, "here", "a test", x)
    assert [layer.name for layer in lenet.layers] == ["conv1", "stage.conv", "stage.conv_bn", "stage.add", "pool", "fc"]
    assert lenet.params == (6 * 25 + 6) + (6 * 6 * 9) + 12 + (6 * 14 * 14 * 10 + 10)
    assert lenet.macs == 28 * 28 * 6 * 25 + 28 * 28 * 6 * 6 * 9 + 6 * 14 * 14 * 10
    assert (lenet.depth, lenet.stats) == (3, 12)


def test_two_layers_of_one_name_or_an_unknown_kind_are_an_error() -> None:
    row = Layer("conv1", "pool", None, (1, 1, 1))
    with pytest.raises(ValueError, match="want distinct names, got 'conv1' twice"):
        Network("n", "N", 2026, "", "", (1, 1, 1), (row, row), 0)
    with pytest.raises(ValueError, match="want kind one of conv, fc, .*, got 'cnov' in 'c'"):
        Network("n", "N", 2026, "", "", (1, 1, 1), (Layer("c", "cnov", None, (1, 1, 1)),), 0)
