"""Run all tests: ruff, types, and pytest with the words given. `course test tests/conv -k pad` runs a part.

Tests that need Chromium or bubblewrap are left out where the part is missing, and named; with CI=true they fail.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from .chapters import ROOT
from .parts import TESTS_NEED

PASSES_WORDS_ON = True  # pytest's options are pytest's


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", help="what to run and how, in pytest's words; nothing means everything")


def missing_parts() -> list[str]:
    """A paragraph for each part that is missing here, with its remedy."""
    return [f"{part.name}: {part.says}.\n  To get it: {part.remedy}" for probe in TESTS_NEED.values() if not (part := probe()).ok]


def environment() -> dict[str, str]:
    """This environment without the switches that make numpy's matrix product slow or the results differ."""
    env = dict(os.environ)
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTEST_ADDOPTS"):
        env.pop(name, None)
    return env


def run(options: argparse.Namespace) -> int:
    """0 when everything that ran passed; pytest's own code otherwise (5, nothing found, is a failure too)."""
    ci = os.environ.get("CI", "").lower() in ("true", "1")
    absent = missing_parts()
    for text in absent:
        print(f"{'MISSING' if ci else 'Left out'}: tests that need {text}", flush=True)
    code = subprocess.run([sys.executable, "-m", "pytest", *options.words], cwd=ROOT, env=environment()).returncode
    if absent and ci:
        print("CI: a part the tests need is missing, so this run has failed.")
        return code or 1
    return code
