"""Run all tests: ruff, types, and pytest with the words given. `course test tests/conv -k pad` runs a part.

Tests run in as many processes as there are cores (at most 8); `-n 0` runs them in one, as a debugger wants it.
Tests that need Chromium or bubblewrap are left out where the part is missing, and named; with CI=true they fail.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence

from .chapters import ROOT
from .parts import TESTS_NEED

PASSES_WORDS_ON = True  # pytest's options are pytest's
MOST_WORKERS = 8  # each of them holds torch and what it tests: about a gigabyte


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", help="what to run and how, in pytest's words; nothing means everything")


def missing_parts() -> list[str]:
    """A paragraph for each part that is missing here, with its remedy."""
    return [f"{part.name}: {part.says}.\n  To get it: {part.remedy}" for probe in TESTS_NEED.values() if not (part := probe()).ok]


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers(words: Sequence[str]) -> list[str]:
    """pytest's words for as many workers as cores; none where `words` say how many, or ask for a debugger or the terminal."""
    alone = ("-n", "--numprocesses", "--pdb", "--trace", "-s", "--capture=no", "--collect-only", "--co", "-h", "--help", "--version")
    asked = any(word == one or (one in ("-n", "--numprocesses") and word.startswith(one)) for word in words for one in alone)
    return [] if asked or cores() < 2 else ["-n", str(min(cores(), MOST_WORKERS))]


def environment(each: int = 0) -> dict[str, str]:
    """This environment without the switches that slow numpy or Python or change results; `each`: threads a worker's BLAS may use."""
    env = dict(os.environ)
    # the last: tests start some hundred Pythons, which would compile the whole library each for itself
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTEST_ADDOPTS", "PYTHONDONTWRITEBYTECODE"):
        env.pop(name, None)
    env.setdefault("PYTHONHASHSEED", "0")  # workers must list the same tests in the same order, also those drawn from a set
    if each:  # two workers with two threads each would wait for each other
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            env.setdefault(name, str(each))
    return env


def run(options: argparse.Namespace) -> int:
    """0 when everything that ran passed; pytest's own code otherwise (5, nothing found, is a failure too)."""
    ci = os.environ.get("CI", "").lower() in ("true", "1")
    absent = missing_parts()
    for text in absent:
        print(f"{'MISSING' if ci else 'Left out'}: tests that need {text}", flush=True)
    many = workers(options.words)
    words = [sys.executable, "-m", "pytest", *many, *options.words]
    code = subprocess.run(words, cwd=ROOT, env=environment(each=1 if many else 0)).returncode
    if absent and ci:
        print("CI: a part the tests need is missing, so this run has failed.")
        return code or 1
    return code
