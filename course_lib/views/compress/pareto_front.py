"""The Pareto front: accuracy over cost, and which networks no other one beats in both."""

from __future__ import annotations

from collections.abc import Sequence

from course_lib.records import Report
from course_lib.views.chart import cut
from course_lib.views.curves import Scale, scale
from course_lib.views.parts import label
from course_lib.views.scene import Frame, Item, Scene

SOURCE = "course_lib.compress.pipelines: accuracy, bytes, MACs and measured time of pruned networks"

LEFT, TOP, WIDTH, HEIGHT, TABLE, MOST = 58.0, 16.0, 400.0, 320.0, 330.0, 20


def front(costs: Sequence[float], gains: Sequence[float]) -> list[int]:
    """The numbers of the points that no other point beats: none costs less and gains as much, none gains more for the same; by cost."""
    order = sorted(range(len(costs)), key=lambda i: (costs[i], -gains[i]))
    out: list[int] = []
    for i in order:
        if not out or gains[i] > gains[out[-1]]:
            out.append(i)
    return out


def pareto_front(report: Report, x: str = "ms", y: str = "test %", name: str = "network", title: str = "Accuracy and cost") -> Scene:
    """A point a row, numbered as in the list beside it; the front is a line. `x` is the cost's column, `y` the gain's.

    Raises ValueError for columns that are not there, no rows or more than 20, and a cost of 0 or less (the axis is logarithmic).
    """
    for column in (x, y, name):
        if column not in report.columns:
            raise ValueError(f"report: want the column {column!r}; there are {', '.join(report.columns)}")
    if not 1 <= len(report) <= MOST:
        raise ValueError(f"report: want 1 to {MOST} rows in one picture, got {len(report)}")
    costs, gains = [float(v) for v in report[x]], [float(v) for v in report[y]]
    if min(costs) <= 0:
        raise ValueError(f"report: {x!r} holds a value of 0 or less, which a logarithm cannot show")
    across: Scale = scale("x", costs, LEFT + 14, LEFT + WIDTH - 14, True, False)
    up: Scale = scale("y", gains, TOP + HEIGHT - 14, TOP + 14, False, False)
    bottom = TOP + HEIGHT
    items: list[Item] = [{"kind": "rect", "id": "ground", "x": LEFT, "y": TOP, "w": WIDTH, "h": HEIGHT, "fill": "faint", "rx": 4}]
    for v in across.ticks():
        items += [
            {"kind": "line", "id": f"x{v:g}", "x1": across(v), "y1": TOP, "x2": across(v), "y2": bottom, "stroke": "line", "sw": 0.75},
            label(f"x{v:g}.name", across(v), bottom + 17, f"{v:g}", size=11, anchor="middle", paint="muted"),
        ]
    for v in up.ticks():
        items += [
            {"kind": "line", "id": f"y{v:g}", "x1": LEFT, "y1": up(v), "x2": LEFT + WIDTH, "y2": up(v), "stroke": "line", "sw": 0.75},
            label(f"y{v:g}.name", LEFT - 7, up(v) + 4, f"{v:g}", size=11, anchor="end", paint="muted"),
        ]
    items += [
        label("axis.x", LEFT + WIDTH / 2, bottom + 36, x, size=12, anchor="middle", paint="muted"),
        label("axis.y", 14, TOP + HEIGHT / 2, y, size=12, anchor="middle", paint="muted", turn=-90),
    ]
    best = front(costs, gains)
    path = "".join(f"{'L' if i else 'M'}{across(costs[b])} {up(gains[b])}" for i, b in enumerate(best))
    if len(best) > 1:
        items.append({"kind": "path", "id": "front", "d": path, "stroke": "oa", "sw": 2.5})
    row = min(22.0, HEIGHT / len(report))
    table = LEFT + WIDTH + 26
    for i, (title_of, cost, gain) in enumerate(zip(report[name], costs, gains, strict=True)):
        on = i in best
        tip = f"{title_of}: {gain:.4g} ({y}), {cost:.4g} ({x})"
        at = TOP + 10 + i * row
        items += [
            {"kind": "circle", "id": f"point{i}", "x": across(cost), "y": up(gain), "r": 8.5, "fill": "oa" if on else "paper",
             "stroke": "oa" if on else "plain", "sw": 2, "tip": tip},
            label(f"number{i}", across(cost), up(gain) + 4, str(i + 1), size=10.5, anchor="middle", weight=700,
                  paint="paper" if on else "plain-text"),
            label(f"row{i}", table + 16, at + 4, str(i + 1), size=11, anchor="end", weight=700, paint="oa-text" if on else "muted"),
            label(f"row{i}.name", table + 24, at + 4, cut(str(title_of), TABLE - 24, 12), size=12, weight=600 if on else 400),
        ]  # fmt: skip
    said = "; ".join(f"{report[name][b]}: {gains[b]:.4g} at {costs[b]:.4g}" for b in best)
    caption = f"{len(best)} of {len(report)} are on the front (filled): no other network has a lower {x} and at least as high a {y}."
    return Scene(title, f"{y} over {x}. On the front: {said}.", table + TABLE, bottom + 42, items, [Frame(caption)])
