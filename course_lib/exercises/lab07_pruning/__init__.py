"""The exercises of lab 07: which weights may go, in what pattern, when; channels chosen and mended; a network really made smaller.

w[K, C, R, S]       filters            a mask has w's shape and is True where a weight stays
X[N, c, r]          windows            what c channels give to r = R·S taps, N times
keep                channel numbers that stay, in rising order
"""

from __future__ import annotations

from ..exercise import Exercise
from .channels import channel_select_lasso, reconstruct
from .groups import group_lasso, shrink_groups
from .guess import zeros_for_nothing
from .own_pruning import my_pruning
from .really_smaller import shrink
from .sharing_out import allocate_sparsity, sensitivity_scan
from .when import gradual_schedule
from .which_weights import magnitude_mask, n_m_mask

SOURCE = "Lecture, frames 'Structured Sparse Convolution' to 'Sparse DNN'; Han 2015, Wen 2016, Li 2017, He 2017, Zhu & Gupta 2017"

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for exercise in (
        zeros_for_nothing,
        magnitude_mask,
        n_m_mask,
        sensitivity_scan,
        allocate_sparsity,
        gradual_schedule,
        group_lasso,
        shrink_groups,
        channel_select_lasso,
        reconstruct,
        shrink,
        my_pruning,
    )
}
