"""One submission becomes one record: read, rebuilt, run in the sandbox, judged outside, counted in points.

`grade_file` is the one way; `course grade` and nbgrader's own autograde both come through here.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import os
import secrets
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from course_lib.check import arguments_of, drawn_once, sentence
from course_lib.exercises import EXERCISES
from course_lib.exercises.exercise import BrokenExercise, Verdict, in_process, judge

from . import manifest as manifests
from . import seccomp
from .flags import flags
from .ledger import Ledger
from .manifest import Manifest
from .rebuild import Unreadable, read, rebuild, tag, untouched
from .run import Outcome, run, seed_of
from .sandbox import COURSE, require
from .submissions import digest_of

LABS = COURSE / "labs"


@dataclass(frozen=True)
class Place:
    """Where the grader keeps what it makes: one folder, to be backed up and never to be shared."""

    root: Path = COURSE / "autograder" / "state"

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)

    @classmethod
    def of(cls, folder: Path | None) -> Place:
        """The place a command is told with --state; the course's own where it is told none."""
        return cls(folder.resolve()) if folder else cls()

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.root / "ledger.jsonl")

    @property
    def gradebook_url(self) -> str:
        """COURSE_GRADEBOOK, or `gradebook` in course.toml (of this folder, then the course's own), or a SQLite file in this folder."""
        from .term import FILE, load

        if url := os.environ.get("COURSE_GRADEBOOK"):
            return with_driver(url)
        own = self.root / "course.toml"
        term = load(own) if own.is_file() else load() if self.root == FILE.parent / "state" else None
        return with_driver(term.gradebook) if term and term.gradebook else f"sqlite:///{self.root / 'gradebook.db'}"

    def term(self, file: Path | None = None) -> Any:
        """The term of this folder: `file`, its own course.toml, or the course's; None where there is none."""
        from .term import load

        own = self.root / "course.toml"
        return load(file or (own if own.is_file() else None))

    def autograded(self, student: str, lab: str) -> Path:
        return self.root / "autograded" / student / lab

    def secret(self) -> bytes:
        """The course's secret, made at first use, readable by its owner alone."""
        path = self.root / "secret"
        with contextlib.suppress(FileExistsError):
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
        return bytes.fromhex(path.read_text().strip())


def with_driver(url: str) -> str:
    """A PostgreSQL address with the driver that the extra `postgres` installs; every other one as it is."""
    return url.replace("postgresql://", "postgresql+psycopg2://", 1) if url.startswith("postgresql://") else url


def release_of(manifest: Manifest, labs: Path = LABS) -> Any:
    """The notebook that was handed out, the manifest's points in its test cells."""
    path = labs / manifest.lab / f"{manifest.notebook}.ipynb"
    if not path.is_file():
        raise manifests.ManifestError(f"{manifest.lab}: there is no {path}; `course release` makes it")
    notebook = read(path)
    from .rebuild import tests_of

    tests = tests_of(notebook.cells, manifest.exercises)
    if lacking := [name for name in manifest.exercises if name not in tests.values()]:
        raise manifests.ManifestError(f"{manifest.lab}: {path.name} has no locked cell `check({lacking[0]!r}, ...)`")
    for index, name in tests.items():
        notebook.cells[index]["metadata"]["nbgrader"]["points"] = manifest.exercises[name].points
    for cell in notebook.cells:
        if (name := tag(cell).get("grade_id")) in manifest.questions:
            cell["metadata"]["nbgrader"]["points"] = manifest.questions[name].points
    known = {tag(cell).get("grade_id") for cell in notebook.cells}
    if unknown := [name for name in manifest.questions if name not in known]:
        raise manifests.ManifestError(f"{manifest.lab}.toml: question.{unknown[0]}: no cell of {path.name} has this grade_id")
    return notebook


