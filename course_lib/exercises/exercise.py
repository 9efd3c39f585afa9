"""An exercise as data: the right answer, the cases, and the misconceptions; and `judge`, the one way to a verdict.

The local check and the grader both call `judge`. They differ in two arguments only: the seed of the cases (public here,
secret there) and `call`, which runs the student's function (in this process here, in a sandbox there).
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import itertools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

PUBLIC_SEED = 2021

State = Literal["ok", "wrong", "crashed", "timeout", "missing"]


@dataclass(frozen=True)
class Case:
    """One call: positional `args`, keyword `kwargs`, and `label`, the words a student reads ("3x3 image, 2x2 filter").

    Arguments are plain data (None, bool, int, float, str, tuple, list, dict, numpy arrays) or `Made` objects.
    """

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""


@dataclass(frozen=True)
class Made:
    """An argument that cannot travel as an array (a torch module): `maker` names a function of
    `course_lib.exercises.makers`, called with `params` wherever the case is run."""

    maker: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Misconception:
    """A wrong idea that people have, as a function that has it: its answers recognise the idea in a student's.

    `hint` is what the student reads: the idea named, no answer given. `slide` is "01_intro#frame-anchor".
    """

    name: str
    function: Callable[..., Any]
    hint: str
    slide: str = ""


@dataclass(frozen=True)
class Count:
    """An exact count that earns points of its own, taken from a Trace of the student's loop on Recorded arrays.

    `measure(trace)` is the student's number; `bound(case)` the number to reach: equal to it, or at most it. With `of`
    "answer" it is the answer itself that is measured, as where a design is judged by what it costs.
    """

    name: str
    measure: Callable[[Any], int]
    bound: Callable[[Case], int]
    hint: str
    rule: Literal["equal", "at most"] = "equal"
    slide: str = ""
    of: Literal["trace", "answer"] = "trace"


@dataclass(frozen=True)
class Exercise:
    """One blank of a lab. `name` is the function's name and the word given to `check`.

    `cases(rng)` makes the cases, smallest first. `tolerance` is relative to max|expected|; 0 means equal, which is what
    whole numbers need. `counts` are taken on the cases that `counted` picks (small ones). Where many answers are right,
    `reading(answer)` is what is compared in place of the answer, and raises ValueError, in a sentence that begins with
    what is wrong ("order: ..."), for an answer that cannot be read. It runs with the judge, never beside the student's code.
    """

    name: str
    reference: Callable[..., Any]
    cases: Callable[[np.random.Generator], Sequence[Case]]
    misconceptions: tuple[Misconception, ...] = ()
    tolerance: float | Callable[[Case], float] = 0.0
    counts: tuple[Count, ...] = ()
    counted: Callable[[Sequence[Case]], Sequence[Case]] = lambda cases: cases[:3]
    reading: Callable[[Any], Any] | None = None
    again: Callable[[Case, np.random.Generator], Case] | None = None  # the case with other numbers, where `other_numbers` breaks its form
    picture: Callable[[Case, Any, Any], Any] | None = None  # (case, got, want) -> Scene
    cost: Callable[[Case], float] | None = None  # what a case asks of the code; by itself, the elements of its arrays
    hint: str = ""  # said when no misconception fits
    slide: str = ""
    praise: str = ""  # said in place of "right" where nothing can be right or wrong, as with a guess


@dataclass(frozen=True)
class Answer:
    """What one call of the student's function came to."""

    value: Any = None
    state: State = "ok"
    message: str = ""
    changed: tuple[int, ...] = ()  # positions of arguments that the call changed
    trace: Any = None  # a Trace when the call was recorded here
    tape: Any = None  # every operation of a call recorded elsewhere: its Trace is made here, and proven


Call = Callable[[Case, bool], Answer]  # (case, recorded?) -> Answer


class BrokenExercise(RuntimeError):
    """The exercise itself failed (its reference, its cases, a count): nobody may be scored on it."""


