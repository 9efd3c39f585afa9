"""The memory hierarchy from the registers down to the DRAM; the pipe between two memories is as wide as the bytes in it.

Each pipe holds a band a tensor, inward bytes plain and outward bytes hatched. With a list of reports, taken after more and
more of the work, the pipes grow step by step on one scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from course_lib.records import Report
from course_lib.views.chart import in_order, roles
from course_lib.views.palette import HATCH
from course_lib.views.parts import label
from course_lib.views.scene import Frame, Item, Scene
from course_lib.views.text import amount, width_of

SOURCE = "Lecture, frame 'Background: Memory System'"

BOX, PIPE, TALL = 80.0, 118.0, 180.0  # pixels: a memory, the pipe between two, the widest pipe
TOP = 40.0


@dataclass(frozen=True)
class Flow:
    """Bytes of one tensor through one pipe: towards the arithmetic, and away from it."""

    near: str
    far: str
    tensor: str
    inward: int
    outward: int


def flows(report: Report, itemsize: int = 4) -> list[Flow]:
    """The pipes of a report, nearest first: of caches (bytes in, out), of a PE array (reads, writes), of buffers (fetched, written)."""
    names = report.columns
    if {"level", "bytes in", "bytes out"} <= set(names):
        levels = list(dict.fromkeys(report["level"]))
        out = []
        for row in report:
            if row["level"] == levels[0]:
                out.append(Flow("registers", levels[0], row["tensor"], row["accesses"] * itemsize, 0))
        for i, level in enumerate(levels):
            below = levels[i + 1] if i + 1 < len(levels) else "DRAM"
            out += [Flow(level, below, r["tensor"], r["bytes in"], r["bytes out"]) for r in report if r["level"] == level]
        return out
    if {"level", "reads", "writes"} <= set(names):
        levels = [level for level in dict.fromkeys(report["level"]) if level != "MAC"][::-1]
        chain = ["MAC", *levels]
        return [
            Flow(chain[i], level, r["tensor"], r["reads"] * itemsize, r["writes"] * itemsize)
            for i, level in enumerate(levels)
            for r in report
            if r["level"] == level
        ]
    if {"tensor", "fetched", "written"} <= set(names):
        return [Flow("buffers", "DRAM", r["tensor"], r["fetched"] * itemsize, r["written"] * itemsize) for r in report]
    raise ValueError(
        "report: want the columns level, bytes in, bytes out (caches), or level, reads, writes (an array), or tensor, fetched, "
        f"written (buffers); got {', '.join(names)}"
    )


def memory_traffic(report: Report | Sequence[Report], itemsize: int = 4, title: str = "Memory traffic", steps: Sequence[str] = ()) -> Scene:
    """The traffic of a report as pipes; a list of reports (after more and more of the work) grows them, a frame each.

    `itemsize` is bytes a word, for what is counted in words; `steps` are words for each report. Raises ValueError for no
    reports, for a report without traffic columns, and for reports of different memories.
    """
    reports = [report] if isinstance(report, Report) else list(report)
    if not reports:
        raise ValueError("report: want at least one Report")
    if steps and len(steps) != len(reports):
        raise ValueError(f"steps: want words for each of {len(reports)} reports, got {len(steps)}")
    all_flows = [flows(r, itemsize) for r in reports]
    last = all_flows[-1]
    pipes = list(dict.fromkeys((f.near, f.far) for f in last))
    tensors = in_order(dict.fromkeys(f.tensor for f in last))
    shape = [(f.near, f.far, f.tensor) for f in last]
    if any([(f.near, f.far, f.tensor) for f in one] != shape for one in all_flows):
        raise ValueError("report: the reports are of different memories or tensors, one picture cannot grow from one to the other")
    role = roles(tensors)
    totals = [sum(f.inward + f.outward for f in last if (f.near, f.far) == pipe) for pipe in pipes]
    scale = TALL / max(max(totals), 1)
    places = [near for near, _ in pipes] + [pipes[-1][1]]
    middle = TOP + TALL / 2
    items: list[Item] = []
    for i in range(len(pipes)):
        x = i * (BOX + PIPE) + BOX
        for tensor in tensors:
            for way in ("in", "out"):
                band: Item = {"kind": "rect", "id": f"pipe{i}.{tensor}.{way}", "x": x, "y": middle, "w": PIPE, "h": 0, "fill": role[tensor]}
                if way == "out":
                    band["hatch"] = HATCH["w"]
                items.append(band)
        items.append(label(f"pipe{i}.total", x + PIPE / 2, TOP - 8, "", size=13, weight=600, anchor="middle"))
        for j, tensor in enumerate(tensors):
            y = TOP + TALL + 26 + j * 36
            items.append(label(f"pipe{i}.{tensor}.words", x + PIPE / 2, y, "", size=12, anchor="middle", paint=f"{role[tensor]}-text"))
    for i, place in enumerate(places):
        x = i * (BOX + PIPE)
        tall = 54 + (TALL - 54) * (i + 1) / len(places)
        items.append(
            {
                "kind": "rect",
                "id": f"place{i}",
                "x": x,
                "y": middle - tall / 2,
                "w": BOX,
                "h": tall,
                "rx": 8,
                "fill": "paper",
                "stroke": "ink",
                "sw": 1.75,
            }
        )
        items.append(label(f"place{i}.name", x + BOX / 2, middle + 5, place, size=14, weight=600, anchor="middle"))
    for j, tensor in enumerate(tensors):
        y = TOP + TALL + 26 + j * 36
        items.append({"kind": "rect", "id": f"key.{tensor}", "x": 0, "y": y - 10, "w": 12, "h": 12, "rx": 2, "fill": role[tensor]})
        items.append(label(f"key.{tensor}.name", 18, y, tensor, size=13, weight=700, paint=f"{role[tensor]}-text"))
    bottom = TOP + TALL + 26 + len(tensors) * 36 - 14
    items += [
        label(
            "legend",
            0,
            bottom + 6,
            "← towards the arithmetic: plain; → away from it: hatched. A pipe is as wide as its bytes.",
            size=12,
            paint="muted",
        )
    ]
    frames = []
    for k, one in enumerate(all_flows):
        changes: dict[str, dict[str, object]] = {}
        told = []
        for i, pipe in enumerate(pipes):
            here = {f.tensor: f for f in one if (f.near, f.far) == pipe}
            total = sum(f.inward + f.outward for f in here.values())
            y = middle - total * scale / 2
            for tensor in tensors:
                f = here.get(tensor, Flow(*pipe, tensor, 0, 0))
                for way, n in (("in", f.inward), ("out", f.outward)):
                    tip = (
                        f"{tensor}, {pipe[1]} to {pipe[0]}: {n:,} bytes"
                        if way == "in"
                        else f"{tensor}, {pipe[0]} to {pipe[1]}: {n:,} bytes"
                    )
                    changes[f"pipe{i}.{tensor}.{way}"] = {
                        "y": round(y, 2),
                        "h": round(n * scale, 2),
                        "tip": tip,
                        "hide": None if n else True,
                    }
                    y += n * scale
                words = f"← {amount(f.inward)}" if f.inward or not f.outward else ""
                words += ("   " if words and f.outward else "") + (f"→ {amount(f.outward)}" if f.outward else "")
                changes[f"pipe{i}.{tensor}.words"] = {"text": words if f.inward or f.outward else "–"}
            changes[f"pipe{i}.total"] = {"text": amount(total)}
            told.append(f"{pipe[0]}–{pipe[1]} {amount(total)}")
        frames.append(Frame((f"{steps[k]}: " if steps else "") + "; ".join(told) + ".", changes))
    alt = "Bytes between neighbouring memories: " + frames[-1].caption
    width = len(places) * BOX + len(pipes) * PIPE
    width = max(width, width_of(str(items[-1]["text"]), 12))
    return Scene(title, alt, width, bottom + 12, items, frames, poster=len(frames) - 1)
