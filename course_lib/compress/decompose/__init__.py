"""Layers in factors: a matrix of low rank is two small layers, and what the data needs is less than what the weights hold.

svd_linear  svd_1x1  spatial_svd  tucker2  cp_decompose      from the weights alone          -> LowRank, Chain
channel_decompose                                            from the responses, ReLU-aware  -> Chain
approximate, approximate_all, forms                          one problem for every form      -> Approximation
select_ranks                                                 ranks of a network under a budget of MACs
compare                                                      error, bytes, MACs, ms of any Operators
"""

from typing import Any

from .chain import Chain, Stage, filter_of
from .channel import channel_decompose
from .cp import cp_als, cp_decompose
from .evbmf import evbmf
from .forms import Moments, columns, elements, low_rank, low_rank_plus_sparse
from .ranks import Layer, exhaustive_ranks, select_ranks
from .relu import Approximation, approximate, z_step
from .spatial import spatial_svd
from .svd import saving_rank, svd_1x1, svd_linear
from .tucker import tucker2, tucker_ranks
from .unified import approximate_all, compare, forms

LATER = ("Responses", "decompose_network", "network_ranks", "responses", "without_batch_norm")

__all__ = [
    "Approximation", "Chain", "Layer", "Moments", "Responses", "Stage", "approximate", "approximate_all", "channel_decompose",
    "columns", "compare", "cp_als", "cp_decompose", "decompose_network", "elements", "evbmf", "exhaustive_ranks", "filter_of",
    "forms", "low_rank", "low_rank_plus_sparse", "network_ranks", "responses", "saving_rank", "select_ranks", "spatial_svd",
    "svd_1x1", "svd_linear", "tucker2", "tucker_ranks", "without_batch_norm", "z_step",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """The names that bring torch with them are fetched when asked for."""
    if name in LATER:
        from . import network

        return getattr(network, name)
    raise AttributeError(f"course_lib.compress.decompose has no {name!r}; the public names are {', '.join(__all__)}")
