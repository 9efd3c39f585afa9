"""A Scene in a page: as a part of a deck, as a page of its own, or as a notebook's output.

In a notebook the output is HTML that holds the player and its data. It therefore plays with or without a kernel, after a
restart, in a copy of the notebook, and twice on one page. Where scripts are taken out (an untrusted notebook, a mail
reader) the still picture inside it stays; where HTML is not shown at all (a code host), the SVG beside it is.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Protocol
from urllib.parse import quote

from course_lib.views.palette import css_variables
from course_lib.views.svg import escape

BUNDLE_LIMIT = 4_000_000  # bytes of output above which a notebook gets the still picture only


class Playable(Protocol):
    """What a page can show: a Scene, or Variants of one."""

    @property
    def title(self) -> str: ...
    @property
    def alt(self) -> str: ...
    @property
    def poster(self) -> int: ...
    def svg(self, frame: int = 0, theme: str = "light") -> str: ...
    def drawing(self, frame: int = 0, theme: str = "page") -> str: ...
    def data(self) -> dict[str, Any]: ...


@functools.cache
def player_assets() -> tuple[str, str]:
    """(css, js) of the player: include each once a page, the script after the last fragment or anywhere in the head."""
    static = files("course_lib.views") / "static"
    return css_variables() + (static / "player.css").read_text(encoding="utf-8"), (static / "player.js").read_text(encoding="utf-8")


def embedded(data: Mapping[str, Any]) -> str:
    """JSON that may stand inside a <script> element."""
    return (
        json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        .replace("<", "\\u003c")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )


def shell(scene: Playable, still: str) -> str:
    """The figure the player takes over: the still picture, its caption, the data."""
    data = scene.data()
    return (
        f'<figure class="scene" role="group" aria-label="{escape(scene.title)}"><div class="scene-stage">{still}</div>'
        f'<script type="application/json" class="scene-data">{embedded(data)}</script></figure>'
    )


def fragment(scene: Playable) -> str:
    return shell(scene, scene.drawing(scene.poster))


def page(scene: Playable) -> str:
    css, js = player_assets()
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(scene.title)}</title>\n<style>{css}\nbody{{margin:0 12px;background:var(--scene-page,#fff)}}"
        f"@media (prefers-color-scheme:dark){{body{{background:#161b22}}}}.scene{{margin:16px auto}}</style></head>\n"
        f"<body>{fragment(scene)}\n<script>{js}</script></body></html>\n"
    )


def graded() -> bool:
    """Is a grader running this notebook? Then nobody looks, and the still picture is enough."""
    return bool(os.environ.get("NBGRADER_EXECUTION") or os.environ.get("COURSE_GRADER_SOCKET"))


def notebook_bundle(scene: Playable) -> dict[str, str]:
    still = scene.svg(scene.poster)
    out = {"image/svg+xml": still, "text/plain": f"{scene.title}. {scene.alt}"}
    if graded():
        return out
    css, js = player_assets()
    html = f"<style>{css}</style>{shell(scene, image(scene.alt, still))}<script>{js}</script>"
    if len(html) <= BUNDLE_LIMIT:
        out["text/html"] = html
    return out


def image(alt: str, svg: str) -> str:
    """The picture as an <img> that holds it."""
    return f'<img alt="{escape(alt)}" src="data:image/svg+xml,{quote(svg, safe=_PLAIN)}">'


_PLAIN = " =:/;,.()-_!*'@$+"  # what may stand as it is in a quoted data address
