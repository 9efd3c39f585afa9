"""Transforms of tiles, wrong."""

import numpy as np


def left_only(x, BT):
    return BT @ x


def right_only(x, BT):
    return x @ BT.T


def same_on_both_sides(x, BT):
    return BT @ x @ BT


def all_axes_turned(x, BT):
    return BT @ np.swapaxes(x, -1, -2) @ BT.T


def the_first_tile_for_all(x, BT):
    y = BT @ x.reshape(-1, x.shape[-1], x.shape[-1])[0] @ BT.T
    return np.tile(y, (*x.shape[:-2], 1, 1))


WRONG = [
    (left_only, "values", "from the right"),
    (right_only, "values", "from the left"),
    (same_on_both_sides, "values", "the transpose of BT"),
    (all_axes_turned, "values", "changed places"),
    (the_first_tile_for_all, "values", "become the first"),
]
