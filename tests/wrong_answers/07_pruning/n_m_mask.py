"""n of m, wrong."""

import numpy as np


def best(values, n):
    return sorted(range(len(values)), key=lambda i: (-values[i], i))[:n]


def by_loops(w, n, m, size=abs, groups=None):
    mask = np.zeros(w.shape, bool)
    for k in range(w.shape[0]):
        for start in range(0, w.shape[1], m):
            for i in best([size(v) for v in w[k, start : start + m]], n):
                mask[k, start + i] = True
    return mask


def n_zeros(w, n, m):
    return by_loops(w, m - n, m)


def true_is_gone(w, n, m):
    return ~by_loops(w, n, m)


def with_sign(w, n, m):
    return by_loops(w, n, m, size=float)


def down_the_columns(w, n, m):
    mask = np.zeros(w.shape, bool)
    for d in range(w.shape[1]):
        for start in range(0, w.shape[0], m):
            for i in best([abs(v) for v in w[start : start + m, d]], min(n, w.shape[0] - start)):
                mask[start + i, d] = True
    return mask


def share_of_the_row(w, n, m):
    mask = np.zeros(w.shape, bool)
    for k in range(w.shape[0]):
        gone = round((1 - n / m) * w.shape[1])
        order = np.argsort(np.abs(w[k]), kind="stable")
        mask[k, order[gone:]] = True
    return mask


def as_numbers(w, n, m):
    return w * by_loops(w, n, m)


WRONG = [
    (n_zeros, "values", "each m weights n stay"),
    (true_is_gone, "values", "True is where a weight stays"),
    (with_sign, "values", "compare sizes"),
    (down_the_columns, "values", "side by side in a row"),
    (share_of_the_row, "values", "not in each group"),
    (as_numbers, "values", "Reshape to rows of m"),
]
