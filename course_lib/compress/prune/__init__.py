"""Pruning: which weights may go, in what pattern, when, and how the network is made smaller for it.

magnitude     the smallest weights go, in each layer or in all together          Han 2015
n_m           n of each m neighbours stay                                        Mishra 2021
granularity   element, vector, kernel, filter, channel, shape: what goes together  Mao 2017
importance    filter norms, Taylor                                               Li 2017, Molchanov 2017
sensitivity   accuracy by layer and sparsity; sparsity shared out among layers
schedule      gradual, iterative, rewound to the beginning                       Zhu & Gupta 2017, Frankle & Carbin 2019
masks         pruned weights that stay zero whatever the optimiser does
surgery       connections that are cut and may grow again                        Guo 2016
ssl           group lasso: groups shrink to zero while the network learns        Wen 2016
channels      LASSO picks channels, least squares repairs what is left           He 2017
removal       the smaller network that computes the same                         channels that are added belong together
"""

from typing import Any

from .channels import channel_exchange, channel_select_lasso, reconstruct, selection_error
from .granularity import GRAINS, pattern_bytes, pattern_mask
from .magnitude import magnitude_mask, magnitude_masks
from .n_m import n_m_mask
from .schedule import gradual_sparsity, iterative_sparsities
from .sensitivity import allocate_sparsity
from .ssl import group_lasso, shrink_groups

__all__ = [
    "GRAINS", "Masks", "allocate_sparsity", "channel_exchange", "channel_groups", "channel_select_lasso", "drop_zero_branches",
    "gradual_sparsity", "group_lasso", "iterative_sparsities", "lottery_ticket", "magnitude_mask", "magnitude_masks",
    "mask_channels", "n_m_mask", "pattern_bytes", "pattern_mask", "reconstruct", "saliency", "selection_error", "sensitivity_scan",
    "shrink", "shrink_groups", "surgery_masks",
]  # fmt: skip

LATER = {
    "Masks": "masks",
    "channel_groups": "removal",
    "drop_zero_branches": "removal",
    "lottery_ticket": "lottery",
    "mask_channels": "removal",
    "saliency": "importance",
    "sensitivity_scan": "scan",
    "shrink": "removal",
    "surgery_masks": "surgery",
}


def __getattr__(name: str) -> Any:
    """The names that bring torch with them are fetched when asked for."""
    if name not in LATER:
        raise AttributeError(f"course_lib.compress.prune has no {name!r}; the public names are {', '.join(__all__)}")
    from importlib import import_module

    return getattr(import_module(f".{LATER[name]}", __name__), name)
