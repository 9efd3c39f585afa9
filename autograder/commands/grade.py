"""`course grade`: run what was handed in, form the verdicts outside, write ledger and gradebook.

course grade                              all labs of all students in autograder/state/submitted
course grade submitted --lab 03_gemm      one lab
course grade ada/lab03_gemm.ipynb         one notebook
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path",
        nargs="?",
        type=Path,
        metavar="PATH",
        help="a folder <student>/<lab>/, or one notebook (default: the state folder's submitted/)",
    )
    parser.add_argument("--lab", metavar="NAME", help="only this lab; students who handed in nothing are written down too")
    parser.add_argument("--student", metavar="ID", help="whose notebook it is, where the folders do not say")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="submissions graded at the same time (default 1)")
    parser.add_argument("--again", action="store_true", help="grade also what was graded before and has not changed")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where ledger, gradebook and secret lie (default: autograder/state)")
    parser.add_argument("--unsafe-no-sandbox", action="store_true", help="run students' code unconfined, as you; every grade says so")


def run(options: argparse.Namespace) -> int:
    from .. import manifest as manifests
    from ..gradebook import GradebookError
    from ..grading import Lab, Place
    from ..sandbox import NoSandbox, require, sweep
    from ..submissions import Refused, find

    confined = not options.unsafe_no_sandbox
    try:
        if options.jobs < 1:
            raise Refused(f"--jobs: want 1 or more, got {options.jobs}")
        if options.lab:
            manifests.load(options.lab)
        place = Place(options.state.resolve()) if options.state else Place()
        if confined:
            require()
        names = {name: manifests.load(name).notebook for name in manifests.labs()}
        path = options.path or place.root / "submitted"
        submissions = find(path, names, options.lab, options.student)
        labs = {name: Lab.open(name) for name in sorted({s.lab for s in submissions})}
    except (NoSandbox, manifests.ManifestError, Refused) as error:
        print(f"course grade: {error}", file=sys.stderr)
        return 1
    try:
        with only_grader(place.root):
            sweep()
            return grade_all(submissions, labs, place, confined, options.jobs, options.again)
    except (Busy, GradebookError) as error:
        print(f"course grade: {error}", file=sys.stderr)
        return 1


class Busy(RuntimeError):
    """Another grader is at work."""


@contextlib.contextmanager
def only_grader(root: Path) -> Iterator[None]:
    """One grader at a time for one state folder; a lock left by a grader that is gone is taken over."""
    from ..sandbox import alive

    path = root / "lock"
    for _ in range(3):
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(f"{os.getpid()} {time.strftime('%Y-%m-%d %H:%M:%S')}")
            break
        except FileExistsError:
            with contextlib.suppress(OSError):
                pid, _, since = path.read_text().partition(" ")
                if pid.isdigit() and alive(int(pid)) and int(pid) != os.getpid():
                    raise Busy(f"grading is in progress by process {pid} since {since}") from None
                path.unlink()
    else:
        raise Busy(f"the lock {path} could not be taken")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def grade_all(submissions: list[Any], labs: dict[str, Any], place: Any, confined: bool, jobs: int, again: bool) -> int:
    from course_lib.exercises.exercise import BrokenExercise

    from .. import gradebook
    from ..grading import check_solution, self_check
    from ..run import STOP, NoKernel

    if not confined:
        print("Without a sandbox: the students' code runs unconfined, as you. Every grade of this run says so.", file=sys.stderr)
    secret = place.secret()
    try:
        for lab in labs.values():
            self_check(lab, secret)
            check_solution(lab, secret, confined)
    except BrokenExercise as error:
        print(f"course grade: the grader is broken, no student was scored.\n  {error}", file=sys.stderr)
        return 2
    except NoKernel as error:
        print(f"course grade: {error}; no student was scored", file=sys.stderr)
        return 1
    gradebook.backup(place.gradebook_url)
    run_id = f"{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}"
    todo, known = [], place.ledger.latest()
    for submission in submissions:
        old = known.get((submission.student, submission.lab))
        if again or old is None or not unchanged(old, submission, labs[submission.lab], confined):
            todo.append(submission)
    code, stop = 0, STOP
    stop.clear()
    width = max((len(s.student) for s in submissions), default=0)
    if len(todo) < len(submissions):
        print(f"{len(submissions) - len(todo)} unchanged since they were graded (--again grades them too)")
    try:
        with ThreadPoolExecutor(jobs) as pool:
            futures = {pool.submit(grade_one, s, labs[s.lab], place, confined, run_id, stop): s for s in todo}
            try:
                for future in as_completed(futures):
                    submission = futures[future]
                    try:
                        record = future.result()
                    except NoKernel as error:
                        code = 1
                        print(f"{submission.student:<{width}}  {submission.lab}  not graded: {error}", file=sys.stderr)
                        continue
                    if record is not None:
                        place.ledger.append(record)
                        print(line_of(record, width), flush=True)
            except BaseException:
                stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
    except BrokenExercise as error:
        place.ledger.append({"void": run_id})
        print(f"course grade: the grader is broken, no student was scored.\n  {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped; what is printed above is graded and kept, `course grade` goes on with the rest", file=sys.stderr)
        code = 130
    failed = write_gradebook(labs, place)
    print(summary(labs, place, submissions))
    for said in failed:
        print(said, file=sys.stderr)
    return code or (1 if failed else 0)


def unchanged(old: dict[str, Any], submission: Any, lab: Any, confined: bool) -> bool:
    """Was this very file graded by this very lab already?"""
    import hashlib

    if old.get("version") != lab.version or old["sandbox"].startswith("none") == confined or submission.refused:
        return False
    if submission.path is None:
        return old["file"] is None
    return old["sha256"] is not None and old["sha256"] == hashlib.sha256(submission.path.read_bytes()).hexdigest()


def grade_one(submission: Any, lab: Any, place: Any, confined: bool, run_id: str, stop: threading.Event) -> dict[str, Any] | None:
    from ..grading import grade_file
    from ..run import Stopped

    if stop.is_set():
        return None
    try:
        record, notebook = grade_file(submission.path, submission.student, lab, place, confined, submission.notes, submission.refused)
    except Stopped:
        return None
    record["run"] = run_id
    record["handed_in"] = timestamp_of(submission, record)
    keep_notebook(notebook if notebook is not None else lab.release, submission, lab, place)
    return record


def timestamp_of(submission: Any, record: dict[str, Any]) -> str | None:
    """nbgrader's timestamp.txt beside the notebook, as UTC; a note where it cannot be read."""
    if submission.path is None or not (path := submission.path.parent / "timestamp.txt").is_file():
        return None
    import datetime

    from dateutil import parser

    try:
        when = parser.parse(path.read_text().strip())
    except (ValueError, OverflowError, UnicodeDecodeError):
        record["notes"].append("timestamp.txt cannot be read; the time of handing in is not known")
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=datetime.UTC)
    return when.astimezone(datetime.UTC).isoformat()


