"""MobileNetV2: wide inside, narrow between; a shortcut joins the narrow ends."""

from __future__ import annotations

from course_lib.zoo.builder import Builder, Maps
from course_lib.zoo.network import Network

SOURCE = "Sandler, Howard, Zhu, Zhmoginov, Chen, MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018, table 2"

#         t  channels  blocks  stride of the first
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def inverted(net: Builder, x: Maps, t: int, K: int, stride: int) -> Maps:
    """1x1 up to t·C channels, depthwise 3x3, linear 1x1 down to K."""
    y = net.conv_norm("expand", x, t * x.C, 1) if t > 1 else x
    y = net.conv_norm("depth", y, y.C, 3, stride=stride, pad=1, groups=y.C)
    y = net.conv_norm("project", y, K, 1)
    return net.add("add", y, x) if (stride, K) == (1, x.C) else y


def mobilenet_v2() -> Network:
    """Width 1.0, 224 x 224."""
    net = Builder((3, 224, 224))
    x = net.conv_norm("conv1", net.image, 32, 3, stride=2, pad=1)
    block = 0
    for t, K, count, stride in STAGES:
        for i in range(count):
            block += 1
            with net.part(f"block{block}"):
                x = inverted(net, x, t, K, stride if i == 0 else 1)
    x = net.conv_norm("conv_last", x, 1280, 1)
    x = net.fc("fc", net.global_pool("pool_last", x), 1000)
    return net.network("mobilenet_v2", "MobileNetV2", 2018, SOURCE, "width 1.0", x)
