"""Splits that stop early, look the wrong way or keep too much."""

import numpy as np


def low_of(a, rank):
    u, s, v = np.linalg.svd(a, full_matrices=False)
    return u[:, :rank] * s[:rank] @ v[:rank]


def keep(a, count, size=True):
    order = np.argsort(-(np.abs(a) if size else a).ravel(), kind="stable")
    out = np.zeros(a.size)
    out[order[:count]] = a.ravel()[order[:count]]
    return out.reshape(a.shape)


def once(w, rank, count):
    low = low_of(w, rank)
    return low, keep(w - low, count)


def signed(w, rank, count):
    s = np.zeros_like(w)
    for _ in range(20):
        low = low_of(w - s, rank)
        s = keep(w - low, count, size=False)
    return low, s


def of_w_itself(w, rank, count):
    s = np.zeros_like(w)
    for _ in range(20):
        low = low_of(w - s, rank)
        s = keep(w, count)
    return low, s


def no_directions(w, rank, count):
    s = np.zeros_like(w)
    for _ in range(20):
        s = keep(w - low_of(w - s, rank), count)
    return np.zeros_like(w), s


def no_entries(w, rank, count):
    return low_of(w, rank), np.zeros_like(w)


def all_entries(w, rank, count):
    s = np.zeros_like(w)
    for _ in range(20):
        low = low_of(w - s, rank)
        s = keep(w - low, count)
    return low, w - low


WRONG = [
    (once, "values", "first sweep"),
    (signed, "values", "size"),
    (of_w_itself, "values", "counts them twice"),
    (no_directions, "values", "L is missing"),
    (no_entries, "values", "S is empty"),
    (all_entries, "values", "everything that is left"),
]
