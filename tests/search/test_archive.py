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


def test_a_way_there_is_none_of_is_a_sentence():
    with pytest.raises(ValueError, match="how: want one of random, annealing"):
        archive.proposer("gemm_384", "luck", 0)
