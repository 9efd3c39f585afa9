"""Magnitude masks, wrong."""

import numpy as np


def by_value(layers, sparsity, scope="layer"):
    if scope == "global":
        flat = np.concatenate([w.ravel() for w in layers])
        order = np.argsort(flat, kind="stable")
        mask = np.ones(len(flat), bool)
        mask[order[: round(sparsity * len(flat))]] = False
        out, at = [], 0
        for w in layers:
            out.append(mask[at : at + w.size].reshape(w.shape))
            at += w.size
        return out
    return [m for w in layers for m in by_value([w], sparsity, "global")]


def keep(sizes, number):
    mask = np.ones(len(sizes), bool)
    mask[np.argsort(sizes, kind="stable")[:number]] = False
    return mask


def together(layers, sparsity, number=round):
    flat = np.concatenate([np.abs(w).ravel() for w in layers])
    mask, out, at = keep(flat, number(sparsity * len(flat))), [], 0
    for w in layers:
        out.append(mask[at : at + w.size].reshape(w.shape))
        at += w.size
    return out


def true_where_pruned(layers, sparsity, scope="layer"):
    masks = together(layers, sparsity) if scope == "global" else [together([w], sparsity)[0] for w in layers]
    return [np.logical_not(m) for m in masks]


def cut_off(layers, sparsity, scope="layer"):
    return together(layers, sparsity, int) if scope == "global" else [together([w], sparsity, int)[0] for w in layers]


def threshold(layers, sparsity, scope="layer"):
    def one(sizes):
        n = round(sparsity * len(sizes))
        return np.sort(sizes)[n - 1] if n else -1.0

    if scope == "global":
        t = one(np.concatenate([np.abs(w).ravel() for w in layers]))
        return [np.abs(w) > t for w in layers]
    return [np.abs(w) > one(np.abs(w).ravel()) for w in layers]


def always_global(layers, sparsity, scope="layer"):
    return together(layers, sparsity)


def scope_is_ignored(layers, sparsity, scope="layer"):
    return [together([w], sparsity)[0] for w in layers]


def flat_masks(layers, sparsity, scope="layer"):
    masks = together(layers, sparsity) if scope == "global" else [together([w], sparsity)[0] for w in layers]
    return [m.ravel() for m in masks]


WRONG = [
    (by_value, "values", "near zero"),
    (true_where_pruned, "values", "True where a weight stays"),
    (cut_off, "values", "int() cuts off"),
    (threshold, "values", "takes all equal weights"),
    (always_global, "values", "its own share"),
    (scope_is_ignored, "values", "in one row"),
    (flat_masks, "values", "np.argsort"),
]
