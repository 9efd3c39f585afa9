"""Small pieces that several pictures are made of: labels, grids of numbers, tints, and which steps to show of many."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from course_lib.views.scene import Item
from course_lib.views.text import fit, number


def label(id: str, x: float, y: float, words: str, **more: Any) -> Item:
    return {"kind": "text", "id": id, "x": x, "y": y, "text": words, "size": 14, **more}


def grid(id: str, x: float, y: float, rows: int, cols: int, cell: float, role: str, **more: Any) -> Item:
    """rows × cols square cells of a role."""
    return {"kind": "grid", "id": id, "x": x, "y": y, "rows": rows, "cols": cols, "w": cell, "h": cell, "role": role, **more}


def mark(id: str, grid: str, at: list[int] | None, size: tuple[int, int], role: str, **more: Any) -> Item:
    """A lit window of `size` cells on a grid; `at` None is out of sight."""
    return {"kind": "mark", "id": id, "grid": grid, "at": at, "size": list(size), "role": role, **more}


def heading(id: str, x: float, y: float, name: str, size: str, role: str) -> Item:
    """A tensor's name in its colour with its size beside it in grey: **IA** 5 × 5."""
    paint = f"{role}-text"
    return {"kind": "text", "id": id, "x": x, "y": y, "size": 14, "lines": [[[name, paint, 700], ["  " + size, "muted"]]]}


def numbers(values: np.ndarray) -> list[str]:
    return [number(v) for v in values.reshape(-1)]


def type_size(words: Sequence[str], w: float, h: float) -> float:
    """One type size for all the cells of a grid: the widest number fits with a little air."""
    largest = min(h * 0.44, 17)
    return min([fit(word, w - 5, largest) for word in set(words)] or [largest])


def tint(values: np.ndarray, strip: int = 0, between: tuple[float, float] | None = None) -> str:
    """Each value as one of sixteen levels, smallest to largest: a hex digit a cell, a run of five or more as `digit{count}`.

    `between` gives the smallest and largest where several grids share one scale.

    With `strip`, only that many rows at the top and columns at the right: what is seen of a sheet behind another.
    """
    low, high = between or (float(values.min()), float(values.max()))
    levels = np.full(values.shape, 8) if high == low else np.rint(np.clip((values - low) / (high - low), 0, 1) * 15).astype(int)
    if strip:
        levels[strip:, : max(0, values.shape[1] - strip)] = 0
    digits = "".join(f"{level:x}" for level in levels.reshape(-1))
    return re.sub(r"(.)\1{4,}", lambda run: f"{run[1]}{{{len(run[0])}}}", digits)


def sample(count: int, most: int) -> list[int]:
    """Which of `count` steps to show when only `most` may be shown: the first few, then evenly spread, the last always."""
    if count <= most:
        return list(range(count))
    first = 4
    spread = np.linspace(first - 1, count - 1, most - first + 1).round().astype(int)
    return sorted({*range(first), *(int(i) for i in spread)})
