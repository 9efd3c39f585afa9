"""Sparse convolutions, slow and plain: torch is the witness, on any layer; what they cost is counted."""

import json
import re

import numpy as np
import pytest
import torch

from course_lib.kernels.direct_sparse import loads_of
from course_lib.nest.jit import lanes
from course_lib.shapes import ConvShape
from course_lib.sparse import ALGORITHMS, CSR, Machine, break_even, dilated, fitted_machine, point_cloud, predicted, rules, submanifold
from course_lib.sparse.direct import layout, stretched
from course_lib.sparse.model import FORMS, STORED, TIMES, alpha, checked, measured, useful
from course_lib.sparse.prices import Prices, fitted_prices, loads, terms
from course_lib.sparse.skip import pipeline

SHAPES = {
    "the slide": ConvShape(1, 2, 5, 5, 3, 3, 3),
    "padded": ConvShape(2, 3, 6, 7, 4, 3, 3, pad=1),
    "stride, lopsided": ConvShape(1, 2, 9, 7, 3, 3, 2, stride=(2, 3), pad=((2, 0), (0, 1))),
    "dilated": ConvShape(1, 2, 9, 9, 2, 3, 3, pad=2, dilation=2),
    "grouped": ConvShape(1, 4, 5, 6, 6, 3, 1, groups=2),
    "depthwise": ConvShape(1, 3, 5, 5, 3, 3, 3, pad=1, groups=3),
    "one pixel": ConvShape(1, 3, 1, 1, 2, 1, 1),
    "an empty batch": ConvShape(0, 2, 4, 4, 2, 2, 2),
}


def arrays(shape, seed=0, density=0.4):
    rng = np.random.default_rng(seed)
    whole = lambda size: rng.integers(-4, 5, size).astype(np.float64)  # small whole numbers: sums are exact
    return whole(shape.ia_shape), whole(shape.wt_shape) * (rng.random(shape.wt_shape) < density)


def torchs(ia, wt, shape):
    (top, bottom), (left, right) = shape.pads
    padded = torch.nn.functional.pad(torch.from_numpy(ia), (left, right, top, bottom))
    conv = torch.nn.functional.conv2d
    return conv(padded, torch.from_numpy(wt), stride=shape.strides, dilation=shape.dilations, groups=shape.groups).numpy()


@pytest.mark.parametrize("word", SHAPES)
@pytest.mark.parametrize("name", ALGORITHMS)
def test_same_as_torch(name, word):
    shape = SHAPES[word]
    ia, wt = arrays(shape)
    assert np.array_equal(ALGORITHMS[name].conv2d(ia, wt, shape), torchs(ia, wt, shape))
    assert not ALGORITHMS[name].conv2d(ia, wt * 0, shape).any()
    assert ALGORITHMS[name].workspace(shape) >= 0


@pytest.mark.parametrize("name", ALGORITHMS)
def test_random_layers_are_torchs(name):
    rng = np.random.default_rng(5)
    pair = lambda low, high: (int(rng.integers(low, high)), int(rng.integers(low, high)))
    made = 0
    while made < 15:
        g = int(rng.choice([1, 2]))
        try:
            shape = ConvShape(1, g * 2, *pair(1, 9), g * 2, *pair(1, 4), pair(1, 3), (pair(0, 3), pair(0, 2)), pair(1, 3), g)
        except ValueError:
            continue
        made += 1
        ia, wt = arrays(shape, made, rng.random())
        assert np.array_equal(ALGORITHMS[name].conv2d(ia, wt, shape), torchs(ia, wt, shape)), shape


@pytest.mark.parametrize("name", ALGORITHMS)
def test_nan_does_not_pass_a_weight_that_is_not_there(name):
    shape = ConvShape(1, 2, 3, 3, 2, 1, 1)
    ia, wt = np.ones(shape.ia_shape), np.zeros(shape.wt_shape)
    ia[0, 1, 1, 1] = np.nan
    wt[0, 0], wt[1, 1] = 2, 3
    oa = ALGORITHMS[name].conv2d(ia, wt, shape)
    assert np.isnan(torchs(ia, wt, shape)[0, 0, 1, 1])  # dense: 0 · NaN is NaN
    assert not np.isnan(oa[0, 0]).any() and np.isnan(oa[0, 1, 1, 1])


