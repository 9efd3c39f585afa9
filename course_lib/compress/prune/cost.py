"""What a pattern of zeros is worth, on a model simple enough to be read: bytes of the index, and cycles of the inner loop.

    dense               a tile of 12 x 2 vectors: 24 multiply-adds need 12 + 2 loads      12 cycles: the multipliers are busy
    scattered zeros     14 output vectors are held; a weight multiplies 14 input vectors that begin anywhere, so that each load
                        touches two lines of the cache                                  1 + 14·2 loads and its index: 14.5 to 15 cycles

Two multiply-adds and two lines of the first cache a cycle. What is left after whole filters, channels or shapes are gone is dense.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from course_lib.compress.prune.granularity import GRAINS, group_norms, pattern_bytes, pattern_mask
from course_lib.records import Report

SOURCE = "Kernel shapes of course_lib.kernels; Mao et al. 2017 (the comparison of grains)"

TALL, VECTORS, HELD = 12, 2, 14  # the dense tile; output vectors held by a sparse kernel
PER_CYCLE = 2  # multiply-adds, and lines loaded
REGULAR = ("filter", "channel", "shape", "layer")


def dense_cycles(K: int, depth: int) -> float:
    """Cycles a vector of output pixels: K rounded up to whole tiles, `depth` products each."""
    tiles = -(-K // TALL)
    work = max(TALL * VECTORS, TALL + VECTORS) / PER_CYCLE  # a step of a tile
    return tiles * depth * work / VECTORS


def cycles(mask: Any, grain: str) -> float:
    """Cycles a vector of output pixels for a mask [K,C,R,S] of whole groups of `grain`."""
    mask = np.asarray(mask, bool)
    if grain in REGULAR:
        kept_filters = int(mask.any((1, 2, 3)).sum())
        return dense_cycles(kept_filters, int(mask.any(0).sum())) if kept_filters else 0.0
    axes = GRAINS[grain]
    weights, groups = int(mask.sum()), int((mask.any(axes) if axes else mask).sum())
    loads = weights * (1 + 2 * HELD) + groups  # the weight, its inputs, an index a group
    return max(loads, weights * HELD) / PER_CYCLE / HELD


def granularity_report(wt: Any, sparsity: float, grains: Sequence[str] = ("element", "vector", "kernel", "filter")) -> Report:
    """A row a grain: weights that share an index, bytes of values and of index, per cent of the length of wt that is left, cycles a
    vector of pixels, times faster than dense. wt[K,C,R,S], `sparsity` of the groups of each grain go."""
    wt = np.asarray(wt)
    full, rows = dense_cycles(wt.shape[0], wt[0].size), []
    for grain in grains:
        mask = pattern_mask(wt, sparsity, grain)
        values, index = pattern_bytes(mask, grain)
        now = cycles(mask, grain)
        rows.append(
            {
                "grain": grain,
                "weights an index": int(np.prod([wt.shape[axis] for axis in GRAINS[grain]])),
                "zeros %": 100 * float(1 - mask.mean()),
                "value bytes": values,
                "index bytes": index,
                "length left %": 100 * float(np.linalg.norm(group_norms(wt * mask, "element")) / (np.linalg.norm(wt) or 1.0)),
                "cycles": now,
                "times faster": full / now if now else float("inf"),
            }
        )
    return Report.of(rows, title=f"{sparsity:.0%} zeros in {wt.shape[0]} filters of {wt[0].size} weights", note="cycles by the model")
