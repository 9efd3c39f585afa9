"""The small network computes what the masked one does; the compiled one what torch does; the mended one is nearer than the cut one."""

from collections import OrderedDict
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from course_lib.compress.graph import layers, macs, steps_of
from course_lib.compress.pipelines import Candidate, channels, filters, learned, pareto, shape_of, sizes_for, sparse
from course_lib.compress.prune import (
    channel_exchange,
    channel_groups,
    channel_select_lasso,
    drop_zero_branches,
    mask_channels,
    reconstruct,
    selection_error,
    shrink,
)
from course_lib.compress.prune.channels import channel_select_norm, lasso
from course_lib.compress.prune.masks import weights_of
from course_lib.compress.reconstruct import prune_channels, sampled
from course_lib.compress.run import compile_network, torch_forward
from course_lib.train import accuracy, digits, plain, residual, trained

ONE = (1, 1, 8, 8)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Odd(nn.Module):
    """Depthwise, dilated, strided, grouped and ragged layers, biases, an addition of three, and a flatten of more than one pixel."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 6, (3, 2), padding=(1, 1))
        self.bn = nn.BatchNorm2d(6)
        self.deep = nn.Conv2d(6, 6, 3, padding=2, dilation=2, groups=6, bias=False)
        self.point = nn.Conv2d(6, 6, 1)
        self.pool = nn.MaxPool2d(3, 2)
        self.mean = nn.AvgPool2d(2, 1)
        self.drop = nn.Dropout()
        self.one = nn.Linear(6 * 2 * 3, 7)
        self.two = nn.Linear(7, 5)

    def forward(self, x):
        x = torch.relu(self.bn(self.first(x)))
        y = self.point(self.deep(x)) + x
        y = torch.add(y, x).relu()
        y = self.drop(self.mean(self.pool(y)))
        return self.two(nn.functional.relu(self.one(torch.flatten(y, 1))))


NETS = {"plain": lambda: plain((5, 6, 7, 4), seed=3), "residual": lambda: residual((5, 7), seed=4), "odd": Odd}


def shaken(name, seed):
    """A network whose statistics, biases and weights are all other than when it was born."""
    torch.manual_seed(seed)
    net = NETS[name]()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor, low in ((module.running_mean, -1), (module.running_var, 0.5), (module.weight.data, 0.5), (module.bias.data, -1)):
                tensor.uniform_(low, low + 1.5)
    return net.eval()


@cache
def known(name):
    """(groups of channels, MACs) of a network by its name: neither asks for a weight, both trace the whole network."""
    net = NETS[name]()
    return channel_groups(net, ONE), macs(net, ONE)


# --- shrinking --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETS)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6))
def test_the_shrunk_network_is_the_masked_one(name, seed):
    net, rng, (groups, full) = shaken(name, seed % 100), np.random.default_rng(seed), known(name)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    keep = {
        str(rng.choice(group.producers)): np.sort(rng.permutation(group.size)[: rng.integers(1, group.size + 1)])
        for group in groups
        if group.free and rng.random() < 0.7
    }
    small, masked = shrink(net, keep, ONE), mask_channels(net, keep, ONE)
    x = rng.standard_normal((3, *ONE[1:])).astype(np.float32)
    want = torch_forward(masked)(x)
    np.testing.assert_allclose(torch_forward(small)(x), want, atol=1e-5 * max(1, np.abs(want).max()))
    assert all((net.state_dict()[key] == value).all() for key, value in before.items())
    assert macs(small, ONE) <= full


def test_the_macs_of_a_smaller_network_are_the_formula():
    small = shrink(plain((5, 6, 7, 4)), {"conv1": [0, 3], "conv3": [1, 2, 6]}, ONE)
    assert macs(small, ONE) == 64 * 9 * (1 * 2 + 2 * 6) + 16 * 9 * (6 * 3 + 3 * 4) + 4 * 10
    assert [small.conv2.in_channels, small.conv3.out_channels, small.bn3.num_features] == [2, 3, 3]


def test_layers_that_are_added_follow_their_leader():
    groups = {group.leader: group for group in channel_groups(residual((5, 7)), ONE)}
    assert groups["stem"].producers == ("stem", "block1.conv2")
    assert groups["block2.conv2"].producers == ("block2.conv2", "block2.shortcut.conv", "block3.conv2")
    assert groups["block2.conv2"].readers == (("block3.conv1", 1), ("fc", 1)) and not groups["fc"].free
    odd = {group.leader: group for group in channel_groups(Odd(), ONE)}
    assert odd["first"].producers == ("first", "deep", "point") and odd["first"].readers == (("point", 1), ("one", 6))


def test_a_filter_of_zeros_is_not_silent_while_its_normalisation_speaks():
    """Why masking zeroes beta, too: a zero filter behind a batch normalisation gives a constant that is not zero."""
    net = shaken("plain", 1)
    net.conv1.weight.data[[0, 2]] = 0
    small = shrink(net, {"conv1": [1, 3, 4]}, ONE)
    x = np.random.default_rng(0).standard_normal((2, *ONE[1:])).astype(np.float32)
    assert np.abs(torch_forward(small)(x) - torch_forward(net)(x)).max() > 1e-3
    assert np.abs(torch_forward(small)(x) - torch_forward(mask_channels(net, {"conv1": [1, 3, 4]}, ONE))(x)).max() < 1e-5


def test_a_block_whose_body_is_zero_goes_and_the_rest_computes_the_same():
    net = shaken("residual", 5)
    for name in ("weight", "bias"):
        getattr(net.block3.bn2, name).data.zero_()
    less = drop_zero_branches(net, ONE)
    names = set(weights_of(less))
    assert not {"block3.conv1", "block3.conv2"} & names and "block2.conv1" in names
    x = np.random.default_rng(0).standard_normal((2, *ONE[1:])).astype(np.float32)
    np.testing.assert_allclose(torch_forward(less)(x), torch_forward(net)(x), atol=1e-6)
    assert macs(net, ONE) - macs(less, ONE) == 2 * 16 * 9 * 7 * 7
    assert set(weights_of(drop_zero_branches(shaken("residual", 5), ONE))) == set(weights_of(net))


KEEP = {
    "a layer that is not there": ({"conv9": [0]}, "keep: 'conv9' produces no channels"),
    "no channel": ({"block1.conv1": []}, "keep: want different channel numbers"),
    "a channel twice": ({"block1.conv1": [1, 1]}, "keep: want different"),
    "a channel too many": ({"block1.conv1": [5]}, "from 0 to 4"),
    "two that contradict each other": ({"stem": [0, 1], "block1.conv2": [0, 2]}, "must keep the same channels"),
    "the classes": ({"fc": [0, 1]}, "must stay"),
}


@pytest.mark.parametrize("what", KEEP)
def test_what_cannot_be_taken_out_is_told(what):
    keep, words = KEEP[what]
    with pytest.raises(ValueError, match=words):
        shrink(residual((5, 7)), keep, ONE)


def test_channels_read_in_groups_must_stay():
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3, groups=2), nn.Conv2d(4, 2, 1))
    assert [group.free for group in channel_groups(net, ONE)] == [False, False, False]
    with pytest.raises(ValueError, match="must stay"):
        shrink(net, {"0": [0, 1]}, ONE)


# --- reading and running a network ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETS)
def test_the_compiled_network_is_torchs(name):
    net = shaken(name, 7)
    x = np.random.default_rng(1).standard_normal((5, *ONE[1:])).astype(np.float32)
    want, given = torch_forward(net)(x), x.copy()
    for threads in (1, 2):
        fast = compile_network(net, x.shape, threads)
        for _ in range(2):  # buffers of a first call do no harm to a second
            np.testing.assert_allclose(fast(x), want, atol=2e-5 * np.abs(want).max())
    np.testing.assert_array_equal(x, given)
    assert [row["layer"] for row in fast.report] == list(weights_of(net))
    assert sum(fast.report["MACs"]) == 5 * macs(net, ONE)


def test_macs_are_those_of_torchs_own_counter():
    from torch.utils.flop_counter import FlopCounterMode

    for name in NETS:
        net = shaken(name, 0)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            net(torch.zeros(ONE))
        assert macs(net, ONE) == counter.get_total_flops() // 2
    assert sum(layers(trained("plain"), (1, 1, 16, 16))["MACs"]) == 9_511_552


def test_a_decomposed_layer_is_several_layers_and_runs():
    """Two in a row for a low rank, two side by side for low rank + sparse: nothing new is needed."""

    class Side(nn.Module):
        def __init__(self):
            super().__init__()
            self.low = nn.Sequential(OrderedDict(down=nn.Conv2d(1, 2, 3, padding=1, bias=False), up=nn.Conv2d(2, 6, 1)))
            self.sparse = nn.Conv2d(1, 6, 3, padding=1, bias=False)

        def forward(self, x):
            return self.low(x) + self.sparse(x)

    torch.manual_seed(0)
    net = nn.Sequential(Side(), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3)).eval()
    x = np.random.default_rng(1).standard_normal((4, *ONE[1:])).astype(np.float32)
    np.testing.assert_allclose(compile_network(net, x.shape)(x), torch_forward(net)(x), atol=1e-5)


def test_an_algorithm_may_be_named_for_one_layer():
    net = shaken("plain", 2)
    fast = compile_network(net, ONE, algorithm={"conv3": "nest", "conv2": "windows"})
    assert dict(zip(fast.report["layer"], fast.report["algorithm"], strict=True)) == {
        "conv1": "auto", "conv2": "windows", "conv3": "nest", "conv4": "auto", "fc": "-",
    }  # fmt: skip
    with pytest.raises(ValueError, match="algorithm: 'fc' is no convolution"):
        compile_network(net, ONE, algorithm={"fc": "nest"})
    with pytest.raises(ValueError, match="ia: want shape"):
        fast(np.zeros((2, 1, 8, 8), np.float32))


class Used(nn.Sequential):
    def forward(self, x):
        return self[0](self[0](x))


UNKNOWN = {
    "a layer that is not known": (nn.Sequential(nn.Conv2d(1, 2, 3), nn.Tanh()), "net: 1 is a Tanh"),
    "a layer used twice": (Used(nn.Conv2d(1, 1, 3)), "net: 0 is used twice"),
    "a normalisation alone": (nn.Sequential(nn.BatchNorm2d(1), nn.Conv2d(1, 1, 1)), "cannot be folded"),
    "padding by reflection": (nn.Sequential(nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect")), "pads with reflect"),
    "pooling with padding": (nn.Sequential(nn.MaxPool2d(2, 2, 1)), "want a plain maximum"),
    "a mean to four pixels": (nn.Sequential(nn.AdaptiveAvgPool2d(2)), "want 1"),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_what_cannot_be_read_is_told(what):
    net, words = UNKNOWN[what]
    with pytest.raises(ValueError, match=words):
        compile_network(net.eval(), ONE)


class Plus(nn.Module):
    def forward(self, x):
        return x + 1


def test_functions_that_are_not_known_are_told_and_modes_are_left_alone():
    with pytest.raises(ValueError, match="adds a number"):
        steps_of(Plus(), ONE)
    net = plain((2, 2, 2, 2)).train()
    net.bn1.eval()
    mean = net.bn2.running_mean.clone()
    steps_of(net, ONE)
    assert net.training and not net.bn1.training and net.bn2.training and (net.bn2.running_mean == mean).all()


# --- channels by reconstruction --------------------------------------------------------------------------------------------------


def planted(seed, N=200, c=10, r=4, n=6, true=4):
    """Only `true` channels matter; the weights of the others are large where it does not show: their inputs are nearly zero."""
    rng = np.random.default_rng(seed)
    X, W = rng.standard_normal((N, c, r)), rng.standard_normal((n, c, r))
    matter = np.sort(rng.permutation(c)[:true])
    quiet = np.setdiff1d(np.arange(c), matter)
    X[:, quiet] *= 0.01
    W[:, quiet] *= 3
    return X, W, np.einsum("Ncr,ncr->Nn", X, W), matter


@pytest.mark.parametrize("stages", [1, 3])
def test_lasso_finds_the_channels_that_matter_where_norms_are_fooled(stages):
    for seed in range(5):
        X, W, Y, matter = planted(seed)
        np.testing.assert_array_equal(channel_select_lasso(X, W, Y, 4, stages), matter)
        assert not np.array_equal(channel_select_norm(W, 4), matter)
        assert selection_error(X, W, Y, matter) < 0.05 < selection_error(X, W, Y, channel_select_norm(W, 4))


def test_the_lasso_on_sums_is_the_lasso_on_samples():
    """An independent witness: sklearn's whole LARS path on the samples themselves; the set that it has when so many are left."""
    from sklearn.linear_model import lars_path

    rng = np.random.default_rng(2)
    z, y = rng.standard_normal((300, 9)), None
    y = z @ np.r_[3, 2.5, 2, 1.5, 1, 0.8, 0.6, 0.4, 0.2] + rng.standard_normal(300)
    _, _, coefs = lars_path(z, y, method="lasso")
    for c_keep in range(1, 9):
        sets = [set(np.flatnonzero(column)) for column in coefs.T if np.count_nonzero(column) == c_keep]
        assert set(lasso(z.T @ z, z.T @ y, c_keep)) in sets


