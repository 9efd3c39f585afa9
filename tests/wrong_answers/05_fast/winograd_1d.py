"""Two outputs, wrong, or by more than four multiplications."""

import numpy as np


def four(d, g0, g1, g2, half=2):
    return (d[0] - d[2]) * g0, (d[1] + d[2]) * ((g0 + g1 + g2) / half), (d[2] - d[1]) * ((g0 - g1 + g2) / half), (d[1] - d[3]) * g2


def flipped(d, g):
    m1, m2, m3, m4 = four(d, g[2], g[1], g[0])
    return np.array([m1 + m2 + m3, m2 - m3 - m4])


def no_halves(d, g):
    m1, m2, m3, m4 = four(d, *g, half=1)
    return np.array([m1 + m2 + m3, m2 - m3 - m4])


def plus_m3(d, g):
    m1, m2, m3, m4 = four(d, *g)
    return np.array([m1 + m2 + m3, m2 + m3 - m4])


def plus_m4(d, g):
    m1, m2, m3, m4 = four(d, *g)
    return np.array([m1 + m2 + m3, m2 - m3 + m4])


def without_m4(d, g):
    m1, m2, m3, m4 = four(d, *g)
    return np.array([m1 + m2 + m3, m2 - m3])


def the_definition(d, g):
    y = np.zeros(2)
    for i in range(2):
        for s in range(3):
            y[i] += d[i + s] * g[s]
    return y


def half_as_a_factor(d, g):
    y = np.zeros(2)
    m1 = (d[0] - d[2]) * g[0]
    m2 = (d[1] + d[2]) * ((g[0] + g[1] + g[2]) * 0.5)
    m3 = (d[2] - d[1]) * ((g[0] - g[1] + g[2]) * 0.5)
    m4 = (d[1] - d[3]) * g[2]
    y[0], y[1] = m1 + m2 + m3, m2 - m3 - m4
    return y


WRONG = [
    (flipped, "values", "backwards"),
    (no_halves, "values", "halved"),
    (plus_m3, "values", "m2 - m3 - m4"),
    (plus_m4, "values", "wrong sign"),
    (without_m4, "values", "is missing"),
    (the_definition, "multiplications", "more than four"),
    (half_as_a_factor, "multiplications", "/ 2"),
]
