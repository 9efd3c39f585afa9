"""Group lasso, wrong."""

import numpy as np

AXES = {"filter": (1, 2, 3), "channel": (0, 2, 3), "shape": (0,), "depth": (0, 1, 2, 3)}


def ridge(w, group):
    return float((w**2).sum())


def lasso(w, group):
    return float(abs(w).sum())


def mixed_up(w, group):
    other = {"filter": "channel", "channel": "filter"}.get(group, group)
    return float(np.sqrt((w**2).sum(AXES[other])).sum())


def taps_only(w, group):
    axes = (0, 1) if group == "shape" else AXES[group]
    return float(np.sqrt((w**2).sum(axes)).sum())


def one_norm(w, group):
    return float(np.linalg.norm(w))


def the_lengths(w, group):
    return np.sqrt((w**2).sum(AXES[group]))


WRONG = [
    (ridge, "values", "weight decay"),
    (lasso, "values", "single weights"),
    (mixed_up, "values", "A filter is w[k]"),
    (taps_only, "values", "C·R·S"),
    (one_norm, "values", "length of its own"),
    (the_lengths, "values", "the roots added"),
]
