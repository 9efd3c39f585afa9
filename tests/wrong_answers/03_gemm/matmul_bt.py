"""Products with b on its side, wrong."""

import numpy as np


def as_it_lies(a, bt):
    M, K = a.shape
    N = bt.shape[1]
    c = np.zeros((M, N), a.dtype)
    for i in range(M):
        for j in range(N):
            total = 0
            for k in range(K):
                total += a[i, k] * bt[k, j]
            c[i, j] = total
    return c


def never_set_back(a, bt):
    M, K = a.shape
    N = len(bt)
    c = np.zeros((M, N), a.dtype)
    total = 0
    for i in range(M):
        for j in range(N):
            for k in range(K):
                total += a[i, k] * bt[j, k]
            c[i, j] = total
    return c


def one_k_too_few(a, bt):
    return a[:, :-1] @ bt[:, :-1].T


def transposed(a, bt):
    return bt @ a.T


def columns_first(a, bt):
    M, K = a.shape
    N = len(bt)
    c = np.zeros((M, N), a.dtype)
    for i in range(M):
        for k in range(K):
            for j in range(N):
                c[i, j] += a[i, k] * bt[j, k]
    return c


def j_outside(a, bt):
    M, K = a.shape
    N = len(bt)
    c = np.zeros((M, N), a.dtype)
    for j in range(N):
        for i in range(M):
            total = 0
            for k in range(K):
                total += a[i, k] * bt[j, k]
            c[i, j] = total
    return c


def stored_every_step(a, bt):
    M, K = a.shape
    N = len(bt)
    c = np.zeros((M, N), a.dtype)
    for i in range(M):
        for j in range(N):
            for k in range(K):
                c[i, j] += a[i, k] * bt[j, k]
    return c


WRONG = [
    (as_it_lies, "values", "bt[j, k]"),
    (never_set_back, "values", "start from 0 again"),
    (one_k_too_few, "values", "one k too early"),
    (transposed, "values", "the transpose"),
    (columns_first, "numbers out of order", "innermost"),
    (j_outside, "numbers out of order", "innermost"),
    (stored_every_step, "stores to c", "in a variable"),
]
