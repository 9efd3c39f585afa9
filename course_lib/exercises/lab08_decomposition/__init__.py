"""The exercises of lab 08: a layer in factors, its four axes, the cut that the responses allow, the ReLU, low rank plus sparse, a budget.

W[K,J] ~ u[K,rank] @ v[rank,J]          rank·(K + J) numbers in place of K·J
"""

from __future__ import annotations

from ..exercise import Exercise
from .after_relu import relu_turn, z_step
from .four_axes import cp_als, svd_1x1, tucker2
from .guess import kept_share
from .responses import channel_decompose
from .two_factors import saving_rank, spatial_svd, svd_linear
from .two_parts import lowrank_plus_sparse
from .under_a_budget import chain_macs, select_ranks

SOURCE = "Lecture, last frames; Zhang et al., CVPR 2015; Jaderberg et al. 2014; Kim et al. 2016; Lebedev et al. 2015; Yu et al., CVPR 2017"

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for exercise in (
        kept_share,
        saving_rank,
        svd_linear,
        svd_1x1,
        spatial_svd,
        chain_macs,
        tucker2,
        cp_als,
        channel_decompose,
        z_step,
        relu_turn,
        lowrank_plus_sparse,
        select_ranks,
    )
}
