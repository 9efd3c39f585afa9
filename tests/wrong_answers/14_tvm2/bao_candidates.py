"""Balls that are no balls, or grow at the wrong time."""

import numpy as np


def within(positions, tried, inside):
    return [i for i in range(len(positions)) if inside(i) and i not in tried]


def manhattan(positions, tried, centre, gain, eta, R, tau):
    r = R if gain >= eta else tau * R
    return within(positions, tried, lambda i: abs(positions[i] - positions[centre]).sum() <= r)


def cube(positions, tried, centre, gain, eta, R, tau):
    r = R if gain >= eta else tau * R
    return within(positions, tried, lambda i: abs(positions[i] - positions[centre]).max() <= r)


def of_one_size(positions, tried, centre, gain, eta, R, tau):
    return within(positions, tried, lambda i: np.linalg.norm(positions[i] - positions[centre]) <= R)


def wide_on_success(positions, tried, centre, gain, eta, R, tau):
    r = tau * R if gain >= eta else R
    return within(positions, tried, lambda i: np.linalg.norm(positions[i] - positions[centre]) <= r)


def always_wide(positions, tried, centre, gain, eta, R, tau):
    return within(positions, tried, lambda i: np.linalg.norm(positions[i] - positions[centre]) <= tau * R)


def again(positions, tried, centre, gain, eta, R, tau):
    r = R if gain >= eta else tau * R
    return within(positions, [], lambda i: np.linalg.norm(positions[i] - positions[centre]) <= r)


def open_ball(positions, tried, centre, gain, eta, R, tau):
    r = R if gain >= eta else tau * R
    return within(positions, tried, lambda i: ((positions[i] - positions[centre]) ** 2).sum() < r**2)


def square_of_one_side(positions, tried, centre, gain, eta, R, tau):
    r = R if gain >= eta else tau * R
    return within(positions, tried, lambda i: ((positions[i] - positions[centre]) ** 2).sum() <= r)


WRONG = [
    (manhattan, "values", "ball is round"),
    (cube, "values", "a cube"),
    (of_one_size, "values", "always the radius R"),
    (wide_on_success, "values", "where progress stops"),
    (always_wide, "values", "always look in the wide"),
    (again, "values", "measured already"),
    (open_ball, "values", "at most, not less"),
    (square_of_one_side, "values", "square the radius too"),
]
