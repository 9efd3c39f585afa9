"""Every trial on disk the moment it is known: JSON lines, appended and synced, readable by a search that goes on tomorrow.

    {"v": 1, "host": "5f2c…", "task": {...}, "config": [...], "cost": 0.0017, "note": "", "round": 3, "at": 5, "of": 8}

Beside these, for whoever watches (standing.py): the clock as "when", and as "goal" how many trials are wanted of this task and in all.
A line that is cut, damaged, of another version or of another machine is skipped and named by its number. One search at a time: the
log is locked while it is open.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from ..kernels.tuned import fingerprint
from ..records import History
from ..search.space import Config
from .pool import Outcome
from .tasks import Task

VERSION = 1


class Busy(ValueError):
    """Another search has this log open."""


class Log:
    """The trials of one host in one file. Raises Busy where another process has it, OSError where the file cannot be opened."""

    def __init__(self, path: Path | str, host: str = "", clock: Callable[[], float] = time.time) -> None:
        self.path, self.host, self.clock = Path(path), host or fingerprint(), clock
        self.skipped: list[tuple[int, str]] = []
        self.trouble = ""  # why nothing more is written, where the disk would not have it
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = lock(self.path.with_name(self.path.name + ".lock"))
        try:
            for number, row in self._read():
                if row["host"] != self.host:
                    self.skipped.append((number, "of another machine"))
                    continue
                self.rows.setdefault(row["task"], []).append(row)
            self.file = open(self.path, "ab")  # noqa: SIM115 - open as long as the search
            if self.path.stat().st_size and not self.path.read_bytes().endswith(b"\n"):
                self.file.write(b"\n")  # a line was cut: it stays damaged, and alone
                self.file.flush()
        except BaseException:
            self._lock.close()
            raise

    def _read(self) -> Iterator[tuple[int, dict[str, Any]]]:
        if not self.path.exists():
            return
        for number, line in enumerate(self.path.read_bytes().split(b"\n"), 1):
            if not line.strip():
                continue
            row, why = trial_of(line)
            if row is None:
                self.skipped.append((number, why))
            else:
                yield number, row

    def known(self, task: Task) -> dict[Config, Outcome]:
        """Every trial of a task: its configuration and what came of it."""
        return {
            row["config"]: Outcome(row["cost"], row["note"], row.get("spread", 0.0), row.get("compile", 0.0))
            for row in self.rows.get(task.text, [])
        }

    def rounds(self, task: Task) -> dict[int, list[dict[str, Any]]]:
        """Number of a round -> its trials as they were proposed."""
        out: dict[int, list[dict[str, Any]]] = {}
        for row in self.rows.get(task.text, []):
            out.setdefault(row["round"], []).append(row)
        return {number: sorted(out[number], key=lambda row: row["at"]) for number in sorted(out)}

    def open_round(self, task: Task) -> int | None:
        """The number of a last round that was cut short, None where the log ends with a whole one."""
        rounds = self.rounds(task)
        last = max(rounds, default=None)
        return last if last is not None and len(rounds[last]) < rounds[last][0]["of"] else None

    def history(self, task: Task) -> History:
        """The trials of a task in order. A last round that was cut short is left out: it is proposed again, its trials are `known`."""
        cut = self.open_round(task)
        rows = [row for number, mine in self.rounds(task).items() if number != cut for row in mine]
        return History({name: [row[name] for row in rows] for name in ("config", "cost", "round", "note")})

    def add(self, task: Task, config: Config, outcome: Outcome, number: int, at: int, of: int, goal: tuple[int, int] | None = None) -> None:
        """Append one trial and see it on the disk. A disk that will not have it is said once, and the search goes on."""
        row = {"v": VERSION, "host": self.host, "task": task.text, "config": config, "cost": outcome.cost, "note": outcome.note}
        row |= {"round": number, "at": at, "of": of, "spread": round(outcome.spread, 4), "compile": round(outcome.compile, 4)}
        row |= {"when": round(self.clock(), 2)} | ({"goal": goal} if goal else {})
        self.rows.setdefault(task.text, []).append(row)
        if self.trouble:
            return
        try:
            self.file.write(json.dumps(row, separators=(",", ":")).encode() + b"\n")
            self.file.flush()
            os.fsync(self.file.fileno())
        except OSError as error:
            self.trouble = f"{self.path}: {error.strerror} (errno {error.errno}); trials from here on are not kept"

    def close(self) -> None:
        try:
            self.file.close()
        except OSError as error:
            self.trouble = self.trouble or f"{self.path}: {error.strerror} (errno {error.errno})"
        self._lock.close()

    def __enter__(self) -> Log:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def trial_of(line: bytes) -> tuple[dict[str, Any] | None, str]:
    """A line of a log -> (its trial, ""), or (None, why it is none)."""
    try:
        row = json.loads(line)
        if row.get("v") != VERSION:
            return None, f"of version {row.get('v')!r}"
        row["config"] = tuple(tuple(v) if isinstance(v, list) else v for v in row["config"])
        if not isinstance(row["cost"], int | float | None) or not all(isinstance(row[name], int) for name in ("round", "at", "of")):
            raise TypeError
        _ = row["host"], row["task"], row["note"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, "damaged"
    return row, ""


def lock(path: Path) -> Any:
    """The open, locked file; the system unlocks it when the process ends, however it ends."""
    file = open(path, "a+")  # noqa: SIM115 - locked as long as it is open
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            file.close()
            raise Busy(f"log: {path} says that another search is using this log; wait for it, or name another log") from None
    except OSError:
        file.seek(0)
        who = file.read().strip()
        file.close()
        raise Busy(f"log: process {who or '?'} is using {path.with_suffix('')}; wait for it, or name another log") from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
