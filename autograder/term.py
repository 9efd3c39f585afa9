"""A term as one file: who takes part, what is due when, what lateness costs, what counts how much.

    title = "Efficient computing of deep neural networks"
    gradebook = "postgresql://..."         # by itself a SQLite file in the state folder
    clock = "+08:00"                       # of the times in a download's file names, as Blackboard writes them. By itself UTC
    roster = "roster.csv"                  # columns id, name, email; beside this file. By itself: everybody who was graded

    [late]                                 # by itself: late work is not accepted as such, but costs nothing
    grace_minutes = 15
    percent_a_day = 10                     # of what was earned, for every day begun
    at_most_days = 5                       # after that it earns nothing

    [lab.03_gemm]
    out = 2026-09-14
    due = 2026-09-28 23:59:00+02:00

    [dates]                                # whatever else the timetable shows
    "Mid-term" = 2026-11-02

    [part.labs]                            # weights are percent and make 100
    weight = 40
    labs = ["01_intro", "03_gemm"]         # each counts alike; `drop = 1` leaves the worst one out

    [part.mid-term]
    weight = 15
    scores = "midterm.csv"                 # columns id, score; beside this file
    of = 60

    [bonus.talk]                           # percent points on top of the 100
    most = 3
    scores = "talk.csv"
    of = 3

    [grades]                               # the least percent of each, the best first
    A = 90

Keys that are not known are errors.
"""

from __future__ import annotations

import csv
import datetime
import difflib
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parent / "course.toml"


class TermError(ValueError):
    """The term's file says something that is not understood; the message names file, key and what was expected."""


@dataclass(frozen=True)
class Late:
    """What lateness costs."""

    grace_minutes: float = 0
    percent_a_day: float = 0
    at_most_days: int | None = None

    def days(self, due: datetime.datetime, handed_in: datetime.datetime) -> int:
        """Days begun after the due time, the grace once passed."""
        over = (handed_in - due).total_seconds() - 60 * self.grace_minutes
        return 0 if over <= 0 else math.ceil((handed_in - due).total_seconds() / 86_400)

    def keeps(self, days: int) -> float:
        """The share of the earned points that is left."""
        if self.at_most_days is not None and days > self.at_most_days:
            return 0.0
        return max(0.0, 1 - self.percent_a_day * days / 100)


@dataclass(frozen=True)
class LabDates:
    """When a lab goes out and when it is due."""

    out: datetime.date | None = None
    due: datetime.datetime | None = None


@dataclass(frozen=True)
class Part:
    """A share of the term's mark: the mean of labs, or a list of scores."""

    name: str
    weight: float
    labs: tuple[str, ...] = ()
    drop: int = 0
    scores: str = ""
    of: float = 100


@dataclass(frozen=True)
class Term:
    """What course.toml says."""

    file: Path
    title: str = ""
    gradebook: str = ""
    clock: datetime.tzinfo = datetime.UTC
    roster: tuple[tuple[str, str], ...] | None = None  # (id, name)
    late: Late = Late()
    labs: Mapping[str, LabDates] = field(default_factory=dict)
    dates: Mapping[str, datetime.date] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    bonus: tuple[Part, ...] = ()
    grades: Mapping[str, float] = field(default_factory=dict)

    def ids(self) -> set[str] | None:
        return None if self.roster is None else {student for student, _ in self.roster}


KEYS = ("title", "gradebook", "clock", "roster", "late", "lab", "dates", "part", "bonus", "grades")


def load(path: Path | None = None) -> Term | None:
    """The term's file; None where there is none and none was named. Raises TermError."""
    file = path or FILE
    if not file.is_file():
        if path is not None:
            raise TermError(f"{path}: there is no such file")
        return None
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TermError(f"{file.name}: {error}") from None
    return read(data, file)


