"""Every verdict as one JSON line, on disk before anything else is said: marks can be rebuilt from it alone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WORDS = {
    "ok": "right",
    "wrong": "not right yet",
    "crashed": "stops with an error",
    "timeout": "does not come to an end",
    "missing": "not attempted",
    "needs a person": "needs a person",
}


class Ledger:
    """The file, opened to append. A last line that was cut off by a crash is passed over when reading."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, record: dict[str, Any]) -> None:
        """Write one record and wait until it is on the disk."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"
        with self.path.open("ab") as file:
            if file.tell() and not self.ends_well():
                file.write(b"\n")  # the line before was cut: keep it apart
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())

    def ends_well(self) -> bool:
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            for line in file:
                try:
                    record = json.loads(line)
                except ValueError:
                    continue
                if isinstance(record, dict) and ("void" in record or ("student" in record and "lab" in record)):
                    yield record

    def latest(self, lab: str | None = None) -> dict[tuple[str, str], dict[str, Any]]:
        """The last record of each (student, lab), those of runs that were declared void left out."""
        records = list(self)
        void = {r["void"] for r in records if "void" in r}
        return {(r["student"], r["lab"]): r for r in records if "void" not in r and r.get("run") not in void and lab in (None, r["lab"])}
