"""`course`: the map, the questions after a wrong word, the exit codes, and the pieces of `course lab` and `course test`."""

import importlib
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from course_lib.cli import COMMANDS, Parser, did_you_mean, main, the_map
from course_lib.cli import lab as lab_command
from course_lib.cli import test as test_command
from course_lib.cli.chapters import CHAPTERS, stale_decks, start_page

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_no_words_or_help_print_the_map_of_the_product(words, capsys):
    assert main(words) == 0
    said = capsys.readouterr().out
    for name, command in COMMANDS.items():
        assert f"  {name} " in said and command.says in said
    assert [group for group in ("Student", "Lecturer", "Instructor", "Machine") if f"\n{group}\n" in said] == [
        "Student",
        "Lecturer",
        "Instructor",
        "Machine",
    ]


def test_the_map_fits_a_terminal():
    assert max(map(len, the_map().splitlines())) <= 110


WRONG = {"lba": "lab", "docter": "doctor", "slide": "slides", "tset": "test", "garde": "grade", "collet": "collect"}


@pytest.mark.parametrize("word", WRONG)
def test_a_wrong_word_is_answered_by_a_question_and_code_2(word, capsys):
    assert main([word]) == 2
    assert f"Did you mean {WRONG[word]!r}?" in capsys.readouterr().err


def test_a_word_like_nothing_gets_no_question(capsys):
    assert main(["xyzzy"]) == 2
    said = capsys.readouterr().err
    assert "Did you mean" not in said and "course --help" in said


def test_a_wrong_option_is_answered_by_a_question_and_code_2(capsys):
    assert main(["lab", "--no-browsr"]) == 2
    assert "Did you mean '--no-browser'?" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["-1", "70000", "eighty", "8888.0", ""])
