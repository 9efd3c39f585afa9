"""The board of a running search: every trial is drawn, failures are counted by their kind, and what it says changes when the best does."""

from dataclasses import replace

import pytest

from course_lib.autotune.standing import Standing
from course_lib.views.search.tuning_board import KINDS, LAST, clock, tuning_board

NOTES = ("", "incorrect: oa[0] is 1, want 2", "", "timeout: running took more than 20 s", "failed: killed by SIGSEGV", "noise: spread 47%")
SEARCH = Standing(
    name="64x56x56 -> 64, 3x3/1",
    speeds=(40.0, None, 80.0, None, None, 60.0),
    notes=NOTES,
    said=tuple(f"winograd {i}" for i in range(6)),
    best=(("algorithm", "winograd"), ("tall", "6")),
    goal=10,
    done=6,
    whole=10,
    seconds=83.0,
)


def items(search):
    return {item["id"]: item for item in tuning_board(search).items}


def test_the_line_rises_to_each_new_best_and_every_trial_has_its_mark():
    drawn = items(SEARCH)
    assert drawn["trials"]["d"].count("M") == 3 and drawn["failures"]["d"].count("M") == 2 * 3
    assert len(set(heights(drawn["best"]["d"]))) == 2  # 40, then 80: the trial of 60 moves nothing
    (one, three, six), crosses = places(drawn["trials"]["d"], 2.5), places(drawn["failures"]["d"], 3)[::2]
    assert crosses == pytest.approx(
        [(one + three) / 2, three + (six - three) / 3, three + 2 * (six - three) / 3], abs=0.2
    )  # trials 2, 4, 5


def places(d, half):
    return [float(part.split()[0]) + half for part in d.split("M")[1:]]


def heights(d):
    return [float(pair.split()[1]) for pair in d.removeprefix("M").split("L")]


def test_failures_are_counted_by_kind_and_noise_is_none():
    drawn = items(SEARCH)
    said = {drawn[f"kind{i}"]["text"]: drawn[f"kind{i}.count"]["text"] for i in range(4)}
    assert said == {KINDS["incorrect"]: "1", KINDS["timeout"]: "1", KINDS["failed"]: "1", KINDS["noise"]: "1"}
    assert drawn["kinds"]["text"] == "3 failures"


def test_the_table_has_the_newest_trials_first_and_marks_the_best():
    drawn = items(SEARCH)
    assert [drawn[f"last{i}.number"]["text"] for i in range(LAST)] == ["6", "5", "4", "3 (best)", "2", "1"]
    assert drawn["last1.speed"]["text"] == "–" and drawn["last1.note"]["text"].startswith("failed")
    assert drawn["last3.speed"]["text"] == "80"


def test_the_words_change_only_with_the_best():
    words = tuning_board(SEARCH).frames[0].caption
    longer = replace(SEARCH, speeds=(*SEARCH.speeds, 70.0), notes=(*NOTES, ""), said=(*SEARCH.said, "x"), done=7)
    better = replace(SEARCH, speeds=(*SEARCH.speeds, 90.0), notes=(*NOTES, ""), said=(*SEARCH.said, "x"), done=7)
    assert tuning_board(longer).frames[0].caption == words == "The best so far: 80 GFLOP/s, trial 3."
    assert tuning_board(better).frames[0].caption == "The best so far: 90 GFLOP/s, trial 7."


def test_of_two_equal_bests_the_first_is_named():
    assert "trial 1." in tuning_board(replace(SEARCH, speeds=(80.0, None, 80.0, None, None, 60.0))).alt


WAITING = {"before the first trial": ((), "No trial yet."), "while all fail": ((None, None), "No trial has succeeded yet.")}


@pytest.mark.parametrize("name", WAITING)
def test_it_draws_without_a_success(name):
    speeds, words = WAITING[name]
    scene = tuning_board(Standing("a layer", speeds=speeds, notes=("failed: x",) * len(speeds), said=("",) * len(speeds)))
    assert scene.frames[0].caption == words
    assert "<svg" in scene.svg(theme="dark")


def test_time_is_said_as_a_clock():
    assert [clock(s) for s in (None, 0, 83, 3723)] == ["–", "0:00", "1:23", "1:02:03"]


BAD = {"too few notes": {"notes": ("",)}, "a speed of 0": {"speeds": (0.0,) * 6}}


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_fit_together_is_an_error_that_says_so(name):
    with pytest.raises(ValueError, match="^search: "):
        tuning_board(replace(SEARCH, **BAD[name]))