@dataclass(frozen=True)
class Foreign:
    """Stands for an answer that is no plain data (a torch tensor, a masked array, an object): only its description."""

    description: str  # "a torch.Tensor"


@dataclass(frozen=True)
class Part:
    """A share of the points: "values", or the name of a Count."""

    name: str
    passed: bool
    message: str = ""


@dataclass(frozen=True)
class Verdict:
    """What is said of one exercise: its state, which parts hold, and words for the student."""

    exercise: str
    state: State
    parts: tuple[Part, ...]
    message: str = ""  # the first thing that went wrong
    case: Case | None = None  # the smallest case that shows it
    got: Any = None
    want: Any = None
    misconception: str = ""
    hint: str = ""
    slide: str = ""
    cases_run: int = 0

    @property
    def passed(self) -> bool:
        return self.state == "ok" and all(part.passed for part in self.parts)


def difference(got: Any, want: Any, tolerance: float) -> str:
    """One sentence saying how `got` differs from `want`, empty where it does not. Never quotes the whole of `want`."""
    if isinstance(want, Mapping):
        if not isinstance(got, Mapping):
            return f"want a dict with the keys {', '.join(map(str, want))}, got {kind(got)}"
        if missing := [key for key in want if key not in got]:
            return f"the dict lacks the key {missing[0]!r}"
        return next((f"in {key!r} {said}" for key in want if (said := difference(got[key], want[key], tolerance))), "")
    if isinstance(want, str) or want is None:
        return "" if type(got) is type(want) and got == want else f"got {kind(got)}, want {kind(want)}"
    if isinstance(want, tuple | list) and any(not np.isscalar(item) or isinstance(item, str) for item in want):
        if not isinstance(got, tuple | list) or len(got) != len(want):
            return f"want {len(want)} things, got {kind(got)}"
        pairs = enumerate(zip(got, want, strict=True))
        return next((f"in item {i}: {said}" for i, (g, w) in pairs if (said := difference(g, w, tolerance))), "")
    if got is None:
        return "the function returned nothing: is the `return` missing?"
    expected = np.asarray(want)
    if isinstance(want, tuple | list) and not isinstance(got, tuple | list | np.ndarray):
        return f"want {len(want)} numbers, got {kind(got)}"
    got = plain(got)
    if isinstance(got, Foreign):
        return f"want {'a number' if expected.ndim == 0 else 'a plain numpy array'}, got {got.description}"
    try:
        found = np.asarray(got)
    except Exception:
        return f"want {'a number' if expected.ndim == 0 else 'numbers'}, got {kind(got)}"
    if found.dtype.kind not in "biuf":
        return f"want {'a real number' if expected.ndim == 0 else 'real numbers'}, got {kind(got)}"
    if found.shape != expected.shape:
        if expected.ndim == 0:
            return f"want one number, got {kind(got)}"
        return f"want shape {expected.shape}, got {kind(got) if found.ndim == 0 else found.shape}"
    if expected.dtype.kind in "biu" and found.dtype.kind == "f" and np.isfinite(found).all() and (found != np.floor(found)).any():
        return "want whole numbers, got fractions"
    with np.errstate(all="ignore"):
        f, e = found.astype(np.float64), expected.astype(np.float64)
        if np.isfinite(e).all() and not np.isfinite(f).all():
            return "there is a NaN or inf in the result"
        room = tolerance * float(np.abs(e).max(initial=0.0))
        bad = ~((np.abs(f - e) <= room) | (f == e) | (np.isnan(f) & np.isnan(e)))
    if not bad.any():
        return ""
    if found.ndim == 0:
        return f"you have {found.item()!r}, and that is not it"
    at = tuple(int(i) for i in np.argwhere(bad)[0])
    return f"{int(bad.sum())} of {bad.size} numbers differ, first at [{', '.join(map(str, at))}], where you have {found[at].item():.6g}"


