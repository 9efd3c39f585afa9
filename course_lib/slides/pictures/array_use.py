"""An array of PEs and the part of it that a layer keeps busy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...views.scene import Frame, Scene
from .parts import label, numbered

SOURCE = "Lecture, frame 'Direct Convolution: Loop Ordering + Unrolling + Tiling'"


def array_use(
    uses: Mapping[str, tuple[int, int]], rows: int = 16, cols: int = 64, width: int = 700, along: tuple[str, str] = ("c_s", "k_s")
) -> Scene:
    """rows x cols PEs; `uses` {a layer's name: (rows, columns) at work in it}, a step a layer.

    Raises ValueError for more than there are.
    """
    for name, (r, c) in uses.items():
        if not (0 < r <= rows and 0 < c <= cols):
            raise ValueError(f"uses: {name} wants {r} x {c} PEs, the array has {rows} x {cols}")
    left, top = 78, 62
    cell = (width - left - 2) / cols
    items: list[dict[str, Any]] = [
        {**label(left, 22, "", 22, weight=600), "id": "name"},
        {**label(width, 22, "", 20, anchor="end", weight=600, paint="oa-text"), "id": "share"},
        label(left, top - 9, f"{along[1]}: {cols} filters, a column each", 16, paint="w-text"),
        label(left - 12, top + rows * cell / 2 - 4, along[0], 16, anchor="end", paint="ia-text"),
        label(left - 12, top + rows * cell / 2 + 15, f"{rows} rows", 14, anchor="end", paint="muted"),
        {"id": "array", "kind": "grid", "x": left, "y": top, "rows": rows, "cols": cols, "w": cell, "h": cell, "role": "plain"},
        {"id": "busy", "kind": "rect", "x": left, "y": top, "w": 0, "h": 0, "fill": "oa", "alpha": 0.62, "stroke": "oa", "sw": 2.5},
    ]
    frames = [
        Frame(
            f"{name}: {r} × {c} = {r * c} of {rows * cols} PEs at work",
            {
                "busy": {"w": c * cell, "h": r * cell},
                "name": {"text": name},
                "share": {"text": f"{100 * r * c / (rows * cols):.4g} % busy"},
            },
        )
        for name, (r, c) in uses.items()
    ]
    return Scene(
        "Which PEs a layer keeps busy", "; ".join(frame.caption for frame in frames), width, top + rows * cell + 3, numbered(items), frames
    )
