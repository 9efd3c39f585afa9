"""Splits that lose, exchange or move something."""


def replaced(nest, name, pair):
    i = [loop[0] for loop in nest].index(name)
    return nest[:i] + pair + nest[i + 1 :]


def rounded_down(nest, name, size):
    return replaced(nest, name, [(name + "_t", dict(nest)[name] // size), (name + "_s", size)])


def exchanged(nest, name, size):
    tiles = (dict(nest)[name] + size - 1) // size
    return replaced(nest, name, [(name + "_t", size), (name + "_s", tiles)])


def inner_outside(nest, name, size):
    tiles = (dict(nest)[name] + size - 1) // size
    return replaced(nest, name, [(name + "_s", size), (name + "_t", tiles)])


def whole_inside(nest, name, size):
    extent = dict(nest)[name]
    return replaced(nest, name, [(name + "_t", (extent + size - 1) // size), (name + "_s", extent)])


def first_tile(nest, name, size):
    return replaced(nest, name, [(name + "_s", size)])


def innermost(nest, name, size):
    tiles = (dict(nest)[name] + size - 1) // size
    return [*replaced(nest, name, [(name + "_t", tiles)]), (name + "_s", size)]


WRONG = [
    (rounded_down, "values", "lose the last values"),
    (exchanged, "values", "number of tiles"),
    (inner_outside, "values", "come first"),
    (whole_inside, "values", "old extent"),
    (first_tile, "values", "only the first tile"),
    (innermost, "values", "is a reorder"),
]
