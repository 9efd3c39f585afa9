"""Submanifold convolution: the outputs stand where the inputs stand."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Misconception

POINTS = "06_sparse#submanifold"


def submanifold(coords: Any, feats: Any, w: Any, reach: Any = None) -> np.ndarray:
    """coords[n,2], feats[n,C], w[K,C,R,S] -> [n,K]"""
    coords, feats, w = np.asarray(coords), np.asarray(feats, np.float64), np.asarray(w, np.float64)
    where = {(int(h), int(v)): i for i, (h, v) in enumerate(coords)}
    K, _, R, S = w.shape
    out = np.zeros((len(coords), K))
    for i, (h, v) in enumerate(coords):
        for r in range(R):
            for s in range(S):
                place = (int(h) + r - R // 2, int(v) + s - S // 2) if reach is None else reach(int(h), int(v), r, s, R, S)
                if place in where:
                    out[i] += w[:, :, r, s] @ feats[where[place]]
    return out


def grown(coords: Any, feats: Any, w: Any) -> np.ndarray:
    """An ordinary convolution: every place that sees a point."""
    coords = np.asarray(coords)
    R, S = np.asarray(w).shape[2:]
    places = sorted({(int(h) - r + R // 2, int(v) - s + S // 2) for h, v in coords for r in range(R) for s in range(S)})
    where = {place: i for i, place in enumerate(map(tuple, coords.tolist()))}
    out = np.zeros((len(places), len(w)))
    for i, (h, v) in enumerate(places):
        for r in range(R):
            for s in range(S):
                j = where.get((h + r - R // 2, v + s - S // 2))
                if j is not None:
                    out[i] += np.asarray(w, np.float64)[:, :, r, s] @ np.asarray(feats, np.float64)[j]
    return out


def point_cases(rng: np.random.Generator) -> list[Case]:
    table = [(2, 3, 1, 1, 3, 3), (3, 4, 1, 2, 3, 3), (4, 4, 2, 1, 1, 1), (6, 5, 2, 2, 3, 1), (7, 5, 1, 3, 3, 3)]
    table += [tuple(int(v) for v in rng.integers(1, 6, 4) + (7, 4, 0, 0)) + (int(rng.choice([1, 3, 5])), 3) for _ in range(6)]  # type: ignore[misc]
    out = []
    for n, size, C, K, R, S in table:
        places = rng.permutation(size * size)[: min(n, size * size)]
        coords = np.stack([places // size, places % size], 1).astype(np.int64)
        feats = (rng.integers(1, 6, (len(coords), C)) * rng.choice([-1, 1], (len(coords), C))).astype(np.float32)
        w = (rng.integers(1, 5, (K, C, R, S)) * rng.choice([-1, 1], (K, C, R, S))).astype(np.float32)
        out.append(Case((coords, feats, w), label=f"{len(coords)} points on {size}x{size}, {C} to {K} channels, {R}x{S}"))
    return out


submanifold_conv = Exercise(
    name="submanifold_conv",
    reference=submanifold,
    cases=point_cases,
    tolerance=1e-6,
    misconceptions=(
        Misconception(
            "the active set grows",
            grown,
            "There are more outputs than points: an ordinary convolution makes the neighbours active. Here only "
            "the given places have an output.",
            POINTS,
        ),
        Misconception(
            "the window begins at the point",
            lambda coords, feats, w: submanifold(coords, feats, w, lambda h, v, r, s, R, S: (h + r, v + s)),
            "Your window begins at the point. It is to lie around it: take R//2 and S//2 off.",
            POINTS,
        ),
        Misconception(
            "the filter is flipped",
            lambda coords, feats, w: submanifold(coords, feats, w, lambda h, v, r, s, R, S: (h - r + R // 2, v - s + S // 2)),
            "The filter is turned round: tap (r, s) meets the point at (h + r - R//2, w + s - S//2).",
            POINTS,
        ),
        Misconception(
            "rows and columns have changed places",
            lambda coords, feats, w: submanifold(coords, feats, w, lambda h, v, r, s, R, S: (h + s - S // 2, v + r - R // 2)),
            "Rows and columns have changed places: r moves along the first coordinate, s along the second.",
            POINTS,
        ),
        Misconception(
            "only the point itself",
            lambda coords, feats, w: np.asarray(feats, np.float64) @ np.asarray(w, np.float64)[:, :, w.shape[2] // 2, w.shape[3] // 2].T,
            "Each point sees itself only. Its active neighbours under the window belong to the sum, too.",
            POINTS,
        ),
        Misconception(
            "its own features for every tap",
            lambda coords, feats, w: own_features(coords, feats, w),
            "At each tap you take the features of the point in the middle. Take those of the neighbour that stands there.",
            POINTS,
        ),
        Misconception(
            "the point itself is left out",
            lambda coords, feats, w: (
                submanifold(coords, feats, w)
                - np.asarray(feats, np.float64) @ np.asarray(w, np.float64)[:, :, w.shape[2] // 2, w.shape[3] // 2].T
            ),
            "The middle tap is missing: a point is under its own window, too.",
            POINTS,
        ),
    ),
    hint="A dict from place to number of the point; then for each point and each tap: is there a point at (h + r - R//2, w + s - S//2)?",
    slide=POINTS,
)


def own_features(coords: Any, feats: Any, w: Any) -> np.ndarray:
    places = set(map(tuple, np.asarray(coords).tolist()))
    w, feats = np.asarray(w, np.float64), np.asarray(feats, np.float64)
    R, S = w.shape[2:]
    out = np.zeros((len(feats), len(w)))
    for i, (h, v) in enumerate(np.asarray(coords).tolist()):
        for r in range(R):
            for s in range(S):
                if (h + r - R // 2, v + s - S // 2) in places:
                    out[i] += w[:, :, r, s] @ feats[i]
    return out
