"""The roofline: how fast a layer can be (the roof above its arithmetic intensity), and how fast it was measured to be."""

from __future__ import annotations

import math
from typing import Protocol

from course_lib.records import Report
from course_lib.views.chart import cut
from course_lib.views.parts import label
from course_lib.views.scene import Frame, Item, Scene

SOURCE = "Williams, Waterman, Patterson: Roofline, CACM 52 (2009)"

LEFT, TOP, WIDTH, HEIGHT, TABLE = 52.0, 14.0, 440.0, 330.0, 300.0
MOST = 18


class RoofLike(Protocol):
    """Peak GFLOP/s and GB/s of one memory."""

    peak: float
    bandwidth: float
    name: str


def powers(low: float, high: float) -> list[float]:
    """1, 2, 5, 10, ... from low to high; only powers of ten where there are many."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    heads = (1, 2, 5) if len(decades) <= 3 else (1,)
    return [h * 10.0**d for d in decades for h in heads if low * 0.999 <= h * 10.0**d <= high * 1.001]


def short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def roofline_view(report: Report, roof: RoofLike, title: str = "Roofline") -> Scene:
    """Log-log: the roof, an open circle on it a layer (attainable), a filled diamond where it was measured.

    `report` is what `machine.roofline.roofline` gives (layer, FLOP/byte, roof GFLOP/s, measured GFLOP/s); `roof` has peak,
    bandwidth, name. Raises ValueError for missing columns, no rows, more than 18 rows, or values of 0 and less.
    """
    for column in ("layer", "FLOP/byte", "roof GFLOP/s"):
        if column not in report.columns:
            raise ValueError(f"report: want the column {column!r}; there are {', '.join(report.columns)}")
    if not 1 <= len(report) <= MOST:
        raise ValueError(f"report: want 1 to {MOST} layers in one picture, got {len(report)}")
    for column in ("FLOP/byte", "roof GFLOP/s"):
        if any(not v > 0 for v in report[column]):
            raise ValueError(f"report: {column!r} holds a value of 0 or less, which a logarithm cannot show")
    measured = report["measured GFLOP/s"] if "measured GFLOP/s" in report.columns else [None] * len(report)
    if any(m is not None and not m > 0 for m in measured):
        raise ValueError("report: 'measured GFLOP/s' holds a value of 0 or less, which a logarithm cannot show")
    ridge = roof.peak / roof.bandwidth
    xs = [*report["FLOP/byte"], ridge]
    ys = [*report["roof GFLOP/s"], roof.peak, *(m for m in measured if m)]
    low_x, high_x = min(xs) / 2.5, max(xs) * 2.5
    low_y, high_y = min(*ys, low_x * roof.bandwidth) / 1.6, max(ys) * 3

    def at(x: float, y: float) -> tuple[float, float]:
        across = math.log(x / low_x) / math.log(high_x / low_x)
        up = math.log(y / low_y) / math.log(high_y / low_y)
        return round(LEFT + across * WIDTH, 2), round(TOP + (1 - up) * HEIGHT, 2)

    bottom = TOP + HEIGHT
    items: list[Item] = [{"kind": "rect", "id": "ground", "x": LEFT, "y": TOP, "w": WIDTH, "h": HEIGHT, "fill": "faint", "rx": 4}]
    for v in powers(low_x, high_x):
        x, _ = at(v, low_y)
        items += [
            {"kind": "line", "id": f"x{v:g}", "x1": x, "y1": TOP, "x2": x, "y2": bottom, "stroke": "line", "sw": 0.75},
            label(f"x{v:g}.name", x, bottom + 17, f"{v:g}", size=11, anchor="middle", paint="muted"),
        ]
    for v in powers(low_y, high_y):
        _, y = at(low_x, v)
        items += [
            {"kind": "line", "id": f"y{v:g}", "x1": LEFT, "y1": y, "x2": LEFT + WIDTH, "y2": y, "stroke": "line", "sw": 0.75},
            label(f"y{v:g}.name", LEFT - 7, y + 4, f"{v:g}", size=11, anchor="end", paint="muted"),
        ]
    (x0, y0), (xr, yr), (x1, y1) = at(low_x, low_x * roof.bandwidth), at(ridge, roof.peak), at(high_x, roof.peak)
    items += [
        {"kind": "path", "id": "roof", "d": f"M{x0} {y0}L{xr} {yr}L{x1} {y1}", "stroke": "ink", "sw": 2.5},
        label("peak", x1 - 8, TOP + 18, f"peak {short(roof.peak)} GFLOP/s", size=12, anchor="end", weight=600, halo=True),
    ]
    slope = math.degrees(math.atan2(yr - y0, xr - x0))
    if math.hypot(xr - x0, yr - y0) > 110:
        mid = x0 + 0.42 * (xr - x0), y0 + 0.42 * (yr - y0)
        items.append(
            label(
                "slope",
                mid[0],
                mid[1] - 8,
                f"{short(roof.bandwidth)} GB/s",
                size=12,
                anchor="middle",
                weight=600,
                halo=True,
                turn=round(slope, 1),
            )
        )
    items += [
        {"kind": "line", "id": "ridge", "x1": xr, "y1": yr, "x2": xr, "y2": bottom, "stroke": "muted", "sw": 1, "dash": "3 3"},
        label("axis.x", LEFT + WIDTH / 2, bottom + 36, "arithmetic intensity, FLOP a byte", size=12, anchor="middle", paint="muted"),
        label("axis.y", 12, TOP + HEIGHT / 2, "GFLOP/s", size=12, anchor="middle", paint="muted", turn=-90),
    ]
    table = LEFT + WIDTH + 22
    columns = (table + 196, table + 246, table + TABLE)
    items += [
        label("t.layer", table + 22, TOP + 12, "layer", size=12, paint="muted"),
        label("t.roof", columns[0], TOP + 12, "roof", size=12, paint="muted", anchor="end"),
        label("t.run", columns[1], TOP + 12, "run", size=12, paint="muted", anchor="end"),
        label("t.share", columns[2], TOP + 12, "of roof", size=12, paint="muted", anchor="end"),
    ]
    row = min(24.0, (HEIGHT - 30) / len(report))
    taken: list[tuple[float, float]] = []
    told = []
    for i, (name, x, y, m) in enumerate(zip(report["layer"], report["FLOP/byte"], report["roof GFLOP/s"], measured, strict=True)):
        px, py = at(x, y)
        side = "oa" if x >= ridge else "w"
        tip = f"{name}: {short(x)} FLOP a byte, attainable {short(y)} GFLOP/s" + (f", measured {short(m)}" if m else "")
        if m:
            _, my = at(x, m)
            items.append(
                {"kind": "line", "id": f"drop{i}", "x1": px, "y1": py + 5, "x2": px, "y2": my, "stroke": "alert", "sw": 1, "dash": "2 2"}
            )
            items.append(
                {
                    "kind": "path",
                    "id": f"run{i}",
                    "d": f"M{px} {round(my - 6, 2)}L{px + 6} {my}L{px} {round(my + 6, 2)}L{px - 6} {my}L{px} {round(my - 6, 2)}",
                    "fill": "alert",
                    "stroke": "paper",
                    "sw": 1,
                    "tip": tip,
                }
            )
        items.append(
            {"kind": "circle", "id": f"point{i}", "x": px, "y": py, "r": 5, "fill": "paper", "stroke": side, "sw": 2.5, "tip": tip}
        )
        up = py - 11
        while any(abs(px - tx) < 15 and abs(up - ty) < 13 for tx, ty in taken):
            up -= 13
        taken.append((px, up))
        items.append(label(f"key{i}", px, up, str(i + 1), size=12, weight=600, anchor="middle", halo=True))
        ty = TOP + 36 + i * row
        items += [
            label(f"t{i}.key", table + 14, ty, str(i + 1), size=12, weight=600, anchor="end"),
            label(f"t{i}.layer", table + 22, ty, cut(str(name), 120, 12), size=12, tip=tip),
            label(f"t{i}.roof", columns[0], ty, short(y), size=12, anchor="end", paint=f"{side}-text"),
            label(f"t{i}.run", columns[1], ty, short(m) if m else "–", size=12, anchor="end", paint="alert-text" if m else "muted"),
            label(f"t{i}.share", columns[2], ty, f"{m / y:.0%}" if m else "–", size=12, anchor="end", weight=600),
        ]
        told.append(tip)
    y = bottom + 17
    items += [
        {"kind": "circle", "id": "legend.roof", "x": table + 10, "y": y - 4, "r": 5, "fill": "paper", "stroke": "muted", "sw": 2.5},
        label("legend.roof.name", table + 22, y, "attainable: the roof above the layer", size=12, paint="muted"),
        {
            "kind": "path",
            "id": "legend.run",
            "d": f"M{table + 10} {y + 10}L{table + 16} {y + 16}L{table + 10} {y + 22}L{table + 4} {y + 16}L{table + 10} {y + 10}",
            "fill": "alert",
        },
        label("legend.run.name", table + 22, y + 20, "measured", size=12, paint="muted"),
    ]
    words = (
        f"{roof.name or 'Roof'}: peak {short(roof.peak)} GFLOP/s, {short(roof.bandwidth)} GB/s, ridge at {ridge:.3g} FLOP a byte; "
        "left of it memory is the limit, right of it arithmetic."
    )
    return Scene(title, words + " " + "; ".join(told) + ".", table + TABLE, bottom + 44, items, [Frame(words)])
