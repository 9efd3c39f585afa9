"""`course slides`: chapters by number or name, files where they are asked for, errors as sentences and exit codes."""

import argparse
import json
import subprocess
import sys

import pytest

from course_lib.slides import command
from course_lib.slides.command import chapters, chosen

DECK = "# A\n\n{= 1 + 1}\n"


def test_every_recorded_time_names_its_machine_and_the_command_that_renews_it():
    made = command.records()
    assert {"nest_times.json", "time_share_alexnet.json", "time_share_vgg16.json"} <= {path.name for path in made.values()}
    for words, path in made.items():
        (script,) = [word for word in words.split() if word.endswith(".py")] or [
            words.split(" -m ")[1].split()[0].replace(".", "/") + ".py"
        ]
        assert (command.SLIDES.parent / script).exists(), f"{path.name}: {words}"


def test_record_runs_each_records_own_command_and_one_failure_stops_no_other(tmp_path, monkeypatch, capsys):
    for name, words in {"a": "THREADS=1 python -m a.times --all", "b": "python b.py", "c": "python c.py"}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps({"machine": "M", "command": words}))
    (tmp_path / "other.json").write_text('{"columns": []}')  # not a record of times
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    ran = []

    def fake(words, cwd, env):
        ran.append((words, env.get("THREADS"), "OPENBLAS_CORETYPE" in env))
        return subprocess.CompletedProcess(words, int(words[1] == "b.py"))

    monkeypatch.setattr(command.subprocess, "run", fake)
    assert command.record(tmp_path) == 1
    python = sys.executable
    assert ran == [([python, "-m", "a.times", "--all"], "1", False), ([python, "b.py"], None, False), ([python, "c.py"], None, False)]
    assert "b.json: python b.py\n  FAILED" in capsys.readouterr().out


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
