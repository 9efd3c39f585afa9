"""A schedule straight through the caches is its trace through the caches."""

import numpy as np
import pytest

from course_lib.machine.cache import Cache, simulate
from course_lib.machine.stream import simulate_nest
from course_lib.nest import conv1d_problem, conv_problem, gemm_problem, schedule, sum_problem, trace
from course_lib.shapes import ConvShape, GemmShape


def random_problem(rng):
    kind = rng.integers(4)
    if kind == 0:
        a, c = str(rng.choice(["IK", "KI", "IK4i"])), str(rng.choice(["IJ", "JI3j"]))
        return gemm_problem(GemmShape(*(int(n) for n in rng.integers(1, 14, 3))), a=a, c=c)
    if kind == 1:
        return sum_problem(int(rng.integers(1, 20)), int(rng.integers(1, 20)))
    groups = int(rng.choice([1, 1, 2]))
    C, K = groups * int(rng.integers(1, 5)), groups * int(rng.integers(1, 5))
    N, H, W, R, S = (int(n) for n in rng.integers((1, 3, 3, 1, 1), (3, 7, 7, 4, 4)))
    shape = ConvShape(N, C, H, W, K, R, S, int(rng.integers(1, 3)), int(rng.integers(0, 3)), 1, groups)
    return conv_problem(shape, ia=str(rng.choice(["NCHW", "NHWC", "NCHW2c"])), wt=str(rng.choice(["RSCK", "KCRS", "KCRS3k"])))


@pytest.mark.parametrize("seed", range(60))
def test_a_nest_through_the_caches_is_its_trace_through_the_caches(seed):
    rng = np.random.default_rng(seed)
    nest = schedule(random_problem(rng))
    for _ in range(rng.integers(0, 4)):
        loop = nest.loops[rng.integers(len(nest.loops))]
        nest = nest.tile(**{loop.name: int(rng.integers(1, 6))})
    order = [loop.name for loop in nest.loops]
    rng.shuffle(order)
    nest = nest.reorder(" ".join(order))
    held = [t.name for t in nest.problem.tensors if rng.random() < 0.4]
    nest = nest.hold(" ".join(held)) if held else nest
    itemsize = int(rng.choice([4, 8]))
    levels = [Cache(512, 32, 2), Cache(2048, 32, 4, str(rng.choice(["lru", "fifo", "plru"])))]
    assert simulate_nest(nest, levels, itemsize) == simulate(trace(nest, itemsize), levels), (str(nest), held)


def test_more_accesses_than_a_piece_are_simulated_without_a_seam():
    nest = schedule(gemm_problem(GemmShape(40, 40, 40)), "i j k")  # 256,000 accesses less the 1,600 first sums
    levels = [Cache(4096, 64, 4), Cache(16384, 64, 8)]
    assert simulate_nest(nest, levels) == simulate(trace(nest), levels)


def test_rows_and_columns_of_the_lectures_sum():
    # 64 x 64 doubles, 8 to a line: by rows every line misses once, by columns in a cache of 32 lines every access does
    levels = [Cache(32 * 64, 64, 0)]
    rows = simulate_nest(schedule(sum_problem(64, 64), "i j"), levels, itemsize=8)
    columns = simulate_nest(schedule(sum_problem(64, 64), "j i"), levels, itemsize=8)
    assert rows["misses"][:2] == [64 * 64 // 8] * 2 and columns["misses"][:2] == [64 * 64] * 2


def test_an_empty_batch_makes_no_access():
    report = simulate_nest(schedule(conv_problem(ConvShape(0, 2, 5, 5, 3, 3, 3))), [Cache(512, 32, 2)])
    assert report["accesses"] == [0, 0, 0]


def test_the_one_dimensional_example_touches_its_output_at_every_tap():
    report = simulate_nest(schedule(conv1d_problem(Q=9, S=4), "q s"), [Cache(1024, 16, 2)])
    assert report["accesses"] == [36, 36, 27 + 36], "a sum that starts is not loaded, every update is stored"
