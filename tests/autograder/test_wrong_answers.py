"""Every lab through the real grader: judged from outside the sandbox the solution earns all, the blank nothing, and each answer
of tests/wrong_answers loses the same points with the same hint as in the student's own notebook."""

from __future__ import annotations

import copy
import dataclasses
import functools
import importlib.util
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import nbformat.v4 as v4
import pytest

from autograder import manifest as manifests
from autograder.grading import release_of
from autograder.rebuild import defined, rebuild, tag
from autograder.run import run
from course_lib.exercises import EXERCISES, LABS

pytestmark = pytest.mark.sandbox
ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "wrong_answers"


def wrong(lab: str, name: str) -> list[tuple[Any, str, str]]:
    spec = importlib.util.spec_from_file_location(f"wrong_{name}", HERE / lab / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(module.WRONG)


def remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, run once for each input: all answers of an exercise meet the same cases."""
    known: dict[bytes, Any] = {}

    @functools.wraps(function)
    def asked(*args: Any, **kwargs: Any) -> Any:
        try:
            key = pickle.dumps((args, kwargs))
        except Exception:  # what was made for one call alone
            return function(*args, **kwargs)
        if key not in known:
            try:
                known[key] = function(*args, **kwargs)
            except Exception as error:
                known[key] = error
        if isinstance(known[key], Exception):
            raise known[key]
        return copy.deepcopy(known[key])

    return asked


@pytest.mark.parametrize("lab", list(LABS))
def test_the_solution_earns_all_the_blank_nothing_and_each_wrong_answer_loses_its_points_with_its_hint(lab: str) -> None:
    manifest = manifests.load(lab)
    release = release_of(manifest)
    solved = rebuild(nbformat.from_dict(jupytext.read(ROOT / "solutions" / lab / f"{manifest.notebook}.py")), release)
    cells, exercises, table = list(solved.notebook.cells), {}, {}
    intended: dict[str, tuple[str, str]] = {}

    def asked(of: str, name: str, source: str) -> None:
        """One more answer to the exercise `of`, and the locked cell that checks it."""
        table[name] = {**manifest.exercises[of].parts, "packages": list(manifest.exercises[of].packages)}
        exercises[name] = dataclasses.replace(mine[of], name=name)
        cells.append(v4.new_code_cell(source, metadata={"nbgrader": {"grade_id": name, "solution": True}}))
        locked = {"grade_id": f"check_{name}", "grade": True, "solution": False, "locked": True, "points": 1}
        cells.append(v4.new_code_cell(f'check("{name}", {name})', metadata={"nbgrader": locked}))

    mine = {}
    for name in LABS[lab]:
        ideas = tuple(dataclasses.replace(idea, function=remembered(idea.function)) for idea in EXERCISES[name].misconceptions)
        mine[name] = dataclasses.replace(EXERCISES[name], reference=remembered(EXERCISES[name].reference), misconceptions=ideas)
        exercises[name], table[name] = mine[name], {**manifest.exercises[name].parts, "packages": list(manifest.exercises[name].packages)}
        blank = next(c["source"] for c in release.cells if tag(c).get("solution") and name in defined(c["source"]))
        asked(name, f"{name}_blank", re.sub(rf"\b{name}\b", f"{name}_blank", blank))
    for name in LABS[lab]:
        cells.append(v4.new_code_cell((HERE / lab / f"{name}.py").read_text(encoding="utf-8")))
        for number, (function, part, word) in enumerate(wrong(lab, name)):
            intended[f"{name}_{number}"] = (part, word)
            asked(name, f"{name}_{number}", f"{name}_{number} = {function.__name__}")
    head = {"notebook": "many", "shown": list(manifest.shown), "skip": list(manifest.skip), "limits": {"notebook_seconds": 300}}
    many = manifests.read("many", {**head, "exercise": table}, "many.toml")
    notebook = v4.new_notebook(cells=cells)
    verdicts = run(notebook, many, exercises, dict.fromkeys(exercises, 20), ROOT / "labs" / lab, True, solved.unchanged).verdicts
    assert {name: verdicts[name].message for name in LABS[lab] if not verdicts[name].passed} == {}
    assert {verdicts[f"{name}_blank"].state for name in LABS[lab]} == {"missing"}
    astray = []
    for name, (part, word) in intended.items():
        lost = [p.name for p in verdicts[name].parts if not p.passed]
        if not lost or lost[0] != part or word not in verdicts[name].hint:
            astray.append((name, lost, verdicts[name].message, verdicts[name].hint))
    assert len(intended) >= 5 * len(LABS[lab]) and astray == []
