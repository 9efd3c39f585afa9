"""Products in the order i k j, wrong: some in the values, some only in the order of the addresses."""

import numpy as np


def assigns(a, b):
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((M, N), a.dtype)
    for i in range(M):
        for k in range(K):
            for j in range(N):
                c[i, j] = a[i, k] * b[k, j]
    return c


def stops_early(a, b):
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((M, N), a.dtype)
    for i in range(M):
        for k in range(K - 1):
            for j in range(N):
                c[i, j] += a[i, k] * b[k, j]
    return c


def returns_the_transpose(a, b):
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((N, M), a.dtype)
    for i in range(M):
        for k in range(K):
            for j in range(N):
                c[j, i] += a[i, k] * b[k, j]
    return c


def one_running_sum(a, b):
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((M, N), a.dtype)
    total = 0
    for i in range(M):
        for j in range(N):
            for k in range(K):
                total += a[i, k] * b[k, j]
            c[i, j] = total
    return c


def still_i_j_k(a, b):
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((M, N), a.dtype)
    for i in range(M):
        for j in range(N):
            for k in range(K):
                c[i, j] += a[i, k] * b[k, j]
    return c


def k_outside(a, b):
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((M, N), a.dtype)
    for k in range(K):
        for i in range(M):
            for j in range(N):
                c[i, j] += a[i, k] * b[k, j]
    return c


def loops_renamed_only(a, b):
    """The names say i, k, j; the addresses say i j k."""
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((M, N), a.dtype)
    for i in range(M):
        for k in range(N):
            for j in range(K):
                c[i, k] += a[i, j] * b[j, k]
    return c


def the_library(a, b):
    return a @ b


def on_a_turned_copy(a, b):
    """Reads b in the right order, but out of a copy made down its columns, for every row again."""
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((M, N), a.dtype)
    for i in range(M):
        for k in range(K):
            for j in range(N):
                c[i, j] += a[i, k] * b[k, j]
        np.array([[b[k, j] for k in range(K)] for j in range(N)])
    return c


WRONG = [
    (assigns, "values", "overwrite"),
    (stops_early, "values", "one k too early"),
    (returns_the_transpose, "values", "the transpose"),
    (one_running_sum, "values", "start from 0 again"),
    (still_i_j_k, "numbers out of order", "innermost"),
    (k_outside, "numbers out of order", "innermost"),
    (loops_renamed_only, "numbers out of order", "innermost"),
    (the_library, "numbers out of order", "innermost"),
    (on_a_turned_copy, "numbers out of order", "innermost"),
]
