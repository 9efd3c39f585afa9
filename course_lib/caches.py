"""The data caches of this machine, as the operating system tells them; nothing is measured."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CPUS = Path("/sys/devices/system/cpu")


@dataclass(frozen=True)
class Cache:
    """One level of data cache: size and line in bytes, ways (0: not told), how many threads share it."""

    level: int
    bytes: int
    line: int
    ways: int
    shared: int


def read(path: Path | str) -> str:
    try:
        return Path(path).read_text(errors="replace").strip()
    except OSError:
        return ""


def sysctl(name: str) -> str:
    """One value of macOS' sysctl, empty elsewhere."""
    if sys.platform != "darwin":
        return ""
    try:
        return subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, timeout=5).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def listed(text: str) -> int:
    """How many numbers the kernel's list "0-3,8" holds."""
    ends = [part.split("-") for part in text.split(",") if part]
    return sum(int(end[-1]) - int(end[0]) + 1 for end in ends) or 1


def data_caches() -> tuple[Cache, ...]:
    """The caches a load of the first usable thread may hit, nearest first; empty where the system does not tell."""
    first = min(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    found = []
    for index in sorted(CPUS.glob(f"cpu{first}/cache/index*")):
        size = re.fullmatch(r"(\d+)([KMG]?)", read(index / "size"))
        if size and read(index / "type") != "Instruction":
            unit = {"": 0, "K": 10, "M": 20, "G": 30}[size[2]]
            numbers = [
                int(n) if (n := read(index / name)).isdigit() else 0 for name in ("level", "coherency_line_size", "ways_of_associativity")
            ]
            found.append(Cache(numbers[0], int(size[1]) << unit, numbers[1], numbers[2], listed(read(index / "shared_cpu_list"))))
    if not found and sys.platform == "darwin":
        line = int(sysctl("hw.cachelinesize") or 0)
        for level, names in ((1, ("hw.perflevel0.l1dcachesize", "hw.l1dcachesize")), (2, ("hw.perflevel0.l2cachesize", "hw.l2cachesize"))):
            told = next((text for name in names if (text := sysctl(name)).isdigit()), "")
            if told:
                shared = sysctl("hw.perflevel0.cpusperl2") if level == 2 else "1"
                found.append(Cache(level, int(told), line, 0, int(shared) if shared.isdigit() else 1))
    return tuple(sorted(found, key=lambda cache: cache.level))
