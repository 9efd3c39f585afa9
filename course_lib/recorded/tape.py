"""A recorded call as the list of its operations, to be run again somewhere else on other numbers.

A Trace says how many; a tape says which: every load and store has its address, every sum and product names its operands. So
whoever holds a tape need not believe its counts. Run on numbers that its maker has never seen, it must come to the right
answer; only the loads, sums and products that do so are counted. To forge a count one has to write down operations that
compute the answer in so many steps, and that was the exercise.

    value, tape = taped(function, *args)         where the function lives
    again = follow(tape, *args)                  where it is judged: again.trace, again.value

A row is (what, x, y, z). A row that makes a number is named by its place in the list, a number written in the code by
-1 - its place among `constants`.

    LOAD address             STORE address number       BORN buffer offset size     GONE buffer
    CALL function a b        TRUE, FALSE relation a b   INDEX number value
    TOGETHER 1 ... 0         what is stored between these two rows is in memory after the second: `x[1:] += x[:-1]`
"""

from __future__ import annotations

import operator
from array import array as Array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

LOAD, STORED, BORN, BORN_WHOLE, GONE, INDEX, TRUE, FALSE, CALL, CALL1, CALL2, TOGETHER = range(12)
UNKNOWN = -1  # a BORN array whose first values are never read: they are all stored over
MOST_ROWS = 3_000_000  # longer tapes are not followed: a counted case is small

RELATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
    "truth": lambda a, b: bool(a),
}  # fmt: skip
WRITTEN: dict[str, Callable[..., Any]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "true_divide": operator.truediv,
    "floor_divide": operator.floordiv, "remainder": operator.mod, "power": operator.pow, "negative": operator.neg,
    "absolute": abs, "bitwise_and": operator.and_, "bitwise_or": operator.or_, "bitwise_xor": operator.xor,
    "left_shift": operator.lshift, "right_shift": operator.rshift, "invert": operator.invert,
    "maximum": max, "minimum": min, "whole": int, "same": lambda a: a,
}  # fmt: skip
FUNCTIONS = (*WRITTEN, "exp", "log", "log2", "log10", "exp2", "expm1", "log1p", "sqrt", "square", "tanh", "sin", "cos", "sign", "rint",
             "floor", "ceil", "reciprocal", "cbrt", "arctan", "hypot", "logaddexp")  # fmt: skip
NUMBER = {name: i for i, name in enumerate(FUNCTIONS)}
RELATION = {name: i for i, name in enumerate(RELATIONS)}


# Where the function lives ------------------------------------------------------------------------------------------------


new = object.__new__


class Tape:
    """The rows as they are written, in one long list of whole numbers."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.put = self.rows.extend
        self.count = 0
        self.constants: dict[tuple[type, Any], int] = {}
        self.births: list[np.ndarray] = []
        self.born_so_far = 0

    def row(self, what: int, x: int = 0, y: int = 0, z: int = 0) -> int:
        self.put((what, x, y, z))
        self.count += 1
        return self.count - 1

    def load(self, address: int) -> int:
        return self.row(LOAD, int(address))

    def loaded(self, address: int, value: Any) -> Traced:
        self.put((LOAD, address, 0, 0))
        return self.result(value)

    def result(self, value: Any) -> Traced:
        """`value`, made by the row just put."""
        traced = new(Traced)  # faster than Traced(...): every operation of a recorded loop comes through here
        traced.value, traced.at, traced.tape = value, self.count, self
        self.count += 1
        return traced

    def store(self, address: int, number: int) -> None:
        self.row(STORED, int(address), number)

    def born(self, number: int, a: np.ndarray, known: bool) -> None:
        """An array made inside: what it is born with, unless every element of it is stored over at once."""
        if known:
            self.births.append(np.array(a.ravel(), np.float64) if a.dtype.kind != "c" else np.zeros(a.size))  # as it is now
        whole = BORN_WHOLE if a.dtype.kind in "biu" else BORN
        self.row(whole, number, self.born_so_far if known else UNKNOWN, a.size)
        self.born_so_far += a.size if known else 0

    def name(self, value: Any) -> int:
        """The number's name on the tape; a plain one is a constant."""
        if value.__class__ is Traced:
            return int(value.at)
        value = value.item() if isinstance(value, np.generic) else value
        key = (type(value), value)
        return -1 - self.constants.setdefault(key, len(self.constants))

    def call(self, function: str, *operands: int) -> int:
        a, b = (*operands, 0)[:2]
        return self.row(CALL, NUMBER.get(function, -1), a, b)

    def plain(self) -> dict[str, Any]:
        """Everything as data that travels."""
        rows = np.array(Array("q", self.rows), np.int64).reshape(-1, 4)  # by way of an Array: numpy reads long lists slowly
        births = np.concatenate(self.births) if self.births else np.zeros(0)
        return {"rows": rows, "constants": [value for _, value in self.constants], "births": births}


