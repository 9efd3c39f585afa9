"""Block-sparse convolution: neighbouring output channels keep the same weights, so a shift is loaded once and used by all of them.

    for each non-zero block (joint output channels x one (c, r, s)):
        x = frame[offset(c, r, s) ..]
        for each channel of the block: sums of the channel += weight * x

One loop, no patterns: what BCSR with blocks of joint x 1 stores. The block's height (2, 4 or 8) is the one that the model of
direct_sparse.py finds fastest for these weights. A zero inside a stored block is multiplied like any number: NaN and infinity
go through it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from course_lib.kernels.cost import Cost
from course_lib.kernels.direct_sparse import SparsePlan, loads_of, sparse_cost, sparse_layer, sparse_plan, united
from course_lib.kernels.plan import planned
from course_lib.shapes import ConvShape

SOURCE = "Elsen, Dukhan, Gale, Simonyan, Fast sparse ConvNets, CVPR 2020 (blocks of output channels), as implemented here"

HEIGHTS = (2, 4, 8)


def block_sparse_conv(
    wt: np.ndarray, shape: ConvShape, threads: int = 1, plan: SparsePlan | None = None
) -> Callable[[np.ndarray], np.ndarray]:
    """A layer for weights that are zero in blocks of output channels; right for any weights, fast for those."""
    default = lambda: sparse_plan(shape, lambda joint: loads_of(wt, shape, joint), None, HEIGHTS)
    return sparse_layer(wt, shape, threads, planned(plan, SparsePlan, default), blocks=True)


def dense_block_plan(shape: ConvShape, threads: int) -> SparsePlan:
    """The plan for weights without a zero."""
    return sparse_plan(shape, lambda joint: united(shape, joint), None, HEIGHTS)


def dense_block_cost(shape: ConvShape, plan: SparsePlan) -> Cost:
    """The cost without a zero among the weights."""
    return sparse_cost(shape, plan, True, shape.params, united(shape, plan.joint))


__all__ = ["block_sparse_conv", "dense_block_cost", "dense_block_plan"]
