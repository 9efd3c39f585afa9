"""The pipeline table of the slide, played: an instruction a row, a clock cycle a column, and the bubbles that a wrong guess leaves."""

from __future__ import annotations

from typing import Any, Protocol

from course_lib.views.parts import label
from course_lib.views.scene import Frame, Item, Scene
from course_lib.views.text import WIDER, width_of

SOURCE = "Lecture, frame 'BAD implementation for Pipeline!'"

STAGES = ("IF", "ID", "EX", "MEM", "WB")
ROLES = ("ia", "w", "oa", "cols", "blue")  # a stage's colour
MOST = 16  # instructions drawn
CELL, ROW, TOP = 38.0, 26.0, 30.0


class PipelineRun(Protocol):
    """What is read of a run: `instructions` with text and taken, the cycle in which each was fetched (from 1), all bubbles."""

    @property
    def instructions(self) -> Any: ...
    @property
    def fetched(self) -> tuple[int, ...]: ...
    @property
    def bubbles(self) -> int: ...


def pipeline_view(run: PipelineRun, title: str = "Five stages, one instruction a cycle, if all goes well") -> Scene:
    """A frame an instruction: it enters, and the cycles lost before it are hatched. ValueError for a run without instructions."""
    if not run.fetched:
        raise ValueError("run: want at least one instruction")
    count = min(len(run.fetched), MOST)
    fetched, texts = run.fetched[:count], [i.text for i in run.instructions[:count]]
    cycles = fetched[-1] + len(STAGES) - 1
    left = WIDER * max(width_of(text, 13) for text in texts) + 22
    items: list[Item] = [
        label(f"c{c}", left + (c + 0.5) * CELL, TOP - 8, str(c + 1), size=11, anchor="middle", paint="muted") for c in range(cycles)
    ]
    frames, lost = [], 0
    for i, (start, text) in enumerate(zip(fetched, texts, strict=True)):
        y = TOP + i * ROW
        gap = start - fetched[i - 1] - 1 if i else 0
        lost += gap
        names = [f"name{i}"]
        items.append(label(names[0], left - 10, y + 17, text, size=13, anchor="end", hide=i > 0))
        if gap:
            names.append(f"gap{i}")
            items.append(
                {
                    "kind": "rect", "id": f"gap{i}", "x": left + (start - 1 - gap) * CELL + 1, "y": y + 1,
                    "w": gap * CELL - 2, "h": ROW - 2,
                    "fill": "alert-soft", "stroke": "alert", "dash": "3 2", "hide": True,
                    "tip": f"{gap} cycles lost: what had been fetched was thrown away",
                }
            )  # fmt: skip
            names.append(f"gapname{i}")
            middle = left + (start - 1 - gap / 2) * CELL
            words = "bubbles" if gap * CELL > 60 else "bubble"
            items.append(label(f"gapname{i}", middle, y + 17, words, size=11, anchor="middle", paint="alert-text", hide=True))
        for s, stage in enumerate(STAGES):
            x = left + (start - 1 + s) * CELL
            box: Item = {
                "kind": "rect", "id": f"s{i}.{s}", "x": x + 1, "y": y + 1, "w": CELL - 2, "h": ROW - 2,
                "fill": f"{ROLES[s]}-soft", "stroke": ROLES[s], "hide": i > 0,
            }  # fmt: skip
            items += [box, label(f"t{i}.{s}", x + CELL / 2, y + 17, stage, size=11, anchor="middle", paint=f"{ROLES[s]}-text", hide=i > 0)]
            names += [f"s{i}.{s}", f"t{i}.{s}"]
        taken = run.instructions[i].taken
        said = {None: "", True: " The branch is taken: what is fetched behind it is wrong.", False: " Not taken, as guessed."}[taken]
        frames.append(Frame(f"Cycle {start}: {text}.{said} {lost} cycles lost so far.", {name: {"hide": False} for name in names}))
    more = f" The first {count} of {len(run.fetched)} instructions." if count < len(run.fetched) else ""
    return Scene(
        title,
        f"{count} instructions in {cycles} cycles, {lost} of them bubbles.{more}",
        round(max(left + cycles * CELL + 6, 300), 1),
        round(TOP + count * ROW + 6, 1),
        items,
        frames,
        poster=len(frames) - 1,
    )
