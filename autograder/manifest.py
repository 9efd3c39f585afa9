"""One file a lab says what its exercises are worth, what their sandbox holds, and where the limits are.

    notebook = "lab03_gemm"
    shown = ["zoo"]                         # rooms of course_lib that the lab's code may use; every other one is put away
    packages = []                           # distributions allowed beside numpy and matplotlib
    skip = ["timing"]                       # cells (grade_id or cell id) not run while grading

    [limits]
    call_seconds = 10                       # one call of a student's function

    [exercise.im2col]
    values = 4                              # points of each part: "values", or the name of one of the exercise's counts
    "loads of IA" = 1

    [exercise.model_cost]
    values = 3
    packages = ["torch"]                    # in place of the lab's; exercises of equal packages share one run
    watch = ["ConvShape", "P"]              # names that give this answer away: a person sees the line, the mark stays

    [question.why-im2col]                   # graded by a person
    points = 3
    rubric = "names the duplication and what it buys"

Keys that are not known are errors.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

MANIFESTS = Path(__file__).resolve().parent / "manifests"


class ManifestError(ValueError):
    """A manifest says something that is not understood; the message names file, key and what was expected."""


@dataclass(frozen=True)
class Limits:
    """Seconds, megabytes and numbers that a submission may use."""

    call_seconds: float = 10
    exercise_seconds: float = 30
    cell_seconds: float = 20
    notebook_seconds: float = 120
    memory_mb: int = 3072
    output_kb: int = 512
    file_mb: int = 64
    processes: int = 512


@dataclass(frozen=True)
class Graded:
    """An exercise's points by part and the distributions its sandbox holds."""

    name: str
    parts: Mapping[str, float]
    packages: tuple[str, ...]
    watch: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        return sum(self.parts.values())


@dataclass(frozen=True)
class Question:
    """An open question, graded by a person; `name` is the cell's grade_id."""

    name: str
    points: float
    rubric: str = ""


@dataclass(frozen=True)
class Manifest:
    """What is known of one lab's grading."""

    lab: str
    notebook: str
    exercises: Mapping[str, Graded]
    questions: Mapping[str, Question] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    limits: Limits = Limits()

    @property
    def points(self) -> float:
        """All points of the lab, the open questions included."""
        return sum(e.points for e in self.exercises.values()) + sum(q.points for q in self.questions.values())

    def groups(self) -> list[tuple[tuple[str, ...], list[str]]]:
        """(packages, exercises) of each run, the fullest box first: its pictures are the ones kept."""
        out: dict[tuple[str, ...], list[str]] = {}
        for name, exercise in self.exercises.items():
            out.setdefault(exercise.packages, []).append(name)
        return sorted(out.items(), key=lambda item: -len(item[0]))


def labs() -> list[str]:
    """The labs that have a manifest."""
    return sorted(path.stem for path in MANIFESTS.glob("*.toml"))


def load(lab: str, folder: Path = MANIFESTS) -> Manifest:
    """The manifest of a lab. Raises ManifestError for a lab without one and for anything in it that is not understood."""
    path = folder / f"{lab}.toml"
    if not path.is_file():
        known = sorted(p.stem for p in folder.glob("*.toml"))
        near = difflib.get_close_matches(lab, known, n=1, cutoff=0.4)
        more = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known) or 'none'}."
        raise ManifestError(f"there is no manifest for a lab {lab!r}. {more}")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path.name}: {error}") from None
    return read(lab, data, path.name)


def read(lab: str, data: Mapping[str, Any], file: str) -> Manifest:
    """A manifest from the parsed TOML."""
    if "hidden" in data:
        raise ManifestError(
            f"{file}: hidden: every room of course_lib is put away by now; leave the line out, and name what the lab's code"
            ' does use: shown = ["zoo"]'
        )
    known_keys(file, "", data, ("notebook", "shown", "packages", "skip", "limits", "exercise", "question"))
    notebook = want(file, "notebook", data.get("notebook"), str)
    packages = words(file, "packages", data.get("packages", []))
    exercises = {}
    for name, table in want(file, "exercise", data.get("exercise"), dict).items():
        where = f"exercise.{name}"
        table = dict(want(file, where, table, dict))
        own = words(file, f"{where}.packages", table.pop("packages")) if "packages" in table else packages
        watch = words(file, f"{where}.watch", table.pop("watch", []))
        if "values" not in table:
            raise ManifestError(f"{file}: {where}: want the points of the part 'values'")
        exercises[name] = Graded(name, {part: points_of(file, f"{where}.{part}", p) for part, p in table.items()}, own, watch)
    questions = {}
    for name, table in want(file, "question", data.get("question", {}), dict).items():
        where = f"question.{name}"
        known_keys(file, where, want(file, where, table, dict), ("points", "rubric"))
        questions[name] = Question(
            name, points_of(file, f"{where}.points", table.get("points")), want(file, f"{where}.rubric", table.get("rubric", ""), str)
        )
    given = want(file, "limits", data.get("limits", {}), dict)
    known_keys(file, "limits", given, tuple(f.name for f in fields(Limits)))
    for key, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise ManifestError(f"{file}: limits.{key}: want a number above 0, got {value!r}")
    skip = words(file, "skip", data.get("skip", []))
    return Manifest(lab, notebook, exercises, questions, shown_of(file, data.get("shown", [])), skip, Limits(**given))


def shown_of(file: str, value: Any) -> tuple[str, ...]:
    """The rooms a manifest shows; each must be one."""
    if not (names := words(file, "shown", value)):
        return ()
    from .sandbox import rooms

    known = rooms()
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name.removeprefix("course_lib."), known, n=1, cutoff=0.5)
            raise ManifestError(f"{file}: shown: there is no room {name!r} to show.{f' Did you mean {near[0]!r}?' if near else ''}")
    return names


def known_keys(file: str, where: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            more = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
            raise ManifestError(f"{file}: {where + '.' if where else ''}{key}: this key is not known; {more}")


def want(file: str, where: str, value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        name = {str: "a text", dict: "a table", list: "a list"}[kind]
        raise ManifestError(f"{file}: {where}: want {name}, got {value!r}")
    return value


def words(file: str, where: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise ManifestError(f"{file}: {where}: want a list of texts, got {value!r}")
    return tuple(sorted(set(value)))


def points_of(file: str, where: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ManifestError(f"{file}: {where}: want points (a number, 0 or more), got {value!r}")
    return float(value)


def agree(manifest: Manifest, exercises: Mapping[str, Any]) -> None:
    """Raise ManifestError where the manifest and the exercises' own parts differ."""
    file = f"{manifest.lab}.toml"
    for name, graded in manifest.exercises.items():
        if name not in exercises:
            near = difflib.get_close_matches(name, list(exercises), n=1, cutoff=0.5)
            raise ManifestError(f"{file}: exercise.{name}: there is no such exercise.{f' Did you mean {near[0]!r}?' if near else ''}")
        parts = ["values", *(count.name for count in exercises[name].counts)]
        if unknown := [part for part in graded.parts if part not in parts]:
            raise ManifestError(f"{file}: exercise.{name}.{unknown[0]}: its parts are {', '.join(map(repr, parts))}")
