"""Which weights go: counts are exact, ties are settled, patterns hold, and masks hold against every optimiser."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from course_lib.compress.prune import (
    GRAINS,
    Masks,
    allocate_sparsity,
    gradual_sparsity,
    group_lasso,
    iterative_sparsities,
    lottery_ticket,
    magnitude_mask,
    magnitude_masks,
    n_m_mask,
    pattern_bytes,
    pattern_mask,
    saliency,
    sensitivity_scan,
    shrink_groups,
    surgery_masks,
)
from course_lib.compress.prune.masks import Gradually, first_and_last, weights_of
from course_lib.compress.prune.scan import curves_of
from course_lib.compress.prune.ssl import shrinking, shrinking_scales
from course_lib.compress.prune.surgery import Surgery
from course_lib.train import digits, plain, residual

LITTLE = settings(max_examples=60, deadline=None, derandomize=True)
seeds = st.integers(0, 10**6)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def draw(seed, most=6):
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(1, most, 4))
    return rng, rng.integers(-4, 5, shape).astype(np.float32) / 2  # few different values: many ties


# --- magnitude -----------------------------------------------------------------------------------------------------------


@LITTLE
@given(seeds, st.floats(0, 1))
def test_exactly_the_rounded_number_goes_and_nothing_larger_than_what_stays(seed, sparsity):
    _, wt = draw(seed)
    mask = magnitude_mask(wt, sparsity)
    assert (~mask).sum() == round(sparsity * wt.size) and mask.shape == wt.shape
    if mask.any() and not mask.all():
        assert np.abs(wt[~mask]).max() <= np.abs(wt[mask]).min()


def test_it_is_torchs_own_pruning_where_there_are_no_ties():
    from torch.nn.utils import prune

    wt = np.random.default_rng(0).permutation(np.arange(1, 151)).reshape(5, 3, 2, 5).astype(np.float32)
    for sparsity in (0.1, 0.5, 0.77):
        layer = nn.Conv2d(3, 5, (2, 5))
        layer.weight.data = torch.from_numpy(wt.copy())
        prune.l1_unstructured(layer, "weight", amount=round(sparsity * wt.size))
        np.testing.assert_array_equal(magnitude_mask(wt, sparsity), layer.weight_mask.numpy().astype(bool))


def test_among_equals_the_earlier_goes_first():
    np.testing.assert_array_equal(magnitude_mask(np.ones((2, 3)), 0.5), [[False] * 3, [True] * 3])
    np.testing.assert_array_equal(magnitude_mask([1.0, -1.0, 2.0], 1 / 3), [False, True, True])


def test_a_global_threshold_is_one_mask_over_all_layers():
    rng = np.random.default_rng(1)
    layers = {name: rng.integers(-9, 10, shape) for name, shape in {"a": (3, 4), "b": (2, 1, 3, 3), "c": (0, 5), "d": (7,)}.items()}
    masks = magnitude_masks(layers, 0.6, "global")
    together = magnitude_mask(np.concatenate([wt.ravel() for wt in layers.values()]), 0.6)
    np.testing.assert_array_equal(np.concatenate([mask.ravel() for mask in masks.values()]), together)
    for name, mask in magnitude_masks(layers, 0.6).items():
        np.testing.assert_array_equal(mask, magnitude_mask(layers[name], 0.6))
    assert magnitude_masks({}, 0.5, "global") == {}


# --- patterns -------------------------------------------------------------------------------------------------------------


@LITTLE
@given(seeds, st.integers(0, 4), st.integers(1, 5))
def test_n_of_m_stay_in_every_group_and_they_are_the_largest(seed, n, m):
    _, wt = draw(seed)
    if n > m:
        n = m
    mask = n_m_mask(wt, n, m)
    for row, kept in zip(np.abs(wt).reshape(len(wt), -1), mask.reshape(len(wt), -1), strict=True):
        for start in range(0, len(row), m):
            group, stays = row[start : start + m], kept[start : start + m]
            assert stays.sum() == min(n, len(group))
            best = sorted(range(len(group)), key=lambda i: (-group[i], i))[:n]  # brute force, ties to the earlier
            np.testing.assert_array_equal(np.flatnonzero(stays), sorted(best))


def brute_groups(shape, grain):
    """Every group as a list of index tuples, by looking at each weight."""
    found = {}
    for index in np.ndindex(*shape):
        found.setdefault(tuple(i for axis, i in enumerate(index) if axis not in GRAINS[grain]), []).append(index)
    return list(found.values())


@pytest.mark.parametrize("grain", GRAINS)
@LITTLE
@given(seed=seeds, sparsity=st.floats(0, 1))
def test_whole_groups_go_the_shortest_first_in_the_right_number(grain, seed, sparsity):
    _, wt = draw(seed, 5)
    mask = pattern_mask(wt, sparsity, grain)
    groups = brute_groups(wt.shape, grain)
    gone = [group for group in groups if not mask[group[0]]]
    assert len(gone) == round(sparsity * len(groups))
    assert all(len({bool(mask[i]) for i in group}) == 1 for group in groups)
    length = lambda group: sum(float(wt[i]) ** 2 for i in group) ** 0.5
    stay = [group for group in groups if mask[group[0]]]
    assert not gone or not stay or max(map(length, gone)) <= min(map(length, stay)) * (1 + 1e-12)
    values, index = pattern_bytes(mask, grain)
    assert values == 4 * mask.sum() and index >= 4 * len(stay)


def test_the_index_gets_small_as_the_grain_gets_large():
    wt = np.random.default_rng(0).standard_normal((64, 32, 3, 3))
    index = {grain: pattern_bytes(pattern_mask(wt, 0.75, grain), grain)[1] for grain in ("element", "vector", "kernel", "filter")}
    # 18,432 weights, a quarter stays: 4,608 weights, 1,536 rows, 512 kernels, each with an index, and 65 row starts; 16 filters
    assert index == {"element": 4 * 4608 + 260, "vector": 4 * 1536 + 260, "kernel": 4 * 512 + 260, "filter": 64}


@pytest.mark.parametrize("grain", GRAINS)
@LITTLE
@given(seed=seeds)
def test_group_lasso_sums_the_lengths_of_the_groups(grain, seed):
    _, wt = draw(seed, 5)
    want = sum(np.linalg.norm([float(wt[i]) for i in group]) for group in brute_groups(wt.shape, grain))
    assert group_lasso(wt, grain) == pytest.approx(want, abs=1e-9)


@pytest.mark.parametrize("grain", ["filter", "channel", "shape", "kernel", "layer", "element"])
def test_the_proximal_step_minimises_what_it_should(grain):
    """w' = argmin ||w' - w||² / 2 + amount · Σ||w'_g||: no nearby point is better, and short groups are exactly zero."""
    rng = np.random.default_rng(4)
    wt, amount = rng.standard_normal((4, 3, 2, 2)), 1.0
    new = shrink_groups(wt, grain, amount)
    cost = lambda w: 0.5 * ((w - wt) ** 2).sum() + amount * group_lasso(w, grain)
    for scale in (1e-1, 1e-2, 1e-3):
        for _ in range(40):
            assert cost(new) <= cost(new + scale * rng.standard_normal(wt.shape)) + 1e-12
    for group in brute_groups(wt.shape, grain):
        old, now = np.array([wt[i] for i in group]), np.array([new[i] for i in group])
        if np.linalg.norm(old) <= amount:
            assert not now.any()
        else:
            assert np.linalg.norm(now) == pytest.approx(np.linalg.norm(old) - amount)
    np.testing.assert_array_equal(shrink_groups(wt, grain, 0.0), wt)
    assert not shrink_groups(np.zeros((2, 2, 1, 1)), grain, 0.0).any()


