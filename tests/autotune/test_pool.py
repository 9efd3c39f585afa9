"""Trials in child processes: whatever a configuration does, it is a record, and the next one is measured."""

import os
import tempfile
from dataclasses import replace

import pytest

from course_lib.autotune import Limits, Pool, Task
from course_lib.autotune.tasks import task_from
from course_lib.shapes import ConvShape, GemmShape

TASK = Task(GemmShape(1, 1, 1), of="tests.autotune.faults:Faults")
PATIENT = Limits(start=900, compile=900, run=900, timing=0.005)  # a busy machine is no failure of a trial
IMPATIENT = {  # what hangs does so for ever: there a short limit is met at any load
    "hangs": replace(PATIENT, run=0.2),
    "hangs in the compiler": replace(PATIENT, compile=0.2),
}

WHAT_IS_RECORDED = {
    "is fine": None,
    "raises": "failed: RuntimeError: no such instruction",
    "crashes": "failed: killed by SIGSEGV while running",
    "is killed": "failed: killed by SIGKILL (out of memory?) while running",
    "ends the process": "failed: the process ended with code 3 while running",
    "hangs": "timeout: running took more than 0.2 s",
    "hangs in the compiler": "timeout: compiling took more than 0.2 s",
    "is wrong": "incorrect: result: the results differ by",
    "asks for all memory": "failed: more than 4 GiB of memory",
    "is noisy": "noise: spread",
    "prints": None,
    "fails to import": "failed: KeyError: 'no_such_module'",
}


@pytest.fixture(scope="module")
def pool():
    with Pool(1, PATIENT) as pool:
        yield pool


@pytest.fixture(scope="module")
def outcomes(pool):
    """Every fault, each followed by a configuration that is fine, on one worker: the worst for its neighbours."""
    found, (worker,) = {}, pool.workers
    for word in WHAT_IS_RECORDED:
        worker.limits = IMPATIENT.get(word, PATIENT)
        ((_, outcome),) = pool.measure(TASK, [(word,)])
        worker.limits = PATIENT
        ((_, after),) = pool.measure(TASK, [("is fine",)])
        found[word] = outcome, after
    return found


@pytest.mark.parametrize("word", WHAT_IS_RECORDED)
def test_a_configuration_that(word, outcomes):
    outcome, after = outcomes[word]
    said = WHAT_IS_RECORDED[word]
    if said is None:  # a busy machine may add that it was noisy, and nothing else
        assert outcome.cost > 0 and (outcome.note == "" or outcome.note.startswith("noise: spread"))
    elif word == "is noisy":
        assert outcome.cost > 0 and outcome.note.startswith(said)
    else:
        assert outcome.cost is None and outcome.note.startswith(said)
    assert after.cost > 0, "the configuration after it was not measured"


def test_a_job_that_cannot_be_made_is_a_sentence(pool):
    ((_, outcome),) = pool.measure(Task(GemmShape(1, 1, 1), of="tests.autotune.faults:Nothing"), [("x",)])
    assert outcome.cost is None and "has no attribute 'Nothing'" in outcome.note


SHAPES = {
    "plain": ConvShape(N=1, C=8, H=9, W=9, K=16, R=3, S=3, pad=1),
    "all there is": ConvShape(N=2, C=8, H=9, W=11, K=8, R=3, S=2, stride=(1, 2), pad=((1, 0), (2, 1)), dilation=(2, 1), groups=4),
    "a product": GemmShape(3, 4, 5),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_task_is_its_text(name):
    task = Task(SHAPES[name], threads=2)
    assert task_from(task.text) == task
    assert Task(SHAPES[name], threads=1).text != task.text


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"what": "conv", "threads": 1, "kind": "plans", "of": "x"}'])
def test_a_text_that_is_no_task_is_refused(text):
    with pytest.raises(ValueError, match="this is none"):
        task_from(text)


def test_a_task_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="want a ConvShape or a GemmShape, got 3"):
        Task(3)
    with pytest.raises(ValueError, match="want one of plans, schedules, simulated, got 'dreams'"):
        Task(GemmShape(1, 1, 1), kind="dreams")
    with pytest.raises(ValueError, match="threads: want at least 1"):
        Task(GemmShape(1, 1, 1), threads=0)


def test_a_pool_removes_the_lock_that_a_killed_search_left_and_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    others = {f"course-timing-{os.getpid()}-mine", "course-timing-farm", "course-timing-12x-odd"}
    for name in (f"course-timing-{2**22 + 1}-dead", *others):
        (tmp_path / name).touch()
    with Pool(1) as one:
        assert {path.name for path in tmp_path.iterdir()} == others | {os.path.basename(one.lock)}
    assert {path.name for path in tmp_path.iterdir()} == others
