"""A picture as frozen data: items with ids, frames that say what changes, and who lights up when the pointer is where.

    Scene.items    drawing primitives in painting order, each a dict with `kind` and `id` (svg.py draws them):
        rect    x y w h, rx, hatch                    circle  x y r            fill, stroke, sw (its width), dash, alpha: any shape;
        line    x1 y1 x2 y2, arrow                    path    d                `fill` and `stroke` are names from palette.py
        text    x y, text or lines of [words, paint] spans, size weight font anchor paint turn halo
        grid    x y rows cols w h (of a cell) role; text, tint (a digit a cell), pad, bands, upto cells filled in `order`
        mark    a lit window on a grid: at, size, step (dilation), role; notes names the grid whose numbers stand in it
        all     tip (hover text), hide, opacity; a grid also: name with {r} {c}, from, cells (hover text each), frames (one a cell)
    Scene.frames   Frame(caption, changes): changes[id] = the attributes that differ from the frame before
    Scene.links    from a cell of one grid to a window of cells in others, affine in the cell's digits (see `forward`);
                   `back` names the role in which a cell of those lights the cells it came from
    Scene.recall   items that, while an output with a frame of its own is looked at, stand as in that frame

The same data is drawn by `svg.py` (static) and played by `static/player.js` (live); nothing in it is code.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course_lib.views.svg import KINDS, body, is_shown, picture

Item = dict[str, Any]


@dataclass(frozen=True)
class Frame:
    """One step: the words said with it, and per item id the attributes that change (None takes an attribute away)."""

    caption: str
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Scene:
    """Frames of drawing primitives with ids, hover text and alt text: what a view returns.

    `len(scene)` is the number of frames. `width` and `height` are pixels. `poster` is the frame a still picture shows.
    Raises ValueError for an unknown kind, an id used twice, a frame or link that names no item.
    """

    title: str
    alt: str
    width: float
    height: float
    items: Sequence[Item]
    frames: Sequence[Frame]
    links: Sequence[Mapping[str, Any]] = ()
    poster: int = 0
    recall: Sequence[str] = ()

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "items", tuple(dict(item) for item in self.items))
        put(self, "frames", tuple(self.frames))
        put(self, "links", tuple(self.links))
        names = [item["id"] for item in self.items]
        twice = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
        if twice:
            raise ValueError(f"items: the id {sorted(twice)[0]!r} is used twice")
        known = set(names)
        for item in self.items:
            if item["kind"] not in KINDS:
                raise ValueError(f"items: {item['id']!r} has the unknown kind {item['kind']!r}; there are {', '.join(KINDS)}")
            for key in ("grid", "notes"):
                if key in item and item[key] not in known:
                    raise ValueError(f"items: {item['id']!r} refers to {item[key]!r}, which is not there")
        if not self.frames:
            raise ValueError("frames: want at least one")
        if not self.title or not self.alt:
            raise ValueError("title, alt: a picture needs both, for those who cannot see it")
        for index, frame in enumerate(self.frames):
            for name in frame.changes:
                if name not in known:
                    raise ValueError(f"frames: frame {index} changes {name!r}, which is not there")
        for link in self.links:
            for name in (link["from"], *link["to"]):
                if name not in known:
                    raise ValueError(f"links: {name!r} is not there")
        if not 0 <= self.poster < len(self.frames):
            raise ValueError(f"poster: want a frame from 0 to {len(self.frames) - 1}, got {self.poster}")

    def __len__(self) -> int:
        return len(self.frames)

    def __repr__(self) -> str:
        return f"Scene({self.title!r}, {len(self)} frame{'s' if len(self) > 1 else ''}): {self.alt}"

    def _index(self, frame: int) -> int:
        if not -len(self) <= frame < len(self):
            raise ValueError(f"frame: want 0 to {len(self) - 1}, got {frame}")
        return frame % len(self)

    def at(self, frame: int) -> dict[str, Item]:
        """All items as they are in one frame, by id: the changes of the frames before and of this one put on the items."""
        state = {item["id"]: dict(item) for item in self.items}
        for step in self.frames[: self._index(frame) + 1]:
            for name, changes in step.changes.items():
                state[name].update(changes)
                for key in [key for key, value in changes.items() if value is None]:
                    del state[name][key]
        return state

    def lit(self, grid: str, row: int, col: int) -> list[Item]:
        """The windows that light up when the pointer is on a cell: marks with grid, at, size, step, role."""
        out = []
        for link in self.links:
            if link["from"] == grid:
                out += forward(link, row, col)
            elif grid in link["to"] and link.get("back"):
                source = next(item for item in self.items if item["id"] == link["from"])
                for r in range(source["rows"]):
                    for c in range(source["cols"]):
                        if any(m["grid"] == grid and covers(m, row, col) for m in forward(link, r, c)):
                            out.append({"grid": link["from"], "at": [r, c], "size": [1, 1], "step": [1, 1], "role": link["back"]})
        return out

    def svg(self, frame: int = 0, theme: str = "light") -> str:
        """One frame as a stand-alone SVG document, with title and caption; theme "light" or "dark"."""
        index = self._index(frame)
        return picture(self.at(index), self.width, self.height, self.title, self.alt, self.frames[index].caption, theme)

    def drawing(self, frame: int = 0, theme: str = "page") -> str:
        """One frame's SVG for inside a page: no title or caption, colours that follow the page."""
        from course_lib.views.svg import escape, n

        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(self.alt)}"'
            f' viewBox="0 0 {n(self.width)} {n(self.height)}">{body(self.at(self._index(frame)), theme)}</svg>'
        )

    def data(self) -> dict[str, Any]:
        """All of it as plain lists and dicts: what the player plays. A frame says only what differs from the frame before."""
        out: dict[str, Any] = {
            "title": self.title,
            "alt": self.alt,
            "width": self.width,
            "height": self.height,
            "items": list(self.items),
            "frames": [{"caption": frame.caption, "set": news} for frame, news in zip(self.frames, self._news(), strict=True)],
            "links": list(self.links),
            "recall": list(self.recall),
        }
        return json.loads(json.dumps(out))  # type: ignore[no-any-return]

    def _news(self) -> Iterator[dict[str, Item]]:
        """The changes of each frame without those that change nothing: views may say again what already is so."""
        state = {item["id"]: dict(item) for item in self.items}
        for step in self.frames:
            news = {}
            for name, changes in step.changes.items():
                if differs := {key: value for key, value in changes.items() if state[name].get(key) != value}:
                    news[name] = differs
                    state[name].update(differs)
            yield news

    def fragment(self) -> str:
        """HTML for inside a page that includes `player_assets()` once: the still picture, and the data to play it."""
        from course_lib.views.page import fragment

        return fragment(self)

    def html(self) -> str:
        """A page of its own: opens from a file, asks nothing of any network."""
        from course_lib.views.page import page

        return page(self)

    def save(self, path: str | os.PathLike[str], frame: int | None = None, theme: str = "light") -> Path:
        """Write .svg or .png (one frame), .gif (all frames) or .html (plays); returns the path.

        .png and .gif need Pillow, which comes with matplotlib. Raises ValueError for another ending.
        """
        target = Path(path)
        still = self.poster if frame is None else frame
        ending = target.suffix.lower()
        if ending == ".svg":
            target.write_text(self.svg(still, theme), encoding="utf-8")
        elif ending == ".html":
            target.write_text(self.html(), encoding="utf-8")
        elif ending in (".png", ".gif"):
            from course_lib.views import raster

            if ending == ".png":
                raster.png(self.svg(still, theme), target)
            else:
                raster.gif([self.svg(index, theme) for index in range(len(self))], target)
        else:
            raise ValueError(f"path: want a name ending in .svg, .png, .gif or .html, got {str(path)!r}")
        return target

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """For notebooks: the still SVG and words everywhere; where pages may run scripts, also the player (no kernel needed)."""
        from course_lib.views.page import notebook_bundle

        return notebook_bundle(self)


