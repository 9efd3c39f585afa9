"""Sparse kernels: equal to torch on any shape and any pattern of zeros, whatever the plan; what zeros do to NaN is said and seen."""

import numpy as np
import pytest

from course_lib.kernels import ALGORITHMS, compile_conv2d, explain
from course_lib.kernels.arrays import address, blank
from course_lib.kernels.compile import choose
from course_lib.kernels.direct_sparse import SparsePlan, loads_of, sparse_cost, sparse_plan
from course_lib.kernels.frame import Frame
from course_lib.kernels.held import Tile
from course_lib.kernels.nm_sparse import NMPlan, grouped
from course_lib.nest.jit import lanes
from course_lib.shapes import ConvShape
from tests.kernels.test_compile import SHAPES, close, inputs

SPARSE = ("direct_sparse", "block_sparse", "nm_sparse")
WORDS = ("a batch", "stride 2, odd sizes", "pointwise, stride 2", "pointwise, padded", "dilated", "grouped", "one pixel")
EDGES = ("depthwise, stride 2", "one column", "padding wider than the picture", "more above than below")
SMALL = {name: SHAPES[name] for name in (*WORDS, *EDGES)}


def with_zeros(wt, density, seed=0):
    return wt * (np.random.default_rng(seed).random(wt.shape) < density).astype(np.float32)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("algorithm", SPARSE)
def test_a_layer_with_zeros_is_torchs_convolution(algorithm, name):
    shape = SMALL[name]
    ia, wt = inputs(shape)
    wt = with_zeros(wt, 0.3)
    layer = compile_conv2d(wt, shape, 2, algorithm)
    assert close(layer(ia), ia, wt, shape) and close(layer(-ia), -ia, wt, shape)  # twice: the frame is used again


@pytest.mark.parametrize("algorithm", SPARSE)
def test_a_pointwise_layer_in_whole_vectors_reads_its_input_where_it_lies(algorithm):
    shape = ConvShape(2, 9, 8, 4 * lanes(), 6, 1, 1)
    assert Frame.of(shape).plain and not Frame.of(SHAPES["pointwise"]).plain and not Frame.of(SHAPES["pointwise, padded"]).plain
    ia, wt = inputs(shape)
    wt = with_zeros(wt, 0.3)
    kept = ia.copy()
    assert close(compile_conv2d(wt, shape, 2, algorithm)(ia), ia, wt, shape) and np.array_equal(ia, kept)


@pytest.mark.parametrize("algorithm, plan", [("direct_sparse", SparsePlan(2, 3, 5)), ("nm_sparse", NMPlan(3))])
def test_an_input_may_begin_anywhere_in_a_cache_line_and_the_output_begins_there_too(algorithm, plan):
    shape = ConvShape(2, 9, 8, 4 * lanes(), 6, 1, 1)
    ia, wt = inputs(shape)
    wt = with_zeros(wt, 0.3)
    layer = compile_conv2d(wt, shape, 1, algorithm, plan)
    for place in range(lanes()):
        moved = blank(shape.ia_shape, place)
        moved[:] = ia
        oa = layer(moved)
        assert close(oa, ia, wt, shape) and address(oa) // 4 % lanes() == place


def random_shape(rng):
    pair = lambda low, high: (int(rng.integers(low, high)), int(rng.integers(low, high)))
    while True:
        groups = int(rng.choice([1, 1, 2, 3]))
        C, K = groups * int(rng.integers(1, 12)), groups * int(rng.integers(1, 12))
        try:
            return ConvShape(
                int(rng.integers(1, 3)), C, *pair(1, 40), K, *pair(1, 5), pair(1, 4), (pair(0, 3), pair(0, 3)), pair(1, 3), groups
            )
        except ValueError:  # the kernel does not fit: draw again
            continue


