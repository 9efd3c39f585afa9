"""A layer tuned to the end: the default is tried first and wins ties, what wins is what 'auto' takes, a network shares its trials."""

import json

import numpy as np
import pytest

from course_lib.autotune import Limits, Pool, next_layer, plan_of, tune
from course_lib.autotune.jobs import with_effort
from course_lib.autotune.network import Layer, alike, tune_network
from course_lib.autotune.tasks import Task
from course_lib.autotune.tuning import finish, space_of
from course_lib.bench import Times
from course_lib.kernels import compile_conv2d, tuned
from course_lib.kernels.compile import ALGORITHMS, choose, chosen
from course_lib.kernels.windows import WindowsPlan
from course_lib.nest.jit import FULL, LIGHT
from course_lib.records import History
from course_lib.shapes import ConvShape, GemmShape

LAYER = ConvShape(N=1, C=8, H=12, W=12, K=16, R=3, S=3, pad=1)
QUICK = ConvShape(N=1, C=8, H=8, W=8, K=16, R=1, S=1)  # a product: its plans compile soonest


@pytest.fixture(autouse=True)
def own_plans(tmp_path, monkeypatch):
    """A file of tuned plans for this test alone."""
    monkeypatch.setenv("COURSE_TUNED", str(tmp_path / "tuned.json"))
    return tmp_path / "tuned.json"


@pytest.fixture(scope="module")
def pool():
    with Pool(1, Limits(timing=0.003)) as pool:
        yield pool


def test_a_layer_is_tuned_beginning_with_the_default(pool, tmp_path, monkeypatch):
    found = tune(QUICK, trials=4, tuner="random", log=tmp_path / "log.jsonl", pool=pool)
    assert len(found.history) == 4 and found.history["config"][0] == found.default
    assert found.best in found.history["config"] and found.ratio >= 1
    algorithm, plan = plan_of(QUICK, found.space, found.best)
    assert (found.algorithm, found.plan) == (algorithm, with_effort(plan, found.plan.effort))
    monkeypatch.setattr("course_lib.autotune.tuning.finish", lambda task, space, history, *_: history)  # no second duel
    assert tune(QUICK, trials=4, tuner="random", log=tmp_path / "log.jsonl", pool=pool) == found.history


def test_a_product_is_tuned_too(pool):
    found = tune(GemmShape(24, 32, 40), trials=2, tuner="random", pool=pool)
    assert found.seconds > 0 and found.algorithm == "gemm"


def duel_of(monkeypatch, ratios, faster=lambda plan: True):
    """`finish` on a made-up search whose duel comes out with these ratios default / best in four turns; slow where not `faster`."""
    task = Task(LAYER)
    space = space_of(task)
    default = next(iter(space.sample(np.random.default_rng(1), 1)))
    other = next(c for c in space.sample(np.random.default_rng(2), 5) if c != default)

    def duel(_, plans):
        assert next(iter(plans)) == "default"
        won = [name != "default" and plan != plans["default"][1] and faster(plan) for name, (_, plan) in plans.items()]
        return Times(tuple(plans), np.stack([np.ones(len(ratios)) if ahead else np.array(ratios) for ahead in won], axis=1))

    monkeypatch.setattr("course_lib.autotune.tuning.duel", duel)
    history = History({"config": [default, other], "cost": [2.0, 1.0], "round": [0, 0], "note": ["", ""]})
    return finish(task, space, history, default), default, other


def test_a_clear_winner_wins_and_is_kept(monkeypatch):
    found, _, other = duel_of(monkeypatch, [1.3, 1.2, 1.25, 1.3])
    assert found.best == other and found.ratio == pytest.approx(1.275)
    assert tuned.lookup(LAYER, 1)[0] == found.algorithm


def test_trials_are_compiled_lightly_and_the_duel_tries_both_ways(monkeypatch):
    for effort in (LIGHT, FULL):
        found, *_ = duel_of(monkeypatch, [1.3, 1.2, 1.25, 1.3], lambda plan, effort=effort: plan.effort == effort)
        assert found.plan.effort == effort
        assert tuned.lookup(LAYER, 1)[1]["effort"] == effort


@pytest.mark.parametrize("ratios", [[1.0, 1.0, 1.0, 1.0], [1.01, 1.01, 1.01, 1.01], [0.8, 0.9, 0.8, 0.9], [0.7, 0.8, 1.5, 1.6]])
def test_a_tie_a_loss_and_noise_leave_the_default(monkeypatch, ratios):
    tuned.keep(LAYER, 1, "windows", WindowsPlan(4, 1, 8, 32, 16, 16), 1.0)
    found, default, _ = duel_of(monkeypatch, ratios)
    assert found.best == default and found.ratio == 1.0
    assert tuned.lookup(LAYER, 1) is None  # what an earlier search kept does not stand


def test_where_every_trial_failed_the_first_reason_is_told():
    task = Task(LAYER)
    history = History({"config": [(1,)], "cost": [None], "round": [0], "note": ["failed: no compiler"]})
    found = finish(task, space_of(task), history, (1,))
    assert found.best is None and found.note == "every trial failed; the first: failed: no compiler"


# -- kept plans -----------------------------------------------------------------------------------------------------------

PLAN = WindowsPlan(4, 1, 8, 32, 16, 16)


