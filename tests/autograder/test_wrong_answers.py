"""Every lab through the real grader: judged from outside the sandbox the solution earns all, the blank nothing, and each answer
of tests/wrong_answers loses the same points with the same hint as in the student's own notebook."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import jupytext
import nbformat
import nbformat.v4 as v4
import pytest

from autograder import manifest as manifests
from autograder.grading import release_of
from autograder.rebuild import defined, rebuild, tag
from autograder.run import run
from course_lib.exercises import LABS
from tests.labs.answers import HERE, with_memory, wrong

pytestmark = pytest.mark.sandbox
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("lab", list(LABS))
def test_the_solution_earns_all_the_blank_nothing_and_each_wrong_answer_loses_its_points_with_its_hint(lab: str) -> None:
    manifest = manifests.load(lab)
    release = release_of(manifest)
    solved = rebuild(nbformat.from_dict(jupytext.read(ROOT / "solutions" / lab / f"{manifest.notebook}.py")), release)
    cells, exercises, table = list(solved.notebook.cells), {}, {}
    intended: dict[str, tuple[str, str]] = {}

    def asked(of: str, name: str) -> None:
        """One more answer to the exercise `of`: the locked cell that checks it."""
        table[name] = {**manifest.exercises[of].parts, "packages": list(manifest.exercises[of].packages)}
        exercises[name] = dataclasses.replace(mine[of], name=name)
        locked = {"grade_id": f"check_{name}", "grade": True, "solution": False, "locked": True, "points": 1}
        cells.append(v4.new_code_cell(f'check("{name}", {name})', metadata={"nbgrader": locked}))

    mine = {name: with_memory(name) for name in LABS[lab]}
    for name in LABS[lab]:
        exercises[name], table[name] = mine[name], {**manifest.exercises[name].parts, "packages": list(manifest.exercises[name].packages)}
        blank = next(c["source"] for c in release.cells if tag(c).get("solution") and name in defined(c["source"]))
        written = {"grade_id": f"{name}_blank", "solution": True}
        cells.append(v4.new_code_cell(re.sub(rf"\b{name}\b", f"{name}_blank", blank), metadata={"nbgrader": written}))
        asked(name, f"{name}_blank")
    for name in LABS[lab]:
        answers = {f"{name}_{number}": answer for number, answer in enumerate(wrong(lab, name))}
        named = [f"{one} = {function.__name__}" for one, (function, _, _) in answers.items()]
        cells.append(v4.new_code_cell("\n".join([(HERE / lab / f"{name}.py").read_text(encoding="utf-8"), *named])))
        for one, (_, part, word) in answers.items():
            intended[one] = (part, word)
            asked(name, one)
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
