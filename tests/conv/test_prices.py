"""The prices: memory as traced, traffic as walked, work as counted, errors as expected, and the table that holds them."""

import numpy as np
import pytest

from course_lib import ALGORITHMS, ConvShape, conv2d
from course_lib.conv import compare, cost, mec, mec_nest, mec_paper, traffic, winograd
from course_lib.conv.errors import direct_errors, error_growth, tile_errors
from course_lib.conv.prices import ORDER, OVERHEAD, ROWS, measured_workspace
from course_lib.machine.cache import Cache, simulate
from course_lib.nest import conv_problem, schedule, trace

LAYERS = {
    "3x3, two images": ConvShape(2, 16, 28, 28, 32, 3, 3, 1, 1),
    "pointwise, stride 2": ConvShape(1, 32, 30, 28, 48, 1, 1, 2),
    "two groups, 3x5": ConvShape(3, 16, 20, 28, 32, 3, 5, 1, 1, 1, 2),
    "depthwise": ConvShape(1, 32, 28, 28, 64, 3, 3, 1, 1, 1, 32),
    "first layer": ConvShape(1, 3, 64, 64, 32, 7, 7, 2, 3),
    "dilated": ConvShape(1, 8, 40, 40, 8, 3, 3, 1, 2, 2),
}


@pytest.mark.parametrize("row", [row for row in ORDER if row != "direct"])
def test_the_predicted_workspace_is_the_traced_peak(row):
    name, more = ROWS[row]
    seen = 0
    for word, shape in LAYERS.items():
        module = ALGORITHMS[name]
        if module.cannot(shape, **more):
            continue
        predicted, traced = module.workspace(shape, **more), measured_workspace(module, shape, **more)
        assert -64 <= traced - predicted <= OVERHEAD, (word, predicted, traced)
        seen += 1
    assert seen >= 1


def test_direct_needs_no_memory_at_all():
    assert measured_workspace(ALGORITHMS["direct"], ConvShape(1, 2, 8, 8, 2, 3, 3)) <= OVERHEAD


# -- traffic

