"""A cut through the singular values: what is kept, what is left out, and the filters drawn again from what is kept."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from course_lib.views.parts import grid, label, tint
from course_lib.views.scene import Frame, Item, Scene

SOURCE = "Eckart & Young 1936: the error² of the best matrix of rank r is the sum of the singular values² left out"

BAR, HIGH, GAP = 26.0, 150.0, 5.0
MOST = 40


def singular_values(sigmas: Sequence[float], filters: np.ndarray, rank: int, title: str = "") -> Scene:
    """`sigmas` largest first as bars, the first `rank` of them kept; `filters[K,R,S]` as they are at that rank.

    Raises ValueError for more than 40 values or filters, a rank beyond them, or filters that are not [K, R, S].
    """
    s = np.asarray(sigmas, float)
    pictures = np.asarray(filters, float)
    if s.ndim != 1 or not 1 <= len(s) <= MOST:
        raise ValueError(f"sigmas: want 1 to {MOST} numbers, got shape {s.shape}")
    if pictures.ndim != 3 or not 1 <= len(pictures) <= MOST:
        raise ValueError(f"filters: want 1 to {MOST} of them as [K, R, S], got shape {pictures.shape}")
    if not 0 <= rank <= len(s):
        raise ValueError(f"rank: want 0 to {len(s)}, got {rank}")
    bar = min(BAR, 320 / len(s))
    whole = float((s**2).sum()) or 1.0
    lost = float((s[rank:] ** 2).sum()) / whole
    items: list[Item] = []
    top = 26.0
    for i, value in enumerate(s):
        high = max(1.0, HIGH * value / (s[0] or 1.0))
        inside = i < rank
        box: Item = {
            "kind": "rect",
            "id": f"s{i}",
            "x": round(i * bar, 2),
            "y": round(top + HIGH - high, 2),
            "w": round(bar - 3, 2),
            "h": round(high, 2),
        }
        box |= {
            "fill": "w" if inside else "faint",
            "stroke": "w" if inside else "plain",
            "sw": 1,
            "tip": f"σ{i + 1} = {value:.4g}: " + ("kept" if inside else "left out"),
        }
        items.append(box if inside else {**box, "dash": "3 2"})
    if 0 < rank < len(s):
        at = round(rank * bar - 1.5, 2)
        items.append(
            {
                "kind": "line",
                "id": "cut",
                "x1": at,
                "y1": top - 8,
                "x2": at,
                "y2": top + HIGH + 6,
                "stroke": "alert",
                "sw": 2,
                "dash": "6 3",
            }
        )
    words = f"rank {rank} of {len(s)}"
    items += [
        label("said", 0, 12, words, weight=700, size=15),
        label(
            "error",
            0,
            top + HIGH + 24,
            f"error {math.sqrt(lost):.1%} of the weights' size",
            size=13,
            paint="alert-text" if lost > 0.01 else "oa-text",
            weight=600,
        ),
    ]
    left = len(s) * bar + 40
    across = math.ceil(math.sqrt(len(pictures) * 1.6))
    K, R, S = pictures.shape
    drawn = "one filter" if K == 1 else f"{K} filters"
    cell = min(15.0, 330 / (across * (S + 0.7)))
    scale = float(pictures.min()), float(pictures.max())
    for k, picture in enumerate(pictures):
        x = left + (k % across) * (S * cell + GAP + 2)
        y = top + (k // across) * (R * cell + GAP + 2)
        items.append(
            grid(
                f"k{k}",
                round(x, 2),
                round(y, 2),
                R,
                S,
                round(cell, 2),
                "w",
                tint=tint(picture, between=scale),
                name=f"filter {k} {{r}}, {{c}}",
            )
        )
    items.append(
        label("filters", left, 12, f"{drawn}, drawn from {'one direction' if rank == 1 else f'{rank} directions'}", size=13, paint="muted")
    )
    rows = math.ceil(K / across)
    width = left + across * (S * cell + GAP + 2)
    high = max(top + HIGH + 32, top + rows * (R * cell + GAP + 2) + 4)
    kept = f"{1 - lost:.1%} of the sum of squares kept; the error is {math.sqrt(lost):.1%} of the weights' size"
    caption = f"{words[0].upper()}{words[1:]}: {kept}."
    alt = f"{len(s)} singular values as bars, the first {rank} kept, and {drawn} of {R} by {S} redrawn from them. " + caption
    return Scene(title or "Singular values: where to cut", alt, round(width, 1), round(high, 1), items, [Frame(caption)])
