"""What a camera sees: a patch of a photograph as the numbers it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...data import scikit_photograph
from ...views.scene import Frame, Scene
from .parts import label, numbered


def sample_photograph() -> np.ndarray:
    """The flower of scikit-learn as ia[H,W,3], whole numbers 0 to 255."""
    return scikit_photograph("flower")


def photograph(image: np.ndarray, places: Sequence[tuple[int, int]], patch: int = 8, rows: int = 50, width: int = 650) -> Scene:
    """A grey photograph, and beside it one `patch` x `patch` piece as numbers; a step a place (row, column of the piece's corner).

    `image` is [H,W,3], 0 to 255; it is drawn as `rows` rows of averaged pixels.
    """
    H, W, _ = image.shape
    grey = image.mean(axis=2)
    each = H // rows
    small = grey[: rows * each, : W // each * each].reshape(rows, each, W // each, each).mean(axis=(1, 3))
    cols = small.shape[1]
    cell = 330 / cols
    light = (small - small.min()) / max(float(np.ptp(small)), 1.0)
    tint = "".join(f"{15 - int(v * 15.999):x}" for v in light.ravel())

    def piece(row: int, col: int) -> list[str]:
        return [str(int(v)) for v in grey[row : row + patch, col : col + patch].ravel()]

    size = 280 / patch
    tall = size * 0.95
    top = 30 + max(0.0, (patch * tall - rows * cell) / 2)

    def at(row: int, col: int) -> dict[str, Any]:
        return {"x": col / each * cell, "y": top + row / each * cell}

    start = places[0]
    items = [
        label(0, top - 12, "what we see", 16, paint="muted"),
        {
            "id": "photo",
            "kind": "grid",
            "x": 0,
            "y": top,
            "rows": rows,
            "cols": cols,
            "w": cell,
            "h": cell,
            "role": "plain",
            "tint": tint,
            "bands": [[0, rows, "paper"]],
        },
        {
            "id": "window",
            "kind": "rect",
            **at(*start),
            "w": max(patch / each * cell, 9),
            "h": max(patch / each * cell, 9),
            "fill": "none",
            "stroke": "alert",
            "sw": 3,
        },
        label(width - 280, 18, "what the machine gets", 16, paint="muted"),
        {
            "id": "piece",
            "kind": "grid",
            "x": width - 280,
            "y": 30,
            "rows": patch,
            "cols": patch,
            "w": size,
            "h": tall,
            "role": "ia",
            "text": piece(*start),
            "size": 13,
        },
    ]
    frames = [Frame(f"{patch} × {patch} pixels from row {start[0]}, column {start[1]}")]
    frames += [
        Frame(f"{patch} × {patch} pixels from row {r}, column {c}", {"window": at(r, c), "piece": {"text": piece(r, c)}})
        for r, c in places[1:]
    ]
    return Scene(
        "A photograph as numbers",
        f"A grey photograph, and a piece of {patch} by {patch} pixels as numbers from 0 to 255",
        width,
        max(30 + rows * cell, 30 + patch * tall) + 4,
        numbered(items),
        frames,
    )
