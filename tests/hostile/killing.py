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
from pathlib import Path
from typing import Any

from autograder import gradebook
from autograder.grading import Place

from . import lab as small

ROOT = Path(__file__).resolve().parents[2]


def start(state: Path, students: int) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "tests.hostile.small_class", str(state), "--students", str(students)]
    return subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )


def kill_at_random(state: Path, students: int, times: int, seed: int) -> dict[str, Any]:
    """Kill the grader so often, then let it finish -> what was found of the class, and what was not as it should be.

    One kill in three comes while it is starting; the others a random moment after it has written down one or two more.
    """
    rng, ledger = random.Random(seed), state / "ledger.jsonl"
    written = lambda: ledger.read_bytes().count(b"\n") if ledger.exists() else 0
    for number in range(times):
        process, before = start(state, students), written()
        if number % 3 == 2:
            time.sleep(rng.uniform(0.2, 3.0))
        else:
            more = rng.randint(0 if number else 1, 2)
            while process.poll() is None and written() < before + more:
                time.sleep(0.01)
            time.sleep(rng.uniform(0.0, 0.5))
        process.kill()
        process.wait()
    code = start(state, students).wait()
    return found(state, students) | {"killed": times, "code": code}


def found(state: Path, students: int) -> dict[str, Any]:
    """How ledger, gradebook and the machine look now."""
    place, lab = Place(state), small.lab()
    lab.files.rmdir()
    latest = {student: record for (student, _), record in place.ledger.latest("small").items()}
    with gradebook.opened(place.gradebook_url) as book:
        differing = gradebook.differing(book, lab, latest)
    time.sleep(0.5)
    mine = [f for f in glob.glob(f"{tempfile.gettempdir()}/course-grader-*/owner") if not Path(f"/proc/{Path(f).read_text()}").exists()]
    return {"students": len(latest), "missing": students - len(latest), "differing": differing, "left in /tmp": len(mine)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="course-killed-") as folder:
        said = kill_at_random(Path(folder), options.students, options.times, options.seed)
    print(", ".join(f"{key}: {value}" for key, value in said.items()))
    sys.exit(bool(said["missing"] or said["differing"] or said["left in /tmp"] or said["code"]))
