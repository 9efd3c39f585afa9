"""A manifest says what an exercise is worth; what it says wrongly is told with file and key."""

from __future__ import annotations

from pathlib import Path
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
    "a room that is none": ({**GOOD, "shown": ["zo"]}, "shown: there is no room 'zo' to show. Did you mean 'zoo'?"),
    "an exercise's file": ({**GOOD, "shown": ["exercises.lab03_gemm"]}, "there is no room 'exercises.lab03_gemm'"),
    "the old way round": ({**GOOD, "hidden": ["course_lib.conv"]}, "every room of course_lib is put away by now"),
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


def test_a_box_holds_the_ground_of_the_course_and_no_room_that_has_an_answer(tmp_path: Path) -> None:
    from autograder.sandbox import ABSENT, COURSE, rooms, stage

    stage(tmp_path, ("zoo", "machine.host"))
    stands_in = ABSENT.splitlines()[0]
    real = {
        ".".join(p.relative_to(tmp_path).with_suffix("").parts[1:]).removesuffix(".__init__")
        for p in tmp_path.rglob("*.py") if p.read_text() and not p.read_text().startswith(stands_in)
    }  # fmt: skip
    on_the_ground = {
        "__init__",
        "bench",
        "check",
        "records",
        "shapes",
        "wire",
        "exercises.exercise",
        "exercises.makers",
        "exercises.notebook",
    }
    allowed = ("data", "recorded", "views", "zoo", "machine.host")
    stray = {m for m in real - on_the_ground if not any(m == a or m.startswith(a + ".") for a in allowed)}
    assert stray == set() and real >= {"shapes", "zoo.sizes", "machine.host", "views.scene"}
    there = {p.name for p in (COURSE / "course_lib").iterdir() if (p / "__init__.py").is_file()}
    assert there - {"data", "exercises", "cli", "slides", "recorded", "views"} <= set(rooms())  # a new one is put away from its first day
