"""A whole network in factors: what each layer answers on real images, ranks chosen together, layer after layer made to answer the same.

responses(net, "conv3", images)                 w, bias, windows x and responses y, batch normalisation folded in
network_ranks(net, layers, images, budget)      ranks under one budget of MACs
decompose_network(net, ranks, images)           a new network: each layer two, matched to the original's responses
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ..graph import conv_shape, steps_of
from ..reconstruct import sampled
from ..run import folded, parameters
from .channel import channel_decompose
from .ranks import Layer, select_ranks

SOURCE = "Zhang, Zou, Ming, He & Sun, CVPR 2015 (asymmetric reconstruction, rank selection); as implemented here"

WAYS = ("linear", "relu", "asymmetric")


@dataclass(frozen=True, eq=False)
class Responses:
    """y[K,n] = w[K,J] @ x[J,n] + bias[K]: what a layer answers, before its ReLU, at n places of real images."""

    w: np.ndarray
    bias: np.ndarray
    x: np.ndarray
    y: np.ndarray


def without_batch_norm(net: nn.Module) -> nn.Module:
    """A copy of the network, in eval mode, with every batch normalisation folded into the convolution named alike (conv3, bn3)."""
    out = copy.deepcopy(net).eval()
    modules = dict(out.named_modules())
    for name, conv in modules.items():
        head, _, last = name.rpartition(".")
        partner = f"{head}.bn{last[4:]}" if head else f"bn{last[4:]}"
        if not isinstance(conv, nn.Conv2d) or not isinstance(modules.get(partner), nn.BatchNorm2d):
            continue
        weight, bias = folded(*parameters(conv), modules[partner])
        conv.weight = nn.Parameter(torch.from_numpy(weight))
        conv.bias = nn.Parameter(torch.from_numpy(bias))
        replace(out, partner, nn.Identity())
    return out


def replace(net: nn.Module, name: str, module: nn.Module) -> None:
    """Put `module` where the layer `name` is."""
    head, _, last = name.rpartition(".")
    setattr(net.get_submodule(head) if head else net, last, module)


def convolution(net: nn.Module, layer: str) -> nn.Conv2d:
    """The layer by its name; ValueError where there is no such convolution without groups."""
    found = dict(net.named_modules()).get(layer)
    if not isinstance(found, nn.Conv2d) or found.groups != 1:
        names = ", ".join(name for name, m in net.named_modules() if isinstance(m, nn.Conv2d) and m.groups == 1)
        raise ValueError(f"layer: want a convolution without groups, one of {names}, got {layer!r}")
    return found


def responses(net: nn.Module, layer: str, images: np.ndarray, points: int = 10, seed: int = 0) -> Responses:
    """What `layer` answers on images[n,C,H,W] at `points` places of each, batch normalisation folded in; places drawn from `seed`."""
    flat = without_batch_norm(net)
    conv = convolution(flat, layer)
    X, _ = sampled(flat, layer, images, points, seed)
    weight, bias = parameters(conv)
    w = weight.reshape(len(weight), -1).astype(np.float64)
    shift = np.zeros(len(w)) if bias is None else bias.astype(np.float64)
    x = X.reshape(len(X), -1).T
    return Responses(w, shift, x, w @ x + shift[:, None])


def network_layers(net: nn.Module, layers: Sequence[str], images: np.ndarray, points: int = 10, seed: int = 0) -> tuple[list[Layer], float]:
    """(each layer's energies and MACs a rank, the MACs of all of them as they are) for images[n,C,H,W]."""
    flat = without_batch_norm(net)
    steps = steps_of(flat, (1, *images.shape[1:]))
    shapes = {step.name: conv_shape(step, steps) for step in steps if step.kind == "conv"}
    out, total = [], 0.0
    for name in layers:
        convolution(flat, name)
        shape = shapes[name]
        seen = responses(net, name, images, points, seed)
        energies = np.maximum(np.linalg.eigvalsh(np.cov(seen.y))[::-1], 0)
        out.append(Layer(name, energies, float(shape.P * shape.Q * (seen.w.shape[1] + shape.K))))
        total += shape.macs
    return out, total


def network_ranks(
    net: nn.Module, layers: Sequence[str], images: np.ndarray, times: float, points: int = 10, seed: int = 0
) -> dict[str, int]:
    """Ranks with which `layers` together take at most 1/`times` of their MACs: the energies of their responses decide."""
    if not times > 0:
        raise ValueError(f"times: want more than 0, got {times!r}")
    found, total = network_layers(net, layers, images, points, seed)
    return dict(zip(layers, select_ranks(found, total / times), strict=True))


def decompose_network(
    net: nn.Module, ranks: Mapping[str, int], images: np.ndarray, way: str = "asymmetric", points: int = 10, seed: int = 0
) -> nn.Module:
    """The network with each layer of `ranks` as two (R x S with `rank` filters, then 1 x 1), batch normalisation folded in.

    "linear" keeps principal components of the responses; "relu" fits what comes out after the ReLU; "asymmetric" does so with
    inputs from the network as decomposed so far, so that later layers mend what earlier ones lost. Layers go in the given order.
    """
    if way not in WAYS:
        raise ValueError(f"way: want one of {', '.join(WAYS)}, got {way!r}")
    original = without_batch_norm(net)
    small = copy.deepcopy(original)
    for layer, rank in ranks.items():
        conv = convolution(original, layer)
        if len(set(conv.padding)) > 2 or isinstance(conv.padding, str):
            raise ValueError(f"layer: {layer} pads by {conv.padding!r}; want numbers")
        true = responses(original, layer, images, points, seed)
        x = sampled(small, layer, images, points, seed)[0] if way == "asymmetric" else None
        cols = true.x if x is None else x.reshape(len(x), -1).T
        wt = conv.weight.detach().numpy()
        chain = channel_decompose(
            wt, cols, rank, true.bias, way != "linear", None if x is None else true.y, conv.stride, conv.padding, conv.dilation
        )
        replace(small, layer, chain.modules())
    return small
