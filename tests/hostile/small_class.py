"""A class that hands in the small lab, graded by the very steps of `course grade`, in a state folder of its own.

python -m tests.hostile.small_class STATE --students 12 --jobs 2       hand in (once), grade what is not graded yet
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

from autograder.commands.grade import grade_all, only_grader
from autograder.grading import Place
from autograder.sandbox import sweep
from autograder.submissions import find

from . import lab as small

KINDS = ({}, {"double": "def double(a): return a"}, {"shift": "def shift(a): return a + unknown"}, {"total": small.BLANKS["total"]})


def hand_in(root: Path, students: int) -> None:
    """So many students, every fourth with all right."""
    for number in range(students):
        folder = root / "submitted" / f"student-{number:03d}" / "small"
        if not folder.exists():
            folder.mkdir(parents=True)
            (folder / "small.ipynb").write_text(json.dumps(small.notebook(**KINDS[number % len(KINDS)])))


def grade(root: Path, jobs: int, again: bool = False, farm: str = "") -> int:
    """The exit code of grading the class."""
    lab, place = small.lab(), Place(root)
    try:
        submissions = find(root / "submitted", {"small": "small"}, "small")
        with only_grader(root):
            sweep()
            return grade_all(submissions, {"small": lab}, place, True, jobs, again, farm)
    finally:
        shutil.rmtree(lab.files, ignore_errors=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("state", type=Path)
    parser.add_argument("--students", type=int, default=12)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    hand_in(options.state, options.students)
    sys.exit(grade(options.state, options.jobs))
