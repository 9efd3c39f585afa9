"""Lab 03's right answers are right: against torch and the course's own files, and the counts against numbers counted by hand."""

from pathlib import Path

import numpy as np
import pytest

from course_lib import ConvShape
from course_lib.exercises import EXERCISES, judge
from course_lib.exercises.exercise import in_process
from course_lib.exercises.lab03_gemm import loop_order, mec, panels, tiles
from course_lib.exercises.makers import made
from course_lib.recorded import record

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.lab03

PART_A = ["matmul_ikj", "matmul_at", "matmul_bt", "matmul_tiled", "matmul_unrolled", "matmul_packed"]


def cases(name, seed=5):
    return [(made(case.args), dict(case.kwargs)) for case in EXERCISES[name].cases(np.random.default_rng(seed))]


def reference(name):
    return EXERCISES[name].reference


@pytest.fixture(scope="module")
def solution():
    """The functions of the solution notebook, and the helper it hands out, without its pictures."""
    import jupytext

    room = {"np": np}
    for cell in jupytext.read(ROOT / "solutions" / "03_gemm" / "lab03_gemm.py").cells:
        marks = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and (marks.get("solution") or marks.get("grade_id") == "product_helper"):
            exec(cell.source, room)
    return room


def test_products_are_torchs():
    import torch

    seen = set()
    for name in PART_A[:5]:
        for args, _ in cases(name):
            a, b = args[0], args[1]
            a, b = (a.T if name == "matmul_at" else a), (b.T if name == "matmul_bt" else b)
            want = (torch.from_numpy(np.ascontiguousarray(a)) @ torch.from_numpy(np.ascontiguousarray(b))).numpy()
            np.testing.assert_array_equal(reference(name)(*args), want)  # small whole numbers: sums are exact
            M, K, N = *a.shape, b.shape[1]
            seen |= {"not square"} if len({M, K, N}) == 3 else set()
            seen |= {"a row"} if M == 1 else set()
            seen |= {"a column"} if N == 1 else set()
            seen |= {"17x23x5"} if (M, N, K) == (17, 23, 5) else set()
    assert len(seen) == 4


@pytest.mark.parametrize("name", PART_A)
@pytest.mark.parametrize("seed", [3, 4])
def test_the_solution_earns_every_count_whatever_the_cases(solution, name, seed):
    verdict = judge(EXERCISES[name], in_process(solution[name]), seed)
    assert verdict.passed, verdict.message
    assert len(verdict.parts) == 1 + len(EXERCISES[name].counts)


def test_the_order_is_read_from_addresses_not_from_names():
    def ikj(a, b):  # a function that lies about its name
        (M, K), N = a.shape, b.shape[1]
        c = np.zeros((M, N), a.dtype)
        for j in range(N):
            for i in range(M):
                for k in range(K):
                    c[i, j] += a[i, k] * b[k, j]
        return c

    def with_other_letters(x, y):  # an honest i k j in other words
        out = np.zeros((len(x), len(y[0])), x.dtype)
        for row in range(len(x)):
            for t in range(len(y)):
                for column in range(len(y[0])):
                    out[row, column] += x[row, t] * y[t, column]
        return out

    parts = {part.name: part.passed for part in judge(EXERCISES["matmul_ikj"], in_process(ikj)).parts}
    assert parts == {"values": True, "numbers out of order": False, "misses in L1": False}
    assert judge(EXERCISES["matmul_ikj"], in_process(with_other_letters)).passed


def test_misses_are_the_lines_counted_by_hand():
    M, N, K = loop_order.WIDE
    case = EXERCISES["matmul_ikj"].cases(np.random.default_rng(0))[-1]

    def product(order):
        def function(a, b):
            c = np.zeros((M, N), a.dtype)
            sizes = {"i": M, "j": N, "k": K}
            for x in range(sizes[order[0]]):
                for y in range(sizes[order[1]]):
                    for z in range(sizes[order[2]]):
                        at = dict(zip(order, (x, y, z), strict=True))
                        c[at["i"], at["j"]] += a[at["i"], at["k"]] * b[at["k"], at["j"]]
            return c

        return function

    found = {order: loop_order.misses_in(32 * 1024, 64, 8)(record(product(order), *case.args)[1]) for order in ("ikj", "ijk")}
    # i k j: 24 rows of 32 lines, for each of 2 rows of a; c 2 · 32 lines; a 3 lines (48 numbers)
    assert found["ikj"] == 2 * 24 * 32 + 2 * 32 + 3 <= loop_order.row_misses(case)
    # i j k: every one of the M·N·K numbers of b misses, its line is gone before its neighbour is wanted
    assert found["ijk"] >= M * N * K > 10 * loop_order.row_misses(case)


