"""The nest as C99: the lecture's listing with the sizes filled in and the padding tested, ready for a compiler."""

from __future__ import annotations

from course_lib.nest.listing import register
from course_lib.nest.problem import Tensor
from course_lib.nest.schedule import Schedule
from course_lib.nest.statements import Statement, names, place, size, statements


def outside_test(nest: Schedule, tensor: Tensor, conjunction: str) -> str:
    """`h >= 0 && h < H && ...` for the axes on which the loops run over the edge; empty where they do not."""
    tests = []
    for axis, (before, after) in zip(tensor.axes, nest.problem.edges(tensor), strict=True):
        name = axis.letter.lower()
        tests += [f"{name} >= 0"] if before else []
        tests += [f"{name} < {axis.size}"] if after else []
    return f" {conjunction} ".join(tests)


def element(nest: Schedule, tensor: Tensor, register_held: bool = True) -> str:
    if register_held and tensor.name in nest.held:
        return register(tensor)
    text = tensor.name + "".join(f"[{i}]" for i in place(tensor, names(nest), "/"))
    text = text if tensor.places else f"*{tensor.name}"
    test = outside_test(nest, tensor, "&&")
    return f"({test} ? {text} : 0)" if test else text


def parameter(tensor: Tensor, const: str) -> str:
    """`const float IA[1][3][56][56]`; a number stands alone as a pointer."""
    sizes = "".join(f"[{n}]" for n in tensor.memory_shape)
    return f"{const}float {'' if sizes else '*'}{tensor.name}{sizes}"


def statement(nest: Schedule, s: Statement) -> str:
    if s.kind == "loop":
        kind = "" if s.loop.kind == "serial" else f"  // {s.loop.kind}"
        return f"for (int {s.loop.name} = 0; {s.loop.name} < {size(nest, s.loop)}; {s.loop.name}++) {{{kind}"
    if s.kind == "let":
        return f"int {s.name} = {s.text};"
    if s.kind == "skip":
        return f"if ({s.guard}) continue;"
    if s.kind == "load":
        return f"float {register(s.tensor)} = {'0' if s.zero else element(nest, s.tensor, False)};"
    if s.kind == "store":
        return f"{element(nest, s.tensor, False)} = {register(s.tensor)};"
    a, b = nest.problem.ins
    return f"{element(nest, nest.problem.out)} += {element(nest, a)} * {element(nest, b)};"


def c(nest: Schedule) -> str:
    """C99 text of `void kernel(IA, W, OA)`; the arrays lie in memory as their layouts say, and OA starts at zero."""
    a, b = nest.problem.ins
    words = ", ".join(f"{word} = {value}" for word, value in nest.problem.words.items())
    arrays = ", ".join((parameter(a, "const "), parameter(b, "const "), parameter(nest.problem.out, "")))
    out, indent = [f"enum {{ {words} }};", "", f"void kernel({arrays})", "{"], 1
    for s in statements(nest):
        if s.kind == "close":
            for _ in range(s.count):
                indent -= 1
                out.append("    " * indent + "}")
            continue
        out.append("    " * indent + statement(nest, s))
        indent += s.kind == "loop"
    return "\n".join([*out, "}", ""])
