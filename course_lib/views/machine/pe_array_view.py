"""An array of processing elements through time: which PE does what in which cycle, and who shares a word with whom.

Cells of one colour level work on one output in that cycle. Words that all PEs of a row or a column share come in on one wire (a
multicast); outputs that a row or a column adds up leave through a tree of adders. The curve below is the share at work.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from course_lib.records import Timeline
from course_lib.shapes import whole
from course_lib.views.chart import box, count, roles
from course_lib.views.parts import label, sample
from course_lib.views.scene import Frame, Item, Scene
from course_lib.views.text import fit

SOURCE = "Lecture, frame 'Direct Convolution: Loop Ordering + Unrolling + Tiling': 16 x 64 PEs; Chen, Emer, Sze: Eyeriss, ISCA 2016"

MOST_FRAMES = 60
WIDE, EDGE, CURVE = 700.0, 92.0, 52.0


def tints_of(row: np.ndarray) -> str:
    """A hex digit a PE: 0 idle; neighbours that work on different outputs differ."""
    levels = np.where(row < 0, 0, 5 + 3 * (row % 4))
    return "".join(f"{v:x}" for v in levels)


def pe_array_view(
    timeline: Timeline,
    rows: int,
    cols: int,
    shared: Mapping[str, str] | None = None,
    out: str = "OA",
    title: str = "The array, cycle by cycle",
) -> Scene:
    """A Timeline of rows x cols units (row by row), drawn cycle by cycle, at most 60 frames; larger arrays as a compact grid.

    `shared` says along which side one word of a tensor serves all PEs: {"IA": "cols", "OA": "rows"} is a multicast of inputs
    along each row of PEs and a sum down each column ("rows cols" for both). `out` names the tensor that is summed. Raises ValueError
    where the units are not rows x cols, or a side is neither.
    """
    rows, cols = whole("rows", rows, 1), whole("cols", cols, 1)
    if len(timeline.units) != rows * cols:
        raise ValueError(f"timeline: want {rows} x {cols} = {rows * cols} units, got {len(timeline.units)}")
    if not timeline.cycles:
        raise ValueError("timeline: has no cycles to draw")
    shared = dict(shared or {})
    for tensor, sides in shared.items():
        if wrong := [side for side in sides.split() if side not in ("rows", "cols")]:
            raise ValueError(f"shared: {tensor} wants 'rows', 'cols' or 'rows cols', got {wrong[0]!r}")
    role = roles(list(dict.fromkeys([*shared, out])))
    cell = max(6.0, min(64.0, (WIDE - EDGE) / cols, 420 / rows))
    x, y = EDGE, 58.0
    wide, tall = cols * cell, rows * cell
    busy = timeline.busy.reshape(timeline.cycles, rows * cols)
    at_work = (busy >= 0).sum(1)
    written = cell >= 34
    longest = max(timeline.labels, key=len, default="")
    size = fit(longest, cell - 8, 12) if written else 0
    written = written and size >= 6.5
    items: list[Item] = [label("size", 0, 14, f"{rows} × {cols} PEs", size=13, weight=600)]
    pes: Item = {
        "kind": "grid",
        "id": "pe",
        "x": x,
        "y": y,
        "rows": rows,
        "cols": cols,
        "w": cell,
        "h": cell,
        "role": "blue",
        "name": "PE {r},{c}",
        "tint": "0" * (rows * cols),
        "bands": [[0, rows, "faint"]],
    }
    if written:
        pes |= {"text": [""] * (rows * cols), "size": size}
        pes["bands"] = [[0, rows, "blue-soft"]]
    items.append(pes)
    # the wires: one in a row of PEs for what its columns share, one in a column for what its rows share
    along: dict[str, list[str]] = {"cols": [], "rows": []}
    for tensor, sides in shared.items():
        for side in sides.split():
            along[side].append(tensor)
    for side, n, step in (("cols", rows, cell), ("rows", cols, cell)):
        every = max(1, int(np.ceil(9 / step)))
        for j, tensor in enumerate(along[side]):
            summed = tensor == out
            for i in range(0, n, every):
                here = (y if side == "cols" else x) + (i + 0.5) * step + (j - (len(along[side]) - 1) / 2) * min(6, step / 4)
                if side == "cols":
                    ends = (x + wide + 4, x + wide + 22) if summed else (x - 26, x - 4)
                    place = {"x1": ends[0], "y1": here, "x2": ends[1], "y2": here}
                else:
                    ends = (y + tall + 4, y + tall + 22) if summed else (y - 26, y - 4)
                    place = {"x1": here, "y1": ends[0], "x2": here, "y2": ends[1]}
                items.append(
                    {
                        "kind": "line",
                        "id": f"{tensor}.{side}{i}",
                        **place,
                        "stroke": role[tensor],
                        "sw": 2 if step >= 12 else 1,
                        "arrow": step >= 16,
                    }
                )
            what = "summed" if summed else "multicast"
            way = "along each row" if side == "cols" else "down each column"
            words = [[[tensor, f"{role[tensor]}-text", 700], [f" {what} {way}", "muted"]]]
            spot = sum(1 for item in items if item["id"].startswith("wire."))
            items.append({"kind": "text", "id": f"wire.{tensor}.{side}", "x": x + 20 + 215 * spot, "y": 14, "size": 12, "lines": words})
    items += [
        label("first", x - 34, y + cell / 2 + 4, "row 0", size=11, anchor="end", paint="muted"),
        label("last", x - 34, y + tall - cell / 2 + 4, f"row {rows - 1}" if rows > 1 else "", size=11, anchor="end", paint="muted"),
    ]
    # the share at work, cycle by cycle
    cy = y + tall + 46
    across = max(wide, 320.0)
    pitch = across / timeline.cycles
    tops = [cy + CURVE * (1 - n / (rows * cols)) for n in at_work]
    shown = sample(timeline.cycles, MOST_FRAMES)
    items.append({"kind": "rect", "id": "curve.ground", "x": x, "y": cy, "w": across, "h": CURVE, "fill": "faint"})
    known = set()
    for i, t in enumerate(shown):
        d, c = "", (shown[i - 1] + 1 if i else 0)
        while c <= t:  # equal neighbours are one bar
            end = c
            while end + 1 <= t and at_work[end + 1] == at_work[c]:
                end += 1
            if at_work[c]:
                d += box(x + c * pitch, tops[c], (end + 1 - c) * pitch, cy + CURVE - tops[c])
            c = end + 1
        if d:
            known.add(i)
            items.append({"kind": "path", "id": f"curve{i}", "d": d, "fill": "blue", "hide": True})
    items += [
        label("curve.name", x - 8, cy + 12, "at work", size=11, anchor="end", paint="muted"),
        label("curve.cycles", x, cy + CURVE + 16, f"cycle 1 to {count(timeline.cycles)}", size=11, paint="muted"),
        label("share", x + across, cy + CURVE + 16, "", size=12, anchor="end", weight=600, paint="blue-text"),
        {"kind": "line", "id": "now", "x1": x, "y1": cy - 4, "x2": x, "y2": cy + CURVE + 2, "stroke": "ink", "sw": 1.25},
    ]
    frames = []
    for i, t in enumerate(shown):
        row = busy[t]
        working = int(at_work[t])
        change: dict[str, object] = {"tint": "0" * len(row) if written else tints_of(row)}
        if written:
            change["text"] = [timeline.labels[v] if v >= 0 else "·" for v in row]
        done = float(at_work[: t + 1].sum() / ((t + 1) * rows * cols))
        changes: dict[str, dict[str, object]] = {
            "pe": change,
            "now": {"x1": round(x + (t + 0.5) * pitch, 2), "x2": round(x + (t + 0.5) * pitch, 2)},
            "share": {"text": f"{done:.1%} of all PE cycles so far"},
        }
        if i in known:
            changes[f"curve{i}"] = {"hide": None}
        distinct = len(set(row[row >= 0].tolist()))
        said = f"{count(working)} of {count(rows * cols)} PEs at work ({working / (rows * cols):.0%})"
        said += f", on {count(distinct)} different outputs" if distinct else ": registers fill, or the last sums drain"
        frames.append(Frame(f"Cycle {t + 1} of {count(timeline.cycles)}: {said}.", changes))
    alt = f"{rows} by {cols} PEs over {timeline.cycles:,} cycles, {timeline.utilisation:.1%} of all PE cycles at work."
    width = max(x + wide + 28, x + across + 8, x + 20 + 215 * max(1, sum(1 for item in items if item["id"].startswith("wire."))))
    return Scene(title, alt, width, cy + CURVE + 24, items, frames, poster=min(len(frames) - 1, max(1, len(frames) // 2)))
