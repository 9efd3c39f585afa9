"""A whole landscape as a heat map: two knobs choose the block, the others the cell in it; a search is replayed on it, round by round."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from course_lib.records import History
from course_lib.views.parts import grid, label, tint
from course_lib.views.scene import Frame, Item, Scene
from course_lib.views.text import width_of

SOURCE = "as implemented here"

WIDE, HIGH, LARGEST = 620.0, 330.0, 15.0
ROUNDS = 24  # frames of a replay, at most


def landscape_explorer(
    knobs: Mapping[str, Sequence[Any]],
    costs: Mapping[tuple[Any, ...], float | None],
    rows: str,
    cols: str,
    history: History | None = None,
    title: str = "",
) -> Scene:
    """`costs` of configurations over `knobs`, a stronger colour is faster (a logarithm); blocks by the knobs `rows` and `cols`.

    With `history` a frame a round: its trials as dots, a ring around the best so far, and in words how far it is from the
    optimum. Raises ValueError for knobs that are not there or alike, no cost, or a trial that is not in the landscape.
    """
    names = list(knobs)
    for what, name in (("rows", rows), ("cols", cols)):
        if name not in names:
            raise ValueError(f"{what}: want one of {', '.join(names)}, got {name!r}")
    if rows == cols:
        raise ValueError(f"cols: want another knob than rows, got {cols!r} for both")
    known = {config: cost for config, cost in costs.items() if cost is not None}
    if not known:
        raise ValueError("costs: want at least one configuration with a cost")
    others = [name for name in names if name not in (rows, cols)]
    # the others share out the two sides of a block, so that it is about square
    down: list[str] = []
    along = list(others)
    while along and math.prod(len(knobs[n]) for n in [*down, along[0]]) <= math.prod(len(knobs[n]) for n in along[1:]):
        down.append(along.pop(0))
    axes = [[rows, *down], [cols, *along]]
    place = [{values: i for i, values in enumerate(product(*(knobs[n] for n in axis)))} for axis in axes]

    def at(config: tuple[Any, ...]) -> tuple[int, int]:
        value = dict(zip(names, config, strict=True))
        return place[0][tuple(value[n] for n in axes[0])], place[1][tuple(value[n] for n in axes[1])]

    R, C = len(place[0]), len(place[1])
    optimum = min(known.values())
    speed = np.full((R, C), np.nan)
    for config, cost in known.items():
        speed[at(config)] = math.log(optimum / cost)
    worst = float(np.nanmin(speed))
    cell = round(min(LARGEST, WIDE / C, HIGH / R), 2)
    left = 14 + max(width_of(f"{rows} = {value}", 12) for value in knobs[rows])
    top = 46.0
    filled = np.where(np.isnan(speed), worst, speed)
    items: list[Item] = [
        label("said", 0, 14, f"{len(known)} configurations; the stronger the colour, the faster", size=13, paint="muted"),
        grid("map", left, top, R, C, cell, "oa", tint=tint(filled), name="row {r}, column {c}"),
    ]
    missing = [(r, c) for r, c in np.argwhere(np.isnan(speed)).tolist()]
    if missing:
        d = "".join(f"M{round(left + c * cell, 2)} {round(top + r * cell, 2)}h{cell}v{cell}h{-cell}z" for r, c in missing)
        items.append({"kind": "path", "id": "missing", "d": d, "fill": "paper", "tip": "no such configuration"})
    block = R // len(knobs[rows]), C // len(knobs[cols])
    for i, value in enumerate(knobs[rows]):
        y = top + i * block[0] * cell
        items.append(label(f"row{i}", left - 8, y + block[0] * cell / 2 + 4, f"{rows} = {value}", size=12, anchor="end"))
        if i:
            items.append({"kind": "line", "id": f"r{i}", "x1": left, "y1": y, "x2": left + C * cell, "y2": y, "stroke": "ink", "sw": 1.25})
    for j, value in enumerate(knobs[cols]):
        x = left + j * block[1] * cell
        items.append(label(f"col{j}", x + block[1] * cell / 2, top - 8, f"{cols} = {value}", size=12, anchor="middle"))
        if j:
            items.append({"kind": "line", "id": f"c{j}", "x1": x, "y1": top, "x2": x, "y2": top + R * cell, "stroke": "ink", "sw": 1.25})
    bottom = top + R * cell
    inside = "inside a block: " + (", ".join(down) + " down, " if down else "") + (", ".join(along) + " across" if along else "one cell")
    items.append(label("inside", left, bottom + 18, inside, size=12, paint="muted"))
    ring: Item = {
        "kind": "circle",
        "id": "best",
        "x": 0,
        "y": 0,
        "r": max(6.0, cell * 0.8),
        "fill": "w",
        "stroke": "alert",
        "sw": 2.5,
        "hide": True,
    }
    frames = [Frame(f"{len(known)} configurations, the slowest {math.exp(-worst):.3g} times the optimum. The search has not begun.")]
    dots: list[Item] = []
    if history is not None:
        for config in history["config"]:
            if config not in costs:
                raise ValueError(f"history: {config} is not in the landscape")
        numbers = history.columns.get("round", list(range(len(history))))
        ends = [i + 1 for i in range(len(numbers)) if i + 1 == len(numbers) or numbers[i + 1] != numbers[i]]
        step = -(-len(ends) // ROUNDS)
        ends = [*ends[step - 1 :: step], *([ends[-1]] if len(ends) % step else [])]
        best, shown = history.best(), 0
        for end in ends:
            changes: dict[str, dict[str, Any]] = {}
            for i in range(shown, end):
                r, c = at(history["config"][i])
                tip = f"trial {i + 1}: {', '.join(f'{n} = {v}' for n, v in zip(names, history['config'][i], strict=True))}"
                x, y = round(left + (c + 0.5) * cell, 2), round(top + (r + 0.5) * cell, 2)
                dot: Item = {"kind": "circle", "id": f"t{i}", "x": x, "y": y, "r": round(max(2.2, cell * 0.27), 2), "fill": "w"}
                dots.append({**dot, "stroke": "ink", "sw": 0.75, "tip": tip, "hide": True})
                changes[f"t{i}"] = {"hide": None}
            shown = end
            words = f"{end} of {len(known)} tried, no success yet."
            if best[end - 1] is not None:
                lead = history["cost"][:end].index(best[end - 1])
                changes["best"] = {"x": dots[lead]["x"], "y": dots[lead]["y"], "hide": None}
                above = best[end - 1] / optimum - 1
                words = f"{end} of {len(known)} tried; the best is " + (
                    f"{above:.{1 if above >= 5e-4 else 3}%} above the optimum." if above > 0 else "the optimum."
                )
            frames.append(Frame(words, changes))
    items += [*dots, ring]
    alt = f"{len(known)} configurations in blocks by {rows} and {cols}, in a stronger colour where they are faster. {frames[-1].caption}"
    width = max(left + C * cell + 4, left + width_of(inside, 12) + 4)
    return Scene(title or "A landscape, all of it", alt, round(width, 1), round(bottom + 26, 1), items, frames, poster=len(frames) - 1)