def read(data: Mapping[str, Any], file: Path) -> Term:
    """A term from the parsed TOML. Raises TermError."""
    known(file, "", data, KEYS)
    from . import manifest

    late = table(file, "late", data.get("late", {}))
    known(file, "late", late, ("grace_minutes", "percent_a_day", "at_most_days"))
    for key, value in late.items():
        number(file, f"late.{key}", value)
    labs = {}
    for name, one in table(file, "lab", data.get("lab", {})).items():
        known(file, f"lab.{name}", table(file, f"lab.{name}", one), ("out", "due"))
        if name not in manifest.labs():
            near = difflib.get_close_matches(name, manifest.labs(), n=1, cutoff=0.4)
            raise TermError(f"{file.name}: lab.{name}: there is no such lab.{f' Did you mean {near[0]!r}?' if near else ''}")
        labs[name] = LabDates(day(file, f"lab.{name}.out", one.get("out")), moment(file, f"lab.{name}.due", one.get("due")))
    dates = {name: day(file, f"dates.{name}", value) for name, value in table(file, "dates", data.get("dates", {})).items()}
    parts = tuple(part(file, "part", name, one) for name, one in table(file, "part", data.get("part", {})).items())
    bonus = tuple(part(file, "bonus", name, one) for name, one in table(file, "bonus", data.get("bonus", {})).items())
    if parts and abs(sum(p.weight for p in parts) - 100) > 1e-9:
        raise TermError(f"{file.name}: part: the weights make {sum(p.weight for p in parts):g}, want 100")
    for one in (*parts, *bonus):
        if unknown := [lab for lab in one.labs if lab not in manifest.labs()]:
            raise TermError(f"{file.name}: part.{one.name}.labs: there is no lab {unknown[0]!r}")
    grades = {name: number(file, f"grades.{name}", value) for name, value in table(file, "grades", data.get("grades", {})).items()}
    title, book = (text(file, key, data.get(key, "")) for key in ("title", "gradebook"))
    return Term(
        file,
        title,
        book,
        clock(file, data.get("clock", "+00:00")),
        roster(file, data.get("roster")),
        Late(**late),
        labs,
        dates,
        parts,
        bonus,
        grades,
    )


def known(file: Path, where: str, given: Mapping[str, Any], keys: Sequence[str]) -> None:
    for key in given:
        if key not in keys:
            near = difflib.get_close_matches(key, keys, n=1, cutoff=0.5)
            more = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(keys)}"
            raise TermError(f"{file.name}: {where + '.' if where else ''}{key}: this key is not known; {more}")


