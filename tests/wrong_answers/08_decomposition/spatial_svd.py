"""Column and row filters that do not belong together."""

import numpy as np


def flat(wt):
    K, C, R, S = wt.shape
    return wt.transpose(1, 2, 0, 3).reshape(C * R, K * S)


def no_transpose(wt, rank):
    K, C, R, S = wt.shape
    u, s, v = np.linalg.svd(wt.reshape(C * R, K * S), full_matrices=False)
    return (u[:, :rank] * s[:rank]).T.reshape(rank, C, R), v[:rank].reshape(rank, K, S).transpose(1, 0, 2)


def wrong_way_back(wt, rank):
    K, C, R, S = wt.shape
    u, s, v = np.linalg.svd(flat(wt), full_matrices=False)
    return (u[:, :rank] * s[:rank]).T.reshape(rank, C, R), v[:rank].reshape(K, rank, S)


def not_turned(wt, rank):
    K, C, R, S = wt.shape
    u, s, v = np.linalg.svd(flat(wt), full_matrices=False)
    return (u[:, :rank] * s[:rank]).reshape(rank, C, R), v[:rank].reshape(rank, K, S).swapaxes(0, 1)


def without_sizes(wt, rank):
    K, C, R, S = wt.shape
    u, s, v = np.linalg.svd(flat(wt), full_matrices=False)
    return u[:, :rank].T.reshape(rank, C, R), v[:rank].reshape(rank, K, S).swapaxes(0, 1)


def a_single_map(wt, rank):
    K, C, R, S = wt.shape
    u, s, v = np.linalg.svd(flat(wt), full_matrices=False)
    return (u[:, 0] * s[0]).reshape(1, C, R), v[0].reshape(1, K, S).swapaxes(0, 1)


WRONG = [
    (no_transpose, "values", "never moves a number"),
    (wrong_way_back, "values", "move K to the front"),
    (not_turned, "values", "transpose it before"),
    (without_sizes, "values", "singular values are missing"),
    (a_single_map, "values", "one map"),
]
