"""One-dimensional dataflows as on the slides: three buffers, and which address each of them sees in each cycle.

The buffer stands upright at the left of its plot, so that a cell and the height of its dots are one and the same address.
A filled square is a read, an open one a write; a cell that stays in its register from one cycle to the next is outlined and
called held. Nothing is declared: which tensor is stationary is read off the trace.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from course_lib.records import Trace
from course_lib.views.chart import in_order, plural, roles, ticks
from course_lib.views.parts import label, mark, sample
from course_lib.views.scene import Frame, Item, Scene

SOURCE = "Lecture, frames 'Buffer Access Pattern 1: Output Stationary' and '2: Weight Stationary'"

MOST_FRAMES = 72
MOST_CYCLES = 2000  # dots that still tell something
TALLEST = 260.0  # a buffer, in pixels
COLUMN = 30.0  # the width of a buffer
LEFT = 20.0  # what the numbers of an address axis take


@dataclass(frozen=True)
class Line:
    """One buffer through time: reads and writes so far, the cell in the register and for how long, at each cycle."""

    name: str
    role: str
    size: int
    reads: np.ndarray
    writes: np.ndarray
    at: np.ndarray  # element a cycle, -1 before the first
    held: np.ndarray  # cycles it has been there, this one included
    dots: tuple[tuple[int, int, bool], ...]  # (cycle, element, written)


def lines_of(trace: Trace) -> tuple[list[Line], int]:
    """The buffers of a trace as lines through time, and the number of cycles.

    A cycle is a step of the trace. In a cycle without an access the register holds what is written next, or else what
    was touched last: a sum stays in its register until it is stored, an operand after it was loaded.
    """
    steps, cycle = np.unique(trace.step, return_inverse=True)
    total = len(steps)
    colour = roles(trace.names)
    out = []
    for name in in_order(trace.names):
        buffer = trace.buffers[trace.names.index(name)]
        rows = trace.of(name)
        when, where, store = cycle[rows], trace.element(name), trace.store[rows]
        reads, writes = (np.cumsum(np.bincount(when[which], minlength=total)) for which in (~store, store))
        at = np.full(total, -1)
        if len(when):
            ahead = np.searchsorted(when, np.arange(total), "right") - 1  # the last access up to this cycle
            after = np.minimum(ahead + 1, len(when) - 1)
            waits = (ahead < 0) | (when[np.maximum(ahead, 0)] < np.arange(total))
            coming = waits & store[after] & (when[after] > np.arange(total))
            at = np.where(coming, where[after], np.where(ahead < 0, -1, where[np.maximum(ahead, 0)]))
        held = np.ones(total, np.int64)
        for t in range(1, total):
            held[t] = held[t - 1] + 1 if at[t] == at[t - 1] >= 0 else 1
        dots = sorted({(int(t), int(e), bool(s)) for t, e, s in zip(when, where, store, strict=True)})
        size = max(1, buffer.nbytes // buffer.itemsize)
        out.append(Line(name, colour[name], size, reads, writes, at, held, tuple(dots)))
    return out, total


def stationary(lines: list[Line]) -> str:
    """The tensor that changes its cell least often, where that is seldom: what the dataflow is named after."""
    changes = {line.name: int((np.diff(line.at) != 0).sum()) for line in lines}
    least = min(changes.values())
    found = [name for name, n in changes.items() if n == least]
    return found[0] if len(found) == 1 else ""


CALLED = {"oa": "Output stationary", "w": "Weight stationary", "ia": "Input stationary"}


def titled(lines: list[Line]) -> str:
    still = stationary(lines)
    return next((CALLED.get(line.role, f"{still} stationary") for line in lines if line.name == still), "Buffer access pattern")


def tally(line: Line, t: int) -> list[list[list[str]]]:
    """The counts beside a buffer, in its colour: `reads 12   writes 0`."""
    paint = f"{line.role}-text"
    return [[["reads ", "muted"], [str(int(line.reads[t])), paint], ["   writes ", "muted"], [str(int(line.writes[t])), paint]]]


def holding(line: Line, t: int) -> str:
    """The words under a buffer's name."""
    if line.at[t] < 0:
        return "nothing yet"
    here = f"{line.name}[{line.at[t]}]"
    return f"{here} held, cycle {line.held[t]}" if line.held[t] > 1 else here


