"""Steps that land on the wrong side of zero, or at the wrong place."""

import numpy as np


def towards_y(y, t, penalty):
    low, high = np.minimum(t, 0), np.maximum((penalty * t + y) / (1 + penalty), 0)
    cheap = y**2 + penalty * (low - t) ** 2 <= (high - y) ** 2 + penalty * (high - t) ** 2
    return np.where(cheap, low, high)


def sign_of_t(y, t, penalty):
    z = t.copy()
    up = t >= 0
    z[up] = (penalty * t[up] + np.maximum(y[up], 0)) / (penalty + 1)
    return z


def plain_mean(y, t, penalty):
    a = np.maximum(y, 0)
    low, high = np.minimum(t, 0), np.maximum((t + a) / 2, 0)
    return np.where(a**2 + penalty * (low - t) ** 2 <= (high - a) ** 2 + penalty * (high - t) ** 2, low, high)


def never_negative(y, t, penalty):
    return np.clip((penalty * t + np.clip(y, 0, None)) / (penalty + 1), 0, None)


def zero_below(y, t, penalty):
    z = np.maximum((penalty * t + np.maximum(y, 0)) / (penalty + 1), 0)
    return np.where(t < 0, np.zeros_like(t), z_right(y, t, penalty, z))


def z_right(y, t, penalty, high):
    a, low = np.maximum(y, 0), np.minimum(t, 0)
    return np.where(a**2 + penalty * (low - t) ** 2 <= (high - a) ** 2 + penalty * (high - t) ** 2, low, high)


def unmoved(y, t, penalty):
    return t * 1.0


WRONG = [
    (towards_y, "values", "target is r(y)"),
    (sign_of_t, "values", "sign of t"),
    (plain_mean, "values", "between t and r(y)"),
    (never_negative, "values", "never negative"),
    (zero_below, "values", "stay at t"),
    (unmoved, "values", "give back t"),
]
