"""Accuracy against operations, with the size as area: which network buys what with its multiply-accumulates."""

from __future__ import annotations

import math
import re

from course_lib.records import Report, is_number, text_of
from course_lib.views.parts import label
from course_lib.views.scene import Frame, Item, Scene
from course_lib.views.text import width_of

SOURCE = "The figure is after Canziani, Paszke, Culurciello, arXiv 1605.07678, 2017"

WIDTH, HEIGHT = 780.0, 500.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 24.0, 34.0, 60.0
LARGEST = 34.0  # pixels, the radius of the largest network

Box = tuple[float, float, float, float]


def overlap(a: Box, b: Box) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def accuracy_map(
    report: Report, ops: str = "macs", accuracy: str = "top-1 %", size: str = "MB", name: str = "network", title: str = ""
) -> Scene:
    """A bubble a network: x = operations (logarithmic), y = accuracy in per cent, area = size; a line joins a family.

    `report` is what `zoo.accuracies()` gives, or any Report with these columns. Raises ValueError for a missing column, no
    rows, or values that are not numbers above 0.
    """
    if not len(report):
        raise ValueError("report: has no rows to draw")
    for column in (ops, accuracy, size, name):
        if column not in report.columns:
            raise ValueError(f"columns: the report has no {column!r}; there are {', '.join(report.columns)}")
    for column in (ops, accuracy, size):
        if any(not is_number(v) or not 0 < v < float("inf") for v in report[column]):
            raise ValueError(f"columns: {column!r} holds something that is not a number above 0")
    names = [str(n) for n in report[name]]
    logs = [math.log10(v) for v in report[ops]]
    low_x, high_x = min(logs) - 0.12, max(logs) + 0.18
    low_y, high_y = (
        math.floor(min(report[accuracy]) / 5) * 5.0 - (0 if min(report[accuracy]) % 5 > 1.5 else 5),
        math.ceil(max(report[accuracy]) / 5 + 0.2) * 5.0,
    )
    across, up = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at_x(log: float) -> float:
        return LEFT + across * (log - low_x) / (high_x - low_x)

    def at_y(value: float) -> float:
        return TOP + up * (high_y - value) / (high_y - low_y)

    items: list[Item] = []
    for value in range(int(low_y), int(high_y) + 1, 5):
        y = at_y(value)
        items += [
            {"kind": "line", "id": f"y{value}", "x1": LEFT, "y1": y, "x2": WIDTH - RIGHT, "y2": y, "stroke": "line", "sw": 0.75},
            label(f"y{value}.name", LEFT - 8, y + 4, f"{value}", size=12, anchor="end", paint="muted"),
        ]
    for power in range(math.floor(low_x), math.ceil(high_x) + 1):
        for digit in (1, 2, 5):
            log = power + math.log10(digit)
            if low_x <= log <= high_x:
                x = at_x(log)
                items += [
                    {
                        "kind": "line",
                        "id": f"x{power}.{digit}",
                        "x1": x,
                        "y1": TOP,
                        "x2": x,
                        "y2": HEIGHT - BOTTOM,
                        "stroke": "line",
                        "sw": 0.75,
                        **({} if digit == 1 else {"dash": "2 4"}),
                    },
                    label(
                        f"x{power}.{digit}.name",
                        x,
                        HEIGHT - BOTTOM + 18,
                        spoken(10.0**power * digit),
                        size=12,
                        anchor="middle",
                        paint="muted",
                    ),
                ]
    items += [
        label(
            "axis.x",
            LEFT + across / 2,
            HEIGHT - 18,
            f"{'MACs' if ops == 'macs' else ops} for one image (logarithmic)",
            size=13,
            anchor="middle",
        ),
        label("axis.y", LEFT - 44, 14, f"{accuracy.replace(' %', '')} accuracy, per cent", size=13),
    ]

    radius = [LARGEST * math.sqrt(v / max(report[size])) for v in report[size]]
    centre = [(at_x(log), at_y(v)) for log, v in zip(logs, report[accuracy], strict=True)]
    families: dict[str, list[int]] = {}
    for i in sorted(range(len(names)), key=lambda i: logs[i]):
        families.setdefault(re.split(r"[\s\-(]", names[i])[0], []).append(i)
    for family, members in families.items():
        if len(members) > 1:
            path = "".join(f"{'L' if k else 'M'}{centre[i][0]:.1f} {centre[i][1]:.1f}" for k, i in enumerate(members))
            items.append({"kind": "path", "id": f"family {family}", "d": path, "stroke": "blue", "sw": 1.25, "dash": "4 3"})
    for i in sorted(range(len(names)), key=lambda i: -radius[i]):
        x, y = centre[i]
        items.append(
            {
                "kind": "circle",
                "id": f"bubble{i}",
                "x": round(x, 2),
                "y": round(y, 2),
                "r": round(radius[i], 2),
                "fill": "ia",
                "alpha": 0.4,
                "stroke": "blue",
                "sw": 1.25,
                "tip": f"{names[i]}: {report[accuracy][i]:.4g} % {accuracy.replace(' %', '')}, {spoken(report[ops][i])} "
                f"{'MACs' if ops == 'macs' else ops}, {text_of(report[size][i])} {size}",
            }
        )
    items += names_placed(names, centre, radius)

    # the key: three sizes
    key = [s for s in (5, 50, 500) if s <= max(report[size])] or [max(report[size])]
    x, y = WIDTH - RIGHT - 12 - LARGEST, HEIGHT - BOTTOM - 12
    for s in key[::-1]:
        r = LARGEST * math.sqrt(s / max(report[size]))
        items += [
            {
                "kind": "circle",
                "id": f"key{s}",
                "x": round(x, 2),
                "y": round(y - r, 2),
                "r": round(r, 2),
                "fill": "paper",
                "stroke": "muted",
                "sw": 1,
            },
            label(
                f"key{s}.name",
                round(x - r - 8, 2),
                round(y - r + 4, 2),
                f"{s:,.4g} {size}",
                size=12,
                anchor="end",
                paint="muted",
                halo=True,
            ),
        ]
        y -= 2 * r + 8
    best = max(range(len(names)), key=lambda i: report[accuracy][i])
    alt = (
        f"{len(names)} networks by operations and accuracy: from {min(report[accuracy]):.4g} to {max(report[accuracy]):.4g} per cent "
        f"({names[best]}), {spoken(min(report[ops]))} to {spoken(max(report[ops]))} operations; the area of a bubble is its size."
    )
    words = f"Area is size ({size}); a dashed line joins a family. Up and to the left is better: more accuracy for less work."
    return Scene(title or report.title or "Accuracy, operations and size", alt, WIDTH, HEIGHT, items, [Frame(words)])


