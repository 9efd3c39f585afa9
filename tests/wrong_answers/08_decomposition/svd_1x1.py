"""Two 1x1 layers that do not follow each other, or do not say what the one layer said."""

import numpy as np


def parts(wt):
    return np.linalg.svd(wt.reshape(len(wt), -1), full_matrices=False)


def u_first(wt, rank):
    u, s, v = parts(wt)
    return (u[:, :rank] * s[:rank]).reshape(-1, rank, 1, 1), v[:rank].reshape(rank, -1, 1, 1)


def flat_factors(wt, rank):
    u, s, v = parts(wt)
    return s[:rank, None] * v[:rank], u[:, :rank]


def directions_alone(wt, rank):
    u, _, v = parts(wt)
    return v[:rank, :, None, None], u[:, :rank, None, None]


def sizes_twice(wt, rank):
    u, s, v = parts(wt)
    return (np.diag(s) @ v)[:rank, :, None, None], (u * s)[:, :rank, None, None]


def eigenvectors_as_they_come(wt, rank):
    w = wt[:, :, 0, 0]
    _, vectors = np.linalg.eigh(w @ w.T)  # upwards: for K <= C the first are the smallest
    keep = vectors[:, max(0, len(w) - min(w.shape)) :][:, :rank]
    return (keep.T @ w)[:, :, None, None], keep[:, :, None, None]


def everything(wt, rank):
    u, s, v = parts(wt)
    return (s[:, None] * v)[:, :, None, None], u[:, :, None, None]


WRONG = [
    (u_first, "values", "meets the input first"),
    (flat_factors, "values", "two axes of length 1"),
    (directions_alone, "values", "singular values are missing"),
    (sizes_twice, "values", "their squares"),
    (eigenvectors_as_they_come, "values", "smallest singular values"),
    (everything, "values", "nothing was left out"),
]
