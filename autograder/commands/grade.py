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
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
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
    parser.add_argument(
        "--farm", default="", metavar="ADDRESS", help="a dask scheduler's address whose workers grade; `local` starts --jobs of them here"
    )
    parser.add_argument("--again", action="store_true", help="grade also what was graded before and has not changed")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where ledger, gradebook and secret lie (default: autograder/state)")
    parser.add_argument("--unsafe-no-sandbox", action="store_true", help="run students' code unconfined, as you; every grade says so")


def run(options: argparse.Namespace) -> int:
    from .. import manifest as manifests
    from ..gradebook import GradebookError
    from ..grading import Lab, Place
    from ..sandbox import NoSandbox, require, sweep
    from ..submissions import Refused, find
    from ..term import TermError

    confined = not options.unsafe_no_sandbox
    try:
        if options.jobs < 1:
            raise Refused(f"--jobs: want 1 or more, got {options.jobs}")
        if options.lab:
            manifests.load(options.lab)
        place = Place.of(options.state)
        place.term()  # what is wrong with the term's file is said before anything runs
        if confined:
            require()
        names = {name: manifests.load(name).notebook for name in ([options.lab] if options.lab else manifests.labs())}
        path = options.path or place.root / "submitted"
        submissions = find(path, names, options.lab, options.student)
        labs = {name: Lab.open(name) for name in sorted({s.lab for s in submissions})}
    except (NoSandbox, manifests.ManifestError, Refused, TermError) as error:
        print(f"course grade: {error}", file=sys.stderr)
        return 1
    try:
        with only_grader(place.root):
            sweep()
            return grade_all(submissions, labs, place, confined, options.jobs, options.again, options.farm)
    except (Busy, GradebookError, NoSandbox, Refused) as error:
        print(f"course grade: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"course grade: {error.filename or place.root}: {error.strerror or error}; what was printed is kept", file=sys.stderr)
        return 1


class Busy(RuntimeError):
    """Another grader is at work."""


@contextlib.contextmanager
def only_grader(root: Path) -> Iterator[None]:
    """One grader at a time for one state folder. The system lets go of the lock when its holder ends, however it ends."""
    import fcntl

    path = root / "lock"
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            pid, _, since = file.read().partition(" ")
            raise Busy(f"grading is in progress by process {pid or '?'} since {since or 'a moment ago'}") from None
        file.truncate(0)
        file.write(f"{os.getpid()} {time.strftime('%Y-%m-%d %H:%M:%S')}")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def grade_all(submissions: list[Any], labs: dict[str, Any], place: Any, confined: bool, jobs: int, again: bool, farm: str = "") -> int:
    from course_lib.exercises.exercise import BrokenExercise

    from .. import gradebook
    from ..grading import check_solution, self_check
    from ..run import STOP, NoKernel
    from ..submissions import timestamp_of

    if not confined:
        print("Without a sandbox: the students' code runs unconfined, as you. Every grade of this run says so.", file=sys.stderr)
    secret = place.secret()
    STOP.clear()
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
    width = max((len(s.student) for s in submissions), default=0)
    if len(todo) < len(submissions):
        print(f"{len(submissions) - len(todo)} unchanged since they were graded (--again grades them too)")
    code, done, failed = 0, 0, []
    try:
        with gradebook.opened(place.gradebook_url) as book, crew(farm, jobs, labs, secret, confined) as hands:
            for lab in labs.values():
                gradebook.declare(book, lab)
            for submission, graded in hands(todo):
                if isinstance(graded, NoKernel):
                    code = 1
                    print(f"{submission.student:<{width}}  {submission.lab}  not graded: {graded}", file=sys.stderr)
                    continue
                record, notebook = graded
                lab = labs[submission.lab]
                record["run"], record["handed_in"] = run_id, timestamp_of(submission, record["notes"])
                keep_notebook(notebook if notebook is not None else lab.release, submission, lab, place)
                place.ledger.append(record)
                done += 1
                print(line_of(record, width), flush=True)
                with contextlib.suppress(gradebook.GradebookError):  # told below, where it is tried once more
                    put(book, lab, record)
            failed = write_gradebook(book, labs, place)
            if (term := place.term()) is not None and term.roster is not None:
                gradebook.name_students(book, dict(term.roster))
    except BrokenExercise as error:
        place.ledger.append({"void": run_id})
        print(f"course grade: the grader is broken, no student was scored.\n  {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        said = f"{done} of {len(todo)} graded and kept" if done else "nobody was graded yet"
        print(f"\nstopped: {said}; `course grade` goes on with the rest", file=sys.stderr)
        return 130
    print(summary(labs, place, submissions))
    for said in failed:
        print(said, file=sys.stderr)
    return code or (1 if failed else 0)


@contextlib.contextmanager
def crew(farm: str, jobs: int, labs: dict[str, Any], secret: bytes, confined: bool) -> Iterator[Any]:
    """Those who grade: threads of this process, each with a sandbox, or a farm's workers.

    Gives a function: submissions -> (submission, (record, notebook) or NoKernel), in the order they are done.
    """
    from ..run import STOP, NoKernel, Stopped

    if farm:
        from ..farm import workers

        with workers(farm, jobs, labs, secret, confined) as hands:
            yield hands
        return

    def one(submission: Any) -> Any:
        if STOP.is_set():
            return None
        try:
            return grade_one(submission, labs[submission.lab], secret, confined)
        except Stopped:
            return None
        except NoKernel as error:
            return error

    def hands(todo: list[Any]) -> Iterator[tuple[Any, Any]]:
        pool = ThreadPoolExecutor(jobs)
        waiting = {}
        rest = iter(todo)
        try:
            while True:
                while len(waiting) < jobs and (submission := next(rest, None)) is not None:
                    waiting[pool.submit(one, submission)] = submission
                if not waiting:
                    return
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    submission = waiting.pop(future)
                    if (graded := future.result()) is not None:
                        yield submission, graded
        except BaseException:
            STOP.set()
            wait(waiting, timeout=1.5)  # what runs ends by itself; what does not is ended with this process
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    yield hands


def unchanged(old: dict[str, Any], submission: Any, lab: Any, confined: bool) -> bool:
    """Was this very file graded by this very lab already?"""
    from ..submissions import digest_of, timestamp_of

    if old.get("version") != lab.version or old["sandbox"].startswith("none") == confined or submission.refused:
        return False
    if old.get("handed_in") != timestamp_of(submission):  # a person has written down when it was
        return False
    if submission.path is None:
        return old["file"] is None
    return old["sha256"] is not None and old["sha256"] == digest_of(submission.path)


def grade_one(submission: Any, lab: Any, secret: bytes, confined: bool) -> tuple[dict[str, Any], Any]:
    from ..grading import grade_file
    from ..run import seeds_of

    seeds = seeds_of(secret, submission.student, lab.exercises) if submission.path and not submission.refused else {}
    return grade_file(submission.path, submission.student, lab, seeds, confined, submission.notes, submission.refused)


def keep_notebook(notebook: Any, submission: Any, lab: Any, place: Any) -> None:
    """The notebook with its verdicts where formgrader looks for it."""
    import nbformat

    from ..files import write_whole

    folder = place.autograded(submission.student, submission.lab)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{lab.manifest.notebook}.ipynb"
    write_whole(target, nbformat.writes(notebook, version=4))


def put(book: Any, lab: Any, record: dict[str, Any]) -> None:
    """One record into the gradebook. Raises GradebookError where another program holds it too long."""
    import datetime

    from sqlalchemy.exc import OperationalError

    from .. import gradebook

    when = datetime.datetime.fromisoformat(record["handed_in"]).replace(tzinfo=None) if record.get("handed_in") else None
    try:
        gradebook.write(book, lab, record, when)
    except OperationalError as error:
        book.db.rollback()
        raise gradebook.GradebookError(gradebook.said_of(str(book.db.bind.url), error)) from None


def write_gradebook(book: Any, labs: dict[str, Any], place: Any) -> list[str]:
    """Bring the gradebook to what the ledger says, where it is not so already; what could not be written, in sentences."""
    from .. import gradebook

    failed = []
    for name, lab in labs.items():
        gradebook.declare(book, lab)
        latest = {student: record for (student, _), record in place.ledger.latest(name).items()}
        fits = {s: r for s, r in latest.items() if set(r["exercises"]) == set(lab.manifest.exercises)}
        failed += [
            f"{s}  {name}: graded by another version of this lab; `course grade --again` grades it anew" for s in latest if s not in fits
        ]
        for student in gradebook.differing(book, lab, fits):
            try:
                put(book, lab, fits[student])
            except gradebook.GradebookError as error:
                failed.append(f"{student}  {name}: graded, and not yet in the gradebook: {error}")
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
