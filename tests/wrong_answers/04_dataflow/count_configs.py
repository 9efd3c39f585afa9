"""Configurations, wrongly counted."""

import math
from itertools import combinations_with_replacement


def ways(extent, levels):
    if levels == 1:
        return 1
    return sum(ways(extent // d, levels - 1) for d in range(1, extent + 1) if extent % d == 0)


def sets_of_factors(extents, levels):
    total = 1
    for extent in extents.values():
        divisors = [d for d in range(1, extent + 1) if extent % d == 0]
        total *= sum(math.prod(chosen) == extent for chosen in combinations_with_replacement(divisors, levels))
    return total * math.factorial(len(extents)) ** levels


def tilings_only(extents, levels):
    return math.prod(ways(extent, levels) for extent in extents.values())


def one_permutation(extents, levels):
    return tilings_only(extents, levels) * math.factorial(len(extents))


def times_levels(extents, levels):
    return tilings_only(extents, levels) * math.factorial(len(extents)) * levels


def cuts_in_place_of_parts(extents, levels):
    return math.prod(ways(extent, levels + 1) for extent in extents.values()) * math.factorial(len(extents)) ** levels


def divisors_only(extents, levels):
    total = math.factorial(len(extents)) ** levels
    for extent in extents.values():
        total *= sum(extent % d == 0 for d in range(1, extent + 1)) ** (levels - 1)
    return total


def adds_the_loops(extents, levels):
    return sum(ways(extent, levels) for extent in extents.values()) * math.factorial(len(extents)) ** levels


def loops_in_place_of_levels(extents, levels):
    return tilings_only(extents, levels) * levels ** len(extents)


WRONG = [
    (sets_of_factors, "values", "three ways to make 4"),
    (tilings_only, "values", "in any order"),
    (one_permutation, "values", "order of its own"),
    (times_levels, "values", "goes with any order"),
    (cuts_in_place_of_parts, "values", "three factors"),
    (divisors_only, "values", "left over"),
    (adds_the_loops, "values", "tiling of the next"),
    (loops_in_place_of_levels, "values", "Write down all ways"),
]
