"""Structured sparsity learning: a penalty on the lengths of groups lets whole groups shrink to zero while the network learns.

    loss + strength · Σ_g ||w_g||        the length, not its square: the pull does not fade as a group gets small

A gradient step never lands on zero. The proximal step after it does: w_g <- w_g · max(0, 1 - amount / ||w_g||).

A batch normalisation divides a filter's length out again, so the network does not feel how long the filter is: pulled at, all filters get
short, none is missed, and then they vanish together. What is felt is the scale behind it. There the group is (gamma, beta).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from course_lib.compress.prune.granularity import axes_of, group_norms

SOURCE = (
    "Wen, Wu, Wang, Chen, Li, Learning Structured Sparsity in Deep Neural Networks, NIPS 2016; the proximal step: Yuan & Lin 2006; "
    "scales in place of filters: Liu et al., Network slimming, ICCV 2017, as implemented here"
)


def group_lasso(wt: Any, grain: str) -> float:
    """Σ_g ||w_g||: the sum of the groups' Euclidean lengths, wt[K,C,R,S], grain a name in GRAINS ("layer" is SSL's depth)."""
    return float(group_norms(wt, grain).sum())


def shrink_groups(wt: Any, grain: str, amount: float) -> np.ndarray:
    """The proximal step: every group gets shorter by `amount`; one that is no longer than that becomes exactly zero."""
    if not np.isfinite(amount) or amount < 0:
        raise ValueError(f"amount: want a length of at least 0, got {amount!r}")
    norms, wt = group_norms(wt, grain), np.asarray(wt)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(norms > amount, 1 - amount / norms, 0.0)
    return (wt * factor).astype(wt.dtype if wt.dtype.kind == "f" else np.float64)


def shrinking(strengths: Mapping[str, tuple[str, float]]) -> Callable[[int, Any, Any], None]:
    """An `each_step` for course_lib.train.train: strengths[layer] = (grain, strength); the amount is step size · strength · sqrt(size
    of a group), so that large and small groups feel the same pull a weight."""

    def step(_: int, net: Any, optimiser: Any) -> None:
        import torch

        lr, modules = optimiser.param_groups[0]["lr"], dict(net.named_modules())
        with torch.no_grad():
            for name, (grain, strength) in strengths.items():
                weight = modules[name].weight
                axes = axes_of(grain)
                size = int(np.prod([weight.shape[axis] for axis in axes]))
                norms = weight.square().sum(axes, keepdim=True).sqrt() if axes else weight.abs()
                amount = lr * strength * size**0.5
                weight.mul_(torch.where(norms > amount, 1 - amount / norms.clamp_min(1e-30), torch.zeros_like(norms)))

    return step


def scale_lengths(modules: Mapping[str, Any], names: Sequence[str]) -> Any:
    """Tensor [channels]: the length of (gamma, beta) of each channel, over all the batch normalisations named."""
    return sum(part.square() for name in names for part in (modules[name].weight, modules[name].bias)).sqrt()


def shrinking_scales(sets: Sequence[Sequence[str]], strength: float) -> Callable[[int, Any, Any], None]:
    """An `each_step` for course_lib.train.train: whole channels through the batch normalisations behind their filters.

    A set names the normalisations whose channels share one fate: one, or those of layers that are added. The group of a channel is
    gamma and beta of all of them; once they are zero it gives nothing. The amount is as in `shrinking`.
    """

    def step(_: int, net: Any, optimiser: Any) -> None:
        import torch

        lr, modules = optimiser.param_groups[0]["lr"], dict(net.named_modules())
        with torch.no_grad():
            for names in sets:
                norms, amount = scale_lengths(modules, names), lr * strength * (2 * len(names)) ** 0.5
                factor = torch.where(norms > amount, 1 - amount / norms.clamp_min(1e-30), torch.zeros_like(norms))
                for name in names:
                    modules[name].weight.mul_(factor)
                    modules[name].bias.mul_(factor)

    return step
