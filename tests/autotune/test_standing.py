"""How a search stands, from its log alone: a real small search is watched, and what is said of it is what its history says."""

import json

import pytest

from course_lib.autotune import Limits, Log, Outcome, Pool, Task, tune
from course_lib.autotune.peers import record, recorded
from course_lib.autotune.standing import PAUSE, Follow, standing
from course_lib.dashboard import watch
from course_lib.machine.host import describe
from course_lib.records import Report
from course_lib.search import best_of
from course_lib.shapes import ConvShape, GemmShape

LAYER = ConvShape(N=1, C=16, H=12, W=12, K=16, R=3, S=3, pad=1)
BOWL = Task(GemmShape(2, 2, 2), of="tests.autotune.faults:Bowl")
PATIENT = Limits(start=900, compile=900, run=900)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """(log, the finished search, what the board said after each round)."""
    path, seen = tmp_path_factory.mktemp("watched") / "trials.jsonl", []
    board = watch(path)

    def after_a_round(history):
        board(history)
        seen.append((len(history), board.standing, board.scene))

    with Pool(2, PATIENT) as pool:
        tuned = tune(Task(LAYER, kind="simulated"), 20, "genetic", path, pool=pool, watch=after_a_round)
    return path, tuned, seen


def test_after_each_round_the_board_knows_all_its_trials(run):
    _, tuned, seen = run
    assert [n for n, _, _ in seen] == [8, 16, 20]
    for n, now, scene in seen:
        assert (len(now.speeds), now.done, now.goal, now.whole) == (n, n, 20, 20)
        first = next(cost for cost in tuned.history["cost"] if cost is not None)
        assert now.speeds == tuple(first / cost if cost else None for cost in tuned.history["cost"][:n])
        assert f"{n} trials of 20" in scene.alt


def test_the_knobs_shown_are_the_best_configurations_own(run):
    _, tuned, seen = run
    best = tuned.space.named(best_of(tuned.history))
    assert seen[-1][1].best == tuple((name, str(value)) for name, value in best.items())


def test_another_process_reads_the_same_from_the_log(run):
    path, _, seen = run
    follow = Follow(path)
    assert follow.more() and not follow.more()
    assert standing(follow.rows) == seen[-1][1]
    assert watch(path).scene.data() == seen[-1][2].data()


def test_speeds_of_seconds_are_gflops_and_a_plan_shows_its_own_knobs_alone(tmp_path):
    from course_lib.autotune import default_config, plan_space

    space = plan_space(LAYER)
    config = default_config(LAYER, space)
    with Log(tmp_path / "log", "here") as log:
        log.add(Task(LAYER), config, Outcome(1e-3), 0, 0, 1)
    follow = Follow(tmp_path / "log")
    follow.more()
    now = standing(follow.rows)
    assert now.unit == "GFLOP/s" and now.speeds == (pytest.approx(2e-9 * LAYER.macs / 1e-3),)
    assert dict(now.best) == {name: str(value) for name, value in space.named(config).items() if value != 0}
    assert now.goal == now.whole == 0 and now.seconds is None  # one trial tells no pace, and nobody said how many are wanted


def lines(times, goal=(10, 30), **words):
    plain = {"v": 1, "host": "here", "task": BOWL.text, "cost": 1.0, "note": "", "round": 0, "of": 1, "goal": goal}
    return [{**plain, "config": (i, 0), "at": i, "when": when, **words} for i, when in enumerate(times)]


def test_the_time_left_is_the_pace_of_the_trials_times_what_is_missing():
    assert standing(lines([100, 102, 104, 106])).seconds == 2 * (30 - 4)


def test_a_pause_and_a_clock_set_back_are_no_pace():
    assert standing(lines([100, 102, 104 + 2 * PAUSE, 106 + 2 * PAUSE, 50, 52])).seconds == 2 * (30 - 6)


ODD = {
    "no clock, no goal": ({"when": None, "goal": None}, None),
    "a clock in words": ({"when": "noon"}, None),
    "a goal that is none": ({"goal": [3]}, None),
}


@pytest.mark.parametrize("name", ODD)
def test_a_log_that_does_not_say_leaves_the_time_open(name):
    words, seconds = ODD[name]
    assert standing(lines([1, 2, 3], **words)).seconds == seconds


def test_tasks_that_were_before_stand_aside_with_their_best():
    other = Task(GemmShape(4, 4, 4), of="tests.autotune.faults:Bowl")
    before = [{**row, "task": other.text} for row in lines([1, 2])]
    now = standing([*before, *lines([3, 4, 5])])
    assert now.name == BOWL.name and len(now.speeds) == 3 and now.done == 5
    assert now.others == (("4x4 @ 4x4", 2, pytest.approx(2e-9 * 64)),)


def test_another_machines_trials_are_not_ours():
    assert len(standing([*lines([1, 2], host="there"), *lines([3])]).speeds) == 1


def test_a_task_nobody_knows_is_watched_all_the_same():
    now = standing(lines([1, 2], task='{"what": "a dream"}'))
    assert now.name == "a task of another version" and now.best == (("knob 1", "0"), ("knob 2", "0"))


def test_a_line_that_is_being_written_waits_and_a_shorter_file_is_another(tmp_path):
    path, text = tmp_path / "log", [json.dumps(row) for row in lines([1, 2])]
    follow = Follow(path)
    assert not follow.more()  # it is not there yet
    path.write_text(text[0] + "\n" + text[1][:20])
    assert follow.more() and len(follow.rows) == 1
    path.write_text(text[0] + "\n" + text[1] + "\n")
    assert follow.more() and len(follow.rows) == 2
    path.write_text(text[1] + "\n")
    assert follow.more() and len(follow.rows) == 1


def test_before_the_first_trial_it_waits_and_draws():
    assert standing([], "trials.jsonl: no trial yet").name == "trials.jsonl: no trial yet"


def test_a_table_that_was_recorded_is_read_as_it_was_beside_the_others(tmp_path):
    file = tmp_path / "times.json"
    with pytest.raises(ValueError, match="no table yet"):
        recorded("network", file)
    tables = {what: Report({"layer": ["a", "b"], "ratio": [1.25, n]}, what, f"note {n}") for n, what in enumerate(("network", "peers"))}
    for what, table in tables.items():
        record(what, table, file)
    for what, table in tables.items():
        again = recorded(what, file)
        assert (again, again.note) == (table, table.note)
        assert again.title == f"{what}: {describe().name}, {describe().vectors}"
    with pytest.raises(ValueError, match="want one of network, peers, got 'conv'"):
        recorded("conv", file)