def test_after_the_exchanges_no_channel_for_another_is_better_and_the_planted_ones_are_found_from_anywhere():
    for seed in range(4):
        rng = np.random.default_rng(seed)
        X, W, Y, matter = planted(seed)
        np.testing.assert_array_equal(channel_exchange(X, W, Y, np.setdiff1d(np.arange(10), matter)[:4]), matter)
        X = np.einsum("cd,Ndr->Ncr", rng.standard_normal((10, 10)), X)  # channels that stand in for one another: nothing is planted
        Y = np.einsum("Ncr,ncr->Nn", X, W) + rng.standard_normal(Y.shape)
        start = rng.permutation(10)[:4]
        keep = channel_exchange(X, W, Y, start)
        found = selection_error(X, W, Y, keep)
        one_other = [np.append(np.delete(keep, i), j) for i in range(4) for j in np.setdiff1d(np.arange(10), keep)]
        assert found <= min(selection_error(X, W, Y, other) for other in one_other) * (1 + 1e-6)
        assert found <= selection_error(X, W, Y, start) and len(set(keep)) == 4
    np.testing.assert_array_equal(channel_exchange(X, W, Y, np.ones(10, bool)), np.arange(10))  # nobody to exchange


def test_the_error_on_held_samples_is_that_of_weights_fitted_to_the_others():
    X, W, Y, _ = planted(2)
    keep, half = [0, 3, 5], len(X) // 2
    new = reconstruct(X[:half], W, Y[:half], keep)
    left = Y[half:] - np.einsum("Ncr,ncr->Nn", X[half:, keep], new)
    want = np.linalg.norm(left) / np.linalg.norm(Y[half:])
    assert selection_error(X[:half], W, Y[:half], keep, (X[half:], Y[half:])) == pytest.approx(want, rel=1e-6)


