"""Idle turns, miscounted."""

from math import ceil, prod


def rounded(extents, sizes):
    return [ceil(e / s) * s for e, s in zip(extents, sizes, strict=True)]


def added(extents, sizes):
    return sum(r - e for r, e in zip(rounded(extents, sizes), extents, strict=True))


def multiplied(extents, sizes):
    return prod(r - e for r, e in zip(rounded(extents, sizes), extents, strict=True))


def everything(extents, sizes):
    return prod(rounded(extents, sizes))


def dropped(extents, sizes):
    return prod(extents) - prod(e - e % s for e, s in zip(extents, sizes, strict=True))


def remainders(extents, sizes):
    out = 1
    for e, s in zip(extents, sizes, strict=True):
        out *= e % s
    return out


def a_share(extents, sizes):
    return 1 - prod(extents) / prod(rounded(extents, sizes))


WRONG = [
    (added, "values", "inside it"),
    (multiplied, "values", "enough"),
    (everything, "values", "Take away"),
    (dropped, "values", "round down"),
    (remainders, "values", "what it lacks"),
    (a_share, "values", "number of turns"),
]
