"""Every tuner: proposes what has not been tried, repeats itself for the same seed, goes on where it was cut, and beats no effort."""

from functools import cache, partial

import numpy as np
import pytest

from course_lib.records import History
from course_lib.search import TUNERS, Constraint, Failed, Space, best_of, regret, splits, trials_to, tune, tuner_of
from course_lib.search.active import ball, stalled
from course_lib.search.annealing import standing, temperature
from course_lib.search.reinforce import policy
from course_lib.search.transfer import corrected, propose, remember
from course_lib.search.tune import empty

SPACE = Space(
    {"tile": [1, 2, 4, 8, 16, 32], "order": ["x", "y", "z"], "unroll": [1, 2, 4, 8], "split": splits(16, 3)},
    [Constraint(("tile", "unroll"), lambda tile, unroll: unroll <= tile)],
)


def valley(config):
    """A smooth cost with one lowest point, (8, "y", 4, (2, 4, 2)); some corners fail."""
    tile, order, unroll, split = config
    if tile == 32 and order == "z":
        raise Failed("it crashed")
    away = (np.log2(tile) - 3) ** 2 + (np.log2(unroll) - 2) ** 2 + (np.log2(split[0]) - 1) ** 2 + (np.log2(split[1]) - 2) ** 2
    return float(np.exp(0.15 * away)) * {"x": 1.3, "y": 1.0, "z": 1.5}[order]


FAST = [name for name in TUNERS if name != "transfer"]
TRIALS = 40


def as_told(tuner):
    """The tuner; a deep process learns in a few steps what a real search gives hundreds."""
    return tuner if tuner in FAST else partial(tuner_of(tuner), steps=8)


@cache
def searched(tuner, seed):
    """A search that several tests look at."""
    return tune(SPACE, valley, as_told(tuner), TRIALS if tuner in FAST else 24, seed)


def first(history, n):
    return History({name: column[:n] for name, column in history.columns.items()})


@pytest.mark.parametrize("tuner", TUNERS)
def test_a_tuner_never_repeats_a_trial_and_stays_in_the_space(tuner):
    history = searched(tuner, 1)
    assert len(history) == (TRIALS if tuner in FAST else 24) == len(set(history["config"]))
    assert all(config in SPACE for config in history["config"])
    assert {note for cost, note in zip(history["cost"], history["note"], strict=True) if cost is None} <= {"it crashed"}


@pytest.mark.parametrize("tuner", TUNERS)
def test_a_search_cut_short_goes_on_as_if_it_had_not_been(tuner):
    whole = first(searched(tuner, 1), 24)
    half = tune(SPACE, valley, as_told(tuner), trials=16, seed=1)
    assert half == first(whole, 16)
    assert tune(SPACE, valley, as_told(tuner), trials=24, seed=1, history=half) == whole


@pytest.mark.parametrize("tuner", [name for name in FAST if name not in ("random", "grid")])
def test_a_tuner_that_learns_beats_random_in_the_mean_of_eight_seeds(tuner):
    def mean(name):
        return np.mean([regret(searched(name, seed), 1.0)[-1] for seed in range(8)])

    assert mean(tuner) < mean("random")


@pytest.mark.parametrize("tuner", FAST)
def test_a_small_space_is_searched_to_its_end_and_no_further(tuner):
    space = Space({"a": [1, 2, 4], "b": ["x", "y"]})
    history = tune(space, lambda config: float(config[0]), tuner, trials=100, batch=4)
    assert sorted(history["config"]) == sorted(space.all)


@pytest.mark.parametrize("tuner", FAST)
def test_where_everything_fails_the_search_ends_and_has_no_best(tuner):
    def broken(config):
        raise Failed("no compiler")

    history = tune(SPACE, broken, tuner, trials=24)
    assert len(history) == 24 and best_of(history) is None
    assert history["note"] == ["no compiler"] * 24


def test_one_configuration_is_one_trial():
    assert len(tune(Space({"a": [1]}), lambda config: 1.0, "boosted", trials=9)) == 1


def test_rounds_are_given_whole_to_a_measure_that_takes_many():
    class Many:
        asked = []

        def many(self, configs):
            self.asked.append(len(configs))
            return [(valley_or_none(c), "") for c in configs]

    def valley_or_none(config):
        try:
            return valley(config)
        except Failed:
            return None

    measure = Many()
    history = tune(SPACE, measure, "random", trials=20, batch=8)
    assert measure.asked == [8, 8, 4]
    assert history["round"] == [0] * 8 + [1] * 8 + [2] * 4


def test_watch_sees_every_round():
    seen = []
    tune(SPACE, valley, "random", trials=10, batch=4, watch=lambda history: seen.append(len(history)))
    assert seen == [4, 8, 10]


def test_costs_that_are_no_numbers_are_failures():
    history = tune(SPACE, lambda config: float("nan"), "random", trials=3)
    assert history["cost"] == [None] * 3


def test_a_wrong_word_is_answered_with_the_names():
    with pytest.raises(ValueError, match="want one of random, grid, .*, got 'xgboost'"):
        tuner_of("xgboost")
    with pytest.raises(ValueError, match="want at least 1, got 0, 8"):
        tune(SPACE, valley, trials=0)
    with pytest.raises(ValueError, match="no configuration in it"):
        tune(Space({"a": [1]}, [Constraint(("a",), lambda a: a > 1, "a above 1")]), valley)


