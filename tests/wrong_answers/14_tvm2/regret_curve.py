"""Curves of something near regret."""

import math


def of_each_trial(costs, optimum):
    return [math.inf if c is None else c / optimum - 1 for c in costs]


def lost_seconds(costs, optimum):
    best, out = math.inf, []
    for c in costs:
        if c is not None:
            best = min(best, c)
        out.append(best - optimum)
    return out


def times_slower(costs, optimum):
    best, out = math.inf, []
    for c in costs:
        best = best if c is None else min(best, c)
        out.append(best / optimum)
    return out


def free_failures(costs, optimum):
    best, out = math.inf, []
    for c in costs:
        best = min(best, c or 0)
        out.append(best / optimum - 1)
    return out


def skipped_failures(costs, optimum):
    best, out = math.inf, []
    for c in costs:
        if c is None:
            continue
        best = min(best, c)
        out.append(best / optimum - 1)
    return out


def percent(costs, optimum):
    best, out = math.inf, []
    for c in costs:
        if c is not None and c < best:
            best = c
        out.append(100 * (best - optimum) / optimum)
    return out


WRONG = [
    (of_each_trial, "values", "so far"),
    (lost_seconds, "values", "divide"),
    (times_slower, "values", "0 at the optimum"),
    (free_failures, "values", "lower than any"),
    (skipped_failures, "values", "took a trial"),
    (percent, "values", "per cent"),
]
