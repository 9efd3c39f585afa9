"""A grader may be killed, stopped, run on a farm that loses workers, or meet a damaged gradebook: marks are as they would be."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autograder import gradebook
from autograder.grading import Place
from course_lib.cli import main
from course_lib.cli.parts import postgresql

from . import lab as small
from .killing import found, kill_at_random
from .small_class import grade, hand_in

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]


def marks(root: Path) -> dict[str, tuple[str, float]]:
    return {s: (r["state"], r["points"]) for (s, _), r in Place(root).ledger.latest().items()}


def as_handed_in(students: int) -> dict[str, tuple[str, float]]:
    kinds = [("ok", 10.0), ("wrong", 8.0), ("crashed", 8.0), ("wrong", 8.0)]
    return {f"student-{i:03d}": kinds[i % 4] for i in range(students)}


def test_killed_again_and_again_ledger_and_gradebook_are_equal_and_nothing_is_left(tmp_path: Path) -> None:
    said = kill_at_random(tmp_path, students=6, times=2, seed=5)
    assert said == {"students": 6, "missing": 0, "differing": [], "left in /tmp": 0, "left running": 0, "killed": 2, "code": 0}
    assert marks(tmp_path) == as_handed_in(6)


def test_a_second_grader_is_told_of_the_first_which_ctrl_c_stops_soon_with_a_word_on_what_was_graded(tmp_path: Path) -> None:
    from autograder.commands.grade import Busy

    hand_in(tmp_path, 40)
    words = [sys.executable, "-u", "-m", "tests.hostile.small_class", str(tmp_path), "--students", "40"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        first = process.stdout.readline()  # the first student's line
        with pytest.raises(Busy, match=f"process {process.pid} since 20"):
            grade(tmp_path, 1)
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130 and "student-" in first
    assert "graded and kept; `course grade` goes on with the rest" in said, said
    assert 0 < len(marks(tmp_path)) < 40


@pytest.fixture(scope="module")
def graded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("graded once")
    hand_in(root, 4)
    assert grade(root, 2) == 0
    return root


@pytest.fixture
def graded(graded_once: Path, tmp_path: Path) -> Path:
    """A class of four, graded: a copy that a test may spoil."""
    shutil.copytree(graded_once, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_a_damaged_gradebook_is_said_and_restored_with_the_marks_since(graded: Path, capsys: Any) -> None:
    place, lab = Place(graded), small.lab()
    gradebook.backup(place.gradebook_url)
    (graded / "gradebook.db").write_bytes(b"no database" * 1000)
    with pytest.raises(gradebook.GradebookError, match="course gradebook --restore"):
        with gradebook.opened(place.gradebook_url):
            pass
    copy, aside = gradebook.restore(place.gradebook_url)
    assert copy.parent.name == "backups" and aside is not None and aside.read_bytes().startswith(b"no database")
    with sqlite3.connect(graded / "gradebook.db") as db:
        db.execute("update grade set auto_score = 99")  # as if the copy were old
    db.close()
    latest = {s: r for (s, _), r in place.ledger.latest().items()}
    from autograder.commands.grade import write_gradebook

    with gradebook.opened(place.gradebook_url) as book:
        assert len(gradebook.differing(book, lab, latest)) == 4
        assert write_gradebook(book, {"small": lab}, place) == []
        assert gradebook.differing(book, lab, latest) == []
    lab.files.rmdir()
    for old in (graded / "backups").iterdir():
        old.write_bytes(b"bad")
    with pytest.raises(gradebook.GradebookError, match="no sound copy"):
        gradebook.restore(place.gradebook_url)


def test_a_gradebook_held_by_another_program_costs_no_mark(graded: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(gradebook, "PATIENCE", 1)
    holder = sqlite3.connect(graded / "gradebook.db", isolation_level=None)
    holder.execute("begin exclusive")
    before = len(list(Place(graded).ledger))
    try:
        with pytest.raises(gradebook.GradebookError, match="held by another program"):
            grade(graded, 1, again=True)
    finally:
        holder.rollback()
        holder.close()
    assert grade(graded, 1) == 0
    said = found(graded, 4)
    assert said["missing"] == 0 and said["differing"] == [] and len(list(Place(graded).ledger)) == before


def test_a_farms_workers_come_to_the_same_verdicts_though_one_is_lost(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="the extra `farm` is not installed")
    import jupytext

    from autograder import farm
    from autograder.grading import LABS, Lab
    from autograder.submissions import find

    name, notebook = "13_tvm1", "lab13_tvm1"
    solved = json.dumps(jupytext.read(ROOT / "solutions" / name / f"{notebook}.py"))
    blank = (LABS / name / f"{notebook}.ipynb").read_text(encoding="utf-8")
    for student, text in {"ada": solved, "bob": blank, "cyd": solved}.items():
        folder = tmp_path / student / name
        folder.mkdir(parents=True)
        (folder / f"{notebook}.ipynb").write_text(text, encoding="utf-8")
    lab, results = Lab.open(name), {}
    with farm.workers("local", 2, {name: lab}, b"secret", True) as hands:
        for submission, graded in hands(find(tmp_path, {name: notebook}, name)):
            if not results:  # the others are graded or wait at this moment
                for worker in workers_of(os.getpid()):
                    os.kill(worker, signal.SIGKILL)
                    break
            assert not isinstance(graded, Exception), graded
            results[submission.student] = (graded[0]["state"], graded[0]["points"])
    most = sum(e.points for e in lab.manifest.exercises.values())
    assert results == {"ada": ("ok", most), "bob": ("missing", 0), "cyd": ("ok", most)}


def workers_of(pid: int) -> list[int]:
    """The processes in which dask's workers run: those that its nannies, here, have started."""
    from autograder.sandbox import tree

    found = []
    for one in tree(pid)[1:]:
        command = Path(f"/proc/{one}/cmdline").read_bytes()
        if b"spawn_main" in command:
            found.append(one)
    return found