@pytest.mark.parametrize("seed", range(6))
def test_random_layers_patterns_and_plans_are_torchs_convolution(seed):
    rng = np.random.default_rng(seed)
    shape = random_shape(rng)
    ia, wt = inputs(shape, seed)
    wt = with_zeros(wt, rng.random(), seed)
    wt[rng.integers(shape.K)] = 0  # a filter that is not there
    joint = int(rng.integers(1, 5))
    plan = SparsePlan(joint, int(rng.integers(1, 28 // joint)), int(rng.integers(1, shape.C + 1)))
    for algorithm, chosen in (("direct_sparse", plan), ("block_sparse", plan), ("nm_sparse", NMPlan(plan.vectors))):
        oa = compile_conv2d(wt, shape, 1 + seed % 3, algorithm, chosen)(ia)
        assert close(oa, ia, wt, shape), (algorithm, shape, chosen)


@pytest.mark.parametrize("algorithm", SPARSE)
def test_weights_without_a_single_number_give_zeros_and_without_a_zero_the_dense_result(algorithm):
    shape = SHAPES["a batch"]
    ia, wt = inputs(shape)
    assert not compile_conv2d(wt * 0, shape, 1, algorithm)(ia).any()
    assert close(compile_conv2d(wt, shape, 1, algorithm)(ia), ia, wt, shape)
    assert not compile_conv2d(np.full_like(wt, -0.0), shape, 1, algorithm)(ia).any()


def test_nan_does_not_pass_a_zero_weight_that_is_left_out_and_passes_one_that_is_stored():
    shape = ConvShape(1, 4, 4, 4, 4, 1, 1)
    ia, wt = np.ones(shape.ia_shape, np.float32), np.zeros(shape.wt_shape, np.float32)
    ia[0, 1, 2, 2] = np.nan
    wt[0, 0], wt[1, 1], wt[2, 2] = 1, 1, 1  # filter 0 looks at channel 0 only, 1 at the NaN's, 3 at nothing
    where = lambda algorithm: [int(k) for k in np.flatnonzero(np.isnan(compile_conv2d(wt, shape, 1, algorithm)(ia)).any((0, 2, 3)))]
    assert where("windows") == [0, 1, 2, 3]  # dense: 0 · NaN is NaN
    assert where("direct_sparse") == [1]
    assert where("nm_sparse") == [1]  # one weight a group is all there is: 1:4 has no fillers but in filter 3, whose filler is channel 0
    blocks = compile_conv2d(wt, shape, 1, "block_sparse", SparsePlan(2, 4, 4))(ia)
    assert [int(k) for k in np.flatnonzero(np.isnan(blocks).any((0, 2, 3)))] == [0, 1]  # filter 0 is in the block of filter 1


def test_a_nan_among_the_weights_is_a_weight():
    shape = ConvShape(1, 2, 3, 3, 2, 1, 1)
    wt = np.zeros(shape.wt_shape, np.float32)
    wt[1, 0] = np.nan
    for algorithm in SPARSE:
        oa = compile_conv2d(wt, shape, 1, algorithm, SparsePlan(1, 1, 1) if algorithm != "nm_sparse" else None)(inputs(shape)[0])
        assert np.isnan(oa[0, 1]).all() and not np.isnan(oa[0, 0]).any()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_weights_of_other_types_are_rounded_and_nan_or_infinity_among_them_is_seen_in_its_own_filter(algorithm):
    shape = ConvShape(1, 16, 8, 8, 16, 3, 3, pad=1, groups=16 if algorithm == "planes" else 1)
    ia, wt = inputs(shape)
    wt = np.round(with_zeros(10 * wt, 0.5))
    want = compile_conv2d(wt, shape, 1, algorithm)(ia)
    for other in (np.float64, np.int8):
        assert np.array_equal(compile_conv2d(wt.astype(other), shape, 1, algorithm)(ia), want)
    for bad in (np.nan, -np.inf):
        spoilt = wt.copy()
        spoilt[2, 0, 1, 1] = bad
        with np.errstate(invalid="ignore"):  # Winograd's transform meets inf - inf
            oa = compile_conv2d(spoilt, shape, 1, algorithm)(ia)
        assert not np.isfinite(oa[:, 2]).any() and np.isfinite(np.delete(oa, 2, axis=1)).all()
    for wrong in (wt.astype(complex), wt.astype(str), wt.astype(object)):
        with pytest.raises(ValueError, match="wt: want real numbers, which are rounded to float32, got"):
            compile_conv2d(wrong, shape, 1, algorithm)
    with pytest.raises(ValueError, match=r"wt: want \(16, .*, 3, 3\), got \(16, .*, 3, 2\)"):
        compile_conv2d(wt[..., :2], shape, 1, algorithm)


def test_the_layer_keeps_the_weights_it_was_given_and_leaves_the_input_alone():
    shape = SHAPES["padded"]
    ia, wt = inputs(shape)
    kept, layer = ia.copy(), compile_conv2d(wt, shape, 1, "direct_sparse")
    first = layer(ia)
    wt[:] = 0
    assert np.array_equal(layer(ia), first) and np.array_equal(ia, kept)
    assert np.array_equal(layer(ia[:, :, ::-1, ::-1][:, :, ::-1, ::-1]), first)


def test_one_thread_and_three_compute_the_same_bits():
    shape = SHAPES["Winograd, four by four"]
    ia, wt = inputs(shape)
    wt, plan = with_zeros(wt, 0.2), SparsePlan(2, 7, 8)
    results = [compile_conv2d(wt, shape, threads, "direct_sparse", plan)(ia) for threads in (1, 2, 3)]
    assert all(np.array_equal(results[0], one) for one in results)


@pytest.mark.parametrize("seed", range(20))
def test_one_shift_of_the_frame_is_what_one_tap_reads(seed):
    rng = np.random.default_rng(seed)
    shape = random_shape(rng)
    frame, ia = Frame.of(shape), inputs(shape)[0][0]
    (top, bottom), (left, right) = shape.pads
    padded = np.pad(ia, [(0, 0), (top, bottom), (left, right)])
    flat = np.zeros(frame.size + frame.high * frame.pitch)
    for c in range(shape.C):
        for number, (a, z) in enumerate(frame.phases):
            part = padded[c, a :: shape.strides[0], z :: shape.strides[1]][: frame.high, : frame.pitch]
            place = c * frame.channel + number * frame.plane
            for h, line in enumerate(part):
                flat[place + h * frame.pitch : place + h * frame.pitch + len(line)] = line
    offsets = frame.offsets().reshape(-1, shape.R, shape.S)
    c, r, s = (int(rng.integers(n)) for n in offsets.shape)
    for p in range(shape.P):
        for q in range(shape.Q):
            there = padded[c, p * shape.strides[0] + r * shape.dilations[0], q * shape.strides[1] + s * shape.dilations[1]]
            assert flat[offsets[c, r, s] + p * frame.pitch + q] == there


@pytest.mark.parametrize("most", [1, 2, 5, 14, 28])
def test_tiles_cover_every_output_pixel_and_nothing_else(most):
    for shape in [*SHAPES.values(), ConvShape(1, 1, 9, 300, 1, 3, 3, pad=1)]:
        tile = Tile.of(shape, Frame.of(shape), most)
        assert tile.vectors <= most
        met = np.zeros(tile.P * tile.Q, int)
        for t in range(tile.count):
            p = min(t // tile.across * tile.rows, tile.P - tile.rows)
            q = min(t % tile.across * tile.wide, tile.Q - tile.wide)
            for start in tile.starts:
                for place, mask in tile.runs(start):
                    met[[p * tile.Q + q + place + lane for lane in range(lanes()) if mask[lane]]] += 1
        assert met.size == shape.P * shape.Q and met.min() >= 1


def test_loads_are_counted_as_the_program_holds_them():
    shape = ConvShape(1, 6, 5, 5, 11, 3, 3, groups=1)
    wt = with_zeros(inputs(shape)[1], 0.3)
    for joint in (1, 2, 4):
        made = compile_conv2d(wt, shape, 1, "direct_sparse", SparsePlan(joint, 2, 4)).program
        uses = made.table[: made.steps * made.cuts * (1 + 2**joint)].reshape(-1, 1 + 2**joint)[:, 2:].sum()
        single = made.table[made.steps * made.cuts * (1 + 2**joint) :].reshape(-1, 3)[:, 2:].sum()
        assert uses + single == loads_of(wt, shape, joint)
        assert len(made.stream) - 1 == loads_of(wt, shape, joint) + np.count_nonzero(wt)  # an offset a load, a number a weight


def test_the_model_finds_fewer_cycles_where_there_are_fewer_weights():
    shape = ConvShape(1, 128, 28, 28, 128, 3, 3, pad=1)
    cost = lambda d: (lambda plan: sparse_cost(shape, plan, False, d * shape.params, loads(d)(plan.joint)).cycles)(
        sparse_plan(shape, loads(d), d * shape.params)
    )
    loads = lambda d: lambda joint: shape.params / joint * (1 - (1 - d) ** joint)
    cycles = [cost(d) for d in (0.02, 0.05, 0.1, 0.2, 0.45, 0.9)]
    assert cycles == sorted(cycles)
    together = [sparse_plan(shape, loads(d), d * shape.params).joint for d in (0.02, 0.8)]
    assert together[0] < together[1] == 4  # neighbours share more when there are more


def test_n_of_m_is_read_off_the_weights():
    shape = ConvShape(1, 9, 4, 4, 3, 1, 2)
    rng = np.random.default_rng(0)
    wt = np.zeros(shape.wt_shape, np.float32)
    for k in range(3):
        for first in (0, 4):
            wt[k, first + rng.permutation(4)[:2]] = rng.standard_normal((2, 1, 2))
    values, places = grouped(wt, shape)
    assert values.shape == (3, 3 * 2, 2) and places.max() < 4
    assert np.count_nonzero(values) == np.count_nonzero(wt)
    assert compile_conv2d(wt, shape, 1, "nm_sparse").N == 2


@pytest.mark.parametrize("algorithm", SPARSE)
def test_a_wrong_plan_is_told_in_a_sentence(algorithm):
    shape = SHAPES["padded"]
    wrong = NMPlan(3) if algorithm != "nm_sparse" else SparsePlan(1, 3, 4)
    with pytest.raises(ValueError, match=f"plan: want a {'NMPlan' if algorithm == 'nm_sparse' else 'SparsePlan'}"):
        compile_conv2d(np.zeros(shape.wt_shape, np.float32), shape, 1, algorithm, wrong)


@pytest.mark.parametrize("joint, vectors", [(9, 1), (4, 9), (0, 3)])
def test_a_plan_that_fits_no_registers_is_refused(joint, vectors):
    with pytest.raises(ValueError, match="plan.joint"):
        SparsePlan(joint, vectors, 8)


def test_dense_weights_are_not_given_to_a_sparse_kernel_unasked():
    for shape in SHAPES.values():
        assert choose(shape) not in SPARSE
    assert set(SPARSE) < set(explain(SHAPES["padded"])["algorithm"]) <= set(ALGORITHMS)


def test_an_input_too_large_for_its_offsets_is_refused():
    with pytest.raises(ValueError, match="more than 32-bit offsets reach"):
        Frame.of(ConvShape(1, 2**12, 2**10, 2**10, 1, 1, 1))
