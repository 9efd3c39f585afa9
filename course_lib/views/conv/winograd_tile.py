"""Winograd on one tile: data and filter are transformed, multiplied number by number and transformed back; each multiplication counts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from course_lib.views.parts import grid, heading, label, mark, numbers, sample, type_size
from course_lib.views.scene import Frame, Item, Scene
from course_lib.views.text import number

SOURCE = "Lavin & Gray, CVPR 2016, section 4.1"

MOST = 8  # numbers along a tile's side
MOST_FRAMES = 40
WANTED = ("d", "g", "BT d", "V", "U", "M", "y")


def arrow(id: str, x1: float, y1: float, x2: float, y2: float) -> Item:
    return {"kind": "line", "id": id, "x1": x1, "y1": y1, "x2": x2, "y2": y2, "stroke": "muted", "sw": 2, "arrow": True}


def winograd_tile(stages: Mapping[str, np.ndarray]) -> Scene:
    """d[n,n], g[r,r] -> V = BT d B, U = G g GT, M = U · V, y[m,m] = AT M A, from `winograd.tile_stages(m, r)`: the values of each stage.

    A frame a multiplication, with the count beside the m²·r² of the direct way. Raises ValueError for a missing stage, sizes that do not
    belong together, and tiles of more than 8 x 8.
    """
    missing = [name for name in WANTED if name not in stages]
    if missing:
        raise ValueError(f"stages: want {', '.join(WANTED)}; missing: {', '.join(missing)}")
    values = {name: np.asarray(stages[name], np.float64) for name in WANTED}
    n, r, m = len(values["d"]), len(values["g"]), len(values["y"])
    if any(values[name].shape != (size, size) for name, size in (("d", n), ("g", r), ("BT d", n), ("V", n), ("U", n), ("M", n), ("y", m))):
        raise ValueError(f"stages: want square tiles of one size n, got {', '.join(f'{k} {v.shape}' for k, v in values.items())}")
    if n != m + r - 1:
        raise ValueError(f"stages: want n = m + r - 1, got n = {n}, m = {m}, r = {r}")
    if n > MOST:
        raise ValueError(f"stages: tiles of {n}x{n} are too large to draw, {MOST}x{MOST} is the most")
    cell = 40.0 if n <= 4 else 32.0 if n <= 6 else 27.0
    gap, top = 74.0, 30.0
    side = n * cell
    second = top + side + 64
    middle = top + (side + 64) / 2
    at = {
        "d": (0.0, top),
        "BT d": (side + gap, top),
        "V": (2 * (side + gap), top),
        "g": (side + gap + (side - r * cell) / 2, second),
        "U": (2 * (side + gap), second),
        "M": (3 * (side + gap), middle),
        "y": (4 * (side + gap), middle + (side - m * cell) / 2),
    }
    roles = {"d": "ia", "BT d": "ia", "V": "ia", "g": "w", "U": "w", "M": "cols", "y": "oa"}
    said = {"d": "d", "BT d": "Bᵀd", "V": "V = BᵀdB", "g": "g", "U": "U = GgGᵀ", "M": "M = U · V", "y": "y = AᵀMA"}
    items: list[Item] = []
    for name in WANTED:
        x, y = at[name]
        rows = len(values[name])
        cells = numbers(values[name].round(3))
        shown = {} if name in ("d", "g") else {"upto": 0, "order": "row"}
        items += [
            heading(f"{name}.name", x, y - 9, said[name], f"{rows} × {rows}", roles[name]),
            grid(
                name, x, y, rows, rows, cell, roles[name], name=name + "[{r},{c}]", text=cells, size=type_size(cells, cell, cell), **shown
            ),
        ]
    for i, (left, right) in enumerate((("d", "BT d"), ("BT d", "V"), ("g", "U"))):
        y = at[right][1] + side / 2
        start = at[left][0] + len(values[left]) * cell + 12
        end = at[right][0] - 12
        items.append(arrow(f"arrow{i}", start, y, end, y))
    into, out = at["M"][0] - 12, at["M"][0] + side + 12
    items += [
        arrow("arrow.down", at["V"][0] + side + 10, top + side / 2, into, at["M"][1] + side * 0.3),
        arrow("arrow.up", at["U"][0] + side + 10, second + side / 2, into, at["M"][1] + side * 0.7),
        arrow("arrow.out", out, at["M"][1] + side / 2, at["y"][0] - 12, at["M"][1] + side / 2),
    ]

    # -- the count: direct against Winograd
    direct, ours = m * m * r * r, n * n
    base, room, left_edge = second + side + 30, 4 * (side + gap) + max(m * cell, 126.0) - 250, 112.0
    for i, (name, words, count, role) in enumerate(
        (("direct", f"direct: {m}²·{r}²", direct, "plain"), ("ours", f"Winograd: {n}²", ours, "cols"))
    ):
        y = base + 30 * i
        full = room * count / max(direct, ours)
        bar = {"kind": "rect", "x": left_edge, "y": y, "w": full, "h": 17, "rx": 3}
        hatch = {"hatch": 0, "w": 0.0} if name == "ours" else {}
        items += [
            label(f"{name}.said", 0, y + 13, words, size=13, weight=600, paint=f"{role}-text"),
            {**bar, "id": f"{name}.all", "fill": "faint"},
            {**bar, "id": f"{name}.bar", "fill": role, **hatch},
            label(f"{name}.count", left_edge + full + 10, y + 13, f"{direct} multiplications" if name == "direct" else "0 so far", size=13),
        ]
    items += [mark(f"now.{name}", name, None, (1, 1), roles[name], sw=3) for name in ("U", "V", "M")]

    whole = {"upto": n * n}
    frames = [
        Frame(f"A {n}×{n} tile of data and a {r}×{r} filter for {m}×{m} outputs y. Directly: {m}²·{r}² = {direct} multiplications."),
        Frame("Down the columns of the tile: Bᵀd. B's entries are small constants: additions, shifts, a few scalings.", {"BT d": whole}),
        Frame("Along its rows: V = BᵀdB. This is done once a tile and serves all K filters.", {"V": whole}),
        Frame("The filter: U = GgGᵀ, once a filter, before any data is seen.", {"U": whole}),
    ]
    for j in sample(n * n, MOST_FRAMES):
        i, k = divmod(j, n)
        factors = f"{number(values['U'][i, k])} · {number(values['V'][i, k])} = {number(values['M'][i, k])}"
        words = f"Multiplication {j + 1} of {ours}: M[{i},{k}] = {factors}. With C channels, M is summed over them."
        change: dict[str, dict[str, object]] = {
            "M": {"upto": j + 1},
            **{f"now.{name}": {"at": [i, k]} for name in ("U", "V", "M")},
            "ours.bar": {"w": max(1.0, room * (j + 1) / max(direct, ours))},
            "ours.count": {"text": f"{j + 1} so far"},
        }
        frames.append(Frame(words, change))
    said_last = f"y = AᵀMA: the {m}×{m} outputs, after {ours} multiplications instead of {direct}: {direct / ours:.3g} times fewer."
    last: dict[str, dict[str, object]] = {"y": {"upto": m * m}, **{f"now.{name}": {"at": None} for name in ("U", "V", "M")}}
    last["ours.count"] = {"text": f"{ours} multiplications: {direct / ours:.3g} times fewer"}
    frames.append(Frame(said_last, last))
    alt = (
        f"F({m}×{m}, {r}×{r}): a {n}×{n} data tile and a {r}×{r} filter are transformed to {n}×{n} each, multiplied number by number "
        f"({ours} multiplications) and transformed back to {m}×{m} outputs; the direct way takes {direct}, {direct / ours:.3g} times that."
    )
    width = 4 * (side + gap) + max(m * cell, 126.0) + 4
    return Scene(f"Winograd F({m}×{m}, {r}×{r}) on one tile", alt, width, base + 62, items, frames, poster=len(frames) - 1)
