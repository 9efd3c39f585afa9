"""Curves over an axis: speed over size, accuracy over sparsity, the best so far over trials. One picture for every such table.

    curves([Curve("dense", zeros, ms), Curve("direct sparse", zeros, ms2, role="w")], x="zeros", y="ms")

A curve has its colour, its dash and its marker; its name stands at its end. A band is drawn where `low` and `high` are given
(a spread over seeds); `line=False` leaves the markers alone (a scatter). Points tell their numbers under the pointer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from course_lib.views.chart import ticks
from course_lib.views.parts import label
from course_lib.views.scene import Frame, Item, Scene
from course_lib.views.text import width_of

LEFT, TOP, WIDTH, HEIGHT = 62.0, 16.0, 470.0, 300.0
ROLES = ("ia", "w", "oa", "cols", "alert", "blue", "plain")
DASHES = {"ia": "", "w": "7 3", "oa": "", "cols": "2 3", "alert": "9 3 2 3", "blue": "4 3", "plain": "1 3"}
MOST = 7  # curves; more cannot be told apart
MOST_POINTS = 400  # of one curve


Numbers = Sequence[float] | np.ndarray


@dataclass(frozen=True)
class Curve:
    """Points (x, y) under one name; `low` and `high` bound a band, `tips` are said under the pointer, a text a point."""

    name: str
    x: Numbers
    y: Numbers
    low: Numbers = ()
    high: Numbers = ()
    role: str = ""
    line: bool = True
    markers: bool = True
    tips: Sequence[str] = field(default=())

    def __post_init__(self) -> None:
        sizes = {len(values) for values in (self.x, self.y, self.low, self.high, self.tips) if len(values)}
        if len(sizes) != 1 or not len(self.x) or not len(self.y) or bool(len(self.low)) != bool(len(self.high)):
            raise ValueError(f"{self.name}: want x and y of one length of at least 1 (low, high, tips as long, or none)")
        if len(self.x) > MOST_POINTS:
            raise ValueError(f"{self.name}: want at most {MOST_POINTS} points, got {len(self.x)}")


@dataclass(frozen=True)
class Scale:
    """From numbers to pixels, plain or logarithmic."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        if self.log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 2)

    def ticks(self) -> list[float]:
        if not self.log:
            return ticks(self.low, self.high)
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        heads = (1, 2, 5) if len(decades) <= 3 else (1,)
        return [h * 10.0**d for d in decades for h in heads if self.low * 0.999 <= h * 10.0**d <= self.high * 1.001]


def scale(name: str, values: Sequence[float], start: float, end: float, log: bool, zero: bool) -> Scale:
    """Room for all values and a little air; `zero` begins a plain scale at 0 where all values are above it."""
    if not all(math.isfinite(v) for v in values):
        raise ValueError(f"{name}: holds a value that is no finite number")
    low, high = min(values), max(values)
    if log:
        if low <= 0:
            raise ValueError(f"{name}: holds a value of 0 or less, which a logarithm cannot show")
        air = (high / low) ** 0.04 if high > low else 2.0
        return Scale(low / air, high * air, start, end, True)
    if zero and low >= 0:
        low = 0.0
    air = 0.05 * (high - low) or abs(high) or 1.0
    return Scale(low if zero and low == 0 else low - air, high + air, start, end)


def short(value: float) -> str:
    """A number on an axis: 12,000 and 0.05, never 1.2e+04; a power of ten where it is very small or large."""
    if value and (abs(value) < 1e-3 or abs(value) >= 1e6):
        exponent = math.floor(math.log10(abs(value)) + 1e-9)
        head = value / 10**exponent
        power = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return ("" if abs(head - 1) < 1e-9 else f"{head:.3g}·") + f"10{power}"
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}").replace("-", "−")


