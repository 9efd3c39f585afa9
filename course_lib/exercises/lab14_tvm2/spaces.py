"""How many configurations there are, and which one a number means."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Misconception

COUNT, DECODE = "14_tvm2#questions", "14_tvm2#autotuning"

# --- ordered splits ----------------------------------------------------------------------------------------------------


def splits_of(n: int, parts: int, ones: bool = True, ordered: bool = True, least: int = 1) -> int:
    """Ways to write n as a product of `parts` factors; the options are wrong ideas."""
    if parts == 1:
        return int(n >= least)
    first = range(least, n + 1) if ones else range(max(2, least), n + 1)
    return sum(splits_of(n // d, parts - 1, ones, ordered, least if ordered else d) for d in first if n % d == 0)


def no_ones(n: int, parts: int) -> int:
    """Factors of 1 are refused."""
    if parts == 1:
        return int(n > 1)
    return sum(no_ones(n // d, parts - 1) for d in range(2, n + 1) if n % d == 0)


def divisors(n: int) -> int:
    return sum(n % d == 0 for d in range(1, n + 1))


def factors_with_repeats(n: int) -> int:
    count, d = 0, 2
    while n > 1:
        while n % d == 0:
            n, count = n // d, count + 1
        d += 1
    return count


def split_cases(rng: np.random.Generator) -> list[Case]:
    pairs = [(4, 2), (6, 2), (1, 3), (7, 3), (8, 3), (12, 3), (5, 1), (36, 2), (64, 3), (56, 4)]
    pairs += [(int(rng.integers(10, 129)), int(rng.integers(2, 5))) for _ in range(6)]
    return [Case(pair, label=f"n = {pair[0]} in {pair[1]} factors") for pair in pairs]


split_count = Exercise(
    name="split_count",
    reference=splits_of,
    cases=split_cases,
    cost=lambda case: 1.0,  # microseconds, whatever the numbers are
    misconceptions=(
        Misconception(
            "the order of the factors is forgotten",
            partial(splits_of, ordered=False),
            "You count 2·3 and 3·2 once. Outer 2, inner 3 and outer 3, inner 2 are two different loop nests.",
            COUNT,
        ),
        Misconception(
            "a factor of 1 is refused",
            no_ones,
            "A loop of one turn is a loop too: a factor of 1 says that this level is not tiled.",
            COUNT,
        ),
        Misconception(
            "divisors, however many parts",
            lambda n, parts: divisors(n),
            "You count the divisors of n, which is the answer for two factors only.",
            COUNT,
        ),
        Misconception(
            "each factor chosen freely among the divisors",
            lambda n, parts: divisors(n) ** (parts - 1),
            "The factors are not free of each other: after the first, only divisors of what is left are possible.",
            COUNT,
        ),
        Misconception(
            "equal primes told apart",
            lambda n, parts: parts ** factors_with_repeats(n),
            "Each prime factor goes to one of the levels, but the two 2s of 4 are alike: which one went where makes no difference.",
            COUNT,
        ),
        Misconception(
            "one factor too many",
            lambda n, parts: splits_of(n, parts + 1),
            "Your factors are one more than asked for: `parts` counts all of them, the innermost too.",
            COUNT,
        ),
    ),
    hint="For every divisor d of n as the first factor, what is left, n / d, is split in parts - 1 factors. One factor: one way.",
    slide=COUNT,
)

# --- the configuration of a number -------------------------------------------------------------------------------------


def digits_of(number: int, sizes: Any) -> list[int]:
    """Mixed radix, the first knob runs fastest."""
    out = []
    for size in sizes:
        out.append(number % size)
        number //= size
    return out


def decode_cases(rng: np.random.Generator) -> list[Case]:
    cases = [Case((3, [2, 3]), label="number 3 of 2 × 3"), Case((0, [4, 2]), label="number 0 of 4 × 2")]
    cases += [Case((4, [5]), label="number 4 of 5"), Case((17, [2, 3, 4]), label="number 17 of 2 × 3 × 4")]
    cases += [Case((59, [3, 1, 4, 5]), label="the last of 3 × 1 × 4 × 5")]
    for _ in range(7):
        sizes = [int(s) for s in rng.integers(2, 9, int(rng.integers(3, 6)))]
        number = int(rng.integers(math.prod(sizes)))
        cases.append(Case((number, sizes), label=f"number {number} of {' × '.join(map(str, sizes))}"))
    return cases


def radix_of_the_next(number: int, sizes: Any) -> list[int]:
    out = []
    for size, after in zip(sizes, [*sizes[1:], 1], strict=True):
        out.append(number % size)
        number //= after
    return out


decode_config = Exercise(
    name="decode_config",
    reference=digits_of,
    cases=decode_cases,
    cost=lambda case: 1.0,
    misconceptions=(
        Misconception(
            "the last knob runs fastest",
            lambda number, sizes: digits_of(number, sizes[::-1])[::-1],
            "Your last knob runs fastest. Here the first one does: number 1 differs from number 0 in the first knob.",
            DECODE,
        ),
        Misconception(
            "the number is not divided",
            lambda number, sizes: [number % size for size in sizes],
            "You take the remainder of the same number for every knob. What a knob has said must be divided out before the next.",
            DECODE,
        ),
        Misconception(
            "values counted from 1",
            lambda number, sizes: [d + 1 for d in digits_of(number, sizes)],
            "Your values begin at 1; a knob of size 4 has the values 0, 1, 2, 3.",
            DECODE,
        ),
        Misconception(
            "divided by the next knob's size",
            radix_of_the_next,
            "After a knob, divide by the size of that very knob, not by the next one's.",
            DECODE,
        ),
        Misconception(
            "the right values in the reverse order",
            lambda number, sizes: digits_of(number, sizes)[::-1],
            "The values are right and stand in reverse: the first belongs to the first knob.",
            DECODE,
        ),
        Misconception(
            "quotients in place of remainders",
            lambda number, sizes: [number // math.prod(sizes[:k]) for k in range(len(sizes))],
            "You give the quotients. The value of a knob is the remainder, which is below its size.",
            DECODE,
        ),
    ),
    hint="For each knob in turn: its value is number % size; then number //= size.",
    slide=DECODE,
)
