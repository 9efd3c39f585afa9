"""A student's own time: what a full machine keeps a kernel waiting for is not charged to the code that runs in it.

    watch = Watch(pid)          the process whose first thread runs the cells
    watch.look()                its own seconds so far; to be asked a few times a second

A limit in seconds says what a program may use, as on a machine that is its own. So three things do not count: time in
which the thread could run and every processor was busy with others (the kernel of the system keeps a record of it), time
in which it was given nothing to do, and time in which nobody looked. But waiting ends: after `PATIENCE` times its limit
anything is over, whatever it waited for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

SOURCE = "proc(5), /proc/pid/schedstat: time on a processor, time waiting for one"

PATIENCE = 10.0  # a limit is at most so many times longer on a busy machine
LOOK = 1.0  # seconds that one look can count: who looks less often was kept waiting himself


@dataclass(frozen=True)
class Reading:
    """A thread at one moment: the clock, its seconds on a processor, its seconds waiting for one; could it run just now?"""

    now: float
    ran: float = 0.0
    waited: float = 0.0
    could: bool = False


def reading(pid: int) -> Reading:
    """The first thread of a process; where the system does not tell, a thread that never waits."""
    now = time.monotonic()
    try:
        with open(f"/proc/{pid}/schedstat", "rb") as told, open(f"/proc/{pid}/stat", "rb") as more:
            ran, waited, _ = told.read().split()
            state = more.read().rpartition(b")")[2].split(None, 1)[0]
    except (OSError, ValueError, IndexError):
        return Reading(now)
    return Reading(now, int(ran) / 1e9, int(waited) / 1e9, state == b"R")


class Watch:
    """Counts the seconds of one process from the moment it is made. `read` is where the readings come from."""

    def __init__(self, pid: int, read: Callable[[int], Reading] = reading) -> None:
        self.pid, self.read, self.own = pid, read, 0.0
        self.last = read(pid)

    def look(self, counts: bool = True) -> float:
        """The process's own seconds until now; what passed since the last look is one of them only if it `counts`."""
        then, now = self.last, self.read(self.pid)
        passed, waited = now.now - then.now, max(0.0, now.waited - then.waited)
        if now.could and now.ran == then.ran:  # still in the queue: the record is written when it leaves it
            waited = passed
        self.own += min(max(passed - waited, passed / PATIENCE), LOOK) if counts else 0.0
        self.last = now
        return self.own
