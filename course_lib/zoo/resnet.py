"""ResNet: a block learns what to add to its input; that is how 152 layers train."""

from __future__ import annotations

from course_lib.zoo.builder import Builder, Maps
from course_lib.zoo.network import Network

SOURCE = "He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, CVPR 2016 (arXiv 1512.03385, 2015), table 1"

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


def shortcut(net: Builder, x: Maps, K: int, stride: int) -> Maps:
    """x itself where the sizes agree, else a 1x1 projection."""
    return x if (x.C, stride) == (K, 1) else net.conv_norm("project", x, K, 1, stride=stride)


def basic(net: Builder, x: Maps, width: int, stride: int) -> Maps:
    """Two 3x3 (ResNet-18 and 34)."""
    y = net.conv_norm("conv1", x, width, 3, stride=stride, pad=1)
    y = net.conv_norm("conv2", y, width, 3, pad=1)
    return net.add("add", y, shortcut(net, x, width, stride))


def bottleneck(net: Builder, x: Maps, width: int, stride: int) -> Maps:
    """1x1 down to `width`, 3x3, 1x1 up to 4·width. The stride sits on the 3x3 ("v1.5"); the paper's first text had it on the 1x1."""
    y = net.conv_norm("conv1", x, width, 1)
    y = net.conv_norm("conv2", y, width, 3, stride=stride, pad=1)
    y = net.conv_norm("conv3", y, 4 * width, 1)
    return net.add("add", y, shortcut(net, x, 4 * width, stride))


def resnet(layers: int) -> Network:
    """ResNet-18, 34, 50, 101 or 152; blocks are named conv2_1 ... conv5_3 as in the paper."""
    block = basic if layers < 50 else bottleneck
    net = Builder((3, 224, 224))
    x = net.conv_norm("conv1", net.image, 64, 7, stride=2, pad=3)
    x = net.pool("pool1", x, 3, stride=2, pad=1)
    for stage, (width, count) in enumerate(zip((64, 128, 256, 512), BLOCKS[layers], strict=True), 2):
        for i in range(1, count + 1):
            with net.part(f"conv{stage}_{i}"):
                x = block(net, x, width, stride=2 if stage > 2 and i == 1 else 1)
    x = net.fc("fc", net.global_pool("pool5", x), 1000)
    recipe = "projections where sizes change" + (", stride on the 3×3 (v1.5)" if layers >= 50 else "")
    return net.network(f"resnet{layers}", f"ResNet-{layers}", 2015, SOURCE, recipe, x)
