"""The systolic array against numpy and against its closed form, for all small sizes; and beside SCALE-Sim."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from course_lib.machine.scale_sim import comparison, lowered, paper_cycles, release_cycles, theirs, topology_row
from course_lib.machine.systolic import STATIONARY, systolic_cycles, systolic_gemm
from course_lib.shapes import ConvShape, GemmShape
from course_lib.zoo import NETWORKS


def integers(rng, *shape):
    return rng.integers(-9, 10, shape)


@pytest.mark.parametrize("stationary", STATIONARY)
def test_every_small_product_on_every_small_array_is_right_and_takes_the_cycles_of_the_formula(stationary):
    rng = np.random.default_rng(0)
    for M, N, K, rows, cols in product(range(1, 5), range(1, 5), range(1, 5), range(1, 4), range(1, 4)):
        a, b = integers(rng, M, K), integers(rng, K, N)
        c, shown = systolic_gemm(a, b, rows, cols, stationary)
        assert (c == a @ b).all(), (M, N, K, rows, cols)
        (row,) = systolic_cycles(GemmShape(M, N, K), rows, cols, stationary)
        assert shown.cycles == row["cycles"] == row["fill"] + row["stream"] + row["drain"], (M, N, K, rows, cols)
        assert (shown.busy >= 0).sum() == M * N * K, "every product is done once"
        assert shown.utilisation == pytest.approx(row["utilisation"], rel=1e-12)


def test_floats_are_summed_in_the_order_of_the_stream():
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((5, 7)), rng.standard_normal((7, 6))
    for stationary in STATIONARY:
        c, _ = systolic_gemm(a, b, 3, 4, stationary)
        # seven products: each rounding is at most half an ulp of a sum below sum |a||b|
        assert (np.abs(c - a @ b) <= 2 * 7 * np.finfo(float).eps * (np.abs(a) @ np.abs(b))).all()


def test_the_first_product_is_in_the_corner_and_each_pe_starts_a_cycle_after_its_neighbour():
    _, shown = systolic_gemm(np.ones((3, 5), int), np.ones((5, 4), int), 3, 4, "output")
    begins = (shown.busy >= 0).argmax(0).reshape(3, 4)
    assert (begins == np.arange(3)[:, None] + np.arange(4)).all()
    assert shown.cycles == 2 * 3 + 4 + 5 - 2 and (shown.busy[-3:] < 0).all(), "the last three cycles only move sums out"


def test_weights_are_loaded_before_the_first_product():
    _, shown = systolic_gemm(np.ones((5, 3), int), np.ones((3, 4), int), 3, 4, "weight")
    assert (shown.busy[:3] < 0).all() and shown.busy[3, 0] == 0
    assert shown.labels[shown.busy[3 + 2, 8]] == "C[0,0]", "the sum of C[0,0] has come down two rows two cycles later"


def test_an_array_as_large_as_the_product_takes_what_the_paper_says():
    for M, N, K in product((1, 2, 5), (1, 3, 4), (1, 4, 7)):
        shape = GemmShape(M, N, K)
        for stationary, (r, c) in (("output", (M, N)), ("weight", (K, N)), ("input", (K, M))):
            assert systolic_cycles(shape, r, c, stationary)["cycles"] == [paper_cycles(shape, r, c, stationary)]


def test_an_empty_product_takes_no_cycle():
    c, shown = systolic_gemm(np.zeros((0, 3)), np.zeros((3, 2)), 2, 2)
    assert c.shape == (0, 2) and shown.cycles == 0
    assert systolic_cycles(GemmShape(2, 2, 0), 2, 2)["cycles"] == [0]


# cycles that the package scalesim 2.0.1 computes for the rows of a topology file (H, W, R, S, C, K, stride) on an array of rows x cols
RELEASED = [
    ((6, 6, 3, 3, 4, 5, 1), (8, 8), {"output": 100, "weight": 190, "input": 270}),
    ((7, 5, 3, 2, 3, 9, 2), (8, 8), {"output": 128, "weight": 186, "input": 186}),  # 9 pixels: (5 - 2) / 2 + 1 is rounded up
]


# the same for its alexnet.csv on 32 x 32 PEs: AlexNet's layers as one tower, without padding
ITS_ALEXNET = {
    "conv1": {"output": 121125, "weight": 112284, "input": 216600},
    "conv2": {"output": 334832, "weight": 373800, "input": 446250},
    "conv3": {"output": 113568, "weight": 185760, "input": 137664},
    "conv4": {"output": 168864, "weight": 278640, "input": 206496},
    "conv5": {"output": 112576, "weight": 185760, "input": 151200},
}


def test_its_own_example_network_comes_out_to_the_cycle():
    table = comparison({c.name: replace(c.shape, groups=1) for c in NETWORKS["alexnet_grouped"].convs}, 32, 32)
    released: dict[str, dict[str, int]] = {}
    for row in table:
        released.setdefault(row["layer"], {})[row["stationary"]] = row["release"]
    assert released == ITS_ALEXNET


@pytest.mark.parametrize("row, array, cycles", RELEASED)
def test_the_release_is_restated_to_the_cycle(row, array, cycles):
    H, W, R, S, C, K, stride = row
    shape = theirs(ConvShape(1, C, H, W, K, R, S, stride=stride))
    assert {flow: release_cycles(shape, *array, flow) for flow in STATIONARY} == cycles


def test_where_nothing_is_ragged_or_padded_all_three_agree_but_for_the_release_of_output_stationary():
    table = comparison({"whole": ConvShape(1, 32, 8, 8, 64, 1, 1)}, 32, 32)
    for row in table:
        assert row["ours"] == row["paper"]
        folds = {"output": 2 * 2, "weight": 1 * 2, "input": 1 * 2}[row["stationary"]]
        missing = 32 * folds if row["stationary"] == "output" else 0
        assert row["release"] == row["ours"] - missing


def test_the_table_names_a_reason_wherever_the_numbers_differ():
    net = {c.name: c.shape for c in NETWORKS["alexnet"].convs} | {c.name: c.shape for c in NETWORKS["resnet18"].convs[:6]}
    for row in comparison(net):
        assert (row["why"] == "equal") == (row["ours"] == row["paper"] == row["release"]), row


def test_resnets_3x3_layers_lose_their_border_without_padding():
    shape = ConvShape(1, 64, 56, 56, 64, 3, 3, pad=1)
    assert lowered(shape).M == 56 * 56 and theirs(shape).M == 54 * 54
    assert topology_row("conv", shape).startswith("conv, 58, 58, 3, 3, 64, 64, 1")


@pytest.mark.parametrize("call, message", [
    (lambda: systolic_gemm(np.ones((2, 3)), np.ones((2, 3)), 2, 2), "want a.M,K. and b.K,N., got .2, 3. and .2, 3."),
    (lambda: systolic_gemm(np.ones((2, 3)), np.ones((3, 2)), 2, 2, "row"), "want one of 'output', 'weight', 'input', got 'row'"),
    (lambda: systolic_cycles(GemmShape(1, 1, 1), 0, 2), "rows: want at least 1"),
    (lambda: lowered(ConvShape(1, 4, 5, 5, 4, 3, 3, groups=2)), "groups: SCALE-Sim's layers have none"),
    (lambda: theirs(ConvShape(1, 4, 2, 2, 4, 3, 3, pad=1)), "without padding the 3x3 filter does not fit"),
])  # fmt: skip
def test_bad_input_is_refused_in_words(call, message):
    with pytest.raises(ValueError, match=message):
        call()
