"""The exercises of all labs by name, and the order in which a lab asks for them.

EXERCISES["im2col"]        -> Exercise     the chapter's file is read when one of its exercises is asked for
LABS["03_gemm"]            -> ["lowered_ratio", "im2col", ...]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from .exercise import Answer, Case, Count, Exercise, Made, Misconception, Part, Verdict, judge

LABS: dict[str, list[str]] = {
    "01_intro": [
        "fc_share",
        "conv_output_size",
        "conv2d_direct",
        "strides_of",
        "offset",
        "layer_cost",
        "model_cost",
        "wrong_rows",
        "measure_latency",
    ],
    "03_gemm": [
        "misses_ratio",
        "matmul_ikj",
        "matmul_at",
        "matmul_bt",
        "best_tile",
        "matmul_tiled",
        "matmul_unrolled",
        "pack_panels",
        "matmul_packed",
        "lowered_ratio",
        "im2col",
        "filters_to_matrix",
        "conv2d_im2col",
        "im2col_workspace",
        "col2im",
        "mec_lower",
        "mec_rows",
        "conv2d_mec",
        "mec_workspace",
    ],
    "04_dataflow": [
        "psum_share",
        "conv1d_os",
        "conv1d_ws",
        "conv1d_is",
        "access_counts",
        "fetches",
        "slide_nest",
        "conv2d_tiled",
        "array_cycles",
        "slide_traffic",
        "count_configs",
        "conv_io_lower_bound",
        "design",
    ],
    "05_fast": [
        "mults_share",
        "pad_to_power_of_two",
        "strassen_mults",
        "strassen",
        "winograd_1d",
        "kernel_transform",
        "input_transform",
        "output_transform",
        "winograd_conv2d",
        "winograd_mults",
        "winograd_matrices",
        "winograd_error",
    ],
    "06_sparse": [
        "csr_speed",
        "conv2d_skip",
        "pipeline_cycles",
        "to_csr",
        "from_csr",
        "to_csc",
        "from_csc",
        "conv2d_csr_im2col",
        "stretch_colidx",
        "conv2d_direct_sparse",
        "break_even_density",
        "submanifold_conv",
    ],
    "07_pruning": [
        "zeros_for_nothing",
        "magnitude_mask",
        "n_m_mask",
        "sensitivity_scan",
        "allocate_sparsity",
        "gradual_schedule",
        "group_lasso",
        "shrink_groups",
        "channel_select_lasso",
        "reconstruct",
        "shrink",
        "my_pruning",
    ],
    "08_decomposition": [
        "kept_share",
        "saving_rank",
        "svd_linear",
        "svd_1x1",
        "spatial_svd",
        "chain_macs",
        "tucker2",
        "cp_als",
        "channel_decompose",
        "z_step",
        "relu_turn",
        "lowrank_plus_sparse",
        "select_ranks",
    ],
    "13_tvm1": [
        "idle_share",
        "split_loop",
        "idle_turns",
        "reorder_loops",
        "fuse_loops",
        "lower_text",
        "recover_nest",
    ],
    "14_tvm2": [
        "near_best_share",
        "split_count",
        "decode_config",
        "regret_curve",
        "anneal_walk",
        "rank_loss_gradient",
        "ted_select",
        "bted_select",
        "gp_predict",
        "bao_candidates",
        "bootstrap_votes",
    ],
}


class Catalogue(Mapping[str, Exercise]):
    """A dict of Exercises that reads a chapter's file when it is first needed."""

    def __init__(self, labs: Mapping[str, list[str]]) -> None:
        self.homes = {name: lab for lab, names in labs.items() for name in names}

    def __getitem__(self, name: str) -> Exercise:
        if name not in self.homes:
            raise KeyError(name)
        exercises: dict[str, Exercise] = import_module(f"{__name__}.lab{self.homes[name]}").EXERCISES
        return exercises[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.homes)

    def __len__(self) -> int:
        return len(self.homes)


EXERCISES = Catalogue(LABS)

__all__ = ["EXERCISES", "LABS", "Answer", "Case", "Count", "Exercise", "Made", "Misconception", "Part", "Verdict", "judge"]
