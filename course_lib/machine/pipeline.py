"""The five-stage pipeline of the lecture: fetch, decode, execute, memory, write back; and the bubbles that a branch leaves.

A branch is decided in EX. What was fetched after it is thrown away when it was guessed wrong: two cycles lost. `predict` says how
the machine guesses: 'not taken' always goes on; 'stall' waits for the answer; 'last' guesses what this branch did last time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..records import Report, Timeline
from ..shapes import whole

SOURCE = "Lecture, frame 'BAD implementation for Pipeline!'; Hennessy & Patterson, Computer Architecture, appendix C"

STAGES = ("IF", "ID", "EX", "MEM", "WB")
PREDICTORS = ("not taken", "stall", "last")


@dataclass(frozen=True)
class Instruction:
    """One executed instruction: its `text`, and for a branch whether it was `taken` (None: not a branch) and which branch it is."""

    text: str
    taken: bool | None = None
    site: str = ""


@dataclass(frozen=True)
class Run:
    """When each instruction entered the pipeline, and what the branches cost."""

    instructions: tuple[Instruction, ...]
    fetched: tuple[int, ...]  # cycle of IF, from 1 as on the slide
    bubbles: int

    @property
    def cycles(self) -> int:
        """Clock cycles from the first fetch to the last write back, both included."""
        return self.fetched[-1] + len(STAGES) - 1 if self.fetched else 0

    @property
    def cpi(self) -> float:
        return self.cycles / len(self.fetched) if self.fetched else 0.0

    def timeline(self) -> Timeline:
        """Which instruction is in which stage in each cycle: busy[cycle, stage], cycle 0 being the slide's cycle 1."""
        busy = np.full((self.cycles, len(STAGES)), -1, np.int64)
        for number, cycle in enumerate(self.fetched):
            for stage in range(len(STAGES)):
                busy[cycle - 1 + stage, stage] = number
        return Timeline(STAGES, tuple(i.text for i in self.instructions), busy)

    def table(self) -> Report:
        """The slide's table: a row an instruction, a column a clock cycle."""
        columns: dict[str, list[Any]] = {"instruction": [i.text for i in self.instructions]}
        for cycle in range(1, self.cycles + 1):
            inside = [cycle - start for start in self.fetched]
            columns[str(cycle)] = [STAGES[at] if 0 <= at < len(STAGES) else "" for at in inside]
        return Report(columns, note=f"{self.cycles} cycles, {self.bubbles} of them bubbles")


def run(instructions: Sequence[Instruction], predict: str = "not taken", penalty: int = 2) -> Run:
    """Send instructions through the pipeline in order -> Run. `penalty` is the cycles lost by a wrong guess (5 stages: 2).

    Raises ValueError for an unknown predictor or a negative penalty.

    >>> run([Instruction(f"i{n}") for n in range(5)]).cycles
    9
    """
    if predict not in PREDICTORS:
        raise ValueError(f"predict: want one of {', '.join(map(repr, PREDICTORS))}, got {predict!r}")
    penalty = whole("penalty", penalty, 0)
    last: dict[str, bool] = {}
    cycle, bubbles, fetched = 1, 0, []
    for instruction in instructions:
        fetched.append(cycle)
        cycle += 1
        if instruction.taken is None:
            continue
        guess = last.get(instruction.site, False) if predict == "last" else False
        if predict == "stall" or guess != instruction.taken:
            cycle += penalty
            bubbles += penalty
        last[instruction.site] = instruction.taken
    if instructions and instructions[-1].taken is not None:  # nothing follows: a bubble after the end delays nobody
        bubbles -= cycle - fetched[-1] - 1
    return Run(tuple(instructions), tuple(fetched), bubbles)


def sparse_naive(zero: Sequence[bool]) -> list[Instruction]:
    """The instructions of the lecture's naive sparse convolution: load a weight, branch if it is zero, else multiply-accumulate."""
    out = []
    for i, is_zero in enumerate(zero):
        out += [Instruction(f"load w[{i}]"), Instruction(f"w[{i}] = 0? continue", bool(is_zero), "skip")]
        if not is_zero:
            out.append(Instruction(f"Y += X·w[{i}]"))
    return out
