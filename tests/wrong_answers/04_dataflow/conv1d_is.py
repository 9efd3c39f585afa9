"""Input stationary, wrong; and right without being it."""

import numpy as np


def looks_at_the_top_only(ia, w):
    Q = len(ia) - len(w) + 1
    oa = np.zeros(Q)
    for h in range(len(ia)):
        held = ia[h]
        for s in range(len(w)):
            if h - s < Q:
                oa[h - s] += held * w[s]
    return oa


def looks_nowhere(ia, w):
    Q = len(ia) - len(w) + 1
    oa = np.zeros(Q)
    for h in range(len(ia)):
        held = ia[h]
        for s in range(len(w)):
            oa[h - s] += held * w[s]
    return oa


def above_zero(ia, w):
    Q = len(ia) - len(w) + 1
    oa = np.zeros(Q)
    for h in range(len(ia)):
        held = ia[h]
        for s in range(len(w)):
            q = h - s
            if q > 0 and q < Q:
                oa[q] += held * w[s]
    return oa


def below_the_last(ia, w):
    Q = len(ia) - len(w) + 1
    oa = np.zeros(Q)
    for h in range(len(ia)):
        held = ia[h]
        for s in range(len(w)):
            q = h - s
            if q >= 0 and q < Q - 1:
                oa[q] += held * w[s]
    return oa


def not_all_inputs(ia, w):
    Q = len(ia) - len(w) + 1
    oa = np.zeros(Q)
    for h in range(Q):
        held = ia[h]
        for s in range(len(w)):
            if h - s >= 0:
                oa[h - s] += held * w[s]
    return oa


def equals_sign(ia, w):
    Q = len(ia) - len(w) + 1
    oa = np.zeros(Q)
    for h in range(len(ia)):
        held = ia[h]
        for s in range(len(w)):
            if 0 <= h - s < Q and s == len(w) - 1:
                oa[h - s] = held * w[s]
    return oa


def input_anew_each_time(ia, w):
    Q = len(ia) - len(w) + 1
    oa = np.zeros(Q)
    for h in range(len(ia)):
        for s in range(len(w)):
            if 0 <= h - s < Q:
                oa[h - s] += ia[h] * w[s]
    return oa


def reads_before_it_asks(ia, w):
    Q = len(ia) - len(w) + 1
    oa = np.zeros(Q)
    for h in range(len(ia)):
        held = ia[h]
        for s in range(len(w)):
            product = held * w[s]
            if 0 <= h - s < Q:
                oa[h - s] += product
    return oa


WRONG = [
    (looks_at_the_top_only, "values", "last output"),
    (looks_nowhere, "values", "between 0 and Q - 1"),
    (above_zero, "values", "0 is a good value"),
    (below_the_last, "values", "Q - 1 is a good value"),
    (not_all_inputs, "values", "Q + S - 1"),
    (equals_sign, "values", "overwrite"),
    (input_anew_each_time, "loads of IA", "into a variable"),
    (reads_before_it_asks, "loads of W", "no output"),
]
