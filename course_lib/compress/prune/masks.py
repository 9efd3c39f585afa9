"""Masks that hold: pruned weights stay zero whatever momentum and weight decay say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from course_lib.compress.prune.magnitude import magnitude_masks

SOURCE = "Han et al. 2015; why a mask is put back after the step and not before: the optimiser's momentum still moves a pruned weight"


class Masks:
    """masks[layer] is True where a weight of that layer stays. Give it to `train` as `each_step`, or hang it on an optimiser.

    train(net, data, each_step=masks)          masks.on(optimiser, net)          masks.apply(net)
    """

    def __init__(self, masks: Mapping[str, Any]) -> None:
        self.masks = {name: torch.as_tensor(np.asarray(mask, bool)) for name, mask in masks.items()}

    @property
    def sparsity(self) -> float:
        """The share of the masked layers' weights that are zero."""
        total = sum(mask.numel() for mask in self.masks.values())
        return 1 - sum(int(mask.sum()) for mask in self.masks.values()) / max(total, 1)

    @torch.no_grad()
    def apply(self, net: nn.Module) -> nn.Module:
        """Zero what is masked, in place; returns the network. ValueError for a layer that is not there or of another shape."""
        modules = dict(net.named_modules())
        for name, mask in self.masks.items():
            weight = getattr(modules.get(name), "weight", None)
            if weight is None or weight.shape != mask.shape:
                shape = None if weight is None else tuple(weight.shape)
                raise ValueError(f"masks: {name!r} has a mask of shape {tuple(mask.shape)} and weights of shape {shape}")
            weight.masked_fill_(~mask, 0.0)  # not a product: what was NaN or inf is gone, too
        return net

    def on(self, optimiser: torch.optim.Optimizer, net: nn.Module) -> Any:
        """Put the masks back after every step of this optimiser; the handle's remove() ends it."""
        self.apply(net)
        return optimiser.register_step_post_hook(lambda *_: self.apply(net) and None)

    def __call__(self, step: int, net: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        self.apply(net)


def weights_of(net: nn.Module, only: Callable[[str, nn.Module], bool] | None = None) -> dict[str, np.ndarray]:
    """The weights of all convolutions and linear layers by name, as arrays that share their memory."""
    return {
        name: module.weight.detach().numpy()
        for name, module in net.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear) and (only is None or only(name, module))
    }


def first_and_last(net: nn.Module) -> set[str]:
    """The first and the last layer with weights: few weights, much harm; most recipes leave them alone."""
    names = list(weights_of(net))
    return {names[0], names[-1]}


class Gradually:
    """An `each_step` whose masks follow a schedule: sparsity(step) says how much of the layers in `names` is zero at that step."""

    def __init__(self, sparsity: Callable[[int], float], names: set[str], scope: Any = "layer") -> None:
        self.sparsity, self.names, self.scope = sparsity, names, scope
        self.now, self.masks = -1.0, Masks({})

    def __call__(self, step: int, net: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        wanted = self.sparsity(step)
        if wanted != self.now:
            layers = weights_of(net, lambda name, _: name in self.names)
            self.masks, self.now = Masks(magnitude_masks(layers, wanted, self.scope)), wanted
        self.masks.apply(net)
