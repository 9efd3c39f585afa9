"""What a design explains, pick by pick: a point fades as the chosen ones tell about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from course_lib.views.parts import label
from course_lib.views.scene import Frame, Item, Scene

SOURCE = "Yu, Bi, Tresp, Transductive Experimental Design, ICML 2006"

SIDE, MARGIN = 380.0, 26.0
MOST = 200


def ted_picks(points: np.ndarray, chosen: Sequence[int], left: np.ndarray, axes: Sequence[str] = ("", ""), title: str = "") -> Scene:
    """points[n, 2], the numbers chosen in order, left[m + 1, n]: what is unexplained of each point before any pick and after each.

    Raises ValueError for more than 200 points or arrays that do not match.
    """
    p, left = np.asarray(points, float), np.asarray(left, float)
    if p.ndim != 2 or p.shape[1] != 2 or not 1 <= len(p) <= MOST:
        raise ValueError(f"points: want [n, 2] with n from 1 to {MOST}, got {p.shape}")
    if left.shape != (len(chosen) + 1, len(p)):
        raise ValueError(f"left: want [{len(chosen) + 1}, {len(p)}], got {left.shape}")
    low, high = p.min(0), p.max(0)
    span = np.where(high > low, high - low, 1.0)
    spots = MARGIN + (p - low) / span * (SIDE - 2 * MARGIN)
    spots[:, 1] = SIDE - spots[:, 1]
    share = np.clip(left / max(float(left[0].max()), 1e-12), 0, 1)
    told = 1 - left.sum(1) / max(float(left[0].sum()), 1e-12)
    items: list[Item] = [{"kind": "rect", "id": "ground", "x": 0, "y": 0, "w": SIDE, "h": SIDE, "fill": "faint", "rx": 6}]

    def strength(value: float) -> float:
        return round(0.12 + 0.88 * float(value), 2)

    for i, (x, y) in enumerate(spots.round(1).tolist()):
        spot: Item = {"kind": "circle", "id": f"v{i}", "x": x, "y": y, "r": 6.5, "fill": "w", "stroke": "w", "sw": 1}
        items.append({**spot, "alpha": strength(share[0, i]), "tip": f"point {i}"})
    for k, v in enumerate(chosen):
        x, y = spots[v].round(1).tolist()
        disc: Item = {"kind": "circle", "id": f"pick{k}", "x": x, "y": y, "r": 10, "fill": "blue-soft", "stroke": "blue", "sw": 2}
        items.append({**disc, "hide": True, "tip": f"pick {k + 1}: point {v}"})
        items.append(label(f"n{k}", x, y + 4.5, str(k + 1), size=12, weight=700, anchor="middle", paint="blue-text", hide=True))
    for i, name in enumerate(axes):
        if name:
            where = (SIDE / 2, SIDE + 18, {}) if i == 0 else (-12, SIDE / 2, {"turn": -90})
            items.append(label(f"axis{i}", where[0], where[1], name, size=12, anchor="middle", paint="muted", **where[2]))
    frames = [Frame(f"{len(p)} points, none chosen: the fuller a point, the less is known about it.")]
    for k, v in enumerate(chosen):
        changes: dict[str, dict[str, Any]] = {f"pick{k}": {"hide": None}, f"n{k}": {"hide": None}}
        for i in range(len(p)):
            if strength(share[k + 1, i]) != strength(share[k, i]):
                changes[f"v{i}"] = {"alpha": strength(share[k + 1, i])}
        frames.append(Frame(f"Pick {k + 1}: point {v} explains {told[k + 1] - told[k]:.1%} of all; {told[k + 1]:.0%} together.", changes))
    alt = f"{len(p)} points and {len(chosen)} picks among them that explain {told[-1]:.0%}: {', '.join(map(str, chosen))} in this order."
    height = SIDE + (26 if axes[0] else 2)
    shift = 24.0 if axes[1] else 0.0
    if shift:  # room for the upright name
        for item in items:
            item["x"] = round(item["x"] + shift, 1)
    return Scene(title or "Which points tell most", alt, SIDE + shift + 4, height, items, frames, poster=len(frames) - 1)
