"""Turns of the nonlinear solver with one screw loose."""

import numpy as np


def z_of(y, t, penalty):
    a = np.maximum(y, 0)
    low, high = np.minimum(0, t), np.maximum(0, (penalty * t + a) / (penalty + 1))
    return np.where(a**2 + penalty * (low - t) ** 2 <= (high - a) ** 2 + penalty * (high - t) ** 2, low, high)


def regression(y, z, rank):
    free = np.linalg.lstsq(y.T, z.T, rcond=None)[0].T
    u = np.linalg.svd(free @ y, full_matrices=False)[0][:, :rank]
    return u @ (u.T @ free)


def no_means(y, m, b, rank, penalty):
    z = z_of(y, m @ y + b[:, None], penalty)
    return regression(y, z, rank), np.zeros(len(y))


def cuts_the_matrix(y, m, b, rank, penalty):
    z = z_of(y, m @ y + b[:, None], penalty)
    ym, zm = y.mean(1, keepdims=True), z.mean(1, keepdims=True)
    free = np.linalg.lstsq((y - ym).T, (z - zm).T, rcond=None)[0].T
    u, s, v = np.linalg.svd(free)
    new = u[:, :rank] @ np.diag(s[:rank]) @ v[:rank]
    return new, (zm - new @ ym)[:, 0]


def old_bias(y, m, b, rank, penalty):
    z = z_of(y, m @ y + b[:, None], penalty)
    return regression(y - y.mean(1, keepdims=True), z - z.mean(1, keepdims=True), rank), b.copy()


def full_rank(y, m, b, rank, penalty):
    z = z_of(y, m @ y + b[:, None], penalty)
    ym, zm = y.mean(1, keepdims=True), z.mean(1, keepdims=True)
    new = np.linalg.lstsq((y - ym).T, (z - zm).T, rcond=None)[0].T
    return new, (zm - new @ ym)[:, 0]


def gives_back(y, m, b, rank, penalty):
    return m.copy(), b.copy()


def pulls_towards_y(y, m, b, rank, penalty):
    t = m @ y + b[:, None]
    low, high = np.minimum(0, t), np.maximum(0, (penalty * t + y) / (penalty + 1))
    z = np.where(y**2 + penalty * (low - t) ** 2 <= (high - y) ** 2 + penalty * (high - t) ** 2, low, high)
    ym, zm = y.mean(1, keepdims=True), z.mean(1, keepdims=True)
    new = regression(y - ym, z - zm, rank)
    return new, (zm - new @ ym)[:, 0]


WRONG = [
    (no_means, "values", "Centre both"),
    (cuts_the_matrix, "values", "leading directions"),
    (old_bias, "values", "still the old one"),
    (full_rank, "values", "full rank"),
    (gives_back, "values", "came in"),
    (pulls_towards_y, "values", "r(y), not y"),
]
