"""The ledger's marks in nbgrader's gradebook, so that formgrader, feedback and export show them; manual grades are kept."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .rebuild import tag, tests_of

PATIENCE = 60  # seconds to wait for another program that holds the gradebook


class GradebookError(RuntimeError):
    """The gradebook cannot be used; the message says what to do."""


@contextlib.contextmanager
def opened(url: str) -> Iterator[Any]:
    """nbgrader's Gradebook, quietly. Raises GradebookError where it is damaged or held by another program."""
    # nbgrader calls the bare program `alembic`: it must be found where this Python's programs are
    here = os.path.dirname(sys.executable)
    if os.environ.get("PATH", "").split(os.pathsep)[0] != here:
        os.environ["PATH"] = here + os.pathsep + os.environ.get("PATH", os.defpath)
    for name in ("nbgrader", "alembic", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import nbgrader.api
        from sqlalchemy.exc import DatabaseError, OperationalError

        nbgrader.api.get_alembic_version = newest_schema

        check_file(url)
        try:
            with quiet_descriptors():
                book = nbgrader.api.Gradebook(url + (f"?timeout={PATIENCE}" if url.startswith("sqlite") else ""))
        except (OperationalError, DatabaseError) as error:
            raise GradebookError(said_of(url, error)) from None
        except ModuleNotFoundError as error:
            raise GradebookError(f"the gradebook {url} needs the package {error.name}; python3 -m pip install psycopg2-binary") from None
        try:
            yield book
        except OperationalError as error:
            book.db.rollback()
            raise GradebookError(said_of(url, error)) from None
        finally:
            book.close()


def newest_schema() -> str:
    """The version that a new gradebook is stamped with; nbgrader starts the program alembic to ask for it, which takes seconds."""
    import nbgrader
    from alembic.script import ScriptDirectory

    return str(ScriptDirectory(str(Path(nbgrader.__file__).parent / "alembic")).get_current_head())


def said_of(url: str, error: Exception) -> str:
    text = str(getattr(error, "orig", error))
    if "locked" in text:
        return f"the gradebook {url} is held by another program (formgrader?) for more than {PATIENCE} s"
    return f"the gradebook {url} cannot be used: {text}"


def damaged(path: Path, why: Any) -> str:
    return f"the gradebook {path} is damaged ({why}); `course gradebook --restore` takes the newest sound copy and the ledger's marks"


def check_file(url: str) -> None:
    """Before a SQLite gradebook is opened: a file that nbgrader left half made is put aside, a damaged one is said."""
    if not url.startswith("sqlite:///"):
        return
    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        return
    import sqlite3

    with contextlib.closing(sqlite3.connect(path, timeout=PATIENCE)) as db:
        try:
            sound = db.execute("pragma integrity_check").fetchone()[0]
            tables = {row[0] for row in db.execute("select name from sqlite_master where type = 'table'")}
        except sqlite3.OperationalError as error:
            raise GradebookError(said_of(url, error)) from None
        except sqlite3.DatabaseError as error:
            raise GradebookError(damaged(path, error)) from None
    if sound != "ok":
        raise GradebookError(damaged(path, sound))
    if not tables or "alembic_version" not in tables:
        path.rename(path.with_name(f"{path.name}.unfinished-{time.strftime('%Y%m%d-%H%M%S')}"))


def backup(url: str, keep: int = 20) -> Path | None:
    """A dated copy of a SQLite gradebook beside it, made by SQLite itself; the oldest beyond `keep` go."""
    if not url.startswith("sqlite:///") or not (path := Path(url.removeprefix("sqlite:///"))).exists():
        return None
    import sqlite3

    copies = path.parent / "backups"
    copies.mkdir(exist_ok=True)
    target = copies / f"{path.stem}-{time.strftime('%Y%m%d-%H%M%S')}.db"
    check_file(url)  # SQLite's own copying would wait for ever for a program that holds the file
    if not path.exists():
        return None
    with contextlib.closing(sqlite3.connect(path, timeout=PATIENCE)) as old, contextlib.closing(sqlite3.connect(target)) as new:
        old.backup(new)
    for old_copy in sorted(copies.glob(f"{path.stem}-*.db"))[:-keep]:
        old_copy.unlink()
    return target


@contextlib.contextmanager
def quiet_descriptors() -> Iterator[None]:
    """alembic speaks through the process's own descriptors."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


def declare(book: Any, lab: Any) -> None:
    """Make the lab known: assignment, notebook, and its cells with their points. Safe to repeat; nothing is removed."""
    with one_transaction(book):
        declare_cells(book, lab)


@contextlib.contextmanager
def one_transaction(book: Any) -> Iterator[None]:
    """nbgrader commits each cell by itself, to the disk; in here that happens once, at the end, or not at all."""
    book.db.commit = book.db.flush
    try:
        yield
    except BaseException:
        book.db.rollback()
        raise
    finally:
        del book.db.commit
    book.db.commit()


def declare_cells(book: Any, lab: Any) -> None:
    name, notebook = lab.manifest.lab, lab.manifest.notebook
    book.update_or_create_assignment(name)
    book.update_or_create_notebook(notebook, name)
    for cell in lab.release.cells:
        info = tag(cell)
        if not (grade_id := info.get("grade_id")):
            continue
        if info.get("grade"):
            book.update_or_create_grade_cell(grade_id, notebook, name, max_score=float(info.get("points", 0)), cell_type=cell["cell_type"])
        if info.get("solution"):
            book.update_or_create_solution_cell(grade_id, notebook, name)
        if info.get("task"):
            book.update_or_create_task_cell(grade_id, notebook, name, max_score=float(info.get("points", 0)), cell_type=cell["cell_type"])
        locked = bool(info.get("locked")) or (bool(info.get("grade")) and not info.get("solution"))
        book.update_or_create_source_cell(
            grade_id, notebook, name, source=cell["source"], locked=locked, cell_type=cell["cell_type"], checksum=info.get("checksum")
        )


def marks_of(lab: Any, record: Mapping[str, Any]) -> dict[str, float | None]:
    """grade_id -> the mark that a record gives it by itself; None where a person must look."""
    out: dict[str, float | None] = {}
    tests = tests_of(lab.release.cells, lab.manifest.exercises)
    for index, cell in enumerate(lab.release.cells):
        info = tag(cell)
        if not (grade_id := info.get("grade_id")) or not info.get("grade"):
            continue
        if index in tests:
            out[grade_id] = record["exercises"][tests[index]]["points"]
        elif grade_id in record["questions"]:
            out[grade_id] = None if record["questions"][grade_id]["answered"] else 0.0
        else:
            out[grade_id] = None if record["file"] is not None else 0.0
    return out


def differing(book: Any, lab: Any, records: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The students whose marks in the gradebook are not those of their records (student -> record), in one query."""
    from nbgrader.api import Assignment, BaseCell, Grade, SubmittedAssignment, SubmittedNotebook

    rows = (
        book.db.query(SubmittedAssignment.student_id, BaseCell.name, Grade.auto_score)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .join(BaseCell, BaseCell.id == Grade.cell_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .filter(Assignment.name == lab.manifest.lab)
    )
    have: dict[str, dict[str, float | None]] = {}
    for student, grade_id, score in rows:
        have.setdefault(student, {})[grade_id] = score
    return [student for student, record in records.items() if have.get(student) != marks_of(lab, record)]


def write(book: Any, lab: Any, record: Mapping[str, Any], timestamp: Any = None) -> None:
    """One record's marks. A manual score stays and is marked for another look; an unscored state clears a stale grade."""
    name, notebook, student = lab.manifest.lab, lab.manifest.notebook, record["student"]
    book.update_or_create_student(student)
    words = {"timestamp": timestamp} if timestamp is not None else {}
    book.update_or_create_submission(name, student, **words)
    marks = marks_of(lab, record)
    for cell in lab.release.cells:
        info = tag(cell)
        grade_id = info.get("grade_id")
        if not grade_id or not (info.get("grade") or info.get("solution")):
            continue
        if info.get("grade"):
            grade = book.find_grade(grade_id, notebook, name, student)
            grade.auto_score = marks[grade_id]
            grade.needs_manual_grade = grade.auto_score is None or grade.manual_score is not None
        if info.get("solution"):
            comment = book.find_comment(grade_id, notebook, name, student)
            comment.auto_comment = comment_on(lab, record, cell)
    book.db.commit()
    book.db.expunge_all()  # nothing of this student stays in memory


def name_students(book: Any, roster: Mapping[str, str]) -> None:
    """The names of a roster (id -> name) for formgrader, which shows them; who has one already keeps it."""
    for student in book.students:
        if (name := roster.get(student.id)) and student.first_name is None and student.last_name is None:
            first, _, student.last_name = name.rpartition(" ")
            student.first_name = first or None
    book.db.commit()


def restore(url: str, copy: Path | None = None) -> tuple[Path, Path | None]:
    """Put a dated copy (the newest sound one) in the gradebook's place -> (the copy, where the present file was put aside).

    Raises GradebookError where there is none to take.
    """
    import sqlite3

    if not url.startswith("sqlite:///"):
        raise GradebookError(f"the gradebook {url} is a server's: restore it with the server's own tools; the ledger has every verdict")
    path = Path(url.removeprefix("sqlite:///"))
    choice = [copy] if copy else sorted((path.parent / "backups").glob(f"{path.stem}-*.db"), reverse=True)
    for one in choice:
        try:
            with contextlib.closing(sqlite3.connect(f"file:{one}?mode=ro", uri=True)) as db:
                sound = db.execute("pragma integrity_check").fetchone()[0] == "ok"
        except sqlite3.DatabaseError:
            sound = False
        if not sound:
            continue
        aside = None
        if path.exists():
            aside = path.with_name(f"{path.name}.replaced-{time.strftime('%Y%m%d-%H%M%S')}")
            path.rename(aside)
        with contextlib.closing(sqlite3.connect(one)) as old, contextlib.closing(sqlite3.connect(path)) as new:
            old.backup(new)
        return one, aside
    raise GradebookError(f"no sound copy of {path} was found{f' in {copy}' if copy else ' in ' + str(path.parent / 'backups')}")


def comment_on(lab: Any, record: Mapping[str, Any], cell: Any) -> str | None:
    """What is said under a solution cell in formgrader and in nbgrader's feedback."""
    from .rebuild import defined

    said = []
    for name in defined(cell["source"]):
        if (entry := record["exercises"].get(name)) is None:
            continue
        if entry["points"] is not None and entry["points"] >= entry["max"]:
            said.append(f"{name}: right.")
        else:
            said.append(f"{name}: {entry['message']}{' Hint: ' + entry['hint'] if entry['hint'] else ''}")
    if not said and tag(cell).get("grade_id") in record["questions"] and not record["questions"][tag(cell)["grade_id"]]["answered"]:
        return "No response."
    return " ".join(said) or None


def manual(book: Any, lab: Any, student: str) -> dict[str, float]:
    """grade_id -> the score a person gave, where one did."""
    from nbgrader.api import MissingEntry

    try:
        submission = book.find_submission_notebook(lab.manifest.notebook, lab.manifest.lab, student)
    except MissingEntry:
        return {}
    return {g.name: g.manual_score + (g.extra_credit or 0.0) for g in submission.grades if g.manual_score is not None}
