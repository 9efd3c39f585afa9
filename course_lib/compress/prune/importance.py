"""How much a filter matters: by its norm, without data; or by what the loss would do without it, to first order."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from course_lib.train.data import Data

SOURCE = "Li et al., ICLR 2017 (L1 norm); Molchanov et al., ICLR 2017 (first-order Taylor); as implemented here"

Rule = Literal["l1", "l2", "taylor", "random"]


def saliency(net: nn.Module, rule: Rule = "l1", data: Data | None = None, images: int = 512, seed: int = 0) -> dict[str, np.ndarray]:
    """scores[K] of every convolution's filters, the least important the smallest.

    l1, l2     the filter's norm
    taylor     |Σ w · dloss/dw| over the filter, from `images` of data.train: the loss lost with the filter, to first order
    random     a shuffle from `seed`, to compare with
    """
    convs = {name: module for name, module in net.named_modules() if isinstance(module, nn.Conv2d)}
    if rule == "l1":
        return {name: conv.weight.detach().abs().sum((1, 2, 3)).numpy() for name, conv in convs.items()}
    if rule == "l2":
        return {name: conv.weight.detach().square().sum((1, 2, 3)).sqrt().numpy() for name, conv in convs.items()}
    if rule == "random":
        rng = np.random.default_rng(seed)
        return {name: rng.permutation(conv.out_channels).astype(float) for name, conv in convs.items()}
    if rule != "taylor":
        raise ValueError(f"rule: want l1, l2, taylor or random, got {rule!r}")
    if data is None:
        raise ValueError("data: the rule 'taylor' asks the loss, so it needs images")
    return taylor(net, convs, data, images, seed)


def taylor(net: nn.Module, convs: dict[str, Any], data: Data, images: int, seed: int) -> dict[str, np.ndarray]:
    """Batch by batch, so that gains and losses of different images do not cancel."""
    modes = [(module, module.training) for module in net.modules()]
    net.eval()
    x, y = data.train
    pick = np.random.default_rng(seed).permutation(len(y))[:images]
    scores = {name: torch.zeros(conv.out_channels) for name, conv in convs.items()}
    for part in np.array_split(pick, max(1, len(pick) // 64)):
        loss = nn.functional.cross_entropy(net(torch.from_numpy(x[part])), torch.from_numpy(y[part]))
        gradients = torch.autograd.grad(loss, [conv.weight for conv in convs.values()])
        for (name, conv), gradient in zip(convs.items(), gradients, strict=True):
            scores[name] += (conv.weight.detach() * gradient).sum((1, 2, 3)).abs()
    for module, training in modes:
        module.training = training
    return {name: score.numpy() for name, score in scores.items()}
