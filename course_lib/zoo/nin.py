"""Network in network: every convolution is followed by two 1x1 ones, and the last maps are averaged instead of connected."""

from __future__ import annotations

from course_lib.zoo.builder import Builder
from course_lib.zoo.network import Network

SOURCE = "Lin, Chen, Yan, Network In Network, arXiv 1312.4400, 2013"

#    filters: the convolution, the two 1x1;  R  stride  pad
STAGES = (
    ((96, 96, 96), 11, 4, 0),
    ((256, 256, 256), 5, 1, 2),
    ((384, 384, 384), 3, 1, 1),
    ((1024, 1024, 1000), 3, 1, 1),
)


def nin() -> Network:
    """The ImageNet model of the Caffe model zoo; 227 x 227, pools round up."""
    net = Builder((3, 227, 227))
    x = net.image
    for i, ((K, first, second), R, stride, pad) in enumerate(STAGES, 1):
        with net.part(f"conv{i}"):
            x = net.conv("conv", x, K, R, stride=stride, pad=pad)
            x = net.conv("mlp1", x, first, 1)
            x = net.conv("mlp2", x, second, 1)
        if i < len(STAGES):
            x = net.pool(f"pool{i}", x, 3, stride=2, ceil=True)
    x = net.global_pool("pool4", x)
    return net.network("nin", "NiN", 2013, SOURCE, "the ImageNet model of the Caffe model zoo", x)
