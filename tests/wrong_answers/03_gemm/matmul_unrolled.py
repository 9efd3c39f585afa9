"""Four sums at once, wrong."""

import numpy as np


def leftovers_forgotten(a, b):
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((M, N), a.dtype)
    for i in range(M):
        for j in range(0, N - N % 4, 4):
            for d in range(4):
                c[i, j + d] = sum(a[i, k] * b[k, j + d] for k in range(K))
    return c


def no_leftovers_expected(a, b):
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((M, N), a.dtype)
    for i in range(M):
        for j in range(0, N, 4):
            c0 = c1 = c2 = c3 = 0
            for k in range(K):
                one = a[i, k]
                c0 += one * b[k, j]
                c1 += one * b[k, j + 1]
                c2 += one * b[k, j + 2]
                c3 += one * b[k, j + 3]
            c[i, j], c[i, j + 1], c[i, j + 2], c[i, j + 3] = c0, c1, c2, c3
    return c


def copied_and_not_changed(a, b):
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((M, N), a.dtype)
    fours = N - N % 4
    for i in range(M):
        for j in range(0, fours, 4):
            c0 = c1 = c2 = c3 = 0
            for k in range(K):
                c0 += a[i, k] * b[k, j]
                c1 += a[i, k] * b[k, j]
                c2 += a[i, k] * b[k, j]
                c3 += a[i, k] * b[k, j]
            c[i, j], c[i, j + 1], c[i, j + 2], c[i, j + 3] = c0, c1, c2, c3
        for j in range(fours, N):
            c[i, j] = sum(a[i, k] * b[k, j] for k in range(K))
    return c


def not_unrolled(a, b):
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((M, N), a.dtype)
    for i in range(M):
        for j in range(N):
            total = 0
            for k in range(K):
                total += a[i, k] * b[k, j]
            c[i, j] = total
    return c


def loads_a_four_times(a, b):
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((M, N), a.dtype)
    fours = N - N % 4
    for i in range(M):
        for j in range(0, fours, 4):
            c0 = c1 = c2 = c3 = 0
            for k in range(K):
                c0 += a[i, k] * b[k, j]
                c1 += a[i, k] * b[k, j + 1]
                c2 += a[i, k] * b[k, j + 2]
                c3 += a[i, k] * b[k, j + 3]
            c[i, j], c[i, j + 1], c[i, j + 2], c[i, j + 3] = c0, c1, c2, c3
        for j in range(fours, N):
            for k in range(K):
                c[i, j] += a[i, k] * b[k, j]
    return c


def sums_in_memory(a, b):
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((M, N), a.dtype)
    for i in range(M):
        for j in range(0, N, 4):
            for k in range(K):
                one = a[i, k]
                for d in range(j, min(j + 4, N)):
                    c[i, d] += one * b[k, d]
    return c


def last_one_kept(a, b):
    return np.outer(a[:, -1], b[-1])


WRONG = [
    (leftovers_forgotten, "values", "left goes one by one"),
    (no_leftovers_expected, "values", "no multiple of 4"),
    (copied_and_not_changed, "values", "b[k, j + 1]"),
    (last_one_kept, "values", "overwrite"),
    (not_unrolled, "loads of a", "use it four times"),
    (loads_a_four_times, "loads of a", "use it four times"),
    (sums_in_memory, "stores to c", "four variables"),
]
