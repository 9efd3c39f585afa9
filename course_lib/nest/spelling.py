"""The statements of a nest as text: one walk, and a table of spellings for each language it is written in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from course_lib.nest.listing import register
from course_lib.nest.problem import Tensor
from course_lib.nest.schedule import Schedule
from course_lib.nest.statements import Statement, names, place, size, statements


@dataclass(frozen=True)
class Spelling:
    """How a language says it. Templates name their holes: {name} {size} {text} {test} {left} {right} {index} {kind}."""

    loop: str
    note: str  # behind a loop that is not serial
    let: str
    skip: str
    load: str
    store: str
    add: str
    divide: str  # whole-number division
    both: str  # and
    indices: tuple[str, str]  # between two indices, around all of them
    number: str  # a tensor without indices
    choice: str  # {text} where {test} holds, else 0
    close: str  # the end of a loop


PYTHON = Spelling(
    loop="for {name} in range({size}):{kind}",
    note="  # {kind}",
    let="{name} = {text}",
    skip="if {test}: continue",
    load="{left} = {right}",
    store="{left} = {right}",
    add="{left} += {right}",
    divide="//",
    both="and",
    indices=(", ", "[{index}]"),
    number="{name}[()]",
    choice="({text} if {test} else 0)",
    close="",
)

C = Spelling(
    loop="for (int {name} = 0; {name} < {size}; {name}++) {{{kind}",
    note="  // {kind}",
    let="int {name} = {text};",
    skip="if ({test}) continue;",
    load="float {left} = {right};",
    store="{left} = {right};",
    add="{left} += {right};",
    divide="/",
    both="&&",
    indices=("][", "[{index}]"),
    number="*{name}",
    choice="({test} ? {text} : 0)",
    close="}",
)


def outside_test(nest: Schedule, tensor: Tensor, conjunction: str) -> str:
    """`h >= 0 && h < H && ...` for the axes on which the loops run over the edge; empty where they do not."""
    tests = []
    for axis, (before, after) in zip(tensor.axes, nest.problem.edges(tensor), strict=True):
        name = axis.letter.lower()
        tests += [f"{name} >= 0"] if before else []
        tests += [f"{name} < {axis.size}"] if after else []
    return f" {conjunction} ".join(tests)


def element(nest: Schedule, tensor: Tensor, words: Spelling, register_held: bool = True) -> str:
    """The tensor's element where the loops stand: its register where it is held, 0 beyond the edge."""
    if register_held and tensor.name in nest.held:
        return register(tensor)
    indices = place(tensor, names(nest), words.divide)
    between, around = words.indices
    text = tensor.name + around.format(index=between.join(indices)) if indices else words.number.format(name=tensor.name)
    test = outside_test(nest, tensor, words.both)
    return words.choice.format(text=text, test=test) if test else text


def statement(nest: Schedule, s: Statement, words: Spelling) -> str:
    """One line."""
    if s.kind == "loop":
        kind = "" if s.loop.kind == "serial" else words.note.format(kind=s.loop.kind)
        return words.loop.format(name=s.loop.name, size=size(nest, s.loop).replace("/", words.divide), kind=kind)
    if s.kind == "let":
        return words.let.format(name=s.name, text=s.text)
    if s.kind == "skip":
        return words.skip.format(test=s.guard)
    if s.kind == "load":
        return words.load.format(left=register(s.tensor), right="0" if s.zero else element(nest, s.tensor, words, False))
    if s.kind == "store":
        return words.store.format(left=element(nest, s.tensor, words, False), right=register(s.tensor))
    a, b = (element(nest, tensor, words) for tensor in nest.problem.ins)
    return words.add.format(left=element(nest, nest.problem.out, words), right=f"{a} * {b}")


def body(nest: Schedule, words: Spelling) -> Iterator[str]:
    """The lines of the nest, indented as the body of a function."""
    indent = 1
    for s in statements(nest):
        if s.kind == "close":
            for _ in range(s.count):
                indent -= 1
                if words.close:
                    yield "    " * indent + words.close
            continue
        yield "    " * indent + statement(nest, s, words)
        indent += s.kind == "loop"
