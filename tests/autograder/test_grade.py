"""`course grade` and `course report` on the real labs, end to end, and the same marks in nbgrader's gradebook."""

from __future__ import annotations

import csv
import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autograder import manifest
from autograder.commands.grade import only_grader
from autograder.grading import LABS, Lab, Place
from course_lib.cli import main

pytestmark = pytest.mark.sandbox
ROOT = Path(__file__).resolve().parents[2]
LAB, NOTEBOOK = "05_fast", "lab05_fast"  # a short one; `test_wrong_answers` takes every lab through the sandbox
MANIFEST = manifest.load(LAB)
AUTO = sum(e.points for e in MANIFEST.exercises.values())  # what a machine gives; a person gives the rest


def solution(lab: str = LAB, notebook: str = NOTEBOOK, **changed: str) -> Any:
    """The course's solution as a student would hand it in; `changed` puts other cells in place of answers."""
    import jupytext

    nb = jupytext.read(ROOT / "solutions" / lab / f"{notebook}.py")
    for cell in nb.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = changed.get(name, cell.source)
    return nb


def hand_in(root: Path, student: str, nb: Any, lab: str = LAB, name: str = NOTEBOOK) -> Path:
    folder = root / "submitted" / student / lab
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.ipynb"
    path.write_text(nb if isinstance(nb, str) else json.dumps(nb), encoding="utf-8")
    return path