HUGE = (Cache(1 << 26, 64, 16, name="all of it"),)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_in_a_cache_that_holds_everything_each_array_is_fetched_once(name):
    """Then only the compulsory misses are left: every line of IA and W once, whatever the order."""
    for shape in (ConvShape(2, 8, 12, 12, 16, 3, 3, 1, 1), ConvShape(1, 16, 9, 9, 16, 1, 1), ConvShape(2, 16, 8, 8, 16, 3, 3, 1, 1, 1, 16)):
        if ALGORITHMS[name].cannot(shape):
            continue
        report = traffic.traffic(name, shape, HUGE)
        by = {row["tensor"]: row for row in report}
        lines = lambda size: -(-4 * int(np.prod(size)) // 64)
        assert by["IA"]["misses"] == lines(shape.ia_shape), name
        assert by["W"]["misses"] == lines(shape.wt_shape), name
        assert by["OA"]["bytes out"] == 64 * lines(shape.oa_shape), name
        workspace = by.get("workspace", {"misses": 0})["misses"] * 64
        assert workspace <= 2 * ALGORITHMS[name].workspace(shape) + 40 * 64, name


@pytest.mark.parametrize("name", ALGORITHMS)
def test_no_algorithm_moves_less_than_it_must(name):
    shape = ConvShape(1, 16, 14, 14, 32, 3, 3, 1, 1)
    if name == "pointwise":
        shape = ConvShape(1, 64, 14, 14, 64, 1, 1)
    if name == "depthwise":
        shape = ConvShape(1, 64, 14, 14, 64, 3, 3, 1, 1, 1, 64)
    moved = traffic.bytes_of(traffic.traffic(name, shape))
    assert moved["L2"] >= shape.bytes and moved["L1"] >= moved["L2"] * 0.99


def test_direct_is_walked_as_its_nest_is_traced():
    shape = ConvShape(1, 3, 8, 8, 4, 3, 3)
    small = (Cache(1 << 10, 64, 2, name="L1"),)
    walked, traced = traffic.traffic("direct", shape, small), simulate(trace(schedule(conv_problem(shape, wt="KCRS"))), small)
    assert walked["misses"] == traced["misses"] and walked["accesses"] == traced["accesses"]


def test_the_accesses_of_im2col_are_those_of_its_definition():
    """cols is stored once an element and loaded once a strip of 4 filters; outputs are stored once."""
    shape = ConvShape(1, 4, 10, 10, 8, 3, 3)  # no padding
    by = {row["tensor"]: row for row in traffic.traffic("im2col", shape, HUGE)}
    cols = 4 * 9 * 64
    assert by["IA"]["accesses"] == cols and by["OA"]["accesses"] == 8 * 64
    assert by["workspace"]["accesses"] == cols + cols * 8 // 4
    assert by["W"]["accesses"] == 8 * 36 * 64 // 16  # a filter is loaded once for 16 pixels


def test_a_layer_too_large_to_walk_is_refused_and_counted_in_closed_form():
    large = ConvShape(1, 64, 224, 224, 64, 3, 3, 1, 1)
    with pytest.raises(ValueError, match="shape: 1,849,688,064 MACs are too many to walk through"):
        traffic.traffic("im2col", large)
    # cols written and its pixels read; the product reads W and cols and writes OA
    cols, pixels = 64 * 9, 224 * 224
    want = 4 * (2 * cols * pixels + 64 * cols + cols * pixels + 64 * pixels)
    assert traffic.bytes_once(ALGORITHMS["im2col"].work(large)) == want


# -- the table


def test_compare_has_a_row_an_algorithm_and_says_what_each_cannot_do():
    shape = ConvShape(1, 4, 12, 12, 4, 3, 3, 2, 1)
    report = compare(shape, time=False)
    assert report["algorithm"] == ORDER
    reasons = dict(zip(report["algorithm"], report["cannot"], strict=True))
    assert "stride is 2" in reasons["winograd F4"] and "stride is 2" in reasons["fft"] and "1x1" in reasons["pointwise"]
    rows = {row["algorithm"]: row for row in report}
    assert rows["im2col"]["MACs"] == shape.macs and rows["winograd F4"]["MACs"] is None
    assert rows["direct"]["float32 max"] > 0 and rows["im2col"]["float16 max"] > rows["im2col"]["float32 max"]
    assert rows["tiled"]["L2 bytes"] and "cannot" in str(report)


def test_compare_times_what_it_has_compared():
    report = compare(ConvShape(1, 4, 8, 8, 4, 3, 3), errors=False, memory=False, walk=False, seconds=0.01)
    rows = {row["algorithm"]: row for row in report}
    assert all(rows[name]["ms"] > 0 and rows[name]["GFLOP/s"] > 0 for name in ("direct", "im2col", "mec B", "winograd F4", "fft"))
    assert rows["direct"]["multiplications"] == 5184 and rows["winograd F2"]["multiplications"] == 4 * 4 * 9 * 16  # 4.2.2 patches of 4x4
    assert rows["im2col"]["moved once"] > 0


def test_large_layers_are_priced_without_a_walk():
    report = compare(ConvShape(1, 64, 112, 112, 64, 3, 3, 1, 1), time=False, errors=False, memory=False)
    assert "moved once" in report.columns and "L1 bytes" not in report.columns


# -- Winograd's numbers


def test_winograd_saves_what_the_paper_says():
    shape = ConvShape(1, 3, 54 + 2, 54 + 2, 64, 3, 3)  # the course's own layer
    saved = {m: shape.macs / sum(step.multiplications for step in winograd.work(shape, m)) for m in (2, 6)}
    assert saved[2] == 2.25 and saved[6] == 81 * 4 / 64  # 36/16 and 324/64
    assert sum(step.multiplications for step in winograd.work(shape, 2)) == 2_239_488  # labs.md's closed form
    whole = ConvShape(1, 3, 58, 58, 64, 3, 3)
    assert whole.macs / sum(step.multiplications for step in winograd.work(whole, 4)) == 4


@pytest.mark.parametrize("m, r", [(2, 3), (4, 3), (6, 3), (2, 5), (4, 5), (1, 1), (3, 2), (5, 4), (1, 4), (2, 7)])
def test_the_matrices_filter_exactly_in_fractions(m, r):
    from fractions import Fraction

    rng = np.random.default_rng(m * 10 + r)
    AT, G, BT = winograd.winograd_matrices(m, r)
    d, g = ([Fraction(int(x)) for x in rng.integers(-9, 10, size)] for size in (m + r - 1, r))
    dot = lambda row, x: sum(a * b for a, b in zip(row, x, strict=True))
    product = [dot(G[i], g) * dot(BT[i], d) for i in range(m + r - 1)]
    assert [dot(row, product) for row in AT] == [dot(g, d[i : i + r]) for i in range(m)]
    floats = winograd.winograd_1d(np.array(d, float), np.array(g, float))
    assert np.allclose(floats, [float(dot(g, d[i : i + r])) for i in range(m)], rtol=1e-9, atol=1e-9)


def test_f43_has_the_matrices_of_the_paper_up_to_the_signs_of_rows_that_cancel():
    AT, G, BT = winograd.winograd_matrices(4, 3)
    paper_BT = [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
    paper_G = [[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]  # times 24
    for i in range(6):
        ours = [[24 * g * b for b in BT[i]] for g in G[i]]
        assert ours == [[g * b for b in paper_BT[i]] for g in paper_G[i]], i
    assert [[int(x) for x in row] for row in AT] == [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]


def test_points_may_be_named_and_a_bad_choice_costs_digits():
    good, bad = (tile_errors(6, 3, 64, points=p).max() for p in (None, (0, 1, -1, 2, -2, 3, -3)))
    assert bad > 10 * good
    with pytest.raises(ValueError, match="points: want 7 different ones"):
        winograd.winograd_matrices(6, 3, (0, 1, 1, 2, 3, 4, 5))
    with pytest.raises(ValueError, match=r"m, r: F\(12,3\) needs 13 points, the list has 11"):
        winograd.winograd_matrices(12, 3)


@pytest.mark.parametrize("m", [1, 2, 3, 5, 6, 8])
def test_any_tile_is_right(m):
    rng = np.random.default_rng(m)
    shape = ConvShape(1, 3, 13, 11, 4, 3, 2, 1, ((1, 0), (2, 1)))
    ia, wt = rng.integers(-9, 10, shape.ia_shape), rng.integers(-9, 10, shape.wt_shape)
    assert (winograd.conv2d(ia, wt, shape, m) == conv2d(ia, wt, pad=shape.pad, algorithm="im2col")).all()  # whole numbers: exact


def test_the_error_grows_with_the_tile_in_both_precisions():
    report = error_growth(channels=(16,), tiles=60)
    for dtype in ("float32", "float16"):
        rms = [row["rms"] for row in report if row["dtype"] == dtype and row["algorithm"] != "direct"]
        assert rms[0] < rms[1] < rms[2], (dtype, rms)
    assert direct_errors(2, 3, 16).max() < tile_errors(4, 3, 16).max()


# -- MEC


def test_the_bytes_of_the_twelve_layers_are_the_reported_ones():
    report = mec_paper.memory()
    want = {
        "im2col MB": [4.39, 4.55, 7.24, 149.04, 3.84, 0.92, 5.32, 27.88, 6.72, 3.12, 1.33, 0.46],
        "MEC MB": [1.65, 1.71, 2.12, 43.75, 0.92, 0.37, 1.79, 9.46, 2.32, 1.12, 0.52, 0.22],
        "ratio": [2.67, 2.67, 3.42, 3.41, 4.17, 2.50, 2.97, 2.95, 2.89, 2.79, 2.57, 2.14],
        "MMACs": [105.4, 109.3, 115.9, 2384.6, 245.8, 118.0, 85.2, 892.1, 107.5, 99.7, 84.9, 59.0],
    }
    for column, values in want.items():
        assert [round(v, 1 if column == "MMACs" else 2) for v in report[column]] == values, column
    assert round(float(np.mean(report["ratio"])), 2) == 2.93
    big, small = mec_paper.resnet101()
    assert (round(big, 2), round(small, 2), round(big / small, 2)) == (203.66, 64.57, 3.15)


def test_the_workspace_of_mec_is_the_papers_matrix_and_the_filters():
    for shape in mec_paper.LAYERS.values():
        assert mec.workspace(shape) == mec.mec_bytes(shape) + 4 * shape.params


def test_the_output_rows_are_overlapping_views_and_nothing_is_copied():
    shape = ConvShape(2, 3, 9, 8, 4, 3, 3, 2, 1)
    ia = np.random.default_rng(0).standard_normal((2, 9, 8, 3)).astype(np.float32)
    strips = mec.mec_lower(ia, shape)
    parts = mec.row_parts(strips, shape)
    assert parts.shape == (2, shape.P, shape.Q, 27) and np.shares_memory(parts, strips)
    assert all(np.shares_memory(parts[0, p], parts[0, p + 1]) for p in range(shape.P - 1))  # R > stride: rows overlap
    start = lambda a: a.__array_interface__["data"][0]
    assert start(parts[0, 1]) - start(parts[0, 0]) == 4 * 2 * 3 * 3  # stride·S·C elements further
    padded = np.pad(ia, ((0, 0), (1, 1), (1, 1), (0, 0)))
    for p in range(shape.P):
        for q in range(shape.Q):
            assert (parts[1, p, q] == padded[1, 2 * p : 2 * p + 3, 2 * q : 2 * q + 3].reshape(-1)).all()


@pytest.mark.parametrize("solution", ["A", "B"])
def test_both_solutions_are_right_in_both_layouts(solution):
    rng = np.random.default_rng(3)
    for shape in (ConvShape(3, 8, 9, 8, 4, 3, 3, 1, 1), ConvShape(2, 6, 11, 7, 4, 3, 2, (2, 1), 0), ConvShape(1, 4, 6, 6, 3, 2, 2)):
        ia, wt = rng.integers(-9, 10, shape.ia_shape).astype(np.float32), rng.integers(-9, 10, shape.wt_shape).astype(np.float32)
        want = conv2d(ia, wt, shape.stride, shape.pad, algorithm="im2col")
        assert (mec.conv2d(ia, wt, shape, solution) == want).all()
        nhwc = mec.conv2d_nhwc(np.ascontiguousarray(ia.transpose(0, 2, 3, 1)), wt, shape, solution)
        assert (nhwc == want.transpose(0, 2, 3, 1)).all()
    grouped = ConvShape(2, 6, 9, 8, 4, 3, 3, 1, 1, 1, 2)
    ia, wt = rng.integers(-9, 10, grouped.ia_shape), rng.integers(-9, 10, grouped.wt_shape)
    assert (mec.conv2d(ia, wt, grouped, solution) == conv2d(ia, wt, pad=1, groups=2, algorithm="im2col")).all()


def test_mec_with_compiled_products_is_right_on_random_layers():
    rng = np.random.default_rng(6)
    for _ in range(12):
        C, K, H, W = (int(n) for n in rng.integers(1, (20, 70, 14, 30)))
        R, S = int(rng.integers(1, min(H, 5) + 1)), int(rng.integers(1, min(W, 5) + 1))
        shape = ConvShape(int(rng.integers(0, 3)), C, H, W, K, R, S, tuple(rng.integers(1, 3, 2).tolist()), int(rng.integers(0, 2)))
        ia, wt = rng.integers(-9, 10, shape.ia_shape).astype(np.float32), rng.integers(-9, 10, shape.wt_shape).astype(np.float32)
        layer = mec_nest.compile_mec(wt, shape)
        want = conv2d(ia, wt, shape.stride, shape.pad, algorithm="im2col").transpose(0, 2, 3, 1)
        assert (layer(np.ascontiguousarray(ia.transpose(0, 2, 3, 1))) == want).all(), shape  # whole numbers below 2^24: exact


def test_the_nest_of_mec_reads_the_strips_where_they_lie():
    from course_lib.nest import run

    shape = ConvShape(1, 2, 6, 5, 3, 3, 2, (2, 1), 1)
    ia, wt = (np.random.default_rng(0).integers(-5, 6, size).astype(float) for size in (shape.ia_shape, shape.wt_shape))
    strips = mec.mec_lower(ia.transpose(0, 2, 3, 1), shape)[0].reshape(shape.Q, -1, shape.S * shape.C)
    rows = wt.transpose(2, 3, 1, 0).reshape(shape.R, shape.S * shape.C, shape.K)
    slow = run(schedule(mec_nest.mec_problem(shape)), strips, rows)
    assert (slow == conv2d(ia, wt, shape.stride, shape.pad)[0].transpose(1, 2, 0)).all()


def test_compiled_mec_refuses_what_it_is_not_made_for():
    shape = ConvShape(1, 4, 8, 8, 4, 3, 3, groups=2)
    with pytest.raises(ValueError, match="mec: groups is 2, it must be 1"):
        mec_nest.compile_mec(np.ones(shape.wt_shape, np.float32), shape)
    plain = ConvShape(1, 4, 8, 8, 4, 3, 3)
    with pytest.raises(ValueError, match="wt: want"):
        mec_nest.compile_mec(np.ones((4, 4, 3, 2), np.float32), plain)
    layer = mec_nest.compile_mec(np.ones(plain.wt_shape, np.float32), plain)
    with pytest.raises(ValueError, match="ia: want .1, 8, 8, 4. = .N, H, W, C. in float32"):
        layer(np.ones(plain.ia_shape, np.float32))


def test_mec_chooses_by_the_papers_rule():
    small_output, large_output = ConvShape(1, 8, 40, 40, 8, 3, 3), ConvShape(1, 1, 40, 40, 64, 3, 3)
    assert mec.choose(small_output) == "A" and mec.choose(large_output) == "B"  # the output does not fit into the strips
    assert mec.choose(ConvShape(1, 8, 120, 120, 8, 3, 3)) == "B"  # Q = 118 > 100
    with pytest.raises(ValueError, match="mec: solution A turns its result in the memory of the lowered matrix"):
        mec.conv2d(np.ones(large_output.ia_shape), np.ones(large_output.wt_shape), large_output, "A")
    with pytest.raises(ValueError, match="mec: solution is 'C'"):
        mec.conv2d(np.ones(small_output.ia_shape), np.ones(small_output.wt_shape), small_output, "C")


# -- auto


def test_auto_says_why():
    table = conv2d(np.ones((1, 16, 14, 14), np.float32), np.ones((16, 16, 3, 3), np.float32), pad=1, explain=True)
    assert table["algorithm"][0] == cost.choose(ConvShape(1, 16, 14, 14, 16, 3, 3, 1, 1)) and table["reason"][0].startswith(
        "chosen, least time"
    )
    reasons = dict(zip(table["algorithm"], table["reason"], strict=True))
    assert set(reasons) == set(ALGORITHMS) and reasons["pointwise"].startswith("cannot: the window is 3x3")
    assert "reference" in reasons["direct"]
    asked = conv2d(np.ones((1, 2, 4, 4)), np.ones((2, 2, 3, 3)), algorithm="im2col", explain=True)
    assert asked["algorithm"][0] == "im2col" and asked["reason"][0] == "asked for"


def test_auto_takes_the_least_expected_time_of_those_it_may_take():
    rng = np.random.default_rng(4)
    for _ in range(30):
        C, K, H, R = (int(rng.choice(sizes)) for sizes in ((1, 8, 64), (1, 8, 64), (7, 20, 40), (1, 3, 5)))
        shape = ConvShape(1, C, H, H, K, R, R, int(rng.integers(1, 3)), R // 2)
        left = {name: cost.expected(name, shape) for name in ALGORITHMS if not cost.why_not(name, shape, False)}
        assert cost.choose(shape) == min(left, key=left.get)
        assert not {"direct", "tiled"} & set(left)


def test_auto_makes_a_pointwise_layer_one_product():
    for shape in (ConvShape(1, 64, 14, 14, 64, 1, 1), ConvShape(2, 64, 14, 14, 32, 1, 1, 2), ConvShape(1, 8, 9, 9, 8, 1, 1, 1, 0, 1, 2)):
        assert cost.choose(shape) == "pointwise"
    assert cost.choose(ConvShape(1, 8, 9, 9, 8, 1, 1, 1, 1)) != "pointwise"  # padded: it cannot


def test_auto_leaves_whole_numbers_to_those_who_sum_them_as_they_are():
    shape = ConvShape(1, 128, 56, 56, 128, 3, 3, 1, 1)
    assert cost.why_not("winograd", shape, exact=True) and not cost.why_not("winograd", shape, exact=False)
    big = np.full((1, 8, 12, 12), 2**20, np.int64)
    assert conv2d(big, np.full((8, 8, 3, 3), 2**20, np.int64))[0, 0, 5, 5] == 72 * 2**40


def test_a_sum_is_corrected_by_its_neighbours_and_by_nobody_far_away():
    at, far = [3.0, 4.0], [3.0 + 20 * cost.REACH, 4.0]
    off = np.log([2.0])
    doubled = np.exp(np.log(2) / (1 + cost.DOUBT))  # one neighbour of the same sizes against the doubt
    assert cost.correction(at, np.array([at]), off) == pytest.approx(doubled)
    assert cost.correction(at, np.array([far]), off) == pytest.approx(1)
    assert cost.correction(at, np.array([at, at]), np.log([2.0, 0.5])) == pytest.approx(1)
    assert cost.correction(at, np.zeros((0, 2)), np.zeros(0)) == 1
