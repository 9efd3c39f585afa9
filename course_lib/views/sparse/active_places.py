"""Where there is something: a point cloud, and what is active after one layer and two, ordinary above, submanifold below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from course_lib.views.parts import label
from course_lib.views.scene import Frame, Item, Scene

SOURCE = "Graham & van der Maaten, Submanifold sparse convolutional networks, 2017"

WIDE, GAP, TOP, LEFT = 210.0, 26.0, 48.0, 16.0
MOST = 64


def active_places(pictures: Mapping[str, Sequence[Any]], size: int, title: str = "Active places") -> Scene:
    """name -> coords[n,2] on a size x size grid, side by side, one more a frame. ValueError for none, a large grid, places outside."""
    if not pictures or not 1 <= size <= MOST:
        raise ValueError(f"pictures, size: want at least one picture and a size from 1 to {MOST}, got {len(pictures)} and {size}")
    items: list[Item] = []
    frames = []
    first = 0
    for number, (name, coords) in enumerate(pictures.items()):
        places = np.asarray(coords, int).reshape(-1, 2)
        if places.size and (places.min() < 0 or places.max() >= size):
            raise ValueError(f"pictures: {name!r} has places outside of the {size} x {size} grid")
        x, cell = LEFT + number * (WIDE + GAP), WIDE / size
        share = len(places) / size**2
        first = first or len(places)
        board: Item = {
            "kind": "rect", "id": f"b{number}", "x": x, "y": TOP, "w": WIDE, "h": WIDE, "fill": "faint", "stroke": "line",
            "hide": number > 0,
        }  # fmt: skip
        dots = "".join(f"M{x + w * cell:.1f} {TOP + h * cell:.1f}h{cell:.1f}v{cell:.1f}h-{cell:.1f}z" for h, w in places)
        role = "ia" if number == 0 else "oa"
        words = f"{len(places)} of {size**2} places, {share:.0%}"
        items += [
            board,
            {"kind": "path", "id": f"d{number}", "d": dots or f"M{x} {TOP}", "fill": role, "hide": number > 0},
            label(f"n{number}", x, TOP - 26, name, size=14, weight=700, paint=f"{role}-text", hide=number > 0),
            label(f"s{number}", x, TOP - 9, words, size=12, paint="muted", hide=number > 0),
        ]
        frames.append(Frame(f"{name}: {words}.", {f"{k}{number}": {"hide": False} for k in "bdns"}))
    told = "; ".join(f"{name}: {len(np.asarray(c).reshape(-1, 2))} active" for name, c in pictures.items())
    width = LEFT + len(pictures) * (WIDE + GAP)
    return Scene(title, f"{told}, on {size} by {size}.", round(width, 1), TOP + WIDE + 10, items, frames, poster=len(frames) - 1)