ONE_SIDED = "def kernel_transform(w, G):\n    return G @ w"


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class of six, graded once."""
    root = tmp_path_factory.mktemp("class of 2026")  # a space in the path
    hand_in(root, "ada", solution(explain_fast="Because of the transforms."))
    hand_in(root, "bob", (LABS / LAB / f"{NOTEBOOK}.ipynb").read_text(encoding="utf-8"))
    hand_in(root, "cyd", solution(kernel_transform=ONE_SIDED), name="lab05_fast (1)")
    hand_in(root, "dan", "{ cut off")
    (root / "submitted" / "eve" / LAB).mkdir(parents=True)
    (root / "secrets").write_text("hidden")
    (root / "submitted" / "fay" / LAB).mkdir(parents=True)
    (root / "submitted" / "fay" / LAB / f"{NOTEBOOK}.ipynb").symlink_to(root / "secrets")
    assert main(["grade", str(root / "submitted"), "--lab", LAB, "--state", str(root / "state")]) == 0
    assert main(["report", LAB, "--state", str(root / "state"), "--out", str(root / "out"), "--slides", "https://example.org/decks"]) == 0
    return root


def records(root: Path) -> dict[str, Any]:
    return {student: r for (student, _), r in Place(root / "state").ledger.latest().items()}


def test_the_solution_earns_everything_and_the_untouched_lab_nothing(graded: Path) -> None:
    ada, bob = records(graded)["ada"], records(graded)["bob"]
    assert ada["state"] == "ok" and ada["points"] == AUTO and ada["max"] == MANIFEST.points
    assert bob["points"] == 0 and bob["untouched"] and {e["state"] for e in bob["exercises"].values()} == {"missing"}
    assert ada["sandbox"].startswith("bubblewrap") and ada["seconds"] < 30


def test_a_wrong_answer_loses_its_points_with_its_hint_and_says_who_leans_on_it(graded: Path) -> None:
    cyd = records(graded)["cyd"]
    entry = cyd["exercises"]["kernel_transform"]
    assert entry["points"] == 0 and entry["misconception"] and entry["hint"] and cyd["exercises"]["strassen"]["points"] == 4
    assert cyd["exercises"]["winograd_conv2d"]["leans_on"] == ["kernel_transform"]
    assert any("called 'lab05_fast (1).ipynb'" in n for n in cyd["notes"])


def test_states_are_kept_apart_from_zero(graded: Path) -> None:
    r = records(graded)
    assert (r["dan"]["state"], r["eve"]["state"], r["fay"]["state"]) == ("needs a person", "missing", "needs a person")
    assert r["dan"]["exercises"]["strassen"]["points"] is None and r["eve"]["exercises"]["strassen"]["points"] == 0
    with (graded / "out" / f"_{LAB}.csv").open() as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert rows["dan"]["points"] == "" and rows["eve"]["points"] == "0" and rows["ada"]["waits for a person"] == "yes"
    assert rows["cyd"]["kernel_transform state"] == "wrong"


def test_nbgraders_gradebook_shows_the_same_marks(graded: Path) -> None:
    from autograder import gradebook

    half = records(graded)["cyd"]["points"]
    with gradebook.opened(Place(graded / "state").gradebook_url) as book:
        score = {s: book.find_submission(LAB, s) for s in ("ada", "bob", "cyd", "dan", "eve")}
        assert {s: x.score for s, x in score.items()} == {"ada": AUTO, "bob": 0, "cyd": half, "dan": 0, "eve": 0}
        assert score["ada"].max_score == MANIFEST.points and 0 < half < AUTO
        assert {s: x.needs_manual_grade for s, x in score.items()} == {"ada": True, "bob": False, "cyd": True, "dan": True, "eve": False}
        assert "from the right" in str(book.find_comment("kernel_transform", NOTEBOOK, LAB, "cyd").auto_comment)
        assert book.find_grade("check_strassen", NOTEBOOK, LAB, "dan").auto_score is None
        assert book.db.execute(__import__("sqlalchemy").text("select version_num from alembic_version")).fetchone()
    kept = graded / "state" / "autograded" / "cyd" / LAB / f"{NOTEBOOK}.ipynb"
    assert "0 of 1 points" in kept.read_text()


def test_pages_say_what_and_why_and_keep_the_test_to_themselves(graded: Path) -> None:
    page = (graded / "out" / "cyd.html").read_text()
    points = f"{records(graded)['cyd']['points']:g}</b> of {MANIFEST.points:g}"
    for words in (points, "kernel_transform", "smallest case", "https://example.org/decks/05_fast.html#", "mend that first"):
        assert words in page, words
    assert "Traceback" not in page and "/course_lib/" not in page and "<script" not in page and str(ROOT) not in page
    blank = (graded / "out" / "bob.html").read_text()
    assert "as they were handed out" in blank and "`" not in blank and blank.count("Still blank.") == len(MANIFEST.exercises)
    assert 'class="bad"' not in blank  # nothing that was not tried is called wrong
    unread = (graded / "out" / "dan.html").read_text()
    assert "A person will look" in unread and "<p>Could not be read: " in unread and "please hand it in again" in unread
    assert "files do get lost" in (graded / "out" / "eve.html").read_text()
    everybody = (graded / "out" / "_class.html").read_text()
    assert "What to teach again" in everybody and records(graded)["cyd"]["exercises"]["kernel_transform"]["misconception"][1:] in everybody


def test_a_machine_without_a_browser_says_where_the_page_lies(graded: Path, capsys: Any, monkeypatch: Any) -> None:
    import webbrowser

    opened: list[str] = []
    for there in (False, True):
        monkeypatch.setattr(webbrowser, "open", lambda address, there=there: opened.append(address) or there)
        assert main(["report", LAB, "--open", "--state", str(graded / "state"), "--out", str(graded / "out")]) == 0
        assert ("no browser could be opened here; the page is file:///" in capsys.readouterr().err) is not there
    assert opened == [(graded / "out" / "_class.html").as_uri()] * 2


def test_a_second_run_grades_only_what_is_new_and_keeps_a_persons_marks(graded: Path, capsys: Any) -> None:
    from autograder import gradebook

    url = Place(graded / "state").gradebook_url
    with gradebook.opened(url) as book:
        grade = book.find_grade("explain_fast", NOTEBOOK, LAB, "ada")
        grade.manual_score, grade.needs_manual_grade = 3.5, False
        book.db.commit()
    before = len(list(Place(graded / "state").ledger))
    hand_in(graded, "gus", solution())
    assert main(["grade", str(graded / "submitted"), "--lab", LAB, "--state", str(graded / "state")]) == 0
    said = capsys.readouterr().out
    assert "5 unchanged" in said or "4 unchanged" in said
    assert len(list(Place(graded / "state").ledger)) - before <= 3
    with gradebook.opened(url) as book:
        assert book.find_grade("explain_fast", NOTEBOOK, LAB, "ada").manual_score == 3.5
        assert book.find_submission(LAB, "ada").score == AUTO + 3.5
    assert main(["report", LAB, "--state", str(graded / "state"), "--out", str(graded / "out")]) == 0
    assert f"{AUTO + 3.5:g}" in (graded / "out" / "ada.html").read_text()
    assert list((graded / "state" / "backups").glob("gradebook-*.db"))


def test_an_appeal_shows_every_case_and_holds_the_verdict_against_the_ledger(graded: Path, capsys: Any) -> None:
    ledger, path = graded / "state" / "ledger.jsonl", graded / "submitted" / "cyd" / LAB / "lab05_fast (1).ipynb"
    appeal = ["regrade", "cyd", LAB, "--explain", "--state", str(graded / "state"), "--path", str(path)]
    before = {p: p.read_bytes() for p in (ledger, graded / "state" / "gradebook.db")}
    capsys.readouterr()
    assert main(appeal) == 0
    said = capsys.readouterr().out
    mine = records(graded)["cyd"]["exercises"]["kernel_transform"]
    assert f"kernel_transform: wrong, 0 of 1   (cases drawn from the seed {mine['seed']})" in said
    shown = said[said.index("\nkernel_transform:") :]
    assert "call  1: " in shown and "handed back:" in shown and "right:" in shown and mine["hint"] in shown
    assert ", recorded: 2x2 times 2x2" in said and "multiplications: 2 of 2" in said
    assert "The same verdict as in the ledger" in said and {p: p.read_bytes() for p in before} == before
    assert main([*appeal, "--exercise", "kernel_transfrom"]) == 1
    assert "Did you mean 'kernel_transform'" in capsys.readouterr().err
    forged = records(graded)["cyd"]
    forged["exercises"]["kernel_transform"] |= {"state": "ok", "points": 1.0}
    try:
        Place(graded / "state").ledger.append(forged)
        assert main([*appeal, "--exercise", "kernel_transform"]) == 1
        said = capsys.readouterr().out
        assert "ANOTHER verdict than in the ledger" in said and "\nstrassen:" not in said
    finally:
        ledger.write_bytes(before[ledger])


def test_the_same_submission_gets_the_same_verdict_again(graded: Path) -> None:
    from autograder.grading import grade_file
    from autograder.run import seeds_of

    secret, lab = Place(graded / "state").secret(), Lab.open(LAB)
    path = graded / "submitted" / "cyd" / LAB / "lab05_fast (1).ipynb"
    first = records(graded)["cyd"]
    again, _ = grade_file(path, "cyd", lab, seeds_of(secret, "cyd", lab.exercises), notes=tuple(n for n in first["notes"][:1]))
    for record in (first, again):
        for key in ("time", "seconds", "run", "handed_in"):
            record.pop(key, None)
    assert json.dumps(again, sort_keys=True) == json.dumps(first, sort_keys=True)
    others = seeds_of(secret, "someone else", lab.exercises)
    assert all(others[name] != entry["seed"] for name, entry in again["exercises"].items())


def test_nbgraders_own_button_comes_to_the_same_verdict(tmp_path: Path) -> None:
    state = tmp_path / "state"
    hand_in(state, "ada", solution()).with_name("timestamp.txt").write_text("2026-10-14 10:00:00 UTC\n")
    doubled = solution(kernel_transform=ONE_SIDED)
    doubled.cells += [c for c in doubled.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "check_strassen"]
    hand_in(state, "cyd", doubled)
    environment = {**os.environ, "COURSE_STATE": str(state)}
    words = [sys.executable, "-m", "nbgrader", "autograde", LAB]
    done = subprocess.run(words, cwd=ROOT / "autograder", env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    from autograder import gradebook

    with gradebook.opened(Place(state).gradebook_url) as book:
        assert {s: book.find_submission(LAB, s).score for s in ("ada", "cyd")} == {
            "ada": AUTO,
            "cyd": records(tmp_path)["cyd"]["points"],
        }
    assert 0 < records(tmp_path)["cyd"]["points"] < AUTO
    assert records(tmp_path)["ada"]["handed_in"] == "2026-10-14T10:00:00+00:00"  # lateness is the same by either door
    assert records(tmp_path)["ada"]["sha256"] and not records(tmp_path)["cyd"]["handed_in"]


def test_a_broken_reference_scores_nobody_and_exits_2(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    import dataclasses

    from course_lib.exercises import EXERCISES, lab05_fast

    hand_in(tmp_path, "ada", solution())
    right = EXERCISES["strassen"]
    reference = lambda a, *more: right.reference(a, *more) + 1
    monkeypatch.setitem(lab05_fast.EXERCISES, "strassen", dataclasses.replace(right, reference=reference))
    assert main(["grade", str(tmp_path / "submitted"), "--state", str(tmp_path / "state")]) == 2
    assert "no student was scored" in capsys.readouterr().err
    assert list(Place(tmp_path / "state").ledger) == []


def test_without_a_sandbox_it_refuses_with_the_remedy_unless_told(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    from autograder import sandbox

    hand_in(tmp_path, "ada", solution())
    monkeypatch.setattr(sandbox, "probe", lambda: "bwrap: setting up uid map: Permission denied")
    words = ["grade", str(tmp_path / "submitted"), "--state", str(tmp_path / "state")]
    assert main(words) == 1
    said = capsys.readouterr().err
    assert "AppArmor" in said and "--unsafe-no-sandbox" in said and "uid map" in said
    assert main([*words, "--unsafe-no-sandbox"]) == 0
    record = records(tmp_path)["ada"]
    assert record["points"] == AUTO and record["sandbox"].startswith("none")


def test_a_second_grader_is_told_who_the_first_is(tmp_path: Path, capsys: Any) -> None:
    hand_in(tmp_path, "ada", solution())
    (tmp_path / "state").mkdir()
    with (tmp_path / "state" / "lock").open("w") as held:  # by another open file: what another process would have
        held.write("4711 2026-01-01 12:00:00")
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        assert main(["grade", str(tmp_path / "submitted"), "--state", str(tmp_path / "state")]) == 1
        assert "process 4711 since 2026" in capsys.readouterr().err
    with (tmp_path / "state" / "lock").open("w") as left:
        left.write("4711 2026-01-01 12:00:00")  # left by a grader that was killed
    with only_grader(tmp_path / "state"):
        assert (tmp_path / "state" / "lock").read_text().startswith(f"{os.getpid()} ")


@pytest.mark.parametrize(("words", "said"), [
    (["nowhere"], "no such file or folder"),
    ([".", "--lab", "03_gem"], "Did you mean '03_gemm'"),
    ([".", "--jobs", "0"], "--jobs: want 1 or more"),
    (["."], "no submissions found"),
])  # fmt: skip
def test_wrong_words_are_told(words: list[str], said: str, tmp_path: Path, capsys: Any) -> None:
    target = tmp_path / words[0]
    assert main(["grade", str(target), *words[1:], "--state", str(tmp_path / "state")]) == 1
    assert said in capsys.readouterr().err


def test_what_is_wrong_with_the_terms_file_is_one_sentence_before_anything_runs(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "course.toml").write_text("[part.labs]\nweight = 40\nlabs = ['03_gemm']\n")
    (tmp_path / "submitted" / "ada" / LAB).mkdir(parents=True)
    for words in (["grade"], ["gradebook"], ["report", LAB], ["report", "--final"]):
        assert main([*words, "--state", str(tmp_path)]) == 1
        said = capsys.readouterr()
        assert said.err.count("\n") == 1 and "the weights make 40, want 100" in said.err and said.out == ""


def test_formgrader_shows_the_rosters_names(tmp_path: Path) -> None:
    from autograder import gradebook

    with gradebook.opened(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        for student, more in {"ada": {}, "bob": {"first_name": "Robert"}, "cyd": {}, "dan": {}}.items():
            book.add_student(student, **more)
        gradebook.name_students(book, {"ada": "Ada King Lovelace", "bob": "Bob Noyce", "cyd": "Cher", "eve": "Eve"})
        said = {s.id: (s.first_name, s.last_name) for s in book.students}
    assert said == {"ada": ("Ada King", "Lovelace"), "bob": ("Robert", None), "cyd": (None, "Cher"), "dan": (None, None)}


def test_a_cut_ledger_line_is_passed_over_and_kept_apart(tmp_path: Path) -> None:
    ledger = Place(tmp_path).ledger
    ledger.append({"student": "ada", "lab": "x", "points": 1})
    with ledger.path.open("a") as file:
        file.write('{"student": "bob", "la')
    ledger.append({"student": "cyd", "lab": "x", "points": 2})
    assert [r["student"] for r in ledger] == ["ada", "cyd"]
    ledger.append({"student": "ada", "lab": "x", "points": 9, "run": "r1"})
    ledger.append({"void": "r1"})
    assert ledger.latest()[("ada", "x")]["points"] == 1


def test_the_secret_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert place.secret() == place.secret() and len(place.secret()) == 32
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
