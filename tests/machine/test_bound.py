"""The lower bound against every order and tiling of small problems, run through a real (simulated) memory."""

import itertools

import numpy as np
import pytest

from course_lib.machine.bound import distance_to_bound, io_bound, most_copies, real_macs
from course_lib.machine.cache import Cache, simulate
from course_lib.records import Buffer, Report, Trace
from course_lib.shapes import ConvShape, GemmShape


def trace_of(accesses, sizes):
    """accesses: rows of (tensor, element, store)."""
    rows = np.array(accesses, np.int64)
    base = np.concatenate([[0], np.cumsum(sizes)])[:-1]
    buffers = tuple(Buffer(n, (s,), 1, int(b)) for n, s, b in zip("ABC", sizes, base, strict=True))
    return Trace(buffers, rows[:, 0].astype(np.int16), rows[:, 1] + base[rows[:, 0]], rows[:, 2].astype(bool), np.arange(len(rows)))


def moved(trace, fast):
    report = simulate(trace, [Cache(bytes=fast, line=1, ways=0)])
    return sum(report["bytes in"]) + sum(report["bytes out"])


@pytest.mark.parametrize("M, N, K, fast", [(4, 4, 4, 3), (4, 4, 4, 8), (6, 5, 4, 12), (8, 8, 8, 16), (8, 8, 8, 27), (1, 9, 7, 5)])
def test_no_loop_order_and_tiling_of_a_product_goes_below_the_bound(M, N, K, fast):
    bound, best = io_bound(GemmShape(M, N, K), fast), np.inf
    for tile in [(1, 1, 1), (2, 2, 1), (2, 2, 2), (3, 3, 1), (4, 4, 1), (4, 2, 1)]:
        for order in itertools.permutations(range(3)):
            rows = []
            for outer in itertools.product(*(range(0, (M, N, K)[d], tile[d]) for d in order)):
                start = dict(zip(order, outer, strict=True))
                inner = [range(start[d], min(start[d] + tile[d], (M, N, K)[d])) for d in range(3)]
                for k, i, j in itertools.product(inner[2], inner[0], inner[1]):
                    rows += [(0, i * K + k, 0), (1, k * N + j, 0), (2, i * N + j, 1)]
            cost = moved(trace_of(rows, [M * K, K * N, M * N]), fast)
            # the simulator also fetches an output before its first store; the bound lets it start at zero
            assert cost >= bound.elements
            best = min(best, cost)
    assert bound.factor(best) < 6


@pytest.mark.parametrize("seed", range(12))
def test_no_loop_order_of_a_convolution_goes_below_the_bound(seed):
    rng = np.random.default_rng(seed)
    R, S, u = (int(x) for x in rng.integers(1, 4, 3))
    C, H, K, pad = int(rng.integers(1, 3)), R + int(rng.integers(2, 5)), int(rng.integers(1, 4)), int(rng.integers(0, R))
    shape = ConvShape(1, C, H, S + 3, K, R, S, stride=u, pad=pad)
    fast = int(rng.integers(3, 40))
    bound = io_bound(shape, fast)
    loops = dict(k=shape.K, c=shape.C, p=shape.P, q=shape.Q, r=R, s=S)
    top, left = shape.pads[0][0], shape.pads[1][0]
    orders = list(itertools.permutations(loops))
    for order in [orders[i] for i in rng.choice(len(orders), 12, replace=False)]:
        rows = []
        for values in itertools.product(*(range(loops[d]) for d in order)):
            at = dict(zip(order, values, strict=True))
            h, w = at["p"] * u - top + at["r"], at["q"] * u - left + at["s"]
            if 0 <= h < shape.H and 0 <= w < shape.W:
                rows += [(0, (at["c"] * shape.H + h) * shape.W + w, 0),
                         (1, ((at["k"] * shape.C + at["c"]) * R + at["r"]) * S + at["s"], 0),
                         (2, (at["k"] * shape.P + at["p"]) * shape.Q + at["q"], 1)]  # fmt: skip
        assert real_macs(shape) == len(rows) // 3
        assert moved(trace_of(rows, [np.prod(shape.ia_shape), shape.params, np.prod(shape.oa_shape)]), fast) >= bound.proven
    untouched = shape.K * shape.P * shape.Q - len({row[1] for row in rows if row[0] == 2})
    assert len({row[:2] for row in rows}) + untouched == bound.compulsory


def test_an_interior_pixel_is_copied_r_times_s_at_stride_1():
    assert most_copies(ConvShape(1, 3, 56, 56, 64, 3, 3)) == 9
    assert most_copies(ConvShape(1, 3, 56, 56, 64, 3, 3, stride=2)) == 4
    assert most_copies(ConvShape(1, 3, 56, 56, 64, 3, 3, stride=2, dilation=2)) == 9


def test_a_tap_that_only_ever_meets_padding_need_not_be_read():
    # one pixel in the middle of a padded 3 x 3 window: one weight of nine does all the work
    assert io_bound(ConvShape(1, 1, 1, 1, 1, 3, 3, pad=1), fast=4).compulsory == 1 + 1 + 1


def test_the_meter_reads_a_number_and_every_report_of_traffic():
    shape = GemmShape(4, 4, 4)
    once = 3 * 16
    tables = (
        once,
        Report({"fetched": [16, 16, 0], "written": [0, 0, 16]}),
        Report({"loads": [16, 16, 0], "stores": [0, 0, 16]}),
        Report({"level": ["DRAM", "DRAM", "RF"], "reads": [32, 0, 900], "writes": [0, 16, 900]}),
    )
    assert {distance_to_bound(table, shape, fast=64)["times the bound"][0] for table in tables} == {1.0}
    with pytest.raises(ValueError, match="counts: want a number, or columns 'fetched' and 'written'.*got hits"):
        distance_to_bound(Report({"hits": [1]}), shape, fast=64)


def test_a_memory_of_nothing_is_refused():
    with pytest.raises(ValueError, match="fast: want at least 1, got 0"):
        io_bound(GemmShape(2, 2, 2), 0)
