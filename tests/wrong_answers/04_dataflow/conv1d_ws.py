"""Weight stationary, wrong; and right without being it."""

import numpy as np


def clears_for_each_weight(ia, w):
    Q = len(ia) - len(w) + 1
    for s in range(len(w)):
        oa = np.zeros(Q)
        held = w[s]
        for q in range(Q):
            oa[q] += held * ia[q + s]
    return oa


def never_the_next_weight(ia, w):
    Q = len(ia) - len(w) + 1
    oa = np.zeros(Q)
    held = w[0]
    for s in range(len(w)):
        for q in range(Q):
            oa[q] += held * ia[q + s]
    return oa


def counts_down(ia, w):
    Q, S = len(ia) - len(w) + 1, len(w)
    oa = np.zeros(Q)
    for s in range(S):
        held = w[S - s - 1]
        for q in range(Q):
            oa[q] += held * ia[q + s]
    return oa


def stops_early(ia, w):
    Q = len(ia) - len(w)
    oa = np.zeros(Q)
    for s in range(len(w)):
        held = w[s]
        for q in range(Q):
            oa[q] += held * ia[q + s]
    return oa


def without_the_shift(ia, w):
    Q = len(ia) - len(w) + 1
    oa = np.zeros(Q)
    for s in range(len(w)):
        held = w[s]
        for q in range(Q):
            oa[q] += held * ia[q]
    return oa


def only_exchanged(ia, w):
    Q, S = len(ia) - len(w) + 1, len(w)
    oa = np.zeros(Q)
    for s in range(S):
        for q in range(Q):
            oa[q] += ia[q + s] * w[s]
    return oa


def sums_in_a_list(ia, w):
    Q, S = len(ia) - len(w) + 1, len(w)
    sums = [0.0] * Q
    for s in range(S):
        held = w[s]
        for q in range(Q):
            sums[q] += ia[q + s] * held
    oa = np.zeros(Q)
    for q in range(Q):
        oa[q] = sums[q]
    return oa


WRONG = [
    (clears_for_each_weight, "values", "set to zero"),
    (never_the_next_weight, "values", "new weight each time"),
    (counts_down, "values", "backwards"),
    (stops_early, "values", "last output is missing"),
    (without_the_shift, "values", "meet the same input"),
    (only_exchanged, "loads of W", "into a variable"),
    (sums_in_a_list, "stores to OA", "waits in memory"),
]
