"""From masked to small: channels that are zero are taken out, here and wherever they are read, and the network computes the same.

    conv1 ── bn1 ── conv2 ── bn2 ──┐             conv1 alone may lose any of its filters;
      │                             + ── fc      what is added must keep the same channels: conv2 follows the shortcut's leader
      └──────────── shortcut ───────┘

A group is everything that shares one set of channels: the layers that produce it, the normalisations on the way, the readers.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from course_lib.compress.graph import KINDS as GRAPH_KINDS
from course_lib.compress.graph import Step, Tracer, steps_of
from course_lib.compress.prune.channels import channels_kept

SOURCE = "Li et al., ICLR 2017 (residual blocks); Distiller, issue 85 (leaders and followers); as implemented here"


@dataclass(frozen=True)
class Group:
    """One set of channels. `producers[0]` is the leader; the other producers follow it. `readers` are (layer, pixels a channel)."""

    size: int
    producers: tuple[str, ...]
    norms: tuple[str, ...]
    readers: tuple[tuple[str, int], ...]
    free: bool  # may be pruned: not the network's input or output, not read by a grouped convolution

    @property
    def leader(self) -> str:
        return self.producers[0]


class Union:
    """Sets that are joined; each thing knows its set's first member."""

    def __init__(self) -> None:
        self.parent: dict[str, str] = {}

    def find(self, a: str) -> str:
        self.parent.setdefault(a, a)
        while self.parent[a] != a:
            a = self.parent[a]
        return a

    def join(self, a: str, b: str) -> None:
        self.parent[self.find(b)] = self.find(a)


def depthwise(module: Any) -> bool:
    return module.groups == module.in_channels == module.out_channels and module.groups > 1


def channel_groups(net: nn.Module, ia_shape: Sequence[int]) -> list[Group]:
    """The groups in the order of their leaders. A depthwise convolution joins what it reads and what it gives.

    Raises ValueError for layers that are not known to compress/graph.py.
    """
    steps = steps_of(net, ia_shape)
    sets, pixels, size = Union(), {"ia": 1}, {"ia": steps[0].shape[1]}
    for step in steps[1:]:
        source = step.reads[0]
        if step.kind in ("conv", "linear") and not (step.kind == "conv" and depthwise(step.module)):
            pixels[step.name], size[step.name] = 1, step.shape[1]
            continue
        if step.kind == "flatten":
            shape = next(other.shape for other in steps if other.name == source)
            pixels[step.name] = pixels[source] * int(np.prod(shape[2:]))
        else:
            pixels[step.name] = pixels[source]
        size[step.name] = size[source]
        for read in step.reads:
            sets.join(read, step.name)
    members: dict[str, list[Step]] = {}
    for step in steps:
        members.setdefault(sets.find(step.name), []).append(step)
    groups = []
    for root, inside in members.items():
        norms = tuple(step.name for step in inside if step.kind == "batchnorm")
        producers = tuple(step.name for step in inside if step.kind in ("conv", "linear"))
        readers, free = [], all(step.name not in ("ia", steps[-1].name) for step in inside)
        for step in steps:
            if step.kind in ("conv", "linear") and sets.find(step.reads[0]) == root:
                if step.kind == "conv" and depthwise(step.module):
                    continue
                readers.append((step.name, pixels[step.reads[0]]))
                free &= step.kind == "linear" or step.module.groups == 1  # type: ignore[union-attr]
        free &= all(step.kind != "conv" or step.module.groups == 1 or depthwise(step.module) for step in inside)  # type: ignore[union-attr]
        if producers:
            first = min(producers, key=[step.name for step in steps].index)
            ordered = (first, *(name for name in producers if name != first))
            groups.append(Group(size[first], ordered, norms, tuple(readers), free))
    return groups


def kept_by_group(net: nn.Module, keep: Mapping[str, Any], ia_shape: Sequence[int]) -> list[tuple[Group, np.ndarray]]:
    """(group, channel numbers that stay) for every group that `keep` names by one of its producers."""
    groups, out = channel_groups(net, ia_shape), []
    by_producer = {name: group for group in groups for name in group.producers}
    for name in keep:
        if name not in by_producer:
            raise ValueError(f"keep: {name!r} produces no channels; there are {', '.join(by_producer)}")
    for group in groups:
        named = [name for name in group.producers if name in keep]
        if not named:
            continue
        kept = [channels_kept(keep[name], group.size) for name in named]
        if any(not np.array_equal(kept[0], other) for other in kept[1:]):
            raise ValueError(f"keep: {' and '.join(named)} are added to each other and must keep the same channels")
        if not group.free and len(kept[0]) < group.size:
            raise ValueError(f"keep: the channels of {named[0]} are the network's own input or output, or read in groups; they must stay")
        out.append((group, kept[0]))
    return out


