"""The ladder under the roof: GFLOP/s over the order of the product, one curve a step, one step a frame."""

from __future__ import annotations

import math

from course_lib.records import Table
from course_lib.views.parts import label
from course_lib.views.scene import Frame, Item, Scene

SOURCE = "van de Geijn et al., How to optimize gemm: a curve a step"

LEFT, TOP, WIDTH, HEIGHT, NAMES = 54.0, 26.0, 560.0, 350.0, 190.0
MOST = 12
COLOURS = ("alert", "w", "cols", "ia", "blue", "oa")
DASHES = ("", "7 3", "2 3")
MARKS = "octagon", "square", "diamond"


def short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def apart(wanted: list[float], room: float, low: float, high: float) -> list[float]:
    """Heights as near to the wanted ones as a distance of `room` between them allows, inside low..high."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed = [wanted[i] for i in order]
    for i in range(1, len(placed)):
        placed[i] = max(placed[i], placed[i - 1] + room)
    over = placed[-1] - high if placed else 0.0
    if over > 0:
        placed[-1] = high
        for i in range(len(placed) - 2, -1, -1):
            placed[i] = min(placed[i], placed[i + 1] - room)
    shift = max(0.0, low - placed[0]) if placed else 0.0
    out = [0.0] * len(wanted)
    for i, y in zip(order, placed, strict=True):
        out[i] = y + shift
    return out


def point(shape: str, x: float, y: float, r: float = 4.0) -> str:
    """A small mark as path data: the second channel beside colour and dash."""
    if shape == "octagon":
        s = r / 2
        return f"M{x - s:.1f} {y - r:.1f}h{2 * s}l{s} {s}v{2 * s}l{-s} {s}h{-2 * s}l{-s} {-s}v{-2 * s}z"
    if shape == "square":
        return f"M{x - r + 0.5:.1f} {y - r + 0.5:.1f}h{2 * r - 1}v{2 * r - 1}h{1 - 2 * r}z"
    return f"M{x:.1f} {y - r - 1:.1f}l{r + 1} {r + 1}l{-r - 1} {r + 1}l{-r - 1} {-r - 1}z"


def ladder_curves(table: Table, roof: float, title: str = "The ladder under the roof", words: dict[str, str] | None = None) -> Scene:
    """`table` has the columns n, step, GFLOP/s (a row a measurement); `roof` is the machine's GFLOP/s; `words[step]` is said with a step.

    Raises ValueError for missing columns, no rows, more than 12 steps, or a speed or roof of 0 or less.
    """
    for column in ("n", "step", "GFLOP/s"):
        if column not in table.columns:
            raise ValueError(f"table: want the column {column!r}; there are {', '.join(table.columns)}")
    steps = list(dict.fromkeys(table["step"]))
    if not 1 <= len(steps) <= MOST:
        raise ValueError(f"table: want 1 to {MOST} steps in one picture, got {len(steps)}")
    if not roof > 0 or any(not v > 0 for v in table["GFLOP/s"]):
        raise ValueError("table, roof: want speeds above 0, a logarithm shows no other")
    sizes = sorted(set(table["n"]))
    low, high = min(table["GFLOP/s"]) / 1.3, max(roof, *table["GFLOP/s"]) * 1.6
    first, last = math.log2(sizes[0]), math.log2(sizes[-1])

    def at(n: float, speed: float) -> tuple[float, float]:
        across = (math.log2(n) - first) / (last - first) if last > first else 0.5
        up = math.log(speed / low) / math.log(high / low)
        return round(LEFT + 14 + across * (WIDTH - 28), 1), round(TOP + (1 - up) * HEIGHT, 1)

    bottom = TOP + HEIGHT
    items: list[Item] = [{"kind": "rect", "id": "ground", "x": LEFT, "y": TOP, "w": WIDTH, "h": HEIGHT, "fill": "faint", "rx": 4}]
    for n in sizes:
        x, _ = at(n, low)
        items.append({"kind": "line", "id": f"x{n}", "x1": x, "y1": TOP, "x2": x, "y2": bottom, "stroke": "line", "sw": 0.75})
        if len(sizes) <= 6 or math.log2(n) % 1 == 0:
            items.append(label(f"x{n}.name", x, bottom + 18, str(n), size=12, anchor="middle", paint="muted"))
    for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        for head in (1, 2, 5):
            value = head * 10.0**power
            if low <= value <= high:
                _, y = at(sizes[0], value)
                items.append(
                    {"kind": "line", "id": f"y{value:g}", "x1": LEFT, "y1": y, "x2": LEFT + WIDTH, "y2": y, "stroke": "line", "sw": 0.75}
                )
                items.append(label(f"y{value:g}.name", LEFT - 8, y + 4, f"{value:g}", size=12, anchor="end", paint="muted"))
    items.append(label("axis.x", LEFT + WIDTH / 2, bottom + 38, "order of the product, M = N = K", size=12, anchor="middle", paint="muted"))
    items.append(label("axis.y", LEFT - 8, TOP - 12, "GFLOP/s", size=12, anchor="end", paint="muted"))
    _, y = at(sizes[0], roof)
    items.append({"kind": "line", "id": "roof", "x1": LEFT, "y1": y, "x2": LEFT + WIDTH, "y2": y, "stroke": "ink", "sw": 2.5})
    items.append(label("roof.name", LEFT + 10, y - 7, f"roof: {short(roof)} GFLOP/s", size=13, weight=600, halo=True))

    curves, ends = [], []
    for i, step in enumerate(steps):
        points = sorted((n, v) for n, s, v in zip(table["n"], table["step"], table["GFLOP/s"], strict=True) if s == step)
        places = [at(n, v) for n, v in points]
        curves.append((step, points, places, COLOURS[i % len(COLOURS)], DASHES[i // len(COLOURS)], MARKS[i % len(MARKS)]))
        ends.append(places[-1][1])
    heights = apart(ends, 21.0, TOP + 10, bottom - 4)
    frames = []
    for i, ((step, points, places, colour, dash, mark), height) in enumerate(zip(curves, heights, strict=True)):
        best_n, best = max(points, key=lambda p: p[1])
        line = "M" + "L".join(f"{x} {y}" for x, y in places)
        dots = "".join(point(mark, x, y) for x, y in places)
        tip = f"{step}: " + ", ".join(f"{short(v)} at {n}" for n, v in points)
        lead = f"M{places[-1][0]} {places[-1][1]}L{LEFT + WIDTH + 8} {round(height, 1)}"
        style = {"dash": dash} if dash else {}
        items += [
            {"kind": "path", "id": f"lead{i}", "d": lead, "stroke": "line", "sw": 1, "hide": True},
            {"kind": "path", "id": f"curve{i}", "d": line, "stroke": colour, "sw": 2.5, "hide": True, **style},
            {"kind": "path", "id": f"dots{i}", "d": dots, "fill": colour, "stroke": "paper", "sw": 1, "hide": True, "tip": tip},
            label(f"name{i}", LEFT + WIDTH + 12, round(height + 5, 1), step, weight=600, paint=f"{colour}-text", hide=True, tip=tip),
        ]
        changes: dict[str, dict[str, object]] = {f"{part}{i}": {"hide": None} for part in ("lead", "curve", "dots", "name")}
        if i:
            changes |= {f"curve{i - 1}": {"opacity": 0.55}, f"dots{i - 1}": {"opacity": 0.55}}
        said = f"{step}: {short(best)} GFLOP/s at most (order {best_n}), {100 * best / roof:.0f} % of the roof."
        why = (words or {}).get(step, "")
        frames.append(Frame(f"{said} {why}".strip(), changes))
    every: dict[str, dict[str, object]] = {f"{part}{i}": {"opacity": None} for part in ("curve", "dots") for i in range(len(steps))}
    fastest = max(zip(table["GFLOP/s"], table["step"], strict=True))
    frames.append(Frame(f"All {len(steps)} steps. The fastest: {fastest[1]}, {short(fastest[0])} GFLOP/s of {short(roof)}.", every))
    most = "; ".join(f"{step}: up to {short(max(v for _, v in points))} GFLOP/s" for step, points, *_ in curves)
    alt = f"{most}; the roof is {short(roof)}."
    return Scene(title, alt, LEFT + WIDTH + NAMES, bottom + 46, items, frames, poster=len(frames) - 1)
