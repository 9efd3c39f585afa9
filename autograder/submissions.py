"""Which files were handed in: submitted/<student>/<lab>/<notebook>.ipynb, however the notebook came to be called."""

from __future__ import annotations

import datetime
import hashlib
import re
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Submission:
    """One student's file for one lab; `path` is None where nothing was handed in."""

    student: str
    lab: str
    path: Path | None
    notes: tuple[str, ...] = ()
    refused: str = ""  # why the file is not even opened


NOT_TAKEN = "not-taken.txt"  # beside where the notebook would be: what `course collect` could not take, a reason a line


class Refused(ValueError):
    """A path that is not graded, and why."""


def find(path: Path, labs: dict[str, str], only: str | None = None, student: str | None = None) -> list[Submission]:
    """The submissions in `path`; `labs` maps a lab to its notebook's name. `only` keeps one lab.

    `path` is a folder of students, one student's folder, a lab's folder, or a notebook. Raises Refused with one sentence.
    """
    if not path.exists():
        raise Refused(f"{path}: there is no such file or folder")
    if path.is_file():
        return [one_file(path, labs, only, student)]
    if path.name in labs or (only and any(path.glob("*.ipynb"))):
        lab, whole = only or path.name, path.resolve()
        who = student or (whole.parent.name if path.name in labs else whole.name)  # a folder that bears no lab's name bears a student's
        return [in_folder(path, who, lab, labs[lab])]
    inner = [p for p in sorted(path.iterdir()) if p.is_dir() and not p.name.startswith(".")]
    if any(p.name in labs for p in inner):
        return [
            in_folder(p, student or path.resolve().name, p.name, labs[p.name]) for p in inner if p.name in labs and only in (None, p.name)
        ]
    out = []
    for folder in inner:
        for lab, notebook in labs.items():
            if only not in (None, lab):
                continue
            if folder.is_symlink() or (folder / lab).is_symlink():
                out.append(Submission(folder.name, lab, None, refused="the folder is a link"))
            elif (folder / lab).is_dir():
                out.append(in_folder(folder / lab, folder.name, lab, notebook))
            elif only == lab:
                out.append(Submission(folder.name, lab, None))
    if not out:
        raise Refused(f"{path}: no submissions found; they lie in {path.name}/<student>/<lab>/<notebook>.ipynb")
    return out


def one_file(path: Path, labs: dict[str, str], only: str | None, student: str | None) -> Submission:
    lab = only or next((lab for lab, notebook in labs.items() if path.stem.startswith(notebook)), None) or (path.resolve().parent.name)
    if lab not in labs:
        raise Refused(f"{path}: which lab is this? say --lab, one of {', '.join(labs)}")
    folder = path.resolve().parent
    who = student or (folder.parent.name if folder.name == lab else folder.name)
    return Submission(who, lab, path, named(path, labs[lab]), link(path, folder))


def in_folder(folder: Path, student: str, lab: str, notebook: str) -> Submission:
    """The notebook in a student's folder: by its name, by a name like it, or the only one there."""
    files = [p for p in sorted(folder.rglob("*.ipynb")) if ".ipynb_checkpoints" not in p.parts]
    exact = [p for p in files if p.name == f"{notebook}.ipynb"]
    like = [p for p in files if notebook.lower() in re.sub(r"[^a-z0-9_]", "", p.stem.lower())]
    choice = exact or like or files
    if not choice:
        reasons = (folder / NOT_TAKEN).read_text(encoding="utf-8").splitlines() if (folder / NOT_TAKEN).is_file() else []
        other = [p.name for p in sorted(folder.iterdir()) if p.is_file() and p.name not in ("timestamp.txt", "late.txt", NOT_TAKEN)]
        reasons += [f"there is no notebook, but: {', '.join(other[:5])}"] if other else []
        return Submission(student, lab, None, refused="; ".join(reasons[:3]))
    newest = max(choice, key=lambda p: p.lstat().st_mtime)
    notes = named(newest, notebook)
    if len(choice) > 1:
        notes += (f"there are {len(choice)} notebooks; the newest is graded",)
    return Submission(student, lab, newest, notes, link(newest, folder))


def named(path: Path, notebook: str) -> tuple[str, ...]:
    return () if path.name == f"{notebook}.ipynb" else (f"the file is called {path.name!r}",)


def link(path: Path, folder: Path) -> str:
    """Why a path is not opened: a link could show the grader any file of the instructor's."""
    outside = path.is_symlink() or not path.resolve().is_relative_to(folder.resolve())
    return "the file is a link; the file itself must be handed in" if outside else ""


def digest_of(path: Path) -> str:
    """What says whether a file is the one that was graded."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def timestamp_of(submission: Submission, notes: list[str] | None = None) -> str | None:
    """nbgrader's timestamp.txt beside the notebook, as UTC; what is odd about it is added to `notes`."""
    notes = [] if notes is None else notes
    if submission.path is None:
        return None
    path, late = (submission.path.parent / name for name in ("timestamp.txt", "late.txt"))
    if not path.is_file():
        if late.is_file():
            notes.append("marked LATE by the platform, which does not say by how much")
        return None
    from dateutil import parser, tz

    unknown: list[str] = []

    def zone(name: str | None, offset: int | None) -> datetime.tzinfo | int:
        if offset is not None:
            return offset
        if name in time.tzname:
            return tz.tzlocal()
        unknown.extend([name] if name else [])
        return datetime.UTC

    try:
        when = parser.parse(path.read_text().strip(), tzinfos=zone).astimezone(datetime.UTC)
    except (ValueError, OverflowError, UnicodeDecodeError):
        notes.append("timestamp.txt cannot be read; the time of handing in is not known")
        return None
    if unknown:
        notes.append(f"timestamp.txt names the time zone {unknown[0]}, which is not known here; its time is read as UTC")
    if when > datetime.datetime.now(datetime.UTC):
        notes.append("timestamp.txt says that it was handed in after it was graded: a clock was wrong")
    return when.isoformat()
