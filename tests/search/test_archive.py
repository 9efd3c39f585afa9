"""Searches that are kept are the searches that are made: the same beginning, the same regret, and a name for every way."""

import numpy as np
import pytest

from course_lib.records import History
from course_lib.search import LANDSCAPES, archive, landscape, regret

KEPT = [(name, how) for name in LANDSCAPES for how in ("random", "annealing", "boosted", "active") if archive.seeds_of(name, how)]


@pytest.mark.parametrize(("name", "how"), KEPT[:: max(1, len(KEPT) // 5)])
def test_a_kept_search_begins_as_the_same_search_made_now(name, how):
    now = regret(archive.search(name, how, seed=1, trials=24), landscape(name).optimum)
    np.testing.assert_allclose(archive.runs(name, how, trials=24, seeds=2)[1], now, rtol=1e-12)


def test_something_is_kept_of_every_landscape():
    assert {name for name, _ in KEPT} == set(LANDSCAPES)


def test_only_new_bests_are_kept_and_the_rest_follows():
    history = History({"config": [1, 2, 3, 4], "cost": [None, 4.0, 5.0, 2.0]})
    assert archive.steps(history) == [(2, 4.0), (4, 2.0)]


def test_a_kept_search_is_written_beside_others_and_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "FOLDER", tmp_path)
    archive.kept.cache_clear()
    best = landscape("gemm_384").optimum
    archive.write("gemm_384", {"random": [[0.1, (2, 2 * best), (5, best)]]})
    archive.write("gemm_384", {"boosted": [[0.1, (1, best)]]})
    assert archive.seeds_of("gemm_384", "random") == archive.seeds_of("gemm_384", "boosted") == 1
    np.testing.assert_allclose(archive.runs("gemm_384", "random", trials=6)[0], [np.inf, 1, 1, 1, 0, 0], atol=1e-12)
    with pytest.raises(ValueError, match="kept for 1 seeds and 96 trials, got 2 and 6"):
        archive.runs("gemm_384", "random", trials=6, seeds=2)
    archive.kept.cache_clear()


def test_costs_dealt_anew_are_the_same_costs_elsewhere():
    land = landscape("conv_128_28")
    dealt, other = (archive.task("conv_128_28" + archive.DEALT, seed) for seed in (0, 1))
    assert sorted(dealt.costs.values()) == sorted(land.costs.values()) and list(dealt.costs) == list(land.costs)
    assert dealt.optimum == land.optimum and dealt.costs != land.costs != other.costs != dealt.costs
    assert abs(np.corrcoef([*dealt.costs.values()], [*land.costs.values()])[0, 1]) < 0.2


def test_trials_to_a_regret_and_the_ratio_of_two_searches(monkeypatch):
    regrets = {"quick": [[1, 0.04, 0, 0], [0.5, 0.5, 0.5, 0.06]], "slow": [[1, 1, 1, 0.05], [1, 0, 0, 0]]}
    monkeypatch.setattr(archive, "runs", lambda name, how, trials, seeds: np.array(regrets[how], float))
    quick = archive.soon("any", "quick", seeds=2, trials=4)
    assert quick.tolist() == [2, 5]  # 4 trials do not reach it: 5
    assert archive.soon("any", "slow", np.array([0.05, 1.0]), seeds=2, trials=4).tolist() == [4, 1]
    middle, low, high = archive.ratio([quick, np.array([8.0, 8])], [np.array([7.0, 7]), np.array([2.0, 2])])
    assert middle == pytest.approx((3.5 / 7 * 8 / 2) ** 0.5)  # a geometric mean over tasks of means over seeds
    assert low == pytest.approx((2 / 7 * 4) ** 0.5) and high == pytest.approx((5 / 7 * 4) ** 0.5)  # both draws the same seed


def test_searches_are_sorted_by_how_near_to_the_optimum_scratch_ended(monkeypatch):
    regrets = {"scratch": [[1] * 47 + [0], [1] * 39 + [0.5] * 9], archive.after(["a"]): [[1] * 48, [1, 0.4] + [0.4] * 46]}
    monkeypatch.setattr(archive, "runs", lambda name, how, trials, seeds: np.array(regrets[how], float))
    near, far = archive.by_end([(("a",), "b")], archive.AFTER, 2, "scratch")
    assert near == (1, pytest.approx(49 / 48)) and far == (1, pytest.approx(2 / 40))  # 49: 48 trials do not reach it


def test_a_way_there_is_none_of_is_a_sentence():
    with pytest.raises(ValueError, match="how: want one of random, annealing"):
        archive.proposer("gemm_384", "luck", 0)