class Panel:
    """One trace drawn into a column of the picture: its items, and what changes from shown cycle to shown cycle."""

    def __init__(self, key: str, trace: Trace, x: float, wide: float, title: str, cycles: int, shown: list[int], top: float = 0.0) -> None:
        self.lines, self.cycles = lines_of(trace)
        self.items: list[Item] = [label(f"{key}title", x, top + 14, title or titled(self.lines), weight=600, size=15)]
        self.key, self.shown = key, shown
        self.plot_x, self.plot_w = x + LEFT + COLUMN + 8, wide - LEFT - COLUMN - 8
        self.pitch = self.plot_w / max(cycles, 1)
        y = top + 34.0
        cell = max(1.5, min(17.0, TALLEST / max(line.size for line in self.lines)))
        for line in self.lines:
            y = self.buffer(line, x, y, wide, max(cell, min(17.0, 90 / line.size)))
        self.bottom = y
        axis = [round(t) for t in ticks(0, cycles, max(2, int(self.plot_w / 45))) if t == round(t)]
        self.items += [
            label(f"{key}tick{t}", self.plot_x + max(t - 0.5, 0) * self.pitch, y - 4, str(t), size=11, anchor="middle", paint="muted")
            for t in axis
            if t
        ]
        words = "cycle →"
        self.items.append(label(f"{key}cycles", x + LEFT + COLUMN / 2 - 4, y - 4, words, size=11, anchor="middle", paint="muted"))
        self.items.append(
            {
                "kind": "line",
                "id": f"{key}now",
                "x1": self.plot_x,
                "x2": self.plot_x,
                "y1": top + 74,
                "y2": y - 18,
                "stroke": "ink",
                "sw": 1,
                "dash": "3 3",
                "opacity": 0.55,
                "keep": True,
            }
        )

    def buffer(self, line: Line, x: float, y: float, wide: float, cell: float) -> float:
        """A buffer with its plot from y on; returns where the next one starts."""
        name, left = f"{self.key}{line.name}", x + LEFT
        y += 14
        head = [[[line.name, f"{line.role}-text", 700], [f"  {plural(line.size, 'word')}", "muted"]]]
        self.items.append({"kind": "text", "id": f"{name}.head", "x": left, "y": y, "size": 14, "lines": head})
        self.items.append(
            {"kind": "text", "id": f"{name}.count", "x": x + wide - 128, "y": y, "size": 13, "weight": 600, "lines": tally(line, 0)}
        )
        self.items.append(label(f"{name}.held", left, y + 18, holding(line, 0), size=12, paint="muted"))
        y += 27
        tall = line.size * cell
        words = {"text": [str(i) for i in range(line.size)], "size": min(11.0, cell * 0.68)} if cell >= 12 else {}
        self.items.append(
            {
                "kind": "grid",
                "id": name,
                "x": left,
                "y": y,
                "rows": line.size,
                "cols": 1,
                "w": COLUMN,
                "h": cell,
                "role": line.role,
                "name": f"{line.name}[{{r}}]",
                **words,
            }
        )
        self.items.append({"kind": "rect", "id": f"{name}.plot", "x": self.plot_x, "y": y, "w": self.plot_w, "h": tall, "fill": "faint"})
        side = max(1.2, min(self.pitch * 0.72, cell * 0.72, 9.0))
        for i, t in enumerate(self.shown):
            first = self.shown[i - 1] + 1 if i else 0
            for written in (False, True):
                size = side if not written else max(1.0, side - 1.4)
                d = "".join(
                    f"M{round(self.plot_x + (c + 0.5) * self.pitch - size / 2, 2)} {round(y + (e + 0.5) * cell - size / 2, 2)}"
                    f"h{round(size, 2)}v{round(size, 2)}h{round(-size, 2)}z"
                    for c, e, s in line.dots
                    if first <= c <= t and s == written
                )
                if d:
                    drawn = {"stroke": f"{line.role}-text", "sw": 1.4} if written else {"fill": line.role}
                    self.items.append({"kind": "path", "id": f"{name}.{'w' if written else 'r'}{i}", "d": d, "hide": True, **drawn})
        self.items.append(mark(f"{name}.here", name, None, (1, 1), line.role, alpha=0.35, sw=2.5))
        return y + tall + 20

    def change(self, i: int) -> dict[str, dict[str, object]]:
        """What is new in the i-th shown cycle."""
        t = self.shown[i]
        if i and t >= self.cycles:
            return {}
        t = min(t, self.cycles - 1)
        across = round(self.plot_x + (t + 0.5) * self.pitch, 2)
        out: dict[str, dict[str, object]] = {f"{self.key}now": {"x1": across, "x2": across}}
        known = {item["id"] for item in self.items}
        for line in self.lines:
            name = f"{self.key}{line.name}"
            out[f"{name}.count"] = {"lines": tally(line, t)}
            still = line.held[t] > 1
            out[f"{name}.held"] = {
                "text": holding(line, t),
                "paint": f"{line.role}-text" if still else "muted",
                "weight": 600 if still else 400,
            }
            out[f"{name}.here"] = {"at": [int(line.at[t]), 0] if line.at[t] >= 0 else None, "sw": 4 if still else 2.5}
            for kind in "rw":
                if f"{name}.{kind}{i}" in known:
                    out[f"{name}.{kind}{i}"] = {"hide": None}
        return out

    def says(self, t: int) -> str:
        """This cycle in words."""
        t = min(t, self.cycles - 1)
        cells = {line.role: f"{line.name}[{line.at[t]}]" for line in self.lines if line.at[t] >= 0}
        if {"ia", "w", "oa"} <= set(cells):
            return f"{cells['oa']} += {cells['ia']} · {cells['w']}"
        return ", ".join(cells.values())

    def totals(self) -> str:
        return "; ".join(
            f"{line.name} {plural(int(line.reads[-1]), 'read')}, {plural(int(line.writes[-1]), 'write')}" for line in self.lines
        )


