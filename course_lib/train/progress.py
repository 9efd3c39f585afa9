"""A bar on the terminal: how far, what was seen last, how long still. Silent in files, tests and under a grader."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

Item = TypeVar("Item")
WIDE = 24


class Bar:
    """Iterate over it as over `items`; `note(...)` puts words behind the bar. `show` None: only where a person looks."""

    def __init__(self, items: Iterable[Item], name: str, show: bool | None = None) -> None:
        self.items, self.name = list(items), name
        self.shown = sys.stderr.isatty() if show is None else show
        self.words = ""

    def __iter__(self) -> Iterator[Any]:
        begun = time.monotonic()
        for done, item in enumerate(self.items):
            self.draw(done, time.monotonic() - begun)
            yield item
        self.draw(len(self.items), time.monotonic() - begun)
        if self.shown:
            print(file=sys.stderr)

    def note(self, words: str) -> None:
        self.words = words

    def draw(self, done: int, seconds: float) -> None:
        if not self.shown:
            return
        total = len(self.items) or 1
        full = WIDE * done // total
        left = f"{seconds / done * (total - done):.0f} s left" if 0 < done < total else f"{seconds:.0f} s"
        print(
            f"\r{self.name} {'█' * full}{'·' * (WIDE - full)} {done}/{total} {left} {self.words}\033[K", end="", file=sys.stderr, flush=True
        )
