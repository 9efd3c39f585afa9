"""Numbers of multiplications of Winograd, wrong."""


def tiles(shape, m):
    return -(-shape.P // m) * -(-shape.Q // m)


def of_the_loops(shape, m):
    return shape.N * shape.K * shape.P * shape.Q * shape.C * 9


def rounded_down(shape, m):
    return shape.N * shape.K * shape.C * (shape.P // m) * (shape.Q // m) * (m + 2) ** 2


def a_share(shape, m):
    return round(of_the_loops(shape, m) * (m + 2) ** 2 / (9 * m**2))


def outputs_of_a_tile(shape, m):
    return shape.N * shape.K * shape.C * tiles(shape, m) * m**2


def one_filter(shape, m):
    return shape.N * shape.C * tiles(shape, m) * (m + 2) ** 2


def grey(shape, m):
    return shape.N * shape.K * tiles(shape, m) * (m + 2) ** 2


def one_picture(shape, m):
    return shape.K * shape.C * tiles(shape, m) * (m + 2) ** 2


WRONG = [
    (of_the_loops, "values", "nine an output"),
    (rounded_down, "values", "round up"),
    (a_share, "values", "rounded up"),
    (outputs_of_a_tile, "values", "(m + 2)²"),
    (one_filter, "values", "does not change with K"),
    (grey, "values", "does not change with C"),
    (one_picture, "values", "does not change with N"),
]
