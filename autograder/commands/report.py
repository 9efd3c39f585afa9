"""`course report LAB`: the marks as a table, a CSV, a page a student and a page a class."""

from __future__ import annotations

import argparse
import csv
import io
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", metavar="LAB", help="the lab, as 01_intro")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where pages and CSV go (default: the state folder's reports/LAB)")
    parser.add_argument("--open", action="store_true", help="show the class page in the browser")
    parser.add_argument("--slides", default="", metavar="URL", help="where the decks lie, so that hints link to their frames")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where ledger and gradebook lie (default: autograder/state)")


def run(options: argparse.Namespace) -> int:
    from ..feedback import class_page, student_page
    from ..gradebook import GradebookError
    from ..grading import Lab, Place
    from ..manifest import ManifestError

    try:
        place = Place(options.state.resolve()) if options.state else Place()
        lab = Lab.open(options.lab)
        records = [r for _, r in sorted(place.ledger.latest(options.lab).items())]
        if not records:
            print(f"course report: nothing of {options.lab} has been graded yet; `course grade` does that", file=sys.stderr)
            return 1
        given = manual_scores(lab, place, records)
    except (ManifestError, GradebookError) as error:
        print(f"course report: {error}", file=sys.stderr)
        return 1
    title = title_of(lab)
    out = options.out or place.root / "reports" / options.lab
    try:
        out.mkdir(parents=True, exist_ok=True)
        for record in records:
            write(out / f"{file_name(record['student'])}.html", student_page(record, title, given[record["student"]], options.slides))
        write(out / "_class.html", class_page(records, title, given))
        write(out / f"_{options.lab}.csv", csv_of(records, given))
    except OSError as error:
        print(f"course report: {error.filename or out}: {error.strerror}", file=sys.stderr)
        return 1
    print(table_of(records, given, title))
    print(f"\n{len(records)} pages, _class.html and _{options.lab}.csv in {out}")
    if options.open:
        import webbrowser

        webbrowser.open((out / "_class.html").resolve().as_uri())
    return 0


def manual_scores(lab: Any, place: Any, records: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """student -> grade_id -> the score a person gave in formgrader."""
    from .. import gradebook

    with gradebook.opened(place.gradebook_url) as book:
        return {r["student"]: gradebook.manual(book, lab, r["student"]) for r in records}


def title_of(lab: Any) -> str:
    for cell in lab.release.cells:
        if cell["cell_type"] == "markdown" and (found := re.search(r"^# (.+)$", cell["source"], re.M)):
            return found.group(1).strip()
    return str(lab.manifest.lab)


def file_name(student: str) -> str:
    """A student id as a file name: what is no letter, digit, dot, dash or underscore becomes its code."""
    safe = re.sub(r"[^\w.-]", lambda m: f"%{ord(m.group()):02x}", student)
    return safe if safe[:1] not in (".", "_") else f"%{ord(safe[0]):02x}{safe[1:]}"


def write(path: Path, text: str) -> None:
    half = path.with_name(path.name + ".half")
    half.write_text(text, encoding="utf-8")
    half.replace(path)


def table_of(records: Sequence[Mapping[str, Any]], given: Mapping[str, Mapping[str, float]], title: str) -> Any:
    from course_lib.records import Report

    from ..feedback import totals

    rows = []
    for record in records:
        points, most, waiting = totals(record, given[record["student"]])
        entries = record["exercises"].values()
        rows.append({
            "student": record["student"], "points": points, "of": most, "state": record["state"],
            "right": sum(e["points"] is not None and e["points"] >= e["max"] for e in entries), "exercises": len(entries),
            "waits": "for a person" if waiting else "", "notes": len(record["notes"]),
        })  # fmt: skip
    return Report.of(rows, title=title)


def csv_of(records: Sequence[Mapping[str, Any]], given: Mapping[str, Mapping[str, float]]) -> str:
    """One row a student: points, states apart from zeros, every exercise and question. An empty field is no score yet."""
    from ..feedback import totals

    exercises = list(dict.fromkeys(n for r in records for n in r["exercises"]))
    questions = list(dict.fromkeys(n for r in records for n in r["questions"]))
    file = io.StringIO()
    out = csv.writer(file, lineterminator="\n")
    states = [f"{n} state" for n in exercises]
    out.writerow(
        ["student", "points", "of", "state", "waits for a person", *exercises, *states, *questions, "handed in", "sandbox", "notes"]
    )
    for record in records:
        mine = given[record["student"]]
        points, most, waiting = totals(record, mine)
        scores = [mine.get(f"check_{n}", record["exercises"].get(n, {}).get("points")) for n in exercises]
        open_ = [mine.get(n, None if record["questions"].get(n, {}).get("answered") else 0.0) for n in questions]
        row = [record["student"], points, most, record["state"], "yes" if waiting else "no", *scores]
        row += [record["exercises"].get(n, {}).get("state", "") for n in exercises]
        row += [*open_, record.get("handed_in") or "", record["sandbox"], "; ".join(record["notes"])]
        out.writerow([harmless(cell) for cell in row])
    return file.getvalue()


def harmless(cell: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    if isinstance(cell, float):
        return f"{cell:g}"
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" and cell else cell
