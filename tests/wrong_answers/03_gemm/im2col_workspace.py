"""Workspaces, wrong."""


def elements(shape):
    return shape.N * shape.P * shape.Q * shape.C * shape.R * shape.S


def per_picture(shape):
    return shape.P * shape.Q * shape.C * shape.R * shape.S * 4


def every_pixel(shape):
    return shape.N * shape.C * shape.H * shape.W * shape.R * shape.S * 4


def the_output(shape):
    N, K, P, Q = shape.oa_shape
    return N * K * P * Q * 4


def by_hand_without_stride(shape):
    P, Q = shape.H - shape.R + 1, shape.W - shape.S + 1
    return 4 * shape.N * P * Q * shape.C * shape.R * shape.S


def grey(shape):
    return shape.N * shape.P * shape.Q * shape.R * shape.S * 4


def a_matrix_a_filter(shape):
    return shape.macs * 4


WRONG = [
    (elements, "values", "4 bytes"),
    (per_picture, "values", "does not change with N"),
    (every_pixel, "values", "each output pixel"),
    (the_output, "values", "size of the output"),
    (by_hand_without_stride, "values", "only for stride 1"),
    (grey, "values", "C channels"),
    (a_matrix_a_filter, "values", "same lowered matrix"),
]