def test_least_squares_is_numpys_and_no_other_weights_are_better():
    X, W, Y, _ = planted(1)
    rng = np.random.default_rng(0)
    keep = [1, 4, 7]
    new = reconstruct(X, W, Y, keep)
    flat = X[:, keep].reshape(len(X), -1)
    np.testing.assert_allclose(new.reshape(6, -1).T, np.linalg.pinv(flat) @ Y, atol=1e-9)
    error = lambda w: np.linalg.norm(Y - flat @ w.reshape(6, -1).T)
    assert all(error(new) < error(new + 1e-2 * rng.standard_normal(new.shape)) for _ in range(20))
    np.testing.assert_allclose(reconstruct(X, W, Y, range(10)), W, atol=1e-6)  # all channels: the old weights


def test_channels_that_are_twins_are_told_apart_by_number():
    X, W, Y, _ = planted(3)
    X, W = np.concatenate([X, X], 1), np.concatenate([W, W], 1) / 2
    assert len(channel_select_lasso(X, W, Y, 5)) == 5 == len(set(channel_select_lasso(X, W, Y, 5)))
    np.testing.assert_array_equal(channel_select_lasso(X, W, Y, 20), np.arange(20))


def test_where_no_channel_says_anything_the_first_are_taken_and_a_dead_one_goes_first():
    X, W, Y, _ = planted(4)
    np.testing.assert_array_equal(channel_select_lasso(np.zeros_like(X), W, Y, 3), [0, 1, 2])
    X[:, 6] = 0
    assert 6 not in channel_select_lasso(X, W, Y, 9)


