"""The one way to a verdict: the smallest failing case, the idea behind it, counts, and what is nobody's fault but ours."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from course_lib.exercises.exercise import BrokenExercise, Case, Count, Exercise, Foreign, Misconception, difference, in_process, judge


def conv1d(a: Any, b: Any) -> Any:
    out = np.zeros(len(a) - len(b) + 1)
    for q in range(len(out)):
        for s in range(len(b)):
            out[q] += a[q + s] * b[s]
    return out


def cases(rng: np.random.Generator) -> list[Case]:
    return [Case((rng.normal(size=n), rng.normal(size=s)), label=f"{n} and {s}") for n, s in ((1, 1), (3, 2), (5, 3), (9, 4))]


EXERCISE = Exercise(
    "conv1d",
    conv1d,
    cases,
    misconceptions=(
        Misconception("flipped", lambda a, b: conv1d(a, b[::-1]), "Networks do not flip."),
        Misconception("starts one late", lambda a, b: conv1d(a[1:], b), "The first window begins at 0."),
        Misconception("only the first product", lambda a, b: a[: len(a) - len(b) + 1] * b[0], "Sum over s."),
    ),
    tolerance=1e-9,
    counts=(Count("MACs", lambda t: t.macs, lambda c: (len(c.args[0]) - len(c.args[1]) + 1) * len(c.args[1]), "Count them."),),
    hint="By hand first.",
)


def test_the_right_answer_passes_every_part() -> None:
    verdict = judge(EXERCISE, in_process(conv1d), 3)
    assert verdict.passed and [p.name for p in verdict.parts] == ["values", "MACs"] and verdict.cases_run == 4


@pytest.mark.parametrize("idea", EXERCISE.misconceptions, ids=lambda i: i.name)
def test_every_wrong_idea_is_recognised_and_shown_on_the_smallest_case(idea: Misconception) -> None:
    verdict = judge(EXERCISE, in_process(idea.function), 5)
    assert (verdict.misconception, verdict.hint) == (idea.name, idea.hint)
    assert verdict.case is not None and verdict.case.label == ("1 and 1" if idea.name == "starts one late" else "3 and 2")


def test_an_idea_that_fits_the_first_failing_case_only_is_not_taken_for_the_students() -> None:
    def own(a: Any, b: Any) -> Any:  # flipped for two taps, something else beyond
        return conv1d(a, b[::-1]) if len(b) < 3 else conv1d(a, b) + 1

    verdict = judge(EXERCISE, in_process(own), 5)
    assert verdict.state == "wrong" and verdict.misconception == "" and verdict.hint == "By hand first."


def test_a_function_that_is_right_once_is_caught_by_the_second_call() -> None:
    calls: list[int] = []

    def once(a: Any, b: Any) -> Any:
        calls.append(1)
        return conv1d(a, b) if len(calls) == 1 else conv1d(a, b) + 1

    assert "the second call" in judge(EXERCISE, in_process(once)).message


def test_a_changed_input_is_said_and_the_cases_are_not_spoilt_by_it() -> None:
    def spoils(a: Any, b: Any) -> Any:
        out = conv1d(a, b)
        a[:] = 0
        return out

    assert "changed its input (argument 1)" in judge(EXERCISE, in_process(spoils)).message


def test_right_values_by_another_way_lose_the_count_and_keep_the_values() -> None:
    def library(a: Any, b: Any) -> Any:
        return np.correlate(np.asarray(a), np.asarray(b), "valid")

    verdict = judge(EXERCISE, in_process(library))
    assert [p.passed for p in verdict.parts] == [True, False] and verdict.hint == "Count them."


def test_a_counted_case_is_run_once_for_all_counts_and_none_behind_one_that_fails() -> None:
    asked: list[tuple[str, bool]] = []
    call = in_process(conv1d)

    def listening(case: Case, recorded: bool) -> Any:
        asked.append((case.label, recorded))
        return call(case, recorded)

    right = EXERCISE.counts[0]
    wrong = dataclasses.replace(right, name="MACs, wrongly", bound=lambda c: right.bound(c) + (len(c.args[0]) > 1))
    for counts, recorded in [((right, right), ["1 and 1", "3 and 2", "5 and 3"]), ((wrong, wrong), ["1 and 1", "3 and 2"])]:
        asked.clear()
        judge(dataclasses.replace(EXERCISE, counts=counts), listening, 3)
        assert [label for label, traced in asked if traced] == recorded


def test_a_blank_a_crash_and_sys_exit_are_states_and_not_exceptions() -> None:
    def blank(a: Any, b: Any) -> Any:
        raise NotImplementedError("this blank is still empty")

    def leaves(a: Any, b: Any) -> Any:
        raise SystemExit(0)

    assert judge(EXERCISE, in_process(blank)).state == "missing"
    assert judge(EXERCISE, in_process(leaves)).state == "crashed"
    with pytest.raises(KeyboardInterrupt):
        judge(EXERCISE, in_process(lambda a, b: (_ for _ in ()).throw(KeyboardInterrupt)))


@pytest.mark.parametrize("broken", ["reference", "cases", "bound"])
def test_a_broken_exercise_is_no_verdict(broken: str) -> None:
    fails: Any = lambda *a: 1 / 0
    if broken == "bound":
        exercise = dataclasses.replace(EXERCISE, counts=(Count("MACs", lambda t: t.macs, fails, ""),))
    else:
        exercise = dataclasses.replace(EXERCISE, **{broken: fails})
    with pytest.raises(BrokenExercise, match="conv1d"):
        judge(exercise, in_process(conv1d))


ODD = {
    "nothing": (None, "return"),
    "NaN": (np.array([1.0, np.nan]), "NaN"),
    "infinity": (np.array([1.0, np.inf]), "inf"),
    "another shape": (np.ones((2, 1)), "want shape (2,), got (2, 1)"),
    "a number for an array": (3.0, "want shape (2,), got 3.0"),
    "a text": ("12", "want real numbers, got '12'"),
    "a dict": ({}, "real numbers"),
    "objects": (np.array([1, None], object), "dtype object"),
    "complex": (np.array([1 + 0j, 2]), "real numbers"),
    "masked": (np.ma.array([1.0, 2.0]), "masked"),
    "a set": ({1, 2}, "a set"),
    "something foreign": (Foreign("a torch.Tensor"), "torch.Tensor"),
    "ragged": ([[1], [1, 2]], "numbers"),
}


@pytest.mark.parametrize("what", ODD)
def test_every_odd_answer_has_its_own_sentence(what: str) -> None:
    got, words = ODD[what]
    assert words in difference(got, np.array([1.0, 2.0]), 1e-6)


def test_what_may_differ_and_what_may_not() -> None:
    want = np.array([1.0, 2.0])
    for right in ([1, 2], (1.0, 2.0), np.array([1, 2], np.float32), want.astype(">f8"), want[::-1][::-1], want * (1 + 1e-9)):
        assert difference(right, want, 1e-6) == ""
    assert "one number" in difference(np.array([3]), 3, 0)
    assert "fractions" in difference(3.5, 3, 0) and difference(3.0, 3, 0) == ""
    assert "2, and that" in difference(2, 3, 0)
    assert "in 'macs' you have" in difference({"macs": 4}, {"macs": 5}, 0)
    assert difference(["a", "b"], ["a", "b"], 0) == "" and difference(["a", "c"], ["a", "b"], 0)