def plain(value: Any) -> Any:
    """`value` where it is plain data, a `Foreign` where not: what a verdict can be formed on, here and across a socket."""
    if isinstance(value, np.ma.MaskedArray):
        return Foreign("a masked array")
    if isinstance(value, np.ndarray | np.generic):
        return Foreign(f"an array of dtype {value.dtype}") if value.dtype.kind not in "biufc" else value
    if value is None or isinstance(value, bool | int | float | complex | str | tuple | list | Mapping | Foreign):
        return value
    module = type(value).__module__.split(".")[0]
    return Foreign(f"a {type(value).__name__}" if module in ("builtins", "__main__") else f"a {module}.{type(value).__name__}")


def kind(value: Any) -> str:
    """A short description of a value, for a sentence."""
    if value is None:
        return "None"
    if isinstance(value, Foreign):
        return value.description
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}" + (f" and dtype {value.dtype}" if value.dtype.kind not in "biuf" else "")
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, int | float | complex | str):
        return repr(value)[:60]
    return f"a {type(value).__name__}"


def in_process(function: Callable[..., Any]) -> Call:
    """Run the student's function here, on copies of the arguments; what it raises becomes an Answer."""
    from .makers import made

    def call(case: Case, recorded: bool) -> Answer:
        args, kwargs = made(copy.deepcopy((case.args, dict(case.kwargs))))
        return call_here(function, args, kwargs, recorded)

    return call


def call_here(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], recorded: bool, on_tape: bool = False
) -> Answer:
    """One call in this process; the same text runs in a notebook and, `on_tape`, inside the grader's sandbox."""
    from .makers import fingerprint

    before = [fingerprint(a) for a in args]
    trace = tape = None
    try:
        if recorded and on_tape:
            from ..recorded import taped

            value, tape = taped(function, *args, **kwargs)
        elif recorded:
            from ..recorded import record

            value, trace = record(function, *args, **kwargs)
        else:
            value = function(*args, **kwargs)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: a student's sys.exit() is an answer, not the end
        return Answer(state="crashed", message=sentence_of(error))
    changed = tuple(i for i, (a, old) in enumerate(zip(args, before, strict=True)) if fingerprint(a) != old)
    return Answer(value, changed=changed, trace=trace, tape=tape)


def sentence_of(error: BaseException) -> str:
    """What an exception says, in one line of at most 300 characters, and the line of the student's cell where it arose."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = ""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if is_a_cell(trace.tb_frame.f_code.co_filename):
            line = trace.tb_lineno
        trace = trace.tb_next
    where = f" (line {line} of the cell)" if line else ""
    return f"{type(error).__name__}{': ' if text else ''}{text[:300]}{where}"


def is_a_cell(filename: str) -> bool:
    """Is this the name ipykernel or IPython gives to a cell's code?"""
    return "ipykernel_" in filename or filename.startswith("<ipython-input")


# Each student's own cases, of equal cost ---------------------------------------------------------------------------------

SPREAD = 0.024  # of the usual cost: two students' cases differ by less than 5 %
TRIES = 400


def cost_of(exercise: Exercise, seed: int | Sequence[int]) -> float:
    """What all cases of a seed together ask of the code: elements of their arrays, or what the exercise's own `cost` says."""

    def elements(value: Any) -> float:
        if isinstance(value, np.ndarray):
            return value.size
        if isinstance(value, Mapping):
            return sum(map(elements, value.values()))
        return sum(map(elements, value)) if isinstance(value, tuple | list) else 1

    cases = exercise.cases(np.random.default_rng(seed))
    return sum(exercise.cost(case) if exercise.cost else elements((case.args, dict(case.kwargs))) for case in cases)


@functools.lru_cache(maxsize=1024)
def usual_cost(exercise: Exercise) -> float:
    """The median of the costs of 51 draws that anybody can make."""
    return float(np.median([cost_of(exercise, (PUBLIC_SEED, i)) for i in range(51)]))


