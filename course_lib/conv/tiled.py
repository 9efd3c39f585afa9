"""Tiled: the slide's seven loops, tiled, reordered and unrolled as a nest, and compiled for this layer: direct, and no longer slow."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..nest.problem import conv_problem
from ..nest.schedule import Schedule, schedule
from ..shapes import ConvShape
from .arrays import fitted
from .refuse import refuse
from .work import Move, Work

SOURCE = "Lecture, frame 'Direct Convolution: Loop Ordering + Unrolling + Tiling'"

K_S, Q_S = 4, 16  # filters and output columns whose sums stay in registers


def tiled_nest(shape: ConvShape) -> Schedule:
    """n k_t p q_t c r s k_s q_s: a tile of 4 filters by 16 pixels is summed over c, r, s in registers; pixels go side by side in a vector.

    >>> print(tiled_nest(ConvShape(N=1, C=3, H=10, W=50, K=8, R=3, S=3)).order)
    n k_t p q_t c r s k_s q_s
    """
    nest = schedule(conv_problem(shape, wt="KCRS"))
    names = {loop.name for loop in nest.loops}
    if "k" in names and nest.loop("k").extent > K_S:
        nest = nest.tile(k=K_S)
    if nest.loop("q").extent > Q_S:
        nest = nest.tile(q=Q_S)
    inner = [name for name in ("k_s", "k", "q_s", "q") if any(l.name == name and l.dim in "kq" for l in nest.loops)]
    inner = [name for name in inner if not (name in ("k", "q") and f"{name}_t" in nest.order.split())]
    outer = [l.name for l in nest.loops if l.name not in inner and l.dim not in nest.problem.reduction]
    summed = [l.name for l in nest.loops if l.dim in nest.problem.reduction]
    nest = nest.reorder(" ".join([*outer, *summed, *inner]))
    return nest.unroll(" ".join(inner[:-1])).vectorize(inner[-1]) if inner[:-1] else nest.vectorize(inner[-1])


@lru_cache(maxsize=64)
def built(shape: ConvShape, dtype: str) -> Any:
    from ..nest.built import build

    return build(tiled_nest(shape), dtype)


def conv2d(ia: np.ndarray, wt: np.ndarray, shape: ConvShape) -> np.ndarray:
    """ia[N,C,H,W] * wt[K,C/groups,R,S] -> oa[N,K,P,Q]; compiled at the first call of a layer (tens of milliseconds), kept for later ones.

    float32 and float64; raises ValueError for whole numbers, for which no machine code is made. Needs llvmlite.
    """
    ia, wt, result = fitted(ia, wt, shape)
    refuse("tiled", cannot(shape))
    if ia.dtype.kind != "f":
        raise ValueError(f"tiled: compiled for float32 and float64, got {ia.dtype}; 'im2col' sums whole numbers exactly")
    oa = np.zeros(shape.oa_shape, ia.dtype)
    if shape.N:
        kernel = built(shape, ia.dtype.name)
        rows, columns = reach(shape)
        padded = np.ascontiguousarray(ia)
        if any((*rows, *columns)):
            padded = np.zeros((shape.N, shape.C, shape.H + sum(rows), shape.W + sum(columns)), ia.dtype)
            padded[:, :, rows[0] : rows[0] + shape.H, columns[0] : columns[0] + shape.W] = ia
        kernel.call(padded, np.ascontiguousarray(wt), oa)
    return oa.astype(result, copy=False)


def reach(shape: ConvShape) -> tuple[tuple[int, int], tuple[int, int]]:
    """((above, below), (left, right)): how far the loops read beyond the image; a stride may leave part of the padding unread."""
    problem = conv_problem(shape, wt="KCRS")
    edges = problem.edges(problem.ins[0])
    return edges[2], edges[3]


def workspace(shape: ConvShape) -> int:
    """Bytes beside ia, wt and oa, for float32: the padded copy of the input where it is padded, 4·N·C·H'·W', otherwise none."""
    rows, columns = reach(shape)
    if not any((*rows, *columns)):
        return 0
    return 4 * shape.N * shape.C * (shape.H + sum(rows)) * (shape.W + sum(columns))


def cannot(shape: ConvShape) -> str | None:
    """Why it cannot compute this layer, in words; None: it can compute every layer, if not every dtype."""
    return None


def work(shape: ConvShape) -> Work:
    """All multiplications in one compiled nest, after a copy for the padding."""
    padding = (Move("copy", 1, workspace(shape) // 4, shape.W),) if workspace(shape) else ()
    return (*padding, Move("nest", 1, shape.macs, 1, shape.macs))
