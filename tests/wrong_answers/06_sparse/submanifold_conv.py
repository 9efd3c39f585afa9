"""Submanifold convolution, wrong."""

import numpy as np


def table(coords):
    return {tuple(int(v) for v in place): i for i, place in enumerate(coords)}


def each(coords, feats, w, place):
    where = table(coords)
    R, S = w.shape[2], w.shape[3]
    out = np.zeros((len(coords), w.shape[0]))
    for (h, v), i in where.items():
        for r in range(R):
            for s in range(S):
                j = where.get(place(h, v, r, s, R // 2, S // 2))
                if j is not None:
                    out[i] += w[:, :, r, s] @ feats[j]
    return out


def corner(coords, feats, w):
    return each(coords, feats, w, lambda h, v, r, s, a, b: (h + r, v + s))


def mirrored(coords, feats, w):
    return each(coords, feats, w, lambda h, v, r, s, a, b: (h + a - r, v + b - s))


def across(coords, feats, w):
    return each(coords, feats, w, lambda h, v, r, s, a, b: (h + s - b, v + r - a))


def alone(coords, feats, w):
    middle = w[:, :, w.shape[2] // 2, w.shape[3] // 2]
    return np.array([middle @ f for f in feats])


def no_middle(coords, feats, w):
    w = w.copy()
    w[:, :, w.shape[2] // 2, w.shape[3] // 2] = 0
    return each(coords, feats, w, lambda h, v, r, s, a, b: (h + r - a, v + s - b))


def everywhere(coords, feats, w):
    where = table(coords)
    R, S = w.shape[2], w.shape[3]
    seen = sorted({(h + a - R // 2, v + b - S // 2) for h, v in where for a in range(R) for b in range(S)})
    out = np.zeros((len(seen), w.shape[0]))
    for i, (h, v) in enumerate(seen):
        for r in range(R):
            for s in range(S):
                if (h + r - R // 2, v + s - S // 2) in where:
                    out[i] += w[:, :, r, s] @ feats[where[h + r - R // 2, v + s - S // 2]]
    return out


def mine_for_all(coords, feats, w):
    where = table(coords)
    R, S = w.shape[2], w.shape[3]
    out = np.zeros((len(coords), w.shape[0]))
    for (h, v), i in where.items():
        for r in range(R):
            for s in range(S):
                if (h + r - R // 2, v + s - S // 2) in where:
                    out[i] += w[:, :, r, s] @ feats[i]
    return out


WRONG = [
    (corner, "values", "around it"),
    (mirrored, "values", "turned round"),
    (across, "values", "changed places"),
    (alone, "values", "sees itself only"),
    (no_middle, "values", "middle tap"),
    (everywhere, "values", "more outputs than points"),
    (mine_for_all, "values", "neighbour that stands there"),
]