def fair(exercise: Exercise, seeds: Iterable[int]) -> int:
    """The first of the seeds whose cases cost about what they usually do, so that nobody's are longer than another's.

    Of `TRIES` seeds none of which does, the nearest. Raises BrokenExercise where the cases cannot be made.
    """
    try:
        usual = usual_cost(exercise)
        nearest, distance = 0, float("inf")
        for seed in itertools.islice(seeds, TRIES):
            off = abs(cost_of(exercise, seed) - usual) / max(usual, 1.0)
            if off < distance:
                nearest, distance = seed, off
            if off <= SPREAD:
                break
    except Exception as error:
        raise BrokenExercise(f"{exercise.name}: its cases could not be made: {sentence_of(error)}") from error
    return nearest


FURTHER = 6  # cases run after the first failing one, only to recognise the idea behind the mistake


def judge(exercise: Exercise, call: Call, seed: int | Sequence[int] = PUBLIC_SEED) -> Verdict:
    """Run the cases in order, twice the first, and say what came of it: the smallest failing case, the idea behind it.

    Raises BrokenExercise where the exercise's own cases, reference or counts fail.
    """
    try:
        cases = list(exercise.cases(np.random.default_rng(seed)))
    except Exception as error:
        raise BrokenExercise(f"{exercise.name}: its cases could not be made: {sentence_of(error)}") from error
    done: list[tuple[Case, Answer]] = []
    failed: tuple[Case, Answer, Any, str] | None = None
    failed_at = 0
    for number, case in enumerate(cases):
        if failed and len(done) > failed_at + FURTHER:
            break
        want = right_answer(exercise, case)
        answer = call(case, False)
        said = fault(exercise, case, answer, want)
        if number == 0 and not said:
            answer = call(case, False)
            if said := fault(exercise, case, answer, want):
                said = f"the second call with the same input gave another answer: {said}"
        done.append((case, answer))
        if said and not failed:
            failed, failed_at = (case, answer, want, said), number
        if answer.state == "timeout" or (failed and answer.message.startswith("NotImplementedError")):
            break  # more of the same would only take more time
    if failed:
        return verdict_of_fault(exercise, failed, done)
    return verdict_of_counts(exercise, call, cases)


def right_answer(exercise: Exercise, case: Case) -> Any:
    from .makers import made

    try:
        args, kwargs = made(copy.deepcopy((case.args, dict(case.kwargs))))
        answer = exercise.reference(*args, **kwargs)
        return exercise.reading(answer) if exercise.reading else answer
    except Exception as error:
        raise BrokenExercise(f"{exercise.name}: the reference fails on {case.label or 'a case'}: {sentence_of(error)}") from error


def read(exercise: Exercise, value: Any) -> tuple[Any, str]:
    """(what is compared of an answer, "") or (the answer, a sentence saying why it cannot be read)."""
    if exercise.reading is None:
        return value, ""
    try:
        return exercise.reading(value), ""
    except ValueError as error:
        return value, str(error)
    except Exception as error:  # whatever a student hands in, it is the answer that is odd
        return value, f"the answer cannot be read: {sentence_of(error)}"


def tolerance_of(exercise: Exercise, case: Case) -> float:
    return exercise.tolerance(case) if callable(exercise.tolerance) else exercise.tolerance


def fault(exercise: Exercise, case: Case, answer: Answer, want: Any) -> str:
    """What is wrong with one answer, in a sentence; empty where nothing is."""
    if answer.state != "ok":
        return answer.message or answer.state
    value, said = read(exercise, answer.value)
    if said := said or difference(value, want, tolerance_of(exercise, case)):
        return said
    if answer.changed:
        return f"the values are right, but the function changed its input (argument {answer.changed[0] + 1})"
    return ""


