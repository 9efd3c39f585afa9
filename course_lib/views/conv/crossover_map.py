"""The crossover map: a panel a window size R, image height H upwards, channels C across; a cell names the algorithm that wins the price."""

from __future__ import annotations

from course_lib.records import Report
from course_lib.views.chart import cut
from course_lib.views.parts import label
from course_lib.views.scene import Frame, Item, Scene
from course_lib.views.variants import Variants, variants

SOURCE = "as implemented here: course_lib.conv.crossover"

# a paint, a hatching and two letters an algorithm: three ways to tell them apart
LOOKS: dict[str, tuple[str, int | None, str]] = {
    "direct": ("plain", None, "di"),
    "tiled": ("plain", 45, "ti"),
    "im2col": ("cols", None, "im"),
    "implicit_gemm": ("cols", 45, "ig"),
    "indirect": ("cols", -45, "in"),
    "mec": ("blue", None, "me"),
    "kn2row": ("blue", 45, "kn"),
    "winograd": ("w", None, "wi"),
    "fft": ("alert", None, "ff"),
    "pointwise": ("oa", None, "pw"),
    "depthwise": ("oa", 45, "dw"),
    "several": ("faint", None, "="),
}
CELL, GAP = 40.0, 34.0


def crossover_map(report: Report, price: str, K: int) -> Scene:
    """Who wins `price` over C, H and R for K filters, from `crossover.stored()`: colour and letters say who, hover text by how much.

    Cells that were not measured are empty. Raises ValueError for missing columns, and for a price or K that the report does not have.
    """
    for column in ("C", "K", "H", "R", "price", "winner", "least", "next"):
        if column not in report.columns:
            raise ValueError(f"report: want the column {column!r}; there are {', '.join(report.columns)}")
    if price not in report["price"]:
        raise ValueError(f"price: want one of {', '.join(dict.fromkeys(report['price']))}, got {price!r}")
    if K not in report["K"]:
        raise ValueError(f"K: want one of {', '.join(map(str, dict.fromkeys(report['K'])))}, got {K!r}")
    Cs, Hs, Rs = (sorted(set(report[name])) for name in ("C", "H", "R"))
    rows = {(row["C"], row["H"], row["R"]): row for row in report if row["price"] == price and row["K"] == K}
    left, top = 44.0, 58.0
    panel = len(Cs) * CELL
    width = left + len(Rs) * (panel + GAP) - GAP + 6
    bottom = top + len(Hs) * CELL
    items: list[Item] = [label("ask", 0, 16, f"Who has the least: {price}", size=15, weight=700)]
    wins: dict[str, int] = {}
    for i, R in enumerate(Rs):
        x0 = left + i * (panel + GAP)
        items.append(label(f"panel{R}", x0 + panel / 2, top - 12, f"R = {R}", size=14, weight=700, anchor="middle"))
        for j, C in enumerate(Cs):
            items.append(label(f"c{R}.{C}", x0 + (j + 0.5) * CELL, bottom + 17, str(C), size=12, anchor="middle", paint="muted"))
        for h, H in enumerate(Hs):
            y = bottom - (h + 1) * CELL
            if i == 0:
                items.append(label(f"h{H}", left - 8, y + CELL / 2 + 4, str(H), size=12, anchor="end", paint="muted"))
            for j, C in enumerate(Cs):
                row = rows.get((C, H, R))
                place = {"x": x0 + j * CELL, "y": y, "w": CELL - 2, "h": CELL - 2, "rx": 3}
                id = f"{C}.{H}.{R}"
                if row is None:
                    tip = f"C = {C}, H = {H}, R = {R}: not measured"
                    items.append({"kind": "rect", "id": id, **place, "stroke": "line", "sw": 1, "dash": "3 3", "tip": tip})
                    continue
                name = row["winner"]
                wins[name] = wins.get(name, 0) + 1
                role, hatch, letters = LOOKS.get(name, ("plain", None, name[:2]))
                fill = role if role == "faint" else f"{role}-soft"
                said = "several algorithms have it" if name == "several" else f"the next one has {row['next']:.3g} times as much"
                tip = f"C = {C}, K = {K}, H = {H}, R = {R}: {name}, {row['least']:.4g}; {said}"
                items.append(
                    {"kind": "rect", "id": id, **place, "fill": fill, "stroke": "line" if role == "faint" else role, "sw": 1.5, "tip": tip}
                )
                if hatch is not None:
                    stripes = f"M{place['x'] + 4} {y + 4}h{CELL - 10}" if hatch == 45 else f"M{place['x'] + 4} {y + CELL - 7}h{CELL - 10}"
                    items.append({"kind": "path", "id": f"{id}.mark", "d": stripes, "stroke": role, "sw": 3})
                ink = "muted" if role == "faint" else f"{role}-text"
                x = place["x"] + CELL / 2 - 1
                items.append(label(f"{id}.who", x, y + CELL / 2 + 4, letters, size=13, weight=600, anchor="middle", paint=ink))
    items += [
        label("h", left - 8, top - 12, "H", size=13, anchor="end", paint="muted", weight=700),
        label("c", left - 8, bottom + 17, "C", size=13, anchor="end", paint="muted", weight=700),
    ]
    key = bottom + 46
    x = left
    for name in [name for name in LOOKS if name in wins]:
        role, hatch, letters = LOOKS[name]
        words = f"{name} ({wins[name]})"
        if x + 36 + 7.6 * len(words) > width:
            x, key = left, key + 28
        fill = role if role == "faint" else f"{role}-soft"
        edge, ink = ("line", "muted") if role == "faint" else (role, f"{role}-text")
        items += [
            {
                "kind": "rect",
                "id": f"key.{name}",
                "x": x,
                "y": key - 15,
                "w": 26,
                "h": 20,
                "rx": 3,
                "fill": fill,
                "stroke": edge,
                "sw": 1.5,
            },
            label(f"key.{name}.who", x + 13, key - 1, letters, size=12, weight=600, anchor="middle", paint=ink),
            label(f"key.{name}.said", x + 33, key, words, size=13),
        ]
        x += 36 + 7.6 * len(words) + 18
    order = sorted(wins, key=lambda name: -wins[name])
    counted = ", ".join(f"{name} {wins[name]}" for name in order)
    alt = f"Least {price} for K = {K} over {len(Cs)} numbers of channels, {len(Hs)} heights and {len(Rs)} windows; cells won: {counted}."
    return Scene(f"Crossover map, K = {K}", alt, width, key + 14, items, [Frame(cut(f"{alt} {report.note}", 4 * width, 14))])


def crossover_maps(report: Report) -> Variants:
    """The map with a slider for the price and one for K: all that `crossover.stored()` holds."""
    prices, Ks = list(dict.fromkeys(report["price"])), sorted(set(report["K"]))
    return variants(lambda price, K: crossover_map(report, price, K), price=prices, K=Ks)
