"""Products with a on its side, wrong."""

import numpy as np


def as_it_lies(at, b):
    M, K = at.shape
    N = b.shape[1]
    c = np.zeros((M, N), at.dtype)
    for k in range(K):
        for i in range(M):
            for j in range(N):
                c[i, j] += at[i, k] * b[k, j]
    return c


def assigns(at, b):
    K, M = at.shape
    c = np.zeros((M, b.shape[1]), at.dtype)
    for k in range(K):
        for i in range(M):
            for j in range(b.shape[1]):
                c[i, j] = at[k, i] * b[k, j]
    return c


def the_last_is_missing(at, b):
    K, M = at.shape
    c = np.zeros((M, b.shape[1]), at.dtype)
    for k in range(K - 1):
        c += np.outer(at[k], b[k])
    return c


def turned(at, b):
    return (at.T @ b).T


def i_outside(at, b):
    K, M = at.shape
    N = b.shape[1]
    c = np.zeros((M, N), at.dtype)
    for i in range(M):
        for k in range(K):
            for j in range(N):
                c[i, j] += at[k, i] * b[k, j]
    return c


def down_the_columns(at, b):
    K, M = at.shape
    N = b.shape[1]
    c = np.zeros((M, N), at.dtype)
    for j in range(N):
        for k in range(K):
            for i in range(M):
                c[i, j] += at[k, i] * b[k, j]
    return c


WRONG = [
    (as_it_lies, "values", "at[k, i]"),
    (assigns, "values", "overwrite"),
    (the_last_is_missing, "values", "one k too early"),
    (turned, "values", "the transpose"),
    (i_outside, "numbers out of order", "outside"),
    (down_the_columns, "numbers out of order", "outside"),
]