def verdict_of_fault(exercise: Exercise, failed: tuple[Case, Answer, Any, str], done: Sequence[tuple[Case, Answer]]) -> Verdict:
    case, answer, want, said = failed
    blank = answer.message.startswith("NotImplementedError")
    idea = None if blank or answer.state == "timeout" else recognise(exercise, done)
    hint, slide = (idea.hint, idea.slide) if idea else (exercise.hint, exercise.slide)
    if blank:
        said, hint = "this exercise is still blank", "Write the lines that are missing, run the cell, then check again."
    parts = (Part("values", False, said), *(Part(c.name, False, "counted once the values are right") for c in exercise.counts))
    state: State = "missing" if blank else "wrong" if answer.state == "ok" else answer.state
    name = idea.name if idea else ""
    got, _ = read(exercise, answer.value)
    return Verdict(exercise.name, state, parts, said, case, got, want, name, hint, slide or exercise.slide, len(done))


def verdict_of_counts(exercise: Exercise, call: Call, cases: Sequence[Case]) -> Verdict:
    """The values are right: take each count on the counted cases."""
    parts, first, counted = [Part("values", True)], None, exercise.counted(cases)
    answers: dict[tuple[str, int], Answer] = {}

    def answer_of(of: str, number: int) -> Answer:
        """The answer to a counted case, asked for once: behind a case that fails nobody looks."""
        if (of, number) not in answers:
            answers[of, number] = proven(exercise, counted[number], call(counted[number], of == "trace"))
        return answers[of, number]

    for count in exercise.counts:
        said, at = "", None
        for number, case in enumerate(counted):
            answer = answer_of(count.of, number)
            if said := fault_of_count(exercise, count, case, answer):
                at = case
                break
        parts.append(Part(count.name, not said, said))
        if said:
            first = first or (at, said, count)
    if first:
        at, said, worst = first
        slide = worst.slide or exercise.slide
        return Verdict(exercise.name, "wrong", tuple(parts), said, at, hint=worst.hint, slide=slide, cases_run=len(cases))
    return Verdict(exercise.name, "ok", tuple(parts), cases_run=len(cases))


def proven(exercise: Exercise, case: Case, answer: Answer) -> Answer:
    """A call that was recorded out of sight, with the Trace of its tape: run again here, on numbers that its maker never saw.

    Where that does not come to the right answer, the tape is not what computed it, and the answer is a crash that says so.
    """
    if answer.tape is None or answer.state != "ok":
        return answer
    from ..recorded.tape import Astray, BadTape, follow

    rng = np.random.default_rng(int.from_bytes(os.urandom(8), "big"))  # nobody can have seen it; the verdict does not hang on it
    tries = [exercise.again] if exercise.again else [*OTHER_NUMBERS, lambda case, rng: case]
    for other in tries:
        try:
            fresh = laid_out(other(case, rng))
            want = right_answer(exercise, fresh)
            followed = follow(answer.tape, fresh.args, fresh.kwargs)
        except (Astray, BrokenExercise):  # other branches, or numbers the exercise has no answer for: say it with milder ones
            continue
        except BadTape as error:
            return dataclasses.replace(answer, state="crashed", message=str(error))
        value, said = read(exercise, followed.value)
        if said or difference(value, want, max(tolerance_of(exercise, case), 1e-6)):
            return dataclasses.replace(answer, state="crashed", message=NOT_THE_WAY)
        return dataclasses.replace(answer, trace=followed.trace)
    return dataclasses.replace(answer, state="crashed", message=NOT_THE_WAY)


NOT_THE_WAY = (
    "its recorded loads, products and sums, done again on other numbers, do not give the answer. Were numbers taken out of the"
    " arrays (np.asarray, math, float)? The loop must compute with what it loads"
)


def laid_out(case: Case) -> Case:
    """The case with its arrays as they lie after travelling: each its own, in rows or in columns."""

    def one(value: Any) -> Any:
        if type(value) is np.ndarray:
            return np.array(value, order="F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C")
        if type(value) in (tuple, list):
            return type(value)(map(one, value))
        return {key: one(item) for key, item in value.items()} if type(value) is dict else value

    return dataclasses.replace(case, args=one(case.args), kwargs=one(dict(case.kwargs)))


