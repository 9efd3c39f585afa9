"""Lab 14's right answers are right: against the course's own search, torch's autograd, scipy, brute force and numbers counted by hand."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from course_lib.exercises import EXERCISES, LABS, judge
from course_lib.exercises.exercise import in_process
from course_lib.exercises.makers import made
from course_lib.search import count_splits, landscape, regret, tune
from course_lib.search.design import ted
from course_lib.search.gaussian import GP

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.lab14


def cases(name, seed=5):
    return [made(case.args) for case in EXERCISES[name].cases(np.random.default_rng(seed))]


def reference(name):
    return EXERCISES[name].reference


@pytest.fixture(scope="module")
def solution():
    """The functions of the solution notebook, without its pictures."""
    import jupytext

    room = {"np": np}
    for cell in jupytext.read(ROOT / "solutions" / "14_tvm2" / "lab14_tvm2.py").cells:
        marks = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and (marks.get("solution") or cell.source.startswith(("import numpy", "def search"))):
            exec(cell.source, room)
    return room


@pytest.mark.parametrize("name", LABS["14_tvm2"])
@pytest.mark.parametrize("seed", [3, 4])
def test_the_solution_earns_everything_whatever_the_cases(solution, name, seed):
    verdict = judge(EXERCISES[name], in_process(solution[name]), seed)
    assert verdict.passed, verdict.message


def test_splits_are_the_courses_and_those_that_are_listed():
    for n, parts in cases("split_count"):
        assert reference("split_count")(n, parts) == count_splits(n, parts)
    assert reference("split_count")(12, 3) == sum(math.prod(some) == 12 for some in itertools.product(range(1, 13), repeat=3)) == 18


def test_every_number_is_another_configuration_and_the_first_knob_runs_fastest():
    sizes = [3, 2, 4]
    every = [tuple(reference("decode_config")(number, sizes)) for number in range(24)]
    assert len(set(every)) == 24 and every[:4] == [(0, 0, 0), (1, 0, 0), (2, 0, 0), (0, 1, 0)]
    assert [tuple(np.unravel_index(number, sizes, order="F")) for number in range(24)] == every


def test_regret_is_the_courses_on_a_landscape():
    land = landscape("gemm_384")
    history = tune(land.space, land, "random", trials=40, seed=1)
    np.testing.assert_allclose(reference("regret_curve")(history["cost"], land.optimum), regret(history, land.optimum))


def test_an_annealed_walk_stands_at_a_place_as_often_as_its_cost_says():
    # with p = min(1, (a / b)^(1/T)) at one temperature the walk stands at i in proportion to cost_i^(-1/T), as long as it runs
    costs, heat, steps = [1.0, 2.0, 1.5, 3.0], 0.8, 60_000
    rng = np.random.default_rng(0)
    stood = reference("anneal_walk")(costs, 0, rng.choice([-1, 1], steps).tolist(), [heat] * steps, rng.random(steps).tolist())
    share = np.bincount(stood, minlength=4) / steps
    want = np.array(costs) ** (-1 / heat)
    np.testing.assert_allclose(share, want / want.sum(), atol=0.02)  # neighbouring steps depend on each other: 1/sqrt(60000/25)


def test_the_gradient_is_autograds():
    import torch

    for f, y in cases("rank_loss_gradient"):
        scores = torch.tensor(f, dtype=torch.float64, requires_grad=True)
        better = torch.tensor(y[:, None] > y[None, :])
        torch.log1p(torch.exp(-(scores[:, None] - scores[None, :])))[better].sum().backward()
        np.testing.assert_allclose(reference("rank_loss_gradient")(f, y), scores.grad.numpy(), atol=1e-12)


def explained(kernel, some, mu):
    block = kernel[np.ix_(some, some)] + mu * np.eye(len(some))
    return float(np.trace(kernel[:, some] @ np.linalg.solve(block, kernel[some])))


def test_designs_are_the_courses_and_each_pick_explains_most():
    for kernel, m, mu in cases("ted_select"):
        picks = reference("ted_select")(kernel, m, mu)
        assert picks == ted(kernel, m, mu)
        for n in range(min(m, 4)):
            gains = {v: explained(kernel, [*picks[:n], v], mu) for v in range(len(kernel)) if v not in picks[:n]}
            assert gains[picks[n]] == pytest.approx(max(gains.values()), rel=1e-9)


def test_batches_that_each_hold_everything_are_one_design():
    for kernel, _, m, mu in cases("bted_select"):
        every = list(range(len(kernel)))
        assert set(reference("bted_select")(kernel, [every, every], m, mu)) == set(ted(kernel, m, mu))


def test_the_posterior_is_the_courses_and_scipys_conditional():
    from scipy.stats import multivariate_normal

    for x, y, around, length, noise in cases("gp_predict"):
        mean, deviation = reference("gp_predict")(x, y, around, length, noise)
        theta = np.log([length] * x.shape[1] + [1.0, noise])
        want = GP(x, y, theta).predict(around)
        np.testing.assert_allclose(mean, want[0], atol=1e-7)
        np.testing.assert_allclose(deviation, want[1], atol=1e-6)
    x, y, around = np.array([[0.0], [1.0]]), np.array([0.4, -0.2]), np.array([[0.3]])
    every = np.vstack([x, around])
    joint = np.exp(-((every - every.T) ** 2) / 2) + np.diag([0.04, 0.04, 0])
    mean, deviation = reference("gp_predict")(x, y, around, 1.0, 0.2)
    density = [multivariate_normal(cov=joint).pdf([*y, f]) / multivariate_normal(cov=joint[:2, :2]).pdf(y) for f in (0.0, 0.5)]
    want = [math.exp(-0.5 * ((f - mean[0]) / deviation[0]) ** 2) / (deviation[0] * math.sqrt(2 * math.pi)) for f in (0.0, 0.5)]
    np.testing.assert_allclose(density, want, rtol=1e-6)


def test_a_ball_holds_what_lies_in_it():
    plane = np.array([[i, j] for i in range(5) for j in range(5)])
    assert reference("bao_candidates")(plane, [12], 12, 0.2, 0.05, 1.0, 2.0) == [7, 11, 13, 17]
    assert len(reference("bao_candidates")(plane, [12], 12, 0.0, 0.05, 1.0, 2.0)) == 12  # the whole points within a distance of 2


def test_one_draw_of_everything_is_the_process_itself():
    for x, y, around, _, length, noise in cases("bootstrap_votes"):
        votes = reference("bootstrap_votes")(x, y, around, [list(range(len(x)))], length, noise)
        np.testing.assert_allclose(votes, reference("gp_predict")(x, y, around, length, noise)[0], atol=1e-9)


def test_the_students_search_beats_random_on_the_labs_landscapes(solution):
    for name in ("conv_128_28", "conv_256_14", "pointwise_256_14"):
        land = landscape(name)
        mine = [regret(solution["search"](land, seed), land.optimum)[-1] for seed in range(3)]
        fair = [regret(tune(land.space, land, "random", trials=64, seed=seed), land.optimum)[-1] for seed in range(8)]
        assert np.mean(mine) < 0.5 * np.mean(fair), name


def test_what_the_lab_says_of_its_landscape_is_so():
    land = landscape("conv_128_28")
    costs = np.array([land(config) for config in land.space.all])
    assert len(costs) == 552 and len(land.knobs) == 6 and costs.max() / costs.min() > 7
    assert round(100 * (costs <= 1.05 * costs.min()).mean(), 1) == 3.1
