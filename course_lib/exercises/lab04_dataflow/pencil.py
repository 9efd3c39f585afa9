"""The same loads and stores with a pencil: closed forms in Q and S."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..exercise import Case, Exercise, Misconception
from .one_dimension import IS, ONE_D, OS, WS


def counted_accesses(dataflow: str, Q: int, S: int) -> dict[str, int]:
    """Reads and writes of one register a tensor; the first partial sum of an output is zero and is not read."""
    both = Q * S
    return {
        "OS": {"W reads": both, "IA reads": both, "OA writes": Q, "OA reads": 0},
        "WS": {"W reads": S, "IA reads": both, "OA writes": both, "OA reads": both - Q},
        "IS": {"W reads": both, "IA reads": Q + S - 1, "OA writes": both, "OA reads": both - Q},
    }[dataflow]


def access_cases(rng: np.random.Generator) -> list[Case]:
    sizes = [(3, 2), (9, 4), (1, 1), (5, 1), (1, 6), (4, 7), *((int(q), int(s)) for q, s in rng.integers(1, 60, (6, 2)))]
    return [Case((flow, Q, S), label=f"{flow}, Q={Q}, S={S}") for Q, S in sizes for flow in ("OS", "WS", "IS")]


def but(**changed: Callable[[str, int, int], int]) -> Callable[[str, int, int], dict[str, int]]:
    """The right table with some of its entries otherwise; `W_reads` names the entry "W reads"."""

    def function(dataflow: str, Q: int, S: int) -> dict[str, int]:
        right = counted_accesses(dataflow, Q, S)
        return right | {name.replace("_", " "): entry(dataflow, Q, S) for name, entry in changed.items()}

    return function


access_counts = Exercise(
    name="access_counts",
    reference=counted_accesses,
    cases=access_cases,
    misconceptions=(
        Misconception(
            "the first partial sum is read, too",
            but(OA_reads=lambda flow, Q, S: 0 if flow == "OS" else Q * S),
            "An output's first partial sum is zero; who knows that need not read it. How many reads does that save?",
            WS,
        ),
        Misconception(
            "every partial sum goes to memory",
            but(OA_writes=lambda flow, Q, S: Q * S, OA_reads=lambda flow, Q, S: Q * S - Q),
            "In one of the three orders the sum grows in a register and is written when it is complete.",
            OS,
        ),
        Misconception(
            "output and weight stationary have changed places",
            lambda dataflow, Q, S: counted_accesses({"OS": "WS", "WS": "OS"}.get(dataflow, dataflow), Q, S),
            "What is stationary stays in its register: in OS the output is written least often, in WS the weight is read least often.",
            OS,
        ),
        Misconception(
            "nothing is stationary",
            but(W_reads=lambda flow, Q, S: Q * S, IA_reads=lambda flow, Q, S: Q * S),
            "You count a read for every use. The stationary operand is read when it changes.",
            WS,
        ),
        Misconception(
            "the stationary operand is read once",
            but(W_reads=lambda flow, Q, S: 1 if flow == "WS" else Q * S, IA_reads=lambda flow, Q, S: 1 if flow == "IS" else Q * S),
            "The register holds one number. It has to be filled again for each weight (or input).",
            WS,
        ),
        Misconception(
            "as many inputs as outputs",
            but(IA_reads=lambda flow, Q, S: Q if flow == "IS" else Q * S),
            "The last window begins at input Q - 1 and is S long: how many inputs are there?",
            IS,
        ),
        Misconception(
            "one input too many",
            but(IA_reads=lambda flow, Q, S: Q + S if flow == "IS" else Q * S),
            "Count the inputs of the slide: 9 outputs and 4 weights need 12 of them.",
            IS,
        ),
        Misconception(
            "every input meets every weight",
            but(W_reads=lambda flow, Q, S: {"OS": Q * S, "WS": S, "IS": (Q + S - 1) * S}[flow]),
            "At the ends not every weight has an output to go to. There are Q·S products, and a weight is read for each.",
            IS,
        ),
        Misconception(
            "inputs are read once in every order",
            but(IA_reads=lambda flow, Q, S: Q + S - 1),
            "There are so many different inputs. With a single register an input that comes back later is read again.",
            ONE_D,
        ),
    ),
    hint="Take Q = 3, S = 2 and play it through: one register a tensor, a read whenever what it should hold changes.",
    slide=ONE_D,
)
