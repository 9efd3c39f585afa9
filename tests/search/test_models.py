"""The models inside the tuners, each against a closed form, brute force, finite differences or another library."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.search.boosted import climb, diverse
from course_lib.search.design import bted, covered, knob_vectors, rbf, ted
from course_lib.search.gaussian import GP, expected_improvement, fit_gp, one_by_one
from course_lib.search.space import Space
from course_lib.search.trees import LOSSES, fit_trees, rank_gradient

RNG = np.random.default_rng


def points(seed, n=12, d=3):
    return RNG(seed).standard_normal((n, d))


# -- transductive experimental design -------------------------------------------------------------------------------------


def explained(kernel, chosen, mu):
    """Tr[K_VX (K_XX + mu I)^-1 K_XV], written as the formula is."""
    cross = kernel[:, chosen]
    return np.trace(cross @ np.linalg.inv(kernel[np.ix_(chosen, chosen)] + mu * np.eye(len(chosen))) @ cross.T)


@pytest.mark.parametrize("seed", range(10))
def test_one_point_of_ted_is_the_best_of_all_points(seed):
    kernel = rbf(points(seed))
    assert ted(kernel, 1) == [int(np.argmax([explained(kernel, [v], 0.1) for v in range(12)]))]


@pytest.mark.parametrize("seed", range(10))
def test_each_further_point_of_ted_is_the_best_addition_by_brute_force(seed):
    kernel, mu = rbf(points(seed)), 0.1
    chosen = ted(kernel, 6, mu)
    for size in range(1, 6):
        gains = {v: explained(kernel, [*chosen[:size], v], mu) for v in range(12) if v not in chosen[:size]}
        assert gains[chosen[size]] == pytest.approx(max(gains.values()), rel=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_greedy_ted_comes_within_a_tenth_of_the_best_set_of_three(seed):
    kernel, mu = rbf(points(seed)), 0.1
    best = max(explained(kernel, list(some), mu) for some in combinations(range(12), 3))
    assert explained(kernel, ted(kernel, 3, mu), mu) >= 0.9 * best  # one step at a time is not the best set, but near it


def test_three_far_clusters_each_send_their_middle():
    x = np.concatenate([centre + 0.1 * points(i, 7, 2) for i, centre in enumerate([(0, 0), (9, 0), (0, 9)])])
    kernel = rbf(x, width=1.0)
    chosen = ted(kernel, 3)
    assert {v // 7 for v in chosen} == {0, 1, 2}
    best = max(explained(kernel, list(some), 0.1) for some in combinations(range(21), 3))
    assert explained(kernel, chosen, 0.1) == pytest.approx(best, rel=1e-9)


@given(st.integers(0, 10_000), st.integers(1, 8), st.floats(1e-3, 1.0))
@settings(max_examples=40, deadline=None)
def test_deflation_is_the_schur_complement(seed, m, mu):
    kernel = rbf(points(seed, 10))
    chosen = ted(kernel, m, mu)
    cross = kernel[:, chosen]
    schur = kernel - cross @ np.linalg.solve(kernel[np.ix_(chosen, chosen)] + mu * np.eye(m), cross.T)
    # what is left decides the next point: TED on the Schur complement goes on where TED on the kernel would
    assert ted(kernel, m + 1, mu)[m] == max(
        (v for v in range(10) if v not in chosen), key=lambda v: (schur[:, v] ** 2).sum() / (schur[v, v] + mu)
    )
    assert covered(kernel, chosen, mu) == pytest.approx((np.trace(kernel) - np.trace(schur)) / np.trace(kernel), abs=1e-9)


def test_what_is_known_counts_as_chosen():
    kernel = rbf(points(3))
    whole = ted(kernel, 6)
    assert ted(kernel, 3, known=whole[:3]) == whole[3:]


SPACE = Space({"a": [1, 2, 4, 8, 16], "b": [1, 2, 4, 8, 16], "c": ["x", "y", "z"], "d": [1, 2, 4, 8, 16, 32]})


def test_one_batch_of_the_whole_space_is_ted():
    kernel = rbf(knob_vectors(SPACE, SPACE.all))
    assert bted(SPACE, RNG(0), 8) == [SPACE.all[i] for i in ted(kernel, 8)]


def test_a_batched_design_covers_more_than_random_sets():
    kernel = rbf(knob_vectors(SPACE, SPACE.all))
    where = {config: i for i, config in enumerate(SPACE.all)}
    mine = bted(SPACE, RNG(0), 12, pool=60, batches=5)  # 450 configurations are more than four pools of 60
    assert len(set(mine)) == 12
    random = [covered(kernel, list(RNG(seed).choice(SPACE.count, 12, replace=False))) for seed in range(30)]
    assert covered(kernel, [where[c] for c in mine]) > max(random)


def test_a_design_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="square"):
        ted(np.zeros((2, 3)), 1)
    with pytest.raises(ValueError, match="want 0 to 2, got 3"):
        ted(np.eye(2), 3)


# -- Gaussian process -----------------------------------------------------------------------------------------------------


def gp(seed=0, n=15, d=3):
    x = points(seed, n, d)
    return GP(x, np.sin(x[:, 0]) + 0.3 * x[:, 1], np.log([1.3, 0.8, 2.0, 1.2, 0.1])), points(seed + 100, 7, d)


def test_the_posterior_is_the_closed_form():
    model, new = gp()
    noisy = model.kernel(model.x, model.x) + (0.1**2 + 1e-10) * np.eye(15)
    cross = model.kernel(new, model.x)
    mean, deviation = model.predict(new)
    assert mean == pytest.approx(cross @ np.linalg.inv(noisy) @ model.y, abs=1e-9)
    covariance = model.kernel(new, new) - cross @ np.linalg.inv(noisy) @ cross.T
    assert deviation == pytest.approx(np.sqrt(np.diag(covariance)), abs=1e-9)


def test_posterior_and_likelihood_are_those_of_scikit_learn():
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel

    model, new = gp(1)
    kernel = ConstantKernel(1.2**2) * RBF([1.3, 0.8, 2.0])
    theirs = GaussianProcessRegressor(kernel, alpha=0.1**2 + 1e-10, optimizer=None).fit(model.x, model.y)
    mean, deviation = theirs.predict(new, return_std=True)
    ours = model.predict(new)
    assert ours[0] == pytest.approx(mean, abs=1e-8)
    assert ours[1] == pytest.approx(deviation, abs=1e-8)
    assert model.log_likelihood[0] == pytest.approx(theirs.log_marginal_likelihood_value_, abs=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_of_the_marginal_likelihood_by_finite_differences(seed):
    model, _ = gp(seed)
    step, slopes = 1e-5, []
    for i in range(len(model.theta)):
        up, down = model.theta.copy(), model.theta.copy()
        up[i], down[i] = up[i] + step, down[i] - step
        slopes.append((GP(model.x, model.y, up).log_likelihood[0] - GP(model.x, model.y, down).log_likelihood[0]) / (2 * step))
    assert model.log_likelihood[1] == pytest.approx(slopes, rel=1e-5, abs=1e-5)


def test_fitting_finds_the_feature_that_does_not_matter():
    x = points(5, 40, 2)
    lengths = np.exp(fit_gp(x, np.sin(2 * x[:, 0])).theta[:2])
    assert lengths[1] > 2 * lengths[0]


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (-2.0, 0.5), (1.0, 2.0), (0.3, 1e-3)])
def test_expected_improvement_is_the_mean_of_what_is_gained(mean, deviation):
    # the integral over the normal, by quadrature
    z = np.linspace(-8, 8, 200_001)
    density = np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    gained = np.trapezoid(np.maximum(mean + deviation * z - 0.2, 0) * density, z)
    assert expected_improvement(np.array([mean]), np.array([deviation]), 0.2)[0] == pytest.approx(gained, abs=1e-7)


# -- trees ----------------------------------------------------------------------------------------------------------------


def rank_loss(f, y):
    total = 0.0
    for i in range(len(y)):
        others = [j for j in range(len(y)) if y[j] != y[i]]
        total += sum(math.log1p(math.exp(-np.sign(y[i] - y[j]) * (f[i] - f[j]))) for j in others)
    return total


def test_the_rank_gradient_is_the_slope_of_the_pairwise_loss():
    rng = RNG(2)
    f, y = rng.standard_normal(8), rng.integers(0, 5, 8).astype(float)
    g, h = rank_gradient(f, y)
    pairs = np.array([(y != y[i]).sum() for i in range(8)])
    for i in range(8):
        step = np.zeros(8)
        step[i] = 1e-4
        # every pair stands twice in the double sum
        slope = (rank_loss(f + step, y) - rank_loss(f - step, y)) / 2e-4 / 2
        curve = (rank_loss(f + step, y) - 2 * rank_loss(f, y) + rank_loss(f - step, y)) / 1e-8 / 2
        assert g[i] * pairs[i] == pytest.approx(slope, rel=1e-5)
        assert h[i] * pairs[i] == pytest.approx(curve, rel=1e-3)


def test_one_tree_makes_the_best_split_of_all_splits():
    rng = RNG(4)
    x, y = rng.integers(0, 6, (30, 3)).astype(float), rng.standard_normal(30)
    tree = fit_trees(x, y, "squared", rounds=1, depth=1, rate=1.0, ridge=0.0)
    errors = {}
    for j in range(3):
        for cut in np.unique(x[:, j])[:-1]:
            left = x[:, j] <= cut
            errors[j, cut] = sum(((part - part.mean()) ** 2).sum() for part in (y[left], y[~left]))
    assert ((tree.predict(x) - y) ** 2).sum() == pytest.approx(min(errors.values()))


def test_a_tree_says_what_it_said_in_training_for_rows_never_seen():
    x = np.array([[1.0], [2.0], [8.0], [16.0]])
    tree = fit_trees(x, np.array([0.0, 0.0, 1.0, 1.0]), "squared", rounds=60, depth=1, ridge=0.0)
    assert tree.predict([[0.5], [4.9], [5.1], [99.0]]) == pytest.approx([0, 0, 1, 1], abs=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_boosting_learns_an_order_that_holds_on_rows_it_has_not_seen(loss):
    from scipy.stats import spearmanr

    rng = RNG(0)
    x = rng.integers(0, 5, (300, 4)).astype(float)
    y = np.exp(-0.3 * (x[:, 0] - 2) ** 2 + 0.2 * x[:, 1])
    y /= y.max()
    model = fit_trees(x[:150], y[:150], loss)
    assert spearmanr(model.predict(x[150:]), y[150:]).statistic > 0.9


def test_failures_and_equal_labels_do_not_hurt():
    x = points(0, 20)
    assert np.isfinite(fit_trees(x, np.zeros(20)).predict(x)).all()
    assert np.isfinite(fit_trees(np.zeros((5, 2)), np.arange(5.0)).predict(np.zeros((1, 2)))).all()
    with pytest.raises(ValueError, match="loss: want one of rank"):
        fit_trees(x, np.zeros(20), "hinge")
    with pytest.raises(ValueError, match="n at least 1"):
        fit_trees(np.zeros((0, 2)), np.zeros(0))


# -- walks and diversity --------------------------------------------------------------------------------------------------


def test_a_walk_on_a_model_finds_its_summit():
    x = SPACE.features(SPACE.all)
    value = dict(zip(SPACE.all, -((x[:, 0] - 3) ** 2) - (x[:, 1] - 1) ** 2 - (x[:, 5] - 4) ** 2 + x[:, 3], strict=True))
    met, scores = climb(SPACE, lambda configs: np.array([value[c] for c in configs]), RNG(0), [], chains=16, steps=60)
    assert met[int(scores.argmax())] == max(value, key=value.get)


def test_diversity_is_worth_exactly_its_weight():
    space = Space({"a": [1, 2], "b": [1, 2]})
    configs, scores = [(1, 1), (1, 2), (2, 2)], np.array([1.0, 0.9, 0.75])
    assert diverse(space, configs, scores, 2, weight=0.0) == [(1, 1), (1, 2)]
    # after (1, 1), (1, 2) brings one new value and (2, 2) brings two: 0.9 + w against 0.75 + 2w
    assert diverse(space, configs, scores, 2, weight=0.2) == [(1, 1), (2, 2)]
    assert diverse(space, configs, scores, 2, weight=0.1) == [(1, 1), (1, 2)]


def test_a_batch_chosen_one_by_one_is_what_a_new_process_would_choose_each_time_and_takes_nothing_twice():
    x, around = points(0), points(1, 6)
    model = GP(x, np.sin(x[:, 0]), np.array([0.0] * 3 + [0.0, -3.0]))
    worth = lambda mean, deviation: mean  # nothing is learnt from what comes out as predicted: the best would be the best for ever
    mean = model.predict(around)[0]
    prior = np.array([0, 0, 9.0, 0, 0, 0])
    assert one_by_one(model, around, 3, worth)[0] == mean.argmax() and one_by_one(model, around, 1, worth, prior) == [2]
    assert sorted(one_by_one(model, around, 9, worth, prior)) == list(range(6))
