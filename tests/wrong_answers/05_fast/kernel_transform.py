"""Transforms of tiles, wrong."""

import numpy as np


def left_only(x, G):
    return G @ x


def right_only(x, G):
    return x @ G.T


def same_on_both_sides(x, G):
    return G @ x @ G


def all_axes_turned(x, G):
    return G @ np.swapaxes(x, -1, -2) @ G.T


def the_first_tile_for_all(x, G):
    y = G @ x.reshape(-1, x.shape[-1], x.shape[-1])[0] @ G.T
    return np.tile(y, (*x.shape[:-2], 1, 1))


WRONG = [
    (left_only, "values", "from the right"),
    (right_only, "values", "from the left"),
    (same_on_both_sides, "values", "the transpose of G"),
    (all_axes_turned, "values", "changed places"),
    (the_first_tile_for_all, "values", "become the first"),
]
