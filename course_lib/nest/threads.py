"""A kernel shared out among threads: it releases the interpreter's lock, so plain Python threads run it side by side."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any


@cache
def pool(threads: int) -> ThreadPoolExecutor:
    """Threads that are kept: starting one costs more than a small layer."""
    return ThreadPoolExecutor(threads, "nest")


def shares(extent: int, threads: int) -> list[tuple[int, int]]:
    """0..extent in at most `threads` ranges of nearly equal length."""
    threads = max(1, min(threads, extent))
    edges = [extent * t // threads for t in range(threads + 1)]
    return list(zip(edges, edges[1:], strict=False))


def together(calls: Sequence[tuple[Any, ...]]) -> None:
    """All the calls, each a kernel and its arguments, at the same time; the first of them here."""
    others = [pool(len(calls)).submit(*call) for call in calls[1:]]
    kernel, *arguments = calls[0]
    kernel(*arguments)
    for other in others:
        other.result()
