"""Plans that a tuner found on this machine: a small file that `compile_conv2d(..., algorithm="auto")` reads.

    {"v": 1, "plans": {host: {layer on so many threads: {"algorithm": ..., "plan": {...}, "seconds": ...}}}}

The file is $COURSE_TUNED, or tuned.json in the user's data folder. One that cannot be read is as good as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_lib.nest.jit import host
from course_lib.shapes import ConvShape

if TYPE_CHECKING:
    from course_lib.kernels.plan import Plan

VERSION = 1


@cache
def fingerprint() -> str:
    """This machine in twelve letters: its processor as LLVM names it, its features, and how many threads it has."""
    name, features = host()
    return hashlib.sha256(f"{name} {features} {os.cpu_count()} {sys.platform}".encode()).hexdigest()[:12]


def path() -> Path:
    """Where tuned plans are kept."""
    if told := os.environ.get("COURSE_TUNED"):
        return Path(told)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home()))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share"))
    return base / "efficient-dnn-course" / "tuned.json"


def key(shape: ConvShape, threads: int) -> str:
    return json.dumps({**asdict(shape), "threads": threads}, sort_keys=True)


def everything(where: Path) -> dict[str, Any]:
    """The file's plans by host; empty where there is no file, or none of ours."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        data = json.loads(where.read_text("utf-8"))
        if data["v"] == VERSION and isinstance(data["plans"], dict):
            return data["plans"]
    return {}


@cache
def read(where: Path, version: tuple[int, int, int]) -> dict[str, Any]:
    """This host's plans; read again when the file is another (a new file has a new number, even within one tick of the clock)."""
    del version
    mine = everything(where).get(fingerprint(), {})
    return mine if isinstance(mine, dict) else {}


def lookup(shape: ConvShape, threads: int) -> tuple[str, dict[str, int]] | None:
    """(algorithm, the fields of its plan) tuned for this layer on this machine, None where there is none."""
    where = path()
    try:
        now = where.stat()
        entry = read(where, (now.st_ino, now.st_mtime_ns, now.st_size)).get(key(shape, threads))
        return (str(entry["algorithm"]), dict(entry["plan"])) if entry else None
    except (OSError, KeyError, TypeError, ValueError):
        return None


def keep(shape: ConvShape, threads: int, algorithm: str, plan: Plan, seconds: float) -> Path:
    """Write one plan down: all of the file anew beside it, then put in its place, so no reader meets half of it."""
    where = path()
    where.parent.mkdir(parents=True, exist_ok=True)
    plans = everything(where)
    plans.setdefault(fingerprint(), {})[key(shape, threads)] = {"algorithm": algorithm, "plan": asdict(plan), "seconds": seconds}
    beside = where.with_name(f"{where.name}.{os.getpid()}")
    try:
        beside.write_text(json.dumps({"v": VERSION, "plans": plans}, indent=1) + "\n", "utf-8")
        beside.replace(where)
        read.cache_clear()
    finally:
        beside.unlink(missing_ok=True)
    return where


def forget(shape: ConvShape, threads: int) -> None:
    """Take one plan out: the default is as good."""
    where = path()
    plans = everything(where)
    if plans.get(fingerprint(), {}).pop(key(shape, threads), None) is not None:
        beside = where.with_name(f"{where.name}.{os.getpid()}")
        beside.write_text(json.dumps({"v": VERSION, "plans": plans}, indent=1) + "\n", "utf-8")
        beside.replace(where)
        read.cache_clear()
