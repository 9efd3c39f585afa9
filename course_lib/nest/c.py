"""The nest as C99: the lecture's listing with the sizes filled in and the padding tested, ready for a compiler."""

from __future__ import annotations

from course_lib.nest.problem import Tensor
from course_lib.nest.schedule import Schedule
from course_lib.nest.spelling import C, body


def parameter(tensor: Tensor, const: str) -> str:
    """`const float IA[1][3][56][56]`; a number stands alone as a pointer."""
    sizes = "".join(f"[{n}]" for n in tensor.memory_shape)
    return f"{const}float {'' if sizes else '*'}{tensor.name}{sizes}"


def c(nest: Schedule) -> str:
    """C99 text of `void kernel(IA, W, OA)`; the arrays lie in memory as their layouts say, and OA starts at zero."""
    a, b = nest.problem.ins
    words = ", ".join(f"{word} = {value}" for word, value in nest.problem.words.items())
    arrays = ", ".join((parameter(a, "const "), parameter(b, "const "), parameter(nest.problem.out, "")))
    return "\n".join([f"enum {{ {words} }};", "", f"void kernel({arrays})", "{", *body(nest, C), "}", ""])
