"""Granularity: what goes together. A grain is the set of axes of wt[K,C,R,S] along which weights share one fate.

element   ( )        each weight by itself            a small pattern costs an index a weight,
vector    (S)        a row of a filter's taps         a large one costs hardly any index
kernel    (R S)      a filter's taps in a channel     and leaves a dense layer behind,
filter    (C R S)    an output channel                but it must take good weights with the bad
channel   (K R S)    an input channel
shape     (K)        one tap of one channel in all filters: a row of the lowered matrix
"""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.compress.prune.magnitude import pruned_count, smallest, weights

SOURCE = "Mao et al., Exploring the Granularity of Sparsity, 2017; Wen et al., SSL, 2016 (the groups)"

# grain -> the axes of wt[K, C, R, S] that go together
GRAINS: dict[str, tuple[int, ...]] = {
    "element": (),
    "vector": (3,),
    "kernel": (2, 3),
    "filter": (1, 2, 3),
    "channel": (0, 2, 3),
    "shape": (0,),
    "layer": (0, 1, 2, 3),
}


def filters(wt: Any) -> np.ndarray:
    wt = weights("wt", wt)
    if wt.ndim != 4:
        raise ValueError(f"wt: want filters [K, C, R, S], got shape {wt.shape}")
    return wt


def axes_of(grain: str) -> tuple[int, ...]:
    if grain not in GRAINS:
        raise ValueError(f"grain: want one of {', '.join(GRAINS)}, got {grain!r}")
    return GRAINS[grain]


def group_norms(wt: Any, grain: str) -> np.ndarray:
    """The Euclidean length of each group; axes that go together have length 1 in the result, so that it multiplies with wt."""
    wt, axes = filters(wt), axes_of(grain)
    return np.sqrt((wt.astype(np.float64) ** 2).sum(axes, keepdims=True)) if axes else np.abs(wt).astype(np.float64)


def pattern_mask(wt: Any, sparsity: float, grain: str = "element") -> np.ndarray:
    """True where weights stay: round(sparsity · groups) groups of the smallest length are False, whole groups only.

    wt[K,C,R,S]; grain is a name in GRAINS. With "element" it is magnitude_mask.
    """
    norms = group_norms(wt, grain)
    return np.broadcast_to(smallest(norms, pruned_count(sparsity, norms.size)), np.shape(wt)).copy()


def pattern_bytes(mask: Any, grain: str, value: int = 4, index: int = 4) -> tuple[int, int]:
    """(bytes of the values that stay, bytes of what says where they are), for a mask of whole groups [K,C,R,S].

    element, vector, kernel: an index a group that stays, and K + 1 row starts, as CSR has. filter, channel, shape: an index a group.
    """
    mask, axes = np.asarray(mask, bool), axes_of(grain)
    if mask.ndim != 4:
        raise ValueError(f"mask: want shape [K, C, R, S], got {mask.shape}")
    groups = mask.any(axes, keepdims=True) if axes else mask
    if (np.broadcast_to(groups, mask.shape) != mask).any():
        raise ValueError(f"mask: it cuts through groups of grain {grain!r}")
    starts = (mask.shape[0] + 1) * index if 0 not in axes and grain != "filter" else 0
    return int(mask.sum()) * value, int(groups.sum()) * index + starts