@dataclass(frozen=True)
class Lab:
    """A lab ready to be graded."""

    manifest: Manifest
    release: Any
    files: Path
    exercises: Mapping[str, Any]
    version: str = ""  # of manifest, release and exercises: marks of another version are given again

    @classmethod
    def open(cls, name: str, labs: Path = LABS) -> Lab:
        """Raises ManifestError where manifest, exercises and release do not fit together."""
        manifest = manifests.load(name)
        manifests.agree(manifest, EXERCISES)
        release = release_of(manifest, labs)
        return cls(manifest, release, labs / name, {n: EXERCISES[n] for n in manifest.exercises}, version_of(manifest, labs))


def version_of(manifest: Manifest, labs: Path) -> str:
    digest = hashlib.sha256()
    files = [manifests.MANIFESTS / f"{manifest.lab}.toml", labs / manifest.lab / f"{manifest.notebook}.ipynb"]
    for path in [*files, *exercises_of(manifest.lab)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def exercises_of(lab: str) -> list[Path]:
    """The files that a lab's exercises are made of: its own, those of `exercises/` that they import, and the machinery.

    Another lab's change leaves this one's marks as they are.
    """
    room = COURSE / "course_lib" / "exercises"
    todo = [room / "exercise.py", room / "makers.py", *sorted(room.glob(f"lab{lab}.py")), *sorted((room / f"lab{lab}").rglob("*.py"))]
    found: dict[Path, None] = {}
    while todo:
        path = todo.pop()
        if path in found or not path.is_file():
            continue
        found[path] = None
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ImportFrom) and node.level and (node.level > 1 or path.parent == room or path.parent.parent == room):
                base = path.parents[node.level - 1]
                names = [node.module.replace(".", "/")] if node.module else [alias.name for alias in node.names]
                for one in names:
                    inside = base / one
                    if inside.is_relative_to(room):
                        todo += [inside.with_suffix(".py"), inside / "__init__.py"]
    return sorted(found)


def self_check(lab: Lab, secret: bytes) -> None:
    """Judge every reference by its own cases and counts; BrokenExercise where one fails: then nobody is scored."""
    for name, exercise in lab.exercises.items():
        verdict = judge(exercise, in_process(exercise.reference), seed_of(secret, "the reference", name))
        values = verdict.parts[0]
        if not values.passed:
            raise BrokenExercise(f"{name}: the reference does not pass its own cases: {verdict.message}")


def check_solution(lab: Lab, secret: bytes, confined: bool) -> None:
    """Run the course's own solution through the whole way; BrokenExercise where it does not earn every point.

    The solution is written apart from the reference, so each is the other's witness.
    """
    source = COURSE / "solutions" / lab.manifest.lab / f"{lab.manifest.notebook}.py"
    if not source.is_file():
        return
    import jupytext

    solution = rebuild(nbformat.from_dict(jupytext.read(source)), lab.release)
    seeds = {name: seed_of(secret, "the solution", name) for name in lab.exercises}
    outcome = run(solution.notebook, lab.manifest, lab.exercises, seeds, lab.files, confined, solution.unchanged)
    for name, verdict in outcome.verdicts.items():
        if not verdict.passed:
            failed = next((p for p in verdict.parts if not p.passed), None)
            said = f"{failed.name}: {failed.message}" if failed else verdict.message
            raise BrokenExercise(f"{name}: the course's own solution does not earn its points ({said})")


def sandbox_name(confined: bool) -> str:
    if not confined:
        return "none (--unsafe-no-sandbox)"
    done = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=False)
    return (done.stdout.strip() or "bubblewrap") + ("" if seccomp.program() is None else " and a filter of system calls")


