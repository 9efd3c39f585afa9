"""Inception-ResNet-v2: inception branches whose joined result is scaled and added to the input."""

from __future__ import annotations

from course_lib.zoo.builder import Builder, Maps
from course_lib.zoo.network import Network

SOURCE = "Szegedy, Ioffe, Vanhoucke, Alemi, Inception-v4, Inception-ResNet and the Impact of Residual Connections, arXiv 1602.07261, 2016"

#          a branch is a chain of (K, R, S)
MIXED = ([(96, 1, 1)], [(48, 1, 1), (64, 5, 5)], [(64, 1, 1), (96, 3, 3), (96, 3, 3)])
A = ([(32, 1, 1)], [(32, 1, 1), (32, 3, 3)], [(32, 1, 1), (48, 3, 3), (64, 3, 3)])
B = ([(192, 1, 1)], [(128, 1, 1), (160, 1, 7), (192, 7, 1)])
C = ([(192, 1, 1)], [(192, 1, 1), (224, 1, 3), (256, 3, 1)])
REDUCE_A = ([(384, 3, 3)], [(256, 1, 1), (256, 3, 3), (384, 3, 3)])
REDUCE_B = ([(256, 1, 1), (384, 3, 3)], [(256, 1, 1), (288, 3, 3)], [(256, 1, 1), (288, 3, 3), (320, 3, 3)])


def conv(net: Builder, name: str, x: Maps, K: int, R: int, S: int, stride: int = 1, pad: str = "same") -> Maps:
    """Every convolution here: no bias, then a batch norm that only shifts."""
    return net.conv_norm(name, x, K, R, S, scale=False, stride=stride, pad=pad)


def branch(net: Builder, x: Maps, chain: list[tuple[int, int, int]], number: int, last_stride: int = 1) -> Maps:
    """One convolution behind the other; a reducing branch ends with stride 2 and no padding."""
    for i, (K, R, S) in enumerate(chain, 1):
        ends = last_stride > 1 and i == len(chain)
        x = conv(net, f"branch{number}_{i}", x, K, R, S, *((last_stride, "valid") if ends else ()))
    return x


def residual(net: Builder, x: Maps, branches: tuple) -> Maps:
    """The branches joined, brought back to x's channels by a 1x1 with bias and no norm, and added."""
    joined = net.concat("concat", *(branch(net, x, chain, n) for n, chain in enumerate(branches, 1)))
    return net.add("add", net.conv("up", joined, x.C, 1), x)


def reduction(net: Builder, x: Maps, branches: tuple) -> Maps:
    """Half the height and width: branches that end with stride 2, beside a max pool."""
    parts = [branch(net, x, chain, n, last_stride=2) for n, chain in enumerate(branches, 1)]
    return net.concat("concat", *parts, net.pool("pool", x, 3, stride=2))


def inception_resnet_v2() -> Network:
    """10 blocks A at 35 x 35, 20 blocks B at 17 x 17, 10 blocks C at 8 x 8; 299 x 299 input."""
    net = Builder((3, 299, 299))
    with net.part("stem"):
        x = conv(net, "conv1", net.image, 32, 3, 3, stride=2, pad="valid")
        x = conv(net, "conv2", x, 32, 3, 3, pad="valid")
        x = conv(net, "conv3", x, 64, 3, 3)
        x = net.pool("pool1", x, 3, stride=2)
        x = conv(net, "conv4", x, 80, 1, 1)
        x = conv(net, "conv5", x, 192, 3, 3, pad="valid")
        x = net.pool("pool2", x, 3, stride=2)
    with net.part("mixed_5b"):
        parts = [branch(net, x, chain, n) for n, chain in enumerate(MIXED, 1)]
        pool = net.pool("pool", x, 3, stride=1, pad=1, how="average")
        x = net.concat("concat", *parts, conv(net, "pool_proj", pool, 64, 1, 1))
    for letter, count, branches, reduce in (("a", 10, A, REDUCE_A), ("b", 20, B, REDUCE_B), ("c", 10, C, None)):
        for i in range(1, count + 1):
            with net.part(f"block_{letter}{i}"):
                x = residual(net, x, branches)
        if reduce:
            with net.part(f"reduction_{letter}"):
                x = reduction(net, x, reduce)
    x = conv(net, "conv_last", x, 1536, 1, 1)
    x = net.fc("fc", net.global_pool("pool_last", x), 1000)
    return net.network("inception_resnet_v2", "Inception-ResNet-v2", 2016, SOURCE, "as in Keras: norms shift and do not scale", x)
