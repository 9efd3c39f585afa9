"""How many configurations are there? Factorisations and orders, level by level."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from ..exercise import Case, Exercise, Misconception


def powers(number: int) -> list[int]:
    """The exponents of the prime factorisation: 56 = 2·2·2·7 -> [3, 1]."""
    out, prime = [], 2
    while number > 1:
        exponent = 0
        while number % prime == 0:
            number, exponent = number // prime, exponent + 1
        if exponent:
            out.append(exponent)
        prime += 1
    return out


def factorisations(extent: int, levels: int) -> int:
    """In how many ways is `extent` a product of `levels` factors, their order counted? Each prime is shared out on its own."""
    return math.prod(math.comb(e + levels - 1, levels - 1) for e in powers(extent))


def configurations(extents: Mapping[str, int], levels: int) -> int:
    """Tile sizes of all loops, times the orders of the loops at every level."""
    return math.prod(factorisations(extent, levels) for extent in extents.values()) * math.factorial(len(extents)) ** levels


def config_cases(rng: np.random.Generator) -> list[Case]:
    table: list[tuple[dict[str, int], int]] = [
        ({"q": 4}, 2),
        ({"q": 6}, 2),
        ({"q": 4, "s": 3}, 2),
        ({"k": 64}, 3),
        ({"q": 9, "s": 4}, 1),
        ({"q": 1, "s": 5}, 3),
        ({"k": 12, "c": 8, "q": 7}, 2),
        ({"n": 1, "k": 64, "p": 56, "q": 56, "c": 64, "r": 3, "s": 3}, 2),
        ({"k": 64, "p": 56, "q": 56, "c": 64, "r": 3, "s": 3}, 3),
    ]
    for _ in range(8):
        letters = [str(v) for v in rng.permutation(list("kpqc"))[: int(rng.integers(1, 5))]]
        table.append(({letter: int(rng.integers(1, 97)) for letter in letters}, int(rng.integers(1, 4))))
    return [
        Case((extents, levels), label=" ".join(f"{k}={v}" for k, v in extents.items()) + f", {levels} level{'s' if levels > 1 else ''}")
        for extents, levels in table
    ]


def unordered(number: int, parts: int, least: int = 1) -> int:
    """Factorisations whose order does not count."""
    if parts == 1:
        return 1 if number >= least else 0
    return sum(unordered(number // d, parts - 1, d) for d in range(least, number + 1) if number % d == 0)


def with_ways(ways: Callable[[int, int], int], orders: Callable[[int, int], int] | None = None) -> Callable[..., int]:
    def function(extents: Mapping[str, int], levels: int) -> int:
        permuted = math.factorial(len(extents)) ** levels if orders is None else orders(len(extents), levels)
        return math.prod(ways(extent, levels) for extent in extents.values()) * permuted

    return function


SPACE = "04_dataflow#configurations"

count_configs = Exercise(
    name="count_configs",
    reference=configurations,
    cases=config_cases,
    misconceptions=(
        Misconception(
            "the factors' order is not counted",
            with_ways(unordered),
            "There are three ways to make 4 of two factors: 1·4, 2·2 and 4·1. It matters at which level the 4 is.",
            SPACE,
        ),
        Misconception(
            "the loop orders are left out",
            with_ways(factorisations, lambda loops, levels: 1),
            "You have counted the tile sizes. At each level the loops can also stand in any order.",
            SPACE,
        ),
        Misconception(
            "one order for all levels",
            with_ways(factorisations, lambda loops, levels: math.factorial(loops)),
            "Every level has an order of its own: for two levels the number of orders is squared.",
            SPACE,
        ),
        Misconception(
            "orders of levels added up",
            with_ways(factorisations, lambda loops, levels: math.factorial(loops) * levels),
            "Any order of one level goes with any order of the next: multiply.",
            SPACE,
        ),
        Misconception(
            "one cut too many",
            with_ways(lambda extent, levels: factorisations(extent, levels + 1)),
            "Three levels mean three factors. With one level there is nothing to choose: 64 = 64.",
            SPACE,
        ),
        Misconception(
            "all primes are one",
            with_ways(lambda extent, levels: math.comb(sum(powers(extent)) + levels - 1, levels - 1)),
            "Right for powers of one prime. In 6 = 2·3 the two factors differ: share out each prime on its own and multiply.",
            SPACE,
        ),
        Misconception(
            "each factor is chosen freely",
            with_ways(lambda extent, levels: math.prod(e + 1 for e in powers(extent)) ** (levels - 1)),
            "Right for two levels. With three, the second factor has to divide what the first has left over.",
            SPACE,
        ),
        Misconception(
            "the loops are added up",
            lambda extents, levels: sum(factorisations(e, levels) for e in extents.values()) * math.factorial(len(extents)) ** levels,
            "Every tiling of one loop goes with every tiling of the next: multiply.",
            SPACE,
        ),
    ),
    hint="Write down all ways to make 4 of two factors, then of 6. For larger numbers: a recursion over the first factor, or the primes.",
    slide=SPACE,
)
