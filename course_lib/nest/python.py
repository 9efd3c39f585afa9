"""The nest as Python text: a function `kernel(IA, W, OA)` one can paste into a notebook, run, and give to numba."""

from __future__ import annotations

from course_lib.nest.c import outside_test
from course_lib.nest.listing import register
from course_lib.nest.problem import Tensor
from course_lib.nest.schedule import Schedule
from course_lib.nest.statements import Statement, names, place, size, statements


def element(nest: Schedule, tensor: Tensor, register_held: bool = True) -> str:
    if register_held and tensor.name in nest.held:
        return register(tensor)
    text = f"{tensor.name}[{', '.join(place(tensor, names(nest), '//')) or '()'}]"
    test = outside_test(nest, tensor, "and")
    return f"({text} if {test} else 0)" if test else text


def statement(nest: Schedule, s: Statement) -> str:
    if s.kind == "loop":
        kind = "" if s.loop.kind == "serial" else f"  # {s.loop.kind}"
        return f"for {s.loop.name} in range({size(nest, s.loop).replace('/', '//')}):{kind}"
    if s.kind == "let":
        return f"{s.name} = {s.text}"
    if s.kind == "skip":
        return f"if {s.guard}: continue"
    if s.kind == "load":
        return f"{register(s.tensor)} = {'0' if s.zero else element(nest, s.tensor, False)}"
    if s.kind == "store":
        return f"{element(nest, s.tensor, False)} = {register(s.tensor)}"
    a, b = nest.problem.ins
    return f"{element(nest, nest.problem.out)} += {element(nest, a)} * {element(nest, b)}"


def python(nest: Schedule) -> str:
    """Python text of `kernel(IA, W, OA)`; the arrays lie in memory as their layouts say, and OA starts at zero."""
    words = [f"{word} = {value}" for word, value in nest.problem.words.items()]
    arrays = ", ".join(t.name for t in nest.problem.tensors)
    out, indent = ["; ".join(words), "", "", f"def kernel({arrays}):"], 1
    for s in statements(nest):
        if s.kind == "close":
            indent -= s.count
            continue
        out.append("    " * indent + statement(nest, s))
        indent += s.kind == "loop"
    return "\n".join([*out, ""])
