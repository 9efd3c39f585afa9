"""A picture with sliders and no kernel: every choice is drawn beforehand, equal pictures are kept once."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_lib.records import text_of
from course_lib.views.scene import Scene

MOST = 64  # pictures
LIMIT = 2_000_000  # bytes of data


def knobs_of(values: dict[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """The sliders: name, values, and the words that stand beside them."""
    out = []
    for name, choices in values.items():
        if not isinstance(choices, Sequence | range) or isinstance(choices, str) or not len(choices):
            raise ValueError(f"{name}: want a list of values to choose from, got {choices!r}")
        words = [text_of(choice) for choice in choices]
        out.append({"name": name, "values": list(range(len(choices))), "shown": words})
    return out


@dataclass(frozen=True, eq=False)
class Variants:
    """Scenes by choice, with the same doors as a Scene: svg, data, fragment, html, save, notebook display."""

    scenes: tuple[Scene, ...]
    which: tuple[int, ...]
    knobs: tuple[dict[str, Any], ...]
    start: tuple[int, ...]

    @property
    def first(self) -> Scene:
        """The scene of the sliders' first positions."""
        index = 0
        for knob, at in zip(self.knobs, self.start, strict=True):
            index = index * len(knob["values"]) + at
        return self.scenes[self.which[index]]

    @property
    def title(self) -> str:
        return self.first.title

    @property
    def alt(self) -> str:
        return self.first.alt

    @property
    def poster(self) -> int:
        return self.first.poster

    def __len__(self) -> int:
        return len(self.first)

    def __repr__(self) -> str:
        return f"Variants({', '.join(k['name'] for k in self.knobs)}; {len(self.scenes)} pictures) of {self.first!r}"

    def svg(self, frame: int = 0, theme: str = "light") -> str:
        return self.first.svg(frame, theme)

    def drawing(self, frame: int = 0, theme: str = "page") -> str:
        return self.first.drawing(frame, theme)

    def data(self) -> dict[str, Any]:
        return {
            "scenes": [scene.data() for scene in self.scenes],
            "which": list(self.which),
            "knobs": list(self.knobs),
            "start": list(self.start),
        }

    def fragment(self) -> str:
        from course_lib.views.page import fragment

        return fragment(self)

    def html(self) -> str:
        from course_lib.views.page import page

        return page(self)

    def save(self, path: str | Path, frame: int | None = None, theme: str = "light") -> Path:
        """As Scene.save; .html keeps the sliders, the other kinds show the first choice."""
        if Path(path).suffix.lower() == ".html":
            Path(path).write_text(self.html(), encoding="utf-8")
            return Path(path)
        return self.first.save(path, frame, theme)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from course_lib.views.page import notebook_bundle

        return notebook_bundle(self)


def variants(function: Callable[..., Scene], **values: Sequence[Any]) -> Variants:
    """`function` called for every combination of the values; a slider a name: variants(draw, stride=[1, 2, 3]).

    Raises ValueError for no sliders, for more than 64 combinations and for more than 2 MB of pictures.
    """
    if not values:
        raise ValueError("values: want at least one slider, as in variants(draw, stride=[1, 2, 3])")
    knobs = knobs_of(values)
    count = 1
    for knob in knobs:
        count *= len(knob["values"])
    if count > MOST:
        raise ValueError(f"values: {count} combinations, at most {MOST} are drawn beforehand; give fewer values or fewer sliders")
    scenes: list[Scene] = []
    seen: dict[str, int] = {}
    which = []
    for choice in itertools.product(*values.values()):
        scene = function(**dict(zip(values, choice, strict=True)))
        if not isinstance(scene, Scene):
            raise ValueError(f"function: want a Scene back, got {type(scene).__name__}")
        key = json.dumps(scene.data(), sort_keys=True)
        if key not in seen:
            seen[key] = len(scenes)
            scenes.append(scene)
        which.append(seen[key])
        if sum(map(len, seen)) > LIMIT:
            raise ValueError(f"values: the pictures take more than {LIMIT // 1_000_000} MB; draw smaller ones or fewer")
    return Variants(tuple(scenes), tuple(which), tuple(knobs), (0,) * len(knobs))
