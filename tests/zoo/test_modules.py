"""The torch modules and the tables are one network: parameters, shapes and torch's own count of operations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from course_lib.zoo import NETWORKS, module
from course_lib.zoo.modules import MODULES


@pytest.fixture(params=MODULES, scope="module")
def twin(request: pytest.FixtureRequest) -> tuple[str, nn.Module]:
    """(name, module) on the meta device: shapes and counts without memory."""
    with torch.device("meta"):
        return request.param, MODULES[request.param]().eval()


@pytest.fixture(scope="module")
def walked(twin: tuple[str, nn.Module]) -> tuple[int, dict[str, tuple[int, ...]]]:
    """One image's way through it: (operations by torch's count, the output's shape of each part)."""
    name, net = twin
    outs: dict[str, tuple[int, ...]] = {}
    hooks = [
        part.register_forward_hook(lambda _part, _in, out, label=label: outs.__setitem__(label, tuple(out.shape)))
        for label, part in net.named_modules()
    ]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(torch.empty(1, *NETWORKS[name].input_shape, device="meta"))
    for hook in hooks:
        hook.remove()
    return counter.get_total_flops(), outs


def test_parameters_and_running_statistics_are_those_of_the_table(twin: tuple[str, nn.Module]) -> None:
    name, net = twin
    assert sum(p.numel() for p in net.parameters()) == NETWORKS[name].params
    assert sum(b.numel() for label, b in net.named_buffers() if not label.endswith("num_batches_tracked")) == NETWORKS[name].stats


def test_torchs_flop_counter_finds_twice_the_macs(twin: tuple[str, nn.Module], walked: tuple[int, Any]) -> None:
    assert walked[0] == 2 * NETWORKS[twin[0]].macs


def test_every_layer_of_the_table_is_a_part_of_the_module_with_the_same_output(
    twin: tuple[str, nn.Module], walked: tuple[int, Any]
) -> None:
    (name, net), (_, outs) = twin, walked
    for layer in NETWORKS[name].layers:
        assert outs[layer.name] == (1, *layer.out), layer.name
        part = net.get_submodule(layer.name)
        assert sum(p.numel() for p in part.parameters()) == layer.params, layer.name
        if isinstance(part, nn.Conv2d):
            assert tuple(part.weight.shape) == layer.shape.wt_shape and part.stride == layer.shape.strides, layer.name


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2"])
def test_a_module_classifies_and_its_seed_decides_its_weights(name: str) -> None:
    state = torch.random.get_rng_state()
    one, same, other = module(name, seed=7), module(name, seed=7), module(name, seed=8)
    assert torch.equal(torch.random.get_rng_state(), state)  # the user's own random numbers go on undisturbed
    ia = torch.randn(2, *NETWORKS[name].input_shape, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        scores = one(ia)
        assert scores.shape == (2, 1000) and torch.isfinite(scores).all() and scores.std() > 0
        assert torch.equal(scores, same(ia)) and not torch.equal(scores, other(ia))


def test_signals_neither_vanish_nor_explode_through_vgg16() -> None:
    net = module("vgg16")
    with torch.inference_mode():
        scores = net(torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0)))
    assert 0.05 < float(scores.std()) < 20  # He initialisation keeps the variance through 16 layers


def test_a_residual_block_adds_its_input() -> None:
    """With the last norm's scale at zero a block is the identity (after the relu)."""
    block = module("resnet18").get_submodule("conv2_2")
    nn.init.zeros_(block.conv2_bn.weight)
    ia = torch.from_numpy(np.random.default_rng(0).random((1, 64, 8, 8), dtype=np.float32))
    with torch.inference_mode():
        assert torch.equal(block(ia), ia)


def test_a_name_without_a_module_and_a_bad_seed_are_errors() -> None:
    with pytest.raises(KeyError, match="no torch module for 'nin'; there are alexnet, vgg16, "):
        module("nin")
    with pytest.raises(KeyError, match="no network 'ResNet18'; did you mean 'resnet18'"):
        module("ResNet18")
    with pytest.raises(ValueError, match="seed: want at least 0, got -1"):
        module("alexnet", seed=-1)
