"""Seconds are the student's own: what a full machine keeps a kernel waiting for costs nobody a verdict, and no wait is for ever."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterable
from typing import Any

import pytest

from autograder.watch import LOOK, PATIENCE, Reading, Watch, reading
from course_lib import wire
from course_lib.exercises.exercise import Case


def own(readings: Iterable[Reading]) -> float:
    """What a watch says at the last of the readings."""
    first, *rest = readings
    line = iter([first, *rest])
    watch = Watch(0, lambda pid: next(line))
    return [watch.look() for _ in rest][-1]


def every(step: float, seconds: float, ran: float, waited: float, could: bool) -> list[Reading]:
    """A thread that of each second runs and waits so much."""
    return [Reading(i * step, i * step * ran, i * step * waited, could) for i in range(round(seconds / step) + 1)]


LIVES = {
    "computes alone": (1.0, 0.0, True, 20.0),
    "sleeps": (0.0, 0.0, False, 20.0),
    "computes, and half of the time another has the processor": (0.5, 0.5, True, 10.0),
    "computes a fifth of the time, sleeps a fifth, waits for the rest": (0.2, 0.6, True, 8.0),
    "gets next to nothing": (0.01, 0.99, True, 20 / PATIENCE),
}


@pytest.mark.parametrize("life", LIVES)
def test_only_what_a_thread_does_or_sleeps_counts_and_a_tenth_of_all_else(life: str) -> None:
    ran, waited, could, seconds = LIVES[life]
    assert own(every(0.1, 20, ran, waited, could)) == pytest.approx(seconds)


def test_a_wait_that_has_not_ended_is_one_already() -> None:
    """The system writes a wait down when it is over; until then the thread could run, and does not."""
    queue = [Reading(i / 10, 1.0, 0.0, could=True) for i in range(51)]
    assert own(queue) == pytest.approx(5 / PATIENCE)
    then = [*queue, Reading(5.1, 1.1, 4.9, could=True), Reading(6.1, 2.1, 4.9, could=True)]
    assert own(then) == pytest.approx(5 / PATIENCE + 0.1 / PATIENCE + 1.0)


def test_time_in_which_nobody_looked_does_not_count() -> None:
    assert own([Reading(0.0), Reading(100.0, 100.0)]) == LOOK


def test_what_passed_while_the_desk_judged_does_not_count() -> None:
    line = iter(every(0.5, 2, 0, 0, could=False))
    watch = Watch(0, lambda pid: next(line))
    assert [watch.look(counts) for counts in (True, False, False, True)] == [0.5, 0.5, 0.5, 1.0]


def test_the_system_says_what_a_process_has_done() -> None:
    mine = reading(os.getpid())
    if mine.ran == 0:
        pytest.skip("this system keeps no record of who waits for a processor")
    sum(range(300_000))
    later = reading(os.getpid())
    assert later.now > mine.now and later.ran > mine.ran and later.waited >= mine.waited and later.could


def test_a_process_that_is_gone_is_one_that_never_waits() -> None:
    gone = reading(2**22 + 1)
    assert (gone.ran, gone.waited, gone.could) == (0.0, 0.0, False)


def answered(clock: Any, late: float) -> Any:
    """What the grader makes of a function that answers after so many real seconds, by this clock, with 0.3 s allowed."""
    ours, theirs = socket.socketpair()

    def client() -> None:
        channel = wire.Channel(theirs)
        channel.receive()
        threading.Event().wait(late)
        channel.send({"state": "ok", "value": 3, "changed": ()})

    thread = threading.Thread(target=client)
    thread.start()
    caller = wire.Caller(wire.Channel(ours, clock=clock), 0.3)
    answer = caller(Case((1,)), False)
    thread.join()
    ours.close()
    theirs.close()
    return answer, caller.spent


def test_a_call_is_late_by_its_own_clock_alone() -> None:
    standing, fast = iter(range(10**6)), iter(range(10**6))
    answer, spent = answered(lambda: next(standing) / 1e4, 0.6)  # twice the limit on the wall, next to nothing of its own
    assert (answer.state, answer.value) == ("ok", 3) and spent < 0.3
    answer, spent = answered(lambda: next(fast) / 10, 0.6)
    assert answer.state == "timeout" and "0.3 s" in answer.message and spent >= 0.3
