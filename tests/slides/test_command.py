"""`course slides`: chapters by number or name, files where they are asked for, errors as sentences and exit codes."""

import argparse

import pytest

from course_lib.slides import command
from course_lib.slides.command import chapters, chosen

DECK = "# A\n\n{= 1 + 1}\n"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """run("01", "--out", ...) on a folder with two small decks: the exit code."""
    folder = tmp_path / "slides"
    folder.mkdir()
    (folder / "01_intro.md").write_text(DECK)
    (folder / "03_gemm.md").write_text(DECK)
    (folder / "README.md").write_text("not a deck")
    monkeypatch.setattr(command, "chapters", lambda: chapters(folder))

    def made(*words):
        parser = argparse.ArgumentParser()
        command.add(parser)
        return command.run(parser.parse_args([*words, "--out", str(tmp_path / "out")]))

    made.folder, made.out = folder, tmp_path / "out"
    return made


@pytest.mark.parametrize("word", ["1", "01", "intro", "01_intro", "slides/01_intro.md"])
def test_a_chapter_is_called_by_number_or_name(word):
    assert chosen(word, chapters()) == "01_intro"


def test_a_chapter_that_is_not_there_is_answered_with_a_question():
    with pytest.raises(ValueError, match="there is no chapter 'intr'; there are 01_intro, 03_gemm.* Did you mean"):
        chosen("intr", chapters())


def test_all_chapters_are_built_where_asked(run, capsys):
    assert run() == 0
    assert sorted(path.name for path in run.out.iterdir()) == ["01_intro.html", "03_gemm.html"]
    assert "1 frames" in capsys.readouterr().out


def test_one_chapter_alone(run):
    assert run("gemm") == 0
    assert [path.name for path in run.out.iterdir()] == ["03_gemm.html"]


def test_an_unknown_chapter_is_code_2_and_builds_nothing(run, capsys):
    assert run("7") == 2
    assert "there is no chapter '7'" in capsys.readouterr().err and not run.out.exists()


def test_a_broken_deck_is_code_1_and_the_others_are_built(run, capsys):
    (run.folder / "01_intro.md").write_text("# A\n\n{= 1 / 0}\n")
    assert run() == 1
    assert "course slides: slides/01_intro.md, frame 1 (A), line 3: ZeroDivisionError" in capsys.readouterr().err
    assert [path.name for path in run.out.iterdir()] == ["03_gemm.html"]


def test_a_folder_that_cannot_be_made_is_said(run, capsys):
    run.out.write_text("a file")
    assert run() == 1
    assert "--out" in capsys.readouterr().err
