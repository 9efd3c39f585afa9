"""Buffers in closed form against a walk over every iteration, the lecture's counts, the textbook's rule and laws of nature."""

from itertools import product

import numpy as np
import pytest

from course_lib.machine.bound import distance_to_bound, io_bound, real_macs
from course_lib.machine.buffers import buffer_traffic, simulate_buffers
from course_lib.machine.cache import Cache, simulate
from course_lib.machine.tiles import Piece
from course_lib.nest import conv1d_problem, conv_problem, count, gemm_problem, schedule, trace
from course_lib.shapes import ConvShape, GemmShape

TENSORS = ("IA", "W", "OA")


def random_shape(rng, most=4000):
    while True:
        groups = int(rng.choice([1, 1, 1, 2, 3]))
        C, K = groups * int(rng.integers(1, 4)), groups * int(rng.integers(1, 4))
        R, S = (int(n) for n in rng.integers(1, 4, 2))
        pair = lambda low, high: (int(rng.integers(low, high)), int(rng.integers(low, high)))
        try:
            N, (H, W), pads = int(rng.integers(1, 3)), pair(1, 7), (pair(0, 3), pair(0, 3))
            shape = ConvShape(N, C, H, W, K, R, S, pair(1, 4), pads, pair(1, 3), groups)
        except ValueError:  # the kernel does not fit
            continue
        if shape.macs <= most:
            return shape


def random_problem(rng, most=4000):
    if rng.random() < 0.25:
        return gemm_problem(GemmShape(*(int(n) for n in rng.integers(1, 12, 3))))
    return conv_problem(random_shape(rng, most))


def random_nest(rng, problem):
    """Any order, and tiles of tiles, ragged ones too."""
    nest = schedule(problem)
    for _ in range(rng.integers(0, 4)):
        loop = nest.loops[rng.integers(len(nest.loops))]
        nest = nest.tile(**{loop.name: int(rng.integers(1, max(2, min(loop.extent + 2, 6))))})
    order = [loop.name for loop in nest.loops]
    rng.shuffle(order)
    return nest.reorder(" ".join(order))


@pytest.mark.parametrize("seed", range(120))
def test_the_closed_form_is_what_a_walk_over_every_iteration_counts(seed):
    rng = np.random.default_rng(seed)
    nest = random_nest(rng, random_problem(rng))
    loops = ["", *(loop.name for loop in nest.loops)]
    above = {t.name: str(rng.choice(loops)) for t in nest.problem.tensors}
    assert buffer_traffic(nest, above) == simulate_buffers(nest, above), (nest.order, above)


@pytest.mark.parametrize("order, reads, read_back, written", [
    ("q s", (36, 36), 0, 9),   # output stationary: 9 outputs x 4 taps from each input, every output written once
    ("s q", (36, 4), 27, 36),  # weight stationary: every weight read once, 9 x 4 updates, all but the first of each output read back
])  # fmt: skip
def test_the_lectures_one_dimensional_example(order, reads, read_back, written):
    nest = schedule(conv1d_problem(Q=9, S=4), order)
    report = buffer_traffic(nest, dict.fromkeys(TENSORS, nest.loops[-1].name))
    assert tuple(report["fetched"]) == (*reads, read_back) and report["written"][2] == written
    assert report["distinct"] == [12, 4, 9]


def test_the_simple_rule_is_the_footprint_times_the_loops_down_to_the_innermost_that_matters():
    # papers: fetches = V * product of the bounds down to the innermost relevant loop; all tiles whole, no padding
    shape = ConvShape(1, 8, 10, 10, 12, 3, 3)
    nest = schedule(conv_problem(shape)).tile(p=4, q=4, c=4, k=6).reorder("n p_t q_t k_t c_t k_s c_s p_s q_s r s")
    report = buffer_traffic(nest, {"IA": "c_t", "W": "c_t", "OA": "k_t"})
    halo = (4 - 1) + (3 - 1) + 1
    assert report["tile"] == [4 * halo * halo, 6 * 4 * 9, 6 * 16]
    assert report["whole"] == [4 * halo * halo * (2 * 2 * 2 * 2), 6 * 4 * 9 * (2 * 2 * 2 * 2), 0]
    assert report["written"][2] == 12 * 64


def test_a_row_of_windows_fetches_only_the_columns_that_come_anew():
    shape = ConvShape(1, 1, 3, 20, 1, 3, 3)  # one row of 18 windows of 3 x 3
    nest = schedule(conv_problem(shape), "n k c p q r s")
    report = buffer_traffic(nest, {"IA": "q", "W": "q", "OA": "q"})
    assert report["whole"][0] == 18 * 9
    assert report["fetched"][0] == 9 + 17 * 3 == shape.H * shape.W  # every pixel once


