"""Layers with zeros among their weights, and the convolution they should give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..exercise import Case

SIZES = [  # C H W K R S
    (1, 3, 3, 1, 2, 2),
    (1, 3, 4, 2, 2, 1),
    (2, 3, 3, 1, 2, 2),
    (1, 4, 3, 2, 1, 3),
    (2, 4, 5, 3, 2, 3),
    (3, 5, 4, 2, 3, 2),
    (1, 1, 1, 1, 1, 1),
    (3, 4, 6, 4, 1, 1),
    (2, 7, 5, 5, 3, 3),
]


def picture(rng: np.random.Generator, *size: int) -> np.ndarray:
    """Small whole numbers without a zero: sums are exact, and a product left out shows."""
    return (rng.integers(1, 10, size) * rng.choice([-1, 1], size)).astype(np.float32)


def filters(rng: np.random.Generator, density: float, *size: int) -> np.ndarray:
    """Filters with zeros; at least one number and, where there is room, one zero."""
    w = picture(rng, *size) * (rng.random(size) < density)
    if not w.any():
        w.flat[int(rng.integers(w.size))] = 3
    if w.size > 2 and w.all():
        w.flat[0] = 0
    return w.astype(np.float32)


def layers(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """(x[C,H,W], w[K,C,R,S]) from small to large; among them a filter of zeros only."""
    made = []
    for number, (C, H, W, K, R, S) in enumerate(SIZES + [tuple(int(v) for v in rng.integers(2, 6, 6) + (0, 3, 3, 0, -1, -1))]):
        w = filters(rng, 0.5, K, C, R, S)
        if number in (4, 8):
            w[1] = 0
        made.append((picture(rng, C, H, W), w))
    return made


def words(x: np.ndarray, w: np.ndarray) -> str:
    K, C, R, S = w.shape
    filters_ = f"{K} filter{'s' if K > 1 else ''} of {R}x{S}"
    return f"a picture of {'x'.join(map(str, x.shape))}, {filters_}, {np.count_nonzero(w)} of {w.size} weights not zero"


def csr_of(a: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """rowptr, colidx, value of a matrix, columns ascending."""
    row, col = np.nonzero(a)
    return np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(a)))]).astype(np.int64), col.astype(np.int64), a[row, col]


def convolved(x: Any, w: Any) -> np.ndarray:
    """x[C,H,W] * w[K,C,R,S] -> [K,P,Q], float64."""
    x, w = np.asarray(x, np.float64), np.asarray(w, np.float64)
    seen = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(1, 2))  # C P Q R S
    return np.einsum("cpqrs,kcrs->kpq", seen, w)


def lowered(x: Any, R: int, S: int) -> np.ndarray:
    """cols[C·R·S, P·Q] of x[C,H,W]."""
    seen = np.lib.stride_tricks.sliding_window_view(np.asarray(x), (R, S), axis=(1, 2))
    return seen.transpose(0, 3, 4, 1, 2).reshape(x.shape[0] * R * S, -1)


def cases_of(arguments: Callable[[np.ndarray, np.ndarray], tuple[Any, ...]]) -> Callable[[np.random.Generator], Sequence[Case]]:
    def cases(rng: np.random.Generator) -> Sequence[Case]:
        return [Case(arguments(x, w), label=words(x, w)) for x, w in layers(rng)]

    return cases
