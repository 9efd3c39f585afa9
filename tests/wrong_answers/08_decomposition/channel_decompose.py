"""Principal components that miss the mean, or the right ones."""

import numpy as np


def not_centred(y, rank):
    mean = y.mean(axis=1)
    u = np.linalg.svd(y, full_matrices=False)[0][:, :rank]
    return u, mean - u @ (u.T @ mean)


def no_bias(y, rank):
    mean = y.mean(axis=1, keepdims=True)
    u = np.linalg.svd(y - mean, full_matrices=False)[0][:, :rank]
    return u, np.zeros(len(y))


def first_of_eigh(y, rank):
    mean = y.mean(axis=1)
    _, vectors = np.linalg.eigh(np.cov(y, bias=True))
    u = vectors[:, :rank]
    return u, mean - u @ u.T @ mean


def mean_as_bias(y, rank):
    mean = y.mean(axis=1)
    u = np.linalg.svd(y - mean[:, None], full_matrices=False)[0][:, :rank]
    return u, mean


def other_sign(y, rank):
    mean = y.mean(axis=1)
    u = np.linalg.svd(y - mean[:, None], full_matrices=False)[0][:, :rank]
    return u, u @ u.T @ mean - mean


def uncut(y, rank):
    mean = y.mean(axis=1)
    u = np.linalg.eigh(np.cov(y, bias=True))[1]
    return u, mean - u @ u.T @ mean


WRONG = [
    (not_centred, "values", "subtract the mean"),
    (no_bias, "values", "put back"),
    (first_of_eigh, "values", "sorts upwards"),
    (mean_as_bias, "values", "counted twice"),
    (other_sign, "values", "wrong sign"),
    (uncut, "values", "nothing is cut"),
]
