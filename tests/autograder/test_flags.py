"""Ways around an exercise are listed for a person; honest solutions are not."""

from __future__ import annotations

from pathlib import Path

import nbformat.v4 as v4
import pytest

from autograder.flags import flags

SOLUTIONS = sorted((Path(__file__).resolve().parents[2] / "solutions").glob("*/*.py"))


def found(source: str, watched: str = "f", own: str = "", ready: dict[str, tuple[str, ...]] | None = None) -> list[str]:
    cell = v4.new_code_cell(source, metadata={"nbgrader": {"solution": True, "grade_id": "f"}})
    return flags(v4.new_notebook(cells=[v4.new_code_cell(own), cell]), {watched}, ready)


@pytest.mark.parametrize(
    "body", ["a @ b", "np.einsum('ij,jk', a, b)", "a.dot(b)", "torch.nn.functional.conv2d(a, b)", "eval('a')", "__import__('os')"]
)
def test_a_way_around_is_listed_with_its_line(body: str) -> None:
    assert found(f"def f(a, b):\n    return {body}")[0].startswith("f, line 2: `")


def test_honest_words_are_not() -> None:
    assert found("import re\ndef f(a, model):\n    model.eval()\n    return re.compile('x'), a * 2") == []
    assert found("def g(a, b):\n    return a @ b", watched="f") == []


READY = {"f": ("ConvShape", "P", "Q")}


@pytest.mark.parametrize(
    ("source", "own"),
    [
        ("def f(h, r):\n    return ConvShape(1, 1, h, h, 1, r, r).P", ""),
        ("def f(h, r):\n    from course_lib.shapes import ConvShape as C\n    return C(1, 1, h, h, 1, r, r).Q", ""),
        ("def f(h, r):\n    return mine(h, r)", "def mine(h, r):\n    return ConvShape(1, 1, h, h, 1, r, r).P"),
    ],
    ids=["at once", "under another name", "in a function of one's own"],
)
def test_the_library_s_own_answer_is_listed(source: str, own: str) -> None:
    assert "has the answer to f" in found(source, own=own, ready=READY)[0]


def test_the_library_s_answer_may_be_used_elsewhere() -> None:
    assert found("def f(h, r):\n    return h - r + 1", own="shape = ConvShape(1, 1, 5, 5, 1, 3, 3)\nshape.P", ready=READY) == []
    assert found("def g(shape):\n    return shape.P", ready=READY) == []


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda p: p.stem)
def test_no_solution_is_flagged(path: Path) -> None:
    import jupytext

    from autograder import manifest
    from course_lib.exercises import EXERCISES

    graded = manifest.load(path.parent.name).exercises if path.parent.name in manifest.labs() else {}
    assert flags(jupytext.read(path), {n for n, e in EXERCISES.items() if e.counts}, {n: g.watch for n, g in graded.items()}) == []
