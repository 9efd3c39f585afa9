"""The nest as Python text: a function `kernel(IA, W, OA)` one can paste into a notebook, run, and give to numba."""

from __future__ import annotations

from course_lib.nest.schedule import Schedule
from course_lib.nest.spelling import PYTHON, body


def python(nest: Schedule) -> str:
    """Python text of `kernel(IA, W, OA)`; the arrays lie in memory as their layouts say, and OA starts at zero."""
    words = [f"{word} = {value}" for word, value in nest.problem.words.items()]
    arrays = ", ".join(t.name for t in nest.problem.tensors)
    return "\n".join(["; ".join(words), "", "", f"def kernel({arrays}):", *body(nest, PYTHON), ""])
