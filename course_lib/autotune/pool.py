"""Child processes that build, check and time configurations. A crash, a hang or a wrong result costs a trial, never the search.

    with Pool(workers=2) as pool:
        for i, outcome in pool.measure(task, configs): ...       as they are done

While one child times, the others compile.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..kernels.tuned import fingerprint
from ..shapes import whole
from .tasks import Task

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Outcome:
    """What came of a configuration: the median seconds, or None and a sentence why; the spread of the timings, seconds of compiling."""

    cost: float | None
    note: str = ""
    spread: float = 0.0
    compile: float = 0.0


@dataclass(frozen=True)
class Limits:
    """Seconds a child may take to begin, to build a configuration, to run and time it; seconds the timing aims at; noise allowed."""

    start: float = 60.0
    compile: float = 20.0
    run: float = 20.0
    timing: float = 0.03
    noise: float = 0.4


class Worker:
    """One child process, started when there is work and again after it died."""

    def __init__(self, limits: Limits, lock: str) -> None:
        self.limits, self.lock = limits, lock
        self.process: subprocess.Popen[str] | None = None
        self.overdue = ""

    def measure(self, task: Task, config: Sequence[Any]) -> Outcome:
        """One configuration; whatever happens to the child, an Outcome."""
        if self.process is None:
            if (problem := self.start()) is not None:
                return problem
        order = {"task": task.text, "config": list(config), "seconds": self.limits.timing, "lock": self.lock}
        try:
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
        except (BrokenPipeError, OSError):
            return self.died("starting")
        compiled = 0.0
        # making the arrays and the witness is part of the first build
        answer = self.answer(self.limits.compile, "compiling")
        if isinstance(answer, dict) and answer.get("phase") == "built":
            compiled = answer["compile"]
            answer = self.answer(self.limits.run, "running")
        if isinstance(answer, Outcome):
            return answer
        if answer.get("note"):
            return Outcome(None, answer["note"], compile=compiled)
        noisy = answer["spread"] > self.limits.noise
        return Outcome(answer["cost"], f"noise: spread {answer['spread']:.0%}" if noisy else "", answer["spread"], compiled)

    def start(self) -> Outcome | None:
        env = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), env.get("PYTHONPATH", "")]))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "course_lib.autotune.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=env,
        )
        answer = self.answer(self.limits.start, "starting")
        return answer if isinstance(answer, Outcome) else None

    def answer(self, seconds: float, doing: str) -> dict[str, Any] | Outcome:
        """The child's next line, or what to record where none comes within `seconds`."""

        def end() -> None:
            self.overdue = f"timeout: {doing} took more than {seconds:g} s"
            self.process.kill()

        watch = threading.Timer(seconds, end)
        watch.daemon = True
        watch.start()
        line = self.process.stdout.readline()
        watch.cancel()
        if not line.endswith("\n"):
            return self.died(doing)
        return json.loads(line)

    def died(self, doing: str) -> Outcome:
        """The child is gone: why, in a sentence."""
        code = self.process.wait()
        with contextlib.suppress(OSError):  # what it was sent and did not read
            self.process.stdin.close()
        self.process.stdout.close()
        self.process, overdue, self.overdue = None, self.overdue, ""
        if overdue:
            return Outcome(None, overdue)
        if code < 0:
            name = signal.Signals(-code).name
            hint = " (out of memory?)" if -code == signal.SIGKILL else ""
            return Outcome(None, f"failed: killed by {name}{hint} while {doing}")
        return Outcome(None, f"failed: the process ended with code {code} while {doing}")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.died("stopping")


LOCK = "course-timing-"  # a file in the temporary folder, one a pool, whose process it names: the pool's children time one after the other


def remove_locks_of_the_dead() -> None:
    """What a search that was killed has left in the temporary folder."""
    for path in Path(tempfile.gettempdir()).glob(f"{LOCK}[0-9]*-*"):
        with contextlib.suppress(OSError, ValueError):
            try:
                os.kill(int(path.name.removeprefix(LOCK).partition("-")[0]), 0)
            except ProcessLookupError:
                path.unlink()


class Pool:
    """`workers` children; use it in a `with`, which ends them."""

    def __init__(self, workers: int = 1, limits: Limits | None = None) -> None:
        self.count, self.limits, self.host = whole("workers", workers, 1), limits or Limits(), fingerprint()
        remove_locks_of_the_dead()
        handle, self.lock = tempfile.mkstemp(prefix=f"{LOCK}{os.getpid()}-")
        os.close(handle)
        self.workers = [Worker(self.limits, self.lock) for _ in range(self.count)]

    def measure(self, task: Task, configs: Sequence[Sequence[Any]]) -> Iterator[tuple[int, Outcome]]:
        """(number of the configuration, Outcome) as they are done."""
        todo: queue.Queue[tuple[int, Sequence[Any]]] = queue.Queue()
        done: queue.Queue[tuple[int, Outcome]] = queue.Queue()
        for item in enumerate(configs):
            todo.put(item)

        def work(worker: Worker) -> None:
            while True:
                try:
                    number, config = todo.get_nowait()
                except queue.Empty:
                    return
                try:
                    outcome = worker.measure(task, config)
                except Exception as error:  # the search must hear of it, or it would wait for ever
                    outcome = Outcome(None, f"failed: {type(error).__name__}: {error}")
                done.put((number, outcome))

        threads = [threading.Thread(target=work, args=(worker,), daemon=True) for worker in self.workers[: len(configs)]]
        for thread in threads:
            thread.start()
        for _ in configs:
            yield done.get()
        for thread in threads:
            thread.join()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.stop()
        Path(self.lock).unlink(missing_ok=True)
