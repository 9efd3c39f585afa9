"""Build the decks: slides/nn_name.md to one offline HTML file a chapter, every figure and number computed while building.

course slides                 all chapters, into slides/built/
course slides 01 gemm         chapters by number or name
course slides 01 --open       and show it in the browser
course slides --record        time everything again that decks and labs show, on this machine; some minutes, best on a quiet one
"""

from __future__ import annotations

import argparse
import difflib
import itertools
import json
import os
import shlex
import subprocess
import sys
import time
import webbrowser
from pathlib import Path

from .source import DeckError

SLIDES = Path(__file__).resolve().parents[2] / "slides"
DATA = Path(__file__).resolve().parents[1] / "data"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER", help="a chapter's number or name: 1, 01, gemm, 03_gemm (default: all)")
    parser.add_argument("--out", type=Path, default=SLIDES / "built", metavar="DIR", help="where the HTML files go (default: slides/built)")
    parser.add_argument("--open", action="store_true", help="show the (first) deck in the browser when it is built")
    parser.add_argument("--measure", action="store_true", help="time this machine now, instead of showing the recorded times")
    parser.add_argument("--record", action="store_true", help="measure all recorded times again, here, and build nothing")


def records(folder: Path = DATA) -> dict[str, Path]:
    """The commands that made the recorded times, as the records themselves say: {"python -m ... alexnet": its file, ...}."""
    said = {path: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}
    return {made["command"]: path for path, made in said.items() if isinstance(made, dict) and "machine" in made and "command" in made}


def record(folder: Path = DATA) -> int:
    """Run each record's own command, one after another; 1 where one failed (the others are still run)."""
    failed = 0
    # what slows numpy's matrix product in some environments is not this machine's fault
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    for command, path in records(folder).items():
        words = shlex.split(command)
        settings = dict(word.split("=", 1) for word in itertools.takewhile(lambda word: "=" in word, words))
        words = [sys.executable if word == "python" else word for word in words[len(settings) :]]
        print(f"{path.name}: {command}", flush=True)
        begun = time.perf_counter()
        code = subprocess.run(words, cwd=SLIDES.parent, env=clean | settings).returncode
        print(f"  {'FAILED' if code else 'done'} after {time.perf_counter() - begun:.0f} s", flush=True)
        failed |= code != 0
    return int(failed)


def chapters(folder: Path = SLIDES) -> dict[str, Path]:
    """The decks there are: {"01_intro": path, ...} in the order of the chapters."""
    return {path.stem: path for path in sorted(folder.glob("[0-9][0-9]_*.md"))}


def chosen(word: str, decks: dict[str, Path]) -> str:
    """The deck a word means; ValueError naming what there is."""
    clean = Path(word).name.removesuffix(".md")
    for name in decks:
        number, _, rest = name.partition("_")
        if clean in (name, rest) or clean.isdigit() and int(clean) == int(number):
            return name
    near = difflib.get_close_matches(clean, [*decks, *(name.partition("_")[2] for name in decks)], n=1, cutoff=0.5)
    question = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"there is no chapter {word!r}; there are {', '.join(decks)}.{question}")


def run(options: argparse.Namespace) -> int:
    """Build what was asked for; 1 where a deck has an error (the others are still built), 2 for a chapter that is not there."""
    from .build import build

    if options.record:
        return record()
    decks = chapters()
    if not decks:
        print(f"course slides: no decks (nn_name.md) in {SLIDES}", file=sys.stderr)
        return 1
    try:
        names = list(dict.fromkeys(chosen(word, decks) for word in options.chapters)) or list(decks)
    except ValueError as error:
        print(f"course slides: {error}", file=sys.stderr)
        return 2
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(f"course slides: --out {options.out}: cannot make the folder ({error.strerror})", file=sys.stderr)
        return 1
    built: list[Path] = []
    for name in names:
        begun = time.perf_counter()
        try:
            text = build(decks[name], measure=options.measure)
        except DeckError as error:
            print(f"course slides: {error}", file=sys.stderr)
            continue
        except ModuleNotFoundError as error:
            print(f"course slides: the package {error.name!r} is not installed; `python3 course.py slides` installs it", file=sys.stderr)
            return 1
        path = options.out / f"{name}.html"
        path.write_text(text, encoding="utf-8", newline="\n")
        built.append(path)
        print(f"{path}  {text.count('data-minutes=')} frames, {len(text.encode()) / 1e6:.1f} MB, {time.perf_counter() - begun:.1f} s")
    if options.open and built:
        webbrowser.open(built[0].resolve().as_uri())
    return 0 if len(built) == len(names) else 1
