"""A manifest says what an exercise is worth; what it says wrongly is told with file and key."""

from __future__ import annotations

from typing import Any

import pytest

from autograder import manifest as m
from course_lib.exercises import EXERCISES, LABS

GOOD: dict[str, Any] = {"notebook": "lab", "exercise": {"im2col": {"values": 4}}}


@pytest.mark.parametrize("lab", m.labs())
def test_every_manifest_fits_its_exercises_and_its_lab(lab: str) -> None:
    manifest = m.load(lab)
    m.agree(manifest, EXERCISES)
    assert list(manifest.exercises) == LABS[lab]


@pytest.mark.parametrize("lab", m.labs())
def test_the_points_in_the_released_notebook_are_the_manifests(lab: str) -> None:
    from autograder.grading import LABS as FOLDER
    from autograder.rebuild import read, tag
    from autograder.rebuild import tests_of as graded_cells

    manifest = m.load(lab)
    cells = read(FOLDER / lab / f"{manifest.notebook}.ipynb").cells
    points = {name: tag(cells[i])["points"] for i, name in graded_cells(cells, manifest.exercises).items()}
    assert points == {name: e.points for name, e in manifest.exercises.items()}
    asked = {tag(c)["grade_id"]: tag(c)["points"] for c in cells if tag(c).get("grade") and tag(c).get("solution")}
    assert asked == {name: q.points for name, q in manifest.questions.items()}


BAD = {
    "unknown key": ({**GOOD, "notebok": "x"}, "notebok: this key is not known; did you mean 'notebook'"),
    "no notebook": ({"exercise": {}}, "notebook: want a text"),
    "no exercises": ({"notebook": "x"}, "exercise: want a table"),
    "no values": ({"notebook": "x", "exercise": {"a": {"MACs": 1}}}, "exercise.a: want the points of the part 'values'"),
    "negative points": ({"notebook": "x", "exercise": {"a": {"values": -1}}}, "exercise.a.values: want points"),
    "points as text": ({"notebook": "x", "exercise": {"a": {"values": "4"}}}, "want points"),
    "unknown limit": ({**GOOD, "limits": {"memory": 3}}, "limits.memory: this key is not known; did you mean 'memory_mb'"),
    "limit of zero": ({**GOOD, "limits": {"memory_mb": 0}}, "limits.memory_mb: want a number above 0"),
    "packages no list": ({**GOOD, "packages": "torch"}, "packages: want a list of texts"),
    "question without points": ({**GOOD, "question": {"why": {}}}, "question.why.points: want points"),
    "unknown word in a question": ({**GOOD, "question": {"why": {"points": 1, "rubrik": ""}}}, "did you mean 'rubric'"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_wrong_manifest_names_the_key_and_what_was_expected(what: str) -> None:
    table, words = BAD[what]
    with pytest.raises(m.ManifestError) as error:
        m.read("lab", table, "lab.toml")
    assert words in str(error.value) and str(error.value).startswith("lab.toml")


def test_parts_and_exercises_that_do_not_exist_are_errors() -> None:
    with pytest.raises(m.ManifestError, match="Did you mean 'im2col'"):
        m.agree(m.read("lab", {"notebook": "x", "exercise": {"im2kol": {"values": 1}}}, "lab.toml"), EXERCISES)
    with pytest.raises(m.ManifestError, match="its parts are 'values'"):
        m.agree(m.read("lab", {"notebook": "x", "exercise": {"im2col": {"values": 1, "loads": 1}}}, "lab.toml"), EXERCISES)
    with pytest.raises(m.ManifestError, match="Did you mean '01_intro'"):
        m.load("01_into")


def test_exercises_of_equal_packages_share_a_run_the_fullest_first() -> None:
    table = {"notebook": "x", "exercise": {"a": {"values": 1}, "b": {"values": 1, "packages": ["torch"]}, "c": {"values": 1}}}
    assert m.read("lab", table, "f").groups() == [(("torch",), ["b"]), ((), ["a", "c"])]
