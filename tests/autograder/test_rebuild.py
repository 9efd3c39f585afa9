"""What the student wrote is found, whatever happened to the file; tests and points come from the release alone."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import nbformat.v4 as v4
import pytest

from autograder.needed import names, needed
from autograder.rebuild import Unreadable, read, rebuild, tag, untouched
from autograder.rebuild import tests_of as graded_cells


def answers(notebook: Any) -> dict[str, str]:
    return {tag(c)["grade_id"]: c["source"] for c in notebook.cells if tag(c).get("solution")}


def cell(notebook: Any, name: str) -> Any:
    return next(c for c in notebook.cells if tag(c).get("grade_id") == name)


def stripped(nb: Any) -> None:
    for c in nb.cells:
        c["metadata"] = {}
        c["id"] = f"x{id(c) % 10**8}"


def stripped_of_tags(nb: Any) -> None:
    for c in nb.cells:
        c["metadata"] = {}


def without_test(nb: Any) -> None:
    nb.cells.remove(cell(nb, "check_shift"))


def test_twice(nb: Any) -> None:
    nb.cells.insert(3, copy.deepcopy(cell(nb, "check_shift")))


test_twice.__test__ = False  # type: ignore[attr-defined]


def edited_test(nb: Any) -> None:
    cell(nb, "check_shift")["source"] = "print('5 of 5')"


def more_points(nb: Any) -> None:
    cell(nb, "check_shift")["metadata"]["nbgrader"]["points"] = 2000


def other_grade_id(nb: Any) -> None:
    for c in nb.cells:
        if tag(c):
            c["metadata"]["nbgrader"]["grade_id"] = "q" + str(nb.cells.index(c))
            c["id"] = f"y{nb.cells.index(c)}"


def reordered(nb: Any) -> None:
    a = cell(nb, "double")
    nb.cells.remove(a)
    nb.cells.insert(6, a)


def blank_copy_above(nb: Any) -> None:
    twin = copy.deepcopy(cell(nb, "shift"))
    twin["source"] = "def shift(a):\n    # your code here\n    raise NotImplementedError"
    nb.cells.insert(2, twin)


MISHAPS: dict[str, tuple[Callable[[Any], None], str]] = {
    "nothing happened": (lambda nb: None, ""),
    "all metadata and ids stripped": (stripped, "found by the function"),
    "nbgrader's metadata stripped": (stripped_of_tags, ""),
    "a test cell deleted": (without_test, "check_shift was deleted; it is restored"),
    "a test cell doubled": (test_twice, "check_shift is there 2 times"),
    "a test cell edited": (edited_test, "check_shift was changed"),
    "the points edited": (more_points, "points of check_shift were changed"),
    "all grade_ids changed": (other_grade_id, "found by the function"),
    "cells in another order": (reordered, ""),
    "the blank copied above the answer": (blank_copy_above, "there 2 times"),
}


@pytest.mark.parametrize("what", MISHAPS)
def test_answers_are_found_and_tests_restored(what: str, toy: Any) -> None:
    happen, words = MISHAPS[what]
    handed_in = toy.notebook()
    happen(handed_in)
    rebuilt = rebuild(handed_in, toy.blank)
    mine, right = answers(rebuilt.notebook), answers(toy.notebook())
    assert {n: s for n, s in mine.items() if n != "why"} == {n: s for n, s in right.items() if n != "why"}
    assert [c["source"] for c in rebuilt.notebook.cells if tag(c).get("locked")] == [
        c["source"] for c in toy.blank.cells if tag(c).get("locked")
    ]
    assert all(tag(c)["points"] == 2 for c in rebuilt.notebook.cells if tag(c).get("locked"))
    assert list(graded_cells(rebuilt.notebook.cells, toy.exercises).values()) == list(toy.exercises)
    assert words in "; ".join(rebuilt.notes) and (words or not rebuilt.notes)
    nbformat.validate(rebuilt.notebook)


def test_own_cells_stay_where_they_were_and_cannot_pass_for_tests(toy: Any) -> None:
    handed_in = toy.notebook()
    at = handed_in.cells.index(cell(handed_in, "shift"))
    fake = {"grade": True, "locked": True, "solution": False, "grade_id": "mine", "points": 99}
    handed_in.cells.insert(at, v4.new_code_cell("helper = 3", metadata={"nbgrader": fake}))
    rebuilt = rebuild(handed_in, toy.blank).notebook
    sources = [c["source"] for c in rebuilt.cells]
    assert sources.index("helper = 3") == sources.index('check("double", double)') + 1
    assert tag(rebuilt.cells[sources.index("helper = 3")]) == {}


def test_a_deleted_answer_is_lost_and_said_and_an_untouched_lab_is_known(toy: Any) -> None:
    handed_in = toy.notebook()
    handed_in.cells.remove(cell(handed_in, "flip"))
    rebuilt = rebuild(handed_in, toy.blank)
    assert rebuilt.lost == ("flip",) and "the cell flip is missing" in rebuilt.notes
    assert untouched(rebuild(toy.blank, toy.blank).notebook, toy.blank) and not untouched(rebuilt.notebook, toy.blank)
    assert rebuild(v4.new_notebook(cells=[v4.new_code_cell("print('another lab')")]), toy.blank).found == 0


def test_an_open_answer_without_its_id_is_the_text_behind_the_question(toy: Any) -> None:
    handed_in = toy.notebook(why="Because a window is copied nine times.")
    stripped(handed_in)
    rebuilt = rebuild(handed_in, toy.blank)
    assert answers(rebuilt.notebook)["why"] == "Because a window is copied nine times." and rebuilt.lost == ()
    assert any("found by its place" in note for note in rebuilt.notes)
    handed_in.cells.pop()
    assert rebuild(handed_in, toy.blank).lost == ("why",)


UNREADABLE = {
    "empty": (b"", "empty"),
    "a Word file": (b"PK\x03\x04" + b"\0" * 50, "zip or office"),
    "a PDF": (b"%PDF-1.7 ...", "PDF"),
    "cut off": (b'{"cells": [{"cell_type": "code", "sou', "ends in the middle"),
    "no text": (b"\xff\xfe\xff\xd8\xd8", "not"),
    "JSON, but no notebook": (b'{"a": 1}', "no cells"),
    "a list": (b"[1, 2]", "no cells"),
    "deep": (b"[" * 200_000, "not a whole notebook"),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_is_no_notebook_is_set_aside_with_the_reason(what: str, tmp_path: Path) -> None:
    data, words = UNREADABLE[what]
    (tmp_path / "a.ipynb").write_bytes(data)
    with pytest.raises(Unreadable, match=words):
        read(tmp_path / "a.ipynb")


def test_other_encodings_and_older_formats_are_read(toy: Any, tmp_path: Path) -> None:
    text = nbformat.writes(toy.notebook())
    for name, data in {"utf16": text.encode("utf-16"), "bom": b"\xef\xbb\xbf" + text.encode()}.items():
        (tmp_path / name).write_bytes(data)
        assert answers(read(tmp_path / name)) == answers(toy.notebook())
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"metadata": {}, "cells": [
        {"cell_type": "code", "input": "def flip(a): return a", "language": "python", "metadata": {}, "outputs": []}]}]}  # fmt: skip
    (tmp_path / "old").write_text(json.dumps(old))
    assert "def flip" in read(tmp_path / "old").cells[0]["source"]
    odd = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [{"cell_type": "code", "source": ["a\n", "b"]}, 3, {"cell_type": "x"}, {"cell_type": "raw", "metadata": 3}],
    }
    (tmp_path / "odd").write_text(json.dumps(odd))
    assert [c["source"] for c in read(tmp_path / "odd").cells] == ["a\nb", ""]


def test_names_bound_and_used_are_those_python_would_look_up() -> None:
    source = "import os.path as p\ndef f(x=d):\n    y = g(x)\n    return y + z\nwith once: rows = [h(i) for i in r]\nclass A(B):\n    k = 3"
    bound, used = names(source)  # type: ignore[misc]
    assert {"p", "f", "rows", "A"} <= bound and "y" not in bound
    assert {"d", "g", "z", "once", "h", "r", "B"} <= used and "x" not in used
    assert names("%matplotlib inline") is None


def test_pictures_are_passed_over_and_what_answers_need_is_not() -> None:
    code = ["import numpy as np", "k = 3", "j = k", "print(np.ones(9))", "%magic", "def f(): return j", "check('f', f)"]
    assert needed([v4.new_code_cell(c) for c in code], {5, 6}) == {1, 2, 4, 5, 6}