def grade_file(
    path: Path | None,
    student: str,
    lab: Lab,
    seeds: Mapping[str, int],
    confined: bool = True,
    notes: tuple[str, ...] = (),
    refused: str = "",
    told: Any = None,
) -> tuple[dict[str, Any], Any]:
    """Grade one notebook file (None: nothing was handed in) -> (record, the notebook with outputs or None).

    `seeds` are those of the student's cases, by exercise (`run.seeds_of`).

    Raises NoSandbox, NoKernel (infrastructure) and BrokenExercise (the course's fault): then there is no record.
    """
    if confined:
        require_once()
    record = empty_record(student, lab, confined, notes)
    if refused:
        record["file"] = path.name if path else ""
        return filled(record, lab, "needs a person", refused), None
    if path is None:
        return filled(record, lab, "missing", "nothing was handed in"), None
    record["file"] = path.name
    try:
        handed_in = read(path)
    except Unreadable as error:
        return filled(record, lab, "needs a person", f"could not be read: {error}"), None
    record["sha256"] = digest_of(path)
    return grade_notebook(handed_in, record, lab, seeds, confined, told)


def grade_notebook(
    handed_in: Any, record: dict[str, Any], lab: Lab, seeds: Mapping[str, int], confined: bool, told: Any = None
) -> tuple[dict[str, Any], Any]:
    """As `grade_file`, for a notebook in memory and a record begun. `told(exercise, case, recorded, answer)` hears every call."""
    rebuilt = rebuild(handed_in, lab.release)
    record["notes"] += rebuilt.notes
    if rebuilt.found == 0:
        return filled(record, lab, "needs a person", "none of this lab's answer cells was found in the notebook"), rebuilt.notebook
    outcome = run(rebuilt.notebook, lab.manifest, lab.exercises, seeds, lab.files, confined, rebuilt.unchanged, told)
    record["untouched"] = untouched(rebuilt.notebook, lab.release)
    record["notes"] += outcome.notes
    record["predictions"] = outcome.predictions
    record["seconds"] = round(outcome.seconds, 2)
    for name in lab.manifest.exercises:
        record["exercises"][name] = entry(outcome.verdicts[name], lab, name, seeds[name])
    lean(record, rebuilt.notebook)
    # exercises with a count are about the way; whoever takes another loses that part, and a person sees the line
    record["flags"] = flags(
        rebuilt.notebook,
        {n for n, e in lab.exercises.items() if e.counts},
        {n: g.watch for n, g in lab.manifest.exercises.items() if g.watch},
    )
    for name in lab.manifest.questions:
        record["questions"][name]["answered"] = answered(rebuilt.notebook, lab.release, name)
    total(record)
    show_verdicts(outcome, lab, record)
    return record, outcome.notebook


READY: list[bool] = []


def require_once() -> None:
    if not READY:
        require()
        READY.append(True)


def empty_record(student: str, lab: Lab, confined: bool, notes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "student": student, "lab": lab.manifest.lab, "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "file": None, "sha256": None,
        "sandbox": sandbox_name(confined), "version": lab.version, "run": "", "points": 0.0, "max": 0.0, "state": "", "exercises": {},
        "questions": {n: {"max": q.points, "answered": False} for n, q in lab.manifest.questions.items()},
        "notes": list(notes), "flags": [], "predictions": {}, "untouched": False, "seconds": 0.0,
    }  # fmt: skip


def filled(record: dict[str, Any], lab: Lab, state: str, said: str) -> dict[str, Any]:
    """The record of a submission that could not be run: every exercise in one state."""
    record["notes"].append(said)
    for name, graded in lab.manifest.exercises.items():
        parts = [{"name": part, "passed": False, "points": 0.0, "max": most, "message": said} for part, most in graded.parts.items()]
        record["exercises"][name] = {
            "state": state, "points": None if state == "needs a person" else 0.0, "max": graded.points, "parts": parts, "message": said,
            "label": "", "arguments": [], "misconception": "", "hint": "", "slide": "", "picture": "", "seed": None, "cases": 0,
        }  # fmt: skip
    return total(record)


