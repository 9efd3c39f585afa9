"""One problem, several forms: each step is the best of its form, the ReLU step is exact, and planted structure is found again."""

import itertools

import numpy as np
import pytest

from course_lib.compress import LowRank, Sum
from course_lib.compress.decompose import (
    Layer,
    Moments,
    approximate,
    approximate_all,
    columns,
    compare,
    elements,
    exhaustive_ranks,
    low_rank,
    low_rank_plus_sparse,
    select_ranks,
    z_step,
)
from course_lib.compress.decompose.forms import largest, polished
from course_lib.compress.decompose.ranks import cost, kept
from course_lib.compress.decompose.relu import relu


def data(seed, K=6, J=10, n=200):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((J, J)) @ rng.standard_normal((J, n))
    return rng, x, rng.standard_normal((K, J)) @ x + 0.5 * rng.standard_normal((K, n))


def test_polished_entries_are_least_squares_row_by_row_and_the_loss_is_what_it_says():
    rng = np.random.default_rng(11)
    for _ in range(30):
        K, J = rng.integers(1, 9, 2)
        x, z = rng.standard_normal((J, 40)), rng.standard_normal((K, 40))
        moments, kept_at = Moments.of(z, x), rng.random((K, J)) < 0.6
        m = polished(np.where(kept_at, 1.0, 0.0), moments)
        for row, at, target in zip(m, kept_at, z, strict=True):
            assert not row[~at].any()
            np.testing.assert_allclose(row[at], np.linalg.lstsq(x[at].T, target, rcond=None)[0], atol=1e-7)  # the ridge is 1e-10
        want = ((z - m @ x) ** 2).sum()
        np.testing.assert_allclose([moments.loss(m), moments.loss(m, m @ moments.xx), moments.without(m).zz], want, rtol=1e-9)


def test_the_loss_from_moments_is_the_loss_on_the_samples():
    rng, x, z = data(0)
    m = rng.standard_normal((6, 10))
    assert Moments.of(z, x).loss(m) == pytest.approx(((z - m @ x) ** 2).sum())
    rest = Moments.of(z, x).without(m)
    assert rest.loss(m) == pytest.approx(((z - 2 * m @ x) ** 2).sum())


def test_reduced_rank_regression_is_not_beaten_by_alternating_least_squares():
    for seed in range(5):
        rng, x, z = data(seed)
        moments = Moments.of(z, x)
        ours = moments.loss(low_rank(3)(moments).dense())
        u = rng.standard_normal((6, 3))
        for _ in range(500):  # v given u, u given v: an independent way to the same minimum
            v = np.linalg.lstsq(u, z @ np.linalg.pinv(x), rcond=None)[0]
            u = np.linalg.lstsq((v @ x).T, z.T, rcond=None)[0].T
        assert ours <= ((z - u @ v @ x) ** 2).sum() * (1 + 1e-9)


def test_channels_are_chosen_as_well_as_by_trying_all_when_inputs_are_uncorrelated():
    rng = np.random.default_rng(1)
    x = np.linalg.qr(rng.standard_normal((200, 8)))[0].T  # orthogonal inputs: removals do not interact
    z = rng.standard_normal((5, 8)) @ x
    groups = np.repeat(np.arange(4), 2)
    moments = Moments.of(z, x)
    got = moments.loss(columns(groups, 2)(moments).dense())
    best = min(
        ((z - z @ np.linalg.pinv(x[np.isin(groups, some)]) @ x[np.isin(groups, some)]) ** 2).sum()
        for some in itertools.combinations(range(4), 2)
    )
    assert got == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_what_stays_after_removing_channels_is_solved_anew_by_least_squares(seed):
    _, x, z = data(seed)
    moments = Moments.of(z, x)
    op = columns(np.repeat(np.arange(5), 2), 3)(moments)
    assert op.a.shape == (6, 6)
    want = np.linalg.lstsq(x[op.at].T, z.T, rcond=None)[0].T
    np.testing.assert_allclose(op.a, want, atol=1e-5)


def test_few_entries_are_as_few_as_asked_and_no_worse_than_cutting_the_solution():
    for seed in range(5):
        _, x, z = data(seed)
        moments = Moments.of(z, x)
        m = elements(20)(moments).dense()
        assert np.count_nonzero(m) <= 20
        free = moments.least_squares()
        cut = np.where(np.abs(free) >= np.sort(np.abs(free), axis=None)[-20], free, 0)
        assert moments.loss(m) <= moments.loss(cut) * (1 + 1e-9)


