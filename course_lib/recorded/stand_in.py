"""What `np` means inside a recorded function: numpy, but the arrays it makes are recorded."""

from __future__ import annotations

import dis
import functools
import sys
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import Recorded, bare_index, give_values
from .scalars import Number
from .tape import Traced, untraced

if TYPE_CHECKING:
    from .recorder import Recorder

ABSTRACT = (np.number, np.integer, np.signedinteger, np.unsignedinteger, np.inexact, np.floating, np.complexfloating)
HERE = __name__.rsplit(".", 1)[0]


class StandIn(types.ModuleType):
    """Every name of numpy; functions that hand back new arrays hand back recorded ones."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__("numpy", "numpy, as a recorded function sees it")
        self.recorder = recorder
        self.ndarray = kind_of_array(recorder)
        self.conversions = {"float": number_type(float, recorder), "int": number_type(int, recorder)}
        self.array = self.asarray = self.ascontiguousarray = self.asanyarray = self.gathered

    def __getattr__(self, name: str) -> Any:
        found = self.counterpart(getattr(np, name))
        setattr(self, name, found)
        return found

    def counterpart(self, thing: Any) -> Any:
        """The recorded twin of something of numpy's; constants, dtypes and submodules are their own twins."""
        if thing is np.ndarray:
            return self.ndarray
        if thing in (np.array, np.asarray, np.ascontiguousarray, np.asanyarray):
            return self.gathered
        if isinstance(thing, type):
            return number_type(thing, self.recorder) if issubclass(thing, np.number) and thing not in ABSTRACT else thing
        if isinstance(thing, types.ModuleType) or not callable(thing) or isinstance(thing, np.ufunc):
            return thing

        def making(*args: Any, **kwargs: Any) -> Any:
            args, kwargs = tuple(map(size_of, args)), {key: size_of(value) for key, value in kwargs.items()}
            made = thing(*args, **kwargs)
            return self.recorder.made(made, assigned_name()) if type(made) is np.ndarray else made

        making.__name__ = getattr(thing, "__name__", "function")
        making.__doc__ = thing.__doc__
        return making

    def gathered(self, a: Any, dtype: Any = None, copy: Any = None, **kwargs: Any) -> Any:
        """np.array and its kin: a recorded array stays recorded, a list of loaded numbers is stored element by element."""
        if isinstance(a, Recorded):
            wanted = a.values.dtype if dtype is None else np.dtype(dtype)
            return a.astype(wanted) if copy or wanted != a.values.dtype else a
        made = np.array(bare_index(a), dtype=dtype, **kwargs)
        if made.dtype == object:
            raise TypeError("np.array: want numbers in rows of one length")
        fresh = self.recorder.made(made, assigned_name())
        give_values(fresh, a)
        return fresh


def size_of(value: Any) -> Any:
    """Sizes and fill values may have been loaded from an array."""
    if isinstance(value, Number):
        return value.value
    if type(value) in (tuple, list) and any(isinstance(item, Number) for item in value):
        return type(value)(map(size_of, value))
    return value


def number_type(real: type, recorder: Recorder) -> Any:
    """float, int or np.float32 as a recorded function sees it: converting a counted number leaves it counted."""

    class Kind(type):
        def __instancecheck__(cls, thing: Any) -> bool:
            return isinstance(untraced(thing.value) if isinstance(thing, Number) else thing, real)

        def __eq__(cls, other: Any) -> bool:
            return other is cls or other is real

        def __hash__(cls) -> int:
            return hash(real)

    def convert(cls: type, *args: Any) -> Any:
        if len(args) == 1 and isinstance(args[0], Number):
            value = args[0].value
            return args[0].instead(value.cast(real) if value.__class__ is Traced else real(value))
        return real(*args)

    body = {"__new__": convert, "dtype": np.dtype(real), "__doc__": real.__doc__}
    return Kind(real.__name__, (object,), body)


def kind_of_array(recorder: Recorder) -> Any:
    class Kind(type):
        def __instancecheck__(cls, thing: Any) -> bool:
            return isinstance(thing, Recorded | np.ndarray)

    return Kind("ndarray", (object,), {"__doc__": np.ndarray.__doc__})


def assigned_name() -> str:
    """The variable that the array being made is put into: `oa = np.zeros(...)` is called oa."""
    frame = sys._getframe(1)
    while frame is not None and (frame.f_globals.get("__name__") or "").startswith(HERE):
        frame = frame.f_back  # type: ignore[assignment]
    return "temporary" if frame is None else name_after(frame.f_code, frame.f_lasti)


@functools.lru_cache(maxsize=1024)
def name_after(code: types.CodeType, last: int) -> str:
    """The variable that the instruction after `last` stores into; "temporary" where it is none. One line of a loop asks again and again."""
    for instruction in dis.get_instructions(code):
        if instruction.offset > last:  # the first one after the call
            if instruction.opname.startswith("STORE_") and instruction.opname != "STORE_SUBSCR":
                name = instruction.argval
                return str(name[0] if isinstance(name, tuple) else name)
            return "temporary"
    return "temporary"
