"""A trained network's layers mended one after the other: inputs from the network as it is now, outputs from the network as it was.

    for each layer that reads a group of channels:
        X    windows of its input, in the pruned network        Y    what it gave in the original one, at the same pixels
        choose the channels of X, fit the weights of those that stay to Y

Errors of the layers before are so mended by the layers behind (asymmetric reconstruction).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from course_lib.compress.prune.channels import channel_exchange, channel_select_lasso, channel_select_norm, reconstruct
from course_lib.compress.prune.removal import Group, channel_groups, shrink
from course_lib.train.progress import Bar

SOURCE = "He, Zhang, Sun, Channel Pruning for Accelerating Very Deep Neural Networks, ICCV 2017; Zhang et al., CVPR 2015 (asymmetric)"

POINTS = 10  # pixels an image and layer


class Stop(Exception):
    """The layer that was looked at has run; the rest need not."""


@torch.no_grad()
def sampled(net: nn.Module, layer: str, images: np.ndarray, points: int = POINTS, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(X[n·points, C, R·S], Y[n·points, K]): windows of a convolution's input and its outputs there, bias left out; pixels from `seed`.

    A linear layer has one pixel: X[n, C, 1].
    """
    module: Any = dict(net.named_modules())[layer]
    seen: dict[str, torch.Tensor] = {}

    def look(_: nn.Module, args: tuple[torch.Tensor, ...], out: torch.Tensor) -> None:
        seen["ia"], seen["oa"] = args[0], out
        raise Stop

    handle = module.register_forward_hook(look)
    modes = [(m, m.training) for m in net.modules()]
    net.eval()
    try:
        net(torch.from_numpy(np.array(images)))
    except Stop:
        pass
    finally:
        handle.remove()
        for m, training in modes:
            m.training = training
    ia, oa = seen["ia"], seen["oa"] - (0 if module.bias is None else module.bias.reshape(-1, *[1] * (seen["oa"].ndim - 2)))
    if isinstance(module, nn.Linear):
        return ia.numpy()[:, :, None].astype(np.float64), oa.numpy().astype(np.float64)
    if module.groups != 1:
        raise ValueError(f"layer: {layer} convolves in groups; want one that reads all channels")
    cols = nn.functional.unfold(ia, module.kernel_size, module.dilation, module.padding, module.stride)  # n × CRS × PQ
    pick = torch.from_numpy(np.random.default_rng(seed).integers(0, cols.shape[2], (len(ia), points)))
    X = torch.gather(cols, 2, pick[:, None].expand(-1, cols.shape[1], -1)).transpose(1, 2)
    Y = torch.gather(oa.flatten(2), 2, pick[:, None].expand(-1, oa.shape[1], -1)).transpose(1, 2)
    return X.reshape(-1, ia.shape[1], cols.shape[1] // ia.shape[1]).double().numpy(), Y.reshape(-1, oa.shape[1]).double().numpy()


def choose_random(X: np.ndarray, W: np.ndarray, Y: np.ndarray, c_keep: int, seed: int = 0) -> np.ndarray:
    return np.sort(np.random.default_rng(seed).permutation(X.shape[1])[:c_keep])


CHOOSE: dict[str, Callable[..., np.ndarray]] = {
    "lasso": channel_select_lasso,
    "exchange": lambda X, W, Y, c_keep: channel_exchange(X, W, Y, channel_select_lasso(X, W, Y, c_keep)),
    "l1": lambda X, W, Y, c_keep: channel_select_norm(W, c_keep),
    "first": lambda X, W, Y, c_keep: np.arange(c_keep),
    "random": choose_random,
}


def mendable(group: Group) -> bool:
    """From one layer to one other, as in a chain or inside a residual block: that reader's weights can make up for a channel that goes."""
    return group.free and len(group.producers) == 1 and [pixels for _, pixels in group.readers] == [1]


@torch.no_grad()
def prune_channels(
    net: nn.Module, images: np.ndarray, counts: Mapping[str, int], choose: str = "lasso", seed: int = 0, show: bool | None = None
) -> nn.Module:
    """A smaller copy of `net`: the group of each layer in `counts` keeps so many channels, and its reader is fitted anew; no training.

    images[n, C, H, W] are looked at, POINTS pixels each. `choose` is a name in CHOOSE. Only groups of one producer and one reader, as in
    a chain or inside a residual block; ValueError for others, for unknown layers and for counts that are not there.
    """
    if choose not in CHOOSE:
        raise ValueError(f"choose: want one of {', '.join(CHOOSE)}, got {choose!r}")
    groups = {group.leader: group for group in channel_groups(net, images[:1].shape)}
    for name, count in counts.items():
        group = groups.get(name)
        if group is None or not mendable(group):
            raise ValueError(f"counts: the channels of {name!r} do not go from one layer to one other; leave them whole")
        if not 1 <= count <= group.size:
            raise ValueError(f"counts: want 1 to {group.size} channels of {name}, got {count}")
    now, keep = copy.deepcopy(net), {}
    modules: dict[str, Any] = dict(now.named_modules())
    for name in Bar([leader for leader in groups if leader in counts], f"channels by {choose}", show):
        reader = groups[name].readers[0][0]
        weight = modules[reader].weight
        X, _ = sampled(now, reader, images, seed=seed)
        _, Y = sampled(net, reader, images, seed=seed)
        W = weight.double().numpy().reshape(len(weight), X.shape[1], -1)
        options = {"seed": seed} if choose == "random" else {}
        keep[name] = CHOOSE[choose](X, W, Y, counts[name], **options)
        fitted = np.zeros_like(W)
        fitted[:, keep[name]] = reconstruct(X, W, Y, keep[name])
        weight.copy_(torch.from_numpy(fitted.reshape(weight.shape)))
    return shrink(now, keep, images[:1].shape)
