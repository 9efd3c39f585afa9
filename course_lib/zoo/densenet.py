"""DenseNet-BC: every layer sees the outputs of all layers before it, side by side."""

from __future__ import annotations

from course_lib.zoo.builder import Builder, Maps
from course_lib.zoo.network import Network

SOURCE = "Huang, Liu, van der Maaten, Weinberger, Densely Connected Convolutional Networks, CVPR 2017 (arXiv 1608.06993, 2016), table 1"

#       growth k, layers in the four blocks
SIZES = {
    121: (32, (6, 12, 24, 16)),
    169: (32, (6, 12, 32, 32)),
    201: (32, (6, 12, 48, 32)),
    161: (48, (6, 12, 36, 24)),
}


def dense(net: Builder, x: Maps, growth: int) -> Maps:
    """Norm, 1x1 to 4k channels, norm, 3x3 to k channels; the k new channels join the others."""
    y = net.conv_norm("conv1", net.norm("bn", x), 4 * growth, 1)
    return net.concat("concat", x, net.conv("conv2", y, growth, 3, pad=1, bias=False))


def transition(net: Builder, x: Maps) -> Maps:
    """Between blocks: half the channels, half the height and width."""
    x = net.conv("conv", net.norm("bn", x), x.C // 2, 1, bias=False)
    return net.pool("pool", x, 2, stride=2, how="average")


def densenet(layers: int) -> Network:
    """DenseNet-121, 161, 169 or 201."""
    growth, blocks = SIZES[layers]
    net = Builder((3, 224, 224))
    x = net.conv_norm("conv1", net.image, 2 * growth, 7, stride=2, pad=3)
    x = net.pool("pool1", x, 3, stride=2, pad=1)
    for block, count in enumerate(blocks, 1):
        for i in range(1, count + 1):
            with net.part(f"dense{block}_{i}"):
                x = dense(net, x, growth)
        if block < len(blocks):
            with net.part(f"transition{block}"):
                x = transition(net, x)
    x = net.norm("bn_last", x)
    x = net.fc("fc", net.global_pool("pool_last", x), 1000)
    return net.network(f"densenet{layers}", f"DenseNet-{layers}", 2016, SOURCE, f"DenseNet-BC, growth {growth}", x)
