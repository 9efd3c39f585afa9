"""The distance to the optimum: what was moved, drawn against the least that any order of the loops can move."""

from __future__ import annotations

from course_lib.records import Report
from course_lib.views.chart import count
from course_lib.views.parts import label
from course_lib.views.scene import Frame, Item, Scene

SOURCE = "course_lib.machine.bound: the lower bound and its proof"

WIDTH, BAR = 640.0, 26.0


def bound_meter(report: Report, title: str = "Distance to the lower bound") -> Scene:
    """One bar, in elements: up to the bound it cannot be less; beyond it is the schedule's. `report` is from `distance_to_bound`.

    Raises ValueError for a report without the columns moved, bound, times the bound, or of more than one row.
    """
    for column in ("moved", "bound", "times the bound"):
        if column not in report.columns:
            raise ValueError(f"report: want the column {column!r}; there are {', '.join(report.columns)}")
    if len(report) != 1:
        raise ValueError(f"report: want one row, got {len(report)}")
    (row,) = report
    moved, bound, factor = float(row["moved"]), float(row["bound"]), float(row["times the bound"])
    full = max(moved, bound, 1.0)
    least, most = WIDTH * bound / full, WIDTH * moved / full
    items: list[Item] = [
        {"kind": "rect", "id": "bar", "x": 0, "y": 30, "w": WIDTH, "h": BAR, "rx": 3, "fill": "faint"},
        {
            "kind": "rect",
            "id": "must",
            "x": 0,
            "y": 30,
            "w": round(min(least, most), 2),
            "h": BAR,
            "fill": "oa",
            "tip": f"must be moved: {count(bound)} elements",
        },
    ]
    if most > least:
        items.append(
            {
                "kind": "rect",
                "id": "more",
                "x": round(least, 2),
                "y": 30,
                "w": round(most - least, 2),
                "h": BAR,
                "fill": "alert",
                "hatch": 45,
                "tip": f"moved beyond the bound: {count(moved - bound)} elements",
            }
        )
    items += [
        {"kind": "line", "id": "mark", "x1": least, "y1": 24, "x2": least, "y2": 64, "stroke": "ink", "sw": 2},
        label("factor", 0, 16, f"{factor:.3g} times the bound", weight=700, size=16, paint="oa-text" if factor < 1.05 else "alert-text"),
        label("bound", 0, 78, f"bound: {count(bound)}", size=12, paint="oa-text", weight=600),
        label("moved", WIDTH, 78, f"moved: {count(moved)}", size=12, anchor="end", weight=600),
    ]
    words = f"Moved {count(moved)} elements; at least {count(bound)} must be moved, whatever the order: {factor:.3g} times the bound."
    return Scene(title, words, WIDTH, 84, items, [Frame(words + (f" ({report.note}.)" if report.note else ""))])
