"""Where a loop is: the element of each tensor that every iteration touches, and how often each has been touched so far."""

from __future__ import annotations

from math import prod

import numpy as np

from course_lib.records import Trace
from course_lib.views.chart import count, in_order, roles
from course_lib.views.parts import label, sample
from course_lib.views.scene import Frame, Item, Scene

FIRST, SPREAD = 36, 24  # iterations shown one after the other, and how many of those after them
MOST_CELLS = 1500
WIDTH = 700.0
DIGITS = np.array(list("0123456789abcdef"))


def visits(trace: Trace, title: str = "What is touched, in which order") -> Scene:
    """The elements of each tensor in the order a Trace touches them; the last two axes are a sheet, the others a row of sheets.

    Raises ValueError for an empty trace and for tensors of more than 1,500 elements.
    """
    if not len(trace):
        raise ValueError("trace: is empty, there is nothing to draw")
    if large := [b.name for b in trace.buffers if prod(b.shape) > MOST_CELLS]:
        raise ValueError(f"trace: {large[0]} has more than {MOST_CELLS:,} elements; trace a smaller example")
    role = roles(trace.names)
    items: list[Item] = []
    y = 0.0
    where: dict[str, tuple[int, int, int]] = {}
    for name in in_order(trace.names):
        shape = trace.buffers[trace.names.index(name)].shape
        rows, cols = ([1, 1, *shape])[-2:]
        sheets = max(1, prod(shape) // max(1, rows * cols))
        cell = max(3.0, min(13.0, (WIDTH - 10 * sheets) / (sheets * cols)))
        each = max(1, int((WIDTH + 10) // (cols * cell + 10)))
        words = [[[name, f"{role[name]}-text", 700], [f"  {' × '.join(map(str, shape)) or '1'}", "muted"]]]
        items.append({"kind": "text", "id": f"{name}.head", "x": 0, "y": y + 13, "size": 14, "lines": words})
        items.append(label(f"{name}.count", 190, y + 13, "", size=12, paint="muted"))
        y += 22
        for s in range(sheets):
            x, top = (s % each) * (cols * cell + 10), y + (s // each) * (rows * cell + 10)
            items.append(
                {
                    "kind": "grid",
                    "id": f"{name}{s}",
                    "x": x,
                    "y": top,
                    "rows": rows,
                    "cols": cols,
                    "w": cell,
                    "h": cell,
                    "role": role[name],
                    "bands": [[0, rows, "faint"]],
                    "tint": "0" * (rows * cols),
                }
            )
            items.append(
                {
                    "kind": "mark",
                    "id": f"{name}{s}.here",
                    "grid": f"{name}{s}",
                    "at": None,
                    "size": [1, 1],
                    "role": role[name],
                    "sw": 3,
                    "alpha": 1,
                }
            )
        where[name] = rows, cols, sheets
        y += -(-sheets // each) * (rows * cell + 10) + 8
    steps, cycle = np.unique(trace.step, return_inverse=True)
    rest = len(steps) - FIRST
    shown = [*range(min(FIRST, len(steps))), *(FIRST + i for i in (sample(rest, SPREAD) if rest > 0 else []))]
    most = {name: max(1, int(np.bincount(trace.element(name)).max(initial=1))) for name in where}
    elements = {name: trace.element(name) for name in where}
    cycles = {name: cycle[trace.of(name)] for name in where}
    frames: list[Frame] = []
    before: dict[str, object] = {}
    for t in shown:
        changes: dict[str, dict[str, object]] = {}
        for name, (rows, cols, sheets) in where.items():
            past = elements[name][: np.searchsorted(cycles[name], t, "right")]
            times = np.bincount(past, minlength=rows * cols * sheets)
            present = elements[name][np.searchsorted(cycles[name], t) : np.searchsorted(cycles[name], t, "right")]
            here = int(present[-1]) if present.size else -1  # none where it is in a register, or where the window is over the padding
            changes[f"{name}.count"] = {"text": f"accesses so far: {count(len(past))}"}
            tints = np.where(times > 0, 2 + np.rint(9 * times / most[name]).astype(int), 0)
            digits = "".join(DIGITS[tints])
            for s in range(sheets):
                state: dict[str, dict[str, object]] = {
                    f"{name}{s}": {"tint": digits[s * rows * cols : (s + 1) * rows * cols]},
                    f"{name}{s}.here": {"at": [here % (rows * cols) // cols, here % cols] if here // (rows * cols) == s else None},
                }
                changes |= {key: value for key, value in state.items() if before.get(key) != value}
                before |= state
        frames.append(
            Frame(f"Iteration {t + 1} of {count(len(steps))}: the full cells are touched; the darker, the more often so far.", changes)
        )
    alt = f"{count(len(steps))} iterations. " + "; ".join(f"{name}: {count(int(trace.of(name).sum()))} accesses" for name in where) + "."
    return Scene(title, alt, WIDTH, y, items, frames, poster=min(len(frames) - 1, 8))
