"""A toy lab of four small exercises, graded as a real one is: its notebook, its manifest, and a run in the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import nbformat.v4 as v4
import numpy as np
import pytest

from course_lib.exercises.exercise import Case, Exercise, Misconception

NAMES = ("double", "shift", "total", "flip")


def toy_exercises() -> dict[str, Exercise]:
    def cases(rng: np.random.Generator) -> list[Case]:
        return [Case((rng.normal(size=shape),), label=f"{shape[0]}x{shape[1]}") for shape in ((1, 2), (3, 2), (5, 7))]

    right = {"double": lambda a: 2 * a, "shift": lambda a: a + 1, "total": lambda a: float(a.sum()), "flip": lambda a: a[::-1].copy()}
    ideas = (
        Misconception("nothing is done", lambda a: a, "Look again at what is to be done."),
        Misconception("squared", lambda a: a * a, "Twice, not squared."),
    )
    return {
        name: Exercise(name, right[name], cases, ideas, tolerance=1e-9, hint="Try it on paper.", slide="01_intro#toy") for name in NAMES
    }


SOLUTIONS = {
    "double": "def double(a):\n    return 2 * a",
    "shift": "def shift(a):\n    return a + 1",
    "total": "def total(a):\n    return float(a.sum())",
    "flip": "def flip(a):\n    return a[::-1].copy()",
}


def toy_notebook(**cells: str) -> Any:
    """The toy lab with the solutions, or with what is given in their place; `setup` is added to the first cell."""
    first = "import numpy as np\nfrom course_lib.check import check, predict\n" + cells.get("setup", "")
    out = [v4.new_markdown_cell("# Toy lab"), v4.new_code_cell(first)]
    for name in NAMES:
        answer = {"grade_id": name, "solution": True, "grade": False, "locked": False, "schema_version": 3, "task": False}
        test = {
            "grade_id": f"check_{name}",
            "solution": False,
            "grade": True,
            "locked": True,
            "points": 2,
            "schema_version": 3,
            "task": False,
        }
        out.append(v4.new_code_cell(cells.get(name, SOLUTIONS[name]), metadata={"nbgrader": answer}, id=f"answer-{name}"))
        out.append(v4.new_code_cell(f'check("{name}", {name})', metadata={"nbgrader": test}, id=f"test-{name}"))
    question = {"grade_id": "why", "solution": True, "grade": True, "locked": False, "points": 3, "schema_version": 3, "task": False}
    out.append(v4.new_markdown_cell(cells.get("why", "*Your answer here.*"), metadata={"nbgrader": question}, id="answer-why"))
    return v4.new_notebook(cells=out)


@pytest.fixture(scope="session")
def toy() -> SimpleNamespace:
    """exercises, manifest, notebook(**cells), blank, run(**cells) -> Outcome."""
    from autograder import manifest as manifests
    from autograder.run import run

    exercises = toy_exercises()
    limits = {"call_seconds": 1.5, "exercise_seconds": 4, "cell_seconds": 2, "notebook_seconds": 40, "memory_mb": 1500}
    table = {
        "notebook": "toy", "limits": limits,
        "exercise": {name: {"values": 2} for name in NAMES}, "question": {"why": {"points": 3}},
    }  # fmt: skip
    manifest = manifests.read("toy", table, "toy.toml")
    blank = toy_notebook(**{name: f"def {name}(a):\n    # your code here\n    raise NotImplementedError" for name in NAMES})

    def go(**cells: str) -> Any:
        return run(toy_notebook(**cells), manifest, exercises, dict.fromkeys(NAMES, 7))

    return SimpleNamespace(exercises=exercises, manifest=manifest, notebook=toy_notebook, blank=blank, run=go)


@pytest.fixture
def states() -> Callable[[Any], dict[str, str]]:
    return lambda outcome: {name: verdict.state for name, verdict in outcome.verdicts.items()}
