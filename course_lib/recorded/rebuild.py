"""The same function, with the recorded stand-in where its text says `np`."""

from __future__ import annotations

import builtins
import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .recorder import Recorder

OURS = __name__.rsplit(".", 1)[0]


def rebuilt(function: Callable[..., Any], recorder: Recorder) -> Callable[..., Any]:
    """`function` on the same code and closure, with `np` (however it is spelled or imported) replaced, in its helpers too.

    Helpers are the Python functions its module or its closure names, library functions left out. What is no Python
    function (a built-in, an object with __call__) is handed back as it is.
    """
    return Rebuild(recorder, function).callable(function)


class Rebuild:
    def __init__(self, recorder: Recorder, asked: Any) -> None:
        self.recorder = recorder
        self.asked = asked  # rebuilt wherever it was written
        self.functions: dict[int, tuple[Any, Any]] = {}  # the old is kept beside the new so that its id stays its own
        self.globals: dict[int, dict[str, Any]] = {}

    def callable(self, thing: Any) -> Any:
        if isinstance(thing, types.MethodType):
            return types.MethodType(self.callable(thing.__func__), thing.__self__)
        if isinstance(getattr(thing, "py_func", None), types.FunctionType):  # compiled by numba: the Python text is inside
            return self.function(thing.py_func)
        return self.function(thing) if isinstance(thing, types.FunctionType) else thing

    def value(self, thing: Any) -> Any:
        """What a name of the module or closure should mean while recording."""
        if thing is np:
            return self.recorder.numpy
        if getattr(thing, "__module__", None) == "numpy":
            return self.recorder.numpy.counterpart(thing)
        return self.callable(thing) if replaceable(thing) else thing

    def function(self, old: types.FunctionType) -> Any:
        if id(old) in self.functions:
            return self.functions[id(old)][1]
        if old is not self.asked and library(old.__globals__.get("__name__") or ""):
            return old
        # A cell that leads to numpy or to a helper is made anew and filled once the function is known (it may name itself);
        # every other is the very same cell, so that `nonlocal` goes on working.
        cells = tuple(types.CellType() if self.leads(cell) else cell for cell in old.__closure__ or ())
        new = types.FunctionType(old.__code__, self.scope(old.__globals__), old.__name__, old.__defaults__, cells or None)
        new.__kwdefaults__, new.__doc__, new.__module__ = old.__kwdefaults__, old.__doc__, old.__module__
        new.__dict__.update(old.__dict__)
        self.functions[id(old)] = (old, new)
        for mine, theirs in zip(cells, old.__closure__ or (), strict=True):
            if mine is not theirs:
                mine.cell_contents = self.value(theirs.cell_contents)
        return new

    def leads(self, cell: types.CellType) -> bool:
        try:
            thing = cell.cell_contents
        except ValueError:  # a name that has no value yet
            return False
        return thing is np or replaceable(thing)

    def scope(self, old: dict[str, Any]) -> dict[str, Any]:
        """A copy of a module's names, those that lead to numpy or to helpers replaced."""
        if id(old) not in self.globals:
            new = self.globals[id(old)] = dict(old)
            for name, thing in list(old.items()):
                if not name.startswith("__"):
                    new[name] = self.value(thing)
            new["__builtins__"] = {**vars(builtins), "__import__": self.imported, **self.recorder.numpy.conversions}
        return self.globals[id(old)]

    def imported(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """`import numpy` inside the function finds the stand-in as well."""
        module = builtins.__import__(name, *args, **kwargs)
        return self.recorder.numpy if module is np else module


def replaceable(thing: Any) -> bool:
    """A function of Python text, or numpy's own by its name (`from numpy import zeros`)."""
    if getattr(thing, "__module__", None) == "numpy":
        return callable(thing)
    return isinstance(thing, types.FunctionType) or isinstance(getattr(thing, "py_func", None), types.FunctionType)


def library(module: str) -> bool:
    """Whether a module is the standard library's, a package's that pip installed, or this room's: not a student's helper."""
    top = module.split(".")[0]
    if top == OURS.split(".")[0]:
        return module.startswith(OURS)
    if top in sys.stdlib_module_names and top != "__main__":
        return True
    found = getattr(sys.modules.get(module), "__file__", None) or ""
    return "site-packages" in found or "dist-packages" in found
