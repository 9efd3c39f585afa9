"""Lower bounds that are none, or too low."""

from math import sqrt


def once(shape):
    return shape.N * shape.C * shape.H * shape.W + shape.K * shape.C * shape.R * shape.S + shape.N * shape.K * shape.P * shape.Q


def formula_alone(shape, fast):
    return 2 * shape.macs / sqrt(shape.R * shape.S * fast) - 2 * fast


def tensors_alone(shape, fast):
    return once(shape)


def both_added(shape, fast):
    return once(shape) + max(0, formula_alone(shape, fast))


def of_a_matrix_product(shape, fast):
    return max(once(shape), 2 * shape.macs / sqrt(fast) - 2 * fast)


def linear_in_the_memory(shape, fast):
    return max(once(shape), 2 * shape.macs / (shape.R * shape.S * fast) - 2 * fast)


def without_the_two(shape, fast):
    return max(once(shape), shape.macs / sqrt(shape.R * shape.S * fast) - 2 * fast)


def adds_the_memory(shape, fast):
    return max(once(shape), 2 * shape.macs / sqrt(shape.R * shape.S * fast))


def inputs_only(shape, fast):
    return max(once(shape) - shape.N * shape.K * shape.P * shape.Q, formula_alone(shape, fast))


def in_bytes(shape, fast):
    return 4 * max(once(shape), formula_alone(shape, fast))


def the_smaller(shape, fast):
    return min(once(shape), formula_alone(shape, fast))


WRONG = [
    (formula_alone, "values", "at least once"),
    (tensors_alone, "values", "memory of any size"),
    (both_added, "values", "The larger one holds"),
    (of_a_matrix_product, "values", "R·S windows"),
    (linear_in_the_memory, "values", "root is missing"),
    (without_the_two, "values", "a 2 before"),
    (adds_the_memory, "values", "second term"),
    (inputs_only, "values", "the output"),
    (in_bytes, "values", "not bytes"),
    (the_smaller, "values", "above the larger"),
]
