"""Gradients of another loss, or of this one turned round."""

import numpy as np


def summed(f, y, pull):
    g = np.zeros(len(f))
    for i in range(len(f)):
        for j in range(len(f)):
            if y[i] > y[j]:
                pull(g, i, j, 1 / (1 + np.exp(f[i] - f[j])))
    return g


def downhill(f, y):
    def pull(g, i, j, p):
        g[i] += p
        g[j] -= p

    return summed(f, y, pull)


def faster_only(f, y):
    def pull(g, i, j, p):
        g[i] -= p

    return summed(f, y, pull)


def right_pairs(f, y):
    def pull(g, i, j, p):
        g[i] -= 1 - p
        g[j] += 1 - p

    return summed(f, y, pull)


def ties_too(f, y):
    g = np.zeros(len(f))
    for i in range(len(f)):
        for j in range(len(f)):
            s = 1 if y[i] > y[j] else -1
            g[i] -= s / (1 + np.exp(s * (f[i] - f[j])))
    return g


def doubled(f, y):
    def pull(g, i, j, p):
        g[i] -= 2 * p
        g[j] += 2 * p

    return summed(f, y, pull)


def regression(f, y):
    return f - y


def averaged(f, y):
    def pull(g, i, j, p):
        g[i] -= p / len(f)
        g[j] += p / len(f)

    return summed(f, y, pull)


WRONG = [
    (downhill, "values", "downhill"),
    (faster_only, "values", "leave the slower one"),
    (right_pairs, "values", "near 1 where the order is wrong"),
    (ties_too, "values", "no pair with itself"),
    (doubled, "values", "twice"),
    (regression, "values", "squared loss"),
    (averaged, "values", "sum over pairs"),
]
