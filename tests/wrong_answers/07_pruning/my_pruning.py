"""Prunings of one's own that do not fit, cannot be read, or misread too much."""

NAMES = ("conv1", "conv2", "conv3", "conv4")


def first(*counts):
    return {name: list(range(n)) for name, n in zip(NAMES, counts)}


def all_channels():
    return first(32, 64, 64, 64)


def counts_only():
    return {"conv1": 6, "conv2": 12, "conv3": 12, "conv4": 16}


def from_one():
    return {"conv1": [30, 31, 32], "conv2": [1, 2, 64], "conv3": [1, 64], "conv4": [1, 64]}


def as_masks():
    return {"conv1": [True] * 6 + [False] * 26, **{name: [True] * 8 + [False] * 56 for name in NAMES[1:]}}


def three_layers():
    return {name: [0, 1] for name in NAMES[1:]}


def nearly_nothing():
    return first(2, 2, 2, 2)


def the_first_ones():
    return first(6, 12, 12, 16)


WRONG = [
    (all_channels, "values", "a twenty-fourth"),
    (counts_only, "values", "not how many"),
    (from_one, "values", "numbered from 0"),
    (as_masks, "values", "np.flatnonzero"),
    (three_layers, "values", "All four"),
    (nearly_nothing, "misread, half marks", "look at X and Y"),
    (the_first_ones, "misread, full marks", "in stages"),
]
