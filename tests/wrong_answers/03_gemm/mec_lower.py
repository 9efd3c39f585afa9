"""Strips, wrong."""

import numpy as np


def framed(x, pad):
    return np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])


def strips_of(big, s, stride, Q):
    return [big[:, :, :, q * stride : q * stride + s] for q in range(Q)]


def width(x, s, stride, pad):
    return (x.shape[3] + 2 * pad - s) // stride + 1


def channels_slow(x, s, stride=1, pad=0):
    parts = strips_of(framed(x, pad), s, stride, width(x, s, stride, pad))
    return np.stack([part.transpose(0, 2, 1, 3) for part in parts], axis=1)


def along_the_height(x, s, stride=1, pad=0):
    big = framed(x, pad)
    P = (x.shape[2] + 2 * pad - s) // stride + 1
    return np.stack([big[:, :, p * stride : p * stride + s].transpose(0, 3, 2, 1) for p in range(P)], axis=1)


def sides_only(x, s, stride=1, pad=0):
    big = np.pad(x, [(0, 0), (0, 0), (0, 0), (pad, pad)])
    parts = strips_of(big, s, stride, width(x, s, stride, pad))
    return np.stack([part.transpose(0, 2, 3, 1) for part in parts], axis=1)


def one_apart(x, s, stride=1, pad=0):
    parts = strips_of(framed(x, pad), s, 1, width(x, s, stride, pad))
    return np.stack([part.transpose(0, 2, 3, 1) for part in parts], axis=1)


def all_of_them(x, s, stride=1, pad=0):
    parts = strips_of(framed(x, pad), s, 1, width(x, s, 1, pad))
    return np.stack([part.transpose(0, 2, 3, 1) for part in parts], axis=1)


def rows_first(x, s, stride=1, pad=0):
    parts = strips_of(framed(x, pad), s, stride, width(x, s, stride, pad))
    return np.stack([part.transpose(0, 2, 3, 1) for part in parts], axis=2)


WRONG = [
    (channels_slow, "values", "(s, c)"),
    (along_the_height, "values", "top of the image"),
    (sides_only, "values", "above and below"),
    (one_apart, "values", "one column apart"),
    (all_of_them, "values", "does not change with stride"),
    (rows_first, "values", "A whole strip comes first"),
]
