"""Pictures as pixels: draws the small SVG that svg.py writes, with Pillow, for .png and .gif where no browser is at hand.

It knows exactly svg.py's subset (rect, path of M m L h v l z, circle, text, groups that shift and scale) and refuses the rest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

SOURCE = "SVG 1.1, sections 8 (paths) and 11 (painting), the part that svg.py uses"

FINE = 3  # drawn this many times larger, then averaged: smooth edges
SPACE = "{http://www.w3.org/2000/svg}"
Affine = tuple[float, float, float, float]  # scale x, scale y, shift x, shift y


class Canvas:
    """A picture being painted: `image`, and the layer drawing that alpha needs."""

    def __init__(self, width: float, height: float, scale: float) -> None:
        from PIL import Image

        self.size = round(width * scale * FINE), round(height * scale * FINE)
        self.image = Image.new("RGBA", self.size, (255, 255, 255, 255))
        self.final = round(width * scale), round(height * scale)

    def finished(self) -> Any:
        from PIL import Image

        return self.image.resize(self.final, Image.Resampling.LANCZOS).convert("RGB")


def colour(value: str | None, alpha: float) -> tuple[int, int, int, int] | None:
    if value in (None, "none"):
        return None
    assert value is not None
    return int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16), round(255 * alpha)


def points(d: str) -> list[list[tuple[float, float]]]:
    """The polygons or lines of a path."""
    out: list[list[tuple[float, float]]] = []
    x = y = 0.0
    for letter, rest in re.findall(r"([MmLhvlzZ])([^MmLhvlzZ]*)", d):
        numbers = [float(v) for v in re.findall(r"-?[\d.]+", rest)]
        if letter in "Mm":
            x, y = numbers if letter == "M" else (x + numbers[0], y + numbers[1])
            out.append([(x, y)])
            continue
        if letter == "L":
            x, y = numbers
        elif letter == "l":
            x, y = x + numbers[0], y + numbers[1]
        elif letter == "h":
            x += numbers[0]
        elif letter == "v":
            y += numbers[0]
        else:
            x, y = out[-1][0]
        out[-1].append((x, y))
    return out


def dashed(line: list[tuple[float, float]], pattern: Sequence[float]) -> list[list[tuple[float, float]]]:
    """A line cut into its dashes."""
    out: list[list[tuple[float, float]]] = []
    index, left = 0, pattern[0]
    for (x1, y1), (x2, y2) in zip(line, line[1:], strict=False):
        length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
        done = 0.0
        while done < length - 1e-9:
            step = min(left, length - done)
            if index % 2 == 0:
                a, b = done / length, (done + step) / length
                out.append([(x1 + a * (x2 - x1), y1 + a * (y2 - y1)), (x1 + b * (x2 - x1), y1 + b * (y2 - y1))])
            done, left = done + step, left - step
            if left <= 1e-9:
                index += 1
                left = pattern[index % len(pattern)]
    return out


def typeface(family: str, weight: int, size: float) -> Any:
    """DejaVu, which matplotlib brings along, at this size in pixels."""
    import matplotlib
    from PIL import ImageFont

    name = ("DejaVuSansMono" if "mono" in family.lower().split(",")[0] else "DejaVuSans") + ("-Bold" if weight >= 600 else "")
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"
    return ImageFont.truetype(str(path), max(1, round(size)))


def paint(canvas: Canvas, element: ElementTree.Element, inherited: dict[str, str], at: Affine, alpha: float) -> None:
    from PIL import Image, ImageDraw

    tag = element.tag.removeprefix(SPACE)
    style = {**inherited, **element.attrib}
    sx, sy, dx, dy = at
    turn = 0.0
    if "transform" in element.attrib:
        for word, rest in re.findall(r"(\w+)\(([^)]*)\)", element.attrib["transform"]):
            v = [float(x) for x in rest.split()]
            if word == "translate":
                dx, dy = dx + sx * v[0], dy + sy * v[1]
            elif word == "scale":
                sx, sy = sx * v[0], sy * v[1]
            elif word == "rotate":
                turn = v[0]
            else:
                raise ValueError(f"raster: cannot draw the transform {word!r}")
        style.pop("transform")
    alpha *= float(element.attrib.get("opacity", 1))
    if tag in ("svg", "g"):
        for child in element:
            paint(canvas, child, {k: v for k, v in style.items() if k != "opacity"}, (sx, sy, dx, dy), alpha)
        return
    if tag in ("title", "desc"):
        return
    layer = (
        Image.new("RGBA", canvas.size, (0, 0, 0, 0)) if alpha < 1 or "fill-opacity" in style or "stroke-opacity" in style else canvas.image
    )
    pen = ImageDraw.Draw(layer)
    fill = colour(style.get("fill", "#000000"), alpha * float(style.get("fill-opacity", 1)))
    stroke = colour(style.get("stroke"), alpha * float(style.get("stroke-opacity", 1)))
    # a stroke inside a scaled group (tints) is as wide as a cell is high
    wide = float(style.get("stroke-width", 1)) * sy

    def place(x: float, y: float) -> tuple[float, float]:
        return dx + sx * x, dy + sy * y

    if tag == "rect":
        x, y, w, h = (float(element.attrib[k]) for k in ("x", "y", "width", "height"))
        corners = [place(x, y), place(x + w, y), place(x + w, y + h), place(x, y + h)]
        box = [corners[0], (corners[2][0] - 1, corners[2][1] - 1)]
        if fill and box[1][0] >= box[0][0] and box[1][1] >= box[0][1]:
            pen.rounded_rectangle(box, min(float(style.get("rx", 0)) * sx, w * sx / 2, h * sy / 2), fill=fill)
        if stroke:
            outline(pen, [*corners, corners[0]], stroke, wide, style, sx)
    elif tag == "circle":
        (x, y), r = place(float(element.attrib["cx"]), float(element.attrib["cy"])), float(element.attrib["r"]) * sx
        pen.ellipse([x - r, y - r, x + r, y + r], fill=fill, outline=stroke, width=max(1, round(wide)))
    elif tag == "path":
        shapes = [[place(x, y) for x, y in part] for part in points(element.attrib["d"])]
        if fill:
            if style.get("fill-rule") == "evenodd":
                mask = Image.new("L", canvas.size, 0)
                for part in shapes:
                    other = Image.new("L", canvas.size, 0)
                    ImageDraw.Draw(other).polygon(part, fill=255)
                    from PIL import ImageChops

                    mask = ImageChops.logical_xor(mask.convert("1"), other.convert("1")).convert("L")
                layer.paste(Image.new("RGBA", canvas.size, fill), mask=mask)
            else:
                for part in shapes:
                    if len(part) > 2:
                        pen.polygon(part, fill=fill)
        if stroke:
            for part in shapes:
                outline(pen, part, stroke, wide, style, sx)
    elif tag == "text":
        words(pen, layer, element, style, place, sy, fill, turn)
    else:
        raise ValueError(f"raster: cannot draw <{tag}>")
    if layer is not canvas.image:
        canvas.image.alpha_composite(layer)


def outline(pen: Any, line: list[tuple[float, float]], stroke: Any, wide: float, style: dict[str, str], scale: float) -> None:
    """A stroke, dashed or not; level and upright pieces as boxes, so that their ends are square and their width is exact."""
    pattern = [float(v) * scale for v in style.get("stroke-dasharray", "").split()]
    pieces = dashed(line, pattern) if pattern else [[a, b] for a, b in zip(line, line[1:], strict=False)]
    closed = not pattern and len(line) > 2
    for (x1, y1), (x2, y2) in pieces:
        half = wide / 2
        if abs(x1 - x2) < 0.01 or abs(y1 - y2) < 0.01:
            along_x = half if closed or abs(y1 - y2) >= 0.01 else 0
            along_y = half if closed or abs(x1 - x2) >= 0.01 else 0
            if abs(y1 - y2) < 0.01:
                along_y = half
            if abs(x1 - x2) < 0.01:
                along_x = half
            box = [min(x1, x2) - along_x, min(y1, y2) - along_y, max(x1, x2) + along_x - 1, max(y1, y2) + along_y - 1]
            pen.rectangle([box[0], box[1], max(box[0], box[2]), max(box[1], box[3])], fill=stroke)
        else:
            pen.line([(x1, y1), (x2, y2)], fill=stroke, width=max(1, round(wide)))


def words(
    pen: Any, layer: Any, element: ElementTree.Element, style: dict[str, str], place: Any, scale: float, fill: Any, turn: float
) -> None:
    size = float(style.get("font-size", 14)) * scale
    anchor = {"start": "l", "middle": "m", "end": "r"}[style.get("text-anchor", "start")] + "s"

    def put(x: float, y: float, text: str, weight: str, shade: Any, where: str = anchor) -> float:
        # DejaVu runs wider than the faces the layout reckons with: a little smaller, it takes the same room
        mono = "mono" in style["font-family"].lower().split(",")[0]
        face = typeface(style["font-family"], int(weight), size if mono else size * 0.9)
        if turn:
            from PIL import Image, ImageDraw

            # on a sheet of its own, as wide as the text is to either side: near an edge it would be cut before it is turned
            side = int(face.getlength(text) + size) + 1
            sheet = Image.new("RGBA", (2 * side, 2 * side), (0, 0, 0, 0))
            ImageDraw.Draw(sheet).text((side + x % 1, side + y % 1), text, font=face, fill=shade, anchor=where)
            left, top = int(x) - side, int(y) - side
            turned = sheet.rotate(-turn, center=(side + x % 1, side + y % 1))
            layer.alpha_composite(turned, (max(0, left), max(0, top)), (max(0, -left), max(0, -top)))
        else:
            halo = colour(style.get("stroke"), 1)
            pen.text((x, y), text, font=face, fill=shade, anchor=where, stroke_width=round(1.5 * scale) if halo else 0, stroke_fill=halo)
        return float(face.getlength(text))

    x, y = place(float(element.attrib["x"]), float(element.attrib["y"]))
    if element.text:
        put(x, y, element.text, style.get("font-weight", "400"), fill)
    for span in element:
        if "x" in span.attrib:
            x, y = place(float(span.attrib["x"]), float(span.attrib["y"]))
        x += put(
            x, y, span.text or "", span.attrib.get("font-weight", style.get("font-weight", "400")), colour(span.attrib["fill"], 1), "ls"
        )


def drawn(svg: str, scale: float) -> Any:
    """A Pillow image of an SVG that svg.py wrote in a theme with plain colours."""
    root = ElementTree.fromstring(svg)
    canvas = Canvas(float(root.attrib["width"]), float(root.attrib["height"]), scale)
    paint(canvas, root, {}, (scale * FINE, scale * FINE, 0.0, 0.0), 1.0)
    return canvas.finished()


def png(svg: str, path: Path, scale: float = 2.0) -> None:
    drawn(svg, scale).save(path, optimize=True)


def gif(frames: Sequence[str], path: Path, milliseconds: int = 900) -> None:
    """All frames, once a `milliseconds`, the last one longer, over and over."""
    from PIL import Image

    pictures = [drawn(svg, 1.0) for svg in frames]
    size = max(p.width for p in pictures), max(p.height for p in pictures)
    level = []
    for picture in pictures:  # captions of more lines make taller pictures; all get the size of the tallest
        sheet = Image.new("RGB", size, picture.getpixel((0, 0)))
        sheet.paste(picture)
        level.append(sheet.convert("P", palette=Image.Palette.ADAPTIVE, colors=128))
    level[0].save(
        path, save_all=True, append_images=level[1:], duration=[milliseconds] * (len(level) - 1) + [3 * milliseconds], loop=0, optimize=True
    )
