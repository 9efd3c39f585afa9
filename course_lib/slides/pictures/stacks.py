"""Bars made of parts, so that one sees both the sum and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...records import text_of
from ...views.palette import HATCH
from ...views.scene import Frame, Scene
from .parts import label, numbered


def stacks(
    names: Sequence[str],
    parts: Mapping[str, Sequence[float]],
    title: str,
    alt: str,
    *,
    roles: Sequence[str],
    captions: Sequence[str] = ("",),
    shown: Any = text_of,
    width: int = 660,
    row: int = 58,
    left: int = 170,
    right: int = 70,
) -> Scene:
    """A bar a name made of `parts` {what: a value a name} in order; the sum is written behind. Pieces light up one by one as steps.

    `captions` has one for all parts and, if there are more, one a part. Raises ValueError where the lengths do not fit.
    """
    if any(len(values) != len(names) for values in parts.values()):
        raise ValueError(f"parts: want {len(names)} values each, one a name, got {[len(values) for values in parts.values()]}")
    if len(roles) != len(parts) or len(captions) not in (1, 1 + len(parts)):
        raise ValueError(
            f"roles, captions: want {len(parts)} roles and 1 or {1 + len(parts)} captions, got {len(roles)} and {len(captions)}"
        )
    sums = [sum(values[i] for values in parts.values()) for i in range(len(names))]
    scale = (width - left - right) / max(sums)
    items: list[dict[str, Any]] = []
    key, above = float(left), 34
    for what, role in zip(parts, roles, strict=True):
        items.append(
            {"id": f"key.{what}", "kind": "rect", "x": key, "y": 2, "w": 18, "h": 18, "fill": role, "rx": 3}
            | ({"hatch": HATCH[role]} if HATCH[role] is not None else {})
        )
        items.append({**label(key + 25, 17, what, 16), "id": f"word.{what}"})
        key += 52 + 9.2 * len(what)
    pieces: dict[str, list[str]] = {what: [] for what in parts}
    for i, name in enumerate(names):
        y, x = above + i * row, float(left)
        items.append(label(left - 12, y + row / 2 + 5.5, name, 16, anchor="end"))
        for (what, values), role in zip(parts.items(), roles, strict=True):
            wide = values[i] * scale
            piece = {
                "id": f"{what}.{i}",
                "kind": "rect",
                "x": x,
                "y": y + row * 0.14,
                "w": wide,
                "h": row * 0.72,
                "fill": role,
                "tip": f"{name}, {what}: {shown(values[i])}",
            }
            items.append(piece | ({"hatch": HATCH[role]} if HATCH[role] is not None and wide > 6 else {}))
            pieces[what].append(f"{what}.{i}")
            x += wide
        items.append({**label(x + 8, y + row / 2 + 5.5, shown(sums[i]), 16, weight=600), "id": f"sum{i}"})
    frames = [Frame(captions[0])]
    for step, what in enumerate(parts, 1):
        if step < len(captions):
            changes = {piece: {"opacity": None if other == what else 0.18} for other, ids in pieces.items() for piece in ids}
            changes |= {f"sum{i}": {"text": shown(parts[what][i])} for i in range(len(names))}
            frames.append(Frame(captions[step], changes))
    return Scene(title, alt, width, above + row * len(names) + 4, numbered(items), frames)
