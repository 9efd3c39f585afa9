"""A download is sorted by student; what is hostile in it is refused by name, and nothing is written outside."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from autograder import collecting
from course_lib.cli import main

NAMES = {
    "Lab 3_ada_attempt_2026-03-01-12-00-00_lab03_gemm.ipynb": "ada",
    "course/Lab 3_o'brien zoë_attempt_2026-03-01-12-00-00_lab03 (1).ipynb": "o'brien zoë",
    "lovelaceada_LATE_1234_56789_lab03_gemm.ipynb": "lovelaceada",
    "lovelaceada_1234_56789_lab03_gemm-2.ipynb": "lovelaceada",
    "Ada Lovelace_4711_assignsubmission_file_/lab03_gemm.ipynb": "Ada Lovelace_4711",
    "ada/lab03_gemm.ipynb": "ada",
    "ada/03_gemm/lab03_gemm.ipynb": "ada",
}


@pytest.mark.parametrize("name", NAMES)
def test_the_name_says_whose_it_is(name: str) -> None:
    assert collecting.owner(name)[0] == NAMES[name]


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("fay/lab03_gemm.ipynb")
    info.external_attr = 0o120777 << 16
    return info


def test_good_files_are_taken_and_bad_ones_named(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "download (1).zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("Lab_ada_attempt_2026-03-01-12-00-00_lab.ipynb", "first")
        z.writestr("Lab_ada_attempt_2026-03-02-12-00-00_lab.ipynb", "second")
        z.writestr("bob/lab.ipynb", "his")
        z.writestr("BOB/lab.ipynb", "whose?")
        z.writestr("../../evil/lab.ipynb", "out")
        z.writestr("/etc/lab.ipynb", "out")
        z.writestr("gil/work.zip", b"PK")
        z.writestr("hal/big.ipynb", b"\0" * (collecting.MOST_BYTES + 1))
        z.writestr("ida/bomb.ipynb", b" " * (collecting.FREE + 1))
        z.writestr("lonely.ipynb", "whose?")
        z.writestr("my_attempt_at_this.txt", "a text that is not the platform's")
        z.writestr("__MACOSX/bob/lab.ipynb", "")
        z.writestr(link(), "/etc/passwd")
    state = tmp_path / "state"
    assert main(["collect", str(path), "--lab", "03_gemm", "--state", str(state)]) == 1
    said = capsys.readouterr()
    for name in ("../../evil", "/etc/lab", "work.zip", "hal/big", "ida/bomb", "lonely", "fay/lab03_gemm"):
        assert name in said.err, name
    assert "differ in case only" in said.out and "ada: 2 notebooks; the last" in said.out
    files = {p.relative_to(state).as_posix(): p.read_text() for p in state.rglob("*.ipynb")}
    assert files == {"submitted/ada/03_gemm/lab03_gemm.ipynb": "second", "submitted/bob/03_gemm/lab03_gemm.ipynb": "his"}
    assert (state / "submitted/ada/03_gemm/timestamp.txt").read_text() == "2026-03-02 12:00:00 UTC\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["download (1).zip", "state"]


def test_a_folder_is_collected_without_following_links(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "in" / "ada").mkdir(parents=True)
    (tmp_path / "in" / "ada" / "lab.ipynb").write_text("hers")
    (tmp_path / "in" / "eve").mkdir()
    (tmp_path / "in" / "eve" / "lab.ipynb").symlink_to("/etc/hostname")
    assert main(["collect", str(tmp_path / "in"), "--lab", "03_gemm", "--state", str(tmp_path / "s")]) == 1
    assert "eve/lab.ipynb" in capsys.readouterr().err
    assert [p.parent.parent.name for p in (tmp_path / "s").rglob("*.ipynb")] == ["ada"]


TERM = """
title = "A term"
roster = "roster.csv"
[late]
grace_minutes = 15
percent_a_day = 10
at_most_days = 3
[lab.03_gemm]
out = 2026-02-01
due = 2026-03-01 23:59:00+08:00
[part.labs]
weight = 100
labs = ["03_gemm"]
"""


def zipped(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, text in files.items():
            z.writestr(name, text)
    return out.getvalue()


def collected(download: Path, state: Path, capsys: Any) -> tuple[int, dict[str, tuple[str, str]], Any]:
    """(exit code, student -> (what lies there, when it was handed in), what was said)."""
    code = main(["collect", str(download), "--lab", "03_gemm", "--state", str(state)])
    when = lambda p: time.read_text() if (time := p.with_name("timestamp.txt")).exists() else ""
    there = {p.parent.parent.name: (p.read_text(), when(p)) for p in state.rglob("*.ipynb")}
    return code, there, capsys.readouterr()


def test_roster_and_due_time_decide_whose_work_counts_and_which_of_it(tmp_path: Path, capsys: Any) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "course.toml").write_text(TERM)
    (state / "roster.csv").write_text("id,name,email\nada,Ada,\nbob,Bob,\n4711,Cyd,\nzoë,Zoë,\n")
    with zipfile.ZipFile(tmp_path / "blackboard.zip", "w") as z:
        for when in ("2026-02-28-10-00-00", "2026-03-01-16-10-00", "2026-03-02-09-00-00"):  # due at 15:59 UTC, and 15 minutes
            z.writestr(f"Lab 3_ada_attempt_{when}_lab03_gemm.ipynb", when)
        z.writestr("Lab 3_bob_attempt_2026-03-03-08-00-00_work.zip", zipped(**{"my work/lab03_gemm.ipynb": "late", "deeper.zip": "PK"}))
        z.writestr("Lab 3_eve_attempt_2026-03-01-08-00-00_lab03_gemm.ipynb", "who?")
        z.writestr("Lab 3_zoe\u0308_attempt_2026-03-01-08-00-00_lab03 (1).ipynb", "hers")  # e and two dots, as macOS writes it
    code, there, said = collected(tmp_path / "blackboard.zip", state, capsys)
    assert code == 1 and there == {
        "ada": ("2026-03-01-16-10-00", "2026-03-01 16:10:00 UTC\n"),
        "bob": ("late", "2026-03-03 08:00:00 UTC\n"),
        "zoë": ("hers", "2026-03-01 08:00:00 UTC\n"),
    }
    assert "ada: 3 notebooks; the last in time" in said.out
    assert "not on the roster, not taken: 'eve'" in said.err and "deeper.zip" in said.err

    with zipfile.ZipFile(tmp_path / "moodle.zip", "w") as z:
        z.writestr("Cyd Charisse_4711_assignsubmission_file_/lab03_gemm.ipynb", "cyd's")
        z.writestr("Cyd Charisse_4711_assignsubmission_onlinetext_/onlinetext.html", "<p>hello</p>")
    code, there, said = collected(tmp_path / "moodle.zip", state, capsys)
    assert code == 0 and there["4711"] == ("cyd's", "") and there["ada"][0].startswith("2026")
    assert "counts as in time: 4711" in said.out  # a file's date in a zip is no time of handing in

    with zipfile.ZipFile(tmp_path / "canvas.zip", "w") as z:
        z.writestr("bob_LATE_12_345_lab03_gemm-2.ipynb", "once more")
    code, there, said = collected(tmp_path / "canvas.zip", state, capsys)
    assert code == 0 and there["bob"] == ("once more", "") and "bob: marked LATE by the platform, which does not say" in said.out
    assert "LATE" in (state / "submitted/bob/03_gemm/late.txt").read_text()


def test_what_is_no_download_is_told(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "a.zip").write_bytes(b"no zip")
    for words in ([str(tmp_path / "a.zip")], [str(tmp_path / "nowhere")]):
        assert main(["collect", *words, "--lab", "03_gemm", "--state", str(tmp_path / "s")]) == 1
    assert "want a zip file or a folder" in capsys.readouterr().err
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as z:
        for i in range(collecting.MOST_FILES + 1):
            z.writestr(f"{i}/a.txt", "")
    (tmp_path / "many.zip").write_bytes(many.getvalue())
    assert main(["collect", str(tmp_path / "many.zip"), "--lab", "03_gemm", "--state", str(tmp_path / "s")]) == 1
    assert "more than 20,000" in capsys.readouterr().err


def test_who_handed_in_something_else_waits_for_a_person_and_is_no_zero(tmp_path: Path, capsys: Any) -> None:
    from autograder.submissions import find

    state = tmp_path / "state"
    with zipfile.ZipFile(tmp_path / "blackboard.zip", "w") as z:
        z.writestr("Lab 3_eve_attempt_2026-03-01-08-00-00_report.docx", "PK")
        z.writestr("Lab 3_eve_attempt_2026-03-01-08-00-00.txt", "the platform's own")
        z.writestr("Lab 3_fay_attempt_2026-03-01-08-00-00_work.zip", zipped(**{"lab.7z": "7z"}))
        z.writestr("Lab 3_gus_attempt_2026-03-01-08-00-00_lab03_gemm.ipynb", "his")
        z.writestr("Lab 3_gus_attempt_2026-03-01-08-00-00_notes.txt", "and a text beside it")
    code, there, said = collected(tmp_path / "blackboard.zip", state, capsys)
    assert code == 1 and list(there) == ["gus"] and "eve is set aside for a person" in said.err and "gus" not in said.err
    why = {s.student: s.refused for s in find(state / "submitted", {"03_gemm": "lab03_gemm"}, "03_gemm")}
    assert why["gus"] == "" and "report.docx: this is no notebook" in why["eve"] and "lab.7z: an archive" in why["fay"]
    with zipfile.ZipFile(tmp_path / "again.zip", "w") as z:
        z.writestr("eve/lab03_gemm.ipynb", "hers")
    code, there, said = collected(tmp_path / "again.zip", state, capsys)
    assert code == 0 and there["eve"][0] == "hers" and not list(state.rglob("not-taken.txt"))[1:]


def test_names_on_the_roster_are_known_as_moodle_and_canvas_write_them() -> None:
    roster = {"a1": "Ada Lovelace", "b2": "Zoë O'Brien", "c3": "Bob Noyce", "d4": "Bob Noyce", "4711": "Cyd Charisse"}
    names = {
        "Ada Lovelace_17": "a1", "lovelaceada": "a1", "adalovelace": "a1", "Zoe\u0308 O'Brien_9": "b2", "obrienzoe": "b2", "A1": "a1",
        "Who Ever_4711": "4711", "Bob Noyce_3": None, "Who Ever_17": None, "lovelace": None,
    }  # fmt: skip
    assert {name: collecting.on_roster(name, roster) for name in names} == names


def test_the_platforms_clock_is_the_terms(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "roster.csv").write_text("id\nada\n")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as z:
        z.writestr("Lab 3_ada_attempt_2026-03-01-20-00-00_lab03_gemm.ipynb", "in the evening, in time")
    for line, when in (("", "2026-03-01 20:00:00 UTC\n"), ('clock = "+08:00"\n', "2026-03-01 12:00:00 UTC\n")):
        (tmp_path / "state" / "course.toml").write_text(line + TERM)
        _, there, said = collected(tmp_path / "b.zip", tmp_path / "state", capsys)
        assert there["ada"][1] == when and ("read as UTC" in said.out) is not bool(line)
    (tmp_path / "state" / "course.toml").write_text('clock = "Hong Kong"\n' + TERM)
    assert collected(tmp_path / "b.zip", tmp_path / "state", capsys)[0] == 1
