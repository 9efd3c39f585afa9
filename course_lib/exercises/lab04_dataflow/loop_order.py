"""Any nest: how often is a tensor fetched? The loops inside the last one that moves it are free."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..exercise import Case, Exercise, Misconception

Loops = Sequence[tuple[str, int]]


def fetched(loops: Loops, moves: str) -> int:
    """The product of the extents from the outermost loop to the innermost one that moves the tensor."""
    last = max((i for i, (letter, extent) in enumerate(loops) if letter in moves and extent > 1), default=-1)
    return math.prod(extent for _, extent in loops[: last + 1])


MOVES = {"W": "kcrs", "OA": "nkpq", "IA": "ncpqrs"}


def fetch_cases(rng: np.random.Generator) -> list[Case]:
    small: list[tuple[list[tuple[str, int]], str, str]] = [
        ([("q", 3), ("s", 2)], "s", "the weights, for q: for s"),
        ([("s", 2), ("q", 3)], "s", "the weights, for s: for q"),
        ([("s", 4), ("q", 9)], "q", "the outputs, for s: for q"),
        ([("q", 9), ("s", 4)], "q", "the outputs, for q: for s"),
        ([("k", 4), ("p", 3), ("c", 2)], "kc", "the weights of a 1x1 layer, for k: for p: for c"),
        ([("p", 3), ("k", 4), ("c", 2)], "kp", "the outputs of a 1x1 layer, for p: for k: for c"),
        ([("k", 4), ("p", 3), ("c", 1)], "kc", "one channel: the loop over c takes one step"),
        ([("p", 5)], "k", "no loop moves it"),
        ([("c", 4), ("k", 2), ("c", 16), ("p", 5)], "kc", "c in two loops, outside and inside k"),
    ]
    slide = [("n", 1), ("r", 3), ("s", 3), ("c", 4), ("k", 1), ("p", 56), ("q", 56)]
    small += [(slide, MOVES[name], f"{name}, in the slide's order") for name in MOVES]
    for _ in range(14):
        letters = rng.permutation(list("nkpqcrs"))[: int(rng.integers(3, 8))]
        loops = [(str(letter), int(rng.integers(1, 7))) for letter in letters]
        name = ("W", "OA", "IA")[int(rng.integers(3))]
        small.append((loops, MOVES[name], f"{name}: " + " ".join(f"{letter}={extent}" for letter, extent in loops)))
    return [Case((tuple(loops), moves), label=label) for loops, moves, label in small]


def one_step_moves(loops: Loops, moves: str) -> int:
    last = max((i for i, (letter, _) in enumerate(loops) if letter in moves), default=-1)
    return math.prod(extent for _, extent in loops[: last + 1])


def to_the_outermost(loops: Loops, moves: str) -> int:
    first = next((i for i, (letter, extent) in enumerate(loops) if letter in moves and extent > 1), -1)
    return math.prod(extent for _, extent in loops[: first + 1])


def inner_part(loops: Loops, moves: str) -> int:
    last = max((i for i, (letter, extent) in enumerate(loops) if letter in moves and extent > 1), default=-1)
    return math.prod(extent for _, extent in loops[last + 1 :])


LOOP_ORDER = "04_dataflow#loop-order"

fetches = Exercise(
    name="fetches",
    reference=fetched,
    cases=fetch_cases,
    misconceptions=(
        Misconception(
            "every element is fetched once",
            lambda loops, moves: math.prod(extent for letter, extent in loops if letter in moves),
            "That is how many different elements there are. A loop outside that does not move the tensor brings all of them back again.",
            LOOP_ORDER,
        ),
        Misconception(
            "nothing stays in the register",
            lambda loops, moves: math.prod(extent for _, extent in loops),
            "You count a fetch for every iteration. While only loops step that do not move the tensor, its element stays.",
            LOOP_ORDER,
        ),
        Misconception(
            "a loop of one step moves the tensor",
            one_step_moves,
            "A loop that takes a single step moves nothing: after it the element is the same as before.",
            LOOP_ORDER,
        ),
        Misconception(
            "the outermost loop that moves it decides",
            to_the_outermost,
            "You stop at the first loop, from the outside, that moves the tensor. Those further in move it, too.",
            LOOP_ORDER,
        ),
        Misconception(
            "read from the inside",
            lambda loops, moves: fetched(loops[::-1], moves),
            "The first loop of the list is the outermost one; it takes its next step when all others have run through.",
            LOOP_ORDER,
        ),
        Misconception(
            "the loops that do not move it are counted",
            lambda loops, moves: math.prod(extent for letter, extent in loops if letter not in moves),
            "You multiply the loops that leave the element where it is. It is fetched when one that moves it takes a step.",
            LOOP_ORDER,
        ),
        Misconception(
            "how long it stays, not how often it comes",
            inner_part,
            "That is for how many iterations an element stays in its register. Asked for is how often a new one is fetched.",
            LOOP_ORDER,
        ),
    ),
    hint="Which is the innermost loop that moves the tensor? Every step of it is a fetch; how often does it take a step in all?",
    slide=LOOP_ORDER,
)