def test_regret_and_trials_to_a_cost():
    history = History({"config": [(1,), (2,), (3,), (4,)], "cost": [None, 4.0, 5.0, 2.0]})
    assert regret(history, 2.0).tolist() == [np.inf, 1.0, 1.0, 0.0]
    assert trials_to(history, 4.0) == 2 and trials_to(history, 2.5) == 4 and trials_to(history, 1.0) is None


# -- what single tuners promise -------------------------------------------------------------------------------------------


def told(costs, rounds=None):
    configs = SPACE.sample(np.random.default_rng(0), len(costs))
    return History({"config": configs, "cost": list(costs), "round": rounds or list(range(len(costs)))})


def test_the_walk_takes_every_better_step_and_few_that_are_much_worse():
    better = told([4.0, 3.0, 2.0, 1.0])
    assert standing(better) == better["config"][-1]
    stays = [standing(told([1.0] * n + [20.0])) for n in range(1, 40)]
    assert sum(config == told([1.0] * n + [20.0])["config"][-1] for n, config in zip(range(1, 40), stays, strict=True)) <= 1
    assert temperature(24) == temperature(0) / 2


def test_the_policy_learns_which_move_helps():
    space = Space({"a": list(range(1, 12)), "b": list(range(1, 12))})
    configs = [(1, 6)] + [(n, 6) for n in range(2, 10)] + [(9, n) for n in (5, 7, 4, 8)]
    costs = [100.0] + [100.0 * 0.8**n for n in range(1, 9)] + [60.0] * 4  # up in a helps; any move of b hurts
    logits = policy(space, History({"config": configs, "cost": costs, "round": list(range(len(configs)))}))
    assert logits[0].argmax() == 2 and logits[1].argmax() == 1


def test_the_ball_holds_what_is_near_in_steps_of_the_knobs():
    space = Space({f"k{i}": list(range(5)) for i in range(3)})
    inside = ball(space, (2, 2, 2), 1.5, np.random.default_rng(0))
    want = [c for c in space.all if sum((v - 2) ** 2 for v in c) <= 1.5**2]
    assert sorted(inside) == sorted(want) and len(want) == 1 + 6 + 12


def test_the_ball_of_a_large_space_lies_in_it_and_near():
    space = Space({f"k{i}": list(range(9)) for i in range(12)})
    inside = ball(space, (4,) * 12, 3.0, np.random.default_rng(0))
    assert len(inside) > 100 and all(sum((v - 4) ** 2 for v in c) <= 9 for c in inside)


def test_rounds_without_a_gain_are_counted():
    assert stalled(told([5, 5, 4, 4, 3.9], [0, 0, 1, 2, 3]), 0.05) == 2  # 4 -> 3.9 is less than 5 %
    assert stalled(told([5, 4], [0, 1]), 0.05) == 0
    assert stalled(told([None, None, 4], [0, 1, 2]), 0.05) == 0


@cache
def remembered():
    """What 150 random trials of the valley teach."""
    return remember([(SPACE, tune(SPACE, valley, "random", trials=150, seed=5))], steps=150)


@pytest.mark.parametrize("way", [propose, corrected])
def test_memories_shorten_the_search(way):
    def shifted(config):
        return valley(config) * 1.1 if config[1] == "x" else valley(config)

    with_memory = tune(SPACE, shifted, partial(way, memory=remembered()), trials=16, seed=0)
    without = [tune(SPACE, shifted, "random", trials=16, seed=seed).best()[-1] for seed in range(10)]
    assert with_memory.best()[-1] < np.median(without)


def test_what_the_memory_gets_wrong_is_corrected_by_the_trials():
    def turned(config):  # what was good is bad: the memory leads the wrong way
        return 1 / valley(config)

    wrong = tune(SPACE, turned, partial(corrected, memory=remembered()), trials=40, seed=0)
    assert min(wrong["cost"][:8], key=lambda c: c or 9) > 2 * wrong.best()[-1]  # it begins where the memory points to
    without = [tune(SPACE, turned, "random", trials=40, seed=seed).best()[-1] for seed in range(10)]
    assert wrong.best()[-1] <= np.median(without)


def test_the_corrected_mean_is_the_memorys_and_that_of_a_process_on_its_errors():
    """Where every trial is as the memory says, the next ones are the memory's own order."""
    memory, space = remembered(), SPACE
    some = space.sample(np.random.default_rng(3), 40)
    believed, _ = memory.dgp.predict(memory.scaled(space.features(some)), samples=2000)
    told_so = History({"config": some, "cost": np.exp(-memory.unit * (believed + 3)).tolist(), "round": [0] * 40})
    chosen = corrected(space, told_so, np.random.default_rng(0), 8, memory)
    rest = [c for c in space.all if c not in set(some)]
    order, _ = memory.dgp.predict(memory.scaled(space.features(rest)), samples=200)
    rank = {rest[i]: r for r, i in enumerate(np.argsort(-order))}
    assert np.median([rank[c] for c in chosen]) < 0.02 * len(rest)


def test_a_correction_needs_a_memory():
    with pytest.raises(ValueError, match="memory: want what other layers taught"):
        corrected(SPACE, empty(), np.random.default_rng(0))


def test_memories_of_other_features_are_refused():
    other = Space({"a": [1, 2]})
    with pytest.raises(ValueError, match="same features"):
        remember([(SPACE, tune(SPACE, valley, trials=4)), (other, tune(other, lambda c: 1.0, trials=2))])
    with pytest.raises(ValueError, match="at least one with a trial that succeeded"):
        remember([(SPACE, empty())])
