"""Goto's loops as a film: which block of a, b and c is in which cache, and in which order the numbers of a block are packed.

a stands to the left of c, b above it, as in a product on paper. While a block is packed a line runs through its numbers in their new order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from course_lib.records import Table
from course_lib.views.parts import grid, label, sample
from course_lib.views.scene import Frame, Item, Scene

SOURCE = "Goto & van de Geijn 2008, figure 4; Van Zee & van de Geijn 2015, figure 1"

MOST_FRAMES = 60
MOST = 48  # rows or columns drawn
CELL, GAP = 13.0, 46.0
KEPT = (  # what is kept where, from far to near: id, role, opacity, words
    ("b.l3", "blue", 0.12, "block of b: third cache"),
    ("a.l2", "cols", 0.12, "block of a: second cache"),
    ("b.l1", "w", 0.35, "panel of b: first cache"),
    ("a.l1", "alert", 0.3, "panel of a: streams by"),
    ("c.reg", "oa", 0.45, "tile of c: registers"),
)
COLUMNS = ("step", "i", "high", "j", "wide", "k", "deep")


def snake(rows: Sequence[int], columns: Sequence[int], x: float, y: float, cell: float, panel: int, down: bool) -> str:
    """The order in which a block is packed, as one line through the cells: panels of `panel` rows (down) or columns."""
    d = ""
    outer = rows if down else columns
    inner = columns if down else rows
    for first in range(outer[0], outer[1], panel):
        last = min(first + panel, outer[1])
        for k in range(inner[0], inner[1]):
            for step in range(first, last):
                r, c = (step, k) if down else (k, step)
                d += f"{'L' if d else 'M'}{x + (c + 0.5) * cell:.1f} {y + (r + 0.5) * cell:.1f}"
    return d


def gemm_blocking(
    walk: Table, sizes: tuple[int, int, int], tile: tuple[int, int], title: str = "Blocks on their way through the caches"
) -> Scene:
    """`walk` is what the five loops do, a row a step (step, i, high, j, wide, k, deep); sizes = (M, N, K), tile = (mr, nr).

    Raises ValueError for missing columns, no rows, or a product too large to be drawn cell by cell (48).
    """
    for column in COLUMNS:
        if column not in walk.columns:
            raise ValueError(f"walk: want the column {column!r}; there are {', '.join(walk.columns)}")
    M, N, K = sizes
    mr, nr = tile
    if not len(walk):
        raise ValueError("walk: there is no step to draw")
    if not 1 <= min(sizes) or max(sizes) > MOST:
        raise ValueError(f"sizes: want 1 to {MOST} each, got {sizes}")
    rows = list(walk)
    a_x, c_x = 0.0, max(K * CELL, 180.0) + GAP
    b_y = 24.0
    c_y = b_y + max(K * CELL, 22.0 * len(KEPT)) + GAP
    width = max(c_x + N * CELL, 520.0)

    def matrix(name: str, x: float, y: float, rows: int, cols: int, role: str) -> list[Item]:
        words = [[[name, f"{role}-text", 700], [f"  {rows} × {cols}", "muted"]]]
        return [
            {"kind": "text", "id": f"{name}.head", "x": x, "y": y - 8, "size": 14, "lines": words},
            grid(name, x, y, rows, cols, CELL, role, name=f"{name}[{{r}}, {{c}}]"),
        ]

    items: list[Item] = [*matrix("a", a_x, c_y, M, K, "ia"), *matrix("b", c_x, b_y, K, N, "w"), *matrix("c", c_x, c_y, M, N, "oa")]
    nowhere = {"x": 0, "y": 0, "w": 0, "h": 0, "hide": True}
    for place, (name, role, alpha, words) in enumerate(KEPT):
        items.append({"kind": "rect", "id": name, **nowhere, "stroke": role, "sw": 3, "fill": role, "alpha": alpha})
        y = b_y + 14 + 22 * place
        swatch = {"x": 0, "y": y - 11, "w": 16, "h": 13, "rx": 2}
        items.append({"kind": "rect", "id": f"{name}.key", **swatch, "stroke": role, "sw": 2.5, "fill": f"{role}-soft"})
        items.append(label(f"{name}.words", 24, y, words, size=13))
    items += [{"kind": "path", "id": f"order.{name}", "d": "", "stroke": "ink", "sw": 1.3} for name in "ab"]
    bar_y = c_y + M * CELL + 28
    items.append(label("count", 0, bar_y, "", size=13, weight=600))

    def box(x: float, y: float, row: int, col: int, high: int, wide: int) -> dict[str, Any]:
        return {"x": x + col * CELL, "y": y + row * CELL, "w": wide * CELL, "h": high * CELL, "hide": None}

    copied = done = 0
    totals = []
    for row in rows:
        if row["step"] == "tile":
            done += row["high"] * row["wide"] * row["deep"]
        else:
            copied += row["deep"] * (row["wide"] or row["high"])
        totals.append((copied, done))
    # packings are always shown; of the tiles those that fit
    packs = [i for i, row in enumerate(rows) if row["step"] != "tile"]
    tiles = [i for i, row in enumerate(rows) if row["step"] == "tile"]
    shown = sorted({*packs, *(tiles[i] for i in sample(len(tiles), max(8, MOST_FRAMES - len(packs))))})
    frames = []
    for at in shown:
        row = rows[at]
        i, high, j, wide, k, deep = (row[name] for name in COLUMNS[1:])
        counted = f"{totals[at][0]:,} numbers copied, {totals[at][1]:,} of {M * N * K:,} multiply-adds done"
        changes: dict[str, dict[str, Any]] = {"count": {"text": counted}}
        if row["step"] == "pack b":
            order = snake((k, k + deep), (j, j + wide), c_x, b_y, CELL, nr, False)
            changes |= {"b.l3": box(c_x, b_y, k, j, deep, wide), "order.b": {"d": order}, "order.a": {"d": ""}}
            changes |= {name: {"hide": True} for name in ("a.l2", "b.l1", "a.l1", "c.reg")}
            said = f"Pack b: {deep} rows of {wide} columns, in panels of {nr}: across a panel, then the next row. It serves all {M} rows."
        elif row["step"] == "pack a":
            order = snake((i, i + high), (k, k + deep), a_x, c_y, CELL, mr, True)
            changes |= {"a.l2": box(a_x, c_y, i, k, high, deep), "order.a": {"d": order}, "order.b": {"d": ""}}
            changes |= {name: {"hide": True} for name in ("b.l1", "a.l1", "c.reg")}
            said = f"Pack a: {high} rows, {deep} deep, in panels of {mr}: down a panel, then the next column. It stays in the second cache."
        else:
            changes |= {
                "b.l1": box(c_x, b_y, k, j, deep, wide), "a.l1": box(a_x, c_y, i, k, high, deep), "c.reg": box(c_x, c_y, i, j, high, wide),
                "order.a": {"d": ""}, "order.b": {"d": ""},
            }  # fmt: skip
            said = f"Micro-kernel: a panel of a ({high} × {deep}) times the panel of b ({deep} × {wide}) into {high * wide} registers."
        frames.append(Frame(said, changes))
    times = {what: sum(row["step"] == what for row in rows) for what in ("pack b", "pack a")}
    alt = f"A product {M} x {N} x {K}: {times['pack b']} blocks of b and {times['pack a']} of a are packed, {len(tiles)} tiles of c made."
    poster = next((n for n, at in enumerate(shown) if rows[at]["step"] == "tile"), 0)
    return Scene(title, alt, width, bar_y + 10, items, frames, poster=poster)
