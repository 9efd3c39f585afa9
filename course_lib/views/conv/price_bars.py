"""The price table as a picture: a row an algorithm, a column a price; the bar is the price on a logarithm, the least of each marked."""

from __future__ import annotations

import math

from course_lib.records import Report, text_of
from course_lib.views.chart import cut, tersely
from course_lib.views.parts import label
from course_lib.views.scene import Frame, Item, Scene
from course_lib.views.text import amount

SOURCE = "course_lib.conv.compare"

# column -> (words above it, role of its bars)
COLUMNS = {
    "multiplications": ("multiplications", "cols"),
    "workspace": ("workspace", "w"),
    "L1 bytes": ("L1 to L2", "ia"),
    "L2 bytes": ("L2 to memory", "blue"),
    "moved once": ("bytes moved", "ia"),
    "float32 max": ("error, float32", "alert"),
    "ms": ("ms", "oa"),
}
NAME, WIDE, ROW = 118.0, 132.0, 26.0
BYTES = ("workspace", "L1 bytes", "L2 bytes", "moved once")


def price_bars(report: Report, title: str = "") -> Scene:
    """A `conv.compare` report, drawn. Algorithms that cannot compute the layer stand below with their reason.

    Bars are logarithmic within their column, from the least to the most; a price of 0 has none. Raises ValueError for a report
    without the columns algorithm and cannot, without any price, and where no algorithm has one.
    """
    for column in ("algorithm", "cannot"):
        if column not in report.columns:
            raise ValueError(f"report: want the column {column!r}; there are {', '.join(report.columns)}")
    columns = [name for name in COLUMNS if name in report.columns]
    able = [row for row in report if not row["cannot"]]
    if not columns or not able:
        raise ValueError(f"report: want algorithms with at least one price of {', '.join(COLUMNS)}")
    refused = [row for row in report if row["cannot"]]
    items: list[Item] = []
    best: list[str] = []
    top = 40.0
    for c, column in enumerate(columns):
        words, role = COLUMNS[column]
        x = NAME + c * WIDE
        values = [row[column] for row in able if row[column]]
        low, high = (min(values), max(values)) if values else (1, 1)
        least = min((row[column] for row in able if row[column] is not None), default=None)
        items.append(label(f"head{c}", x, top - 14, words, size=13, weight=700, paint=f"{role}-text"))
        for i, row in enumerate(able):
            y, value = top + i * ROW, row[column]
            if value is None:
                items.append(label(f"value{c}.{i}", x, y + 15, "–", size=12, paint="muted"))
                continue
            share = 0.0 if not value else 0.12 + 0.88 * (math.log(value / low) / math.log(high / low) if high > low else 1.0)
            said = amount(value) if column in BYTES else f"{value:.1e}".replace("-", "−") if "error" in words else shown(value)
            tip = f"{row['algorithm']}: {words} {said}"
            if share:
                bar = {"kind": "rect", "id": f"bar{c}.{i}", "x": x, "y": y + 3, "w": round(share * (WIDE - 72), 2), "h": 15, "rx": 2}
                items.append({**bar, "fill": role, "tip": tip, "opacity": 1 if value == least else 0.55})
            won = value == least
            at = x + share * (WIDE - 72) + 5
            items.append(
                label(f"value{c}.{i}", round(at, 2), y + 15, said, size=12, weight=700 if won else 400, paint="ink" if won else "muted")
            )
        if least is not None:
            names = [row["algorithm"] for row in able if row[column] == least]
            best.append(f"{words}: {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else ""))
    for i, row in enumerate(able):
        items.append(label(f"name{i}", 0, top + i * ROW + 15, row["algorithm"], size=13, weight=600))
    y = top + len(able) * ROW + 14
    width = NAME + len(columns) * WIDE
    for i, row in enumerate(refused):
        items += [
            label(f"refused{i}", 0, y + i * 20 + 12, row["algorithm"], size=12, paint="muted"),
            label(f"why{i}", NAME, y + i * 20 + 12, cut(row["cannot"], width - NAME, 12), size=12, paint="muted"),
        ]
    alt = "Least by price: " + "; ".join(best) + "."
    height = y + len(refused) * 20 + 4
    return Scene(title or report.title or "Prices", alt, width, height, items, [Frame(f"{alt} {report.note}.")])


def shown(value: float) -> str:
    return tersely(value) if value >= 1000 else text_of(float(f"{value:.3g}"))