# corners of each curve's mark, in radii: circle, square, triangle, diamond, cross, bar, small circle
ROUND = [(math.cos(a * math.pi / 6), math.sin(a * math.pi / 6)) for a in range(12)]
CORNERS: dict[str, list[tuple[float, float]]] = {
    "ia": ROUND,
    "w": [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
    "oa": [(0, -1.2), (1.15, 0.8), (-1.15, 0.8)],
    "cols": [(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)],
    "alert": [(-1, -1), (0, -0.4), (1, -1), (0.4, 0), (1, 1), (0, 0.4), (-1, 1), (-0.4, 0)],
    "blue": [(-1.3, -0.55), (1.3, -0.55), (1.3, 0.55), (-1.3, 0.55)],
    "plain": [(0.7 * x, 0.7 * y) for x, y in ROUND],
}


def marker(role: str, x: float, y: float, r: float = 4.0) -> str:
    """Path data of a curve's own mark."""
    return "M" + "L".join(f"{round(x + r * a, 2)} {round(y + r * b, 2)}" for a, b in CORNERS[role]) + "z"


def apart(wanted: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """Places near the wanted ones, in their order, at least so far apart."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    out = [0.0] * len(wanted)
    at = low - least
    for i in order:
        at = out[i] = max(wanted[i], at + least)
    over = at - high
    for i in reversed(order):
        if over <= 0:
            break
        out[i] = min(out[i], high)
        high = out[i] - least
    return out


def curves(
    lines: Sequence[Curve],
    x: str,
    y: str,
    title: str = "",
    log_x: bool = False,
    log_y: bool = False,
    zero: bool = True,
    marks: Sequence[tuple[str, float]] = (),
    levels: Sequence[tuple[str, float]] = (),
    one_by_one: bool = False,
    note: str = "",
) -> Scene:
    """`lines` over one pair of axes named `x` and `y`; `marks` are named upright lines, `levels` named level ones (a roof, a goal).

    `zero` begins plain axes of y at 0; `one_by_one` brings the curves in frame by frame, as a lecturer tells them. Raises
    ValueError for no curves or more than 7, or a value that its axis cannot show.
    """
    if not 1 <= len(lines) <= MOST:
        raise ValueError(f"lines: want 1 to {MOST} curves in one picture, got {len(lines)}")
    named = [curve.role or ROLES[i] for i, curve in enumerate(lines)]
    xs = [float(v) for curve in lines for v in curve.x] + [at for _, at in marks]
    ys = [float(v) for curve in lines for v in (*curve.y, *curve.low, *curve.high)] + [at for _, at in levels]
    bottom = TOP + HEIGHT
    across = scale(x, xs, LEFT, LEFT + WIDTH, log_x, False)
    up = scale(y, ys, bottom, TOP, log_y, zero)
    items: list[Item] = [{"kind": "rect", "id": "ground", "x": LEFT, "y": TOP, "w": WIDTH, "h": HEIGHT, "fill": "faint", "rx": 4}]
    for i, v in enumerate(across.ticks()):
        items += [
            {"kind": "line", "id": f"x{i}", "x1": across(v), "y1": TOP, "x2": across(v), "y2": bottom, "stroke": "line", "sw": 0.75},
            label(f"x{i}.name", across(v), bottom + 17, short(v), size=11, anchor="middle", paint="muted"),
        ]
    for i, v in enumerate(up.ticks()):
        items += [
            {"kind": "line", "id": f"y{i}", "x1": LEFT, "y1": up(v), "x2": LEFT + WIDTH, "y2": up(v), "stroke": "line", "sw": 0.75},
            label(f"y{i}.name", LEFT - 7, up(v) + 4, short(v), size=11, anchor="end", paint="muted"),
        ]
    items += [
        label("axis.x", LEFT + WIDTH / 2, bottom + 36, x, size=12, anchor="middle", paint="muted"),
        label("axis.y", 12, TOP + HEIGHT / 2, y, size=12, anchor="middle", paint="muted", turn=-90),
    ]
    for i, (name, at) in enumerate(marks):
        right = across(at) > LEFT + WIDTH * 0.7
        upright: Item = {"kind": "line", "id": f"mark{i}", "x1": across(at), "y1": TOP, "x2": across(at), "y2": bottom}
        items += [
            {**upright, "stroke": "muted", "sw": 1.5, "dash": "4 3"},
            label(
                f"mark{i}.name", across(at) + (-5 if right else 5), TOP + 13 + 15 * i, name, size=11, paint="muted", halo=True,
                anchor="end" if right else "start",
            ),
        ]  # fmt: skip
    for i, (name, at) in enumerate(levels):
        items += [
            {"kind": "line", "id": f"level{i}", "x1": LEFT, "y1": up(at), "x2": LEFT + WIDTH, "y2": up(at), "stroke": "ink", "sw": 1.5},
            label(f"level{i}.name", LEFT + 6, up(at) - 5, name, size=11, weight=600, halo=True),
        ]
    # a curve is named at its end, scattered points at their middle height
    ends = apart([up(float(curve.y[-1] if curve.line else sorted(curve.y)[len(curve.y) // 2])) for curve in lines], 16, TOP + 6, bottom - 2)
    side = LEFT + WIDTH + 12
    parts: list[list[str]] = []
    for i, (curve, role) in enumerate(zip(lines, named, strict=True)):
        spots = [(across(float(a)), up(float(b))) for a, b in zip(curve.x, curve.y, strict=True)]
        mine: list[Item] = []
        if len(curve.low):
            top = [(across(float(a)), up(float(b))) for a, b in zip(curve.x, curve.high, strict=True)]
            under = [(across(float(a)), up(float(b))) for a, b in zip(curve.x, curve.low, strict=True)]
            d = "M" + "L".join(f"{a} {b}" for a, b in [*top, *under[::-1]]) + "z"
            mine.append({"kind": "path", "id": f"band{i}", "d": d, "fill": role, "alpha": 0.18})
        if curve.line and len(spots) > 1:
            d = "M" + "L".join(f"{a} {b}" for a, b in spots)
            mine.append({"kind": "path", "id": f"curve{i}", "d": d, "stroke": role, "sw": 2.25, "dash": DASHES.get(role, "")})
        if curve.markers:
            numbers = [(short(float(a)), short(float(b))) for a, b in zip(curve.x, curve.y, strict=True)]
            told = curve.tips or [f"{curve.name}: {x} {a}, {y} {b}" for a, b in numbers]
            mine += [
                {"kind": "path", "id": f"point{i}.{j}", "d": marker(role, a, b), "fill": role, "stroke": "paper", "sw": 1, "tip": tip}
                for j, ((a, b), tip) in enumerate(zip(spots, told, strict=True))
            ]
        key = ends[i]
        if curve.line:
            stroke = {"stroke": role, "sw": 2.25, "dash": DASHES.get(role, "")}
            mine.append({"kind": "line", "id": f"key{i}", "x1": side, "y1": key, "x2": side + 22, "y2": key, **stroke})
        if curve.markers:
            mine.append({"kind": "path", "id": f"sign{i}", "d": marker(role, side + 11, key), "fill": role, "stroke": "paper", "sw": 1})
        mine.append(label(f"name{i}", side + 28, key + 4, curve.name, size=12, paint=f"{role}-text", weight=600))
        items += mine
        parts.append([item["id"] for item in mine])
    width = side + 30 + max(width_of(curve.name, 12, weight=600) for curve in lines)
    first, last = lines[0].x[0], lines[0].x[-1]
    told = [
        f"{curve.name}: {short(float(curve.y[0]))} to {short(float(curve.y[-1]))}" if curve.line else f"{curve.name}: {len(curve.x)} points"
        for curve in lines
    ]
    words = f"{y} over {x}, from {short(float(first))} to {short(float(last))}. " + "; ".join(told) + "."
    words += "".join(f" {name} at {short(at)}." for name, at in (*marks, *levels)) + (f" {note}" if note else "")
    frames = [Frame(words)]
    if one_by_one and len(lines) > 1:
        frames = []
        for i, said in enumerate(told):
            hidden = {} if i else {name: {"hide": True} for later in parts[1:] for name in later}
            shown = {name: {"hide": None} for name in parts[i]} if i else {}
            frames.append(Frame(said + ("." if i < len(lines) - 1 else f". {note}" if note else "."), {**hidden, **shown}))
    return Scene(title or f"{y} over {x}", words, round(width, 1), round(bottom + 44, 1), items, frames, poster=len(frames) - 1)


__all__ = ["Curve", "curves"]