def each_array(change: Callable[[np.ndarray, np.random.Generator], np.ndarray]) -> Callable[[Case, np.random.Generator], Case]:
    """A way to other numbers: `change` for every array of numbers among the arguments, masks (all 0 and 1) left as they are."""

    def other(case: Case, rng: np.random.Generator) -> Case:
        def one(value: Any) -> Any:
            if type(value) is np.ndarray and value.dtype.kind in "iuf" and not ((value == 0) | (value == 1)).all():
                return change(value, rng).astype(value.dtype)
            if type(value) in (tuple, list):
                return type(value)(map(one, value))
            return {key: one(item) for key, item in value.items()} if type(value) is dict else value

        return dataclasses.replace(case, args=one(case.args), kwargs=one(dict(case.kwargs)))

    return other


def drawn_again(a: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Zeros stay, signs stay, and the rest is drawn anew from the same numbers (twice them where they are fractions)."""
    out = a.copy()
    for where in (a > 0, a < 0):
        if where.any():
            out[where] = rng.choice(a[where], int(where.sum()))
    return 2 * out if a.dtype.kind == "f" else out


# from the boldest to the mildest: the first for which the tape's own branches hold is what it must answer
OTHER_NUMBERS = (
    each_array(drawn_again),
    each_array(lambda a, rng: drawn_again(a, rng) if a.dtype.kind == "f" else a),  # whole numbers may be places
    each_array(lambda a, rng: 2 * a if a.dtype.kind == "f" else a),  # the order of the numbers decides a branch
    each_array(lambda a, rng: a * (1 + 1e-3 * rng.uniform(-1, 1, a.shape)) if a.dtype.kind == "f" else a),  # a threshold does
)


def fault_of_count(exercise: Exercise, count: Count, case: Case, answer: Answer) -> str:
    if answer.state != "ok":
        return f"the values are right, but on recorded arrays the function stopped: {answer.message}"
    if count.of == "trace" and answer.trace is None:
        return "the call left no record of its loads and stores"
    value, said = read(exercise, answer.value)
    if said := said or difference(value, right_answer(exercise, case), max(tolerance_of(exercise, case), 1e-6)):
        return f"{'on recorded arrays' if count.of == 'trace' else 'when called again'} the answer is another one: {said}"
    try:
        bound = int(count.bound(case))
    except Exception as error:
        raise BrokenExercise(f"{exercise.name}: the bound of {count.name!r} fails: {sentence_of(error)}") from error
    try:
        mine = int(count.measure(answer.trace if count.of == "trace" else answer.value))
    except Exception as error:  # a trace without the tensor that is measured
        return f"{count.name}: could not be counted ({sentence_of(error)})"
    if mine == bound if count.rule == "equal" else mine <= bound:
        return ""
    return f"{count.name}: {mine:,}, want {'' if count.rule == 'equal' else 'at most '}{bound:,}"


def recognise(exercise: Exercise, done: Sequence[tuple[Case, Answer]]) -> Misconception | None:
    """The first misconception whose function does what the student's did on every case run so far: same values, same
    changed inputs, same kind of crash."""
    for idea in exercise.misconceptions:
        theirs = in_process(idea.function)
        if all(alike(exercise, answer, theirs(case, False), max(tolerance_of(exercise, case), 1e-6)) for case, answer in done):
            return idea
    return None


def alike(exercise: Exercise, mine: Answer, theirs: Answer, tolerance: float) -> bool:
    if mine.state != theirs.state:
        return False
    if mine.state != "ok":
        return mine.message.split(":")[0].split(" ")[0] == theirs.message.split(":")[0].split(" ")[0]
    (have, why), (other, theirs_why) = read(exercise, mine.value), read(exercise, theirs.value)
    if why or theirs_why:  # neither can be read, for the same reason
        return why.split(":")[0] == theirs_why.split(":")[0]
    return mine.changed == theirs.changed and not difference(have, other, tolerance)