class Traced:
    """A value in a register, with its name on the tape. It stands inside a `Number` while a tape is written."""

    __slots__ = ("value", "at", "tape")
    __array_ufunc__ = None  # numpy's scalars leave the arithmetic to this class

    def __init__(self, value: Any, at: int, tape: Tape) -> None:
        self.value, self.at, self.tape = value, at, tape

    def test(self, relation: str, other: Any) -> bool:
        outcome = bool(RELATIONS[relation](self.value, untraced(other)))
        self.tape.row(TRUE if outcome else FALSE, RELATION[relation], self.at, self.tape.name(other))
        return outcome

    def __bool__(self) -> bool:
        return self.test("truth", 0)

    def __index__(self) -> int:
        value = operator.index(self.value)
        self.tape.row(INDEX, self.at, value)
        return value

    def cast(self, dtype: Any) -> Traced:
        """The same number in another type; a fraction that becomes a whole number is cut."""
        kind = np.dtype(dtype)
        value = np.asarray(self.value).astype(kind)[()]
        cut = kind.kind in "iu" and np.asarray(self.value).dtype.kind not in "biu"
        return Traced(value, self.tape.call("whole", self.at) if cut else self.at, self.tape)

    def __round__(self, digits: int | None = None) -> Any:
        return round(self.value) if digits is None else round(self.value, digits)

    # taken out of the recording: what comes of these is a plain number, and on other inputs the tape will not agree
    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return repr(self.value)

    def __format__(self, how: str) -> str:
        return format(self.value, how)


def untraced(value: Any) -> Any:
    return value.value if value.__class__ is Traced else value


def applied(function: str, compute: Callable[..., Any], *operands: Any) -> Any:
    """`compute` of these operands, on the tape where one of them is traced."""
    tape = next((x.tape for x in operands if x.__class__ is Traced), None)
    value = compute(*map(untraced, operands))
    return value if tape is None else Traced(value, tape.call(function, *map(tape.name, operands)), tape)


def alone(function: str) -> Callable[..., Any]:
    """-x, abs(x), ~x of a traced x."""
    compute = WRITTEN[function]
    return lambda self: applied(function, compute, self)


def before(function: str) -> Callable[..., Any]:
    """x + y of a traced x: `applied`, written out, as loops are made of these."""
    compute, number = WRITTEN[function], NUMBER[function]

    def method(self: Traced, other: Any) -> Traced:
        tape = self.tape
        if other.__class__ is Traced:
            value, name = compute(self.value, other.value), other.at
        else:
            value, name = compute(self.value, other), tape.name(other)
        tape.put((CALL, number, self.at, name))
        return tape.result(value)

    return method


def behind(function: str) -> Callable[..., Any]:
    """y + x of a traced x and a plain y."""
    compute = WRITTEN[function]
    return lambda self, other: applied(function, compute, other, self)


for _word, _function in {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide", "floordiv": "floor_divide", "mod": "remainder",
    "pow": "power", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor", "lshift": "left_shift", "rshift": "right_shift",
}.items():  # fmt: skip
    setattr(Traced, f"__{_word}__", before(_function))
    setattr(Traced, f"__r{_word}__", behind(_function))
for _word, _function in {"neg": "negative", "abs": "absolute", "invert": "invert"}.items():
    setattr(Traced, f"__{_word}__", alone(_function))
for _word in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Traced, f"__{_word}__", (lambda word: lambda self, other: self.test(word, other))(_word))