def keep_notebook(notebook: Any, submission: Any, lab: Any, place: Any) -> None:
    """The notebook with its verdicts where formgrader looks for it."""
    import nbformat

    folder = place.autograded(submission.student, submission.lab)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{lab.manifest.notebook}.ipynb"
    half = target.with_suffix(".half")
    half.write_text(nbformat.writes(notebook, version=4), encoding="utf-8")
    half.replace(target)


def write_gradebook(labs: dict[str, Any], place: Any) -> list[str]:
    """Bring the gradebook to what the ledger says; what could not be written, in sentences."""
    import datetime

    from .. import gradebook

    failed = []
    with gradebook.opened(place.gradebook_url) as book:
        for name, lab in labs.items():
            gradebook.declare(book, lab)
            for (student, _), record in place.ledger.latest(name).items():
                if set(record["exercises"]) != set(lab.manifest.exercises):
                    failed.append(f"{student}  {name}: graded by another version of this lab; `course grade --again` grades it anew")
                    continue
                when = datetime.datetime.fromisoformat(record["handed_in"]).replace(tzinfo=None) if record.get("handed_in") else None
                gradebook.write(book, lab, record, when)
    return failed


def line_of(record: dict[str, Any], width: int) -> str:
    """One submission in one line: points, and what took the others away."""
    said = []
    for name, entry in record["exercises"].items():
        if entry["points"] is None:
            said = [record["notes"][-1]]
            break
        if entry["points"] < entry["max"]:
            said.append(f"{name} {entry['misconception'] or entry['state']}")
    if record["untouched"]:
        said = ["as it was handed out"]
    elif record["file"] is not None and all(e["state"] == "missing" for e in record["exercises"].values()):
        said = ["no blank filled in yet"]
    elif record["file"] is None:
        said = [record["notes"][-1]]
    auto = sum(e["max"] for e in record["exercises"].values())
    mark = "  ?  " if any(e["points"] is None for e in record["exercises"].values()) else f"{record['points']:5g}"
    more = f"; and {len(said) - 3} more" if len(said) > 3 else ""
    what = "; ".join(said[:3]) + more or "all right"
    return f"{record['student']:<{width}}  {record['lab']}  {mark} of {auto:g}  {what}  ({record['seconds']:.1f} s)"


def summary(labs: dict[str, Any], place: Any, submissions: list[Any]) -> str:
    records = [r for key, r in place.ledger.latest().items() if key in {(s.student, s.lab) for s in submissions}]
    states = {}
    for record in records:
        states[record["state"]] = states.get(record["state"], 0) + 1
    stopped = sum(any("kernel stopped" in n for n in r["notes"]) for r in records)
    waiting = sum(any(q["answered"] for q in r["questions"].values()) for r in records)
    lines = [f"{len(records)} graded: " + ", ".join(f"{count} {state}" for state, count in sorted(states.items()))]
    if stopped:
        lines.append(f"{stopped} notebook{'s' if stopped > 1 else ''} stopped the kernel")
    if waiting:
        lines.append(f"{waiting} with open answers for a person: course lab --instructor opens formgrader")
    lines.append(f"next: course report {next(iter(labs), '')}".rstrip())
    return "\n".join(lines)
