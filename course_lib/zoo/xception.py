"""Xception: inception taken to its end, every 3x3 is depthwise and a 1x1 mixes the channels."""

from __future__ import annotations

from course_lib.zoo.builder import Builder, Maps
from course_lib.zoo.network import Network

SOURCE = "Chollet, Xception: Deep Learning with Depthwise Separable Convolutions, CVPR 2017 (arXiv 1610.02357, 2016), figure 5"


def separable(net: Builder, name: str, x: Maps, K: int) -> Maps:
    """A depthwise 3x3 and a 1x1, nothing between them, then a batch norm."""
    x = net.conv(f"{name}_depth", x, x.C, 3, pad=1, groups=x.C, bias=False)
    return net.conv_norm(f"{name}_point", x, K, 1)


def halving(net: Builder, x: Maps, first: int, second: int) -> Maps:
    """Two separable convolutions and a pool; the shortcut is a 1x1 with stride 2."""
    y = separable(net, "sep2", separable(net, "sep1", x, first), second)
    y = net.pool("pool", y, 3, stride=2, pad="same")
    return net.add("add", y, net.conv_norm("project", x, second, 1, stride=2))


def xception() -> Network:
    """Entry, eight middle blocks, exit; 299 x 299 input."""
    net = Builder((3, 299, 299))
    x = net.conv_norm("conv1", net.image, 32, 3, stride=2)
    x = net.conv_norm("conv2", x, 64, 3)
    for i, K in enumerate((128, 256, 728), 1):
        with net.part(f"entry{i}"):
            x = halving(net, x, K, K)
    for i in range(1, 9):
        with net.part(f"middle{i}"):
            y = x
            for j in (1, 2, 3):
                y = separable(net, f"sep{j}", y, 728)
            x = net.add("add", y, x)
    with net.part("exit"):
        x = halving(net, x, 728, 1024)
        x = separable(net, "sep4", separable(net, "sep3", x, 1536), 2048)
    x = net.fc("fc", net.global_pool("pool_last", x), 1000)
    return net.network("xception", "Xception", 2016, SOURCE, "depth counts a separable convolution as two", x)
