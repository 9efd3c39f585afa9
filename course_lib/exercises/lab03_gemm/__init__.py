"""The exercises of lab 03: the matrix product (order, tiles, panels), convolution as one product (im2col), and MEC.

A   c[M,N] += a[M,K] * b[K,N]                                    who is read along its rows, and how often
B   cols[N·P·Q, C·R·S] @ matrix[C·R·S, K] -> out[N·P·Q, K]       every window a row
C   low[N, Q, H, S, C]                                           strips as wide as a filter; windows are views of them
"""

from __future__ import annotations

from ..exercise import Exercise
from .filters import filters_to_matrix
from .guess import lowered_ratio, misses_ratio
from .loop_order import matmul_at, matmul_bt, matmul_ikj
from .lowering import im2col
from .mec import conv2d_mec, mec_lower, mec_rows, mec_workspace
from .memory import im2col_workspace
from .panels import matmul_packed, matmul_unrolled, pack_panels
from .product import conv2d_im2col
from .tiles import best_tile, matmul_tiled
from .way_back import col2im

SOURCE = "Lecture, frames 'Background: Memory System' to 'Im2col 3-D'; Goto & van de Geijn 2008; Chellapilla et al. 2006; Cho & Brand 2017"

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for exercise in (
        misses_ratio,
        matmul_ikj,
        matmul_at,
        matmul_bt,
        best_tile,
        matmul_tiled,
        matmul_unrolled,
        pack_panels,
        matmul_packed,
        lowered_ratio,
        im2col,
        filters_to_matrix,
        conv2d_im2col,
        im2col_workspace,
        col2im,
        mec_lower,
        mec_rows,
        conv2d_mec,
        mec_workspace,
    )
}
