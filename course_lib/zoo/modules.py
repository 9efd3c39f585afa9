"""The networks that labs run, as torch modules; a layer has the name it has in the table, so that both can be laid side by side."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_lib.shapes import whole
from course_lib.zoo.catalogue import NETWORKS, UnknownNetwork, unknown

SOURCE = "the papers named in the recipes; He initialisation: He, Zhang, Ren, Sun, ICCV 2015 (arXiv 1502.01852)"


class Add(nn.Module):
    """A shortcut's sum, as a module of its own: so it can be timed and hooked like any layer."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return x + y


def sequence(*parts: tuple[str, nn.Module]) -> nn.Sequential:
    return nn.Sequential(OrderedDict(parts))


def alexnet() -> nn.Module:
    """One tower, as torchvision's."""
    return sequence(
        ("conv1", nn.Conv2d(3, 64, 11, stride=4, padding=2)),
        ("relu1", nn.ReLU(inplace=True)),
        ("pool1", nn.MaxPool2d(3, stride=2)),
        ("conv2", nn.Conv2d(64, 192, 5, padding=2)),
        ("relu2", nn.ReLU(inplace=True)),
        ("pool2", nn.MaxPool2d(3, stride=2)),
        ("conv3", nn.Conv2d(192, 384, 3, padding=1)),
        ("relu3", nn.ReLU(inplace=True)),
        ("conv4", nn.Conv2d(384, 256, 3, padding=1)),
        ("relu4", nn.ReLU(inplace=True)),
        ("conv5", nn.Conv2d(256, 256, 3, padding=1)),
        ("relu5", nn.ReLU(inplace=True)),
        ("pool5", nn.MaxPool2d(3, stride=2)),
        ("flatten", nn.Flatten()),
        ("drop6", nn.Dropout(0.5)),
        ("fc6", nn.Linear(256 * 6 * 6, 4096)),
        ("relu6", nn.ReLU(inplace=True)),
        ("drop7", nn.Dropout(0.5)),
        ("fc7", nn.Linear(4096, 4096)),
        ("relu7", nn.ReLU(inplace=True)),
        ("fc8", nn.Linear(4096, 1000)),
    )


def vgg(counts: tuple[int, ...]) -> nn.Module:
    """3x3 convolutions, `counts` of them a stage; a pool after each stage."""
    parts: list[tuple[str, nn.Module]] = []
    C = 3
    for stage, (width, count) in enumerate(zip((64, 128, 256, 512, 512), counts, strict=True), 1):
        for i in range(1, count + 1):
            parts += [(f"conv{stage}_{i}", nn.Conv2d(C, width, 3, padding=1)), (f"relu{stage}_{i}", nn.ReLU(inplace=True))]
            C = width
        parts.append((f"pool{stage}", nn.MaxPool2d(2, stride=2)))
    return sequence(
        *parts,
        ("flatten", nn.Flatten()),
        ("fc6", nn.Linear(512 * 7 * 7, 4096)),
        ("relu6", nn.ReLU(inplace=True)),
        ("drop6", nn.Dropout(0.5)),
        ("fc7", nn.Linear(4096, 4096)),
        ("relu7", nn.ReLU(inplace=True)),
        ("drop7", nn.Dropout(0.5)),
        ("fc8", nn.Linear(4096, 1000)),
    )


