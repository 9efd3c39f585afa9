"""The networks of the lecture in three columns of bars: how deep, how large, how many multiply-accumulates."""

from __future__ import annotations

from collections.abc import Sequence

from course_lib.records import Report, is_number, text_of
from course_lib.views.palette import HATCH
from course_lib.views.parts import label
from course_lib.views.scene import Frame, Item, Scene
from course_lib.views.text import width_of

SOURCE = "Lecture, frames 'Revolution of Depth' and the list of model sizes"

ROW = 23.0
PANEL = 190.0
PANELS = {
    "depth": ("Depth", "layers with weights", "plain", 1.0, ""),
    "MB": ("Size", "MB of float32 weights", "w", 1.0, ""),
    "MiB": ("Size", "MiB of float32 weights", "w", 1.0, ""),
    "params": ("Parameters", "millions", "w", 1e6, "M"),
    "macs": ("Work", "billion MACs an image", "blue", 1e9, "G"),
}


def short(value: float) -> str:
    """A value at the end of its bar: three figures."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def network_bars(report: Report, columns: Sequence[str] = ("depth", "MB", "macs"), name: str = "network", title: str = "") -> Scene:
    """A row a network, a panel a column; bars start at 0 and carry their value.

    `report` is what `zoo.totals()` gives, or any Report with these columns. Raises ValueError for a missing column, for no
    rows, and for values that are not numbers of at least 0.
    """
    if not len(report):
        raise ValueError("report: has no rows to draw")
    for column in (name, *columns):
        if column not in report.columns:
            raise ValueError(f"columns: the report has no {column!r}; there are {', '.join(report.columns)}")
    for column in columns:
        if any(not is_number(v) or not 0 <= v < float("inf") for v in report[column]):
            raise ValueError(f"columns: {column!r} holds something that is not a number of at least 0")
    rows = [str(n) for n in report[name]]
    left = max(width_of(n, 13) for n in rows) + 14
    top = 52.0
    items: list[Item] = []
    for j, column in enumerate(columns):
        head, unit, role, scale, _ = PANELS.get(column, (column, "", "plain", 1.0, ""))
        x = left + j * (PANEL + 26)
        values = [float(v) / scale for v in report[column]]
        most = max(values) or 1.0
        room = PANEL - 44
        items += [
            label(f"head{j}", x, 14, head, weight=600),
            label(f"unit{j}", x, 32, unit, size=12, paint="muted"),
            {"kind": "line", "id": f"axis{j}", "x1": x, "y1": top - 8, "x2": x, "y2": top + len(rows) * ROW, "stroke": "line", "sw": 1},
        ]
        for i, value in enumerate(values):
            y = top + i * ROW
            long = max(1.5, room * value / most)
            bar: Item = {
                "kind": "rect",
                "id": f"bar{j}.{i}",
                "x": x,
                "y": y,
                "w": round(long, 2),
                "h": ROW - 8,
                "rx": 2,
                "fill": role,
                "tip": f"{rows[i]}: {text_of(report[column][i])} {'MACs' if column == 'macs' else unit if scale == 1 else column}",
            }
            if HATCH[role] is not None:
                bar["hatch"] = HATCH[role]
            items += [bar, label(f"value{j}.{i}", x + long + 6, y + 12, short(value), size=12)]
    items += [label(f"name{i}", left - 12, top + i * ROW + 12, n, size=13, anchor="end") for i, n in enumerate(rows)]
    width = left + len(columns) * (PANEL + 26) - 26
    largest = {c: rows[max(range(len(rows)), key=lambda i, c=c: report[c][i])] for c in columns}  # type: ignore[misc]
    alt = (
        f"{len(rows)} networks as bars: "
        + "; ".join(
            f"{PANELS.get(c, (c,))[0].lower()} from {text_of(min(report[c]))} to {text_of(max(report[c]))} ({largest[c]})" for c in columns
        )
        + "."
    )
    words = report.note.splitlines()[0] if report.note else "Each bar starts at zero; point at one for its exact value."
    return Scene(title or report.title or "Networks", alt, round(width, 1), round(top + len(rows) * ROW + 4, 1), items, [Frame(words)])
