"""Choosing channels, wrong."""

import numpy as np


def l1_norm(X, W, Y, c_keep):
    norms = [np.abs(W[:, i]).sum() for i in range(W.shape[1])]
    return np.array(sorted(sorted(range(len(norms)), key=lambda i: -norms[i])[:c_keep]))


def loudest(X, W, Y, c_keep):
    power = [np.linalg.norm(X[:, i] @ W[:, i].T) for i in range(W.shape[1])]
    return np.array(sorted(sorted(range(len(power)), key=lambda i: -power[i])[:c_keep]))


def first(X, W, Y, c_keep):
    return np.array(list(range(c_keep)))


def lasso(X, W, Y, c_keep):
    from sklearn.linear_model import Lasso

    c = X.shape[1]
    if c == c_keep:
        return np.arange(c)
    z, y = np.stack([(X[:, i] @ W[:, i].T).ravel() for i in range(c)], 1), Y.ravel()
    left = lambda a: np.flatnonzero(Lasso(alpha=a, fit_intercept=False, max_iter=5000).fit(z, y).coef_)
    low, high = 0.0, 1e-3
    while len(left(high)) > c_keep:
        low, high = high, 2 * high
    for _ in range(60):
        if len(left(high)) == c_keep:
            break
        middle = (low + high) / 2
        low, high = (middle, high) if len(left(middle)) > c_keep else (low, middle)
    return left(high)


def thrown_away(X, W, Y, c_keep):
    return np.array([i for i in range(X.shape[1]) if i not in lasso(X, W, Y, c_keep)], int)


def a_mask(X, W, Y, c_keep):
    mask = np.zeros(X.shape[1], bool)
    mask[lasso(X, W, Y, c_keep)] = True
    return mask


def falling_order(X, W, Y, c_keep):
    return lasso(X, W, Y, c_keep)[::-1]


WRONG = [
    (l1_norm, "values", "look at X"),
    (loudest, "values", "cancel"),
    (first, "values", "first channels"),
    (thrown_away, "values", "those that stay"),
    (a_mask, "values", "not a mask"),
    (falling_order, "values", "One column a channel"),
]
