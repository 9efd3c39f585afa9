"""From a trained network to a smaller, faster one, end to end: prune, fine-tune, shrink, run; and a table of what each way gives.

candidates = [Candidate("dense", net), filters(net, data, 0.25), sparse(net, data, 0.9), ...]
pareto(candidates, data)        a row each: accuracy on the test set, bytes, MACs, measured ms a batch, times faster
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import nn

from course_lib.bench import timed
from course_lib.compress.graph import layers, macs
from course_lib.compress.prune.granularity import GRAINS, pattern_mask
from course_lib.compress.prune.importance import Rule, saliency
from course_lib.compress.prune.masks import Gradually, Masks, first_and_last, weights_of
from course_lib.compress.prune.n_m import n_m_mask
from course_lib.compress.prune.removal import Group, channel_groups, mask_channels, shrink
from course_lib.compress.prune.schedule import gradual_sparsity
from course_lib.compress.prune.ssl import scale_lengths, shrinking, shrinking_scales
from course_lib.compress.reconstruct import mendable, prune_channels
from course_lib.compress.run import compile_network
from course_lib.records import Report
from course_lib.train.data import Data
from course_lib.train.loop import accuracy, train
from course_lib.train.progress import Bar

SOURCE = "Han 2015 (train, prune, retrain); Li 2017, Wen 2016, He 2017 for the ways; as implemented here"

FINE = {"epochs": 5, "lr": 0.03}  # fine-tuning: fewer epochs and smaller steps than training


@dataclass(frozen=True, eq=False)
class Candidate:
    """A network that can be run, and how: `algorithm` as `compile_network` takes it. `index_bytes` says where its weights are."""

    name: str
    net: nn.Module
    algorithm: str | Mapping[str, str] = "auto"
    index_bytes: int = 0
    stored: int | None = None  # weights that are stored; None: all of them
    notes: Mapping[str, Any] = field(default_factory=dict)


def shape_of(data: Data, batch: int = 1) -> tuple[int, int, int, int]:
    return batch, 1, data.size, data.size


def sizes_for(
    net: nn.Module, share: float, ia_shape: Sequence[int], multiple: int = 16, may: Callable[[Group], bool] = lambda group: True
) -> dict[str, int]:
    """Channels of each free group that `may` shrink, so that the network has at most `share` of its MACs: the widest, by its part, first.

    Groups of twice `multiple` or more stay multiples of it: the kernels compute whole vectors and Winograd blocks, a ragged rest costs as
    much as a full one. Raises ValueError where one channel in each such group is still too much.
    """
    groups = [group for group in channel_groups(net, ia_shape) if group.free and may(group)]
    step = {group.leader: multiple if group.size >= 2 * multiple else 1 for group in groups}
    size, full = {group.leader: group.size for group in groups}, macs(net, ia_shape)
    sizes = dict(size)
    while macs(shrink(net, {name: np.arange(n) for name, n in sizes.items()}, ia_shape), ia_shape) > share * full:
        able = [name for name in sizes if sizes[name] > step[name] or sizes[name] > 1]
        if not able:
            raise ValueError(f"share: {share} of the MACs is less than one channel in each of {len(groups)} groups needs")
        widest = max(reversed(able), key=lambda name: sizes[name] / size[name])  # among equals the last
        sizes[widest] -= step[widest] if sizes[widest] > step[widest] else 1
    return sizes


def best_filters(
    net: nn.Module, sizes: Mapping[str, int], scores: Mapping[str, np.ndarray], ia_shape: Sequence[int]
) -> dict[str, np.ndarray]:
    """keep[leader]: the channels of highest score, the scores of layers that are added to each other summed in equal measure."""
    keep = {}
    for group in channel_groups(net, ia_shape):
        if group.leader in sizes:
            parts = [scores[name] / (np.linalg.norm(scores[name]) or 1.0) for name in group.producers if name in scores]
            keep[group.leader] = np.sort(np.argsort(-np.sum(parts, 0), kind="stable")[: sizes[group.leader]])
    return keep


def filters(
    net: nn.Module,
    data: Data,
    share: float,
    rule: Rule = "l1",
    seed: int = 0,
    fine: Mapping[str, Any] = FINE,
    show: bool | None = None,
    multiple: int = 16,
) -> Candidate:
    """Whole filters by norm or Taylor until `share` of the MACs are left, fine-tuned masked, then really taken out."""
    shape = shape_of(data)
    keep = best_filters(net, sizes_for(net, share, shape, multiple), saliency(net, rule, data, seed=seed), shape)
    small = shrink(mask_channels(net, keep, shape), keep, shape)
    train(small, data, seed=seed, show=show, **fine)
    return Candidate(f"filters by {rule}, {share:.0%} of the MACs", small, notes={"seed": seed})


def channels(net: nn.Module, data: Data, share: float, choose: str = "lasso", seed: int = 0, fine: Mapping[str, Any] | None = FINE,
             show: bool | None = None) -> Candidate:  # fmt: skip
    """Channels by LASSO and least squares (or another rule of reconstruct.CHOOSE), fine-tuned unless `fine` is None.

    In a residual network the channels inside the blocks go; those that are added at the shortcuts have several readers and stay.
    """
    small = prune_channels(net, data.train[0][:300], sizes_for(net, share, shape_of(data), may=mendable), choose, seed, show)
    if fine is not None:
        train(small, data, seed=seed, show=show, **fine)
    name = f"channels by {choose}, {share:.0%} of the MACs"
    return Candidate(name if fine is not None else f"{name}, no training", small, notes={"seed": seed})


def learned(net: nn.Module, data: Data, strength: float, seed: int = 0, epochs: int = 8, fine: Mapping[str, Any] = FINE,
            show: bool | None = None) -> Candidate:  # fmt: skip
    """SSL: group lasso on the channels of every free group while training goes on; what became zero is taken out, and it is fine-tuned.

    Where all of a group's producers have a batch normalisation behind them, its scales are the group; else the filters of a lone producer.
    """
    shape, net = shape_of(data), copy.deepcopy(net)
    groups, modules = [group for group in channel_groups(net, shape) if group.free], dict(net.named_modules())
    scaled = [group for group in groups if len(group.norms) == len(group.producers)]
    bare = [group for group in groups if not group.norms and len(group.producers) == 1 and isinstance(modules[group.leader], nn.Conv2d)]
    steps = (
        shrinking_scales([group.norms for group in scaled], strength),
        shrinking({group.leader: ("filter", strength) for group in bare}),
    )

    def pull(number: int, net: Any, optimiser: Any) -> None:
        for step in steps:
            step(number, net, optimiser)

    train(net, data, epochs, lr=0.05, seed=seed, each_step=pull, show=show)
    felt = {group.leader: scale_lengths(modules, group.norms) for group in scaled}
    felt |= {group.leader: modules[group.leader].weight.flatten(1).norm(dim=1) for group in bare}
    keep = {name: lengths.detach().numpy().nonzero()[0] if lengths.any() else np.array([0]) for name, lengths in felt.items()}
    small = shrink(mask_channels(net, keep, shape), keep, shape)
    train(small, data, seed=seed, show=show, **fine)
    return Candidate(f"SSL, filters, strength {strength:g}", small, notes={"seed": seed, "kept": {n: len(k) for n, k in keep.items()}})


def sparse_kernels(names: Sequence[str], grain: str) -> dict[str, str]:
    """The kernel for each of these layers that multiplies no zeros."""
    return dict.fromkeys(names, "nm_sparse" if grain == "2:4" else "direct_sparse")


def sparse(net: nn.Module, data: Data, sparsity: float, grain: str = "element", seed: int = 0, fine: Mapping[str, Any] = FINE,
           show: bool | None = None) -> Candidate:  # fmt: skip
    """Single weights (gradually, along the cubic) or groups of them (at once) set to zero, fine-tuned with masks, run sparse.

    The first and the last layer are left alone. `grain` is a name in GRAINS, or "2:4".
    """
    net = copy.deepcopy(net)
    names = set(weights_of(net)) - first_and_last(net)
    if grain == "element":
        turns = len(data.train[1]) // fine.get("batch", 64) * fine["epochs"]
        updates = max(1, min(12, turns // 2))
        each = max(1, turns // (2 * updates))  # all done in the first half; the second is for recovery
        hold: Any = Gradually(lambda step: gradual_sparsity(step, 0.0, sparsity, 0, updates, each), names)
    else:
        make: Callable[[np.ndarray], np.ndarray] = n_m_mask if grain == "2:4" else lambda wt: pattern_mask(wt, sparsity, grain)
        hold = Masks({name: make(wt) for name, wt in weights_of(net).items() if name in names})
        hold.apply(net)
    train(net, data, seed=seed, each_step=hold, show=show, **fine)
    masks = hold.masks if isinstance(hold, Masks) else hold.masks.masks
    left = sum(int(mask.sum()) for mask in masks.values())
    index = left // 4 if grain == "2:4" else 4 * left + sum(4 * (len(mask) + 1) for mask in masks.values())  # two bits; CSR
    others = sum(wt.size for name, wt in weights_of(net).items() if name not in masks)
    convs = [name for name in masks if masks[name].ndim == 4]
    name = "2:4" if grain == "2:4" else f"{grain}s, {sparsity:.0%} zeros"
    return Candidate(name, net, sparse_kernels(convs, grain), index, left + others, {"seed": seed})


def pareto(candidates: Sequence[Candidate], data: Data, batch: int = 64, threads: int = 1, clock: Callable[[], float] = time.perf_counter,
           show: bool | None = None) -> Report:  # fmt: skip
    """A row a candidate: accuracy on data.test, bytes stored, MACs an image (zeros skipped), milliseconds a batch on the course's own
    kernels, times faster than the first. All are called in turns; each is compared with torch before it is timed."""
    shape, rows, run = shape_of(data, batch), [], {}
    ia = np.ascontiguousarray(np.resize(data.test[0], shape))
    for candidate in Bar(candidates, "compiling", show):
        net = compile_network(candidate.net, shape, threads, candidate.algorithm)
        compare(candidate, net, ia)
        run[candidate.name] = lambda net=net: net(ia)
    times = timed(run, seconds=0.3 * len(run), threads=threads, clock=clock)
    first = candidates[0].name
    for candidate in candidates:
        table = layers(candidate.net, shape_of(data))
        stored = sum(table["weights"]) if candidate.stored is None else candidate.stored
        rows.append(
            {
                "network": candidate.name,
                "test %": 100 * accuracy(candidate.net, *data.test),
                "KiB": (4 * stored + candidate.index_bytes) / 1024,
                "MACs": sum(table["MACs not zero"]),
                "fewer MACs": sum(layers(candidates[0].net, shape_of(data))["MACs"]) / max(1, sum(table["MACs not zero"])),
                "ms": 1e3 * times.seconds(candidate.name),
                "times faster": times.ratio(first, candidate.name),
            }
        )
    return Report.of(rows, title=f"{data!r}, batch {batch}, {threads} thread{'s' if threads > 1 else ''}")


def compare(candidate: Candidate, net: Callable[[np.ndarray], np.ndarray], ia: np.ndarray) -> None:
    """The compiled network gives torch's logits within 1e-4 of the largest: a dozen layers of float32 sums, Winograd's among them."""
    from course_lib.compress.run import torch_forward

    want = torch_forward(candidate.net)(ia)
    worst = float(np.abs(net(ia) - want).max() / (np.abs(want).max() or 1.0))
    if not worst <= 1e-4:
        raise ValueError(f"{candidate.name}: the compiled network differs from torch by {worst:.1e} of the largest logit: not timed")


__all__ = ["FINE", "GRAINS", "Candidate", "channels", "filters", "learned", "pareto", "sizes_for", "sparse"]
