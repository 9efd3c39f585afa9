"""Say in plain words what this machine has and lacks, and how fast it is. Exits 1 only where something needed is missing."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from ..machine.host import Host, Speed, describe, measure_bandwidth, measure_gemm, measure_peak
from .chapters import ROOT
from .parts import bubblewrap, chromium

NEEDED_GB = 1  # free space a lab, its outputs and a deck need; the packages are there already


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--online", action="store_true", help="also ask whether the package index answers (the course itself needs no network)"
    )
    parser.add_argument("--no-speed", action="store_true", help="do not measure")


def line(name: str, text: str) -> None:
    """One fact, its further lines set under the first."""
    print(f"  {name:<11}{text}".replace("\n", "\n" + " " * 13).rstrip(), flush=True)


def size(count: int) -> str:
    """Bytes as a person says them: 32 KiB, 23.5 GiB."""
    for unit, shift in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if count >= 1 << shift:
            return f"{count / (1 << shift):.3g} {unit}"
    return f"{count} bytes"


def many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def tell_machine(host: Host) -> None:
    """The processor as the system tells it."""
    line("processor", f"{host.name}, {many(host.cores, 'core')}, {many(host.threads, 'thread')} ({platform.system()} {platform.machine()})")
    line("vectors", f"{host.vectors}: {many(host.lanes, 'float32 number')} at once")
    for cache in host.caches:
        ways = f", {cache.ways} ways" if cache.ways else ""
        whose = "a core's own" if cache.shared <= max(1, host.threads // host.cores) else f"shared by {cache.shared} threads"
        line(f"cache L{cache.level}", f"{size(cache.bytes)}, lines of {cache.line} bytes{ways}, {whose}")
    if not host.caches:
        line("caches", "the system does not tell their sizes")
    line("memory", size(host.memory) if host.memory else "the system does not tell its size")


def rate(speed: Speed) -> str:
    if speed.threads == 1:
        return f"{speed.one:.0f} {speed.unit} on its one thread"
    return f"{speed.one:.0f} {speed.unit} on one thread, {speed.all:.0f} on {speed.threads}"


def tell_speed(host: Host) -> None:
    """The two roofs, measured, and where they meet."""
    peak, bandwidth = measure_peak(), measure_bandwidth()
    line("peak", f"{rate(peak)}\n(float32; {peak.by})")
    if not peak.by.startswith("numpy"):
        gemm = measure_gemm()
        line("product", f"{rate(gemm)}\n({gemm.by}: what a good library makes of the peak)")
    line("bandwidth", f"{rate(bandwidth)}\n({bandwidth.by})")
    ridge = peak.one / bandwidth.one
    line("so", f"on one thread, code with fewer than {ridge:.1f} FLOP for each byte it moves waits for memory")
    if host.threads > 1 and peak.all < 0.75 * host.cores * peak.one:
        line("note", "all threads together give less than the cores promise: is the machine busy with something else?")


def version(package: str) -> str | None:
    """The installed version, None where it is not installed; the package is not imported."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def set_up_for() -> set[str]:
    """The extras course.py has set up in this environment; empty for an environment made by other means."""
    try:
        return set(json.loads((Path(sys.prefix) / "course-stamp.json").read_text("utf-8"))["extras"])
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def wanted(extras: set[str]) -> dict[str, str]:
    """Package -> the extra that wants it, of the extras that were set up; read from the course's own metadata."""
    out: dict[str, str] = {}
    for requirement in metadata.requires("efficient-dnn-course") or []:
        name = re.match(r"[\w.-]+", requirement)
        extra = re.search(r"extra\s*==\s*['\"](\w+)['\"]", requirement)
        if name and name[0] != "efficient-dnn-course" and (extra is None or extra[1] in extras):
            out.setdefault(name[0], extra[1] if extra else "base")
    return out


def index_answers() -> tuple[bool, str]:
    """Does the package index pip is set up for answer?"""
    words = [
        sys.executable,
        "-m",
        "pip",
        "index",
        "versions",
        "numpy",
        "--disable-pip-version-check",
        "--no-input",
        "--timeout",
        "5",
        "--retries",
        "0",
    ]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=30)
    except subprocess.TimeoutExpired:
        return False, "the package index did not answer in 30 s"
    return (
        done.returncode == 0,
        "the package index answers" if done.returncode == 0 else "the package index does not answer: offline, or a proxy is not set",
    )


def tell_software(options: argparse.Namespace) -> list[str]:
    """What is installed; returns a sentence for each thing that is needed and missing."""
    missing = []
    extras = set_up_for()
    line("python", f"{platform.python_version()}, {sys.executable}")
    line("numpy", version("numpy") or "not installed")
    torch, jupyter = version("torch"), version("jupyterlab")
    line("torch", torch or "not installed yet: `python3 course.py lab` does that")
    line("JupyterLab", jupyter or "not installed yet: `python3 course.py lab` does that")
    try:
        gone = [f"{name} (for {extra})" for name, extra in wanted(extras).items() if version(name) is None]
    except metadata.PackageNotFoundError:
        gone = []  # run from the folder, not installed
    if gone:
        missing.append(
            f"packages that were installed are gone: {', '.join(gone)}. Delete the folder .venv and run `python3 course.py lab`."
        )
    for part, use in ((chromium(), "the browser tests, and pictures as PNG"), (bubblewrap(), "grading: students' code runs inside it")):
        text = part.says if part.ok else f"{part.says}\n(wanted only for {use})\nto get it: {part.remedy}"
        line(part.name, text)
    if options.online:
        line("network", index_answers()[1])
    else:
        line("network", "the course needs none once it is set up (--online asks the package index)")
    free = shutil.disk_usage(ROOT).free
    line("disk", f"{size(free)} free where the course is")
    if free < NEEDED_GB << 30:
        missing.append(f"disk space: {size(free)} free, at least {NEEDED_GB} GiB is needed")
    if not os.access(ROOT / "labs", os.W_OK):
        missing.append(f"{ROOT / 'labs'} cannot be written to: copy the course to a folder of your own")
    return missing


def run(options: argparse.Namespace) -> int:
    """0 where everything needed is here, 1 otherwise."""
    host = describe()
    print("This machine")
    tell_machine(host)
    if not options.no_speed:
        tell_speed(host)
    print("\nThe course on it")
    missing = tell_software(options)
    print()
    for sentence in missing:
        print(f"MISSING: {sentence}")
    if not missing:
        print("Everything that is needed is here.")
    return 1 if missing else 0
