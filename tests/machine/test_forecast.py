"""The forecast: its traffic against the simulated cache, its core against counts by hand, its order of orders as everybody knows it."""

import numpy as np
import pytest

from course_lib.machine import Cache, simulate_nest
from course_lib.machine.forecast import Level, Speeds, core, fetched, forecast, lines
from course_lib.nest import conv_problem, gemm_problem, schedule
from course_lib.shapes import ConvShape, GemmShape

MACHINE = Speeds(peak=96.0, lanes=16, levels=(Level("L2", 32 << 10, 60.0), Level("L3", 1 << 20, 25.0), Level("memory", 32 << 20, 10.0)))
GEMM = gemm_problem(GemmShape(M=48, N=64, K=80))


def gflops(nest):
    return forecast(nest, MACHINE)["GFLOP/s"][-1]


def test_lines_are_runs_in_memory():
    nest = schedule(GEMM)
    a, b, c = GEMM.tensors
    every = nest.loops
    assert [lines(t, every) for t in (a, b, c)] == [48 * 80 // 16, 80 * 64 // 16, 48 * 64 // 16]  # whole arrays, 16 numbers a line
    k = (nest.loop("k"),)
    assert lines(a, k) == 80 // 16 and lines(b, k) == 80 and lines(c, k) == 1  # along a row, down a column, standing still


LRU = {
    "every order of a product, a small cache": [(schedule(GEMM, order), 4 << 10) for order in ("i j k", "i k j", "k i j", "j k i")],
    "a product that fits": [(schedule(GEMM, "i j k"), 1 << 20)],
    "windows overlap": [
        (schedule(conv_problem(ConvShape(1, 8, 12, 16, 16, 3, 3, pad=1)), order), size)
        for order in ("n k p q c r s", "n p q k c r s", "n c k p q r s")
        for size in (4 << 10, 16 << 10)
    ],
    "tiles": [(schedule(GEMM).tile(i=8, j=16, k=16).reorder("i_t j_t k_t i_s k_s j_s"), 4 << 10)],
}


@pytest.mark.parametrize("what", LRU)
def test_the_traffic_is_within_a_tenth_of_a_simulated_caches(what):
    # the simulated cache has no conflicts (fully associative), as the model; what differs is what fits only in part
    for nest, size in LRU[what]:
        misses = simulate_nest(nest, [Cache(bytes=size, line=64, ways=size // 64)])
        simulated = sum(row["misses"] for row in misses if "misses" in row)
        modelled = sum(fetched(nest, tensor, size) for tensor in nest.problem.tensors)
        assert 0.9 < modelled / simulated < 1.1, (nest.order, size, modelled, simulated)


def test_nothing_that_must_move_is_left_out():
    rng = np.random.default_rng(0)
    for _ in range(40):
        order = " ".join(str(name) for name in rng.permutation(["i", "j", "k"]))
        size = int(2 ** rng.integers(8, 22))
        nest = schedule(GEMM, order)
        for tensor in GEMM.tensors:
            assert fetched(nest, tensor, size) >= lines(tensor, nest.loops)
            assert fetched(nest, tensor, 2 * size) <= fetched(nest, tensor, size)  # a larger cache never fetches more


def test_the_core_counts_what_the_block_does():
    nest = schedule(GEMM).tile(i=4, j=32).reorder("j_t i_t k i_s j_s").unroll("i_s").vectorize("j_s")
    used = core(nest, lanes=16)
    runs = 2 * 12 * 80  # j_t, i_t, k
    assert used["multiply-adds"] == runs * 4 * 2  # 4 rows of 2 vectors
    # a: 4 numbers a turn of k; b: 2 vectors; the 8 sums of c are loaded and stored once a tile
    assert used["loads"] == runs * (4 + 2) + 2 * 12 * 8 and used["stores"] == 2 * (2 * 12 * 8)
    assert used["waiting"] == 0  # 8 sums at a time are just enough
    assert core(schedule(GEMM, "i j k"), 16)["waiting"] == 7 * GEMM.iterations


def test_the_known_orders_come_out_as_everybody_measures_them():
    big = gemm_problem(GemmShape(M=512, N=512, K=512))
    slow, dot, row = (schedule(big, order) for order in ("j k i", "i j k", "i k j"))
    lanes = schedule(big).tile(j=16).reorder("i k j_t j_s").vectorize("j_s")
    tile = schedule(big).tile(i=8, j=16).reorder("j_t i_t k i_s j_s").unroll("i_s").vectorize("j_s")
    speeds = [gflops(nest) for nest in (slow, dot, row, lanes, tile)]
    assert speeds == sorted(speeds) and speeds[-1] > 20 * speeds[1]


def test_no_forecast_passes_the_peak_and_each_is_its_slowest_row():
    for nest in (schedule(GEMM), schedule(GEMM).tile(i=8, j=16).reorder("j_t i_t k i_s j_s").unroll("i_s").vectorize("j_s")):
        report = forecast(nest, MACHINE)
        assert max(report["GFLOP/s"][:1]) <= MACHINE.peak
        assert report["ms"][-1] == max(report["ms"][:-1]) and report["limit"][-1].startswith("forecast: ")


def test_what_is_not_a_nest_and_an_empty_one_are_refused():
    with pytest.raises(ValueError, match="forecast: want a Schedule"):
        forecast(GEMM, MACHINE)
    with pytest.raises(ValueError, match="no iterations"):
        forecast(schedule(gemm_problem(GemmShape(M=0, N=4, K=4))), MACHINE)
