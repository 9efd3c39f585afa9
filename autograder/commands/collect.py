"""`course collect DOWNLOAD --lab LAB`: a learning platform's zip, sorted into submitted/<student>/<lab>/.

Understands what Blackboard, Canvas and Moodle hand out, and plain folders of students. The last attempt of a student counts.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import sys
from pathlib import Path
from typing import Any

from ..files import write_whole
from ..submissions import NOT_TAKEN

STAMP = "%Y-%m-%d-%H-%M-%S"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("download", type=Path, metavar="DOWNLOAD", help="the zip, or a folder it was unpacked into")
    parser.add_argument("--lab", required=True, metavar="NAME", help="the lab it is for, as 03_gemm")
    parser.add_argument("--term", type=Path, metavar="FILE", help="the term's file, for roster and due times (default: course.toml)")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where submitted/ lies (default: autograder/state)")


def run(options: argparse.Namespace) -> int:
    """0 where everything was taken, 1 where a file was refused or nothing was found."""
    from .. import collecting, manifest
    from ..grading import Place
    from ..term import TermError

    refused: list[collecting.Aside] = []
    try:
        lab = manifest.load(options.lab)
        if not options.download.exists():
            raise collecting.Refused(f"{options.download}: there is no such file or folder")
        place = Place.of(options.state)
        term = place.term(options.term)
        due = term.labs[options.lab].due if term and options.lab in term.labs else None
        in_time = due + datetime.timedelta(minutes=term.late.grace_minutes) if term and due else None
        until = in_time.astimezone(datetime.UTC).strftime(STAMP) if in_time else ""
        clock = term.clock if term else datetime.UTC
        handed_in = [in_utc(one, clock) for one in collecting.read(options.download, refused)]
        roster = dict(term.roster) if term and term.roster is not None else None
        sorted_ = collecting.sort(handed_in, lab.notebook, roster, until, refused)
    except (manifest.ManifestError, collecting.Refused, TermError) as error:
        print(f"course collect: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"course collect: {error.filename or options.download}: {error.strerror or error}", file=sys.stderr)
        return 1
    root, taken, notes = place.root / "submitted", sorted_.taken, sorted_.notes
    timeless = []
    for student, found in sorted(taken.items()):
        folder = root / student / options.lab
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{lab.notebook}.ipynb"
        same = target.is_file() and target.read_bytes() == found.data
        write_whole(target, found.data)
        for old in (*folder.glob("*.ipynb"), folder / NOT_TAKEN):
            if old != target:
                old.unlink(missing_ok=True)
        for name in () if same else ("timestamp.txt", "late.txt"):  # a time that a person wrote stays with its notebook
            (folder / name).unlink(missing_ok=True)
        if found.sure:
            day, hour = found.when[:10], found.when[11:].replace("-", ":")
            (folder / "timestamp.txt").write_text(f"{day} {hour} UTC\n")
        elif not (folder / "timestamp.txt").exists():
            timeless.append(student)
            if found.late:
                (folder / "late.txt").write_text("marked LATE by the platform, which does not say by how much\n")
    without = {}
    for student, reasons in sorted(sorted_.without.items()):
        folder = root / student / options.lab
        if not any(folder.glob("*.ipynb")):  # of an earlier download
            without[student] = reasons
            folder.mkdir(parents=True, exist_ok=True)
            (folder / NOT_TAKEN).write_text("\n".join(reasons) + "\n", encoding="utf-8")
    for line in notes:
        print(line)
    if any(one.sure for one in handed_in) and term and term.clock == datetime.UTC and until:
        print("the times in the files' names are read as UTC; `clock` in course.toml says it where the platform's clock is another")
    if until and timeless:
        print(f"when it was handed in is not in this download, so it counts as in time: {', '.join(timeless)}")
    for student in sorted_.strangers:
        print(f"not on the roster, not taken: {student!r}", file=sys.stderr)
    for one in refused:
        if not one.other:
            print(f"not taken: {one}", file=sys.stderr)
    for student, reasons in without.items():
        print(f"{student} is set aside for a person, no notebook was taken: {'; '.join(reasons[:3])}", file=sys.stderr)
    print(f"{len(taken)} student{'' if len(taken) == 1 else 's'} taken into {root}; next: course grade --lab {options.lab}")
    trouble = sorted_.strangers or without or any(not one.other for one in refused)
    return 0 if taken and not trouble else 1


def in_utc(found: Any, clock: datetime.tzinfo) -> Any:
    """A notebook's time by the platform's clock, as UTC; a time that is none is not known."""
    try:
        when = datetime.datetime.strptime(found.when, STAMP).replace(tzinfo=clock)
    except ValueError:
        return dataclasses.replace(found, sure=False)
    if not found.sure:
        return found
    return dataclasses.replace(found, when=when.astimezone(datetime.UTC).strftime(STAMP))
