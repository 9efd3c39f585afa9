"""The small lab that all hostile submissions are handed in for: three easy functions, and a loop whose counts are points too."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat.v4 as v4
import numpy as np

from autograder import manifest as manifests
from autograder.grading import Lab
from course_lib.exercises.exercise import Case, Count, Exercise, Misconception

NAMES = ("double", "shift", "total", "conv1d")
POINTS = {"double": 2, "shift": 2, "total": 2, "conv1d": 4}
SEED = 7


def arrays(rng: np.random.Generator) -> list[Case]:
    return [Case((rng.normal(size=shape),), label=f"{shape[0]}x{shape[1]}") for shape in ((1, 2), (3, 2), (5, 7))]


def pairs(rng: np.random.Generator) -> list[Case]:
    return [Case((rng.normal(size=n), rng.normal(size=s)), label=f"{n} and {s}") for n, s in ((3, 2), (6, 3), (9, 4))]


def correlate(ia: Any, wt: Any) -> Any:
    return np.correlate(ia, wt, "valid")


def taps(case: Case) -> int:
    return (len(case.args[0]) - len(case.args[1]) + 1) * len(case.args[1])


IDEA = (Misconception("nothing is done", lambda a: a, "Look again at what is to be done."),)
EXERCISES = {
    "double": Exercise("double", lambda a: 2 * a, arrays, IDEA, tolerance=1e-9, hint="Try it on paper.", slide="01_intro#toy"),
    "shift": Exercise("shift", lambda a: a + 1, arrays, IDEA, tolerance=1e-9, hint="Try it on paper."),
    "total": Exercise("total", lambda a: float(a.sum()), arrays, tolerance=1e-9, hint="Try it on paper."),
    "conv1d": Exercise(
        "conv1d", correlate, pairs, tolerance=1e-9, hint="Try it on paper.",
        counts=(
            Count("MACs", lambda trace: trace.macs, taps, "One for each tap of each output."),
            Count("loads of W", lambda trace: trace.loads("W"), taps, "The innermost loop loads it each time."),
        ),
    ),
}  # fmt: skip
SOLUTIONS = {
    "double": "def double(a):\n    return 2 * a",
    "shift": "def shift(a):\n    return a + 1",
    "total": "def total(a):\n    return float(a.sum())",
    "conv1d": (
        "def conv1d(ia, wt):\n    oa = np.zeros(len(ia) - len(wt) + 1)\n    for q in range(len(oa)):\n"
        "        for s in range(len(wt)):\n            oa[q] += ia[q + s] * wt[s]\n    return oa"
    ),
}
BLANKS = {
    "double": "def double(a):\n    # your code here\n    raise NotImplementedError",
    "shift": "def shift(a):\n    # your code here\n    raise NotImplementedError",
    "total": "def total(a):\n    # your code here\n    raise NotImplementedError",
    "conv1d": "def conv1d(ia, wt):\n    # your code here\n    raise NotImplementedError",
}
PARTS: Mapping[str, Mapping[str, float]] = {
    "double": {"values": 2}, "shift": {"values": 2}, "total": {"values": 2}, "conv1d": {"values": 2, "MACs": 1, "loads of W": 1},
}  # fmt: skip
LIMITS = {
    "call_seconds": 1.5,
    "exercise_seconds": 4,
    "cell_seconds": 3,
    "notebook_seconds": 60,
    "memory_mb": 1500,
    "file_mb": 16,
    "processes": 250,
}


def notebook(setup: str = "", **cells: str) -> Any:
    """The lab with its solutions, or with what is given in their place; `setup` is added to the first cell."""
    out = [v4.new_markdown_cell("# A small lab"), v4.new_code_cell(f"import numpy as np\nfrom course_lib.check import check\n{setup}")]
    for name in NAMES:
        answer = {"grade_id": name, "solution": True, "grade": False, "locked": False, "schema_version": 3, "task": False}
        test = {"grade_id": f"check_{name}", "solution": False, "grade": True, "locked": True, "points": POINTS[name]}
        out.append(v4.new_code_cell(cells.get(name, SOLUTIONS[name]), metadata={"nbgrader": answer}, id=f"answer-{name}"))
        out.append(v4.new_code_cell(f'check("{name}", {name})', metadata={"nbgrader": {**test, "schema_version": 3}}, id=f"test-{name}"))
    return v4.new_notebook(cells=out)


def lab() -> Lab:
    """The lab ready to be graded; its folder is empty."""
    table = {"notebook": "small", "limits": LIMITS, "exercise": {name: dict(PARTS[name]) for name in NAMES}}
    manifest = manifests.read("small", table, "small.toml")
    return Lab(manifest, notebook(**BLANKS), Path(tempfile.mkdtemp(prefix="course-small-")), EXERCISES, "small")


def seeds() -> dict[str, int]:
    return dict.fromkeys(NAMES, SEED)


Changed = Callable[[Any], Any]
