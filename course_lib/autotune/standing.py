"""How a search stands, read from its log while it runs: in this process, in a terminal, or on a machine that shares the disk.

follow = Follow("tune.jsonl")
follow.more()                 True where the log has new trials; only what is new is read
standing(follow.rows)         the layer of the last trial: its speeds, its failures, the best's knobs, the seconds left
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .log import trial_of
from .spaces import PLANS
from .tasks import Task, task_from
from .tuning import space_of

PACE = 32  # the last trials that say how long the next ones take
PAUSE = 120.0  # seconds between two trials after which the search was stopped, not slow


@dataclass(frozen=True)
class Standing:
    """One task of a log, trial by trial: its speeds (None: the trial failed), the sentence why or that it was noisy, its config in words.

    `goal` trials are wanted of this task; `done` are made and `whole` are wanted of all tasks (0: not known); `seconds` are left for them
    (None: not known); `best` are the best trial's knobs; `others` are the other tasks as (name, trials, best speed).
    """

    name: str
    unit: str = "GFLOP/s"
    speeds: tuple[float | None, ...] = ()
    notes: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    best: tuple[tuple[str, str], ...] = ()
    goal: int = 0
    done: int = 0
    whole: int = 0
    seconds: float | None = None
    others: tuple[tuple[str, int, float | None], ...] = ()


class Follow:
    """The trials of a log that grows, in the order they were written; a file that is not there yet has none."""

    def __init__(self, path: Path | str) -> None:
        self.path, self.end = Path(path), 0
        self.rows: list[dict[str, Any]] = []

    def more(self) -> bool:
        """Read what was added since the last call. A file that became shorter is another file and is read from its beginning."""
        try:
            with open(self.path, "rb") as file:
                size = file.seek(0, 2)
                if size < self.end:
                    self.end, self.rows = 0, []
                file.seek(self.end)
                new = file.read(size - self.end)
        except FileNotFoundError:
            return False
        whole = new[: new.rfind(b"\n") + 1]  # a line that is being written has no end yet
        self.end += len(whole)
        rows = [row for row, _ in map(trial_of, whole.splitlines()) if row is not None]
        self.rows += rows
        return bool(rows)


def standing(rows: Sequence[Mapping[str, Any]], name: str = "") -> Standing:
    """Rows of a log -> how the task of the last one stands; `name` is what stands there before the first trial.

    Speeds are GFLOP/s; where costs are no seconds, cost of the first success over cost.
    """
    if not rows:
        return Standing(name or "no trial yet")
    last = rows[-1]
    by_task: dict[str, dict[tuple[Any, ...], Mapping[str, Any]]] = {}
    for row in rows:
        if row["host"] == last["host"]:
            by_task.setdefault(row["task"], {})[row["config"]] = row  # one that was measured twice counts once
    mine = sorted(by_task[last["task"]].values(), key=lambda row: (row["round"], row["at"]))  # as proposed, not as finished
    task = known(last["task"])
    unit, speeds = speeds_of(task, mine)
    words = [words_of(task, row["config"]) for row in mine]
    best = max((i for i, speed in enumerate(speeds) if speed is not None), key=lambda i: speeds[i] or 0.0, default=None)
    others = []
    for text, trials in by_task.items():
        if text != last["task"]:
            one = known(text)
            there = [speed for speed in speeds_of(one, list(trials.values()))[1] if speed is not None]
            others.append((one.name if one else "another task", len(trials), max(there, default=None)))
    done = sum(map(len, by_task.values()))
    goal, whole = goals(last)
    return Standing(
        name=task.name if task else "a task of another version",
        unit=unit,
        speeds=tuple(speeds),
        notes=tuple(str(row["note"]) for row in mine),
        said=tuple(" ".join(value for _, value in config) for config in words),
        best=tuple(words[best]) if best is not None else (),
        goal=goal,
        done=done,
        whole=whole,
        seconds=seconds_left(rows, max(whole - done, 0)) if whole else None,
        others=tuple(others),
    )


def known(text: str) -> Task | None:
    try:
        return task_from(text)
    except (ValueError, TypeError):
        return None


def speeds_of(task: Task | None, rows: Sequence[Mapping[str, Any]]) -> tuple[str, list[float | None]]:
    """(unit, speeds) of trials; None for a failure."""
    costs = [row["cost"] for row in rows]
    first = next((cost for cost in costs if cost), 1.0)
    if task is None or task.kind == "simulated":
        return "times the first", [first / cost if cost else None for cost in costs]
    return "GFLOP/s", [2e-9 * task.macs / cost if cost else None for cost in costs]


def words_of(task: Task | None, config: Sequence[Any]) -> list[tuple[str, str]]:
    """(knob, value) as words; a plan's knobs that its algorithm does not have are left out."""
    names: Sequence[str] = ()
    if task is not None and task.of == Task.of:
        names = space_of(task).names
    if len(names) != len(config):
        names = [f"knob {i + 1}" for i in range(len(config))]
    plans = task is not None and task.kind == "plans" and bool(config) and config[0] in PLANS
    pairs = zip(names, config, strict=True)
    return [(name, " x ".join(map(str, v)) if isinstance(v, tuple) else str(v)) for name, v in pairs if not (plans and v == 0)]


def goals(row: Mapping[str, Any]) -> tuple[int, int]:
    """(trials wanted of the task, of all); 0 where the log does not say."""
    goal = row.get("goal")
    if isinstance(goal, list | tuple) and len(goal) == 2 and all(isinstance(n, int) and n >= 0 for n in goal):
        return goal[0], goal[1]
    return 0, 0


def seconds_left(rows: Sequence[Mapping[str, Any]], trials: int) -> float | None:
    """How long `trials` more take at the pace of the last ones; None where the log has no clock."""
    clock = [row["when"] for row in rows[-PACE - 1 :] if isinstance(row.get("when"), int | float)]
    steps = [b - a for a, b in zip(clock, clock[1:], strict=False) if 0 <= b - a <= PAUSE]
    return trials * sum(steps) / len(steps) if steps else None
