"""The log of one run, the memory its arrays lie in, and `record`, which runs a function on recorded arrays."""

from __future__ import annotations

import inspect
from array import array as Array
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..records import Buffer, Trace
from . import scalars
from .arrays import Recorded
from .rebuild import rebuilt
from .scalars import Number
from .stand_in import StandIn
from .tape import CALL, GONE, NUMBER, Tape, Traced, untraced

FIRST, PAGE = 1 << 20, 4096  # the first tensor lies at 1 MiB; each begins on a page of its own

# Parameter names that are the lecture's letters get the lecture's tensor names; every other name stays as it is.
LECTURE = {"ia": "IA", "wt": "W", "w": "W", "oa": "OA", "a": "A", "b": "B", "c": "C"}


Kind = tuple[str, tuple[int, ...], int]  # name, shape and bytes an element: what an idle buffer must have in common to be used again


class Log(Array):
    """A long array of whole numbers that knows its recorder; see `scalars` for the codes."""

    recorder: Recorder


class Allocation:
    """One array made inside the function; when the last view of it is gone, its bytes are free again."""

    __slots__ = ("recorder", "number", "nbytes", "kind")

    def __init__(self, recorder: Recorder, number: int, nbytes: int, kind: Kind) -> None:
        self.recorder = recorder
        self.number = number
        self.nbytes = nbytes
        self.kind = kind
        recorder.events.append((number, nbytes))

    def __del__(self) -> None:
        self.recorder.events.append((self.number, -self.nbytes))
        if self.recorder.tape is not None:
            self.recorder.tape.row(GONE, self.number)
        self.recorder.idle.setdefault(self.kind, []).append(self.number)


