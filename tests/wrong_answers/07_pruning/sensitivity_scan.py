"""The scan, wrong."""

import numpy as np


def pruned(w, s):
    flat = w.ravel().copy()
    flat[np.argsort(np.abs(flat), kind="stable")[: round(s * flat.size)]] = 0
    return flat.reshape(w.shape)


def in_place(network, evaluate, grid):
    out = {}
    for name in network:
        out[name] = []
        for s in grid:
            network[name][...] = pruned(network[name], s)
            out[name].append(evaluate(network))
    return out


def a_shallow_copy_that_is_kept(network, evaluate, grid):
    out, work = {}, dict(network)
    for name in network:
        out[name] = []
        for s in grid:
            work[name] = pruned(network[name], s)
            out[name].append(evaluate(work))
    return out


def every_layer(network, evaluate, grid):
    row = [evaluate({name: pruned(w, s) for name, w in network.items()}) for s in grid]
    return {name: list(row) for name in network}


def density(network, evaluate, grid):
    return {name: [evaluate({**network, name: pruned(network[name], 1 - s)}) for s in grid] for name in network}


def loss_of_accuracy(network, evaluate, grid):
    full = evaluate(network)
    return {name: [full - evaluate({**network, name: pruned(network[name], s)}) for s in grid] for name in network}


def by_sparsity(network, evaluate, grid):
    return {s: [evaluate({**network, name: pruned(network[name], s)}) for name in network] for s in grid}


WRONG = [
    (in_place, "values", "not put back"),
    (a_shallow_copy_that_is_kept, "values", "whole again"),
    (every_layer, "values", "only the one layer"),
    (density, "values", "nine tenths"),
    (loss_of_accuracy, "values", "that is left"),
    (by_sparsity, "values", "a copy of the dict"),
]
