"""Output stationary, wrong; and right without being it."""

import numpy as np


def overwrites(ia, w):
    Q = len(ia) - len(w) + 1
    oa = np.zeros(Q)
    for q in range(Q):
        for s in range(len(w)):
            oa[q] = ia[q + s] * w[s]
    return oa


def backwards(ia, w):
    S = len(w)
    oa = np.zeros(len(ia) - S + 1)
    for q in range(len(oa)):
        acc = 0
        for s in range(S):
            acc += ia[q + s] * w[S - 1 - s]
        oa[q] = acc
    return oa


def acc_outside_both(ia, w):
    oa = np.zeros(len(ia) - len(w) + 1)
    acc = 0.0
    for q in range(len(oa)):
        for s in range(len(w)):
            acc = acc + ia[q + s] * w[s]
        oa[q] = acc
    return oa


def forgets_plus_one(ia, w):
    Q = len(ia) - len(w)
    oa = np.zeros(Q)
    for q in range(Q):
        acc = 0.0
        for s in range(len(w)):
            acc += ia[q + s] * w[s]
        oa[q] = acc
    return oa


def same_length(ia, w):
    oa = np.zeros(len(ia))
    for q in range(len(ia)):
        acc = 0.0
        for s in range(len(w)):
            if q + s < len(ia):
                acc += ia[q + s] * w[s]
        oa[q] = acc
    return oa


def input_stands_still(ia, w):
    oa = np.zeros(len(ia) - len(w) + 1)
    for q in range(len(oa)):
        acc = 0.0
        for s in range(len(w)):
            acc += ia[q] * w[s]
        oa[q] = acc
    return oa


def every_partial_sum_in_memory(ia, w):
    Q, S = len(ia) - len(w) + 1, len(w)
    oa = np.zeros(Q)
    for q in range(Q):
        for s in range(S):
            oa[q] += ia[q + s] * w[s]
    return oa


def weights_saved_up(ia, w):
    Q, S = len(ia) - len(w) + 1, len(w)
    oa = np.zeros(Q)
    mine = [w[s] for s in range(S)]
    for q in range(Q):
        acc = 0.0
        for s in range(S):
            acc += ia[q + s] * mine[s]
        oa[q] = acc
    return oa


def by_a_library(ia, w):
    return np.correlate(ia, w, "valid")


WRONG = [
    (overwrites, "values", "overwrite"),
    (backwards, "values", "backwards"),
    (acc_outside_both, "values", "start from 0 again"),
    (forgets_plus_one, "values", "last output is missing"),
    (same_length, "values", "H - S + 1 places"),
    (input_stands_still, "values", "meet the same input"),
    (every_partial_sum_in_memory, "stores to OA", "in a variable"),
    (weights_saved_up, "loads of W", "none of them saved up"),
    (by_a_library, "stores to OA", "in a variable"),
]
