"""From CSC back to the matrix, wrong."""

import numpy as np


def empty(shape):
    return np.zeros(shape[::-1])


def done(a):
    return a.T


def assigns(ptr, idx, val, shape):
    a = empty(shape)
    for m in range(len(a)):
        for j in range(ptr[m], ptr[m + 1]):
            a[m, idx[j]] = val[j]
    return done(a)


def one_each(ptr, idx, val, shape):
    a = empty(shape)
    for m in range(len(a)):
        if ptr[m] < len(val):
            a[m, idx[ptr[m]]] += val[ptr[m]]
    return done(a)


def stops_early(ptr, idx, val, shape):
    a = empty(shape)
    for m in range(len(a)):
        for j in range(ptr[m], ptr[m + 1] - 1):
            a[m, idx[j]] += val[j]
    return done(a)


def misses_the_last(ptr, idx, val, shape):
    a = empty(shape)
    for m in range(len(ptr) - 2):
        for j in range(ptr[m], ptr[m + 1]):
            a[m, idx[j]] += val[j]
    return done(a)


def side_by_side(ptr, idx, val, shape):
    a = empty(shape)
    for m in range(len(a)):
        for n in range(min(ptr[m + 1] - ptr[m], a.shape[1])):
            a[m, n] += val[ptr[m] + n]
    return done(a)


def nothing_in_it(ptr, idx, val, shape):
    return done(empty(shape))


WRONG = [
    (assigns, "values", "add up"),
    (one_each, "values", "Only the first number"),
    (stops_early, "values", "The last number of each column"),
    (misses_the_last, "values", "The last column stays empty"),
    (side_by_side, "values", "Their row"),
    (nothing_in_it, "values", "nothing in it"),
]
