"""Votes of models that are not what a bootstrap makes."""

import numpy as np


def kernel(a, b, length):
    return np.exp(-((a[:, None] - b[None]) ** 2).sum(-1) / (2 * length**2))


def mean_of(x, y, around, length, noise):
    return kernel(around, x, length) @ np.linalg.solve(kernel(x, x, length) + noise**2 * np.eye(len(x)), y)


def everything_always(x, y, around, draws, length, noise):
    return len(draws) * mean_of(x, y, around, length, noise)


def sets(x, y, around, draws, length, noise):
    return sum(mean_of(x[np.unique(d)], y[np.unique(d)], around, length, noise) for d in draws)


def averaged(x, y, around, draws, length, noise):
    return np.mean([mean_of(x[d], y[d], around, length, noise) for d in draws], axis=0)


def overwritten(x, y, around, draws, length, noise):
    for d in draws:
        votes = mean_of(x[d], y[d], around, length, noise)
    return votes


def one_vote_each(x, y, around, draws, length, noise):
    votes = np.zeros(len(around))
    for d in draws:
        votes[mean_of(x[d], y[d], around, length, noise).argmax()] += 1
    return votes


def y_stays(x, y, around, draws, length, noise):
    return sum(mean_of(x[d], y, around, length, noise) for d in draws)


def unsure(x, y, around, draws, length, noise):
    votes = np.zeros(len(around))
    for d in draws:
        c = kernel(x[d], around, length)
        votes += np.sqrt(1 - (c * np.linalg.solve(kernel(x[d], x[d], length) + noise**2 * np.eye(len(d)), c)).sum(0))
    return votes


WRONG = [
    (everything_always, "values", "same trials"),
    (sets, "values", "counts twice"),
    (averaged, "values", "sum of the votes"),
    (overwritten, "values", "last draw"),
    (one_vote_each, "values", "predicted value itself"),
    (y_stays, "values", "another one's speed"),
    (unsure, "values", "votes are the means"),
]
