"""Transforms of tiles, wrong."""

import numpy as np


def left_only(x, AT):
    return AT @ x


def right_only(x, AT):
    return x @ AT.T


def same_on_both_sides(x, AT):
    return AT @ x @ AT


def all_axes_turned(x, AT):
    return AT @ np.swapaxes(x, -1, -2) @ AT.T


def the_first_tile_for_all(x, AT):
    y = AT @ x.reshape(-1, x.shape[-1], x.shape[-1])[0] @ AT.T
    return np.tile(y, (*x.shape[:-2], 1, 1))


WRONG = [
    (left_only, "values", "from the right"),
    (right_only, "values", "from the left"),
    (same_on_both_sides, "values", "the transpose of AT"),
    (all_axes_turned, "values", "changed places"),
    (the_first_tile_for_all, "values", "become the first"),
]
