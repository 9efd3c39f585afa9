"""Filter matrices, wrong."""

import numpy as np


def rows(w):
    return w.reshape(len(w), -1)


def only_reshaped(w):
    K, C, R, S = w.shape
    return np.reshape(w, (C * R * S, K))


def channels_last(w):
    K, C, R, S = w.shape
    return w.transpose(2, 3, 1, 0).reshape(R * S * C, K)


def turned(w):
    return np.stack([f[:, ::-1, ::-1].ravel() for f in w], axis=1)


def columns_first(w):
    K, C, R, S = w.shape
    m = np.zeros((C * R * S, K))
    for k in range(K):
        i = 0
        for c in range(C):
            for s in range(S):
                for r in range(R):
                    m[i, k] = w[k, c, r, s]
                    i += 1
    return m


def flat(w):
    return w.ravel()[:, None]


WRONG = [
    (rows, "values", "must be a column"),
    (only_reshaped, "values", "never moves"),
    (channels_last, "values", "(c, r, s)"),
    (turned, "values", "180"),
    (columns_first, "values", "slower than s"),
    (flat, "values", "column of its own"),
]
