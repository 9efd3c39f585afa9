"""Running times, wrongly taken."""

import time

import numpy as np


def mean(fn, warmup, repeat, clock=time.perf_counter):
    for _ in range(warmup):
        fn()
    t = []
    for _ in range(repeat):
        a = clock()
        fn()
        t.append(clock() - a)
    q1, q3 = np.percentile(t, [25, 75])
    return {"median": sum(t) / len(t), "iqr": q3 - q1}


def all_at_once(fn, warmup, repeat, clock=time.perf_counter):
    for _ in range(warmup):
        fn()
    a = clock()
    for _ in range(repeat):
        fn()
    return {"median": (clock() - a) / repeat, "iqr": 0}


def counts_the_warmup(fn, warmup, repeat, clock=time.perf_counter):
    t = []
    for _ in range(warmup + repeat):
        a = clock()
        fn()
        t.append(clock() - a)
    return {"median": np.median(t), "iqr": np.percentile(t, 75) - np.percentile(t, 25)}


def cold(fn, warmup, repeat, clock=time.perf_counter):
    t = []
    for _ in range(repeat):
        a = clock()
        fn()
        t.append(clock() - a)
    return {"median": np.median(t), "iqr": np.percentile(t, 75) - np.percentile(t, 25)}


def max_minus_min(fn, warmup, repeat, clock=time.perf_counter):
    for _ in range(warmup):
        fn()
    t = []
    for _ in range(repeat):
        a = clock()
        fn()
        t.append(clock() - a)
    return {"median": np.median(t), "iqr": np.max(t) - np.min(t)}


def sorted_middle(fn, warmup, repeat, clock=time.perf_counter):
    for _ in range(warmup):
        fn()
    t = []
    for _ in range(repeat):
        a = clock()
        fn()
        t.append(clock() - a)
    return {"median": sorted(t)[repeat // 2], "iqr": np.percentile(t, 75) - np.percentile(t, 25)}


def one_more_for_luck(fn, warmup, repeat, clock=time.perf_counter):
    for _ in range(warmup):
        fn()
    t = []
    for _ in range(repeat):
        a = clock()
        fn()
        t.append(clock() - a)
    fn()
    return {"median": np.median(t), "iqr": np.percentile(t, 75) - np.percentile(t, 25)}


WRONG = [
    (mean, "values", "in the middle"),
    (all_at_once, "values", "around every call"),
    (counts_the_warmup, "values", "first calls are slow"),
    (cold, "values", "very first calls"),
    (max_minus_min, "values", "75th percentile"),
    (sorted_middle, "values", "half-way"),
    (one_more_for_luck, "values", "warmup times"),
]
