"""Ways around an exercise are listed for a person; honest solutions are not."""

from __future__ import annotations

from pathlib import Path

import nbformat.v4 as v4
import pytest

from autograder.flags import flags

SOLUTIONS = sorted((Path(__file__).resolve().parents[2] / "solutions").glob("*/*.py"))


def found(source: str, watched: str = "f") -> list[str]:
    cell = v4.new_code_cell(source, metadata={"nbgrader": {"solution": True, "grade_id": "f"}})
    return flags(v4.new_notebook(cells=[cell]), {watched: None})


@pytest.mark.parametrize(
    "body", ["a @ b", "np.einsum('ij,jk', a, b)", "a.dot(b)", "torch.nn.functional.conv2d(a, b)", "eval('a')", "__import__('os')"]
)
def test_a_way_around_is_listed_with_its_line(body: str) -> None:
    assert found(f"def f(a, b):\n    return {body}")[0].startswith("f, line 2: `")


def test_honest_words_are_not() -> None:
    assert found("import re\ndef f(a, model):\n    model.eval()\n    return re.compile('x'), a * 2") == []
    assert found("def g(a, b):\n    return a @ b", watched="f") == []


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda p: p.stem)
def test_no_solution_is_flagged(path: Path) -> None:
    import jupytext

    from course_lib.exercises import EXERCISES

    assert flags(jupytext.read(path), {name: e for name, e in EXERCISES.items() if e.counts}) == []