def test_training_with_the_proximal_step_does_what_shrink_groups_does():
    net = plain((4, 6, 4, 4))
    wt = net.conv2.weight.detach().numpy().copy()
    optimiser = torch.optim.SGD(net.parameters(), 0.1)
    shrinking({"conv2": ("filter", 0.5)})(0, net, optimiser)
    want = shrink_groups(wt, "filter", 0.1 * 0.5 * (4 * 9) ** 0.5)
    np.testing.assert_allclose(net.conv2.weight.detach().numpy(), want, atol=1e-6)


def test_behind_a_batch_normalisation_the_channels_scale_and_shift_are_one_group():
    """By hand: strength 1 at step 0.1 takes 0.1·sqrt(2) off the length of (3, 4), and more than there is of (0.1, 0)."""
    net = plain((4, 2, 4, 4))
    with torch.no_grad():
        net.bn2.weight[:], net.bn2.bias[:] = torch.tensor([3.0, 0.1]), torch.tensor([4.0, 0.0])
    filters = net.conv2.weight.detach().clone()
    shrinking_scales([("bn2",)], 1.0)(0, net, torch.optim.SGD(net.parameters(), 0.1))
    factor = 1 - 0.1 * 2**0.5 / 5
    np.testing.assert_allclose(net.bn2.weight.detach(), [3 * factor, 0], rtol=1e-6)
    np.testing.assert_allclose(net.bn2.bias.detach(), [4 * factor, 0], rtol=1e-6)
    assert torch.equal(net.conv2.weight, filters)
    net.eval()
    assert not net.bn2(torch.ones(1, 2, 3, 3))[0, 1].any()  # a channel without scale and shift gives nothing


