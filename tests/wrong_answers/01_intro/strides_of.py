"""Strides, wrong."""

import numpy as np


def what_numpy_says(shape, layout):
    N, C, H, W = shape
    if layout == "NCHW":
        return np.empty(shape, np.float32).strides
    return np.empty((N, H, W, C), np.float32).transpose(0, 3, 1, 2).strides


def always_channels_first(shape, layout):
    out = []
    step = 1
    for size in reversed(shape):
        out.insert(0, step)
        step *= size
    return tuple(out)


def as_stored(shape, layout):
    N, C, H, W = shape
    order = {"NCHW": (N, C, H, W), "NHWC": (N, H, W, C)}[layout]
    return (order[1] * order[2] * order[3], order[2] * order[3], order[3], 1)


def rows_are_h_long(shape, layout):
    N, C, H, W = shape
    if layout == "NCHW":
        return C * H * W, H * W, H, 1
    return C * H * W, 1, H * C, C


def products_with_themselves(shape, layout):
    N, C, H, W = shape
    if layout == "NCHW":
        return N * C * H * W, C * H * W, H * W, W
    return N * H * W * C, C, H * W * C, W * C


def fortran(shape, layout):
    N, C, H, W = shape
    return 1, N, N * C, N * C * H


WRONG = [
    (what_numpy_says, "values", "4 times"),
    (always_channels_first, "values", "same for both layouts"),
    (as_stored, "values", "for n, c, h, w"),
    (rows_are_h_long, "values", "length of a row"),
    (products_with_themselves, "values", "not the axis itself"),
    (fortran, "values", "Fortran"),
]
