"""Lab 07's answers against witnesses: torch's pruning, the course's own library, brute force, and the real network."""

import numpy as np
import pytest

from course_lib.compress.prune import (
    allocate_sparsity,
    gradual_sparsity,
    group_lasso,
    magnitude_masks,
    n_m_mask,
    selection_error,
    shrink_groups,
)
from course_lib.compress.prune.channels import channel_select_norm
from course_lib.compress.prune.channels import reconstruct as fitted
from course_lib.exercises import EXERCISES, judge
from course_lib.exercises.exercise import in_process
from course_lib.exercises.lab07_pruning import digits_network, own_pruning, really_smaller
from course_lib.exercises.makers import agreement, little_network, made

pytestmark = pytest.mark.lab07

GRAIN = {"filter": "filter", "channel": "channel", "shape": "shape", "depth": "layer"}


def reference(name):
    return EXERCISES[name].reference


def cases(name, seed=5):
    return [(made(case.args), dict(case.kwargs)) for case in EXERCISES[name].cases(np.random.default_rng(seed))]


def test_masks_are_the_librarys_which_is_held_against_torch():
    for (layers, sparsity), options in cases("magnitude_mask"):
        want = magnitude_masks({str(i): w for i, w in enumerate(layers)}, sparsity, options["scope"])
        for mine, theirs in zip(reference("magnitude_mask")(layers, sparsity, **options), want.values(), strict=True):
            np.testing.assert_array_equal(mine, theirs)
    for (w, n, m), _ in cases("n_m_mask"):
        np.testing.assert_array_equal(reference("n_m_mask")(w, n, m), n_m_mask(w, n, m))


def test_schedule_penalty_and_step_are_the_librarys():
    for args, _ in cases("gradual_schedule"):
        assert reference("gradual_schedule")(*args) == pytest.approx(gradual_sparsity(*args))
    for (w, group), _ in cases("group_lasso"):
        assert reference("group_lasso")(w, group) == pytest.approx(group_lasso(w, GRAIN[group]))
    for (w, group, amount), _ in cases("shrink_groups"):
        np.testing.assert_allclose(reference("shrink_groups")(w, group, amount), shrink_groups(w, GRAIN[group], amount), atol=1e-12)


def test_sharing_out_is_the_librarys_and_a_scan_counts_decisions():
    for args, _ in cases("allocate_sparsity"):
        assert reference("allocate_sparsity")(*args) == allocate_sparsity(*args)
    network, inputs = little_network((3, 4, 2), 1)
    evaluate = agreement((3, 4, 2), 1)
    wanted = (np.maximum(inputs @ network["fc1"].T, 0) @ network["fc2"].T).argmax(1)
    assert evaluate(network) == 1 and evaluate({"fc1": network["fc1"], "fc2": 0 * network["fc2"]}) == (wanted == 0).mean()
    for (net, evaluate, grid), _ in cases("sensitivity_scan"):
        curves = reference("sensitivity_scan")(net, evaluate, grid)
        for name in net:
            masks = [magnitude_masks({name: net[name]}, s)[name] for s in grid]
            assert curves[name] == [evaluate({**net, name: net[name] * mask}) for mask in masks]
    with pytest.raises(ValueError, match="network: want the layers"):
        evaluate({"a": inputs})


def test_the_planted_channels_are_those_without_which_most_is_lost():
    """Brute force: no other set of as many channels gives Y with a smaller error."""
    from itertools import combinations

    for (X, W, Y, c_keep), _ in cases("channel_select_lasso"):
        if X.shape[1] > 6 or c_keep == X.shape[1]:
            continue
        chosen = tuple(int(i) for i in reference("channel_select_lasso")(X, W, Y, c_keep))
        errors = {keep: selection_error(X, W, Y, keep) for keep in combinations(range(X.shape[1]), c_keep)}
        assert errors[chosen] == min(errors.values())
        assert errors[chosen] < 0.5 * errors[tuple(int(i) for i in channel_select_norm(W, c_keep))]


