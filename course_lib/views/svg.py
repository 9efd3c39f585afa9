"""A frame of a Scene as SVG: a pure function of items and theme, so the same picture is always the same bytes.

The subset written here is small (g, rect, path, circle, text, tspan, title) and uses attributes only: no style sheet, no id,
no url(), so a page may hold many pictures, and converters that know no CSS draw them right. `static/player.js` writes the
same markup, character for character, with the page's CSS variables as paints; a test in a browser compares the two.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from course_lib.views.palette import DASH, HATCH, MONO, SANS, paint
from course_lib.views.text import WIDER, wrap

MARGIN = 16  # pixels around a stand-alone picture


def n(value: float) -> str:
    """A coordinate, to a hundredth of a pixel, rounded as JavaScript's Math.round does."""
    hundredths = math.floor(value * 100 + 0.5)
    return str(hundredths // 100) if hundredths % 100 == 0 else str(hundredths / 100)


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def font(item: Mapping[str, Any]) -> str:
    family = escape(MONO if item.get("font") == "mono" else SANS)
    heavy = f' font-weight="{item["weight"]}"' if "weight" in item else ""
    return f'font-family="{family}" font-size="{n(item.get("size", 14))}"{heavy}'


def style(item: Mapping[str, Any], theme: str, fill: str = "none") -> str:
    """fill, stroke, width and dash of an outlined or filled shape."""
    inside = item.get("fill", fill)
    out = f'fill="{inside if inside == "none" else paint(inside, theme)}"'
    if "alpha" in item:
        out += f' fill-opacity="{n(item["alpha"])}"'
    if "stroke" in item:
        out += f' stroke="{paint(item["stroke"], theme)}" stroke-width="{n(item.get("sw", 1.5))}"'
        if item.get("dash"):
            out += f' stroke-dasharray="{item["dash"]}"'
    return out


def hatching(x: float, y: float, w: float, h: float, angle: int, gap: float) -> str:
    """Parallel lines clipped to a rectangle, as path data; angle 0, 45, -45 or 90 degrees."""
    out = []
    if angle == 0:
        for i in range(1, math.ceil(h / gap)):
            out.append(f"M{n(x)} {n(y + i * gap)}h{n(w)}")
    elif angle == 90:
        for i in range(1, math.ceil(w / gap)):
            out.append(f"M{n(x + i * gap)} {n(y)}v{n(h)}")
    else:
        step = gap * 1.5
        for i in range(1, math.ceil((w + h) / step)):
            d = i * step
            x1, y1 = min(d, w), max(0.0, d - w)
            x2, y2 = max(0.0, d - h), min(d, h)
            if angle == -45:
                y1, y2 = h - y1, h - y2
            out.append(f"M{n(x + x1)} {n(y + y1)}L{n(x + x2)} {n(y + y2)}")
    return "".join(out)


def rect(item: Mapping[str, Any], items: Mapping[str, Any], theme: str) -> str:
    x, y, w, h = item["x"], item["y"], item["w"], item["h"]
    round_ = f' rx="{n(item["rx"])}"' if "rx" in item else ""
    out = f'<rect x="{n(x)}" y="{n(y)}" width="{n(w)}" height="{n(h)}"{round_} {style(item, theme, "faint")}/>'
    if item.get("hatch") is not None:
        lines = hatching(x, y, w, h, item["hatch"], 5 if h < 24 else 8)
        out += f'<path d="{lines}" fill="none" stroke="{paint("paper", theme)}" stroke-width="1.2"/>'
    return out


def line(item: Mapping[str, Any], items: Mapping[str, Any], theme: str) -> str:
    x1, y1, x2, y2 = item["x1"], item["y1"], item["x2"], item["y2"]
    out = f'<path d="M{n(x1)} {n(y1)}L{n(x2)} {n(y2)}" {style({"stroke": "muted", **item}, theme)}/>'
    length = math.sqrt((x2 - x1) * (x2 - x1) + (y2 - y1) * (y2 - y1))
    if item.get("arrow") and length > 0:
        ux, uy = (x2 - x1) / length, (y2 - y1) / length
        bx, by = x2 - 8 * ux, y2 - 8 * uy
        head = f"M{n(x2)} {n(y2)}L{n(bx - 4 * uy)} {n(by + 4 * ux)}L{n(bx + 4 * uy)} {n(by - 4 * ux)}Z"
        out += f'<path d="{head}" fill="{paint(item.get("stroke", "muted"), theme)}"/>'
    return out


def path(item: Mapping[str, Any], items: Mapping[str, Any], theme: str) -> str:
    return f'<path d="{item["d"]}" {style(item, theme)}/>'


def circle(item: Mapping[str, Any], items: Mapping[str, Any], theme: str) -> str:
    return f'<circle cx="{n(item["x"])}" cy="{n(item["y"])}" r="{n(item["r"])}" {style(item, theme, "faint")}/>'


def text(item: Mapping[str, Any], items: Mapping[str, Any], theme: str) -> str:
    """One line (`text`), or several lines of coloured spans (`lines`, each a list of [words, paint] or [words, paint, weight])."""
    anchor = f' text-anchor="{item["anchor"]}"' if "anchor" in item else ""
    turn = f' transform="rotate({n(item["turn"])} {n(item["x"])} {n(item["y"])})"' if "turn" in item else ""
    halo = f' stroke="{paint("paper", theme)}" stroke-width="3" stroke-linejoin="round" paint-order="stroke"' if item.get("halo") else ""
    head = f'<text x="{n(item["x"])}" y="{n(item["y"])}" {font(item)}{anchor}{turn}{halo} fill="{paint(item.get("paint", "ink"), theme)}">'
    if "lines" not in item:
        return head + escape(item.get("text", "")) + "</text>"
    lead = item.get("lead", item.get("size", 14) * 1.5)
    out = []
    for i, spans in enumerate(item["lines"]):
        for j, (words, colour, *heavy) in enumerate(spans):
            bold = f' font-weight="{heavy[0]}"' if heavy else ""
            place = f' x="{n(item["x"])}" y="{n(item["y"] + i * lead)}"' if j == 0 else ""
            # no-break spaces: renderers fold ordinary ones at the edges of a span, which would break the columns
            out.append(f'<tspan{place} fill="{paint(colour, theme)}"{bold}>{escape(words.replace(" ", chr(160)))}</tspan>')
    return head + "".join(out) + "</text>"


def shown(item: Mapping[str, Any]) -> list[tuple[int, int, int, int]]:
    """The cells of a grid that are filled, as rectangles (row, column, rows, columns): `upto` of them, in its order."""
    rows, cols = item["rows"], item["cols"]
    if "upto" not in item:
        return [(0, 0, rows, cols)]
    long, short = (cols, rows) if item.get("order", "row") == "row" else (rows, cols)
    full, part = min(item["upto"] // long, short), item["upto"] % long
    out = [(0, 0, full, long)] if full else []
    if part and full < short:
        out.append((full, 0, 1, part))
    return out if item.get("order", "row") == "row" else [(c, r, w, h) for (r, c, h, w) in out]


def is_shown(item: Mapping[str, Any], row: int, col: int) -> bool:
    if "upto" not in item:
        return True
    index = row * item["cols"] + col if item.get("order", "row") == "row" else col * item["rows"] + row
    return bool(index < item["upto"])


def grid(item: Mapping[str, Any], items: Mapping[str, Any], theme: str) -> str:
    """rows x cols cells: their ground, zero padding, tints, the lines between, the numbers, the outline."""
    x, y, rows, cols, w, h, role = (item[key] for key in ("x", "y", "rows", "cols", "w", "h", "role"))
    out = []
    if "upto" in item:
        out.append(f'<rect x="{n(x)}" y="{n(y)}" width="{n(cols * w)}" height="{n(rows * h)}" fill="{paint("faint", theme)}"/>')
    bands = item.get("bands") or [[0, rows, f"{role}-soft"]]
    for row, col, tall, wide in shown(item):
        for start, size, colour in bands:
            top, bottom = max(row, start), min(row + tall, start + size)
            if top < bottom:
                out.append(
                    f'<rect x="{n(x + col * w)}" y="{n(y + top * h)}" width="{n(wide * w)}" height="{n((bottom - top) * h)}"'
                    f' fill="{paint(colour, theme)}"/>'
                )
    if "pad" in item:
        out.append(padding(item, theme))
    if "tint" in item:
        out.append(tints(item, theme))
    if w >= 5 and h >= 5:
        lines = "".join(f"M{n(x)} {n(y + i * h)}h{n(cols * w)}" for i in range(1, rows))
        lines += "".join(f"M{n(x + j * w)} {n(y)}v{n(rows * h)}" for j in range(1, cols))
        if lines:
            thin = 1.5 if w >= 14 and h >= 14 else 0.75
            out.append(f'<path d="{lines}" fill="none" stroke="{paint("paper", theme)}" stroke-width="{n(thin)}"/>')
    if "text" in item:
        out.append(cell_texts(item, theme))
    dash = f' stroke-dasharray="{DASH[role]}"' if DASH[role] else ""
    out.append(
        f'<rect x="{n(x)}" y="{n(y)}" width="{n(cols * w)}" height="{n(rows * h)}" fill="none" stroke="{paint(role, theme)}"'
        f' stroke-width="{n(2.5 if role == "oa" else 1.5)}"{dash}/>'
    )
    return "".join(out)


def inside(item: Mapping[str, Any], row: int, col: int) -> bool:
    """Is this cell of the image itself, not of its padding?"""
    top, bottom, left, right = item.get("pad", (0, 0, 0, 0))
    return bool(top <= row < item["rows"] - bottom and left <= col < item["cols"] - right)


def padding(item: Mapping[str, Any], theme: str) -> str:
    """The zeros around an image: no ground; where they are not written as grey numbers, a stroke through each cell."""
    x, y, rows, cols, w, h = (item[key] for key in ("x", "y", "rows", "cols", "w", "h"))
    top, bottom, left, right = item["pad"]
    ring = f"M{n(x)} {n(y)}h{n(cols * w)}v{n(rows * h)}h{n(-cols * w)}z"
    x1, y1, wide, tall = x + left * w, y + top * h, (cols - left - right) * w, (rows - top - bottom) * h
    inner = f"M{n(x1)} {n(y1)}h{n(wide)}v{n(tall)}h{n(-wide)}z"
    ring += inner
    out = f'<path d="{ring}" fill="{paint("paper", theme)}" fill-rule="evenodd"/>'
    strokes = []
    for r in range(rows if "text" not in item else 0):
        for c in range(cols):
            if not inside(item, r, c):
                strokes.append(f"M{n(x + (c + 0.2) * w)} {n(y + (r + 0.8) * h)}l{n(0.6 * w)} {n(-0.6 * h)}")
    thin = 1 if w >= 10 else 0.5
    if strokes:
        out += f'<path d="{"".join(strokes)}" fill="none" stroke="{paint("line", theme)}" stroke-width="{n(thin)}"/>'
    return out + f'<path d="{inner}" fill="none" stroke="{paint(item["role"], theme)}" stroke-width="1"/>'


def tints(item: Mapping[str, Any], theme: str) -> str:
    """Sixteen levels, one path a level: runs of equal cells are one stroke, in units of cells, so a photograph stays small."""
    rows, cols = item["rows"], item["cols"]
    levels = re.sub(r"(.)\{(\d+)\}", lambda run: run[1] * int(run[2]), item["tint"])
    runs: dict[str, list[str]] = {}
    pen: dict[str, tuple[int, int]] = {}
    for r in range(rows):
        c = 0
        while c < cols:
            level, start = levels[r * cols + c], c
            while c < cols and levels[r * cols + c] == level and is_shown(item, r, c):
                c += 1
            if c == start:
                c += 1
            elif level != "0":
                x, y = pen.get(level, (0, 0))
                runs.setdefault(level, []).append(f"m{start - x} {r - y}h{c - start}")
                pen[level] = c, r
    out = [
        f'<g transform="translate({n(item["x"])} {n(item["y"] + item["h"] / 2)}) scale({n(item["w"])} {n(item["h"])})"'
        f' fill="none" stroke="{paint(item["role"], theme)}">'
    ]
    for level in sorted(runs):
        out.append(f'<path stroke-opacity="{n(int(level, 16) / 15)}" d="{"".join(runs[level])}"/>')
    return "".join(out) + "</g>"


def cell_texts(item: Mapping[str, Any], theme: str) -> str:
    x, y, rows, cols, w, h, words = (item[key] for key in ("x", "y", "rows", "cols", "w", "h", "text"))
    size = item.get("size", min(w, h) * 0.42)
    colour = item.get("paint", "ink")
    out = [f'<g {font({**item, "size": size})} text-anchor="middle" fill="{paint(colour, theme)}">']
    for r in range(rows):
        for c in range(cols):
            word = words[r * cols + c]
            if word and is_shown(item, r, c):
                grey = "" if inside(item, r, c) else f' fill="{paint("muted", theme)}"'
                out.append(f'<text x="{n(x + (c + 0.5) * w)}" y="{n(y + (r + 0.5) * h + size * 0.35)}"{grey}>{escape(word)}</text>')
    return "".join(out) + "</g>"


def mark(item: Mapping[str, Any], items: Mapping[str, Any], theme: str) -> str:
    """A lit window on a grid: `size` cells from `at`, `step` cells apart; `notes` names the grid whose numbers stand in its corners."""
    if item.get("at") is None:
        return ""
    on = items[item["grid"]]
    x, y, w, h = on["x"], on["y"], on["w"], on["h"]
    (row, col), (tall, wide), (down, right) = item["at"], item.get("size", (1, 1)), item.get("step", (1, 1))
    role, width = item["role"], item.get("sw", 2.5 if min(w, h) >= 8 else 1.5)
    dash = f' stroke-dasharray="{item["dash"]}"' if item.get("dash") else ""
    out = []

    def box(r: int, c: int, rows: int, cols: int, attributes: str) -> str:
        return f'<rect x="{n(x + c * w)}" y="{n(y + r * h)}" width="{n(cols * w)}" height="{n(rows * h)}" {attributes}/>'

    colour = paint(role, theme)
    fill = f'fill="{colour}" fill-opacity="{n(item.get("alpha", 0.22))}"'
    if (down == 1 or tall == 1) and (right == 1 or wide == 1):
        out.append(box(row, col, tall, wide, f'{fill} stroke="{colour}" stroke-width="{n(width)}"{dash}'))
    else:
        hull = f'fill="none" stroke="{colour}" stroke-width="{n(min(width, 1.5))}" stroke-dasharray="4 3"'
        out.append(box(row, col, (tall - 1) * down + 1, (wide - 1) * right + 1, hull))
        for r in range(tall):
            for c in range(wide):
                out.append(box(row + r * down, col + c * right, 1, 1, f'{fill} stroke="{colour}" stroke-width="{n(width)}"'))
    if "notes" in item and min(w, h) >= 34:
        notes = items[item["notes"]]
        size = min(w, h) * 0.26
        out.append(f'<g {font({"size": size, "weight": 700})} text-anchor="end" fill="{paint(role + "-text", theme)}">')
        for r in range(tall):
            for c in range(wide):
                word = notes["text"][r * wide + c]
                out.append(
                    f'<text x="{n(x + (col + c * right + 1) * w - 3.5)}" y="{n(y + (row + r * down + 1) * h - 3.5)}">×{escape(word)}</text>'
                )
        out.append("</g>")
    return "".join(out)


KINDS = {"rect": rect, "line": line, "path": path, "circle": circle, "text": text, "grid": grid, "mark": mark}


def body(items: Mapping[str, Mapping[str, Any]], theme: str) -> str:
    """All items in order, each in a group that carries its id as `data-id` and its hover text as <title>."""
    out = []
    for name, item in items.items():
        if item.get("hide"):
            out.append(f'<g data-id="{escape(name)}"></g>')
            continue
        faded = f' opacity="{n(item["opacity"])}"' if "opacity" in item else ""
        tip = f"<title>{escape(item['tip'])}</title>" if item.get("tip") else ""
        out.append(f'<g data-id="{escape(name)}"{faded}>{tip}{KINDS[item["kind"]](item, items, theme)}</g>')
    return "".join(out)


def picture(items: Mapping[str, Mapping[str, Any]], width: float, height: float, title: str, alt: str, caption: str, theme: str) -> str:
    """A stand-alone SVG: the drawing with its title above and its caption below, both read by screen readers too."""
    room = (width + MARGIN) / WIDER
    heads: Sequence[str] = wrap(title, room, 17, weight=600)
    feet: Sequence[str] = wrap(caption, room, 13)
    top = MARGIN + (22 * len(heads) + 12 if heads else 0)
    total = top + height + (12 + 18 * len(feet) if feet else 0) + MARGIN
    full = width + 2 * MARGIN
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{n(full)}" height="{n(total)}" viewBox="0 0 {n(full)} {n(total)}">',
        f"<title>{escape(title)}</title><desc>{escape(alt)}</desc>",
        f'<rect x="0" y="0" width="{n(full)}" height="{n(total)}" fill="{paint("paper", theme)}"/>',
    ]
    for i, words in enumerate(heads):
        out.append(text({"x": MARGIN, "y": MARGIN + 17 + 22 * i, "size": 17, "weight": 600, "text": words}, {}, theme))
    out.append(f'<g transform="translate({MARGIN} {n(top)})">{body(items, theme)}</g>')
    for i, words in enumerate(feet):
        out.append(text({"x": MARGIN, "y": top + height + 12 + 13 + 18 * i, "size": 13, "paint": "muted", "text": words}, {}, theme))
    return "".join(out) + "</svg>\n"


__all__ = ["DASH", "HATCH", "body", "hatching", "is_shown", "picture", "shown"]
