"""The child process: reads jobs as lines of JSON, answers in lines of JSON; it may crash, hang or print, its parent does not mind.

parent:  {"task": "...", "config": [...], "seconds": 0.03, "lock": "/tmp/..."}
child:   {"phase": "built", "compile": 0.05}          and then
         {"cost": 0.0017, "spread": 0.02}  or  {"note": "incorrect: ..."}  or  {"note": "failed: ..."}
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

if TYPE_CHECKING:
    from course_lib.bench import Times

MEMORY = 4 << 30  # bytes a child may ask for


def end_with_parent() -> None:
    """A thread that ends this process when its parent is gone: a configuration that hangs would not notice the closed pipe."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def limit_memory() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        pass  # no such limits here


@contextlib.contextmanager
def alone(path: str) -> Iterator[None]:
    """While one child times, the others of its pool do not; they may compile."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def swept_times(call: Callable[[], object], seconds: float) -> Times:
    """Processor time of `call`, each after a sweep of the caches, as in a network; at least 7, and about `seconds` with the sweeps."""
    from course_lib.autotune.jobs import swept
    from course_lib.bench import Times

    call()
    taken: list[float] = []
    begun = time.thread_time()
    while len(taken) < 7 or (time.thread_time() - begun < seconds and len(taken) < 101):
        swept()
        start = time.thread_time()
        call()
        taken.append(time.thread_time() - start)
    return Times(("it",), np.array(taken)[:, None])


def measured(job: Any, order: dict[str, Any], say: Any) -> dict[str, Any]:
    """One configuration, from its values to its cost; every Python error is a sentence."""
    from course_lib.bench import NotEqual, timed

    config = tuple(tuple(v) if isinstance(v, list) else v for v in order["config"])
    try:
        if hasattr(job, "cost"):  # a simulated machine is not timed
            return {"cost": job.cost(config), "spread": 0.0}
        start = time.perf_counter()
        run = job.build(config)
        say({"phase": "built", "compile": time.perf_counter() - start})
        job.check(run())
        one = job.task.threads == 1
        with alone(order["lock"]):
            # one thread: time on the core, which other people's load does not lengthen
            call = getattr(run, "timed", run)
            times = swept_times(call, order["seconds"]) if one else timed({"it": call}, order["seconds"], job.task.threads, turns=(5, 101))
        return {"cost": times.seconds("it"), "spread": times.spread("it")}
    except NotEqual as error:
        return {"note": f"incorrect: {error}"}
    except MemoryError:
        return {"note": f"failed: more than {MEMORY >> 30} GiB of memory"}
    except Exception as error:  # whatever a configuration does, it is this trial's alone
        return {"note": f"failed: {type(error).__name__}: {error}"}


def main() -> None:
    end_with_parent()
    limit_memory()
    answers: TextIO = os.fdopen(os.dup(1), "w")  # what a kernel prints goes elsewhere
    os.dup2(2, 1)

    def say(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    from course_lib.autotune.tasks import task_from

    say({"phase": "ready"})
    text, job = "", None
    for line in sys.stdin:
        order = json.loads(line)
        try:
            if order["task"] != text:
                task = task_from(order["task"])
                module, _, name = task.of.partition(":")
                job = getattr(importlib.import_module(module), name)(task)
                text = order["task"]
        except Exception as error:
            text = ""
            say({"note": f"failed: {type(error).__name__}: {error}"})
            continue
        say(measured(job, order, say))


if __name__ == "__main__":
    main()
