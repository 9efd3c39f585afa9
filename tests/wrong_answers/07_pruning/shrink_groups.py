"""The proximal step, wrong."""

import numpy as np

AXES = {"filter": (1, 2, 3), "channel": (0, 2, 3), "shape": (0,), "depth": (0, 1, 2, 3)}


def lengths(w, group):
    return np.sqrt((w**2).sum(AXES[group], keepdims=True))


def through_zero(w, group, amount):
    n = lengths(w, group)
    return w * (1 - amount / np.where(n == 0, 1e-12, n))


def soft(w, group, amount):
    return np.where(np.abs(w) > amount, w - amount * np.sign(w), 0)


def hard(w, group, amount):
    out = w.copy()
    out[np.broadcast_to(lengths(w, group) <= amount, w.shape)] = 0
    return out


def one_minus_amount(w, group, amount):
    return w * (1 - amount if amount < 1 else 0.0)


def without_root(w, group, amount):
    n = (w**2).sum(AXES[group], keepdims=True)
    return w * np.where(n > amount, 1 - amount / np.where(n > 0, n, 1), 0)


def nan_for_zero(w, group, amount):
    with np.errstate(all="ignore"):
        return np.maximum(1 - amount / lengths(w, group), 0) * w


def in_place(w, group, amount):
    n = lengths(w, group)
    w *= np.where(n > amount, 1 - amount / np.where(n > 0, n, 1), 0)
    return w


WRONG = [
    (through_zero, "values", "other side"),
    (soft, "values", "keeps its direction"),
    (hard, "values", "Long groups get shorter"),
    (one_minus_amount, "values", "depends on the group's length"),
    (without_root, "values", "has a root"),
    (nan_for_zero, "values", "NaN"),
    (in_place, "values", "One factor a group"),
]
