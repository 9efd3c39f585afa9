"""`course schedule`: the term's timetable, from autograder/course.toml (or --term FILE)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--term", type=Path, metavar="FILE", help="the term's file (default: autograder/course.toml)")


def run(options: argparse.Namespace) -> int:
    from ..term import FILE, TermError, load, timetable

    try:
        term = load(options.term)
        if term is None:
            raise TermError(f"there is no {FILE}; take one of autograder/examples/ and put your dates into it")
        print(timetable(term))
    except TermError as error:
        print(f"course schedule: {error}", file=sys.stderr)
        return 1
    return 0
