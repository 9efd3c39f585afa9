"""Naive 1: a branch a weight. The right result, exactly as many multiply-accumulates as there are non-zeros, and bubbles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..exercise import Case, Count, Exercise, Misconception
from .layers import cases_of, convolved

NAIVE, BUBBLES = "06_sparse#naive-1", "06_sparse#pipeline"


def macs(case: Case) -> int:
    x, w = case.args[:2]
    P, Q = x.shape[1] - w.shape[2] + 1, x.shape[2] - w.shape[3] + 1
    return int(np.count_nonzero(w) * P * Q)


def without(x: Any, w: Any, keep: Any) -> np.ndarray:
    return convolved(x, np.where(keep, w, 0))


def until_zero(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    return without(x, w, (np.cumsum(w.reshape(len(w), -1) == 0, axis=1) == 0).reshape(w.shape))


conv2d_skip = Exercise(
    name="conv2d_skip",
    reference=convolved,
    cases=cases_of(lambda x, w: (x, w)),
    tolerance=1e-6,
    counts=(
        Count(
            "MACs",
            lambda trace: trace.macs,
            macs,
            "The result is right, but the number of multiply-accumulates is not nnz·P·Q: look at the weight "
            "before you multiply, and go on if it is 0.",
            slide=NAIVE,
        ),
    ),
    misconceptions=(
        Misconception(
            "break in place of continue",
            until_zero,
            "After the first zero nothing more is added: `break` leaves the loop, `continue` goes on to the next weight.",
            NAIVE,
        ),
        Misconception(
            "the non-zeros are skipped",
            lambda x, w: convolved(x, np.zeros_like(w)),
            "You add nothing at all: it is the zeros that are to be skipped, not the others.",
            NAIVE,
        ),
        Misconception(
            "negative weights are skipped",
            lambda x, w: without(x, w, np.asarray(w) > 0),
            "Weights below zero are missing from the sum: a weight is skipped when it equals 0, not when it is small.",
            NAIVE,
        ),
        Misconception(
            "positive weights are skipped",
            lambda x, w: without(x, w, np.asarray(w) < 0),
            "Weights above zero are missing from the sum. Only those that equal 0 may be skipped.",
            NAIVE,
        ),
        Misconception(
            "the filter is flipped",
            lambda x, w: convolved(x, w[:, :, ::-1, ::-1]),
            "The filter is turned round. In this course (r, s) meets pixel (p + r, q + s).",
            NAIVE,
        ),
        Misconception(
            "the last product wins",
            lambda x, w: last_product(x, w),
            "Each output holds one product only: add (+=) to what is there.",
            NAIVE,
        ),
        Misconception(
            "channel 0 for all",
            lambda x, w: convolved(np.repeat(x[:1], len(x), 0), w),
            "Every weight looks at the first channel. Weight (k, c, r, s) looks at channel c.",
            NAIVE,
        ),
    ),
    hint="For each weight that is not 0: visit all P·Q output pixels of its filter and add weight times x[c, p + r, q + s].",
    slide=NAIVE,
)


def last_product(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    out = np.zeros((len(w), x.shape[1] - w.shape[2] + 1, x.shape[2] - w.shape[3] + 1))
    for k, c, r, s in np.argwhere(w):
        out[k] = w[k, c, r, s] * x[c, r : r + out.shape[1], s : s + out.shape[2]]
    return out


# --- the pipeline -------------------------------------------------------------------------------------------------------


def cycles(zeros: Sequence[int], branch_penalty: int = 2) -> int:
    """Cycles in five stages: 4 to fill, one an instruction, `branch_penalty` a taken branch (none behind the last instruction)."""
    instructions = 2 * len(zeros) + sum(not z for z in zeros)
    if not instructions:
        return 0
    taken = sum(bool(z) for z in zeros)
    return 4 + instructions + branch_penalty * (taken - bool(zeros[-1]))


def cycle_cases(rng: np.random.Generator) -> list[Case]:
    table: list[tuple[list[int], int]] = [
        ([0], 2),
        ([1], 2),
        ([0, 1], 2),
        ([1, 0], 2),
        ([1, 1, 0], 2),
        ([0, 1, 0, 1], 2),
        ([], 2),
        ([1, 0, 0], 15),
    ]
    for _ in range(8):
        table.append(([int(v) for v in rng.integers(0, 2, int(rng.integers(3, 20)))], int(rng.choice([0, 2, 3, 15]))))
    return [Case((zeros, penalty), label=f"zeros at {zeros}, {penalty} cycles a wrong guess") for zeros, penalty in table]


def counted(**how: Any) -> Any:
    def function(zeros: Sequence[int], branch_penalty: int = 2) -> int:
        if not len(zeros):
            return 0
        taken, kept = sum(map(bool, zeros)), sum(not z for z in zeros)
        penalised = {"taken": taken, "kept": kept, "every": len(zeros), "none": 0}[how.get("who", "taken")]
        behind = bool(zeros[-1]) if how.get("who", "taken") in ("taken", "every") else False
        if how.get("who") == "every":
            behind = bool(zeros[-1])
        end = behind if how.get("end", True) else 0
        instructions = 3 * len(zeros) if how.get("all_three") else 2 * len(zeros) + kept
        return how.get("fill", 4) + instructions + branch_penalty * (penalised - end)

    return function


pipeline_cycles = Exercise(
    name="pipeline_cycles",
    reference=cycles,
    cases=cycle_cases,
    misconceptions=(
        Misconception(
            "the pipeline is never filled",
            counted(fill=0),
            "You count an instruction as one cycle from the start. The first one needs five cycles to leave; only then comes one a cycle.",
            BUBBLES,
        ),
        Misconception(
            "five cycles to fill",
            counted(fill=5),
            "One too many: the last of n instructions leaves in cycle n + 4, not n + 5.",
            BUBBLES,
        ),
        Misconception(
            "no bubbles",
            counted(who="none"),
            "A branch that is taken throws away what was fetched behind it. You have counted no cycle for that.",
            BUBBLES,
        ),
        Misconception(
            "bubbles at the wrong weights",
            counted(who="kept"),
            "The machine guesses 'go on'. The guess is wrong when the weight IS zero, and the branch is taken.",
            BUBBLES,
        ),
        Misconception(
            "bubbles at every weight",
            counted(who="every"),
            "A branch that is not taken costs nothing here: the machine had guessed right.",
            BUBBLES,
        ),
        Misconception(
            "a bubble behind the end",
            counted(end=False),
            "Where the last instruction is a taken branch, nothing follows that could be late: no bubble is counted there.",
            BUBBLES,
        ),
        Misconception(
            "a skipped weight is multiplied",
            counted(all_three=True),
            "Skipped weights have two instructions, load and branch; the multiply-accumulate is what is skipped.",
            BUBBLES,
        ),
    ),
    hint="4 cycles to fill, one an instruction (load, branch, and for a non-zero the multiply-accumulate), the penalty for each zero.",
    slide=BUBBLES,
)