def spoken(value: float) -> str:
    """1.5e9 as 1.5 G."""
    for unit, scale in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= scale * 0.9995:
            return f"{value / scale:.3g} {unit}"
    return f"{value:.3g}"


def names_placed(names: list[str], centre: list[tuple[float, float]], radius: list[float]) -> list[Item]:
    """A name beside each bubble where it meets nothing: each takes the best of many places, the crowded ones first."""
    size = 12.0
    bubbles = [(x - 0.75 * r, y - 0.75 * r, x + 0.75 * r, y + 0.75 * r) for (x, y), r in zip(centre, radius, strict=True)]
    crowd = [sum(math.dist(centre[i], other) < 70 for other in centre) for i in range(len(names))]
    taken: list[Box] = []
    lines: list[Item] = []
    out: list[Item] = []
    for i in sorted(range(len(names)), key=lambda i: -crowd[i]):
        (x, y), r, wide = centre[i], radius[i], width_of(names[i], size)
        best, cost = (0.0, 0.0), float("inf")
        for away in (4, 12, 22, 34, 48, 64):
            for turn in range(0, 360, 20):
                dx, dy = math.cos(math.radians(turn)), math.sin(math.radians(turn))
                mx, my = x + (r + away) * dx + (wide / 2) * dx, y + (r + away) * dy + 6 * dy
                box = (mx - wide / 2 - 2, my - 7, mx + wide / 2 + 2, my + 7)
                out_of = (
                    max(0, LEFT + 2 - box[0]) + max(0, box[2] - WIDTH + RIGHT) + max(0, TOP - box[1]) + max(0, box[3] - HEIGHT + BOTTOM)
                )
                price = (
                    away * 1.5
                    + 3 * sum(overlap(box, b) for b in taken)
                    + 0.6 * sum(overlap(box, b) for b in bubbles)
                    + 100 * out_of
                    + (0 if turn in (0, 180) else 6)
                )
                if price < cost:
                    best, cost = (mx, my), price
        mx, my = best
        taken.append((mx - wide / 2 - 2, my - 7, mx + wide / 2 + 2, my + 7))
        reach = math.dist((x, y), (min(max(x, mx - wide / 2), mx + wide / 2), min(max(y, my - 6), my + 6)))
        if reach > r + 16:
            ex, ey = min(max(x, mx - wide / 2), mx + wide / 2), min(max(y, my - 6), my + 6)
            lines.append(
                {
                    "kind": "line",
                    "id": f"to{i}",
                    "x1": round(x + r * (ex - x) / reach, 2),
                    "y1": round(y + r * (ey - y) / reach, 2),
                    "x2": round(ex, 2),
                    "y2": round(ey, 2),
                    "stroke": "muted",
                    "sw": 0.75,
                }
            )
        out.append(label(f"name{i}", round(mx, 2), round(my + 4, 2), names[i], size=size, anchor="middle", halo=True))
    return lines + out
