"""The levels of memory as a pyramid: the nearer, the smaller; what is asked for comes up a line at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...views.scene import Frame, Scene
from .parts import label, numbered

SOURCE = "Lecture, frame 'Background: Memory System'"


def amount(bytes: int) -> str:
    """Bytes in powers of two, as memories are sold: 32 KiB, 1 MiB, 16 GiB."""
    for unit, shift in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if bytes >= 1 << shift:
            return f"{bytes / (1 << shift):g} {unit}"
    return f"{bytes} B"


def memory_levels(levels: Sequence[tuple[str, int, str]], width: int = 660, height: int = 400) -> Scene:
    """(name, bytes, what comes up from the level below at once) a level, nearest first; a step a level on the way of a first access.

    The width of a level grows with the logarithm of its size. Raises ValueError for fewer than two levels or sizes that do not grow.
    """
    sizes = [size for _, size, _ in levels]
    if len(sizes) < 2 or sorted(set(sizes)) != sizes:
        raise ValueError(f"levels: want two or more, each larger than the one before, got {sizes}")
    tall, gap = height / len(levels), 30.0
    low, high = math.log2(sizes[0]) - 4, math.log2(sizes[-1])
    wide = [width * (0.24 + 0.76 * (math.log2(size) - low) / (high - low)) for size in sizes]
    items: list[dict[str, Any]] = []
    for i, (name, size, up) in enumerate(levels):
        y, h = i * tall, tall - gap
        items.append(
            {
                "id": f"level{i}",
                "kind": "rect",
                "x": (width - wide[i]) / 2,
                "y": y,
                "w": wide[i],
                "h": h,
                "fill": "blue-soft",
                "stroke": "blue",
                "sw": 1.6,
                "rx": 8,
                "tip": f"{name}: {amount(size)}",
            }
        )
        items.append({**label(width / 2, y + h / 2 - 2, name, 20, anchor="middle", weight=600), "id": f"name{i}"})
        items.append({**label(width / 2, y + h / 2 + 20, amount(size), 18, anchor="middle", paint="muted"), "id": f"size{i}"})
        if up:
            items.append(
                {
                    "id": f"up{i}",
                    "kind": "line",
                    "x1": width / 2 - 70,
                    "y1": y + tall - 1,
                    "x2": width / 2 - 70,
                    "y2": y + h + 3,
                    "stroke": "w",
                    "sw": 3,
                    "arrow": True,
                }
            )
            items.append({**label(width / 2 - 54, y + h + gap / 2 + 6, up, 16, paint="w-text"), "id": f"word{i}"})
    arrows = [i for i, (_, _, up) in enumerate(levels) if up]
    frames = [Frame("each level is larger and farther than the one above it")]
    for i in reversed(arrows):
        changes = {f"up{j}": {"sw": 7 if j == i else 3} for j in arrows} | {
            f"level{j}": {"fill": "w-soft" if j == i else "blue-soft"} for j in range(len(levels))
        }
        frames.append(Frame(f"a miss: {levels[i + 1][0]} sends {levels[i][2]} up to {levels[i][0]}", changes))
    frames.append(
        Frame(
            "asked for again: found at the top, nothing moves below",
            {f"up{j}": {"sw": 3} for j in arrows}
            | {f"level{j}": {"fill": "oa-soft" if j == 0 else "blue-soft"} for j in range(len(levels))},
        )
    )
    said = ", ".join(f"{name} {amount(size)}" for name, size, _ in levels)
    return Scene(
        "The memory system", f"Levels of memory, the nearest the smallest: {said}", width, height - gap + 2, numbered(items), frames
    )
