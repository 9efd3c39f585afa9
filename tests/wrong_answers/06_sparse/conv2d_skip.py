"""Skipping zeros, wrong; and right at another cost."""

import numpy as np


def sizes(x, w):
    return x.shape[1] - w.shape[2] + 1, x.shape[2] - w.shape[3] + 1


def loops(x, w, body):
    K, C, R, S = w.shape
    P, Q = sizes(x, w)
    out = np.zeros((K, P, Q))
    for k in range(K):
        for c in range(C):
            for r in range(R):
                for s in range(S):
                    for p in range(P):
                        for q in range(Q):
                            body(out, k, c, r, s, p, q)
    return out


def never_skips(x, w):
    def body(out, k, c, r, s, p, q):
        out[k, p, q] += w[k, c, r, s] * x[c, p + r, q + s]

    return loops(x, w, body)


def skips_the_pixels(x, w):
    def body(out, k, c, r, s, p, q):
        if x[c, p + r, q + s] != 0:
            out[k, p, q] += w[k, c, r, s] * x[c, p + r, q + s]

    return loops(x, w, body)


def breaks(x, w):
    K, C, R, S = w.shape
    P, Q = sizes(x, w)
    out = np.zeros((K, P, Q))
    for k in range(K):
        for weight, (c, r, s) in zip(w[k].reshape(-1), np.ndindex(C, R, S)):
            if weight == 0:
                break
            for p in range(P):
                for q in range(Q):
                    out[k, p, q] += weight * x[c, p + r, q + s]
    return out


def larger_than_zero(x, w):
    def body(out, k, c, r, s, p, q):
        if w[k, c, r, s] > 0:
            out[k, p, q] += w[k, c, r, s] * x[c, p + r, q + s]

    return loops(x, w, body)


def skips_the_rest(x, w):
    def body(out, k, c, r, s, p, q):
        if w[k, c, r, s] == 0:
            out[k, p, q] += w[k, c, r, s] * x[c, p + r, q + s]

    return loops(x, w, body)


def overwrites(x, w):
    def body(out, k, c, r, s, p, q):
        if w[k, c, r, s] != 0:
            out[k, p, q] = w[k, c, r, s] * x[c, p + r, q + s]

    return loops(x, w, body)


def flips(x, w):
    R, S = w.shape[2:]

    def body(out, k, c, r, s, p, q):
        if w[k, c, r, s] != 0:
            out[k, p, q] += w[k, c, r, s] * x[c, p + R - 1 - r, q + S - 1 - s]

    return loops(x, w, body)


WRONG = [
    (never_skips, "MACs", "nnz"),
    (skips_the_pixels, "MACs", "nnz"),
    (breaks, "values", "continue"),
    (larger_than_zero, "values", "below zero"),
    (skips_the_rest, "values", "nothing at all"),
    (overwrites, "values", "+="),
    (flips, "values", "turned round"),
]
