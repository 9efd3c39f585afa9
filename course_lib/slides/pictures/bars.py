"""Horizontal bars, linear or logarithmic; several sets of values are the steps of an animation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...records import text_of
from ...views.palette import HATCH
from ...views.scene import Frame, Scene
from .parts import label, numbered


def bars(
    names: Sequence[str],
    values: Sequence[float | None] | Sequence[Sequence[float | None]],
    title: str,
    alt: str,
    *,
    roles: Sequence[str] | str = "blue",
    log: bool = False,
    alone: bool = False,
    captions: Sequence[str] = ("",),
    shown: Any = text_of,
    width: int = 560,
    row: int = 34,
    left: int = 170,
    right: int = 110,
) -> Scene:
    """A bar a name, its value written behind it. `values` may be a list of sets: one set a step, with its caption.

    `log` makes the length the logarithm of the value, with powers of ten as grid lines; `alone` gives each set a scale of its
    own (they measure different things). `shown` turns a value into words. Roles but blue are hatched as everywhere.
    Raises ValueError where the lengths do not fit or a logarithm is asked of zero.
    """
    sets: list[list[float | None]] = [list(v) for v in values] if isinstance(values[0], list | tuple) else [list(values)]  # type: ignore[arg-type]
    if any(len(one) != len(names) for one in sets):
        raise ValueError(f"values: want {len(names)}, one a name, got {[len(one) for one in sets]}")
    if len(captions) != len(sets):
        raise ValueError(f"captions: want {len(sets)}, one a set of values, got {len(captions)}")
    numbers = [v for one in sets for v in one if v is not None]
    if log and min(numbers) <= 0:
        raise ValueError(f"log: want values above 0, got {min(numbers)}")
    low = math.floor(math.log10(min(numbers)) - 0.05) if log else 0.0
    high = math.log10(max(numbers)) if log else max(numbers)
    room = width - left - right
    roles = [roles] * len(names) if isinstance(roles, str) else list(roles)
    most = [max(v for v in one if v is not None) for one in sets]

    def long(value: float | None, step: int) -> float:
        if value is None:
            return 0.0
        return room * value / most[step] if alone else room * ((math.log10(value) if log else value) - low) / (high - low)

    items: list[dict[str, Any]] = []
    if log:
        apart = math.ceil((high - low) * 58 / room)  # a label needs some 58 pixels; where decades are closer, some go without
        for power in range(int(low), math.floor(high) + 1):
            x = left + room * (power - low) / (high - low)
            items.append(
                {"id": f"tick{power}", "kind": "line", "x1": x, "y1": 0, "x2": x, "y2": row * len(names), "stroke": "line", "sw": 1}
            )
            if (power - int(low)) % apart == 0:
                items.append(label(x, row * len(names) + 18, power_of_ten(power), 13, anchor="middle", paint="muted"))
    for i, name in enumerate(names):
        y, value = i * row, sets[0][i]
        items.append(label(left - 12, y + row / 2 + 5.5, name, 16, anchor="end"))
        bar = {
            "id": f"bar{i}",
            "kind": "rect",
            "x": left,
            "y": y + row * 0.16,
            "w": long(value, 0),
            "h": row * 0.68,
            "fill": roles[i],
            "tip": f"{name}: {shown(value)}",
            "rx": 3,
        }
        items.append(bar | ({"hatch": HATCH[roles[i]]} if roles[i] != "blue" and HATCH[roles[i]] is not None else {}))
        items.append({**label(left + long(value, 0) + 8, y + row / 2 + 5.5, shown(value), 16, weight=600), "id": f"val{i}"})
    frames = [Frame(captions[0])]
    for step, (caption, one) in enumerate(zip(captions[1:], sets[1:], strict=True), 1):
        changes: dict[str, dict[str, Any]] = {}
        for i, value in enumerate(one):
            wide = long(value, step)
            changes[f"bar{i}"] = {"w": wide, "tip": f"{names[i]}: {shown(value)}"}
            changes[f"val{i}"] = {"x": left + wide + 8, "text": shown(value)}
        frames.append(Frame(caption, changes))
    return Scene(title, alt, width, row * len(names) + (26 if log else 4), numbered(items), frames)


def power_of_ten(power: int) -> str:
    """10^power as a reader writes it: 0.1, 1, 10, 1,000, 10⁶."""
    if -3 <= power <= 4:
        return f"{10.0**power:,.{max(0, -power)}f}"
    return "10" + str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
