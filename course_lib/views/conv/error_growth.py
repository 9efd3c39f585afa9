"""How Winograd's error grows with the tile: direct sums, F2, F4, F6, in float32 and in float16, on one logarithmic axis each."""

from __future__ import annotations

import math

from course_lib.records import Report
from course_lib.views.parts import label
from course_lib.views.scene import Frame, Item, Scene

SOURCE = "Lavin & Gray, CVPR 2016, table 4; Barabasz et al. 2018"

LEFT, TOP, WIDTH, HEIGHT, GAP = 62.0, 40.0, 300.0, 260.0, 96.0
ROLES = ("ia", "w", "oa", "cols", "blue")  # a line a number of channels
DASHES = ("", "7 4", "2 3", "9 3 2 3", "4 2")


def error_growth(report: Report, column: str = "largest") -> Scene:
    """`column` ("largest" or "rms") of `errors.error_growth()`: a panel a dtype, a line a number of channels, a point an algorithm.

    Raises ValueError for missing columns, no rows, more than five numbers of channels, and errors of 0, which a logarithm cannot show.
    """
    for name in ("dtype", "C", "algorithm", column):
        if name not in report.columns:
            raise ValueError(f"report: want the column {name!r}; there are {', '.join(report.columns)}")
    if not len(report):
        raise ValueError("report: it has no rows")
    if any(not value > 0 for value in report[column]):
        raise ValueError(f"report: {column!r} holds a value of 0 or less, which a logarithm cannot show")
    dtypes, algorithms = list(dict.fromkeys(report["dtype"])), list(dict.fromkeys(report["algorithm"]))
    channels = list(dict.fromkeys(report["C"]))
    if len(channels) > len(ROLES):
        raise ValueError(f"report: want at most {len(ROLES)} numbers of channels in one picture, got {len(channels)}")
    items: list[Item] = []
    words = []
    for panel, dtype in enumerate(dtypes):
        rows = [row for row in report if row["dtype"] == dtype]
        low = math.floor(math.log10(min(row[column] for row in rows)))
        high = math.ceil(math.log10(max(row[column] for row in rows)))
        left = LEFT + panel * (WIDTH + GAP)

        def x(i: int, left: float = left) -> float:
            return left + WIDTH * (i + 0.5) / len(algorithms)

        def y(value: float, low: int = low, high: int = high) -> float:
            return TOP + HEIGHT * (1 - (math.log10(value) - low) / max(1, high - low))

        items.append(label(f"{dtype}.name", left, 18, dtype, size=16, weight=700))
        for power in range(low, high + 1):
            at = round(y(10.0**power), 2)
            items += [
                {
                    "kind": "line",
                    "id": f"{dtype}.grid{power}",
                    "x1": left,
                    "y1": at,
                    "x2": left + WIDTH,
                    "y2": at,
                    "stroke": "line",
                    "sw": 1,
                },
                label(f"{dtype}.tick{power}", left - 8, at + 4, f"1e{power}".replace("-", "−"), size=12, anchor="end", paint="muted"),
            ]
        for i, name in enumerate(algorithms):
            items.append(label(f"{dtype}.x{i}", x(i), TOP + HEIGHT + 20, name, size=12, anchor="middle"))
        for c, C in enumerate(channels):
            points = [(x(algorithms.index(row["algorithm"])), y(row[column]), row) for row in rows if row["C"] == C]
            path = "M" + "L".join(f"{round(px, 2)} {round(py, 2)}" for px, py, _ in points)
            dash = {"dash": DASHES[c]} if DASHES[c] else {}
            items.append({"kind": "path", "id": f"{dtype}.line{C}", "d": path, "stroke": ROLES[c], "sw": 2.5, **dash})
            for i, (px, py, row) in enumerate(points):
                tip = f"{dtype}, C = {C}, {row['algorithm']}: {row[column]:.2e}"
                items.append(
                    {
                        "kind": "circle",
                        "id": f"{dtype}.dot{C}.{i}",
                        "x": round(px, 2),
                        "y": round(py, 2),
                        "r": 4.5,
                        "fill": ROLES[c],
                        "tip": tip,
                    }
                )
        most = channels[-1]
        by = {row["algorithm"]: row[column] for row in rows if row["C"] == most}
        words.append(f"{dtype}, {most} channels: " + ", ".join(f"{name} {value:.1e}" for name, value in by.items()))
    key = TOP + HEIGHT + 50
    for c, C in enumerate(channels):
        px = LEFT + c * 110
        dash = {"dash": DASHES[c]} if DASHES[c] else {}
        items += [
            {"kind": "line", "id": f"key{C}", "x1": px, "y1": key - 4, "x2": px + 30, "y2": key - 4, "stroke": ROLES[c], "sw": 2.5, **dash},
            label(f"key{C}.said", px + 38, key, f"C = {C}", size=13),
        ]
    width = LEFT + len(dtypes) * WIDTH + (len(dtypes) - 1) * GAP + 8
    kind = "Largest" if column == "largest" else "Root-mean-square" if column == "rms" else column
    return Scene(f"{kind} error against float64", ". ".join(words), width, key + 12, items, [Frame(". ".join(words) + f". {report.note}.")])
