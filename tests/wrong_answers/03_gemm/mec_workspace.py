"""Workspaces of the strips, wrong."""


def elements(shape):
    return shape.N * shape.Q * (shape.H + sum(shape.pads[0])) * shape.S * shape.C


def of_im2col(shape):
    return 4 * shape.N * shape.P * shape.Q * shape.C * shape.R * shape.S


def without_padding(shape):
    return 4 * shape.N * shape.Q * shape.H * shape.S * shape.C


def for_each_column(shape):
    return 4 * shape.N * shape.W * (shape.H + sum(shape.pads[0])) * shape.S * shape.C


def as_tall_as_the_output(shape):
    return 4 * shape.N * shape.Q * shape.P * shape.S * shape.C


def grey(shape):
    return 4 * shape.N * shape.Q * (shape.H + sum(shape.pads[0])) * shape.S


def one_picture(shape):
    return 4 * shape.Q * (shape.H + sum(shape.pads[0])) * shape.S * shape.C


WRONG = [
    (elements, "values", "4 bytes"),
    (of_im2col, "values", "every row once"),
    (without_padding, "values", "zeros above and below"),
    (for_each_column, "values", "each output column"),
    (as_tall_as_the_output, "values", "not as the output"),
    (grey, "values", "has C channels"),
    (one_picture, "values", "does not change with N"),
]
