"""Lab 05's right answers are right: against torch, the course's own files and exact fractions; the error grows as the lab says."""

from pathlib import Path

import numpy as np
import pytest

from course_lib import ConvShape
from course_lib.exercises import EXERCISES, judge
from course_lib.exercises.exercise import in_process
from course_lib.exercises.lab05_fast import seven_products, short_filter, tiles
from course_lib.exercises.makers import made
from course_lib.recorded import record

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.lab05


def cases(name, seed=5):
    return [(made(case.args), dict(case.kwargs)) for case in EXERCISES[name].cases(np.random.default_rng(seed))]


def reference(name):
    return EXERCISES[name].reference


@pytest.fixture(scope="module")
def solution():
    """The functions of the solution notebook, and the helpers it hands out, without its pictures."""
    import jupytext

    room = {"np": np}
    for cell in jupytext.read(ROOT / "solutions" / "05_fast" / "lab05_fast.py").cells:
        marks = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and (marks.get("solution") or marks.get("grade_id", "").endswith("_helper")):
            exec(cell.source, room)
    return room


@pytest.mark.parametrize("name", [name for name in EXERCISES if EXERCISES.homes[name] == "05_fast"])
@pytest.mark.parametrize("seed", [3, 4])
def test_the_solution_earns_everything_whatever_the_cases(solution, name, seed):
    verdict = judge(EXERCISES[name], in_process(solution[name]), seed)
    assert verdict.passed, verdict.message


def test_strassen_counts_are_the_courses_and_those_that_are_made(solution):
    from course_lib.gemm import strassen

    for (n, leaf), _ in cases("strassen_mults"):
        if n >= leaf:
            assert reference("strassen_mults")(n, leaf) == strassen.multiplications(n, leaf)
    assert reference("strassen_mults")(1024, 1) == 7**10
    for n, leaf in ((8, 1), (8, 2), (16, 4)):
        a, b = np.ones((n, n)), np.ones((n, n))
        _, trace = record(solution["strassen"], a, b, leaf)
        assert trace.marks["multiply"] == reference("strassen_mults")(n, leaf)


def test_every_wrong_sign_is_wrong_on_some_small_case():
    right = seven_products.put(*range(1, 8))
    assert right == (1 + 4 - 5 + 7, 3 + 5, 2 + 4, 1 - 2 + 3 + 6)
    a, b = np.arange(16.0).reshape(4, 4), np.arange(16.0).reshape(4, 4)[::-1]
    np.testing.assert_array_equal(seven_products.by_strassen(a, b, 1), a @ b)


@pytest.mark.parametrize("m, r", [(2, 3), (4, 3), (6, 3), (1, 5), (5, 4)])
def test_matrices_filter_exactly_and_many_are_right(m, r):
    from course_lib.kernels.cook_toom import cook_toom

    want = np.zeros((m, m + r - 1, r))
    for y in range(m):
        for k in range(r):
            want[y, y + k, k] = 1  # y[i] = sum of d[i + k] · g[k]
    np.testing.assert_allclose(short_filter.filter_of(short_filter.matrices(m, r)), want, atol=1e-9)
    other = cook_toom(m, r, [0, 1, -1, 3, -3, 5, -5][: m + r - 2])  # other points are as right
    answer = tuple(np.array([[float(x) for x in row] for row in matrix]) for matrix in other)
    np.testing.assert_allclose(short_filter.filter_of(answer), want, atol=1e-7)
    scaled = (answer[0] / 2, answer[1], answer[2] * 2)
    np.testing.assert_allclose(short_filter.filter_of(scaled), want, atol=1e-7)


def test_lavins_matrices_are_accepted_and_rubbish_is_told_in_a_sentence(solution):
    exercise = EXERCISES["winograd_matrices"]

    def answer(m, r):
        return (solution["AT2"], solution["G2"], solution["BT2"]) if (m, r) == (2, 3) else short_filter.matrices(m, r)

    assert judge(exercise, in_process(answer)).passed
    for odd in (None, 3, (1, 2, 3), ("a", "b", "c"), (np.ones(3),) * 3, (np.ones((2, 4)), np.ones((4, 3)), np.ones((4, 5)))):
        verdict = judge(exercise, in_process(lambda m, r, odd=odd: odd))
        assert verdict.state == "wrong" and verdict.message.startswith(("matrices:", "shapes:")), verdict.message


def test_convolution_by_tiles_is_torchs_with_odd_sizes_among_them(solution):
    import torch

    seen = set()
    for (x, w), options in cases("winograd_conv2d"):
        m, pad = options["m"], options.get("pad", 0)
        want = torch.nn.functional.conv2d(torch.from_numpy(x), torch.from_numpy(w), padding=pad).numpy()
        np.testing.assert_array_equal(reference("winograd_conv2d")(x, w, **options), want)
        assert np.abs(solution["winograd_conv2d"](x, w, **options) - want).max() <= {2: 1e-5, 4: 1e-3}[m] * np.abs(want).max()
        P, Q = want.shape[2:]
        seen |= {f"P odd, m = {m}"} if P % m else set()
        seen |= {f"Q odd, m = {m}"} if Q % m else set()
        seen |= {"N > 1"} if len(x) > 1 else set()
    assert len(seen) == 5


def test_multiplications_of_the_courses_layer():
    layer = ConvShape(N=1, C=3, H=56, W=56, K=64, R=3, S=3)
    assert reference("winograd_mults")(layer, 2) == 2_239_488 and layer.macs == 5_038_848
    assert layer.macs / reference("winograd_mults")(layer, 2) == 2.25  # 36 / 16: 54 is even
    assert round(9 * 36 / 64, 2) == 5.06 and reference("winograd_mults")(layer, 6) * 5.0625 == layer.macs


def test_four_multiplications_and_not_six(solution):
    d, g = np.array([1.0, 2, 3, 4]), np.array([1.0, 10, 100])
    y, trace = record(solution["winograd_1d"], d, g)
    assert trace.marks["multiply"] == 4 and y.tolist() == [321, 432]


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_errors_grow_from_f2_to_f4_to_f6(solution, dtype):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        found = []
        for m in (2, 4, 6):
            d, g = rng.uniform(-1, 1, (200, m + 2, m + 2)), rng.uniform(-1, 1, (200, 3, 3))
            found.append(solution["winograd_error"](d, g, *solution["winograd_matrices"](m, 3), dtype))
        assert found[0] < found[1] < found[2]
        assert found[1] > 2 * found[0]


def test_an_error_within_a_factor_is_right_and_a_better_one_is_not():
    case = EXERCISES["winograd_error"].cases(np.random.default_rng(0))[1]
    right = tiles.error(*case.args)
    for factor, passed in ((1.0, True), (1.5, True), (0.7, True), (64.0, False), (1 / 64, False)):
        verdict = judge(EXERCISES["winograd_error"], in_process(lambda *a, f=factor: f * tiles.error(*a)))
        assert verdict.passed == passed, factor
    assert right > 0