def test_mending_is_the_normal_equations():
    for (X, W, Y, keep), _ in cases("reconstruct"):
        flat = X[:, keep].reshape(len(X), -1)
        new = reference("reconstruct")(X, W, Y, keep)
        np.testing.assert_allclose(flat.T @ (flat @ new.reshape(len(W), -1).T - Y), 0, atol=1e-8)
        np.testing.assert_allclose(new, fitted(X, W, Y, keep), atol=1e-9)


def forward(layers, x, w="w"):
    """The lab's description of a network run on one-pixel pictures: filters summed over their taps."""
    out = []
    for layer in layers:
        source = x if layer["reads"] < 0 else out[layer["reads"]]
        y = layer["w"].sum((2, 3)) @ source + layer["b"][:, None]
        if layer["adds"] is not None:
            y = y + out[layer["adds"]]
        out.append(np.maximum(y, 0))
    return out[-1]


def test_the_smaller_network_computes_what_the_masked_one_does():
    x = np.random.default_rng(0).standard_normal((1, 7))
    for (layers, keep), _ in cases("shrink"):
        small = reference("shrink")(layers, keep)
        masked = []
        for i, layer in enumerate(layers):
            mine = keep[really_smaller.leader(layers, i)]
            stays = np.ones(len(layer["w"]), bool) if mine is None else np.isin(np.arange(len(layer["w"])), mine)
            masked.append({**layer, "w": layer["w"] * stays[:, None, None, None], "b": layer["b"] * stays})
        described = [{**layer, **new} for layer, new in zip(layers, small, strict=True)]
        want = forward(masked, x)
        mine = keep[really_smaller.leader(layers, len(layers) - 1)]
        np.testing.assert_allclose(forward(described, x), want if mine is None else want[mine], rtol=1e-6)


def test_the_labs_network_in_numpy_is_the_bundled_one_in_torch():
    import torch

    from course_lib.compress.graph import macs
    from course_lib.train import digits, trained

    images = np.array(digits(16).test[0][:40])
    with torch.no_grad():
        want = trained("plain")(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(digits_network.logits(digits_network.layers(), images), want, atol=1e-4)
    assert digits_network.macs_of(digits_network.layers()) == macs(trained("plain"), (1, 1, 16, 16)) == 9_511_552


def test_the_stored_pruning_fits_with_room_and_simpler_rules_earn_less():
    assert own_pruning.macs_of_choice(own_pruning.chosen(own_pruning.BEST)) <= own_pruning.BUDGET
    assert own_pruning.wrong_digits(own_pruning.BEST) <= own_pruning.FULL - 5  # another BLAS may turn an image or two
    assert own_pruning.wrong_digits(own_pruning.evenly(2, 2, 2, 2)) > own_pruning.HALF + 50
    verdict = judge(EXERCISES["my_pruning"], in_process(lambda: own_pruning.BEST))
    assert [part.passed for part in verdict.parts] == [True, True, True]


ODD = {
    "nothing": (None, "layers"),
    "a number": (3, "layers"),
    "words": ({**own_pruning.BEST, "conv1": "all"}, "channels"),
    "no channel": ({**own_pruning.BEST, "conv1": []}, "channels"),
    "fractions": ({**own_pruning.BEST, "conv1": [0.5]}, "channels"),
    "a ragged list": ({**own_pruning.BEST, "conv1": [[1], [2, 3]]}, "channels"),
    "a negative channel": ({**own_pruning.BEST, "conv1": [-1]}, "numbers"),
    "a channel twice": ({**own_pruning.BEST, "conv1": [1, 1]}, "numbers"),
    "a mask": ({**own_pruning.BEST, "conv1": [True] * 32}, "mask"),
    "too much": (own_pruning.evenly(32, 64, 64, 64), "budget"),
}


@pytest.mark.parametrize("what", ODD)
def test_an_odd_pruning_is_told_in_a_sentence(what):
    answer, kind = ODD[what]
    verdict = judge(EXERCISES["my_pruning"], in_process(lambda: answer))
    assert verdict.state == "wrong" and not any(part.passed for part in verdict.parts)
    assert verdict.message.startswith(f"{kind}: ") and verdict.hint