@pytest.mark.parametrize("seed", range(25))
def test_what_is_moved_is_at_least_everything_once_and_never_more_than_the_simple_rule(seed):
    rng = np.random.default_rng(1000 + seed)
    problem = random_problem(rng)
    nest = random_nest(rng, problem)
    for at in range(len(nest.loops) + 1):
        name = nest.loops[at - 1].name if at else ""
        for row in buffer_traffic(nest, {t.name: name for t in problem.tensors}):
            moved = row["written"] or row["fetched"]
            assert row["distinct"] <= moved <= row["whole"] + (row["distinct"] if row["written"] else 0)
            assert row["tile"] <= row["distinct"]
            if not at:
                assert moved == row["tile"] == row["distinct"], "a buffer above all loops moves everything once"


@pytest.mark.parametrize("seed", range(25))
def test_one_register_is_the_innermost_buffer(seed):
    # count.fetches of the nest is the buffer under all loops, where there is no padding (which count takes for an element)
    rng = np.random.default_rng(2000 + seed)
    problem = gemm_problem(GemmShape(*(int(n) for n in rng.integers(1, 12, 3))))
    nest = random_nest(rng, problem)
    inner = nest.loops[-1].name
    pieces = [Piece(nest, t.name, nest.loops).fetched for t in problem.tensors]
    assert pieces == count(nest)["fetches"]
    assert buffer_traffic(nest, dict.fromkeys("ABC", inner))["tile"] == [1, 1, 1]


@pytest.mark.parametrize("seed", range(10))
def test_the_macs_do_not_depend_on_the_order_and_real_ones_leave_out_the_padding(seed):
    rng = np.random.default_rng(seed)
    shape = random_shape(rng)
    problem = conv_problem(shape)
    uses = lambda nest, tensor: Piece(nest, tensor, nest.loops).uses
    found = {uses(random_nest(rng, problem), "IA") for _ in range(4)}
    assert found == {real_macs(shape)}
    assert uses(schedule(problem), "OA") == shape.macs


def test_a_buffer_that_holds_everything_moves_as_little_as_a_cache_that_does():
    shape = GemmShape(6, 5, 4)
    nest = schedule(gemm_problem(shape), "i j k")
    report = buffer_traffic(nest, dict.fromkeys("ABC", ""))
    cache = simulate(trace(nest, itemsize=64), [Cache(64 * 1024, 64, 0)])
    # the cache fetches a line of the output before it writes to it; a buffer knows that a sum starts at zero
    assert [a + b for a, b in zip(report["fetched"], report["written"], strict=True)] == [24, 20, 30]
    assert sum(cache["bytes in"]) // 64 == 24 + 20 + 30 and sum(cache["bytes out"]) // 64 == 30


def test_no_tiling_of_a_small_product_in_buffers_goes_below_the_bound():
    shape = GemmShape(12, 12, 12)
    for i, j, k, order in product((1, 2, 4, 6), (1, 3, 6), (1, 4), ("i_t j_t k_t", "k_t i_t j_t", "j_t k_t i_t")):
        nest = schedule(gemm_problem(shape)).tile(i=i, j=j, k=k).reorder(f"{order} k_s i_s j_s")
        report = buffer_traffic(nest, dict.fromkeys("ABC", nest.loops[2].name))
        meter = distance_to_bound(report, shape, fast=sum(report["tile"]))
        assert meter["times the bound"][0] >= 1
        assert meter["bound"][0] == io_bound(shape, sum(report["tile"])).elements


def test_the_best_tile_of_a_product_is_within_one_and_a_half_of_the_bound():
    # a square of the output stays, a column and a row pass: 2 M N K / side + M N words with side^2 + 2 side words of buffer
    shape, side = GemmShape(256, 256, 256), 32
    nest = schedule(gemm_problem(shape)).tile(i=side, j=side).reorder("i_t j_t k i_s j_s")
    report = buffer_traffic(nest, {"A": "k", "B": "k", "C": "j_t"})
    assert sum(report["fetched"]) + sum(report["written"]) == 2 * shape.macs // side + 256 * 256
    assert distance_to_bound(report, shape, fast=sum(report["tile"]))["times the bound"][0] < 1.5


@pytest.mark.parametrize("above, message", [
    ({"IA": "q", "W": "q"}, "missing OA"),
    ({"IA": "q", "W": "q", "OA": "q", "B": "q"}, "no tensor 'B'; the tensors are IA W OA"),
    ({"IA": "q", "W": "q", "OA": "x"}, "OA cannot be under 'x'; the loops are s q"),
])  # fmt: skip
def test_a_wrong_place_for_a_buffer_is_refused_in_words(above, message):
    with pytest.raises(ValueError, match=message):
        buffer_traffic(schedule(conv1d_problem(9, 4), "s q"), above)


def test_nothing_moves_in_an_empty_batch():
    nest = schedule(conv_problem(ConvShape(0, 2, 5, 5, 3, 3, 3)))
    report = buffer_traffic(nest, dict.fromkeys(TENSORS, "q"))
    assert report["fetched"] == [0, 0, 0] and report["written"] == [0, 0, 0]
    assert report == simulate_buffers(nest, dict.fromkeys(TENSORS, "q"))
