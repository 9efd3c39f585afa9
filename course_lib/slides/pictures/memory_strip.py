"""Where in memory the window of a convolution lies, cache line by cache line."""

from __future__ import annotations

import math
from typing import Any

from ...shapes import ConvShape
from ...views.scene import Frame, Scene
from .parts import label


def memory_strip(shape: ConvShape, line: int = 16, width: int = 560) -> Scene:
    """ia[H,W] as it lies in memory, a cache line (`line` floats) a row, and the elements that one output reads; a step an output.

    Raises ValueError for padding: padded zeros have no address.
    """
    if shape.pads != ((0, 0), (0, 0)):
        raise ValueError(f"pad: want 0, for zeros that are not stored have no address; got {shape.pad}")
    H, W, R, S = shape.H, shape.W, shape.R, shape.S
    rows = math.ceil(H * W / line)
    left, cell = 74, (width - 74) / line
    tall = min(cell, 26.0)
    words = [f"{h},{w}" for h in range(H) for w in range(W)] + [""] * (rows * line - H * W)
    items: list[dict[str, Any]] = [
        {
            "id": "ram",
            "kind": "grid",
            "x": left,
            "y": 0,
            "rows": rows,
            "cols": line,
            "w": cell,
            "h": tall,
            "role": "ia",
            "text": words,
            "size": min(11, cell * 0.34),
        }
    ]
    items += [
        {**label(left - 10, i * tall + tall / 2 + 5, f"line {i}", 14, anchor="end", paint="muted"), "id": f"line{i}"} for i in range(rows)
    ]
    taps = [{"id": f"tap{i}", "kind": "mark", "grid": "ram", "role": "w", "at": None} for i in range(R * S)]
    frames = []
    for p in range(shape.P):
        for q in range(shape.Q):
            spots = [
                (p * shape.strides[0] + r * shape.dilations[0]) * W + q * shape.strides[1] + s * shape.dilations[1]
                for r in range(R)
                for s in range(S)
            ]
            touched = sorted({spot // line for spot in spots})
            changes: dict[str, dict[str, Any]] = {f"tap{i}": {"at": [spot // line, spot % line]} for i, spot in enumerate(spots)}
            changes |= {
                f"line{i}": {"paint": "w-text" if i in touched else "muted", "weight": 700 if i in touched else 400} for i in range(rows)
            }
            frames.append(
                Frame(
                    f"output ({p}, {q}) reads {R * S} numbers in runs of {S}, from {len(touched)} cache line{'s' * (len(touched) > 1)}",
                    changes,
                )
            )
    return Scene(
        "One window in memory",
        f"The image row after row in memory, {line} numbers a cache line; a window of {R} by {S} touches {R} separate runs of {S}",
        width,
        rows * tall + 2,
        [*items, *taps],
        frames,
        poster=shape.P * shape.Q // 2,
    )
