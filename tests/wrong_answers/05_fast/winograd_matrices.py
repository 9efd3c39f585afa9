"""Matrices that do not filter."""

import numpy as np


def made(m, r, divide=True, infinity=True, turn=True):
    n = m + r - 1
    points = [0, 1, -1, 2, -2, 0.5, -0.5][: n - 1]
    AT, G, BT = np.zeros((m, n)), np.zeros((n, r)), np.zeros((n, n))
    for i, a in enumerate(points):
        others = [b for b in points if b != a]
        f = np.prod([a - b for b in others]) if divide else 1
        AT[:, i] = [a**j for j in range(m)]
        G[i] = [a**j / f for j in range(r)]
        row = np.zeros(n)
        coefficients = np.atleast_1d(np.poly(others))
        row[: n - 1] = coefficients[::-1]
        BT[i] = row if turn else row[::-1]
    if infinity:
        AT[m - 1, n - 1] = G[n - 1, r - 1] = 1
    BT[n - 1] = np.atleast_1d(np.poly(points))[::-1]
    return AT, G, BT


def f_forgotten(m, r):
    return made(m, r, divide=False)


def finite_points_only(m, r):
    return made(m, r, infinity=False)


def highest_power_first(m, r):
    return made(m, r, turn=False)


def a_in_place_of_at(m, r):
    AT, G, BT = made(m, r)
    return AT.T, G, BT


def b_in_place_of_bt(m, r):
    AT, G, BT = made(m, r)
    return AT, G, BT.T


def lavins_order(m, r):
    AT, G, BT = made(m, r)
    return BT, G, AT


def infinity_in_row_0(m, r):
    AT, G, BT = made(m, r)
    AT[:, -1] = 0
    AT[0, -1] = 1
    return AT, G, BT


WRONG = [
    (f_forgotten, "values", "divided by f"),
    (finite_points_only, "values", "Infinity is a point"),
    (highest_power_first, "values", "turn them round"),
    (a_in_place_of_at, "values", "do not fit together"),
    (b_in_place_of_bt, "values", "a point a row"),
    (lavins_order, "values", "do not fit together"),
    (infinity_in_row_0, "values", "last row"),
]
