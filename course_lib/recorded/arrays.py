"""An array that carries, beside its values, the address of every element: a view slices both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .scalars import ADD, ADD1, ADD2, COMPARE, DIVIDE, MULTIPLY, OTHER, STORE, Number
from .tape import TOGETHER, Traced, untraced

if TYPE_CHECKING:
    from .recorder import Recorder

ARRAY, SCALARS, new = np.ndarray, (int, float), object.__new__
REFUSED = "recorded arrays are for written loops: this one has no {}. Load the elements one by one"


class Recorded:
    """A recorded array. `x[i, j]` loads, `x[i, j] = v` stores; `x[0, :, 2:5]` is a view and touches nothing.

    Whole-array arithmetic counts what the written loop would: each element of the result loads its operands and is stored.
    """

    __slots__ = ("recorder", "values", "addresses", "places", "tape", "owner", "append", "product", "__weakref__")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, recorder: Recorder, values: np.ndarray, addresses: np.ndarray, owner: Any, product: bool = False) -> None:
        self.recorder = recorder
        self.values = values
        self.addresses = addresses
        self.places: Any = memoryview(addresses)  # type: ignore[arg-type]  # by whole numbers only, twice as fast as the array
        self.tape = recorder.tape
        self.owner = owner  # keeps the bytes alive while a view of them lives; None for an argument
        self.append = recorder.log.append
        self.product = product  # the elementwise product of two arrays, which no sum has taken up yet

    # -- elements and views

    def __getitem__(self, index: Any) -> Any:
        try:
            address = self.places[index]
            value = self.values[index]
        except (TypeError, NotImplementedError, IndexError):  # slices, rows, lists; a true IndexError comes again in numpy's words
            return self.part(index)
        if address.__class__ is not int or value.__class__ is ARRAY:
            return self.part(index)
        self.append(address)
        loaded = new(Number)  # faster than Number(...), and this is the line that every loop turns on
        loaded.value = value if self.tape is None else self.tape.loaded(address, value)
        loaded.append = self.append
        loaded.product = False
        return loaded

    def part(self, index: Any) -> Any:
        """A view; or a copy, where the index holds lists, masks or index arrays."""
        if has_arrays(index):
            return self.picked(index)
        value = self.values[index]
        if value.__class__ is ARRAY:
            return Recorded(self.recorder, value, self.addresses[index], self.owner, self.product)
        return loaded(self.recorder, int(self.addresses[index]), value)

    def __setitem__(self, index: Any, value: Any) -> None:
        try:
            address = self.places[index]
            if value.__class__ is Number:
                given = value.value
            elif value.__class__ in SCALARS:
                given = value
            else:
                address = None
            if address.__class__ is int:
                self.values[index] = given if self.tape is None else untraced(given)
        except (TypeError, NotImplementedError, IndexError):
            address = None
        if address.__class__ is int:
            self.append(STORE)
            self.append(address)
            if self.tape is not None:
                self.tape.store(address, self.tape.name(given))
            return
        if has_arrays(index):
            index = counted_index(index)
        self.store_many(index, self.addresses[index], value)

    def picked(self, index: Any) -> Any:
        """Indexing by lists, masks or index arrays copies, as in numpy: every element is loaded and stored."""
        index = counted_index(index)
        return moved(self.recorder, lambda a: a[index], [self])

    def store_many(self, index: Any, address: Any, value: Any) -> None:
        address = np.asarray(address)
        if value.__class__ is Recorded:
            same = address.shape == value.addresses.shape and np.array_equal(address, value.addresses)
            if same:  # `x[i] += y` has stored into the view already; putting it back does nothing
                return
            loads = np.broadcast_to(value.addresses, address.shape)
            self.values[index] = value.values
            write(self.recorder, [loads], (), address)
            return
        self.values[index] = bare_index(value)
        write(self.recorder, [], (), address, value)

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Any]:
        for i in range(len(self.values)):
            yield self[i]

    # -- what does not touch the elements

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def ndim(self) -> int:
        return self.values.ndim

    @property
    def size(self) -> int:
        return self.values.size

    @property
    def dtype(self) -> np.dtype:
        return self.values.dtype

    @property
    def itemsize(self) -> int:
        return self.values.itemsize

    @property
    def nbytes(self) -> int:
        return self.values.nbytes

    @property
    def strides(self) -> tuple[int, ...]:
        return self.values.strides

    @property
    def flags(self) -> Any:
        return self.values.flags

    @property
    def T(self) -> Recorded:
        return self.transpose()

    def reshape(self, *shape: Any, **kwargs: Any) -> Any:
        return moved(self.recorder, lambda a: a.reshape(*shape, **kwargs), [self])

    def transpose(self, *axes: Any) -> Any:
        return moved(self.recorder, lambda a: a.transpose(*axes), [self])

    def swapaxes(self, one: int, other: int) -> Any:
        return moved(self.recorder, lambda a: a.swapaxes(one, other), [self])

    def squeeze(self, axis: Any = None) -> Any:
        return moved(self.recorder, lambda a: a.squeeze(axis), [self])

    def ravel(self) -> Any:
        return moved(self.recorder, lambda a: a.ravel(), [self])

    def flatten(self) -> Any:
        return moved(self.recorder, lambda a: a.flatten(), [self])

    def copy(self, order: Any = "C") -> Any:
        return moved(self.recorder, lambda a: a.copy(), [self])

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        if not copy and self.values.dtype == np.dtype(dtype):
            return self
        fresh = self.recorder.made(self.values.astype(dtype), known=False)
        cut = fresh.dtype.kind in "iu" and self.dtype.kind not in "biu"
        write(self.recorder, [self.addresses], (), fresh.addresses, whole=cut)
        return fresh

    def fill(self, value: Any) -> None:
        self[...] = value

    def item(self, *index: Any) -> Any:
        if not index:
            return self[tuple(0 for _ in self.shape)].item() if self.size == 1 else self.values.item()
        return self[index if len(index) > 1 else np.unravel_index(index[0], self.shape)].item()

    def tolist(self) -> Any:
        return [self[i].tolist() if self.ndim > 1 else self[i].item() for i in range(len(self))]

    # -- whole-array arithmetic, counted element by element

    def sum(self, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
        return reduced(self, np.add, axis, keepdims, dtype)

    def prod(self, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
        return reduced(self, np.multiply, axis, keepdims, dtype)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        return reduced(self, np.maximum, axis, keepdims, None)

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        return reduced(self, np.minimum, axis, keepdims, None)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        total = self.sum(axis, keepdims=keepdims)
        return total / (self.size // max(1, np.size(total.values) if isinstance(total, Recorded) else 1))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return elementwise(self.recorder, ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        name = function.__name__
        if name in REDUCTIONS and isinstance(args[0], Recorded):
            return getattr(args[0], REDUCTIONS[name])(*args[1:], **kwargs)
        if name in ABOUT:
            return function(*(a.values if isinstance(a, Recorded) else a for a in args), **kwargs)
        if name in BORN:  # zeros_like and its kin need the shape, not the elements
            made = function(*(a.values if isinstance(a, Recorded) else a for a in args), **kwargs)
            from .stand_in import assigned_name

            return self.recorder.made(made, assigned_name())
        if name in MOVES:
            return moving(self.recorder, function, args, kwargs)
        raise TypeError(REFUSED.format(f"np.{name}"))

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        """Leaving the recording loads every element and hands out a copy."""
        write(self.recorder, [self.addresses], (), None)
        return np.array(self.values, dtype=dtype)

    def __neg__(self) -> Any:
        return elementwise(self.recorder, np.negative, "__call__", (self,), {})

    def __abs__(self) -> Any:
        return elementwise(self.recorder, np.absolute, "__call__", (self,), {})

    def __matmul__(self, other: Any) -> Any:
        raise TypeError(REFUSED.format("@"))

    __rmatmul__ = __imatmul__ = __matmul__

    def dot(self, *_: Any) -> Any:
        raise TypeError(REFUSED.format("dot"))

    def __getattr__(self, name: str) -> Any:
        if hasattr(np.ndarray, name) and not name.startswith("__"):
            raise TypeError(REFUSED.format(f".{name}"))
        raise AttributeError(f"a recorded array has no attribute {name!r}")

    def __float__(self) -> float:
        return float(self[tuple(0 for _ in self.shape)]) if self.size == 1 else float(self.values)

    def __int__(self) -> int:
        return int(self[tuple(0 for _ in self.shape)]) if self.size == 1 else int(self.values)

    def __index__(self) -> int:
        if self.ndim or self.values.dtype.kind not in "iu":
            raise TypeError("only a whole number can be an index")
        return int(self[()])

    def __bool__(self) -> bool:
        return bool(self[tuple(0 for _ in self.shape)]) if self.size == 1 else bool(self.values)

    def __contains__(self, value: Any) -> bool:
        return any(element == value for element in self)

    def __repr__(self) -> str:
        return f"Recorded({self.values!r})"


def loaded(recorder: Recorder, address: int, value: Any) -> Number:
    """One element in a register."""
    recorder.log.append(address)
    return Number(value if recorder.tape is None else recorder.tape.loaded(address, value), recorder.log.append)


def operator_of(ufunc: Any, turned: bool = False) -> Callable[..., Any]:
    def method(self: Recorded, other: Any) -> Any:
        return elementwise(self.recorder, ufunc, "__call__", (other, self) if turned else (self, other), {})

    return method


def inplace_of(ufunc: Any) -> Callable[..., Any]:
    def method(self: Recorded, other: Any) -> Any:
        return elementwise(self.recorder, ufunc, "__call__", (self, other), {"out": (self,)})

    return method


OPERATORS = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide, "floordiv": np.floor_divide,
    "mod": np.remainder, "pow": np.power,
}  # fmt: skip
for _word, _ufunc in OPERATORS.items():
    setattr(Recorded, f"__{_word}__", operator_of(_ufunc))
    setattr(Recorded, f"__r{_word}__", operator_of(_ufunc, turned=True))
    setattr(Recorded, f"__i{_word}__", inplace_of(_ufunc))
COMPARED = {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}
for _word, _ufunc in COMPARED.items():
    setattr(Recorded, f"__{_word}__", operator_of(_ufunc))

CODES = {
    np.multiply: MULTIPLY, np.true_divide: DIVIDE, np.floor_divide: DIVIDE, np.remainder: DIVIDE,
    np.maximum: COMPARE, np.minimum: COMPARE, np.equal: COMPARE, np.not_equal: COMPARE, np.less: COMPARE,
    np.less_equal: COMPARE, np.greater: COMPARE, np.greater_equal: COMPARE,
}  # fmt: skip
FREE = (np.negative, np.positive, np.absolute)  # a sign is no arithmetic
HIDDEN = (np.matmul, *(f for f in (getattr(np, n, None) for n in ("vecdot", "matvec", "vecmat")) if f is not None))
REDUCTIONS = {"sum": "sum", "prod": "prod", "amax": "max", "max": "max", "amin": "min", "min": "min", "mean": "mean"}
ABOUT = {"shape", "ndim", "size", "result_type", "can_cast", "may_share_memory", "shares_memory", "isscalar", "iscomplexobj"}
BORN = {"zeros_like", "ones_like", "empty_like", "full_like"}
MOVES = {
    "reshape", "transpose", "ravel", "squeeze", "expand_dims", "swapaxes", "moveaxis", "rollaxis", "broadcast_to", "flip",
    "fliplr", "flipud", "rot90", "roll", "tile", "repeat", "concatenate", "stack", "vstack", "hstack", "dstack", "column_stack",
    "split", "array_split", "take", "copy", "pad", "sliding_window_view", "as_strided", "diagonal", "atleast_1d", "atleast_2d",
    "atleast_3d", "permute_dims", "matrix_transpose",
}  # fmt: skip


def has_arrays(index: Any) -> bool:
    """Whether numpy would pick elements by this index (and copy) rather than take a view."""
    if index.__class__ is tuple:
        for part in index:
            if part.__class__ in PICKS:
                return True
        return False
    return index.__class__ in PICKS


PICKS = frozenset({Recorded, np.ndarray, list, bool, np.bool_})


def counted_index(index: Any) -> Any:
    """An index in plain numpy; recorded index arrays are loaded."""
    if index.__class__ is tuple:
        return tuple(map(counted_index, index))
    if index.__class__ is Recorded:
        return index.__array__()
    return bare_index(index) if index.__class__ is list else index


def bare_index(value: Any) -> Any:
    """Nested lists of numbers, loaded or not, as plain numbers."""
    if isinstance(value, Number):
        return untraced(value.value)
    if isinstance(value, Recorded):
        return value.__array__()
    if isinstance(value, list | tuple):
        return type(value)(map(bare_index, value))
    return value


def give_values(fresh: Recorded, source: Any) -> None:
    """Stores into a new array made of a list that holds loaded numbers."""

    def loaded(value: Any) -> bool:
        if isinstance(value, list | tuple):
            return any(map(loaded, value))
        return isinstance(value, Number | Recorded)

    if loaded(source):
        write(fresh.recorder, [], (), fresh.addresses, source)


def write(
    recorder: Recorder, loads: list[np.ndarray], codes: tuple[int, ...], stores: np.ndarray | None, value: Any = None, whole: bool = False
) -> None:
    """Into the log, element by element: its loads, the arithmetic, its store. An address of -1 or less is no access.

    On a tape `value` is what is stored where nothing is loaded; the arithmetic is put there by `on_tape`.
    """
    if recorder.tape is not None and not codes:
        moved_on_tape(recorder, loads, stores, value, whole)
    size = stores.size if stores is not None else loads[0].size
    columns = [a.ravel() for a in loads] + [np.full(size, code) for code in codes]
    if stores is not None:
        columns += [np.full(size, STORE), stores.ravel()]
    if size == 0 or not columns:
        return
    rows = np.stack(columns, axis=1).astype(np.int64)
    kept = np.ones(rows.shape, bool)
    kept[:, : len(loads)] = rows[:, : len(loads)] >= 0
    if stores is not None and (stores < 0).any():
        kept[:, -2:] = (rows[:, -1] >= 0)[:, None]
    recorder.log.frombytes(rows[kept].tobytes())


def moved_on_tape(recorder: Recorder, loads: list[np.ndarray], stores: np.ndarray | None, value: Any, whole: bool) -> None:
    """Loads and stores without arithmetic: each element is stored as it was loaded, or as `value` says."""
    tape = recorder.tape
    if loads:
        places = [-1] * loads[0].size if stores is None else stores.ravel().tolist()
        together = bool(set(places) & set(loads[0].ravel().tolist()) - {-1})
        if together:
            tape.row(TOGETHER, 1)
        for come, go in zip(loads[0].ravel().tolist(), places, strict=True):
            if come >= 0:
                number = tape.load(come)
                if go >= 0:
                    tape.store(go, tape.call("whole", number) if whole else number)
        if together:
            tape.row(TOGETHER, 0)
        return
    names = np.broadcast_to(names_of(tape, value), stores.shape)
    for go, number in zip(stores.ravel().tolist(), names.ravel().tolist(), strict=True):
        if go >= 0:
            tape.store(go, number)


def names_of(tape: Any, value: Any) -> np.ndarray:
    """The names on the tape of numbers, in lists and arrays too."""
    if isinstance(value, Number):
        return np.array(tape.name(value.value))
    if isinstance(value, Recorded):
        return np.array([tape.load(a) for a in value.addresses.ravel().tolist()], np.int64).reshape(value.shape)
    if isinstance(value, list | tuple):
        return np.array([names_of(tape, item) for item in value])
    flat = np.asarray(value)
    return np.array([tape.name(item) for item in flat.ravel()], np.int64).reshape(flat.shape)


def on_tape(recorder: Recorder, ufunc: Any, inputs: Sequence[Any], shape: tuple[int, ...], stores: np.ndarray | None) -> Any:
    """An elementwise function, element by element: loads, the operation, a store. The name of the last result."""
    tape, last = recorder.tape, 0
    columns = []
    for x in inputs:
        if isinstance(x, Recorded):
            columns.append((True, np.broadcast_to(x.addresses, shape).ravel().tolist()))
        else:
            columns.append((False, np.broadcast_to(names_of(tape, x), shape).ravel().tolist()))
    places = [-1] * int(np.prod(shape, dtype=int)) if stores is None else stores.ravel().tolist()
    tape.row(TOGETHER, 1)
    for i, go in enumerate(places):
        last = tape.call(ufunc.__name__, *(tape.load(column[i]) if array else column[i] for array, column in columns))
        if go >= 0:
            tape.store(go, last)
    tape.row(TOGETHER, 0)
    return last


def elementwise(recorder: Recorder, ufunc: Any, method: str, inputs: Any, kwargs: Any) -> Any:
    """A numpy function of one element at a time, on whole arrays."""
    if method == "reduce" and isinstance(inputs[0], Recorded) and len(inputs) == 1:
        options = {"axis": 0, "keepdims": False, "dtype": None, **kwargs}
        return reduced(inputs[0], ufunc, options["axis"], options["keepdims"], options["dtype"])
    if ufunc in HIDDEN:
        raise TypeError(REFUSED.format("@"))
    if method != "__call__" or ufunc.signature is not None or ufunc.nout != 1 or set(kwargs) - {"out", "dtype", "casting"}:
        raise TypeError(REFUSED.format(f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")))
    inputs = [bare_index(x) if isinstance(x, list | tuple) else x for x in inputs]
    values = [x.values if isinstance(x, Recorded) else untraced(x.value) if isinstance(x, Number) else x for x in inputs]
    out = kwargs.pop("out", (None,))[0]
    flags = sum(bool(getattr(x, "product", False)) for x in inputs)
    for x in inputs:
        if isinstance(x, Recorded | Number) and ufunc in (np.add, np.subtract):
            x.product = False
    # computed apart, so that a result that overlaps an operand is what numpy makes of it
    result = ufunc(*values, **kwargs)
    loads = [np.broadcast_to(x.addresses, np.shape(result)) for x in inputs if isinstance(x, Recorded)]
    code = (ADD, ADD1, ADD2)[flags] if ufunc in (np.add, np.subtract) else None if ufunc in FREE else CODES.get(ufunc, OTHER)
    codes = () if code is None else (code,)
    if out is None and np.ndim(result) == 0:
        if recorder.tape is not None:
            result = Traced(result, on_tape(recorder, ufunc, inputs, (), None), recorder.tape)
        if loads:
            write(recorder, [np.asarray(a).reshape(1) for a in loads], codes, None)
        else:
            recorder.log.extend(codes)
        return Number(result, recorder.log.append, ufunc is np.multiply)
    if out is None:
        from .stand_in import assigned_name

        out = recorder.made(result, assigned_name(), known=False)
        out.product = ufunc is np.multiply
        if recorder.tape is not None:
            on_tape(recorder, ufunc, inputs, out.shape, out.addresses)
        write(recorder, loads, codes, out.addresses)
        return out
    if not isinstance(out, Recorded):
        raise TypeError("out: want an array made inside the recorded function, or one of its arguments")
    if out.shape != np.shape(result):
        raise ValueError(f"out: want shape {np.shape(result)}, got {out.shape}")
    ufunc(*values, out=out.values, **kwargs)  # numpy's own rules for casting into `out`
    out.product = False
    if recorder.tape is not None:
        on_tape(recorder, ufunc, inputs, out.shape, out.addresses)
    write(recorder, loads, codes, out.addresses)
    return out


def reduced(a: Recorded, ufunc: Any, axis: Any, keepdims: bool, dtype: Any) -> Any:
    """A sum, product or extreme over axes: each result loads its elements in order, then is stored if it is an array."""
    if ufunc not in (np.add, np.multiply, np.maximum, np.minimum):
        raise TypeError(REFUSED.format(f"np.{ufunc.__name__}.reduce"))
    extra = {} if dtype is None else {"dtype": dtype}
    result = ufunc.reduce(a.values, axis=axis, keepdims=keepdims, **extra)
    axes = tuple(range(a.ndim)) if axis is None else tuple(i % a.ndim for i in (axis if isinstance(axis, tuple) else (axis,)))
    others = [i for i in range(a.ndim) if i not in axes]
    rows = a.addresses.transpose(*others, *axes).reshape(int(np.prod([a.shape[i] for i in others], dtype=int)), -1)
    code = (ADD1 if a.product else ADD) if ufunc is np.add else CODES[ufunc]
    if ufunc is np.add:
        a.product = False
    table = np.empty((rows.shape[0], 2 * rows.shape[1]), np.int64)
    table[:, 0::2] = rows
    table[:, 1::2] = code
    names = reduced_on_tape(a.recorder.tape, ufunc, rows) if a.recorder.tape is not None else []
    if np.ndim(result) == 0:
        a.recorder.log.frombytes(table.tobytes())
        return Number(Traced(result, names[0], a.recorder.tape) if names else result, a.append)
    from .stand_in import assigned_name

    fresh = a.recorder.made(result, assigned_name(), known=False)
    for go, number in zip(fresh.addresses.ravel().tolist() if names else [], names, strict=True):
        a.recorder.tape.store(go, number)
    ends = np.stack([np.full(len(table), STORE), fresh.addresses.ravel()], axis=1)
    a.recorder.log.frombytes(np.concatenate([table, ends], axis=1).tobytes())
    return fresh


def reduced_on_tape(tape: Any, ufunc: Any, rows: np.ndarray) -> list[int]:
    """The names of the results of a sum, product or extreme along each row of addresses."""
    start = {np.add: 0, np.multiply: 1}.get(ufunc)
    out = []
    for row in rows.tolist():
        number = None if start is None else tape.name(start)
        for address in row:
            loaded_now = tape.load(address)
            number = tape.call(ufunc.__name__, loaded_now if number is None else number, loaded_now)
        out.append(number if number is not None else tape.name(0))
    return out


def moved(recorder: Recorder, move: Callable[..., Any], sources: list[Recorded]) -> Any:
    """Elements put in another order: a view where numpy gives a view, else loads and stores of each."""
    source = sources[0]
    values, addresses = move(source.values), move(source.addresses)
    return placed(recorder, values, addresses, [source])


def placed(recorder: Recorder, values: Any, addresses: Any, sources: list[Recorded]) -> Any:
    if isinstance(values, list | tuple):
        return type(values)(placed(recorder, v, a, sources) for v, a in zip(values, addresses, strict=True))
    if not isinstance(values, np.ndarray):
        return loaded(recorder, int(addresses), values)
    for source in sources:
        if np.may_share_memory(values, source.values):
            return Recorded(recorder, values, addresses, source.owner, source.product)
    from .stand_in import assigned_name

    fresh = recorder.made(values, assigned_name())
    keep = addresses >= 0  # padding is born with its value
    write(recorder, [addresses], (), np.where(keep, fresh.addresses, -1))
    return fresh


def moving(recorder: Recorder, function: Any, args: Any, kwargs: Any) -> Any:
    """A numpy function that only moves elements, done twice: once on the values, once on their addresses."""
    sources: list[Recorded] = []

    def one(value: Any, addresses: bool) -> Any:
        if isinstance(value, Recorded):
            sources.append(value)
            return value.addresses if addresses else value.values
        if isinstance(value, list | tuple) and any(isinstance(item, Recorded | np.ndarray) for item in value):
            return type(value)(one(item, addresses) for item in value)
        if isinstance(value, np.ndarray) and addresses:
            return np.full(value.shape, -1, np.int64)
        return bare_index(value)

    if function.__name__ == "as_strided":
        return strided(recorder, function, args, kwargs)
    if function.__name__ == "pad" and (kwargs.get("mode", args[2] if len(args) > 2 else "constant")) != "constant":
        raise TypeError(REFUSED.format("np.pad in that mode"))
    values = function(*(one(a, False) for a in args), **kwargs)
    where = {key: value for key, value in kwargs.items() if key not in ("constant_values", "dtype", "out")}
    if function.__name__ == "pad":
        where["constant_values"] = -1
    if "out" in kwargs:
        raise TypeError(REFUSED.format(f"np.{function.__name__} with out="))
    return placed(recorder, values, function(*(one(a, True) for a in args), **where), sources)


def strided(recorder: Recorder, function: Any, args: Any, kwargs: Any) -> Any:
    """as_strided: the strides are bytes of the values, and the addresses take twice or four times as many."""
    source = args[0]
    shape = kwargs.get("shape", args[1] if len(args) > 1 else None)
    strides = kwargs.get("strides", args[2] if len(args) > 2 else None)
    values = function(source.values, shape, strides)
    if strides is not None:
        strides = tuple(s * source.addresses.itemsize // source.itemsize for s in strides)
    return Recorded(recorder, values, function(source.addresses, shape, strides), source.owner, source.product)
