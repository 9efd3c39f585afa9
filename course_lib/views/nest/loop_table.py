"""The loops of a nest as a table, outermost first: which of them move each tensor, and under which it stands still.

A tensor's column is a bar that is filled while the loop moves it. The loops at the bottom that do not move it are its
residence: there one word is used again and again, and the column says how often. A spatial loop that does not move a
tensor shares one word among its lanes: a multicast for an input, an adder tree for the output.
"""

from __future__ import annotations

from math import prod
from typing import Any, Protocol

from course_lib.views.chart import plural, roles
from course_lib.views.palette import HATCH
from course_lib.views.parts import label
from course_lib.views.scene import Frame, Item, Scene

SOURCE = "Parashar et al., Timeloop, ISPASS 2019 (which loops of a nest are relevant for a tensor)"

ROW = 30.0
COLUMN = 120.0
LEFT = 250.0
KINDS = {
    "serial": "for",
    "spatial": "spatial_for",
    "parallel": "parallel_for",
    "unroll": "unroll_for",
    "vectorize": "vector_for",
}


class Nest(Protocol):
    """What is read of a schedule: its loops (name, dim, extent, kind) and its problem's tensors (name, dims)."""

    loops: Any
    problem: Any


def residency(nest: Nest, tensor: str) -> list[str]:
    """A word a loop, outermost first: 'moves' the tensor, 'still' (does not, but a loop inside does), 'held' or 'shared'.

    'held': neither this loop nor any loop in time inside it moves the tensor; 'shared': a spatial loop that does not.
    A loop of one turn moves nothing.
    """
    dims = next(t.dims for t in nest.problem.tensors if t.name == tensor)
    out: list[str] = []
    inside = True
    for loop in reversed(nest.loops):
        moves = loop.dim in dims
        if loop.kind == "spatial":
            out.append("moves" if moves else "shared")
            continue
        if moves and loop.extent > 1:
            inside = False
        out.append(("held" if inside else "still") if not moves else "moves")
    return out[::-1]


def loop_table(nest: Nest, title: str = "Which loop moves what") -> Scene:
    """A row a loop, a column a tensor; `nest` is a Schedule. Raises ValueError for a nest without loops."""
    if not nest.loops:
        raise ValueError("nest: has no loops to draw")
    tensors = list(nest.problem.tensors)
    role = roles([t.name for t in tensors])
    items: list[Item] = [label("head.loop", 0, 12, "loop, outermost first", size=12, paint="muted")]
    items.append(label("head.turns", 210, 12, "turns", size=12, paint="muted", anchor="end"))
    bottom = 24 + ROW * len(nest.loops)
    for i, loop in enumerate(nest.loops):
        y = 24 + i * ROW
        indent = min(i * 7.0, 70.0)
        spans = [[[f"{KINDS.get(loop.kind, loop.kind)} ", "muted"], [loop.name, "ink", 700]]]
        items.append({"kind": "text", "id": f"loop{i}", "x": indent, "y": y + 20, "size": 13, "font": "mono", "lines": spans})
        items.append(label(f"turns{i}", 210, y + 20, f"{loop.extent:,}", size=13, anchor="end", weight=600))
        if i:
            items.append(
                {
                    "kind": "line",
                    "id": f"rule{i}",
                    "x1": 0,
                    "y1": y,
                    "x2": LEFT + COLUMN * len(tensors),
                    "y2": y,
                    "stroke": "line",
                    "sw": 0.75,
                }
            )
    told = []
    for j, tensor in enumerate(tensors):
        x, paint = LEFT + j * COLUMN, role[tensor.name]
        items.append(label(f"head.{tensor.name}", x + 52, 13, tensor.name, weight=700, anchor="middle", paint=f"{paint}-text"))
        words = residency(nest, tensor.name)
        for i, (loop, word) in enumerate(zip(nest.loops, words, strict=True)):
            y = 24 + i * ROW
            tip = {
                "moves": f"{loop.name} moves {tensor.name}: every turn another element",
                "still": f"{loop.name} does not move {tensor.name}, but a loop inside it does: the same elements come again",
                "held": f"{tensor.name} stands still under {loop.name}: one element for all {loop.extent} turns",
                "shared": f"{loop.name} shares one element of {tensor.name} among {loop.extent} lanes",
            }[word]
            cell: Item = {"kind": "rect", "id": f"{tensor.name}.{i}", "x": x, "y": y + 4, "w": 104, "h": ROW - 8, "rx": 4, "tip": tip}
            if word == "moves":
                cell |= {"fill": f"{paint}-soft"}
            elif word == "still":
                cell |= {"fill": "paper", "stroke": "line", "sw": 1, "dash": "3 3"}
            else:
                cell |= {"fill": paint} | ({"hatch": HATCH["w"]} if word == "shared" else {})
            items.append(cell)
            shown = {
                "moves": "moves",
                "still": "again",
                "held": "stands still",
                "shared": "adders" if tensor is nest.problem.out else "multicast",
            }[word]
            if word == "held":  # words on the plain colour stand on a plate of paper
                items.append(
                    {
                        "kind": "rect",
                        "id": f"{tensor.name}.{i}.plate",
                        "x": x + 8,
                        "y": y + 8,
                        "w": 88,
                        "h": ROW - 16,
                        "rx": 3,
                        "fill": "paper",
                    }
                )
            if word == "shared":
                items.append(
                    {
                        "kind": "rect",
                        "id": f"{tensor.name}.{i}.plate",
                        "x": x + 18,
                        "y": y + 8,
                        "w": 68,
                        "h": ROW - 16,
                        "rx": 3,
                        "fill": "paper",
                    }
                )
            heavy = 600 if word in ("held", "shared") else 400
            items.append(
                label(
                    f"{tensor.name}.{i}.word",
                    x + 52,
                    y + 19,
                    shown,
                    size=12,
                    anchor="middle",
                    weight=heavy,
                    paint=f"{paint}-text" if word != "still" else "muted",
                )
            )
        uses = prod(loop.extent for loop, word in zip(nest.loops, words, strict=True) if word == "held")
        lanes = prod(loop.extent for loop, word in zip(nest.loops, words, strict=True) if word == "shared")
        said = f"{plural(uses, 'use')} a load" + (f" × {lanes}" if lanes > 1 else "")
        items.append(label(f"uses.{tensor.name}", x + 52, bottom + 20, said, size=12, anchor="middle", weight=600, paint=f"{paint}-text"))
        held = [loop.name for loop, word in zip(nest.loops, words, strict=True) if word == "held" and loop.extent > 1]
        told.append(f"{tensor.name} stands still under {' '.join(held) or 'no loop'}: {said}")
    items.append(label("uses", 0, bottom + 20, "uses of a word in its register", size=12, paint="muted"))
    width = LEFT + COLUMN * len(tensors) - 16
    alt = f"{len(nest.loops)} loops, outermost first. {'; '.join(told)}."
    return Scene(title, alt, width, bottom + 28, items, [Frame("; ".join(told) + ".")])