def test_layers_that_are_added_lose_a_channel_together():
    net = residual((4, 4))
    with torch.no_grad():
        net.bn.weight[1] = net.bn.bias[1] = net.block1.bn2.bias[1] = 0.0
        net.block1.bn2.weight[1] = 1.0  # one of the two still speaks
    step, optimiser = shrinking_scales([("bn", "block1.bn2")], 1.0), torch.optim.SGD(net.parameters(), 0.1)
    step(0, net, optimiser)
    assert net.block1.bn2.weight[1].item() == pytest.approx(1 - 0.1 * 4**0.5)
    for _ in range(5):
        step(0, net, optimiser)
    assert net.bn.weight[1] == net.block1.bn2.weight[1] == 0


# --- when -----------------------------------------------------------------------------------------------------------------


def test_the_cubic_starts_stops_and_waits_between_updates():
    at = lambda t: gradual_sparsity(t, 0.1, 0.9, t0=100, n=10, dt=20)
    assert at(0) == at(99) == 0 and at(100) == pytest.approx(0.1) and at(300) == at(10**6) == 0.9
    assert at(120) == at(139) != at(140)
    for k in range(11):  # the paper's formula at its own steps
        assert at(100 + 20 * k) == pytest.approx(0.9 + (0.1 - 0.9) * (1 - (20 * k) / (10 * 20)) ** 3)
    values = [at(t) for t in range(400)]
    assert values == sorted(values)


def test_every_round_takes_its_share_of_what_is_left():
    left = 1.0
    for sparsity in iterative_sparsities(5, 0.2):
        left *= 0.8
        assert sparsity == pytest.approx(1 - left)
    assert iterative_sparsities(0, 0.5) == []


def test_the_highest_floor_that_meets_the_budget_is_found():
    rng = np.random.default_rng(0)
    grid = [0.0, 0.3, 0.6, 0.9]
    for _ in range(40):
        curves = {name: sorted(rng.random(4).round(2).tolist(), reverse=True) for name in "abc"}
        params, budget = {name: int(rng.integers(1, 100)) for name in "abc"}, float(rng.uniform(0, 0.85))
        got = allocate_sparsity(grid, curves, params, budget)
        worst = {}  # brute force over all 64 choices: those that remove enough, and their worst layer
        for choice in np.ndindex(4, 4, 4):
            if sum(grid[i] * params[n] for n, i in zip("abc", choice, strict=True)) >= budget * sum(params.values()):
                worst[choice] = min(curves[n][i] for n, i in zip("abc", choice, strict=True))
        mine = tuple(grid.index(got[n]) for n in "abc")
        assert mine in worst and worst[mine] >= max(worst.values())


# --- masks that hold ------------------------------------------------------------------------------------------------------


def trained_steps(net, optimiser, steps=6):
    x, y = (torch.from_numpy(np.array(part[:32])) for part in digits(8).train)
    for _ in range(steps):
        optimiser.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        optimiser.step()


@pytest.mark.parametrize("kind", ["sgd with momentum", "adam"])
def test_masks_survive_the_optimiser_which_revives_weights_without_them(kind):
    for held in (False, True):
        net = plain((4, 6, 4, 4))
        make = {"sgd with momentum": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=1e-3), "adam": torch.optim.Adam}[kind]
        optimiser = make(net.parameters())
        trained_steps(net, optimiser)  # there is momentum now
        masks = Masks({name: magnitude_mask(wt, 0.8) for name, wt in weights_of(net).items()})
        if held:
            handle = masks.on(optimiser, net)
        else:
            masks.apply(net)
        trained_steps(net, optimiser)
        zeros = [not wt[~masks.masks[name].numpy()].any() for name, wt in weights_of(net).items()]
        assert all(zeros) if held else not any(zeros)
        if held:
            assert masks.sparsity == pytest.approx(0.8, abs=0.01)
            handle.remove()
            trained_steps(net, optimiser)
            assert not all(not wt[~masks.masks[name].numpy()].any() for name, wt in weights_of(net).items())


