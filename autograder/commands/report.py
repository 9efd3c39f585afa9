"""`course report LAB`: the marks as a table, a CSV, a page a student and a page a class.

course report 03_gemm --open      one lab
course report --final             the whole term by autograder/course.toml, every step of every mark shown
"""

from __future__ import annotations

import argparse
import csv
import io
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..files import write_whole


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", nargs="?", metavar="LAB", help="the lab, as 01_intro")
    parser.add_argument("--final", action="store_true", help="the term's marks, by course.toml")
    parser.add_argument("--term", type=Path, metavar="FILE", help="the term's file (default: autograder/course.toml)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where pages and CSV go (default: the state folder's reports/LAB)")
    parser.add_argument("--open", action="store_true", help="show the class page in the browser")
    parser.add_argument("--slides", default="", metavar="URL", help="where the decks lie, so that hints link to their frames")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where ledger and gradebook lie (default: autograder/state)")


def run(options: argparse.Namespace) -> int:
    from ..alike import near_identical
    from ..feedback import class_page, student_page
    from ..gradebook import GradebookError
    from ..grading import Lab, Place
    from ..manifest import ManifestError
    from ..term import TermError

    if options.final == bool(options.lab):
        print("course report: say which lab, or --final", file=sys.stderr)
        return 2
    if options.final:
        return final(options)
    try:
        place = Place.of(options.state)
        term = place.term(options.term)
        lab = Lab.open(options.lab)
        records = [r for _, r in sorted(place.ledger.latest(options.lab).items())]
        if not records:
            print(f"course report: nothing of {options.lab} has been graded yet; `course grade` does that", file=sys.stderr)
            return 1
        given = manual_scores(lab, place, records)
    except (ManifestError, GradebookError, TermError) as error:
        print(f"course report: {error}", file=sys.stderr)
        return 1
    title = title_of(lab)
    out = options.out or place.root / "reports" / options.lab
    out.mkdir(parents=True, exist_ok=True)
    for record in records:
        write_whole(out / f"{file_name(record['student'])}.html", student_page(record, title, given[record["student"]], options.slides))
    alike = near_identical(records, place, lab)
    write_whole(out / "_class.html", class_page(records, title, given, alike, unfinished(records, place, options.lab, term)))
    write_whole(out / f"_{options.lab}.csv", csv_of(records, given, term, options.lab))
    print(table_of(records, given, title))
    print(f"\n{len(records)} pages, _class.html and _{options.lab}.csv in {out}")
    if options.open:
        show(out / "_class.html")
    return 0


def unfinished(records: Sequence[Mapping[str, Any]], place: Any, lab: str, term: Any) -> list[tuple[str, str]]:
    """(student, why) of everybody whose work has no verdict: not graded yet, or not on the roster."""
    graded = {record["student"] for record in records}
    root = place.root / "submitted"
    handed_in = {p.parent.name for p in root.glob(f"*/{lab}") if p.is_dir()}
    out = [(s, "handed in, and not graded: the sandbox did not start, or the run was stopped; `course grade`") for s in handed_in - graded]
    if term is not None and term.roster is not None:
        out += [(s, "graded, and not on the roster") for s in graded - term.ids()]
        out += [(s, "on the roster, and nothing was handed in") for s in term.ids() - graded - handed_in]
    return sorted(out)


def final(options: argparse.Namespace) -> int:
    """The term's marks: a table here, a CSV, and a page with every step."""
    from course_lib.records import Report

    from ..feedback import final_page
    from ..gradebook import GradebookError
    from ..grading import Lab, Place
    from ..manifest import ManifestError
    from ..term import FILE, TermError, marks

    try:
        place = Place.of(options.state)
        if (term := place.term(options.term)) is None:
            raise TermError(f"there is no {FILE}; take one of autograder/examples/ and put your weights into it")
        latest = place.ledger.latest()
        given = {}
        for name in sorted({lab for _, lab in latest}):
            here = [r for (_, lab), r in latest.items() if lab == name]
            given.update({(s, name): scores for s, scores in manual_scores(Lab.open(name), place, here).items()})
        everybody = marks(term, latest, given)
        stray = sorted({s for s, _ in latest} - {m.student for m in everybody})
        names = [p.name for p in (*term.parts, *term.bonus)]
        rows = [
            {"student": m.student, "name": m.name, **{n: round(m.parts[n], 2) for n in names}, "percent": m.percent, "grade": m.grade,
             "waits": "for a person" if m.waits else ""}
            for m in everybody
        ]  # fmt: skip
        out = options.out or place.root / "reports"
        out.mkdir(parents=True, exist_ok=True)
        table = Report.of(rows, title=term.title)
        write_whole(out / "_final.csv", Report.of([{k: harmless(v) for k, v in row.items()} for row in rows]).csv())
        write_whole(out / "_final.html", final_page(everybody, term.title or "The term's marks"))
    except (ManifestError, GradebookError, TermError) as error:
        print(f"course report: {error}", file=sys.stderr)
        return 1
    print(table)
    for mark in everybody:
        print(f"\n{mark.student}{f' ({mark.name})' if mark.name else ''}")
        print("\n".join(f"  {step}" for step in mark.steps))
    for student in stray:
        print(f"\n{student} was graded and is not on the roster: not in this list", file=sys.stderr)
    print(f"\n_final.html and _final.csv in {out}")
    if options.open:
        show(out / "_final.html")
    return 0


def show(page: Path) -> None:
    """A page in the browser, or a word on where it lies."""
    import webbrowser

    if not webbrowser.open(address := page.resolve().as_uri()):
        print(f"no browser could be opened here; the page is {address}", file=sys.stderr)


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


def csv_of(records: Sequence[Mapping[str, Any]], given: Mapping[str, Mapping[str, float]], term: Any = None, lab: str = "") -> str:
    """One row a student: points, states apart from zeros, every exercise and question. An empty field is no score yet.

    `points` are after lateness where the term's file has a due time; `earned` are those before.
    """
    from ..feedback import totals
    from ..term import lateness

    exercises = list(dict.fromkeys(n for r in records for n in r["exercises"]))
    questions = list(dict.fromkeys(n for r in records for n in r["questions"]))
    file = io.StringIO()
    out = csv.writer(file, lineterminator="\n")
    states = [f"{n} state" for n in exercises]
    out.writerow(
        [
            "student",
            "points",
            "of",
            "state",
            "waits for a person",
            *exercises,
            *states,
            *questions,
            "handed in",
            "days late",
            "earned",
            "sandbox",
            "notes",
        ]
    )
    for record in records:
        mine = given[record["student"]]
        points, most, waiting = totals(record, mine)
        scores = [mine.get(f"check_{n}", record["exercises"].get(n, {}).get("points")) for n in exercises]
        open_ = [mine.get(n, None if record["questions"].get(n, {}).get("answered") else 0.0) for n in questions]
        days, keeps, why = lateness(term, lab, record)
        after = None if points is None else points * keeps
        row = [record["student"], after, most, record["state"], "yes" if waiting else "no", *scores]
        row += [record["exercises"].get(n, {}).get("state", "") for n in exercises]
        row += [
            *open_,
            record.get("handed_in") or "",
            days,
            points,
            record["sandbox"],
            "; ".join([*record["notes"], *([why] if why else [])]),
        ]
        out.writerow([harmless(cell) for cell in row])
    return file.getvalue()


def harmless(cell: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    if isinstance(cell, float):
        return f"{cell:g}"
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" and cell else cell