class Residual(nn.Module):
    """A chain of convolutions, each with a batch norm, whose result is added to the input (projected where sizes change)."""

    def __init__(self, C: int, kernels: list[tuple[int, int, int]]) -> None:
        """`kernels` are (K, R, stride), one a convolution of the chain."""
        super().__init__()
        self.length = len(kernels)
        K, stride = C, 1
        for i, (width, R, step) in enumerate(kernels, 1):
            self.add_module(f"conv{i}", nn.Conv2d(K, width, R, stride=step, padding=R // 2, bias=False))
            self.add_module(f"conv{i}_bn", nn.BatchNorm2d(width))
            self.add_module(f"relu{i}", nn.ReLU(inplace=True))
            K, stride = width, stride * step
        self.projects = (K, stride) != (C, 1)
        if self.projects:
            self.project = nn.Conv2d(C, K, 1, stride=stride, bias=False)
            self.project_bn = nn.BatchNorm2d(K)
        self.add = Add()

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for i in range(1, self.length + 1):
            y = self.get_submodule(f"conv{i}_bn")(self.get_submodule(f"conv{i}")(y))
            if i < self.length:
                y = self.get_submodule(f"relu{i}")(y)
        short = self.project_bn(self.project(x)) if self.projects else x
        return self.get_submodule(f"relu{self.length}")(self.add(y, short))


def resnet(blocks: tuple[int, ...], deep: bool) -> nn.Module:
    """`blocks` a stage: of two 3x3, or (deep) of 1x1, 3x3, 1x1 with four times the width."""
    parts: list[tuple[str, nn.Module]] = [
        ("conv1", nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)),
        ("conv1_bn", nn.BatchNorm2d(64)),
        ("relu1", nn.ReLU(inplace=True)),
        ("pool1", nn.MaxPool2d(3, stride=2, padding=1)),
    ]
    C = 64
    for stage, (width, count) in enumerate(zip((64, 128, 256, 512), blocks, strict=True), 2):
        for i in range(1, count + 1):
            stride = 2 if stage > 2 and i == 1 else 1
            chain = [(width, 1, 1), (width, 3, stride), (4 * width, 1, 1)] if deep else [(width, 3, stride), (width, 3, 1)]
            parts.append((f"conv{stage}_{i}", Residual(C, chain)))
            C = chain[-1][0]
    return sequence(*parts, ("pool5", nn.AdaptiveAvgPool2d(1)), ("flatten", nn.Flatten()), ("fc", nn.Linear(C, 1000)))


class Inverted(nn.Module):
    """MobileNetV2's block: 1x1 up, depthwise 3x3, linear 1x1 down; a shortcut between the narrow ends where sizes agree."""

    def __init__(self, C: int, t: int, K: int, stride: int) -> None:
        super().__init__()
        wide = t * C
        if t > 1:
            self.expand = nn.Conv2d(C, wide, 1, bias=False)
            self.expand_bn = nn.BatchNorm2d(wide)
            self.expand_relu = nn.ReLU6(inplace=True)
        self.depth = nn.Conv2d(wide, wide, 3, stride=stride, padding=1, groups=wide, bias=False)
        self.depth_bn = nn.BatchNorm2d(wide)
        self.depth_relu = nn.ReLU6(inplace=True)
        self.project = nn.Conv2d(wide, K, 1, bias=False)
        self.project_bn = nn.BatchNorm2d(K)
        self.expands, self.adds = t > 1, (C, stride) == (K, 1)
        if self.adds:
            self.add = Add()

    def forward(self, x: Tensor) -> Tensor:
        y = self.expand_relu(self.expand_bn(self.expand(x))) if self.expands else x
        y = self.depth_relu(self.depth_bn(self.depth(y)))
        y = self.project_bn(self.project(y))
        return self.add(y, x) if self.adds else y


def mobilenet_v2() -> nn.Module:
    """Width 1.0: (t, channels, blocks, stride of the first) as in table 2 of the paper."""
    parts: list[tuple[str, nn.Module]] = [
        ("conv1", nn.Conv2d(3, 32, 3, stride=2, padding=1, bias=False)),
        ("conv1_bn", nn.BatchNorm2d(32)),
        ("relu1", nn.ReLU6(inplace=True)),
    ]
    C, block = 32, 0
    stages = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
    for t, K, count, stride in stages:
        for i in range(count):
            block += 1
            parts.append((f"block{block}", Inverted(C, t, K, stride if i == 0 else 1)))
            C = K
    return sequence(
        *parts,
        ("conv_last", nn.Conv2d(C, 1280, 1, bias=False)),
        ("conv_last_bn", nn.BatchNorm2d(1280)),
        ("relu_last", nn.ReLU6(inplace=True)),
        ("pool_last", nn.AdaptiveAvgPool2d(1)),
        ("flatten", nn.Flatten()),
        ("drop", nn.Dropout(0.2)),
        ("fc", nn.Linear(1280, 1000)),
    )


MODULES: dict[str, Callable[[], nn.Module]] = {
    "alexnet": alexnet,
    "vgg16": lambda: vgg((2, 2, 3, 3, 3)),
    "vgg19": lambda: vgg((2, 2, 4, 4, 4)),
    "resnet18": lambda: resnet((2, 2, 2, 2), deep=False),
    "resnet34": lambda: resnet((3, 4, 6, 3), deep=False),
    "resnet50": lambda: resnet((3, 4, 6, 3), deep=True),
    "resnet101": lambda: resnet((3, 4, 23, 3), deep=True),
    "resnet152": lambda: resnet((3, 8, 36, 3), deep=True),
    "mobilenet_v2": mobilenet_v2,
}


def with_memory(part: nn.Module) -> None:
    """Memory for the weights and buffers of one module made on the device "meta"; `to_empty` does it, too, and loads sympy for a second."""
    for label, weight in part.named_parameters(recurse=False):
        setattr(part, label, nn.Parameter(torch.empty(weight.shape, dtype=weight.dtype)))
    for label, buffer in part.named_buffers(recurse=False):
        setattr(part, label, torch.empty(buffer.shape, dtype=buffer.dtype))


def module(name: str, seed: int = 0) -> nn.Module:
    """The network as a torch module in eval mode, ia[N,3,H,W] -> scores[N,1000], with He-normal weights drawn from `seed`.

    The global random state is not touched. Raises KeyError for a name without a module, ValueError for a seed below 0.
    """
    if name not in NETWORKS:
        raise unknown(name, MODULES)
    if name not in MODULES:
        raise UnknownNetwork(f"no torch module for {name!r}; there are {', '.join(MODULES)}")
    seed = whole("seed", seed, 0)
    with torch.device("meta"):  # no memory and no time: torch's own initial values would be thrown away
        net = MODULES[name]()
    draw = torch.Generator().manual_seed(seed)
    for part in net.modules():
        with_memory(part)
        if isinstance(part, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu", generator=draw)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.BatchNorm2d):
            part.reset_parameters()
    return net.eval()