def test_a_mask_of_another_shape_or_layer_is_refused():
    net = plain((4, 6, 4, 4))
    with pytest.raises(ValueError, match="masks: 'conv9'"):
        Masks({"conv9": np.ones(3, bool)}).apply(net)
    with pytest.raises(ValueError, match="shape"):
        Masks({"conv1": np.ones((4, 1, 3, 2), bool)}).apply(net)


def test_gradual_masks_follow_their_schedule_and_only_touch_their_layers():
    net = plain((4, 6, 4, 4))
    names = set(weights_of(net)) - first_and_last(net)
    assert names == {"conv2", "conv3", "conv4"}
    hold = Gradually(lambda step: min(0.1 * step, 0.5), names)
    for step in range(8):
        hold(step, net, None)
        for name, wt in weights_of(net).items():
            assert (wt == 0).sum() == (round(min(0.1 * step, 0.5) * wt.size) if name in names else 0)


def test_surgery_cuts_splices_and_waits_in_between():
    wt, mask = np.array([0.1, 0.5, 0.9, 0.1, 0.5, 0.9]), np.array([True] * 3 + [False] * 3)
    np.testing.assert_array_equal(surgery_masks(wt, mask, 0.3, 0.7), [False, True, True, False, False, True])
    with pytest.raises(ValueError, match="low, high"):
        surgery_masks(wt, mask, 0.7, 0.3)


def test_behind_the_masks_weights_learn_and_some_come_back():
    net = plain((4, 6, 4, 4), seed=1)
    surgery = Surgery({"conv3"}, 0.6, every=2)
    optimiser = torch.optim.SGD(net.parameters(), 0.5)
    for step in range(20):
        trained_steps(net, optimiser, 1)
        surgery(step, net, optimiser)
        assert ((net.conv3.weight != 0) <= surgery.masks["conv3"]).all()
    assert surgery.cut > 0 and surgery.spliced > 0
    assert surgery.behind["conv3"][~surgery.masks["conv3"]].abs().min() > 0  # not forgotten
    assert 0.5 < float((net.conv3.weight == 0).float().mean()) < 0.7


def test_a_ticket_is_the_beginning_seen_through_a_mask():
    net = plain((4, 6, 4, 4), seed=2)
    begin = {key: value.clone() for key, value in net.state_dict().items()}
    fits = []

    def fit(one, masks):
        fits.append(masks.sparsity if masks.masks else 0.0)
        optimiser = torch.optim.SGD(one.parameters(), 0.1)
        masks.on(optimiser, one)
        trained_steps(one, optimiser, 2)

    ticket, masks = lottery_ticket(net, fit, rounds=3, each=0.5)
    assert fits == pytest.approx([0, 0.5, 0.75], abs=0.01) and masks.sparsity == pytest.approx(0.875, abs=0.01)
    for name, wt in weights_of(ticket).items():
        first = begin[f"{name}.weight"].numpy()
        mask = masks.masks[name].numpy() if name in masks.masks else np.ones_like(first, bool)
        np.testing.assert_array_equal(wt, np.where(mask, first, 0))
    assert all((net.state_dict()[key] == value).all() for key, value in begin.items())


# --- sensitivity and saliency ----------------------------------------------------------------------------------------------


def test_a_scan_leaves_every_bit_even_if_the_evaluation_fails():
    net = plain((4, 6, 4, 4))
    net.conv2.weight.data[0, 0, 0, 0] = -0.0  # a sign that a comparison would not see
    bits = lambda: [wt.tobytes() for wt in weights_of(net).values()]
    before, seen = bits(), []

    def evaluate(one):
        seen.append({name: float((wt == 0).mean()) for name, wt in weights_of(one).items()})
        return float(sum(np.abs(wt).sum() for wt in weights_of(one).values()))

    report = sensitivity_scan(net, evaluate, grid=(0.0, 0.5, 1.0), show=False)
    assert bits() == before and len(report) == 5 * 3
    for row, zeros in zip(report, seen, strict=True):
        for name, share in zeros.items():
            assert share == pytest.approx(row["sparsity"] if name == row["layer"] else 0, abs=0.06)
    grid, curves = curves_of(report)
    assert grid == [0, 0.5, 1] and list(curves) == list(weights_of(net)) and all(c == sorted(c, reverse=True) for c in curves.values())

    def fails(_):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        sensitivity_scan(net, fails, show=False)
    assert bits() == before
    with pytest.raises(ValueError, match="names: 'x'"):
        sensitivity_scan(net, evaluate, names=["x"])