def test_colidx_holds_the_shifted_address_of_the_slide():
    shape = ConvShape(1, 2, 4, 6, 1, 3, 3)
    wt = np.zeros(shape.wt_shape)
    wt[0, 1, 2, 0] = 5
    assert stretched(wt, shape).colidx.tolist() == [(1 * 4 + 2) * 6 + 0] == [layout(shape, 1, 2, 0)]


def test_direct_needs_no_workspace_without_padding_and_never_a_lowered_matrix():
    assert ALGORITHMS["direct"].workspace(SHAPES["the slide"]) == 0
    padded = SHAPES["padded"]
    assert ALGORITHMS["direct"].workspace(padded) == 4 * 3 * 8 * 9 < ALGORITHMS["csr_im2col"].workspace(padded)


def test_csr_reads_rows_and_csc_reads_each_input_once():
    class Counting(np.ndarray):
        read = []

        def __getitem__(self, key):
            if isinstance(key, int | np.integer):
                Counting.read.append(int(key))
            return super().__getitem__(key)

    a = np.array([[1.0, 0, 2], [0, 0, 3]])
    order = {}
    for name, form in (("CSR", CSR.from_dense(a)), ("CSC", ALGORITHMS["csc_im2col"].CSC.from_dense(a))):
        Counting.read = []
        form @ np.ones((3, 2)).view(Counting)
        order[name] = Counting.read
    assert order == {"CSR": [0, 2, 2], "CSC": [0, 2, 2]} or sorted(order["CSR"]) == sorted(order["CSC"])
    assert order["CSC"] == sorted(order["CSC"])  # in order: a row of x is done with when the next is read


def test_the_pipeline_counts_two_bubbles_a_skipped_weight():
    assert pipeline(np.array([1.0, 2.0, 3.0])).bubbles == 0
    assert pipeline(np.array([1.0, 0.0, 0.0, 3.0])).bubbles == 4
    alternating = pipeline(np.array([0.0, 1.0] * 10), predict="last")
    assert alternating.bubbles > pipeline(np.array([0.0] * 10 + [1.0] * 10), predict="last").bubbles


# --- submanifold ---------------------------------------------------------------------------------------------------------