def table(file: Path, where: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TermError(f"{file.name}: {where}: want a table, got {value!r}")
    return value


def text(file: Path, where: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TermError(f"{file.name}: {where}: want a text, got {value!r}")
    return value


def number(file: Path, where: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise TermError(f"{file.name}: {where}: want a number, 0 or more, got {value!r}")
    return value


def clock(file: Path, value: Any) -> datetime.tzinfo:
    """ "+08:00" as a time zone."""
    try:
        return datetime.datetime.strptime(text(file, "clock", value), "%z").tzinfo
    except ValueError:
        raise TermError(f'{file.name}: clock: want hours and minutes from UTC, as "+08:00", got {value!r}') from None


def day(file: Path, where: str, value: Any) -> Any:
    if value is not None and not isinstance(value, datetime.date):
        raise TermError(f"{file.name}: {where}: want a date, as 2026-09-14, got {value!r}")
    return value.date() if isinstance(value, datetime.datetime) else value


def moment(file: Path, where: str, value: Any) -> Any:
    """A time with its zone: a bare date is the end of that day, a time without zone is UTC."""
    if value is None:
        return None
    if not isinstance(value, datetime.date):
        raise TermError(f"{file.name}: {where}: want a date or a time, as 2026-09-28 23:59:00+02:00, got {value!r}")
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime.combine(value, datetime.time(23, 59, 59))
    return value if value.tzinfo else value.replace(tzinfo=datetime.UTC)


def part(file: Path, kind: str, name: str, one: Any) -> Part:
    where = f"{kind}.{name}"
    known(file, where, table(file, where, one), ("weight" if kind == "part" else "most", "labs", "drop", "scores", "of"))
    weight = number(file, f"{where}.{'weight' if kind == 'part' else 'most'}", one.get("weight" if kind == "part" else "most"))
    labs = one.get("labs", [])
    if not isinstance(labs, list) or not all(isinstance(lab, str) for lab in labs):
        raise TermError(f"{file.name}: {where}.labs: want a list of texts, got {labs!r}")
    if bool(labs) == bool(one.get("scores")):
        raise TermError(f"{file.name}: {where}: want either labs or scores")
    drop = int(number(file, f"{where}.drop", one.get("drop", 0)))
    if labs and drop >= len(labs):
        raise TermError(f"{file.name}: {where}.drop: want fewer than the {len(labs)} labs, got {drop}")
    of = number(file, f"{where}.of", one.get("of", 100))
    if of == 0:
        raise TermError(f"{file.name}: {where}.of: want a number above 0, got 0")
    return Part(name, weight, tuple(labs), drop, text(file, f"{where}.scores", one.get("scores", "")), of)


def rows_of(file: Path, name: str, columns: Sequence[str]) -> list[dict[str, str]]:
    path = file.parent / name
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            rows = [{k: (v or "").strip() for k, v in row.items() if k} for row in reader]
            have = reader.fieldnames or []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TermError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if lacking := [c for c in columns if c not in have]:
        raise TermError(f"{path}: want the columns {', '.join(columns)}; {lacking[0]} is missing")
    return rows


def roster(file: Path, name: Any) -> tuple[tuple[str, str], ...] | None:
    if name is None:
        return None
    rows = rows_of(file, text(file, "roster", name), ("id",))
    ids = [row["id"] for row in rows]
    if twice := [i for i in ids if ids.count(i) > 1]:
        raise TermError(f"{name}: {twice[0]!r} is there twice")
    return tuple((row["id"], row.get("name", "")) for row in rows)


def scores(term: Term, one: Part) -> dict[str, float]:
    """id -> score of a part that has a list. Raises TermError for a score that is no number or more than there is."""
    out = {}
    for row in rows_of(term.file, one.scores, ("id", "score")):
        if row["score"] == "":
            continue
        try:
            value = float(row["score"])
        except ValueError:
            raise TermError(f"{one.scores}: {row['id']}: want a number, got {row['score']!r}") from None
        if not 0 <= value <= one.of:
            raise TermError(f"{one.scores}: {row['id']}: want 0 to {one.of:g}, got {value:g}")
        out[row["id"]] = value
    return out


# The timetable -----------------------------------------------------------------------------------------------------------


def timetable(term: Term) -> Any:
    """What happens when, the earliest first -> Report."""
    from course_lib.records import Report

    rows: list[tuple[Any, str, str]] = []
    for name, one in term.labs.items():
        rows += [(one.out, "lab out", name)] if one.out else []
        rows += [(one.due, "lab due", name)] if one.due else []
    rows += [(value, "", name) for name, value in term.dates.items()]
    if not rows:
        raise TermError(f"{term.file.name}: no lab has a date")

    def key(row: tuple[Any, str, str]) -> Any:
        when = row[0]
        return (when.date(), when.timetz().replace(tzinfo=None)) if isinstance(when, datetime.datetime) else (when, datetime.time())

    rows.sort(key=key)
    first = key(rows[0])[0]
    start = first - datetime.timedelta(days=first.weekday())
    table = []
    for when, what, name in rows:
        date = when.date() if isinstance(when, datetime.datetime) else when
        clock = when.strftime("%H:%M %Z").strip() if isinstance(when, datetime.datetime) else ""
        table.append({"week": (date - start).days // 7 + 1, "day": date.strftime("%a"), "date": date.isoformat(), "time": clock,
                      "what": what or "-", "name": name})  # fmt: skip
    return Report.of(table, title=term.title)


# The term's marks --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mark:
    """One student's term: percent, its grade, and every step on the way as a sentence."""

    student: str
    name: str
    percent: float
    grade: str
    steps: tuple[str, ...]
    waits: bool  # something of it still waits for a person
    parts: Mapping[str, float]  # part -> percent points it gives


def lateness(term: Term | None, lab: str, record: Mapping[str, Any]) -> tuple[int, float, str]:
    """(days late, share of the points that is kept, a sentence) of one record."""
    dates = term.labs.get(lab) if term else None
    if dates is None or dates.due is None or record["file"] is None:
        return 0, 1.0, ""
    if not record.get("handed_in"):
        return 0, 1.0, "the time of handing in is not known; taken as in time"
    days = term.late.days(dates.due, datetime.datetime.fromisoformat(record["handed_in"]))
    if days == 0:
        return 0, 1.0, ""
    keeps = term.late.keeps(days)
    return days, keeps, f"{days} day{'s' if days > 1 else ''} late: {100 * keeps:g} % of the points stay"


def marks(
    term: Term, records: Mapping[tuple[str, str], Mapping[str, Any]], given: Mapping[tuple[str, str], Mapping[str, float]]
) -> list[Mark]:
    """The term's marks of everybody on the roster, or of everybody graded; every step in words.

    `records` and `given` (a person's scores by grade_id) are by (student, lab).
    """
    if not term.parts:
        raise TermError(f"{term.file.name}: part: nothing has a weight yet")
    names = dict(term.roster) if term.roster is not None else {s: "" for s, _ in sorted(records)}
    lists = {one.name: scores(term, one) for one in (*term.parts, *term.bonus) if one.scores}
    return [mark(term, student, name, records, given, lists) for student, name in names.items()]


def mark(term: Term, student: str, name: str, records: Any, given: Any, lists: Mapping[str, Mapping[str, float]]) -> Mark:
    steps: list[str] = []
    waits, total, shares = False, 0.0, {}
    for one in (*term.parts, *term.bonus):
        bonus = one in term.bonus
        if one.scores:
            score = lists[one.name].get(student)
            share = (score or 0.0) / one.of
            waits = waits or (score is None and not bonus)
            said = f"no score yet, counted as 0 of {one.of:g}" if score is None else f"{score:g} of {one.of:g} = {100 * share:.2f} %"
        else:
            shares_of_labs = []
            for lab in one.labs:
                share, said, open_ = lab_share(term, lab, records.get((student, lab)), given.get((student, lab), {}))
                waits = waits or open_
                shares_of_labs.append(share)
                steps.append(f"{one.name}: {lab}: {said}")
            kept = sorted(shares_of_labs)[one.drop :]
            share = sum(kept) / len(kept)
            left = f", the worst {one.drop} left out" if one.drop else ""
            said = f"the mean of {len(kept)}{left} = {100 * share:.2f} %"
        points = round(one.weight * share, 2)  # what is shown is what is added up
        shares[one.name] = points
        total += points
        steps.append(f"{one.name}: {said}, of {one.weight:g}{' (bonus)' if bonus else ''} = {points:.2f}")
    total = round(total, 2)
    steps.append(f"together {' + '.join(f'{points:.2f}' for points in shares.values())} = {total:.2f} %")
    grade = next((word for word, least in sorted(term.grades.items(), key=lambda g: -g[1]) if total >= least), "")
    if grade:
        steps.append(f"{total:.2f} is at least {term.grades[grade]:g}: {grade}{' so far' if waits else ''}")
    return Mark(student, name, total, grade, tuple(steps), waits, shares)


def lab_share(term: Term, lab: str, record: Mapping[str, Any] | None, given: Mapping[str, float]) -> tuple[float, str, bool]:
    """(share of a lab's points after lateness, the sum in words, does something wait for a person?)."""
    from .feedback import totals

    if record is None:
        return 0.0, "nothing was handed in = 0.00 %", False
    points, most, waiting = totals(record, given)
    if points is None:
        return 0.0, f"needs a person ({record['notes'][-1]}); counted as 0 until then", True
    share = points / most if most else 0.0
    said = f"{points:g} of {most:g} = {100 * share:.2f} %"
    _, keeps, why = lateness(term, lab, record)
    if why:
        share *= keeps
        said += f", {why}" + (f" = {100 * share:.2f} %" if keeps < 1 else "")
    return share, said + (" (an open answer is still to be read)" if waiting else ""), waiting
