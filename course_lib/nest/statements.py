"""The nest as a flat list of statements, in words; listing.py, python.py and c.py only spell them.

loop      open a loop (`joined`: on the same line as the one before)
let       name = sum of loops, or an index such as h
skip      leave out this iteration: the ragged end of a tile
load      a held tensor's element goes into a register
mac       multiply and accumulate
close     close that many loops
store     a held output goes back to memory
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from course_lib.nest.problem import Tensor
from course_lib.nest.schedule import Guard, Loop, Schedule


@dataclass(frozen=True)
class Statement:
    kind: str
    loop: Loop | None = None
    joined: bool = False
    name: str = ""
    text: str = ""
    guard: str = ""
    tensor: Tensor | None = None
    count: int = 0
    zero: bool = False  # a load that starts at zero: no sum has been stored yet


def linear(terms: list[tuple[str, int]]) -> str:
    return " + ".join(name if factor == 1 else f"{name} * {factor}" for name, factor in terms)


def names(nest: Schedule) -> dict[str, str]:
    """What each dimension is called in the body: c, or curr_c where it was tiled."""
    return {dim: dim if nest.parts(dim) == tuple(l for l in nest.loops if l.name == dim) else f"curr_{dim}" for dim in nest.problem.dims}


def size(nest: Schedule, loop: Loop) -> str:
    """How many times the loop runs, as the slide says it: C, C/16, 16."""
    whole = nest.problem.dims[loop.dim]
    word = nest.problem.sizes.get(loop.dim, str(whole))
    if loop.step == 1 and loop.extent == whole:
        return word
    if loop.step > 1 and loop.extent == -(-whole // loop.step):
        return f"{word}/{loop.step}" if whole % loop.step == 0 else f"({word}+{loop.step - 1})/{loop.step}"
    return str(loop.extent)


def condition(nest: Schedule, guard: Guard) -> str:
    """`curr_c >= C`, or the sum of loops where the guard is about a part of a dimension."""
    for dim, called in names(nest).items():
        parts = nest.parts(dim)
        if {l.name: l.step for l in parts} == dict(guard.terms) and guard.bound == nest.problem.dims[dim]:
            return f"{called} >= {nest.problem.sizes.get(dim, guard.bound)}"
    return f"{linear(list(guard.terms))} >= {guard.bound}"


def statements(nest: Schedule) -> Iterator[Statement]:
    """The statements of the nest in the order they are written."""
    called, said, guarded = names(nest), set[str](), set[Guard]()
    depth = len(nest.loops)
    holds = {t: nest.depth(t) for t in nest.held}
    breaks = {d for d in holds.values() if d < depth}

    def bound(opened: int) -> Iterator[Statement]:
        """Everything that can be said once the first `opened` loops are."""
        open_names = {l.name for l in nest.loops[:opened]}
        for dim in dict.fromkeys(l.dim for l in nest.loops):
            name = called[dim]
            parts = nest.parts(dim)
            if name != dim and name not in said and {l.name for l in parts} <= open_names:
                said.add(name)
                yield Statement("let", name=name, text=linear([(l.name, l.step) for l in sorted(parts, key=lambda l: -l.step)]))
        for guard in nest.guards:
            if guard not in guarded and {n for n, _ in guard.terms} <= open_names:
                guarded.add(guard)
                yield Statement("skip", guard=condition(nest, guard))

    def indices(tensor: Tensor) -> Iterator[Statement]:
        for axis in tensor.axes:
            if axis.named and axis.letter not in said:
                said.add(axis.letter)
                yield Statement("let", name=axis.letter.lower(), text=axis.spelled(called))

    def loads(opened: int) -> Iterator[Statement]:
        for name, at in holds.items():
            if at == opened:
                tensor = nest.problem.tensor(name)
                yield from indices(tensor)
                outside = any(l.dim in nest.problem.reduction and l.extent > 1 for l in nest.loops[:opened])
                yield Statement("load", tensor=tensor, zero=tensor is nest.problem.out and not outside)

    opened, joined = 0, False
    if 0 in breaks:
        yield from loads(0)
    while opened < depth:
        yield Statement("loop", loop=nest.loops[opened], joined=joined)
        opened += 1
        joined = any(b < opened for b in breaks)
        if opened in breaks:
            yield from bound(opened)
            yield from loads(opened)
            joined = False
    yield from bound(depth)
    yield from loads(depth)
    for tensor in nest.problem.tensors:
        if tensor.name not in nest.held:
            yield from indices(tensor)
    yield Statement("mac")
    stores = sorted({holds[t] for t in nest.held if t == nest.problem.out.name})
    last = depth
    for at in stores:
        if at < last:
            yield Statement("close", count=last - at)
        yield Statement("store", tensor=nest.problem.out)
        last = min(last, at)
    if last:
        yield Statement("close", count=last)


def place(tensor: Tensor, called: dict[str, str], divide: str) -> list[str]:
    """The indices of an element in memory: ["n", "c / 8", "h", "w", "c % 8"]."""
    out = []
    for part in tensor.places:
        text = part.axis.letter.lower() if part.axis.named else part.axis.spelled(called)
        if part.divide > 1 or part.block:
            text = f"({text})" if " " in text else text
            text = f"{text} % {part.block}" if part.block else f"{text} {divide} {part.divide}"
        out.append(text)
    return out
