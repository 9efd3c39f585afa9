"""What a student sees: never an exception, the first thing wrong, the smallest case, one hint; in a notebook and in a terminal."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import nbformat.v4 as v4
import numpy as np
import pytest

from course_lib.check import Outcome, check, predict, shown
from course_lib.exercises import EXERCISES
from course_lib.exercises.exercise import Made

FUNCTIONS: dict[str, Any] = {
    "the right one": EXERCISES["conv_output_size"].reference,
    "off by one": lambda h, r, stride=1, pad=0, dilation=1: (h + 2 * pad - dilation * (r - 1) - 1) // stride,
    "one that crashes": lambda h, r, **k: 1 / 0,
    "one with another signature": lambda: 3,
    "one that exits": lambda *a, **k: (_ for _ in ()).throw(SystemExit),
    "one that returns rubbish": lambda *a, **k: object(),
}


@pytest.mark.parametrize("what", FUNCTIONS)
def test_check_says_what_is_wrong_and_never_raises(what: str) -> None:
    result = check("conv_output_size", FUNCTIONS[what])
    assert bool(result) is (what == "the right one")
    assert str(result).startswith("✓" if result else "✗") and "conv_output_size" in result._repr_html_()


def test_a_wrong_answer_shows_the_smallest_case_the_idea_and_the_slide() -> None:
    text = str(check("conv_output_size", FUNCTIONS["off by one"]))
    for words in ("5 rows, filter of 3", "you have  2", "expected  3", "the + 1 is missing", "deck 01_intro, “stride and padding”"):
        assert words in text


def test_an_unknown_name_and_a_value_in_place_of_a_function_are_told() -> None:
    assert "Did you mean 'im2col'?" in str(check("im2cal", FUNCTIONS["the right one"]))
    assert "want the function itself" in str(check("im2col", 3))  # type: ignore[arg-type]


def test_pictures_come_for_light_and_dark_and_text_is_escaped() -> None:
    reference = EXERCISES["im2col"].reference
    html = check("im2col", lambda *a, **k: reference(*a, **k) + 1)._repr_html_()
    assert html.count("<svg") == 2 and "check-dark" in html and "data-jp-theme-light" in html
    evil = check("conv_output_size", lambda *a, **k: (_ for _ in ()).throw(ValueError("<script>alert(1)</script>")))
    assert "<script>" not in evil._repr_html_()


@pytest.mark.parametrize("name", ["conv2d_direct", "im2col", "col2im", "measure_latency"])
def test_a_check_answers_in_under_two_seconds(name: str) -> None:
    began = time.process_time()
    check(name, EXERCISES[name].reference)
    assert time.process_time() - began < 2


def test_values_are_shown_small() -> None:
    assert shown(np.zeros((100, 100), np.float32)) == "an array, 100×100 float32"
    assert shown(np.arange(4).reshape(2, 2)) == "[[0 1]\n [2 3]]   (2×2 int64)"
    assert (
        shown(Made("torch_module", {"kind": "sequential", "layers": [{"kind": "conv2d", "args": [1, 2, 3]}, {"kind": "relu"}]}))
        == "Sequential(Conv2d(1, 2, 3), ReLU())"
    )
    assert len(shown("x" * 10_000)) < 400


def test_a_guess_is_kept_and_compared() -> None:
    assert "you said 60" in str(predict("share", 60)) and "in place of None" in str(predict("share", None))
    said = {
        100: "off by 5.4",
        1000: "9.49 times too high",
        10: "10.5 times too low",
        105.4: "and so it is",
        None: "no guess",
        "many": "you said many",
    }
    for guess, words in said.items():
        outcome = predict("MACs", guess).compare(105.4)
        assert isinstance(outcome, Outcome) and words in str(outcome) and words in outcome._repr_html_()


def notebook(path: Path, *cells: str) -> Path:
    import nbformat

    path.parent.mkdir(exist_ok=True)
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell(c) for c in cells]), path)
    return path


SETUP = "from course_lib.check import check"
RIGHT = 'def offset(index, strides): return sum(i * s for i, s in zip(index, strides))\ncheck("offset", offset)'
WRONG = 'def strides_of(shape, layout): return (1, 2, 3, 4)\ncheck("strides_of", strides_of)'


def test_course_check_runs_a_notebook_lists_its_checks_and_leaves_it_alone(tmp_path: Path, capsys: Any) -> None:
    from course_lib.cli import main

    path = notebook(tmp_path / "lab" / "a.ipynb", SETUP, RIGHT, WRONG, "1 / 0", 'check("wrong_rows", wrong_rows)')
    before = path.read_bytes()
    assert main(["check", str(tmp_path / "lab")]) == 1
    said = capsys.readouterr().out
    assert "✓ offset" in said and "✗ strides_of" in said and "NameError" in said and "1 of 3 right" in said
    assert path.read_bytes() == before
    assert main(["check", str(notebook(tmp_path / "good" / "b.ipynb", SETUP, RIGHT))]) == 0


def test_course_check_tells_a_wrong_path(tmp_path: Path, capsys: Any) -> None:
    from course_lib.cli import main

    (tmp_path / "01_intro").mkdir()
    assert main(["check", str(tmp_path / "01_into")]) == 1
    assert "Did you mean" in capsys.readouterr().err
    assert main(["check", str(tmp_path / "01_intro")]) == 1
    assert "want a notebook" in capsys.readouterr().err
    (tmp_path / "bad.ipynb").write_text("{")
    assert main(["check", str(tmp_path / "bad.ipynb")]) == 1
    assert "cannot be read" in capsys.readouterr().err
