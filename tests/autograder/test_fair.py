"""Each student's own cases: all can be solved, and nobody's cost more than another's; the same student gets the same."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.run import seed_of, seeds_of
from course_lib.exercises import EXERCISES
from course_lib.exercises.exercise import SPREAD, cost_of, fair, in_process, judge, usual_cost

IDS = [f"student-{i}" for i in range(12)]  # `benchmarks/grading.py fair` asks for as many as one likes


@pytest.mark.parametrize("name", list(EXERCISES))
def test_every_students_cases_cost_the_same_within_five_percent(name: str) -> None:
    exercise = EXERCISES[name]
    costs = [cost_of(exercise, seeds_of(b"secret", student, {name: exercise})[name]) for student in IDS]
    assert max(costs) - min(costs) <= 0.05 * max(min(costs), 1)
    assert abs(np.median(costs) - usual_cost(exercise)) <= SPREAD * max(usual_cost(exercise), 1)


def test_a_seed_is_the_students_own_and_always_the_same() -> None:
    exercise = {"im2col": EXERCISES["im2col"]}
    seeds = {student: seeds_of(b"secret", student, exercise)["im2col"] for student in IDS}
    assert len(set(seeds.values())) == len(IDS) and seeds == {s: seeds_of(b"secret", s, exercise)["im2col"] for s in IDS}
    assert seeds["student-0"] != seeds_of(b"another", "student-0", exercise)["im2col"]
    assert seed_of(b"secret", "a", "b") != seed_of(b"secret", "a", "b", 1)


def test_the_reference_solves_what_any_student_gets() -> None:
    for name in ("im2col", "conv2d_direct", "conv1d_ws"):
        exercise = EXERCISES[name]
        for student in IDS[:3]:
            verdict = judge(exercise, in_process(exercise.reference), seeds_of(b"s", student, {name: exercise})[name])
            assert verdict.parts[0].passed, (name, student, verdict.message)


def test_where_no_seed_is_near_the_nearest_is_taken() -> None:
    import dataclasses

    wild = dataclasses.replace(EXERCISES["psum_share"], cost=lambda case: 100.0)
    assert fair(wild, [5, 6]) == 5
