"""Factors that are not the best ones."""

import numpy as np


def sizes_forgotten(w, rank):
    u, s, v = np.linalg.svd(w, full_matrices=False)
    return u[:, :rank], v[:rank]


def sizes_twice(w, rank):
    u, s, v = np.linalg.svd(w, full_matrices=False)
    return u[:, :rank] @ np.diag(s[:rank]), np.diag(s[:rank]) @ v[:rank]


def smallest(w, rank):
    u, s, v = np.linalg.svd(w, full_matrices=False)
    return u[:, -rank:] * s[-rank:], v[-rank:]


def from_one(w, rank):
    u, s, v = np.linalg.svd(w, full_matrices=False)
    return u[:, 1 : rank + 1] * s[1 : rank + 1], v[1 : rank + 1]


def everything(w, rank):
    u, s, v = np.linalg.svd(w, full_matrices=False)
    return u * s, v


def rows_and_columns(w, rank):
    u, s, v = np.linalg.svd(w, full_matrices=False)
    return u[:rank] * s, v[:, :rank]


WRONG = [
    (sizes_forgotten, "values", "lost the sizes"),
    (sizes_twice, "values", "squared"),
    (smallest, "values", "smallest"),
    (from_one, "values", "begin at 0"),
    (everything, "values", "nothing was left out"),
    (rows_and_columns, "values", ""),
]
