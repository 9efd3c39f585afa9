"""The nest as the lecture writes it: one loop a line, what is held above the loops it is held over.

Nests of up to three loops are a staircase, deeper ones stand flush, as on the slides. Like the slide, the listing does not
mention the test for padded zeros (`.c` and `.python` do), and unlike it, it closes every brace it opened.
"""

from __future__ import annotations

from course_lib.nest.problem import Tensor
from course_lib.nest.schedule import Loop, Schedule
from course_lib.nest.statements import Statement, names, place, size, statements

SOURCE = "Lecture, frames 'Dataflow' to 'Direct Convolution: Loop Ordering + Unrolling + Tiling'"

WORDS = {"serial": "for", "spatial": "spatial_for", "parallel": "parallel_for", "unroll": "unroll_for", "vectorize": "vector_for"}
STAIRCASE = 3


def register(tensor: Tensor) -> str:
    return f"curr_{tensor.name.lower()}"


def element(nest: Schedule, tensor: Tensor) -> str:
    """`W[r][s][curr_c][curr_k]`, or the register that holds it."""
    return tensor.name + "".join(f"[{i}]" for i in place(tensor, names(nest), "/"))


def value(nest: Schedule, tensor: Tensor) -> str:
    return register(tensor) if tensor.name in nest.held else element(nest, tensor)


def opening(nest: Schedule, loop: Loop) -> str:
    return f"{WORDS[loop.kind]} ({loop.name}=0; {loop.name}<{size(nest, loop)}; {loop.name}++)"


def line_of(nest: Schedule, s: Statement) -> str:
    if s.kind == "let":
        return f"int {s.name} = {s.text};" if s.name.startswith("curr_") else f"{s.name} = {s.text};"
    if s.kind == "skip":
        return f"if ({s.guard}) continue;"
    if s.kind == "load":
        return f"float {register(s.tensor)} = {'0' if s.zero else element(nest, s.tensor)};"
    if s.kind == "store":
        return f"{element(nest, s.tensor)} = {register(s.tensor)};"
    a, b = nest.problem.ins
    return f"{value(nest, nest.problem.out)} += {value(nest, a)} * {value(nest, b)};"


def lines(nest: Schedule) -> list[tuple[int, str]]:
    """(indentation, text) a line."""
    flush = len(nest.loops) > STAIRCASE
    out: list[tuple[int, str]] = []
    blocks: list[tuple[int, int]] = []  # (loops, indentation) of each open brace
    indent = 0
    written = list(statements(nest))
    for at, s in enumerate(written):
        index = s.kind == "let" and not s.name.startswith("curr_")
        if s.kind == "loop":
            text = opening(nest, s.loop)
            if s.joined and written[at - 1].kind == "loop":
                column, before = out.pop()
                out.append((column, before.removesuffix(" {") + " " + text + " {"))
                loops, column = blocks.pop()
                blocks.append((loops + 1, column))
                continue
            fresh = at == 0 or written[at - 1].kind != "loop"
            if flush and not fresh:
                indent = blocks[-1][1]
            out.append((indent, text + " {"))
            blocks.append((1, indent))
            indent += 4 if flush else 2
        elif s.kind == "close":
            left, braces = s.count, []
            while left > 0:
                loops, column = blocks.pop()
                left -= loops
                braces.append(column)
            if flush:
                out.append((braces[-1], " ".join("}" * len(braces))))
            else:
                out += [(column, "}") for column in braces]
            indent = braces[-1]
            if blocks and written[at + 1 :]:
                indent = blocks[-1][1] + (4 if flush else 2)
        elif index and written[at - 1].kind == "let" and not written[at - 1].name.startswith("curr_"):
            column, before = out.pop()
            out.append((column, f"{before} {line_of(nest, s)}"))
        else:
            out.append((indent, line_of(nest, s)))
    return out


def listing(nest: Schedule) -> str:
    """The lecture's listing of a nest; `print(schedule)` shows it."""
    return "\n".join(" " * column + text for column, text in lines(nest))
