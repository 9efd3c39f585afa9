"""`course gradebook`: is the gradebook sound, and does it say what the ledger says?

course gradebook                     look, and change nothing
course gradebook --restore           put the newest sound copy in its place, then the ledger's marks since
course gradebook --restore COPY      put this copy in its place
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--restore", nargs="?", const="", metavar="COPY", help="a copy in backups/ (default: the newest sound one)")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where ledger and gradebook lie (default: autograder/state)")


def run(options: argparse.Namespace) -> int:
    """0 where the gradebook is sound and equal to the ledger, 1 where it is not."""
    from .. import gradebook
    from ..grading import Lab, Place
    from ..manifest import ManifestError
    from ..term import TermError
    from .grade import Busy, only_grader, write_gradebook

    place = Place.of(options.state)
    names = sorted({lab for _, lab in place.ledger.latest()})
    try:
        url = place.gradebook_url
        labs = {name: Lab.open(name) for name in names}
        if options.restore is not None:
            with only_grader(place.root):
                copy, aside = gradebook.restore(url, Path(options.restore) if options.restore else None)
                print(f"{copy} is the gradebook now" + (f"; the file before lies in {aside}" if aside else ""))
                with gradebook.opened(url) as book:
                    for said in write_gradebook(book, labs, place):
                        print(said, file=sys.stderr)
                print("The ledger's marks are in it. What a person gave after that copy was made is not: formgrader shows what waits.")
        behind = {}
        with gradebook.opened(url) as book:
            for name, lab in labs.items():
                latest = {student: record for (student, _), record in place.ledger.latest(name).items()}
                behind[name] = gradebook.differing(book, lab, latest)
    except (gradebook.GradebookError, Busy, ManifestError, TermError) as error:
        print(f"course gradebook: {error}", file=sys.stderr)
        return 1
    print(f"{url}: sound")
    for name, students in behind.items():
        count = sum(lab == name for _, lab in place.ledger.latest())
        print(f"  {name}: {count} students" + (f", not as in the ledger: {', '.join(students[:10])}" if students else ", as in the ledger"))
    if any(behind.values()):
        print("`course grade` brings the gradebook up to the ledger")
    return 1 if any(behind.values()) else 0