def digits(index: int, radix: Sequence[int]) -> list[int]:
    """`index` written in the mixed radix, most significant digit first: digits(5, [2, 3]) = [1, 2]."""
    out = []
    for base in reversed(radix):
        out.append(index % base)
        index //= base
    return out[::-1]


def forward(link: Mapping[str, Any], row: int, col: int) -> list[Item]:
    """The windows one cell lights along one link; at = offset + coefficients · digits, in rows and in columns."""
    d = digits(row, link["radix"][0]) + digits(col, link["radix"][1])
    at = [way[0] + sum(a * b for a, b in zip(way[1:], d, strict=True)) for way in (link["row"], link["col"])]
    names = link["to"] if link.get("pick") is None else [link["to"][d[link["pick"]]]]
    size, step = link.get("size", [1, 1]), link.get("step", [1, 1])
    return [{"grid": name, "at": at, "size": size, "step": step, "role": link["role"]} for name in names]


def covers(window: Mapping[str, Any], row: int, col: int) -> bool:
    """Is this cell one of the window's?"""
    for i, place in enumerate((row, col)):
        off = place - window["at"][i]
        if off < 0 or off % window["step"][i] or off // window["step"][i] >= window["size"][i]:
            return False
    return True


__all__ = ["Frame", "Scene", "covers", "digits", "forward", "is_shown"]
