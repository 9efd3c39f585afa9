"""Two small networks for digits: a plain chain of four convolutions, and one with residual blocks.

    plain       conv1 32 · conv2 64 · pool · conv3 64 · conv4 64 · pool · mean · fc 10                       9.6 million MACs at 16 x 16
    residual    stem 32 · block1 32 · block2 64, half the size · block3 64 · mean · fc 10                   13.2 million

Every convolution has a batch normalisation and a ReLU behind it. The widths are arguments: pruned networks are the same, narrower.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

SOURCE = "Simonyan & Zisserman, VGG, 2015; He, Zhang, Ren, Sun, Deep Residual Learning, 2016: the same ideas, ten thousand times smaller"

WEIGHTS = Path(__file__).resolve().parents[1] / "data"


class Residual(nn.Module):
    """relu(body(x) + shortcut(x)): if the body is zero the block is its shortcut."""

    def __init__(self, c: int, k: int, inner: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(c, inner, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(inner, k, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(k)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or c != k:
            self.shortcut = nn.Sequential(OrderedDict(conv=nn.Conv2d(c, k, 1, stride, bias=False), bn=nn.BatchNorm2d(k)))
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        body = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        return self.relu2(body + self.shortcut(x))


def plain(widths: Sequence[int] = (32, 64, 64, 64), classes: int = 10, seed: int = 0) -> nn.Sequential:
    """images[N, 1, H, W] -> logits[N, classes]; four convolutions of the given widths, fresh weights drawn from `seed`."""
    if len(widths) != 4:
        raise ValueError(f"widths: want four numbers of filters, got {widths!r}")
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for i, (c, k) in enumerate(zip((1, *widths), widths, strict=False), 1):
            layers[f"conv{i}"] = nn.Conv2d(c, k, 3, padding=1, bias=False)
            layers[f"bn{i}"], layers[f"relu{i}"] = nn.BatchNorm2d(k), nn.ReLU()
            if i in (2, 4):
                layers[f"pool{i}"] = nn.MaxPool2d(2)
        layers |= {"mean": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten(), "fc": nn.Linear(widths[-1], classes)}
    return nn.Sequential(layers)


def residual(widths: Sequence[int] = (32, 64), classes: int = 10, seed: int = 0) -> nn.Sequential:
    """images[N, 1, H, W] -> logits[N, classes]; a stem and three residual blocks, the second at half the size."""
    if len(widths) != 2:
        raise ValueError(f"widths: want two numbers of filters, got {widths!r}")
    narrow, wide = widths
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            OrderedDict(
                stem=nn.Conv2d(1, narrow, 3, padding=1, bias=False),
                bn=nn.BatchNorm2d(narrow),
                relu=nn.ReLU(),
                block1=Residual(narrow, narrow, narrow),
                block2=Residual(narrow, wide, wide, stride=2),
                block3=Residual(wide, wide, wide),
                mean=nn.AdaptiveAvgPool2d(1),
                flatten=nn.Flatten(),
                fc=nn.Linear(wide, classes),
            )
        )


NETS = {"plain": plain, "residual": residual}


def trained(name: str = "plain") -> nn.Sequential:
    """The network with the weights that come with the course, in eval mode: trained on digits(16) by `course_lib.train.weights`.

    Raises ValueError for a name not in NETS.
    """
    if name not in NETS:
        raise ValueError(f"name: want one of {', '.join(NETS)}, got {name!r}")
    net = NETS[name]()
    load(net, WEIGHTS / f"digits_{name}.npz")
    return net.eval()


def save(net: nn.Module, path: Path) -> None:
    """All parameters and running statistics, as half-precision numbers in one compressed file."""
    state = {key: value.detach().numpy() for key, value in net.state_dict().items() if value.is_floating_point()}
    np.savez_compressed(path, **{key: value.astype(np.float16) for key, value in state.items()})


def load(net: nn.Module, path: Path) -> None:
    """What `save` wrote, back into a network of the same layers."""
    with np.load(path) as stored:
        state: dict[str, Any] = {key: torch.from_numpy(stored[key].astype(np.float32)) for key in stored.files}
    state |= {key: value for key, value in net.state_dict().items() if not value.is_floating_point()}
    net.load_state_dict(state)
