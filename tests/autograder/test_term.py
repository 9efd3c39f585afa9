"""A term's marks by hand and by machine are the same, and what its file says wrongly is told with key and value."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from autograder import term as terms
from course_lib.cli import main

EXAMPLES = Path(terms.__file__).with_name("examples")
UTC = datetime.UTC


def record(lab: str, points: float, most: float = 10, handed_in: str | None = "2026-09-20T12:00:00+00:00", **more: Any) -> dict[str, Any]:
    entry = {"points": points, "max": most, "state": "ok"}
    return {"lab": lab, "file": "x.ipynb", "handed_in": handed_in, "exercises": {"one": entry}, "questions": {}, "max": most, "notes": [],
            **more}  # fmt: skip


def read(**data: Any) -> terms.Term:
    return terms.read(data, EXAMPLES / "course.toml")


@pytest.mark.parametrize(("name", "parts"), [
    ("four_parts", {"labs": 40, "discussion": 10, "mid-term": 15, "final": 35}), ("two_parts", {"homework": 30, "lab": 70}),
])  # fmt: skip
def test_the_two_published_policies_ship_and_print_their_timetable(name: str, parts: dict[str, float], capsys: Any) -> None:
    term = terms.load(EXAMPLES / f"{name}.toml")
    assert term is not None and {p.name: p.weight for p in term.parts} == parts
    assert main(["schedule", "--term", str(EXAMPLES / f"{name}.toml")]) == 0
    said = capsys.readouterr().out
    assert said.index("01_intro") < said.index("03_gemm") and "lab due" in said and ("Mid-term" in said) == (name == "four_parts")


def test_the_terms_mark_is_the_sum_done_by_hand_with_every_step() -> None:
    term = terms.load(EXAMPLES / "four_parts.toml")
    assert term is not None
    records = {
        ("ada", "01_intro"): record("01_intro", 9),
        ("ada", "03_gemm"): record("03_gemm", 8, handed_in="2026-10-13T18:00:00+00:00"),  # due 10-12 15:59 UTC: two days begun
        ("ada", "04_dataflow"): record("04_dataflow", 10, handed_in="2026-11-02T16:10:00+00:00"),  # 11 minutes over, 15 of grace
    }
    ada, bob = terms.marks(term, records, {})
    # labs: (90 + 80 * 0.8 + 100) / 3 = 84.67 % of 40; discussion 9/10 of 10; mid-term 51/60 of 15; final 88 % of 35; talk 2 of 3
    want = round((0.9 + 0.64 + 1) / 3 * 40 + 9 + 51 / 60 * 15 + 0.88 * 35 + 2, 2)
    assert ada.percent == want == 88.42 and ada.grade == "B" and not ada.waits
    steps = "\n".join(ada.steps)
    for words in ("8 of 10 = 80.00 %, 2 days late: 80 % of the points stay = 64.00 %", "the mean of 3 = 84.67 %", "of 40 = 33.87",
                  "mid-term: 51 of 60 = 85.00 %", "together 33.87 + 9.00 + 12.75 + 30.80 + 2.00 = 88.42 %", "at least 75: B"):  # fmt: skip
        assert words in steps, words
    assert (
        bob.percent == round(7.5 + 10 + 0.71 * 35, 2) and "nothing was handed in" in bob.steps[0] and "no score yet" in "\n".join(bob.steps)
    )


def test_what_is_added_up_is_what_is_shown() -> None:
    labs = ["01_intro", "03_gemm", "04_dataflow"]
    term = read(part={lab: {"weight": weight, "labs": [lab]} for lab, weight in zip(labs, (33, 33, 34), strict=True)})
    ada = terms.marks(term, {("ada", lab): record(lab, 1, 7, None) for lab in labs}, {})[0]  # 4.714..., 4.714..., 4.857...
    assert ada.percent == 14.28 and "together 4.71 + 4.71 + 4.86 = 14.28 %" in ada.steps[-1]


def test_the_worst_lab_is_left_out_where_the_policy_says_so() -> None:
    term = terms.load(EXAMPLES / "two_parts.toml")
    assert term is not None
    records = {("ada", lab): record(lab, p, handed_in=None) for lab, p in (("01_intro", 10), ("03_gemm", 2), ("04_dataflow", 8))}
    ada = terms.marks(term, records, {})[0]
    assert ada.percent == round(0.92 * 30 + 0.9 * 70, 2) and "the worst 1 left out" in "\n".join(ada.steps)
    assert "not known; taken as in time" in "\n".join(ada.steps)


def test_what_needs_a_person_is_said_and_counts_as_nothing_until_then() -> None:
    term = read(part={"lab": {"weight": 100, "labs": ["01_intro"]}})
    lost = record("01_intro", 0, notes=["could not be read"])
    lost["exercises"]["one"]["points"] = None
    ada = terms.marks(term, {("ada", "01_intro"): lost}, {})[0]
    assert ada.percent == 0 and ada.waits and "needs a person (could not be read)" in ada.steps[0]


@pytest.mark.parametrize(("over", "days"), [(-60, 0), (0, 0), (899, 0), (901, 1), (86_400, 1), (86_401, 2), (5 * 86_400 + 1, 6)])
def test_days_late_are_days_begun_once_the_grace_is_over(over: float, days: int) -> None:
    late, due = terms.Late(grace_minutes=15, percent_a_day=10, at_most_days=5), datetime.datetime(2026, 9, 28, 23, 59, tzinfo=UTC)
    assert late.days(due, due + datetime.timedelta(seconds=over)) == days
    assert late.keeps(days) == pytest.approx(0 if days > 5 else 1 - days / 10)


def test_a_due_time_in_another_zone_is_the_same_moment() -> None:
    term = read(lab={"01_intro": {"due": datetime.datetime(2026, 9, 28, 23, 59, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))}})
    days, _, why = terms.lateness(term, "01_intro", record("01_intro", 1, handed_in="2026-09-28T15:58:00+00:00"))
    assert (days, why) == (0, "")
    assert terms.lateness(term, "01_intro", record("01_intro", 1, handed_in="2026-09-28T16:00:00+00:00"))[0] == 1


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown key": ({"wieghts": {}}, "wieghts: this key is not known"),
    "weights that do not make 100": ({"part": {"a": {"weight": 40, "scores": "final.csv"}}}, "the weights make 40, want 100"),
    "no such lab": ({"lab": {"03_gem": {}}}, "there is no such lab. Did you mean '03_gemm'?"),
    "a part of nothing": ({"part": {"a": {"weight": 100}}}, "want either labs or scores"),
    "a date that is none": ({"lab": {"03_gemm": {"due": "soon"}}}, "lab.03_gemm.due: want a date or a time"),
    "a negative weight": ({"part": {"a": {"weight": -1, "scores": "x"}}}, "part.a.weight: want a number, 0 or more"),
    "too many left out": ({"part": {"a": {"weight": 100, "labs": ["03_gemm"], "drop": 1}}}, "want fewer than the 1 labs"),
    "a roster that is not there": ({"roster": "nobody.csv"}, "nobody.csv: cannot be read"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_in_the_file_is_told(what: str) -> None:
    data, words = WRONG[what]
    with pytest.raises(terms.TermError) as error:
        read(**data)
    assert words in str(error.value)


def test_a_score_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("id,score\nada,101\n")
    term = terms.read({"part": {"exam": {"weight": 100, "scores": "s.csv"}}}, tmp_path / "course.toml")
    with pytest.raises(terms.TermError, match="ada: want 0 to 100, got 101"):
        terms.marks(term, {("ada", "x"): record("x", 1)}, {})


def test_without_a_file_the_command_says_where_the_examples_are(monkeypatch: Any, capsys: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(terms, "FILE", tmp_path / "course.toml")
    assert main(["schedule"]) == 1
    assert "autograder/examples/" in capsys.readouterr().err
