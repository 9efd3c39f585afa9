"""Submanifold convolution: the input is a set of active places; the output has the same places, so nothing grows, layer after layer.

An ordinary convolution of a point cloud makes every neighbour of a point active: after ten layers of 3 x 3 a line is a band 21 wide.
Here an output is computed where the input is active and nowhere else, from those of its neighbours that are active.
"""

from __future__ import annotations

import math

import numpy as np

from ..shapes import whole

SOURCE = "Graham & van der Maaten, Submanifold sparse convolutional networks, 2017, as implemented here"


def submanifold(coords: np.ndarray, feats: np.ndarray, wt: np.ndarray) -> np.ndarray:
    """coords[n,2] whole numbers, feats[n,C], wt[K,C,R,S] with R, S odd -> feats[n,K] at the same coords.

    out[i,k] = sum over c, r, s of wt[k,c,r,s] · feats[j,c], where point j stands at coords[i] + (r - R//2, s - S//2); where no
    point stands nothing is added.
    Raises ValueError for shapes that do not fit, even filters and a place given twice.
    """
    coords, feats, wt = np.asarray(coords), np.asarray(feats), np.asarray(wt)
    if coords.ndim != 2 or coords.shape[1] != 2 or (coords.size and coords.dtype.kind not in "iu"):
        raise ValueError(f"coords: want whole numbers [n, 2], got shape {coords.shape} of {coords.dtype}")
    if feats.ndim != 2 or len(feats) != len(coords):
        raise ValueError(f"feats: want {len(coords)} rows, one a point, got shape {feats.shape}")
    if wt.ndim != 4 or wt.shape[1] != feats.shape[1] or wt.shape[2] % 2 == 0 or wt.shape[3] % 2 == 0:
        raise ValueError(f"wt: want [K, {feats.shape[1]}, R, S] with R and S odd, so that there is a middle, got shape {wt.shape}")
    where = {(int(h), int(w)): i for i, (h, w) in enumerate(coords)}
    if len(where) != len(coords):
        raise ValueError(f"coords: {len(coords) - len(where)} places are given twice")
    K, _, R, S = wt.shape
    out = np.zeros((len(coords), K), np.result_type(feats, wt))
    for i, (h, w) in enumerate(coords):
        for r in range(R):
            for s in range(S):
                j = where.get((int(h) + r - R // 2, int(w) + s - S // 2))
                if j is not None:
                    out[i] += wt[:, :, r, s] @ feats[j]
    return out


def rules(coords: np.ndarray, R: int, S: int) -> int:
    """How many (point, tap) pairs meet an active neighbour: K·C multiply-adds each."""
    where = {(int(h), int(w)) for h, w in coords}
    return sum((h + r - R // 2, w + s - S // 2) in where for h, w in where for r in range(R) for s in range(S))


def dilated(coords: np.ndarray, R: int, S: int) -> np.ndarray:
    """The active places after one ordinary R x S convolution: every place with an active one under its window, sorted."""
    grown = {(int(h) + r - R // 2, int(w) + s - S // 2) for h, w in coords for r in range(R) for s in range(S)}
    return np.array(sorted(grown), np.int64).reshape(-1, 2)


def point_cloud(size: int = 32, seed: int = 0) -> np.ndarray:
    """coords[n,2]: outlines drawn by code (a ring, a square, a stroke) with a little noise, on a size x size grid, sorted.

    Raises ValueError for a size under 8.
    """
    size, rng = whole("size", size, 8), np.random.default_rng(seed)
    points: set[tuple[int, int]] = set()
    for turn in range(8 * size):
        angle = 2 * math.pi * turn / (8 * size)
        points.add((round(size * (0.32 + 0.24 * math.sin(angle))), round(size * (0.3 + 0.24 * math.cos(angle)))))
    low, high = round(0.5 * size), round(0.9 * size)
    for t in range(low, high + 1):
        points |= {(t, low), (t, high), (low, t), (high, t)}
        points.add((size - 2 - (t - low) // 2, max(0, t - low)))
    for _ in range(size // 4):
        points.add((int(rng.integers(size)), int(rng.integers(size))))
    return np.array(sorted((h, w) for h, w in points if h < size and w < size), np.int64)