# Where it is judged ------------------------------------------------------------------------------------------------------


class Astray(ValueError):
    """On these inputs the tape's own branches would have gone another way: it says nothing about them."""


class BadTape(ValueError):
    """What was handed in is no tape."""


@dataclass(frozen=True, eq=False)
class Followed:
    """A tape run again: its value and its Trace."""

    value: Any
    trace: Any


def follow(tape: Mapping[str, Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Followed:
    """Run a tape on these arguments. Raises Astray where its branches do not hold for them, BadTape where it is none.

    `tape` comes from `taped`, over whatever wire; nothing in it is believed.
    """
    try:
        return Follower(tape, args, kwargs).run()
    except (Astray, BadTape):
        raise
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, ArithmeticError) as error:
        raise BadTape(f"a tape that cannot be followed ({type(error).__name__})") from None


class Follower:
    """The same memory, laid out by the same rules, and the rows done one after the other."""

    def __init__(self, tape: Mapping[str, Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        from .recorder import Recorder, wrapped

        self.recorder = Recorder()
        labels = [str(label)[:80] for label in tape["labels"]]
        self.inputs = wrapped(self.recorder, iter(labels), args, kwargs)
        for name, shape, itemsize, nbytes in tape["made"]:
            if int(nbytes) < 0 or len(self.recorder.buffers) > 20_000:
                raise BadTape("buffers that cannot be")
            self.recorder.place(str(name)[:80], tuple(int(n) for n in shape), int(itemsize), int(nbytes))
        rows = tape["rows"]
        if not isinstance(rows, np.ndarray) or rows.ndim != 2 or rows.shape[1] != 4 or rows.dtype != np.int64:
            raise BadTape("rows that are none")
        if len(rows) > MOST_ROWS:
            raise BadTape(f"the recorded call takes {len(rows):,} steps, more than the {MOST_ROWS:,} that are followed")
        self.columns = [column.tolist() for column in rows.T]
        self.constants, self.births, self.output = list(tape["constants"]), tape["births"], tape["output"]
        self.memory: dict[int, Any] = {}
        for a, recorded in self.recorder.given.values():
            self.memory.update(zip(recorded.addresses.ravel().tolist(), a.ravel().tolist(), strict=True))

    def run(self) -> Followed:
        from .recorder import titles_of

        values: list[Any] = []  # one a row
        source: list[Any] = []  # the product that a number is, until a sum has taken it up
        taken: set[int] = set()
        product_at: dict[int, Any] = {}
        memory, constants, log = self.memory, self.constants, self.recorder.log
        told = log.append
        written = memory
        functions: list[Any] = [WRITTEN.get(name) or getattr(np, name) for name in FUNCTIONS]
        relations = list(RELATIONS.values())
        codes = code_table()
        for at, (what, x, y, z) in enumerate(zip(*self.columns, strict=True)):
            value: Any = None
            mine = None
            if what == LOAD:
                value, mine = memory[x], product_at.get(x)
                told(x)
            elif CALL <= what <= CALL2:
                name = FUNCTIONS[x] if 0 <= x < len(FUNCTIONS) else None
                if name is None:
                    raise BadTape("the recorded call used a function that cannot be followed")
                # a row that is not there yet is past the end of `values`; one that makes no number is None
                a = values[y] if y >= 0 else constants[-1 - y]
                if name in ONE:
                    b, value = a, functions[x](a)
                else:
                    b = values[z] if z >= 0 else constants[-1 - z]
                    value = functions[x](a, b)
                if a is None or b is None:
                    raise BadTape("a number that is not there yet")
                if name == "multiply":
                    mine = at
                elif name in ("same", "negative", "whole"):
                    mine = source[y] if y >= 0 else None
                if name in ("add", "subtract"):
                    if wanted := what - CALL:
                        ready = [s for n in (y, z) if n >= 0 and (s := source[n]) is not None and s not in taken]
                        if wanted > len(ready):
                            raise BadTape("a sum that takes up products which are not there")
                        taken.update(ready[:wanted])
                    told(ADDS[wanted])
                elif (code := codes.get(name, OTHER)) is not None:
                    told(code)
            elif what == STORED:
                written[x] = self.number(values, constants, y, at)
                product_at[x] = source[y] if y >= 0 else None
                told(-1)
                told(x)
            elif what in (TRUE, FALSE):
                outcome = bool(relations[x](self.number(values, constants, y, at), self.number(values, constants, z, at)))
                if outcome is not (what == TRUE):
                    raise Astray
                told(COMPARED)
            elif what == INDEX:
                if self.number(values, constants, x, at) != y:
                    raise Astray
            elif what in (BORN, BORN_WHOLE):
                self.be_born(x, y, z, whole=what == BORN_WHOLE)
            elif what == TOGETHER:
                if not x:
                    memory.update(written)
                written = {} if x else memory
            elif what == GONE:
                buffer = self.recorder.buffers[x]
                self.recorder.events.append((x, -buffer.nbytes))
            else:
                raise BadTape("a row that says nothing")
            values.append(value)
            source.append(mine)
        number, owned = self.output_number()
        titles = titles_of(self.recorder, number, owned, {})
        return Followed(self.answer(self.output, values), self.recorder.trace_of(titles, number))

    @staticmethod
    def number(values: list[Any], constants: list[Any], name: int, at: int) -> Any:
        if name < 0:
            return constants[-1 - name]
        if name >= at or (value := values[name]) is None:
            raise BadTape("a number that is not there yet")
        return value

    def be_born(self, number: int, offset: int, size: int, whole: bool) -> None:
        buffer = self.recorder.buffers[number]
        if number < len(self.recorder.given) or size < 0 or size * buffer.itemsize > max(buffer.nbytes, 0):
            raise BadTape("an array that is born outside of its buffer")
        self.recorder.events.append((number, buffer.nbytes))
        first = range(buffer.base, buffer.base + size * buffer.itemsize, max(1, buffer.itemsize))
        if offset == UNKNOWN:
            self.memory.update(dict.fromkeys(first, float("nan")))
            return
        born = self.births[offset : offset + size].tolist()
        if len(born) != size or offset < 0:
            raise BadTape("an array that is born with nothing")
        self.memory.update(zip(first, map(int, born) if whole else born, strict=True))

    def output_number(self) -> tuple[int | None, bool]:
        """The buffer of the first array in the answer, and whether it was made inside."""
        items = self.output if isinstance(self.output, tuple | list) else [self.output]
        found = next((i for i in items if isinstance(i, Mapping) and "addresses" in i), None)
        if found is None:
            return None, False
        addresses = np.asarray(found["addresses"], np.int64)
        if not addresses.size:
            return (n, True) if 0 <= (n := int(found["number"])) < len(self.recorder.buffers) else (None, False)
        bases = [buffer.base for buffer in self.recorder.buffers]
        number = int(np.searchsorted(bases, int(addresses.flat[0]), "right")) - 1
        return number, number >= len(self.recorder.given)

    def answer(self, told: Any, values: list[Any]) -> Any:
        """What the tape comes to: arrays read from memory, numbers by their names."""
        if isinstance(told, Mapping):
            if "addresses" in told:
                places = np.asarray(told["addresses"], np.int64)
                return np.array([self.memory[p] for p in places.ravel().tolist()]).reshape(places.shape)
            if "number" in told:
                return self.number(values, self.constants, int(told["number"]), len(values))
            return {key: self.answer(item, values) for key, item in told["dict"].items()}
        if isinstance(told, tuple | list):
            return type(told)(self.answer(item, values) for item in told)
        return told


ONE = {"negative", "absolute", "invert", "whole", "same"} | {n for n in FUNCTIONS if n not in WRITTEN and getattr(np, n).nin == 1}
ADDS = (-2, -3, -4)  # scalars.ADD, ADD1, ADD2; a test holds them equal
COMPARED, OTHER = -7, -8


def code_table() -> dict[str, int | None]:
    from . import scalars

    return {
        "multiply": scalars.MULTIPLY, "true_divide": scalars.DIVIDE, "floor_divide": scalars.DIVIDE, "remainder": scalars.DIVIDE,
        "maximum": scalars.COMPARE, "minimum": scalars.COMPARE, "negative": None, "absolute": None, "whole": None, "same": None,
    }  # fmt: skip