@torch.no_grad()
def mask_channels(net: nn.Module, keep: Mapping[str, Any], ia_shape: Sequence[int]) -> nn.Module:
    """A copy in which every channel that is not kept is zero: filter, bias, and the gamma and beta of the normalisation behind.

    keep[layer] are channel numbers (or a mask) for a producer of channels; those that are added to it follow.
    """
    kept = kept_by_group(net, keep, ia_shape)
    net = copy.deepcopy(net)
    modules: dict[str, Any] = dict(net.named_modules())
    for group, stay in kept:
        gone = np.setdiff1d(np.arange(group.size), stay)
        for name in (*group.producers, *group.norms):
            for parameter in (modules[name].weight, modules[name].bias):
                if parameter is not None:
                    parameter[gone] = 0.0
    return net


@torch.no_grad()
def shrink(net: nn.Module, keep: Mapping[str, Any], ia_shape: Sequence[int]) -> nn.Module:
    """A smaller copy of `net` that computes what `mask_channels(net, keep, ia_shape)` computes, with the channels really gone.

    keep[layer] are channel numbers (or a mask) for a producer of channels; layers whose outputs are added follow their leader.
    Raises ValueError for layers that are not there, channels that must stay, and sets that contradict each other.
    """
    kept = kept_by_group(net, keep, ia_shape)
    net = copy.deepcopy(net)
    modules: dict[str, Any] = dict(net.named_modules())
    for group, stay in kept:
        index = torch.from_numpy(stay)
        for name in (*group.producers, *group.norms):
            take_rows(modules[name], index)
        for name, pixels in group.readers:
            wide = (index[:, None] * pixels + torch.arange(pixels)).reshape(-1)  # a channel's pixels lie side by side after flatten
            module = modules[name]
            module.weight = nn.Parameter(module.weight[:, wide if isinstance(module, nn.Linear) else index].clone())
            if isinstance(module, nn.Linear):
                module.in_features = module.weight.shape[1]
            else:
                module.in_channels = module.weight.shape[1]
    return net


def take_rows(module: Any, index: torch.Tensor) -> None:
    """Only these output channels of a convolution, linear layer or batch normalisation, in place."""
    for name in ("weight", "bias"):
        if getattr(module, name) is not None:
            setattr(module, name, nn.Parameter(getattr(module, name)[index].clone()))
    for name in ("running_mean", "running_var"):
        if getattr(module, name, None) is not None:
            setattr(module, name, getattr(module, name)[index].clone())
    if isinstance(module, nn.BatchNorm2d):
        module.num_features = len(index)
    elif isinstance(module, nn.Linear):
        module.out_features = len(index)
    else:
        if depthwise(module):
            module.groups = module.in_channels = len(index)
        module.out_channels = len(index)


def is_zero(module: Any) -> bool:
    return not any(bool(p.detach().any()) for p in (module.weight, module.bias) if p is not None)


def drop_zero_branches(net: nn.Module, ia_shape: Sequence[int]) -> fx.GraphModule:
    """A copy without the branches that only add zero: SSL's depth. A branch is zero if it ends in a convolution or batch normalisation
    whose weights and biases are all zero; the addition then is the other branch, and what only the zero needed goes, too."""
    net = copy.deepcopy(net)
    steps_of(net, ia_shape)  # says in words what cannot be read
    traced = fx.GraphModule(net, Tracer(GRAPH_KINDS).trace(net))
    modules = dict(traced.named_modules())

    def zero(node: fx.Node) -> bool:
        return node.op == "call_module" and isinstance(modules[node.target], nn.Conv2d | nn.BatchNorm2d) and is_zero(modules[node.target])

    for node in list(traced.graph.nodes):
        if node.op != "call_module" and len(parts := [a for a in node.args if isinstance(a, fx.Node)]) == 2 and any(map(zero, parts)):
            other = parts[1] if zero(parts[0]) else parts[0]
            node.replace_all_uses_with(other)
            traced.graph.erase_node(node)
    traced.graph.eliminate_dead_code()
    traced.delete_all_unused_submodules()
    traced.recompile()
    return traced
