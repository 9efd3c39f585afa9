"""Designs that forget what is explained already, or ask for something else."""

import numpy as np


def top_scores(kernel, m, mu):
    score = (kernel**2).sum(0) / (np.diag(kernel) + mu)
    return [int(v) for v in np.argsort(-score, kind="stable")[:m]]


def greedy(kernel, m, mu, score, noise=True, repeat=False):
    k, out = kernel.astype(float).copy(), []
    while len(out) < m:
        worth = score(k)
        if not repeat:
            worth[out] = -1e9
        v = int(worth.argmax())
        out.append(v)
        k = k - k[:, [v]] @ k[[v], :] / (k[v, v] + (mu if noise else 1e-12))
    return out


def exact_measurements(kernel, m, mu):
    return greedy(kernel, m, mu, lambda k: (k**2).sum(0) / (np.diag(k) + mu), noise=False)


def longest_column(kernel, m, mu):
    return greedy(kernel, m, mu, lambda k: (k**2).sum(0))


def most_uncertain(kernel, m, mu):
    return greedy(kernel, m, mu, lambda k: np.diag(k).copy())


def least(kernel, m, mu):
    return greedy(kernel, m, mu, lambda k: -(k**2).sum(0) / (np.diag(k) + mu))


def no_squares(kernel, m, mu):
    return greedy(kernel, m, mu, lambda k: k.sum(0) / (np.diag(k) + mu))


def twice(kernel, m, mu):
    return greedy(kernel, m, mu, lambda k: (k**2).sum(0) / (np.diag(k) + mu), repeat=True)


WRONG = [
    (top_scores, "values", "before the next is chosen"),
    (exact_measurements, "values", "without noise"),
    (longest_column, "values", "what v explains"),
    (most_uncertain, "values", "outliers"),
    (least, "values", "tells least"),
    (no_squares, "values", "squared first"),
    (twice, "values", "left out of the argmax"),
]