def test_auto_takes_the_kept_plan_for_its_layer_and_threads_alone():
    assert chosen(LAYER, 1) == (choose(LAYER), None)
    tuned.keep(LAYER, 1, "windows", PLAN, 1e-3)
    assert chosen(LAYER, 1) == ("windows", PLAN)
    assert chosen(LAYER, 2) == (choose(LAYER), None)
    rng = np.random.default_rng(0)
    ia, wt = rng.standard_normal(LAYER.ia_shape, np.float32), rng.standard_normal(LAYER.wt_shape, np.float32)
    assert np.array_equal(compile_conv2d(wt, LAYER)(ia), compile_conv2d(wt, LAYER, algorithm="windows", plan=PLAN)(ia))
    tuned.forget(LAYER, 1)
    assert chosen(LAYER, 1) == (choose(LAYER), None)


def test_plans_of_another_machine_are_kept_and_not_taken(own_plans):
    tuned.keep(LAYER, 1, "windows", PLAN, 1e-3)
    data = json.loads(own_plans.read_text())
    data["plans"] = {"another": data["plans"].pop(tuned.fingerprint())}
    own_plans.write_text(json.dumps(data))
    assert tuned.lookup(LAYER, 1) is None
    tuned.keep(LAYER, 2, "windows", PLAN, 1e-3)
    assert set(json.loads(own_plans.read_text())["plans"]) == {"another", tuned.fingerprint()}


BROKEN = {
    "garbage": "not json",
    "another version": '{"v": 99, "plans": {}}',
    "a list": "[]",
    "plans that are none": '{"v": 1, "plans": 3}',
    "an entry without a plan": None,
    "an algorithm nobody knows": ("magic", {"tall": 4}),
    "fields nobody knows": ("windows", {"colour": 4}),
    "sizes that cannot be": ("windows", {"tall": 0, "vectors": 1, "channels": 1, "pixels": 1, "part": 1, "high": 1}),
    "an algorithm that does not take the layer": ("planes", {"tall": 4, "vectors": 1}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_used_is_as_good_as_none(name, own_plans):
    text = BROKEN[name]
    if not isinstance(text, str):
        entry = {} if text is None else {"algorithm": text[0], "plan": text[1]}
        text = json.dumps({"v": 1, "plans": {tuned.fingerprint(): {tuned.key(LAYER, 1): entry}}})
    own_plans.write_text(text)
    assert chosen(LAYER, 1) == (choose(LAYER), None)


def test_the_default_plan_of_every_algorithm_survives_the_file():
    layer = ConvShape(N=1, C=32, H=12, W=12, K=32, R=3, S=3, pad=1)
    for name in ("windows", "winograd"):
        plan = ALGORITHMS[name].plan(layer, 1)
        tuned.keep(layer, 1, name, plan, 1.0)
        assert chosen(layer, 1) == (name, plan)


# -- networks -------------------------------------------------------------------------------------------------------------


def test_layers_without_a_round_go_first():
    assert next_layer([[1.0], [], []], [1, 1, 1], [1, 1, 1], [0, 0, 0]) == 1


def test_of_two_layers_alike_the_one_that_occurs_more_often_goes_first():
    assert next_layer([[1.0], [1.0]], [1, 5], [1, 1], [0, 0]) == 1


def test_a_layer_that_still_gains_goes_before_one_that_does_not():
    still, gains = [1.0, 1.0, 1.0, 1.0, 1.0], [3.0, 2.5, 2.0, 1.5, 1.0]
    assert next_layer([still, gains], [1, 1], [1, 1], [0, 1]) == 1


def test_a_layer_far_behind_its_like_goes_first():
    # the same work, the same rounds: layer 1 is at a tenth of the speed of layer 0
    assert next_layer([[1.0] * 6, [10.0] * 6], [10, 1], [1, 1], [0, 0]) == 1
    # where they are not alike, only how often they occur counts
    assert next_layer([[1.0] * 6, [10.0] * 6], [100, 1], [1, 1], [0, 1]) == 0


def test_the_scheduler_beats_equal_shares_on_known_curves():
    rng = np.random.default_rng(0)
    for _ in range(10):
        rates, floors, weights = rng.uniform(0.02, 0.8, 6), rng.uniform(0.5, 3, 6), rng.integers(1, 8, 6)
        time_of = lambda i, rounds: floors[i] * (1 + 3 * np.exp(-rates[i] * rounds))  # noqa: B023
        best = [[] for _ in range(6)]
        for _ in range(60):
            i = next_layer(best, weights, floors, list(range(6)))
            best[i].append(time_of(i, len(best[i]) + 1))
        shared = sum(w * b[-1] for w, b in zip(weights, best, strict=True))
        equal_shares = sum(w * time_of(i, 10) for i, w in enumerate(weights))
        assert shared < 1.02 * equal_shares
    # and where one layer is all there is to gain, it gets most of the rounds


class Pretend:
    """A pool whose costs are a formula: the layer with more channels gains from large tiles."""

    host = ""

    def measure(self, task, configs):
        from course_lib.autotune import Outcome

        for i, config in enumerate(configs):
            yield i, Outcome(1e-3 * task.shape.C / (1 + config[1]))


def test_a_network_is_tuned_with_so_many_trials_in_all_or_each(monkeypatch):
    monkeypatch.setattr("course_lib.autotune.network.finish", lambda task, space, history, *_: (task, history))
    layers = [Layer(Task(ConvShape(N=1, C=c, H=8, W=8, K=16, R=3, S=3, pad=1)), times, ("x",)) for c, times in ((4, 1), (64, 3))]
    assert alike(layers) == [0, 0]
    found = tune_network(layers, 64, "random", Pretend())
    assert sum(len(history) for _, history in found) == 64
    assert len(found[1][1]) > len(found[0][1])  # 16 times the work, three times as often
    each = tune_network(layers, 12, "random", Pretend(), each=True)
    assert [len(history) for _, history in each] == [12, 12]
