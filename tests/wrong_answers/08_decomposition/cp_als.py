"""Alternating least squares that do not alternate, or are not least squares."""

import numpy as np

RULE = {"k": "kcrs,cj,rj,sj->kj", "c": "kcrs,kj,rj,sj->cj", "r": "kcrs,kj,cj,sj->rj", "s": "kcrs,kj,cj,rj->sj"}


def one(wt, others, letter):
    gram = np.ones((others[0].shape[1],) * 2)
    for f in others:
        gram = gram * (f.T @ f)
    return np.linalg.solve(gram, np.einsum(RULE[letter], wt, *others).T).T


def without(factors, i):
    return factors[:i] + factors[i + 1 :]


def all_at_once(wt, factors, sweeps):
    for _ in range(sweeps):
        factors = [one(wt, without(factors, i), letter) for i, letter in enumerate(RULE)]
    return factors


def projected_only(wt, factors, sweeps):
    factors = list(factors)
    for _ in range(sweeps):
        for i, letter in enumerate(RULE):
            factors[i] = np.einsum(RULE[letter], wt, *without(factors, i))
    return factors


def added_grams(wt, factors, sweeps):
    factors = list(factors)
    for _ in range(sweeps):
        for i, letter in enumerate(RULE):
            others = without(factors, i)
            gram = others[0].T @ others[0] + others[1].T @ others[1] + others[2].T @ others[2]
            factors[i] = np.linalg.solve(gram, np.einsum(RULE[letter], wt, *others).T).T
    return factors


def by_rows(wt, factors, sweeps, way=lambda a, i: a.reshape(a.shape[i], -1), turn=1):
    factors = list(factors)
    for _ in range(sweeps):
        for i in range(4):
            x, y, z = without(factors, i)[::turn]
            rows = np.einsum("aj,bj,cj->abcj", x, y, z).reshape(-1, x.shape[1])
            factors[i] = np.linalg.lstsq(rows, way(wt, i).T, rcond=None)[0].T
    return factors


def rows_backwards(wt, factors, sweeps):
    return by_rows(wt, factors, sweeps, lambda a, i: np.moveaxis(a, i, 0).reshape(a.shape[i], -1), turn=-1)


def once(wt, factors, sweeps):
    factors = list(factors)
    for i, letter in enumerate(RULE):
        factors[i] = one(wt, without(factors, i), letter)
    return factors


def three_of_four(wt, factors, sweeps):
    factors = list(factors)
    for _ in range(sweeps):
        for i, letter in enumerate("kcr"):
            factors[i] = one(wt, without(factors, i), letter)
    return factors


def as_they_came(wt, factors, sweeps):
    return factors


WRONG = [
    (all_at_once, "values", "from before it"),
    (projected_only, "values", "multiply by the components"),
    (added_grams, "values", "not their sum"),
    (by_rows, "values", "never moves a number"),
    (rows_backwards, "values", "fastest"),
    (once, "values", "first sweep"),
    (three_of_four, "values", "s has a turn too"),
    (as_they_came, "values", "give back the start"),
]
