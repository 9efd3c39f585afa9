"""What several of the decks' pictures need: a line of text, and ids for items that have none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def label(x: float, y: float, words: str, size: float = 16, **more: Any) -> dict[str, Any]:
    return {"kind": "text", "x": x, "y": y, "text": words, "size": size, **more}


def numbered(items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every item has an id; those without one get their place."""
    return [{"id": f"i{i}", **item} for i, item in enumerate(items)]