def checked(name: str, trace: Trace) -> int:
    """The cycles of a trace that can be drawn."""
    if not len(trace):
        raise ValueError(f"{name}: the trace is empty, there is nothing to draw")
    if (cycles := len(np.unique(trace.step))) > MOST_CYCLES:
        raise ValueError(f"{name}: {cycles:,} cycles are too many to tell apart (at most {MOST_CYCLES:,}); trace a smaller example")
    if (words := max(b.nbytes // max(1, b.itemsize) for b in trace.buffers)) > 400:
        raise ValueError(f"{name}: a buffer of {words:,} words has no room for its cells (at most 400); trace a smaller example")
    return cycles


def dataflow_1d(trace: Trace, title: str = "") -> Scene:
    """A Trace as buffer access patterns, cycle by cycle: address over cycle for each buffer, with running counts.

    `trace` is what `nest.trace` or `record` gives for a small loop, such as the lecture's `OA[q] += IA[q+s] * W[s]`.
    Raises ValueError for an empty trace, for more than 2,000 cycles and for buffers of more than 400 words.
    """
    cycles = checked("trace", trace)
    shown = sample(cycles, MOST_FRAMES)
    panel = Panel("", trace, 0, 620, title, cycles, shown, top=-34.0)  # its title stands above the picture
    heading = panel.items.pop(0)["text"]
    frames = []
    for i, t in enumerate(shown):
        still = [f"{line.name}[{line.at[t]}]" for line in panel.lines if line.held[t] > 1]
        words = f"Cycle {t + 1} of {cycles}: {panel.says(t)}." + (f" {' and '.join(still)} held." if still else "")
        frames.append(Frame(f"{words} Filled squares are reads, open ones writes.", panel.change(i)))
    alt = f"{heading}: addresses of {len(panel.lines)} buffers over {cycles} cycles. {panel.totals()}."
    return Scene(heading, alt, 622, panel.bottom + 2, panel.items, frames, poster=len(frames) - 1)


def dataflows_1d(traces: Mapping[str, Trace], title: str = "One sum, in several orders") -> Scene:
    """Several orders of one loop side by side, in step; `traces` by name, as {"Output stationary": trace, ...}.

    Raises ValueError for none or more than three, and as `dataflow_1d`.
    """
    if not 1 <= len(traces) <= 3:
        raise ValueError(f"traces: want one to three to stand side by side, got {len(traces)}")
    cycles = max(checked(f"traces: {name}", trace) for name, trace in traces.items())
    shown = sample(cycles, MOST_FRAMES)
    wide, gap = 286.0, 26.0
    panels = [Panel(f"{i}", trace, i * (wide + gap), wide, name, cycles, shown) for i, (name, trace) in enumerate(traces.items())]
    frames = []
    for i, t in enumerate(shown):
        changes: dict[str, dict[str, object]] = {}
        for panel in panels:
            changes |= panel.change(i)
        said = "; ".join(f"{name} {panel.says(t)}" for name, panel in zip(traces, panels, strict=True))
        frames.append(Frame(f"Cycle {t + 1} of {cycles}: {said}. Filled squares are reads, open ones writes.", changes))
    alt = " ".join(f"{name}: {panel.totals()}." for name, panel in zip(traces, panels, strict=True))
    width = len(panels) * (wide + gap) - gap + 2
    items = [item for panel in panels for item in panel.items]
    return Scene(title, alt, width, max(p.bottom for p in panels) + 2, items, frames, poster=len(frames) - 1)
