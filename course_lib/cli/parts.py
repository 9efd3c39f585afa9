"""The parts pip cannot install, a Chromium, bubblewrap, a PostgreSQL: are they here, do they work, how does one get them."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple


class Part(NamedTuple):
    """A part of the machine: `ok` or not, what was found, and the remedy where it is not ok."""

    name: str
    ok: bool
    says: str
    remedy: str = ""


BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
USUAL_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)


def chromium_path() -> str | None:
    """The first browser of the Chromium family on this machine; COURSE_CHROMIUM names another."""
    named = os.environ.get("COURSE_CHROMIUM")
    if named:
        return named if Path(named).exists() else None
    return next((found for name in BROWSERS if (found := shutil.which(name))), next((p for p in USUAL_PLACES if Path(p).exists()), None))


@functools.cache
def chromium() -> Part:
    """Is there a Chromium for the browser tests and for pictures as PNG?"""
    path = chromium_path()
    if path:
        return Part("chromium", True, path)
    remedy = {
        "linux": "sudo apt install chromium   (Ubuntu: chromium-browser, Fedora: sudo dnf install chromium)",
        "darwin": "brew install --cask chromium, or install Google Chrome",
    }.get(sys.platform, "install Google Chrome or Microsoft Edge")
    return Part("chromium", False, "no Chromium, Chrome or Edge found", remedy)


@functools.cache
def bubblewrap() -> Part:
    """Does bubblewrap start here? It is tried, for finding the program says nothing of the kernel's mind."""
    if not sys.platform.startswith("linux"):
        return Part("bubblewrap", False, "bubblewrap exists on Linux only", "grade on Linux, or in a Linux virtual machine or container")
    path = shutil.which("bwrap")
    if not path:
        return Part("bubblewrap", False, "bwrap is not installed", "sudo apt install bubblewrap   (Fedora: sudo dnf install bubblewrap)")
    words = [
        path,
        "--ro-bind",
        "/",
        "/",
        "--dev",
        "/dev",
        "--proc",
        "/proc",
        "--tmpfs",
        "/tmp",
        "--unshare-all",
        "--die-with-parent",
        "true",
    ]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Part("bubblewrap", False, f"{path} could not be run: {error}", "reinstall the package bubblewrap")
    if done.returncode == 0:
        return Part("bubblewrap", True, f"{path} starts")
    why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    return Part("bubblewrap", False, f"{path} is installed but does not start: {why}", why_not())


def why_not() -> str:
    """The remedy for a bubblewrap that does not start, from what the kernel says about user namespaces."""
    if switch("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "AppArmor keeps programs from making user namespaces (Ubuntu 23.10 and later). Allow it for bwrap alone: write\n"
            "    abi <abi/4.0>, include <tunables/global> profile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }\n"
            "  into /etc/apparmor.d/bwrap and run: sudo apparmor_parser -r /etc/apparmor.d/bwrap"
        )
    if switch("/proc/sys/kernel/unprivileged_userns_clone") == "0":
        return "user namespaces are switched off; allow them with: sudo sysctl kernel.unprivileged_userns_clone=1"
    if switch("/proc/sys/user/max_user_namespaces") == "0":
        return "user namespaces are limited to none; allow them with: sudo sysctl user.max_user_namespaces=10000"
    return "inside a container, start the container so that it may make user namespaces (for Docker: --security-opt seccomp=unconfined)"


def switch(path: str) -> str:
    """One line of /proc, empty where there is none."""
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


@functools.cache
def postgresql() -> Part:
    """Is there a PostgreSQL server to test the gradebook against? It is started by the test, on a socket of its own."""
    found = shutil.which("initdb") or next(map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None)
    if found and Path(found).with_name("postgres").exists():
        return Part("postgresql", True, found)
    return Part(
        "postgresql", False, "no PostgreSQL server found", "sudo apt install postgresql   (Fedora: sudo dnf install postgresql-server)"
    )


TESTS_NEED = {"browser": chromium, "sandbox": bubblewrap, "postgres": postgresql}  # pytest marker -> the part
