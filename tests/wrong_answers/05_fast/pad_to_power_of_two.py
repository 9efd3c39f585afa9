"""Padded matrices, wrong."""

import numpy as np


def up(n):
    p = 1
    while p < n:
        p *= 2
    return p


def placed(a, n, m):
    out = np.zeros((n, m), a.dtype)
    out[: a.shape[0], : a.shape[1]] = a
    return out


def each_side_alone(a):
    return placed(a, up(a.shape[0]), up(a.shape[1]))


def only_square(a):
    n = max(a.shape)
    return placed(a, n, n)


def one_too_far(a):
    n = 1
    while n <= max(a.shape):
        n *= 2
    return placed(a, n, n)


def even(a):
    n = max(a.shape)
    if n > 1 and n % 2:
        n += 1
    return placed(a, n, n)


def centred(a):
    n = up(max(a.shape))
    top, left = (n - a.shape[0]) // 2, (n - a.shape[1]) // 2
    return np.pad(a, [(top, n - a.shape[0] - top), (left, n - a.shape[1] - left)])


def repeats_the_edge(a):
    n = up(max(a.shape))
    return np.pad(a, [(0, n - a.shape[0]), (0, n - a.shape[1])], mode="edge")


WRONG = [
    (each_side_alone, "values", "same power of two"),
    (only_square, "values", "1, 2, 4, 8"),
    (one_too_far, "values", "needs no filling"),
    (even, "values", "halving has to go on"),
    (centred, "values", "into the middle"),
    (repeats_the_edge, "values", "Only zeros"),
]