def entry(verdict: Verdict, lab: Lab, name: str, seed: int) -> dict[str, Any]:
    """A verdict in points and words; no expected values in it."""
    graded, exercise = lab.manifest.exercises[name], lab.exercises[name]
    passed = {part.name: part for part in verdict.parts}
    parts = []
    for part, most in graded.parts.items():
        mine = passed.get(part)
        good = mine is not None and mine.passed and verdict.state in ("ok", "wrong")
        parts.append(
            {
                "name": part,
                "passed": good,
                "points": most if good else 0.0,
                "max": most,
                "message": "" if good or mine is None else sentence(mine.message),
            }
        )
    picture = ""
    if verdict.state == "wrong" and verdict.parts and not verdict.parts[0].passed and exercise.picture is not None:
        with contextlib.suppress(Exception):  # an answer too odd to draw; the words say what is odd
            picture = drawn_once(exercise.picture(verdict.case, verdict.got, verdict.want))
    return {
        "state": verdict.state, "points": sum(p["points"] for p in parts), "max": graded.points, "parts": parts,
        "message": sentence(verdict.message),
        "label": verdict.case.label if verdict.case else "",
        "arguments": [list(a) for a in arguments_of(verdict.case, exercise.reference)] if verdict.case else [],
        "misconception": verdict.misconception, "hint": verdict.hint, "slide": verdict.slide, "picture": picture,
        "seed": seed, "cases": verdict.cases_run,
    }  # fmt: skip


def lean(record: dict[str, Any], notebook: Any) -> None:
    """Say of a failing exercise that it calls another failing one: mend that first, and this may be right already."""
    from .needed import names as names_in
    from .rebuild import defined

    failing = {n for n, e in record["exercises"].items() if e["points"] < e["max"]}
    for cell in notebook.cells:
        if cell["cell_type"] != "code" or (known := names_in(cell["source"])) is None:
            continue
        for name in failing & set(defined(cell["source"])):
            used = sorted((failing & known[1]) - {name})
            if used and record["exercises"][name]["state"] in ("wrong", "crashed"):
                record["exercises"][name]["leans_on"] = used


def total(record: dict[str, Any]) -> dict[str, Any]:
    entries = record["exercises"].values()
    record["points"] = sum(e["points"] or 0.0 for e in entries)
    record["max"] = sum(e["max"] for e in entries) + sum(q["max"] for q in record["questions"].values())
    states = {e["state"] for e in entries}
    record["state"] = next(
        (s for s in ("needs a person", "timeout", "crashed", "wrong") if s in states), "missing" if states == {"missing"} else "ok"
    )
    if record["state"] == "ok" and "missing" in states:
        record["state"] = "wrong"
    return record


def answered(notebook: Any, release: Any, grade_id: str) -> bool:
    """Has the student written anything into an open question?"""

    def source(cells: Any) -> str:
        return next((c["source"] for c in cells if tag(c).get("grade_id") == grade_id), "")

    return source(notebook.cells).strip() != source(release.cells).strip()


def show_verdicts(outcome: Outcome, lab: Lab, record: dict[str, Any]) -> None:
    """Put the verdicts into the test cells, in the form that nbgrader reads points from."""
    from .rebuild import tests_of

    for index, name in tests_of(outcome.notebook.cells, lab.manifest.exercises).items():
        outcome.notebook.cells[index]["outputs"] = outputs_of(name, record["exercises"][name])


def outputs_of(name: str, said: Mapping[str, Any]) -> list[Any]:
    words = said["message"] or "Right."
    if said["hint"]:
        words += f"\nHint: {said['hint']}"
    if said["points"] is not None and said["points"] >= said["max"]:
        return [nbformat.v4.new_output("stream", name="stdout", text=f"{name}: right, {said['points']:g} of {said['max']:g} points\n")]
    if said["points"]:
        text = "; ".join(f"{p['name']}: {p['points']:g} of {p['max']:g}" for p in said["parts"])
        return [
            nbformat.v4.new_output("stream", name="stdout", text=f"{name}: {text}\n{words}\n"),
            nbformat.v4.new_output("execute_result", data={"text/plain": repr(float(said["points"]))}, execution_count=None),
        ]
    return [nbformat.v4.new_output("error", ename=f"{name}: 0 of {said['max']:g} points", evalue=words, traceback=[words])]
