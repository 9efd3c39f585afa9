"""Costs of a pair of layers, miscounted."""


def both_on_the_output(shape, rank):
    pixels = shape.N * shape.P * shape.Q
    return pixels * rank * shape.C * shape.R + pixels * rank * shape.K * shape.S


def first_on_the_input(shape, rank):
    return shape.N * shape.H * shape.W * rank * shape.C * shape.R + shape.N * shape.P * shape.Q * rank * shape.K * shape.S


def square_filters(shape, rank):
    taps = shape.R * shape.S
    return shape.N * rank * taps * (shape.P * shape.W * shape.C + shape.P * shape.Q * shape.K)


def before(shape, rank):
    return shape.N * shape.K * shape.C * shape.P * shape.Q * shape.R * shape.S


def second_only(shape, rank):
    return shape.N * shape.K * rank * shape.P * shape.Q * shape.S


def a_single_image(shape, rank):
    return rank * shape.P * (shape.W * shape.C * shape.R + shape.Q * shape.K * shape.S)


WRONG = [
    (both_on_the_output, "values", "leaves the width alone"),
    (first_on_the_input, "values", "P rows, not H"),
    (square_filters, "values", "one number wide"),
    (before, "values", "before it was decomposed"),
    (second_only, "values", "two layers"),
    (a_single_image, "values", "does not change with N"),
]