def test_scores_of_filters_are_norms_or_what_the_loss_would_do():
    net = plain((3, 4, 4, 4), seed=5).eval()
    wt = net.conv2.weight.detach().numpy()
    np.testing.assert_allclose(saliency(net, "l1")["conv2"], [np.abs(f).sum() for f in wt], rtol=1e-6)
    np.testing.assert_allclose(saliency(net, "l2")["conv2"], [np.linalg.norm(f) for f in wt], rtol=1e-6)
    data = digits(8)
    scores = saliency(net, "taylor", data, images=64)["conv2"]
    pick = np.random.default_rng(0).permutation(len(data.train[1]))[:64]
    x, y = (torch.from_numpy(np.array(part[pick])) for part in data.train)
    loss = lambda: nn.functional.cross_entropy(net(x), y).item()
    full, step = loss(), 1e-2
    for k in range(4):  # the derivative along the filter, by a finite difference
        net.conv2.weight.data[k] *= 1 - step
        slope = (full - loss()) / step
        net.conv2.weight.data[k] /= 1 - step
        assert scores[k] == pytest.approx(abs(slope), rel=0.2, abs=2e-3)
    with pytest.raises(ValueError, match="data"):
        saliency(net, "taylor")
    with pytest.raises(ValueError, match="rule"):
        saliency(net, "size")


BAD = {
    "a sparsity of 2": (lambda: magnitude_mask([1.0], 2), "sparsity: want a number from 0 to 1, got 2"),
    "a sparsity in words": (lambda: magnitude_mask([1.0], "half"), "sparsity"),
    "NaN": (lambda: magnitude_mask([np.nan], 0.5), "wt: want finite numbers"),
    "words as weights": (lambda: magnitude_mask(["a"], 0.5), "wt"),
    "an unknown scope": (lambda: magnitude_masks({"a": [1.0]}, 0.5, "all"), "scope: want 'layer' or 'global'"),
    "3 of 2": (lambda: n_m_mask(np.ones((2, 4)), 3, 2), "n: want at most m = 2, got 3"),
    "a row of weights": (lambda: n_m_mask(np.ones(4), 2, 4), "wt: want a matrix"),
    "an unknown grain": (lambda: pattern_mask(np.ones((1, 1, 1, 1)), 0.5, "atom"), "grain: want one of element"),
    "a matrix of filters": (lambda: pattern_mask(np.ones((2, 2)), 0.5), "wt: want filters"),
    "a mask that cuts": (lambda: pattern_bytes(np.arange(8).reshape(1, 2, 2, 2) < 3, "kernel"), "cuts through"),
    "a negative amount": (lambda: shrink_groups(np.ones((1, 1, 1, 1)), "filter", -1), "amount"),
    "a negative step": (lambda: gradual_sparsity(-1, 0, 1, 0, 1, 1), "step"),
    "a grid that falls": (lambda: allocate_sparsity([0.5, 0.1], {}, {}, 0.1), "grid"),
    "a short curve": (lambda: allocate_sparsity([0.0, 0.5], {"a": [1.0]}, {"a": 1}, 0.1), "curves"),
    "surgery that splices at once": (lambda: Surgery({"conv1"}, 0.5, gap=0.9), "gap: want at least 1"),
    "surgery at no step": (lambda: Surgery({"conv1"}, 0.5, every=0), "every: want at least 1"),
    "surgery on a layer that is not there": (lambda: Surgery({"conv9"}, 0.5)(0, plain((1, 1, 1, 1)), None), "names: want layers"),
    "a budget too large": (lambda: allocate_sparsity([0.0, 0.5], {"a": [1.0, 0.9]}, {"a": 1}, 0.6), "budget"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_told_in_a_sentence(what):
    call, words = BAD[what]
    with pytest.raises(ValueError, match=words):
        call()
