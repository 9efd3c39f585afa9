"""Words of the slide's nest, wrongly counted."""

import math


def parts(shape, rows, cols):
    return math.ceil(shape.C / rows), math.ceil(shape.K / cols), shape.N * shape.R * shape.S, shape.P * shape.Q


def right(shape, rows, cols):
    ct, kt, taps, pq = parts(shape, rows, cols)
    psums = taps * ct * shape.K * pq
    first = shape.N * shape.K * pq
    return {"W reads": taps * shape.C * shape.K, "IA reads": taps * shape.C * kt * pq, "OA writes": psums, "OA reads": psums - first}


def every_pe_fetches(shape, rows=16, cols=64):
    return right(shape, rows, cols) | {"IA reads": shape.macs}


def every_product_written(shape, rows=16, cols=64):
    outputs = shape.N * shape.K * shape.P * shape.Q
    return right(shape, rows, cols) | {"OA writes": shape.macs, "OA reads": shape.macs - outputs}


def reads_as_often_as_it_writes(shape, rows=16, cols=64):
    out = right(shape, rows, cols)
    out["OA reads"] = out["OA writes"]
    return out


def complete_at_once(shape, rows=16, cols=64):
    return right(shape, rows, cols) | {"OA writes": shape.N * shape.K * shape.P * shape.Q, "OA reads": 0}


def weights_again_and_again(shape, rows=16, cols=64):
    return right(shape, rows, cols) | {"W reads": shape.macs}


def one_pass_of_pixels(shape, rows=16, cols=64):
    ct, kt, taps, pq = parts(shape, rows, cols)
    return right(shape, rows, cols) | {"IA reads": taps * shape.C * pq}


def weights_of_one_image(shape, rows=16, cols=64):
    return right(shape, rows, cols) | {"W reads": shape.params}


def bytes_of_two(shape, rows=16, cols=64):
    return {name: 2 * number for name, number in right(shape, rows, cols).items()}


WRONG = [
    (every_pe_fetches, "values", "read once and sent"),
    (every_product_written, "values", "tree of adders"),
    (reads_as_often_as_it_writes, "values", "nothing to read"),
    (complete_at_once, "values", "has to wait"),
    (weights_again_and_again, "values", "it is read once, and stays"),
    (one_pass_of_pixels, "values", "each step of k_t"),
    (weights_of_one_image, "values", "all weights come again"),
    (bytes_of_two, "values", "which of them move"),
]
