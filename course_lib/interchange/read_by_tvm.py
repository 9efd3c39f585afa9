"""The real TVM reads a nest; and its reader without what makes it slow where many modules are loaded.

For each function that it reads TVM 0.26 asks Python for the whole call stack with a source line for every frame, and Python looks for
those lines through all modules. They are used for functions in a class body only, of which we have none.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from course_lib.interchange.tensorir import tensorir
from course_lib.nest.schedule import Schedule


def frames(context: int = 0) -> list[inspect.FrameInfo]:
    """What `inspect.stack` gives its caller, without source lines."""
    found, frame = [], sys._getframe(1)
    while frame:
        found.append(inspect.FrameInfo(frame, frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, None, None))
        frame = frame.f_back
    return found


@contextmanager
def quick_stack() -> Iterator[None]:
    """Within it `inspect.stack` gives no source lines."""
    slow = inspect.stack
    inspect.stack = frames
    try:
        yield
    finally:
        inspect.stack = slow


def read_by_tvm(nest: Schedule) -> Any:
    """The nest as TVM's IRModule. Raises ImportError without TVM, ValueError for what TensorIR cannot say."""
    import tvm

    with quick_stack():
        return tvm.script.from_source(tensorir(nest))