def test_planted_low_rank_plus_sparse_is_found_and_beats_either_alone_at_equal_numbers():
    rng = np.random.default_rng(2)
    K, J = 40, 60
    planted = rng.standard_normal((K, 4)) @ rng.standard_normal((4, J))
    support = rng.choice(K * J, 60, replace=False)
    spikes = np.zeros(K * J)
    spikes[support] = 12 * rng.choice([-1, 1], 60)
    w = planted + spikes.reshape(K, J) + 0.05 * rng.standard_normal((K, J))
    x = rng.standard_normal((J, 400))
    moments = Moments.of(w @ x, x)
    numbers = 4 * (K + J) + 2 * 60
    both = low_rank_plus_sparse(4, 60)(moments)
    alone = {"low rank": low_rank(numbers // (K + J))(moments), "elements": elements(numbers // 2)(moments)}
    assert isinstance(both, Sum)
    found = np.flatnonzero(both.parts[1].dense())
    assert len(np.intersect1d(found, support)) >= 58  # a planted spike of 12 in numbers of size 2
    for name, other in alone.items():
        assert moments.loss(both.dense()) < 0.1 * moments.loss(other.dense()), name


def test_without_structure_the_sum_gains_little():
    rng = np.random.default_rng(3)
    w, x = rng.standard_normal((30, 40)), rng.standard_normal((40, 200))
    moments = Moments.of(w @ x, x)
    numbers = 8 * 70
    both = moments.loss(low_rank_plus_sparse(4, 140)(moments).dense())
    best = min(moments.loss(low_rank(8)(moments).dense()), moments.loss(elements(280)(moments).dense()))
    assert both > 0.8 * best and numbers == 4 * 70 + 2 * 140


def test_the_relu_step_is_exact():
    rng = np.random.default_rng(4)
    grid = np.linspace(-8, 8, 32_001)  # steps of 0.0005
    for _ in range(300):
        y, t, penalty = rng.standard_normal() * 2, rng.standard_normal() * 2, 10.0 ** rng.uniform(-2, 1)
        objective = lambda z: (max(y, 0) - np.maximum(z, 0)) ** 2 + penalty * (z - t) ** 2  # noqa: B023
        assert objective(z_step(np.array(y), np.array(t), penalty)) <= objective(grid).min() + 1e-9


def test_at_one_penalty_the_relaxed_objective_never_rises():
    for seed in range(6):
        _, x, y = data(seed)
        for form in (low_rank(2), low_rank(4)):
            for went in approximate(form, y, x).objective.values():
                assert (np.diff(went) <= 1e-6 * went[0]).all()


def test_after_the_relu_the_aware_solution_is_nearer_at_every_rank_and_form():
    for seed in range(5):
        _, x, y = data(seed)
        for form in (low_rank(2), low_rank(4), columns(np.arange(10), 5), elements(20)):
            linear, aware = approximate(form, y, x, relu_aware=False), approximate(form, y, x)
            after = ((relu(y) - relu(linear(x))) ** 2).sum()
            assert aware.loss <= after * (1 + 1e-12)
            assert aware.loss == pytest.approx(((relu(y) - relu(aware(x))) ** 2).sum(), rel=1e-6)
        assert approximate(low_rank(2), y, x).loss < 0.95 * ((relu(y) - relu(approximate(low_rank(2), y, x, False)(x))) ** 2).sum()


def test_where_nothing_is_negative_the_relu_changes_nothing():
    rng, x, _ = data(5)
    y = np.abs(rng.standard_normal((6, 3)) @ np.abs(rng.standard_normal((3, 200)))) + 50
    aware, linear = approximate(low_rank(2), y, x), approximate(low_rank(2), y, x, relu_aware=False)
    assert aware.loss == pytest.approx(linear.loss, rel=1e-6)


def test_forms_under_one_budget_store_no_more_than_it():
    rng = np.random.default_rng(6)
    w, x = rng.standard_normal((12, 45)), np.maximum(rng.standard_normal((45, 300)), 0)
    found = approximate_all(w, x, 240, channels=5, relu_aware=False)
    assert list(found) == ["channels", "shapes (columns)", "elements", "low rank", "low rank + sparse"]
    for name, one in found.items():
        op = one.operator
        if isinstance(op, LowRank):
            numbers = op.u.size + op.v.size
        elif isinstance(op, Sum):
            numbers = op.parts[0].macs + 2 * np.count_nonzero(op.parts[1].dense())
        else:
            numbers = np.count_nonzero(op.dense()) * (2 if name == "elements" else 1)
        assert numbers <= 240, name
    table = compare({"dense": w, **found}, x)
    assert table["error"][0] == 0 and all(e > 0 for e in table["error"][1:])
    assert table["MACs a column"][0] == 540


def small_network(rng, sizes=(3, 9)):
    """Three layers, and a budget of a quarter to four fifths of their MACs."""
    layers = [
        Layer(f"layer {i}", np.sort(rng.exponential(1, n) ** 2 + 0.01)[::-1], float(rng.integers(2, 60)))
        for i, n in enumerate(rng.integers(*sizes, 3))
    ]
    full = cost(layers, [len(layer.energies) for layer in layers])
    return layers, max(cost(layers, [1, 1, 1]), float(rng.uniform(0.25, 0.8)) * full)


def test_chosen_ranks_hold_the_budget_and_keep_as_much_as_the_best_of_all():
    rng = np.random.default_rng(7)
    for _ in range(24):
        layers, budget = small_network(rng)
        ranks = select_ranks(layers, budget)
        assert cost(layers, ranks) <= budget
        assert np.isclose(kept(layers, ranks), kept(layers, exhaustive_ranks(layers, budget)), rtol=0, atol=1e-9)


def test_with_few_points_on_the_frontier_ranks_are_still_near_the_best():
    rng = np.random.default_rng(8)
    for _ in range(8):
        layers, budget = small_network(rng, (20, 60))
        exact, coarse = select_ranks(layers, budget), select_ranks(layers, budget, most=64)
        assert cost(layers, coarse) <= budget
        assert kept(layers, exact) + np.log(0.98) <= kept(layers, coarse) <= kept(layers, exact) + 1e-9


def test_a_full_budget_keeps_every_rank():
    layers = [Layer("a", [3.0, 2, 1], 10), Layer("b", [1.0, 1], 5)]
    assert select_ranks(layers, 40) == [3, 2] == exhaustive_ranks(layers, 40)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: approximate(low_rank(1), np.ones((2, 3)), np.ones((2, 4))), "y, x: want"),
        (lambda: approximate_all(np.ones((3, 4)), np.ones((4, 5)), 5), "numbers: want at least 9"),
        (lambda: approximate_all(np.ones((3, 4)), np.ones((4, 5)), 20, channels=3), "channels: want a number that divides"),
        (lambda: compare({}, np.ones((2, 2))), "operators"),
        (lambda: compare({"a": np.eye(2), "b": np.ones((3, 2))}, np.eye(2)), r"operators: 'a': want answers .* from 'b'"),
        (lambda: compare({"a": np.eye(2)}, np.eye(2), np.ones((2, 3))), "y: want answers"),
        (lambda: Layer("a", [1.0, 2.0], 1), "energies: want numbers"),
        (lambda: Layer("a", [1.0], 0), "macs_a_rank"),
        (lambda: select_ranks([Layer("a", [1.0], 10)], 9), "budget: want at least 10"),
        (lambda: exhaustive_ranks([Layer("a", [1.0] * 300, 1)] * 3, 900), "too many to try"),
    ],
)
def test_bad_input_is_said(call, says):
    with pytest.raises(ValueError, match=says):
        call()


@pytest.mark.parametrize("seed", range(20))
def test_the_largest_entries_are_those_a_stable_sort_puts_first_also_of_equal_ones(seed):
    rng = np.random.default_rng(seed)
    m = rng.integers(-3, 4, rng.integers(0, 7, 2)).astype(float)
    weight = rng.integers(0, 3, m.shape[1]).astype(float) if seed % 2 else None
    size = np.abs(m) if weight is None else np.abs(m) * np.sqrt(weight)
    for count in range(m.size + 3):
        want = np.zeros(m.size)
        first = np.argsort(-size, axis=None, kind="stable")[:count]
        want[first] = m.flat[first]
        assert np.array_equal(largest(m, count, weight).ravel(), want)