def test_a_farm_that_does_not_answer_is_told(monkeypatch: Any) -> None:
    pytest.importorskip("distributed", reason="the extra `farm` is not installed")
    from autograder import farm
    from autograder.submissions import Refused

    monkeypatch.setattr(farm, "PATIENCE", 1)
    with pytest.raises(Refused, match="no scheduler answers at tcp://127.0.0.1:9"):
        with farm.workers("tcp://127.0.0.1:9", 1, {}, b"", True):
            pass


@pytest.fixture
def postgres(tmp_path_factory: pytest.TempPathFactory):
    """The address of a PostgreSQL of its own, on a socket in a temporary folder."""
    pytest.importorskip("psycopg2", reason="the extra `postgres` is not installed")
    programs = Path(postgresql().says).parent
    folder = Path(subprocess.run(["mktemp", "-d", "/tmp/course-pg-XXXXXX"], capture_output=True, text=True, check=True).stdout.strip())
    user: dict[str, Any] = {}
    if os.getuid() == 0:  # the server refuses to be root
        os.chown(folder, 65534, 65534)
        user = {"user": 65534, "group": 65534, "extra_groups": []}

    def run(*words: str) -> None:
        subprocess.run([str(programs / words[0]), *words[1:]], check=True, stdout=subprocess.DEVNULL, cwd="/", **user)

    run("initdb", "-D", f"{folder}/db", "-U", "course", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync")
    run("pg_ctl", "-D", f"{folder}/db", "-w", "-l", f"{folder}/log", "-o", f"-F -k {folder} -c listen_addresses=''", "start")
    try:
        yield f"postgresql+psycopg2://course@/postgres?host={folder}"
    finally:
        run("pg_ctl", "-D", f"{folder}/db", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.postgres
def test_a_postgresql_server_keeps_the_marks_by_one_setting(tmp_path: Path, postgres: str, monkeypatch: Any) -> None:
    (tmp_path / "course.toml").write_text(f'gradebook = "{postgres.replace("+psycopg2", "")}"\n')
    hand_in(tmp_path, 2)
    assert Place(tmp_path).gradebook_url == postgres and grade(tmp_path, 2) == 0
    assert not (tmp_path / "gradebook.db").exists()
    with gradebook.opened(postgres) as book:
        assert {s.id: book.find_submission("small", s.id).score for s in book.students} == {"student-000": 10, "student-001": 8}
        one = book.find_grade("check_double", "small", "small", "student-001")
        one.manual_score = 1.5
        book.db.commit()
    assert grade(tmp_path, 1, again=True) == 0
    with gradebook.opened(postgres) as book:
        assert book.find_grade("check_double", "small", "small", "student-001").manual_score == 1.5
    assert found(tmp_path, 2)["differing"] == []
    with pytest.raises(gradebook.GradebookError, match="a server's"):
        gradebook.restore(postgres)


def test_a_full_disk_is_one_line_and_no_half_file(tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    from autograder import ledger
    from autograder.commands import grade as command

    (tmp_path / "submitted" / "ada" / "03_gemm").mkdir(parents=True)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device", "/somewhere/ledger.jsonl")

    monkeypatch.setattr(ledger.Ledger, "append", full)
    monkeypatch.setattr(command, "grade_all", lambda *a, **k: Place(tmp_path).ledger.append({}))
    assert main(["grade", "--state", str(tmp_path), "--lab", "03_gemm"]) == 1
    assert "/somewhere/ledger.jsonl: No space left on device" in capsys.readouterr().err


def test_the_states_stand_apart_from_zero_in_json_too(graded: Path) -> None:
    lines = [json.loads(line) for line in (graded / "ledger.jsonl").read_text().splitlines()]
    assert {line["state"] for line in lines} == {"ok", "wrong", "crashed"} and all(
        line["sandbox"].startswith("bubblewrap") for line in lines
    )
