"""Arrays as heat maps of cache lines while a loop runs: which lines are in the cache now, and how often each was fetched.

A cell is an element. Its heat is how often its line has been fetched; the outlined lines are in the cache at this moment; the
marked cell is being touched, green for a hit and red, with a cross, for a miss. The film of the cache is a Timeline: its units
are the places of the cache, its labels the numbers of the lines, a cycle an access.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np

from course_lib.records import Timeline, Trace
from course_lib.views.chart import box, count, in_order, roles
from course_lib.views.parts import label, sample
from course_lib.views.scene import Frame, Item, Scene

SOURCE = "Lecture, frames 'Background: Memory System' and 'Same complexity; same real runtime?'"

MOST_FRAMES = 60
MOST_CELLS = 4096


def misses_of(trace: Trace, film: Timeline, line: int) -> np.ndarray:
    """Which accesses found their line not in the cache: those that were not there one access before."""
    number = {int(text): i for i, text in enumerate(film.labels)}
    which = np.array([number[int(a)] for a in trace.address // line])
    before = np.vstack([np.full((1, film.busy.shape[1]), -1), film.busy[:-1]]) if len(film.busy) else film.busy
    return (before != which[:, None]).all(1)  # type: ignore[no-any-return]


class Panel:
    """One run: its arrays from (x, y) on, and the changes from shown access to shown access."""

    def __init__(
        self, key: str, trace: Trace, film: Timeline, line: int, x: float, wide: float, title: str, shown: list[int], hottest: int
    ):
        self.key, self.trace, self.film, self.line, self.shown, self.hottest = key, trace, film, line, shown, hottest
        self.missed = misses_of(trace, film, line)
        self.total = np.cumsum(self.missed)
        self.items: list[Item] = []
        self.wide, self.x = wide, x
        role = roles(trace.names)
        y = 0.0
        if title:
            self.items.append(label(f"{key}title", x, 14, title, size=15, weight=600))
            y = 26.0
        self.items.append(label(f"{key}count", x, y + 16, "", size=18, weight=700))
        self.items.append({"kind": "rect", "id": f"{key}bar", "x": x, "y": y + 26, "w": wide, "h": 8, "rx": 2, "fill": "faint"})
        self.items.append({"kind": "rect", "id": f"{key}bar.miss", "x": x, "y": y + 26, "w": 0, "h": 8, "rx": 2, "fill": "alert"})
        y += 44
        self.grids: list[tuple[str, int, int, int, float, float, float]] = []
        for name in in_order(trace.names):
            i = trace.names.index(name)
            buffer = trace.buffers[i]
            if not trace.of(name).any() or prod(buffer.shape) > MOST_CELLS:
                continue
            cols = buffer.shape[-1] if buffer.shape else 1
            rows = max(1, prod(buffer.shape) // max(cols, 1))
            cell = max(2.0, min(20.0, (wide - 2) / cols, 300 / rows))
            words = [[[name, f"{role[name]}-text", 700], [f"  {' × '.join(map(str, buffer.shape)) or 'one number'}", "muted"]]]
            self.items.append({"kind": "text", "id": f"{key}{name}.head", "x": x, "y": y + 14, "size": 14, "lines": words})
            y += 22
            self.items.append(
                {
                    "kind": "grid",
                    "id": f"{key}{name}",
                    "x": x,
                    "y": y,
                    "rows": rows,
                    "cols": cols,
                    "w": cell,
                    "h": cell,
                    "role": "alert",
                    "bands": [[0, rows, "faint"]],
                    "tint": "0" * (rows * cols),
                    "name": f"{name}[{{r}}, {{c}}]",
                }
            )
            self.items.append({"kind": "path", "id": f"{key}{name}.in", "d": "", "stroke": "ink", "sw": 1.5 if cell >= 6 else 1})
            self.items.append(
                {
                    "kind": "mark",
                    "id": f"{key}{name}.here",
                    "grid": f"{key}{name}",
                    "at": None,
                    "size": [1, 1],
                    "role": "oa",
                    "sw": 3,
                    "alpha": 0.5,
                }
            )
            self.items.append({"kind": "path", "id": f"{key}{name}.cross", "d": "", "stroke": "ink", "sw": 1.5})
            self.grids.append((name, i, rows, cols, cell, x, y))
            y += rows * cell + 16
        self.bottom = y
        self.fetched: dict[int, int] = {}

    def change(self, step: int) -> dict[str, dict[str, object]]:
        last = min(self.shown[step], len(self.trace) - 1)
        first = min(self.shown[step - 1] + 1, len(self.trace)) if step else 0
        for n in range(first, last + 1):
            if self.missed[n]:
                number = int(self.trace.address[n]) // self.line
                self.fetched[number] = self.fetched.get(number, 0) + 1
        now = {int(self.film.labels[v]) for v in self.film.busy[last] if v >= 0}
        share = self.total[last] / (last + 1)
        out: dict[str, dict[str, object]] = {
            f"{self.key}count": {
                "text": f"{count(self.total[last])} misses in {count(last + 1)} ({share:.0%})",
                "paint": "alert-text" if share > 0.3 else "ink",
            },
            f"{self.key}bar.miss": {"w": round(self.wide * float(share), 2)},
        }
        for name, i, rows, cols, cell, x, y in self.grids:
            buffer = self.trace.buffers[i]
            lines = (buffer.base + np.arange(rows * cols) * buffer.itemsize) // self.line
            heat = [self.fetched.get(int(v), 0) for v in lines]
            out[f"{self.key}{name}"] = {"tint": "".join(f"{min(15, 2 + round(13 * h / self.hottest)):x}" if h else "0" for h in heat)}
            d = ""
            for number in sorted(now & set(lines.tolist())):
                cells = np.flatnonzero(lines == number)
                for r in range(cells[0] // cols, cells[-1] // cols + 1):  # a line may run over the end of a row
                    a, b = max(cells[0], r * cols) % cols, min(cells[-1], r * cols + cols - 1) % cols
                    d += box(x + a * cell, y + r * cell, (b + 1 - a) * cell, cell)
            out[f"{self.key}{name}.in"] = {"d": d}
            here, cross = None, ""
            if self.trace.tensor[last] == i:
                e = int((self.trace.address[last] - buffer.base) // buffer.itemsize)
                here = [e // cols, e % cols]
                if self.missed[last]:
                    cx, cy, side = round(x + (e % cols) * cell, 2), round(y + (e // cols) * cell, 2), round(cell, 2)
                    cross = f"M{cx} {cy}l{side} {side}M{round(cx + cell, 2)} {cy}l{-side} {side}"
            out[f"{self.key}{name}.here"] = {"at": here, "role": "alert" if self.missed[last] else "oa"}
            out[f"{self.key}{name}.cross"] = {"d": cross}
        return out

    def says(self) -> str:
        return f"{count(self.total[-1])} of {count(len(self.trace))} accesses miss"


def checked(name: str, trace: Trace, film: Timeline) -> None:
    if not len(trace):
        raise ValueError(f"{name}: the trace is empty, there is nothing to draw")
    if film.cycles != len(trace):
        raise ValueError(f"{name}: the film has {film.cycles:,} cycles for {len(trace):,} accesses; want one an access")
    if all(prod(b.shape) > MOST_CELLS or not trace.of(b.name).any() for b in trace.buffers):
        raise ValueError(f"{name}: every array has more than {MOST_CELLS:,} elements; trace a smaller example")


def cache_lines(trace: Trace, film: Timeline, line: int = 64, title: str = "Cache lines") -> Scene:
    """One run: `trace`, and what the cache held after each access; `line` in bytes. Raises ValueError where the two do not fit."""
    return cache_lines_compared({"": (trace, film)}, line, title)


def cache_lines_compared(runs: Mapping[str, tuple[Trace, Timeline]], line: int = 64, title: str = "Same work, other order") -> Scene:
    """Up to three runs side by side, in step: {"by rows": (trace, film), "by columns": (trace, film)}; one scale of heat for all."""
    if not 1 <= len(runs) <= 3:
        raise ValueError(f"runs: want one to three, got {len(runs)}")
    hottest = 1
    for name, (trace, film) in runs.items():
        checked(name or "trace", trace, film)
        missed = misses_of(trace, film, line)
        if missed.any():
            hottest = max(hottest, int(np.unique(trace.address[missed] // line, return_counts=True)[1].max()))
    longest = max(len(trace) for trace, _ in runs.values())
    shown = sample(longest, MOST_FRAMES)
    wide, gap = {1: 400.0, 2: 300.0, 3: 250.0}[len(runs)], 40.0
    panels = [Panel(str(i), t, f, line, i * (wide + gap), wide, name, shown, hottest) for i, (name, (t, f)) in enumerate(runs.items())]
    frames = []
    for step, n in enumerate(shown):
        changes: dict[str, dict[str, object]] = {}
        for panel in panels:
            changes |= panel.change(step)
        frames.append(
            Frame(
                f"Access {count(n + 1)} of {count(longest)}. Outlined: in the cache now; the darker, the more often fetched; cross: miss.",
                changes,
            )
        )
    alt = "; ".join(f"{name}: {p.says()}" if name else p.says() for name, p in zip(runs, panels, strict=True)) + f"; lines of {line} bytes."
    width = len(panels) * (wide + gap) - gap + 2
    return Scene(title, alt, width, max(p.bottom for p in panels), [i for p in panels for i in p.items], frames, poster=len(frames) - 1)