def test_tiles_that_are_used_stay_under_the_bound_in_every_order_and_plain_loops_do_not(solution):
    a, b = (np.ones((tiles.EDGE, tiles.EDGE), np.float32) for _ in "ab")
    bound = EXERCISES["matmul_tiled"].counts[1].bound(EXERCISES["matmul_tiled"].cases(np.random.default_rng(0))[-1])
    assert bound == 4 * 2 * 24**3 // 16  # √256 = 16
    _, tiled = record(solution["matmul_tiled"], a, b, 8, 8, 8)
    _, plain = record(solution["matmul_ikj"], a, b)
    assert tiles.moved(tiled) <= bound < tiles.moved(plain) / 2


def test_the_best_tile_fits_and_the_next_does_not():
    for (M, N, K, cache), _ in cases("best_tile"):
        ti, tj, tk = reference("best_tile")(M, N, K, cache)
        t = max(ti, tj, tk)
        assert 4 * 3 * t * t <= cache and (ti, tj, tk) == (min(t, M), min(t, N), min(t, K))
        assert t == max(M, N, K) or 4 * 3 * (t + 1) ** 2 > cache


def test_panels_are_the_courses():
    from course_lib.gemm.packed import pack_columns

    for (b, nr), _ in cases("pack_panels"):
        np.testing.assert_array_equal(reference("pack_panels")(b, nr), pack_columns(b, nr))
    for (a, packed, N), _ in cases("matmul_packed"):
        b = packed.transpose(1, 0, 2).reshape(a.shape[1], -1)[:, :N]
        np.testing.assert_array_equal(panels.from_panels(a, packed, N), a.astype(float) @ b)


def test_strips_are_what_torch_unfolds_along_the_width():
    import torch

    for (x, s), options in cases("mec_lower"):
        stride, pad = options.get("stride", 1), options.get("pad", 0)
        padded = torch.nn.functional.pad(torch.from_numpy(x), (pad,) * 4)
        want = padded.unfold(3, s, stride).permute(0, 3, 2, 4, 1)  # N C H Q s -> N Q H s C
        np.testing.assert_array_equal(reference("mec_lower")(x, s, **options), want.numpy())


def test_convolution_by_strips_is_torchs_and_its_views_share_memory(solution):
    import torch

    for (x, w), options in cases("conv2d_mec"):
        words = {"stride": options.get("stride", 1), "padding": options.get("pad", 0)}
        want = torch.nn.functional.conv2d(torch.from_numpy(x), torch.from_numpy(w), **words).numpy()
        np.testing.assert_array_equal(reference("conv2d_mec")(x, w, **options), want)
        np.testing.assert_array_equal(solution["conv2d_mec"](x, w, **options), want)
    low = solution["mec_lower"](np.arange(49.0).reshape(1, 1, 7, 7), 3)
    views = solution["mec_rows"](low, 3)
    assert len(views) == 5 and all(np.shares_memory(view, low) for view in views)
    assert all(np.shares_memory(one, two) for one, two in zip(views, views[1:3], strict=False))


@pytest.mark.parametrize("name", ["mec_rows", "conv2d_mec", "mec_lower", "mec_workspace"])
def test_the_solution_of_part_c_earns_every_count(solution, name):
    for seed in (1, 2):
        assert judge(EXERCISES[name], in_process(solution[name]), seed).passed


def test_im2col_does_not_fit_into_the_room_that_strips_have():
    case = EXERCISES["conv2d_mec"].counted(EXERCISES["conv2d_mec"].cases(np.random.default_rng(0)))[0]
    (N, C, H, W), (_, _, R, S) = case.args[0].shape, case.args[1].shape
    P, Q = H - R + 1, W - S + 1
    low = 4 * N * Q * H * S * C
    assert low < mec.room(case) < 4 * N * P * Q * C * R * S  # not even the bare matrix in float32


def test_closed_forms_of_the_slide_and_of_the_courses_layer():
    slide = ConvShape(N=1, C=1, H=7, W=7, K=1, R=3, S=3)
    layer = ConvShape(N=1, C=3, H=56, W=56, K=64, R=3, S=3)
    lowered, strips = reference("im2col_workspace"), reference("mec_workspace")
    assert (lowered(slide), strips(slide)) == (4 * 225, 4 * 105)
    assert (lowered(layer), strips(layer)) == (4 * 78_732, 4 * 27_216)
    assert round(lowered(layer) / strips(layer), 2) == 2.89
    pointwise = ConvShape(N=1, C=64, H=56, W=56, K=64, R=1, S=1)
    assert lowered(pointwise) == strips(pointwise)


def test_both_lowered_matrices_weigh_what_the_courses_own_do():
    from course_lib.conv.mec import im2col_bytes, mec_bytes

    for (shape,), _ in cases("mec_workspace"):
        assert reference("mec_workspace")(shape) == mec_bytes(shape)
        assert reference("im2col_workspace")(shape) == im2col_bytes(shape)
