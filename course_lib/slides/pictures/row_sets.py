"""Row stationary: which row of the filter, of the input and of the output each PE of a set works on."""

from __future__ import annotations

from typing import Any

from ...shapes import whole
from ...views.scene import Frame, Scene
from .parts import label, numbered

SOURCE = "Chen, Emer, Sze: Eyeriss, ISCA 2016"


def row_sets(R: int = 3, P: int = 4, stride: int = 1, width: int = 640) -> Scene:
    """R x P PEs: filter rows go along, input rows along the diagonals, sums down. Steps: one kind of row after the other lights up."""
    R, P, stride = whole("R", R, 1), whole("P", P, 1), whole("stride", stride, 1)
    left, top, gap = 20, 10, 14
    wide, tall = (width - left * 2 - gap * (P - 1)) / P, 92.0
    items: list[dict[str, Any]] = []
    for i in range(R):
        for j in range(P):
            x, y = left + j * (wide + gap), top + i * (tall + gap)
            items.append(
                {
                    "id": f"pe{i}.{j}",
                    "kind": "rect",
                    "x": x,
                    "y": y,
                    "w": wide,
                    "h": tall,
                    "fill": "faint",
                    "stroke": "line",
                    "sw": 1.5,
                    "rx": 8,
                    "tip": f"PE {i},{j}: filter row {i} along input row {i + j * stride}, for output row {j}",
                }
            )
            for line, (name, at, role) in enumerate((("W", i, "w"), ("IA", i + j * stride, "ia"), ("OA", j, "oa"))):
                words = f"{name} row {at}"
                items.append({**label(x + 14, y + 27 + 25 * line, words, 18, weight=600, paint=f"{role}-text"), "id": f"{name}{i}.{j}"})
    everywhere = [(i, j) for i in range(R) for j in range(P)]

    def lit(role: str, chosen: Any) -> dict[str, dict[str, Any]]:
        return {
            f"pe{i}.{j}": {"fill": f"{role}-soft", "stroke": role, "sw": 3}
            if chosen(i, j)
            else {"fill": "faint", "stroke": "line", "sw": 1.5}
            for i, j in everywhere
        }

    step = "j" if stride == 1 else f"{stride}·j"
    frames = [Frame(f"{R} × {P} PEs: PE (i, j) slides filter row i along input row i + {step} and adds to output row j")]
    frames += [Frame(f"filter row {i} stays in the PEs of row {i}: sent along once", lit("w", lambda a, b, i=i: a == i)) for i in range(R)]
    last = (R - 1) + (P - 1) * stride
    frames += [
        Frame(f"input row {h} is shared along a diagonal", lit("ia", lambda a, b, h=h: a + b * stride == h))
        for h in range(last + 1)
        if any(i + j * stride == h for i, j in everywhere)
    ]
    frames += [Frame(f"the sums of output row {j} go down a column", lit("oa", lambda a, b, j=j: b == j)) for j in range(P)]
    height = top + R * (tall + gap) - gap + 10
    return Scene(
        "A row stationary set",
        f"{R} by {P} PEs with the rows of filter, input and output that each works on",
        width,
        height,
        numbered(items),
        frames,
    )
