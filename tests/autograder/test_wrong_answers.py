"""Every wrong answer of tests/wrong_answers, through the real grader: judged from outside the sandbox it loses the same points
with the same hint as in the student's own notebook."""

from __future__ import annotations

import dataclasses
import importlib.util
from pathlib import Path
from typing import Any

import nbformat.v4 as v4
import pytest

from autograder import manifest as manifests
from autograder.run import run
from course_lib.exercises import EXERCISES, LABS

pytestmark = pytest.mark.sandbox
HERE = Path(__file__).parent.parent / "wrong_answers"


def wrong(lab: str, name: str) -> list[tuple[Any, str, str]]:
    spec = importlib.util.spec_from_file_location(f"wrong_{name}", HERE / lab / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(module.WRONG)


@pytest.mark.parametrize("lab", list(LABS))
def test_every_wrong_answer_loses_its_points_with_its_hint_in_the_sandbox_too(lab: str) -> None:
    manifest = manifests.load(lab)
    cells, exercises, table, intended = [], {}, {}, {}
    for name in LABS[lab]:
        cells.append(v4.new_code_cell((HERE / lab / f"{name}.py").read_text(encoding="utf-8")))
        for number, (function, part, word) in enumerate(wrong(lab, name)):
            mine = f"{name}_{number}"
            exercises[mine] = dataclasses.replace(EXERCISES[name], name=mine)
            table[mine] = {"values": 1, "packages": list(manifest.exercises[name].packages)}
            intended[mine] = (part, word)
            cells.append(v4.new_code_cell(f"{mine} = {function.__name__}", metadata={"nbgrader": {"grade_id": mine, "solution": True}}))
            locked = {"grade_id": f"check_{mine}", "grade": True, "solution": False, "locked": True, "points": 1}
            cells.append(v4.new_code_cell(f'check("{mine}", {mine})', metadata={"nbgrader": locked}))
    limits = {"notebook_seconds": 300}
    many = manifests.read("many", {"notebook": "many", "shown": list(manifest.shown), "limits": limits, "exercise": table}, "many.toml")
    outcome = run(v4.new_notebook(cells=cells), many, exercises, dict.fromkeys(exercises, 20))
    astray = []
    for mine, (part, word) in intended.items():
        verdict = outcome.verdicts[mine]
        lost = [p.name for p in verdict.parts if not p.passed]
        if not lost or lost[0] != part or word not in verdict.hint:
            astray.append((mine, lost, verdict.message, verdict.hint))
    assert len(intended) >= 5 * len(LABS[lab]) and astray == []