SAMPLES = {
    "too many to keep": (lambda X, W, Y: channel_select_lasso(X, W, Y, 11), "c_keep: want at most c = 10"),
    "weights of other channels": (lambda X, W, Y: reconstruct(X, W[:, 1:], Y, [0]), "X, W: want"),
    "outputs of another number": (lambda X, W, Y: reconstruct(X, W, Y[1:], [0]), "Y: want shape"),
    "a channel that is not there": (lambda X, W, Y: reconstruct(X, W, Y, [10]), "keep: want different"),
}


@pytest.mark.parametrize("what", SAMPLES)
def test_samples_that_do_not_fit_are_told(what):
    call, words = SAMPLES[what]
    with pytest.raises(ValueError, match=words):
        call(*planted(0)[:3])


def test_sampled_windows_give_the_sampled_outputs():
    net = shaken("odd", 3)
    x = np.random.default_rng(0).standard_normal((6, *ONE[1:])).astype(np.float32)
    for layer in ("first", "point", "two"):
        module = dict(net.named_modules())[layer]
        X, Y = sampled(net, layer, x, points=4, seed=1)
        W = module.weight.detach().double().numpy().reshape(len(module.weight), X.shape[1], -1)
        np.testing.assert_allclose(np.einsum("Ncr,ncr->Nn", X, W), Y, atol=1e-5)
    with pytest.raises(ValueError, match="layer: deep convolves in groups"):
        sampled(net, "deep", x)


