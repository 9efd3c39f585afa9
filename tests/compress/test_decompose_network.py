"""A trained network in factors: folding and full rank change nothing, budgets hold, later layers mend what earlier ones lost."""

import numpy as np
import pytest
import torch

from course_lib.compress.decompose import decompose_network, network_ranks, responses, without_batch_norm
from course_lib.compress.graph import macs
from course_lib.train import accuracy, digits, trained


@pytest.fixture(scope="module")
def net():
    return trained("plain")


@pytest.fixture(scope="module")
def images():
    return digits().train[0][:60]


def outputs(net, images):
    with torch.no_grad():
        return net(torch.from_numpy(np.array(images))).numpy()


@pytest.mark.parametrize("name", ["plain", "residual"])
def test_folding_every_batch_normalisation_changes_no_answer(name, images):
    net = trained(name)
    flat = without_batch_norm(net)
    assert not any(
        isinstance(m, torch.nn.BatchNorm2d) and n.rpartition(".")[2].startswith("bn") and n != "bn" for n, m in flat.named_modules()
    )
    # logits of size 10 through six layers of float32 sums
    np.testing.assert_allclose(outputs(flat, images), outputs(net, images), atol=2e-4)


def test_responses_are_what_the_layer_gives_before_its_relu(net, images):
    seen = responses(net, "conv3", images, points=4)
    given = []
    hook = net.bn3.register_forward_hook(lambda m, i, o: given.append(o.numpy()))
    outputs(net, images)
    hook.remove()
    everywhere = given[0].transpose(0, 2, 3, 1).reshape(-1, 64)  # each image's responses at each place
    for y in seen.y.T[:: 4 * 7]:
        assert np.abs(everywhere - y).max(1).min() < 1e-4
    np.testing.assert_allclose(seen.y, seen.w @ seen.x + seen.bias[:, None])


@pytest.mark.parametrize("way", ["linear", "relu", "asymmetric"])
def test_at_full_rank_the_network_in_factors_gives_the_same_answers(net, images, way):
    small = decompose_network(net, {"conv2": 64, "conv3": 64}, images, way, points=12)
    np.testing.assert_allclose(outputs(small, images), outputs(net, images), atol=5e-3)


def test_the_ranks_hold_the_budget_counted_by_the_network_itself(net, images):
    layers = ("conv2", "conv3", "conv4")
    ranks = network_ranks(net, layers, images, times=4)
    size = (1, 1, 16, 16)
    rest = macs(net, size) - (64 * 32 * 9 * 256 + 2 * 64 * 64 * 9 * 64)  # the first layer and the last
    small = decompose_network(net, ranks, images)
    assert macs(small, size) - rest <= (macs(net, size) - rest) / 4


def test_later_layers_mend_what_earlier_ones_lost(net, images):
    ranks = {"conv2": 7, "conv3": 12, "conv4": 11}
    test = digits().test
    got = {way: accuracy(decompose_network(net, ranks, digits().train[0][:150], way), *test) for way in ("linear", "asymmetric")}
    assert got["asymmetric"] > got["linear"] + 0.05  # 450 images: one is 0.2 points


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda net, images: responses(net, "conv9", images), "layer: want a convolution without groups, one of conv1, conv2"),
        (lambda net, images: decompose_network(net, {"conv2": 3}, images, "wrong"), "way: want one of linear, relu, asymmetric"),
        (lambda net, images: decompose_network(net, {"conv2": 0}, images), "rank"),
        (lambda net, images: network_ranks(net, ["conv2"], images, 0), "times"),
        (lambda net, images: network_ranks(net, ["conv2"], images, 1e6), "budget"),
    ],
)
def test_bad_input_is_said(call, says, net, images):
    with pytest.raises(ValueError, match=says):
        call(net, images)
