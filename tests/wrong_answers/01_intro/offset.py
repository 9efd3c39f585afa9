"""Offsets, wrong."""


def in_bytes(index, strides):
    total = 0
    for axis in range(len(index)):
        total += index[axis] * strides[axis] * 4
    return total


def from_one(index, strides):
    return 1 + sum(index[i] * strides[i] for i in range(len(index)))


def multiplied(index, strides):
    total = 1
    for i, s in zip(index, strides):
        total *= i * s
    return total


def backwards(index, strides):
    return sum(i * s for i, s in zip(index, reversed(strides)))


def as_if_shape(index, strides):
    place = index[0]
    for i in range(1, len(index)):
        place = place * strides[i] + index[i]
    return place


def plain_sum(index, strides):
    total = 0
    for i in index:
        total = total + i
    return total


WRONG = [
    (in_bytes, "values", "not bytes"),
    (from_one, "values", "offset 0"),
    (multiplied, "values", "adds the two"),
    (backwards, "values", "first stride"),
    (as_if_shape, "values", "as if the strides"),
    (plain_sum, "values", "that axis's stride"),
]
