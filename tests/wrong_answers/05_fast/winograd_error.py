"""Errors, wrong."""

import numpy as np


def difference(d, g, AT, G, BT, dtype):
    view = np.lib.stride_tricks.sliding_window_view(d, g.shape[1:], axis=(1, 2))
    want = np.einsum("tyxrs,trs->tyx", view, g)
    d, g, AT, G, BT = (v.astype(dtype) for v in (d, g, AT, G, BT))
    y = AT @ ((G @ g @ G.T) * (BT @ d @ BT.T)) @ AT.T
    return np.abs(y - want)


def all_in_float64(d, g, AT, G, BT, dtype):
    return float(difference(d, g, AT, G, BT, "float64").max())


def result_rounded_only(d, g, AT, G, BT, dtype):
    """float64 to the last line; forgets to round at all."""
    return all_in_float64(d, g, AT, G, BT, dtype)


def summed(d, g, AT, G, BT, dtype):
    return float(difference(d, g, AT, G, BT, dtype).sum())


def squared(d, g, AT, G, BT, dtype):
    return float((difference(d, g, AT, G, BT, dtype) ** 2).max())


def smallest(d, g, AT, G, BT, dtype):
    e = difference(d, g, AT, G, BT, dtype)
    return float(e[e > 0].min())


def all_of_them(d, g, AT, G, BT, dtype):
    return difference(d, g, AT, G, BT, dtype)


def no_error(d, g, AT, G, BT, dtype):
    return 0.0


WRONG = [
    (all_in_float64, "values", "float64"),
    (result_rounded_only, "values", "float64"),
    (summed, "values", "add up"),
    (squared, "values", "squared"),
    (smallest, "values", "smallest"),
    (all_of_them, "values", "largest"),
    (no_error, "values", "largest"),
]