class Recorder:
    """Hands out recorded arrays and turns what happened to them into a Trace.

    >>> recorder = Recorder()
    >>> x = recorder.array("x", np.ones(4))
    >>> x[1] = x[0] + x[2]
    >>> recorder.trace().loads("x"), recorder.trace().stores("x")
    (2, 1)
    """

    def __init__(self, tape: Tape | None = None) -> None:
        self.tape = tape  # where one is written, every access takes the slower way that names its operands
        self.log = Log("q")
        self.log.recorder = self
        self.buffers: list[Buffer] = []
        self.next = FIRST
        self.events: list[tuple[int, int]] = []  # (buffer number, bytes taken or given back), in order
        self.idle: dict[Kind, list[int]] = {}  # buffers whose array is gone, to be used again
        self.given: dict[int, tuple[np.ndarray, Recorded]] = {}
        self.numpy: Any = StandIn(self)

    def array(self, name: str, a: np.ndarray) -> Recorded:
        """`a` as a recorded tensor called `name`. It is not copied: stores go into `a`. ValueError for text or objects."""
        if not isinstance(a, np.ndarray) or a.dtype.kind not in "biufc":
            raise ValueError(f"{name}: want a numpy array of numbers, got {getattr(a, 'dtype', type(a).__name__)}")
        if id(a) in self.given:  # the same array passed twice lies in one place
            return self.given[id(a)][1]
        low = sum((n - 1) * s for n, s in zip(a.shape, a.strides, strict=True) if s < 0 and n > 0)
        high = sum((n - 1) * s for n, s in zip(a.shape, a.strides, strict=True) if s > 0 and n > 0)
        number = self.place(name, a.shape, a.itemsize, high - low + a.itemsize)
        addresses = np.full(a.shape, self.buffers[number].base - low, np.int64)
        for axis, (n, stride) in enumerate(zip(a.shape, a.strides, strict=True)):
            addresses += (np.arange(n) * stride).reshape([-1 if i == axis else 1 for i in range(a.ndim)])
        recorded = Recorded(self, a, addresses, None)
        self.given[id(a)] = (a, recorded)
        return recorded

    def place(self, name: str, shape: tuple[int, ...], itemsize: int, nbytes: int) -> int:
        """A new buffer of `nbytes`, on pages of its own; its number."""
        names = {buffer.name for buffer in self.buffers}
        fresh, count = name, 1
        while fresh in names:
            count += 1
            fresh = f"{name} {count}"
        self.buffers.append(Buffer(fresh, tuple(shape), itemsize, self.next))
        self.next += max(1, -(-nbytes // PAGE)) * PAGE
        return len(self.buffers) - 1

    def made(self, a: np.ndarray, name: str = "temporary", known: bool = True) -> Recorded:
        """An array born inside the function: its bytes count as workspace, its first values do not count as stores.

        Not `known` are the first values of an array that is filled at once.
        """
        kind = name, a.shape, a.itemsize
        waiting = self.idle.get(kind)
        number = waiting.pop() if waiting else self.place(name, a.shape, a.itemsize, a.nbytes)
        if self.tape is not None:
            self.tape.born(number, a, known)
        base = self.buffers[number].base
        addresses = base + a.itemsize * np.arange(a.size, dtype=np.int64).reshape(a.shape)
        return Recorded(self, np.ascontiguousarray(a).reshape(a.shape), addresses, Allocation(self, number, a.nbytes, kind))

    def trace(self, names: Mapping[str, str] | None = None, output: Recorded | None = None) -> Trace:
        """Everything seen so far. `names` renames buffers; `output` is the array handed back, which is not workspace."""
        return self.trace_of(names, self.number_of(output))

    def trace_of(self, names: Mapping[str, str] | None, out: int | None) -> Trace:
        """As `trace`, the array handed back being known by its buffer's number."""
        log = np.frombuffer(self.log.tobytes(), np.int64)
        seen = log[(log >= 0) | (log == scalars.STORE)]  # loads, and stores with the code before the address
        prefix = seen == scalars.STORE
        store = np.zeros(len(seen), bool)
        store[1:] = prefix[:-1]
        address, store = seen[~prefix], store[~prefix]
        bases = np.array([buffer.base for buffer in self.buffers] or [0], np.int64)
        tensor = (np.searchsorted(bases, address, "right") - 1).astype(np.int16)
        count = {name: int((log == code).sum()) for name, code in COUNTED.items()}
        marks = {
            "multiply": count["multiply"], "add": count["add"] + count["add1"] + count["add2"],
            "divide": count["divide"], "compare": count["compare"], "other": count["other"],
            "allocated": self.peak(None), "workspace": self.peak(out), "output": -1 if out is None else out,
        }  # fmt: skip
        wanted = dict(names or {})
        buffers = tuple(Buffer(wanted.get(b.name, b.name), b.shape, b.itemsize, b.base) for b in self.buffers)
        return Trace(buffers, tensor, address, store, steps(log), count["add1"] + 2 * count["add2"], marks)

    def number_of(self, a: Recorded | None) -> int | None:
        """The number of the buffer an array lies in."""
        if a is None or not a.addresses.size:
            return a.owner.number if a is not None and a.owner is not None else None
        bases = [buffer.base for buffer in self.buffers]
        return int(np.searchsorted(bases, int(a.addresses.flat[0]), "right")) - 1

    def peak(self, without: int | None) -> int:
        """The most bytes that arrays made inside held at one time, leaving one buffer out."""
        held = most = 0
        for number, change in self.events:
            if number != without:
                held += change
                most = max(most, held)
        return most


COUNTED = {
    "add": scalars.ADD, "add1": scalars.ADD1, "add2": scalars.ADD2, "multiply": scalars.MULTIPLY,
    "divide": scalars.DIVIDE, "compare": scalars.COMPARE, "other": scalars.OTHER,
}  # fmt: skip


def steps(log: np.ndarray) -> np.ndarray:
    """The iteration each access belongs to: one ends with a sum or a store, so a load after either begins the next.

    In `oa[q] += ia[q+s] * wt[s]` and in `acc += ia[q+s] * wt[s]` alike, step i is the i-th multiply-accumulate; in a copying
    loop it is the i-th copy.
    """
    is_sum = np.isin(log, (scalars.ADD, scalars.ADD1, scalars.ADD2))
    is_load = log >= 0
    is_load[1:] &= log[:-1] != scalars.STORE
    is_store = np.zeros(len(log), bool)
    is_store[1:] = log[:-1] == scalars.STORE
    rows = is_sum | is_load | is_store
    is_sum, is_load, is_store = is_sum[rows], is_load[rows], is_store[rows]
    begins = np.zeros(len(is_sum), np.int64)
    begins[1:] = (is_load[1:] & ~is_load[:-1]) | (is_store[1:] & is_store[:-1])
    return np.cumsum(begins)[~is_sum]


def record(function: Callable[..., Any], *args: Any, names: Mapping[str, str] | None = None, **kwargs: Any) -> tuple[Any, Trace]:
    """Run `function(*args, **kwargs)` and hand back (its value, the Trace of every load, store and MAC).

    Every numpy array among the arguments (in lists and dicts too) is recorded, and so is every array that the function, or
    a helper it calls, makes through `np`. The value comes back plain and equal to that of the unrecorded call.

    Tensors are called like the parameters, the lecture's letters in its own spelling: ia IA, wt or w W, oa OA, a A, b B, c C.
    An array made inside is called like the variable it is first put in; the one handed back is OA beside IA and W, C beside A
    and B. `names` renames any of them, {"x": "IA", "return": "OA"}.

    `trace.marks` counts multiply, add, divide, compare and other (powers, shifts, exp, ...); `allocated` is the peak of bytes
    made inside, `workspace` the same without the array handed back, `output` the number of that array's buffer (-1: none).
    Raises TypeError for `@`, dot, einsum and the like: they hide their loads.
    """
    recorder = Recorder()
    value, output = run(recorder, function, args, kwargs, dict(names or {}))
    number = recorder.number_of(output)
    titles = titles_of(recorder, number, output is not None and output.owner is not None, dict(names or {}))
    trace = recorder.trace(titles, output)
    return bare(value), trace


def taped(function: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
    """As `record`, and in place of the Trace the tape of every operation, as plain data: `tape.follow` makes the Trace of it.

    Raises TypeError as `record` does.
    """
    recorder = Recorder(tape := Tape())
    value, _ = run(recorder, function, args, kwargs, {})
    told = output_of(recorder, value)
    inputs = len(recorder.given)
    made = [(b.name, b.shape, b.itemsize, b.nbytes) for b in recorder.buffers[inputs:]]
    log = np.frombuffer(recorder.log.tobytes(), np.int64)
    data = tape.plain() | {"labels": [b.name for b in recorder.buffers[:inputs]], "made": made, "output": told}
    data["rows"] = with_products(data["rows"], log)
    return bare(value), data


def with_products(rows: np.ndarray, log: np.ndarray) -> np.ndarray:
    """The sums of a tape, told how many products each takes up: the log has its sums in the same order."""
    rows = rows.copy()
    sums = (rows[:, 0] == CALL) & np.isin(rows[:, 1], (NUMBER["add"], NUMBER["subtract"]))
    kinds = log[np.isin(log, (scalars.ADD, scalars.ADD1, scalars.ADD2))]
    if sums.sum() == len(kinds):
        rows[sums, 0] = CALL + (scalars.ADD - kinds)
    return rows


def output_of(recorder: Recorder, value: Any) -> Any:
    """Where an answer lies: addresses of arrays, names of numbers."""
    if isinstance(value, Recorded):
        return {"addresses": value.addresses, "number": recorder.number_of(value) or 0}
    if isinstance(value, Number) and value.value.__class__ is Traced:
        return {"number": value.value.at}
    if type(value) in (list, tuple):
        return type(value)(output_of(recorder, item) for item in value)
    if type(value) is dict:
        return {"dict": {key: output_of(recorder, item) for key, item in value.items()}}
    return bare(value)


def run(
    recorder: Recorder, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], names: Mapping[str, str]
) -> tuple[Any, Recorded | None]:
    """(the value, still recorded; the array in it that is handed back)."""
    mine, options = named(recorder, function, args, kwargs, names)
    value = rebuilt(function, recorder)(*mine, **options)
    output = value if isinstance(value, Recorded) else None
    if isinstance(value, tuple | list):
        output = next((item for item in value if isinstance(item, Recorded)), None)
    return value, output


def titles_of(recorder: Recorder, number: int | None, made_inside: bool, names: Mapping[str, str]) -> dict[str, str]:
    """The buffers that get another name: those that `names` says, and the array handed back."""
    titles = {b.name: wanted for b in recorder.buffers if (wanted := names.get(b.name))}
    if number is not None and made_inside:
        have = {buffer.name for buffer in recorder.buffers}
        usual = "OA" if {"IA", "W"} <= have else "C" if {"A", "B"} <= have else None
        title = names.get("return", usual)
        if title:
            titles.update({title: f"{title} (another)"} if title in have else {})
            titles[recorder.buffers[number].name] = title
    return titles


def named(
    recorder: Recorder, function: Callable[..., Any], args: Any, kwargs: Any, names: Mapping[str, str]
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments with recorded arrays in the place of plain ones, called like the parameters."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    labels: list[str] = []
    for i in range(len(args)):
        if i < len(parameters) and parameters[i].kind is not inspect.Parameter.VAR_POSITIONAL:
            labels.append(parameters[i].name)
        else:
            labels.append(f"argument {i + 1}")

    return wrapped(recorder, (names.get(label) or LECTURE.get(label, label) for label in leaves(labels, args, kwargs)), args, kwargs)


def leaves(labels: Sequence[str], args: Any, kwargs: Mapping[str, Any]) -> Iterator[str]:
    """A label for every array among the arguments, in order: a, or a[0] inside of one."""

    def inside(label: str, value: Any) -> Iterator[str]:
        if recordable(value):
            yield label
        elif type(value) in (list, tuple):
            for i, item in enumerate(value):
                yield from inside(f"{label}[{i}]", item)
        elif type(value) is dict:
            for key, item in value.items():
                yield from inside(f"{label}[{key!r}]", item)

    for label, value in [*zip(labels, args, strict=True), *kwargs.items()]:
        yield from inside(label, value)


def recordable(value: Any) -> bool:
    return type(value) is np.ndarray and value.dtype.kind in "biufc"


def wrapped(recorder: Recorder, labels: Iterator[str], args: Any, kwargs: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments with recorded arrays in the place of plain ones, called by the labels in order."""

    def inside(value: Any) -> Any:
        if recordable(value):
            return recorder.array(next(labels), value)
        if type(value) in (list, tuple):
            return type(value)([inside(item) for item in value])
        if type(value) is dict:
            return {key: inside(item) for key, item in value.items()}
        return value

    return [inside(value) for value in args], {key: inside(value) for key, value in kwargs.items()}


def bare(value: Any) -> Any:
    """A result without its recording: plain arrays and plain numbers."""
    if isinstance(value, Recorded):
        return value.values
    if isinstance(value, Number):
        return untraced(value.value)
    if type(value) in (list, tuple):
        return type(value)(map(bare, value))
    if type(value) is dict:
        return {key: bare(item) for key, item in value.items()}
    return value
