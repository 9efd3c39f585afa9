"""`course collect DOWNLOAD --lab LAB`: a learning platform's zip, sorted into submitted/<student>/<lab>/.

Understands what Blackboard, Canvas and Moodle hand out, and plain folders of students. The last attempt of a student counts.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from pathlib import Path


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

    refused: list[str] = []
    try:
        lab = manifest.load(options.lab)
        if not options.download.exists():
            raise collecting.Refused(f"{options.download}: there is no such file or folder")
        place = Place(options.state.resolve()) if options.state else Place()
        term = place.term(options.term)
        due = term.labs[options.lab].due if term and options.lab in term.labs else None
        in_time = due + datetime.timedelta(minutes=term.late.grace_minutes) if term and due else None
        until = in_time.astimezone(datetime.UTC).strftime("%Y-%m-%d-%H-%M-%S") if in_time else ""
        found = list(collecting.read(options.download, refused))
        sorted_ = collecting.sort(found, lab.notebook, term.ids() if term else None, until)
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
        try:
            folder.mkdir(parents=True, exist_ok=True)
            target = folder / f"{lab.notebook}.ipynb"
            same = target.is_file() and target.read_bytes() == found.data
            half = target.with_suffix(".half")
            half.write_bytes(found.data)
            half.replace(target)
            for old in folder.glob("*.ipynb"):
                if old != target:
                    old.unlink()
            for name in () if same else ("timestamp.txt", "late.txt"):  # a time that a person wrote stays with its notebook
                (folder / name).unlink(missing_ok=True)
            if found.sure:
                day, clock = found.when[:10], found.when[11:].replace("-", ":")
                (folder / "timestamp.txt").write_text(f"{day} {clock} UTC\n")
            elif not (folder / "timestamp.txt").exists():
                timeless.append(student)
                if found.late:
                    (folder / "late.txt").write_text("marked LATE by the platform, which does not say by how much\n")
        except OSError as error:
            print(f"course collect: {error.filename}: {error.strerror}", file=sys.stderr)
            return 1
    for line in notes:
        print(line)
    if until and timeless:
        print(f"when it was handed in is not in this download, so it counts as in time: {', '.join(timeless)}")
    for student in sorted_.strangers:
        print(f"not on the roster, not taken: {student!r}", file=sys.stderr)
    for line in refused:
        print(f"not taken: {line}", file=sys.stderr)
    print(f"{len(taken)} student{'' if len(taken) == 1 else 's'} taken into {root}; next: course grade --lab {options.lab}")
    return 0 if taken and not refused and not sorted_.strangers else 1