def masked(coords, feats, wt, size):
    """The witness: a dense convolution of the whole picture, read at the active places."""
    image = np.zeros((1, feats.shape[1], size, size))
    image[0, :, coords[:, 0], coords[:, 1]] = feats
    R, S = wt.shape[2:]
    out = torch.nn.functional.conv2d(torch.from_numpy(image), torch.from_numpy(wt), padding=(R // 2, S // 2)).numpy()
    return out[0][:, coords[:, 0], coords[:, 1]].T


@pytest.mark.parametrize("R, S", [(3, 3), (1, 1), (5, 3)])
def test_a_submanifold_convolution_is_the_dense_one_at_the_active_places(R, S):
    rng = np.random.default_rng(R + S)
    coords = point_cloud(24, seed=1)
    feats, wt = rng.integers(-3, 4, (len(coords), 3)).astype(float), rng.integers(-3, 4, (2, 3, R, S)).astype(float)
    assert np.array_equal(submanifold(coords, feats, wt), masked(coords, feats, wt, 24))
    order = rng.permutation(len(coords))
    assert np.array_equal(submanifold(coords[order], feats[order], wt), submanifold(coords, feats, wt)[order])


def test_ordinary_convolution_grows_and_submanifold_does_not():
    coords = point_cloud(32)
    once, twice = dilated(coords, 3, 3), dilated(dilated(coords, 3, 3), 3, 3)
    assert len(coords) < len(once) < len(twice) and len(coords) < 32 * 32 / 4
    assert {tuple(p) for p in coords} <= {tuple(p) for p in once}
    assert len(submanifold(coords, np.ones((len(coords), 1)), np.ones((1, 1, 3, 3)))) == len(coords)
    assert rules(coords, 3, 3) == int(submanifold(coords, np.ones((len(coords), 1)), np.ones((1, 1, 3, 3))).sum()) < 9 * len(coords)


def test_no_points_give_no_points():
    assert submanifold(np.zeros((0, 2), int), np.zeros((0, 3)), np.ones((4, 3, 3, 3))).shape == (0, 4)


@pytest.mark.parametrize(
    "coords, feats, wt, said",
    [
        ([[0, 0], [0, 0]], np.ones((2, 1)), np.ones((1, 1, 3, 3)), "coords: 1 places are given twice"),
        ([[0.5, 0]], np.ones((1, 1)), np.ones((1, 1, 3, 3)), "coords: want whole numbers"),
        ([[0, 0]], np.ones((2, 1)), np.ones((1, 1, 3, 3)), "feats: want 1 rows"),
        ([[0, 0]], np.ones((1, 1)), np.ones((1, 1, 2, 3)), "wt: want .* odd"),
        ([[0, 0]], np.ones((1, 2)), np.ones((1, 1, 3, 3)), r"wt: want \[K, 2"),
    ],
)
def test_points_that_do_not_fit_are_told_in_a_sentence(coords, feats, wt, said):
    with pytest.raises(ValueError, match=said):
        submanifold(np.array(coords), feats, wt)


def test_the_same_seed_draws_the_same_cloud():
    assert np.array_equal(point_cloud(20, 3), point_cloud(20, 3)) and not np.array_equal(point_cloud(20, 3), point_cloud(20, 4))
    assert point_cloud(20).min() >= 0 and point_cloud(20).max() < 20 and len(np.unique(point_cloud(20), axis=0)) == len(point_cloud(20))


# --- the model -----------------------------------------------------------------------------------------------------------

LAYER = ConvShape(1, 256, 14, 14, 256, 3, 3, pad=1)
TOY = Machine("toy", 100e9, 10e9, {"direct_sparse": 3.0, "csr_im2col": 3.0})


def test_below_one_minus_one_over_alpha_sparse_is_slower():
    assert break_even(LAYER, "direct_sparse", TOY) == pytest.approx(1 - 1 / 3)
    low, high = useful(LAYER, "direct_sparse", TOY)
    assert low == pytest.approx(2 / 3) and low < high < 1
    for sparsity in (0.5, 0.6, 0.7, 0.8):
        faster = predicted(LAYER, sparsity, "direct_sparse", TOY) < predicted(LAYER, 0, "dense", TOY)
        assert faster == (sparsity > low)
    assert predicted(LAYER, high + 0.005, "direct_sparse", TOY) == pytest.approx(predicted(LAYER, high, "direct_sparse", TOY), rel=0.2)


def test_the_terms_are_those_of_the_formula():
    dense = 2 * LAYER.macs / 100e9
    assert predicted(LAYER, 0, "dense", TOY) == dense
    assert predicted(LAYER, 0.5, "direct_sparse", TOY) == pytest.approx(3 * 0.5 * dense)
    pictures = 4 * 2 * 256 * 14 * 14
    assert predicted(LAYER, 1.0, "direct_sparse", TOY) == pytest.approx(pictures / 10e9)
    lowered = 2 * 4 * 256 * 9 * 14 * 14
    assert predicted(LAYER, 1.0, "csr_im2col", TOY) == pytest.approx((pictures + lowered) / 10e9)


def test_a_machine_that_sparse_never_suits_says_one_and_one_it_always_suits_says_zero():
    assert break_even(LAYER, "csr_im2col", Machine("slow memory", 1e12, 1e8, {"csr_im2col": 3.0})) == 1.0
    assert break_even(LAYER, "direct_sparse", Machine("no cost", 100e9, 10e9, {"direct_sparse": 0.5})) == 0.0


def test_the_stored_constants_name_their_machine():
    machine = fitted_machine()
    assert STORED.exists() and machine.name and set(machine.alpha) == set(FORMS)
    assert 0 <= break_even(LAYER) < 1 and set(fitted_prices().nanoseconds) == {"dense", *FORMS} and fitted_prices().name == machine.name


# --- counted out -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("joint", [1, 2, 3, 4])
def test_loads_are_expected_as_often_as_random_weights_need_them(joint):
    """Witness: real draws, counted by the kernel's own rule. 14 channels: steps of 3 and 4 leave two over."""
    shape, rng = ConvShape(1, 32, 8, 8, 14, 3, 3, pad=1), np.random.default_rng(joint)
    for density in (0.1, 0.5, 0.9):
        drawn = [loads_of((rng.random(shape.wt_shape) < density) * 1.0, shape, joint) for _ in range(30)]
        assert loads(shape, density, joint, 1) == pytest.approx(np.mean(drawn), rel=0.02)


def test_blocks_share_their_loads():
    shape = ConvShape(1, 16, 8, 8, 16, 3, 3, pad=1)
    keep = np.random.default_rng(0).random((4, 16, 3, 3)) < 0.3
    wt = np.repeat(keep, 4, 0).astype(np.float32)
    assert loads(shape, keep.mean(), 4, 4) == pytest.approx(loads_of(wt, shape, 4))
    assert loads(shape, keep.mean(), 2, 4) == pytest.approx(loads_of(wt, shape, 2))


def test_a_time_is_counts_times_prices():
    """Nanoseconds by hand: 9 input channels of a 1x1 layer on 4 x 4 pixels cost what one of them costs, nine times."""
    prices = Prices("hand", {"dense": {"weights": 2.0}, "direct_sparse": {"coefficients": 1.0, "call": 5.0}})
    shape = ConvShape(1, 9, 4, 4, 3, 1, 1)
    assert predicted(shape, 0, "dense", prices) == pytest.approx(1e-9 * 2.0 * terms(shape, 0, "dense")["weights"])
    counts = terms(shape, 0.5, "direct_sparse")
    assert predicted(shape, 0.5, "direct_sparse", prices) == pytest.approx(1e-9 * (counts["coefficients"] + 5))
    assert alpha(shape, 0.5, "direct_sparse", prices) == pytest.approx(
        predicted(shape, 0.5, "direct_sparse", prices) / (0.5 * predicted(shape, 0, "dense", prices))
    )


@pytest.mark.parametrize("form", FORMS)
def test_what_does_not_get_less_with_the_zeros_is_counted_as_often_at_any_share(form):
    none, most = terms(LAYER, 0.0, form), terms(LAYER, 0.75, form)
    for term in {"frame", "input", "output", "call", "lowered", "windows"} & set(none):
        assert none[term] == most[term]
    assert sum(most.values()) < sum(none.values())


@pytest.mark.skipif(lanes() != 16, reason="the record is of a machine with 16 lanes")
@pytest.mark.parametrize("network", checked())
def test_the_stored_check_is_what_the_model_says(network):
    found = checked()[network]
    for row in found["layers"]:
        C, H, W, K, R, S, stride = map(int, re.findall(r"\d+", row["layer"].removeprefix(network)))
        if row["form"] == "direct_sparse" and 0 < row["model"] < 0.9:  # beyond, what is measured begins or ends
            assert row["model"] == pytest.approx(break_even(ConvShape(1, C, H, W, K, R, S, stride, R // 2)), abs=1e-3)
    for row in found["summary"]:
        off = [abs(other["model"] - other["measured"]) for other in found["layers"] if other["form"] == row["form"]]
        assert len(off) == row["layers"] > 30
        assert row["off, median"] == pytest.approx(np.median(off), abs=1e-3)


@pytest.mark.parametrize("network", checked())
def test_on_a_network_that_was_not_fitted_on_the_model_is_off_by_little(network):
    assert all(row["off, median"] <= 0.07 for row in checked()[network]["summary"])


def test_the_stored_speeds_grow_with_the_zeros():
    layers, faster = measured()
    fitted = [row for name, row in json.loads(TIMES.read_text("utf-8"))["layers"].items() if name.split()[0] not in checked()]
    assert layers == len(fitted) > 30
    for at, ratio in enumerate(faster["direct_sparse"].values()):
        each = [row["dense"]["direct_sparse"] / row["sparse"]["direct_sparse"][at] for row in fitted]
        assert ratio == pytest.approx(np.exp(np.mean(np.log(each))), abs=1e-4)
    for form, found in faster.items():
        assert list(found) == sorted(found), form
        assert list(found.values()) == sorted(found.values()), form


@pytest.mark.parametrize(
    "wrong, said",
    [
        (lambda: predicted(LAYER, 1.5, "dense", TOY), "sparsity: want a share of zeros"),
        (lambda: predicted(LAYER, 0.5, "sparse", TOY), "form: want dense or one of"),
        (lambda: predicted(LAYER, 0.5, "sparse"), "form: want one of dense, direct_sparse"),
        (lambda: alpha(LAYER, 1.0), "sparsity: want a share of zeros from 0 to below 1"),
        (lambda: Prices("x", {"dense": {"weights": -1.0}}), "nanoseconds: want at least 0"),
        (lambda: Machine("x", 0.0, 1.0, {}), "flops: want more than 0"),
        (lambda: Machine("x", 1.0, 1.0, {"direct_sparse": 0}), "alpha: want more than 0"),
    ],
)
def test_what_the_model_cannot_take_is_told_in_a_sentence(wrong, said):
    with pytest.raises(ValueError, match=said):
        wrong()
