"""One schedule lowered by two compilers, loop beside loop: a band of one colour joins what is the same loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from course_lib.views.parts import label
from course_lib.views.scene import Frame, Item, Scene
from course_lib.views.text import width_of

SOURCE = "as implemented here"

ROW, LEFT, MIDDLE, WIDTH = 26.0, 10.0, 408.0, 868.0
SIZE = 12.0
STEP = 5.0  # of indentation, a loop
MOST_LINES = 9  # of a body
ROLES = {"n": "plain", "k": "w", "p": "oa", "q": "oa", "c": "ia", "r": "cols", "s": "cols", "i": "ia", "j": "w"}


class Sides(Protocol):
    """What is read: rows (name, dim, ours, theirs, became), calls and bodies of both, TVM's version, whether it ran here."""

    rows: Any
    calls: Any
    ours: Any
    theirs: Any
    version: Any
    here: Any


def wrapped(lines: Sequence[str], width: float) -> list[str]:
    """Lines of code broken at blanks where they are too long; what goes on is indented."""
    letters = int(width / (0.602 * SIZE))
    out: list[str] = []
    for line in lines:
        indent = len(line) - len(line.lstrip())
        rest, lead = line.strip(), " " * indent
        while len(lead + rest) > letters:
            at = rest.rfind(" ", 0, letters - len(lead) + 1)
            at = at if at > 0 else letters - len(lead)
            out.append(lead + rest[:at])
            rest, lead = rest[at:].lstrip(), " " * (indent + 4)
        out.append(lead + rest)
    return out if len(out) <= MOST_LINES else [*out[: MOST_LINES - 1], f"... and {len(out) - MOST_LINES + 1} lines more"]


def beside(sides: Sides, title: str = "") -> Scene:
    """The moves, the loops and the statements of both sides; a loop that is none on the other side says what became of it.

    `sides` is what `course_lib.interchange.beside_tvm.beside` gives. Raises ValueError for a nest without loops.
    """
    if not sides.rows:
        raise ValueError("sides: has no loops to draw")
    code = {"size": SIZE, "font": "mono"}
    items: list[Item] = [
        label("head.ours", LEFT, 12, "this course", weight=700),
        label("head.tvm", MIDDLE, 12, f"TVM {sides.version}", weight=700),
    ]
    y = 12.0
    for i, (ours, theirs) in enumerate(sides.calls):
        y += 20
        for j, line in enumerate(wrapped([theirs], WIDTH - MIDDLE)):
            y += 16 if j else 0
            items.append(label(f"call{i}.tvm{j}", MIDDLE, y, line, paint="muted", **code))
        items.append(label(f"call{i}.ours", LEFT, y, ours, paint="muted", **code))
    y += 14
    same = 0
    for i, row in enumerate(sides.rows):
        role, top = ROLES.get(row.dim, "plain"), y + i * ROW
        indent = STEP * i
        alike = bool(row.theirs) and not row.became
        same += alike
        said = row.theirs or row.became
        tip = f"{row.name}: {row.became}" if row.became else f"{row.name}: the same loop on both sides"
        right: Item = {"kind": "rect", "id": f"loop{i}.tvm", "x": MIDDLE - 8, "y": top + 2, "w": WIDTH - MIDDLE + 8, "h": ROW - 4, "rx": 4}
        left: Item = {**right, "id": f"loop{i}.ours", "x": LEFT - 8, "w": MIDDLE - LEFT - 24, "fill": f"{role}-soft", "tip": tip}
        same_band, no_band = {"fill": f"{role}-soft", "tip": tip}, {"fill": "paper", "stroke": role, "sw": 1, "dash": "4 3"}
        items += [left, right | (same_band if row.theirs else no_band)]
        if row.theirs:
            items.append({**right, "id": f"loop{i}.join", "x": MIDDLE - 34, "y": top + 9, "w": 27, "h": ROW - 18, "rx": 0, **same_band})
        items.append(label(f"loop{i}.text", LEFT + indent, top + 17, row.ours, paint=f"{role}-text", weight=600, **code))
        if row.theirs:
            items.append(label(f"loop{i}.said", MIDDLE + indent, top + 17, row.theirs, paint=f"{role}-text", weight=600, **code))
            if row.became:
                x = MIDDLE + indent + width_of(row.theirs, SIZE, "mono") + 12
                items.append(label(f"loop{i}.became", x, top + 17, row.became, size=SIZE, paint="alert-text"))
        else:
            items.append(label(f"loop{i}.became", MIDDLE + indent, top + 17, said, size=SIZE, paint="alert-text"))
    y += len(sides.rows) * ROW + 16
    low = y
    for side, x, body, room in (("ours", LEFT, sides.ours, MIDDLE - 24), ("tvm", MIDDLE, sides.theirs, WIDTH - MIDDLE)):
        for i, line in enumerate(wrapped(body, room)):
            items.append(label(f"body.{side}{i}", x, y + 16 * i, line.replace(" ", "\u00a0"), **code))
            low = max(low, y + 16 * i)
    there = "".join(f"; {row.name}: {row.became.removeprefix('no loop: ')}" for row in sides.rows if row.became)
    words = f"{same} of {len(sides.rows)} loops are the same on both sides{there}."
    told = words if sides.here else f"{words} TVM's side is a record."
    moves = ", ".join(ours.removeprefix(".") for ours, _ in sides.calls)
    alt = f"The nest after {moves}, lowered by this course and by TVM {sides.version}, loop beside loop. {words}"
    return Scene(title or "One schedule, two compilers", alt, WIDTH, round(low + 12, 1), items, [Frame(told)])
