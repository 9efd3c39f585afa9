"""Kill a grader again and again at random moments, let the next one go on, and hold ledger and gradebook against each other.

python -m tests.hostile.killing --times 50
"""

from __future__ import annotations

import argparse
import glob
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from autograder import gradebook
from autograder.grading import Place
from autograder.sandbox import SHORT

from . import lab as small

ROOT = Path(__file__).resolve().parents[2]


def start(state: Path, students: int) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "tests.hostile.small_class", str(state), "--students", str(students)]
    (state / "tmp").mkdir(exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(state / "tmp")}
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)


def kill_at_random(state: Path, students: int, times: int, seed: int) -> dict[str, Any]:
    """Kill the grader so often, then let it finish -> what was found of the class, and what was not as it should be.

    One kill in three comes while it is starting; the others a random moment after it has written down one or two more.
    """
    rng, ledger = random.Random(seed), state / "ledger.jsonl"
    written = lambda: ledger.read_bytes().count(b"\n") if ledger.exists() else 0
    graders = []
    for number in range(times):
        process, before = start(state, students), written()
        graders.append(process.pid)
        if number % 3 == 2:
            time.sleep(rng.uniform(0.2, 3.0))
        else:
            more = rng.randint(0 if number else 1, 2)
            while process.poll() is None and written() < before + more:
                time.sleep(0.01)
            time.sleep(rng.uniform(0.0, 0.5))
        process.kill()
        process.wait()
    last = start(state, students)
    code = last.wait()
    return found(state, students, [*graders, last.pid]) | {"killed": times, "code": code}


def found(state: Path, students: int, graders: Collection[int] = ()) -> dict[str, Any]:
    """How ledger, gradebook and the machine look now."""
    place, lab = Place(state), small.lab()
    lab.files.rmdir()
    latest = {student: record for (student, _), record in place.ledger.latest("small").items()}
    with gradebook.opened(place.gradebook_url) as book:
        differing = gradebook.differing(book, lab, latest)
    end = time.monotonic() + 30
    while running(state) and time.monotonic() < end:  # a kernel whose grader is gone ends as soon as it is let
        time.sleep(0.2)
    owners = [int(Path(f).read_text()) for where in {SHORT, f"{state}/tmp"} for f in glob.glob(f"{where}/course-grader-*/owner")]
    mine = [owner for owner in owners if owner in graders]
    return {"students": len(latest), "missing": students - len(latest), "differing": differing, "left in /tmp": len(mine),
            "left running": len(running(state))}  # fmt: skip


def running(state: Path) -> list[int]:
    """Whatever still runs of this class's graders: their boxes show a folder of course_lib that lies beneath `state`."""
    out = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        out += [int(path.name)] * any(word.startswith(os.fsencode(state) + b"/") for word in words)
    return out


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="course-killed-") as folder:
        said = kill_at_random(Path(folder), options.students, options.times, options.seed)
    print(", ".join(f"{key}: {value}" for key, value in said.items()))
    sys.exit(bool(said["missing"] or said["differing"] or said["left in /tmp"] or said["left running"] or said["code"]))
