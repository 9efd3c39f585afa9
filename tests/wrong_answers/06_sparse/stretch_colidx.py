"""Stretched columns, wrong."""

import numpy as np


def split(j, R, S):
    return j // (R * S), j % (R * S) // S, j % S


def as_they_are(col, R, S, H, W):
    return col


def filter_width(col, R, S, H, W):
    return np.array([(c * H + r) * S + s for c, r, s in (split(j, R, S) for j in col)], dtype=int)


def filter_height(col, R, S, H, W):
    return np.array([(c * R + r) * W + s for c, r, s in (split(j, R, S) for j in col)], dtype=int)


def portrait(col, R, S, H, W):
    return np.array([(c * W + r) * H + s for c, r, s in (split(j, R, S) for j in col)], dtype=int)


def across(col, R, S, H, W):
    return np.array([(c * H + s) * W + r for c, r, s in (split(j, R, S) for j in col)], dtype=int)


def grey(col, R, S, H, W):
    return np.array([r * W + s for c, r, s in (split(j, R, S) for j in col)], dtype=int)


WRONG = [
    (as_they_are, "values", "old columns"),
    (filter_width, "values", "not S"),
    (filter_height, "values", "not R"),
    (portrait, "values", "W numbers long"),
    (across, "values", "row of the tap"),
    (grey, "values", "c is missing"),
]
