"""Wrong answers as students give them lose the points they should, and the hint names the idea behind them.

Here with the public cases, as in a student's notebook; tests/autograder/test_wrong_answers.py has the grader judge them by its own.
"""

import time

import numpy as np
import pytest

from course_lib.exercises import EXERCISES, LABS, judge
from course_lib.exercises.exercise import PUBLIC_SEED, in_process
from tests.labs.answers import with_memory, wrong

NAMES = [(lab, name) for lab, names in LABS.items() for name in names]


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Networks of a few numbers run fastest on one thread, above all where other work goes on."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


ANSWERS = [pytest.param(name, *answer, id=f"{name}-{answer[0].__name__}") for lab, name in NAMES for answer in wrong(lab, name)]


@pytest.mark.parametrize(("lab", "name"), NAMES)
def test_every_exercise_has_at_least_five_wrong_answers(lab, name):
    assert len({function for function, _, _ in wrong(lab, name)}) >= 5


@pytest.mark.parametrize(("name", "function", "part", "word"), ANSWERS)
def test_a_wrong_answer_loses_the_intended_points_with_the_intended_hint(name, function, part, word):
    verdict = judge(with_memory(name), in_process(function), PUBLIC_SEED)
    lost = [p.name for p in verdict.parts if not p.passed]
    assert lost and lost[0] == part
    assert verdict.message
    assert word in verdict.hint, f"{verdict.misconception}: {verdict.hint} ({verdict.message})"
    assert verdict.slide


@pytest.mark.parametrize("name", list(EXERCISES))
def test_every_misconception_is_recognised_as_itself(name):
    exercise = with_memory(name)
    for idea in exercise.misconceptions:
        for seed in (PUBLIC_SEED, 11):
            verdict = judge(exercise, in_process(idea.function), seed)
            assert verdict.misconception == idea.name, (idea.name, verdict.message)
            assert verdict.hint == idea.hint and not verdict.passed


@pytest.mark.parametrize("name", list(EXERCISES))
def test_the_hints_name_the_idea_and_do_not_give_the_answer_away(name):
    exercise = EXERCISES[name]
    assert len(exercise.misconceptions) >= 5 or exercise.praise  # a guess is neither right nor wrong
    assert len({idea.name for idea in exercise.misconceptions}) == len(exercise.misconceptions)
    for idea in exercise.misconceptions:
        assert 20 < len(idea.hint) < 300 and idea.hint[0].isupper() and idea.hint[-1] in ".?)"
        assert idea.slide.count("#") == 1


@pytest.mark.parametrize("name", list(EXERCISES))
def test_a_wrong_answer_is_told_within_two_seconds(name):
    exercise = EXERCISES[name]
    judge(exercise, in_process(exercise.reference))  # the first use of torch is not the check's time
    for answer in [exercise.reference, *(idea.function for idea in exercise.misconceptions[:2])]:
        began = time.process_time()
        judge(exercise, in_process(answer))
        assert time.process_time() - began < 2 * 2  # twice the bar: two cores, and other work on them


@pytest.mark.parametrize("name", list(EXERCISES))
def test_the_cases_of_one_seed_are_always_the_same_and_begin_small(name):
    def cases(seed):
        return [(c.args, dict(c.kwargs), c.label) for c in EXERCISES[name].cases(np.random.default_rng(seed))]

    def text(value):
        return repr([(a.shape, a.tolist()) if isinstance(a, np.ndarray) else a for args, _, _ in value for a in args])

    assert text(cases(3)) == text(cases(3))
    assert all(label for *_, label in cases(3))
    sizes = [sum(a.size for a in args if isinstance(a, np.ndarray)) for args, _, _ in cases(3)]
    assert sizes[0] <= np.median(sizes)
