"""Cycles of the array, wrong."""

import math


def answer(shape, cycles, rows, cols):
    return {"cycles": cycles, "utilisation": shape.macs / (cycles * rows * cols) if cycles else 0.0}


def floor(shape, rows=16, cols=64):
    return answer(shape, shape.N * shape.R * shape.S * (shape.C // rows) * (shape.K // cols) * shape.P * shape.Q, rows, cols)


def perfect(shape, rows=16, cols=64):
    return answer(shape, math.ceil(shape.macs / rows / cols), rows, cols)


def turned(shape, rows=16, cols=64):
    tiles = math.ceil(shape.C / cols) * math.ceil(shape.K / rows)
    return answer(shape, shape.N * shape.R * shape.S * tiles * shape.P * shape.Q, rows, cols)


def one_image(shape, rows=16, cols=64):
    tiles = math.ceil(shape.C / rows) * math.ceil(shape.K / cols)
    return answer(shape, shape.R * shape.S * tiles * shape.P * shape.Q, rows, cols)


def one_tap(shape, rows=16, cols=64):
    tiles = math.ceil(shape.C / rows) * math.ceil(shape.K / cols)
    return answer(shape, shape.N * tiles * shape.P * shape.Q, rows, cols)


def input_pixels(shape, rows=16, cols=64):
    tiles = math.ceil(shape.C / rows) * math.ceil(shape.K / cols)
    return answer(shape, shape.N * shape.R * shape.S * tiles * shape.H * shape.W, rows, cols)


def hundred(shape, rows=16, cols=64):
    tiles = math.ceil(shape.C / rows) * math.ceil(shape.K / cols)
    cycles = shape.N * shape.R * shape.S * tiles * shape.P * shape.Q
    return {"cycles": cycles, "utilisation": 100 * shape.macs / (cycles * rows * cols)}


def a_pair(shape, rows=16, cols=64):
    tiles = math.ceil(shape.C / rows) * math.ceil(shape.K / cols)
    return shape.N * shape.R * shape.S * tiles * shape.P * shape.Q, 1.0


WRONG = [
    (floor, "values", "round the number of tiles up"),
    (perfect, "values", "a row takes a channel"),
    (turned, "values", "along the rows"),
    (one_image, "values", "change with N"),
    (one_tap, "values", "every tap"),
    (input_pixels, "values", "not H·W"),
    (hundred, "values", "hundred times"),
    (a_pair, "values", "multiply them"),
]