def test_a_port_that_cannot_be_is_code_2_and_named(port, capsys):
    assert main(["lab", f"--port={port}"]) == 2
    assert f"got {port!r}" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_code_1_and_named(capsys, tmp_path):
    assert main(["lab", str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_map_is_there_and_explains_itself(name, capsys):
    assert main([name, "--help"]) == 0
    assert f"usage: course {name}" in capsys.readouterr().out
    module = importlib.import_module(COMMANDS[name].module)
    assert callable(module.run) and callable(module.add)


def test_the_map_imports_no_command():
    code = "import sys, course_lib.cli as c; c.main([]); sys.exit(len({k.module for k in c.COMMANDS.values()} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0


def test_a_command_whose_packages_are_missing_says_what_installs_them(monkeypatch, capsys):
    def missing(name):
        raise ModuleNotFoundError("No module named 'markdown_it'", name="markdown_it.token")

    monkeypatch.setattr("course_lib.cli.importlib.import_module", missing)
    assert main(["slides"]) == 1
    assert "'markdown_it' is not installed; `python3 course.py slides`" in capsys.readouterr().err


def test_ctrl_c_ends_with_130_and_no_traceback(monkeypatch, capsys):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setattr("course_lib.cli.doctor.run", interrupted)
    assert main(["doctor"]) == 130
    assert capsys.readouterr().err.strip() == "course doctor: stopped"


def test_a_path_that_cannot_be_written_is_named_with_the_systems_word(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for command in ("grade", "gradebook", "regrade ada 05_fast", "report --final", "collect . --lab 05_fast"):
        assert main([*command.split(), "--state", str(tmp_path / "file" / "state")]) == 1
        assert capsys.readouterr().err.strip() == f"course {command.split()[0]}: {tmp_path / 'file' / 'state'}: Not a directory"


def test_the_map_prints_where_the_locale_is_c():
    env = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-m", "course_lib.cli"], cwd=ROOT, capture_output=True, env=env)
    assert done.returncode == 0, done.stderr


def test_did_you_mean_asks_only_about_near_words():
    assert did_you_mean("lab", ["lab"]) == " Did you mean 'lab'?" and did_you_mean("q", ["lab"]) == ""


def test_the_parser_does_not_take_half_a_word_for_an_option():
    parser = Parser(prog="x", allow_abbrev=False)
    parser.add_argument("--port")
    assert parser.parse_known_args(["--po", "3"])[1] == ["--po", "3"]


# ---------------------------------------------------------------------------------------------------- course lab


def test_a_busy_port_is_passed_over():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = lab_command.free_port(port)
        assert found != port and found > 0


def test_port_0_is_any_free_one():
    assert 1024 < lab_command.free_port(0) < 65536


def test_the_start_page_links_to_what_is_there_and_is_honest_about_the_rest(tmp_path):
    (tmp_path / "labs" / "01_intro").mkdir(parents=True)
    (tmp_path / "labs" / "01_intro" / "lab01 my copy.ipynb").touch()
    decks = tmp_path / "built"
    decks.mkdir()
    (decks / "01_intro.html").touch()
    page = start_page(tmp_path / "labs", "http://127.0.0.1:1/static/built", decks)
    assert "(01_intro/lab01%20my%20copy.ipynb)" in page
    assert "[deck](http://127.0.0.1:1/static/built/01_intro.html)" in page
    assert "to come" not in page.partition("| 01 |")[2].partition("\n")[0]
    planned = page.partition("Planned")[2]
    assert "02 **Training**" in planned and "01 **" not in planned


def test_the_start_page_of_an_empty_folder_says_so(tmp_path):
    assert "No lab was found" in start_page(tmp_path, "", tmp_path)


def test_a_deck_that_is_missing_or_older_than_its_text_is_stale(tmp_path):
    (tmp_path / "slides" / "built").mkdir(parents=True)
    for name in ("01_intro", "03_gemm"):
        (tmp_path / "slides" / f"{name}.md").touch()
    deck = tmp_path / "slides" / "built" / "03_gemm.html"
    deck.touch()
    os.utime(deck, (2e9, 2e9))
    assert stale_decks(deck.parent, tmp_path) == ["01_intro"]
    os.utime(deck, (1e9, 1e9))
    assert stale_decks(deck.parent, tmp_path) == ["01_intro", "03_gemm"]


def test_every_chapter_has_its_own_number_in_order():
    assert [chapter.number for chapter in CHAPTERS] == [f"{n:02}" for n in range(1, 22)]


def test_every_folder_of_labs_and_every_deck_is_a_chapter_of_the_table():
    keys = {chapter.key for chapter in CHAPTERS}
    there = {p.name for p in (ROOT / "labs").glob("[0-9]*") if p.is_dir()} | {p.stem for p in (ROOT / "slides").glob("[0-9]*.md")}
    assert there <= keys


def test_a_chapter_that_lacks_nothing_has_its_lab_and_its_deck():
    for chapter in CHAPTERS:
        if not chapter.lacks:
            assert chapter.notebooks(ROOT / "labs") and chapter.deck_source(), chapter.key


@pytest.mark.skipif(os.name == "nt", reason="the programs that must not be asked are shell scripts")
def test_jupyterlab_is_imported_without_asking_node_and_the_path_is_as_before(tmp_path):
    for name in ("node", "npm"):
        (tmp_path / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\n")
        (tmp_path / name).chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    code = "import os; from course_lib.cli.lab import lab_app; print(lab_app().name, os.environ['PATH'])"
    env = {**os.environ, "PATH": path}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.stdout.split() == ["lab", *path.split()] and not (tmp_path / "asked").exists(), done.stderr


# ---------------------------------------------------------------------------------------------------- course test


def test_pytests_words_go_to_pytest_in_their_order(monkeypatch):
    seen = []
    monkeypatch.setattr(
        "course_lib.cli.test.subprocess.run", lambda words, **_: seen.append(words) or subprocess.CompletedProcess(words, 0)
    )
    monkeypatch.setattr(test_command, "missing_parts", list)
    monkeypatch.setattr(test_command, "cores", lambda: 2)
    assert main(["test", "-k", "pad", "tests/conv", "-x"]) == 0
    assert seen[0][1:] == ["-m", "pytest", "-n", "2", "-k", "pad", "tests/conv", "-x"]


WORKERS = {
    "a core each": (4, [], ["-n", "4"]),
    "one core": (1, [], []),
    "no more than memory bears": (64, ["tests/conv"], ["-n", "8"]),
    "the number is given": (4, ["-n", "0"], []),
    "the number is given in one word": (4, ["-n3"], []),
    "a debugger has one terminal": (4, ["--pdb", "tests/conv"], []),
}


@pytest.mark.parametrize("what", WORKERS)
def test_tests_run_in_as_many_workers_as_there_are_cores_unless_the_words_say_otherwise(monkeypatch, what):
    cores, words, want = WORKERS[what]
    monkeypatch.setattr(test_command, "cores", lambda: cores)
    assert test_command.workers(words) == want


def test_a_workers_products_keep_to_one_thread_its_pythons_keep_their_bytecode_and_a_users_own_wish_stands(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    env = test_command.environment(each=1)
    assert "PYTHONDONTWRITEBYTECODE" not in env
    assert (env["OMP_NUM_THREADS"], env["MKL_NUM_THREADS"]) == ("1", "3")
    assert "OMP_NUM_THREADS" not in test_command.environment()


MANY_FILES = """
import os, pathlib, pytest
@pytest.mark.parametrize("n", range(6))
@pytest.mark.browser
def test_who(n):
    pathlib.Path(__file__).with_suffix(".txt").open("a").write(os.environ.get("PYTEST_XDIST_WORKER", "alone") + "\\n")
"""


def test_a_file_is_one_workers_and_what_is_left_out_is_counted_over_all_of_them(tmp_path):
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n browser: x\n sandbox: y\n slow: z\n")
    for name in "abcd":
        (tmp_path / f"test_{name}.py").write_text(MANY_FILES)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "CI"))}
    env |= {"PYTHONPATH": str(ROOT), "COURSE_CHROMIUM": "/not/there"}
    words = [sys.executable, "-m", "pytest", "-n", "2", str(tmp_path), "-p", "no:cacheprovider"]
    left_out = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert "left out: 24 tests that need chromium" in left_out.stdout, left_out.stdout + left_out.stderr
    assert re.search(r"^=+ 24 skipped in .* =+$", left_out.stdout, re.M)
    env["COURSE_CHROMIUM"] = sys.executable  # something that is there
    ran = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert re.search(r"^=+ 24 passed in .* =+$", ran.stdout, re.M), ran.stdout
    who = [(tmp_path / f"test_{name}.txt").read_text().split() for name in "abcd"]
    assert all(len(set(names)) == 1 and len(names) == 6 for names in who)
    assert len({names[0] for names in who}) == 2


def test_in_ci_a_missing_package_is_a_failure_that_names_it():
    from tests.conftest import IN_CI, needed

    with pytest.raises(pytest.fail.Exception, match="needs the package no_such_package: its extra is told"):
        needed("no_such_package", reason="its extra is told")
    assert needed("json").loads("1") == 1
    assert (pytest.importorskip.__name__ == "needed") is IN_CI  # this very run


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_a_missing_part_is_named_and_in_ci_it_is_a_failure(monkeypatch, capsys, ci, code):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr("course_lib.cli.test.subprocess.run", lambda words, **_: subprocess.CompletedProcess(words, 0))
    monkeypatch.setattr(test_command, "missing_parts", lambda: ["chromium: none found.\n  To get it: apt"])
    assert main(["test"]) == code
    assert "chromium: none found" in capsys.readouterr().out


def test_pytest_finding_no_tests_is_a_failure():
    assert main(["test", "tests/house/test_cli.py", "-q", "-n", "0", "-k", "no_such_test_anywhere"]) == 5
