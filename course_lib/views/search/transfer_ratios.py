"""From task to task: how many trials a search with a past takes over one without, a row a pair of tasks, with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from course_lib.views.parts import label
from course_lib.views.scene import Frame, Item, Scene
from course_lib.views.text import width_of

SOURCE = "as implemented here"

ROW, WIDTH, TOP = 40.0, 300.0, 40.0
MOST = 16


def transfer_ratios(rows: Sequence[tuple[str, str, float, float, float]], title: str = "") -> Scene:
    """(learnt on, tuned, ratio, low, high) -> a dot with its interval on a scale of halves and doubles; left of 1 the past helps.

    Raises ValueError for no rows or more than 16, and for numbers that are not positive with low <= ratio <= high.
    """
    if not 1 <= len(rows) <= MOST:
        raise ValueError(f"rows: want 1 to {MOST}, got {len(rows)}")
    for learnt, tuned, ratio, low, high in rows:
        if not 0 < low <= ratio <= high:
            raise ValueError(f"rows: want 0 < low <= ratio <= high, got {ratio}, {low}, {high} for {learnt!r} to {tuned!r}")
    names = [f"{learnt} → {tuned}" for learnt, tuned, *_ in rows]
    left = 1.12 * max(width_of(name, 13) for name in names) + 18
    least = min(-1, math.floor(math.log2(min(row[3] for row in rows))))
    most = max(1, math.ceil(math.log2(max(row[4] for row in rows))))
    at = lambda value: round(left + (math.log2(value) - least) / (most - least) * WIDTH, 1)
    bottom = TOP + ROW * len(rows)
    items: list[Item] = []
    for power in range(least, most + 1):
        x, one = at(2.0**power), power == 0
        line: Item = {"kind": "line", "id": f"at{power}", "x1": x, "y1": TOP - 8, "x2": x, "y2": bottom}
        items.append({**line, "stroke": "ink" if one else "muted", "sw": 1.5 if one else 0.5})
        items.append(label(f"scale{power}", x, bottom + 18, f"{2.0**power:g}", size=12, anchor="middle", paint="muted"))
    items.append(label("sooner", at(1) - 8, 14, "← sooner with a past", size=12, anchor="end", paint="oa-text"))
    items.append(label("later", at(1) + 8, 14, "later →", size=12, paint="alert-text"))
    for i, (name, (_, _, ratio, low, high)) in enumerate(zip(names, rows, strict=True)):
        y, paint = TOP + ROW * (i + 0.5), "oa" if ratio <= 1 else "alert"
        tip = f"{name}: {ratio:.2f} of the trials [{low:.2f}, {high:.2f}]"
        items.append(label(f"name{i}", left - 10, y + 4.5, name, size=13, anchor="end"))
        items.append({"kind": "line", "id": f"span{i}", "x1": at(low), "y1": y, "x2": at(high), "y2": y, "stroke": paint, "sw": 3})
        dot: dict[str, Any] = {"x": at(ratio), "y": y, "r": 6.0, "fill": paint, "stroke": "ink", "sw": 1, "tip": tip}
        items.append({"kind": "circle", "id": f"dot{i}", **dot})
        items.append(label(f"said{i}", left + WIDTH + 12, y + 4.5, f"{ratio:.2f}", size=13))
    sooner = sum(ratio < 1 for _, _, ratio, _, _ in rows)
    said = "; ".join(f"{name} {row[2]:.2f} [{row[3]:.2f}, {row[4]:.2f}]" for name, row in zip(names, rows, strict=True))
    caption = f"With a past the search is sooner on {sooner} of {len(rows)} pairs of tasks."
    width = left + WIDTH + 60
    return Scene(title or "From task to task", f"{caption} {said}.", round(width, 1), bottom + 28, items, [Frame(caption)])