def test_mended_channels_read_digits_better_than_cut_ones():
    net, data = trained("plain"), digits(16)
    counts = {"conv1": 12, "conv2": 24, "conv3": 24}
    mended = prune_channels(net, data.train[0][:150], counts, "l1", show=False)
    keep = {name: channel_select_norm(dict(net.named_modules())[f"conv{i}"].weight.detach().numpy(), counts[name])
            for i, name in enumerate(counts, 2)}  # fmt: skip
    cut = shrink(net, keep, (1, 1, 16, 16))
    assert macs(mended, (1, 1, 16, 16)) == macs(cut, (1, 1, 16, 16))
    assert accuracy(mended, *data.valid) > 0.9 > accuracy(cut, *data.valid)
    with pytest.raises(ValueError, match="counts: the channels of 'stem'"):
        prune_channels(residual(), data.train[0][:4], {"stem": 3})
    with pytest.raises(ValueError, match="choose: want one of"):
        prune_channels(net, data.train[0][:4], {}, "best")


def test_inside_residual_blocks_channels_go_and_are_mended_and_what_is_added_stays_whole():
    net, data = trained("residual"), digits(16)
    small = channels(net, data, 0.6, fine=None, show=False).net
    full = macs(net, (1, 1, 16, 16))
    assert 0.4 * full < macs(small, (1, 1, 16, 16)) <= 0.6 * full
    before, after = (dict(n.named_modules()) for n in (net, small))
    kept = {i: after[f"block{i}.conv1"].out_channels for i in (1, 2, 3)}
    assert all(kept[i] == after[f"block{i}.conv2"].in_channels for i in kept) and sum(kept.values()) < 32 + 64 + 64
    for name in ("stem", "block1.conv2", "block2.conv2", "block2.shortcut.conv", "block3.conv2"):
        assert after[name].out_channels == before[name].out_channels
    cut = shrink(net, {f"block{i}.conv1": np.arange(n) for i, n in kept.items()}, (1, 1, 16, 16))
    assert accuracy(small, *data.valid) > 0.9 > accuracy(cut, *data.valid)


# --- pipelines ---------------------------------------------------------------------------------------------------------------------


def test_sizes_meet_the_share_in_multiples_that_the_kernels_like():
    for net in (plain(), residual()):
        full = macs(net, (1, 1, 16, 16))
        for share in (0.5, 0.25, 0.1):
            sizes = sizes_for(net, share, (1, 1, 16, 16))
            small = shrink(net, {name: np.arange(n) for name, n in sizes.items()}, (1, 1, 16, 16))
            assert 0.6 * share < macs(small, (1, 1, 16, 16)) / full <= share
            assert all(n % 16 == 0 or n < 16 for n in sizes.values())
    with pytest.raises(ValueError, match="share"):
        sizes_for(plain((1, 1, 1, 1)), 0.1, ONE)


def test_every_way_ends_in_a_network_that_runs_and_stands_in_the_table():
    net, data, little = plain((4, 6, 6, 6), seed=1).eval(), digits(8), {"epochs": 1, "lr": 0.02, "batch": 256}
    ways = [
        Candidate("dense", net),
        filters(net, data, 0.5, fine=little, show=False),
        filters(net, data, 0.5, "taylor", fine=little, show=False),
        channels(net, data, 0.5, fine=None, show=False),
        learned(net, data, 0.1, epochs=1, fine=little, show=False),
        sparse(net, data, 0.8, fine=little, show=False),
        sparse(net, data, 0.5, "2:4", fine=little, show=False),
        sparse(net, data, 0.5, "kernel", fine=little, show=False),
    ]
    table = pareto(ways, data, batch=4, show=False)
    assert len(table) == 8 and table["times faster"][0] == 1
    full, weights = macs(net, ONE), sum(wt.size for wt in weights_of(net).values())
    assert table["MACs"][0] == full and table["KiB"][0] == 4 * weights / 1024
    assert all(row["MACs"] <= 0.5 * full for row in list(table)[1:4]) and all(row["KiB"] < table["KiB"][0] for row in list(table)[1:4])
    pruned = weights_of(ways[5].net)
    assert all((pruned[name] == 0).sum() == round(0.8 * pruned[name].size) for name in ("conv2", "conv3", "conv4"))
    assert shape_of(data, 4) == (4, 1, 8, 8)
