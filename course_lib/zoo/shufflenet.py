"""ShuffleNet: grouped 1x1 convolutions (V1) or half the channels (V2), and a shuffle so that the groups meet."""

from __future__ import annotations

from course_lib.zoo.builder import Builder, Maps
from course_lib.zoo.network import Network

SOURCE_V1 = "Zhang, Zhou, Lin, Sun, ShuffleNet: An Extremely Efficient CNN for Mobile Devices, CVPR 2018 (arXiv 1707.01083, 2017)"
SOURCE_V2 = "Ma, Zhang, Zheng, Sun, ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design, ECCV 2018"

UNITS = (4, 8, 4)
GROUPS = 3
WIDTHS_V1 = {"1x": (240, 480, 960), "1.5x": (360, 720, 1440), "2x": (480, 960, 1920)}
WIDTHS_V2 = {"1x": (116, 232, 464, 1024), "2x": (244, 488, 976, 2048)}


def stem(net: Builder) -> Maps:
    x = net.conv_norm("conv1", net.image, 24, 3, stride=2, pad=1)
    return net.pool("pool1", x, 3, stride=2, pad=1)


def unit_v1(net: Builder, x: Maps, K: int, stride: int, groups_in: int) -> Maps:
    """Grouped 1x1 down to K/4, shuffle, depthwise 3x3, grouped 1x1 up; added, or joined to the pooled input where the stride is 2."""
    y = net.conv_norm("reduce", x, K // 4, 1, groups=groups_in)
    y = net.shuffle("shuffle", y, GROUPS)
    y = net.conv_norm("depth", y, y.C, 3, stride=stride, pad=1, groups=y.C)
    y = net.conv_norm("expand", y, K if stride == 1 else K - x.C, 1, groups=GROUPS)
    if stride == 1:
        return net.add("add", y, x)
    return net.concat("concat", net.pool("pool", x, 3, stride=2, pad=1, how="average"), y)


def shufflenet_v1(scale: str) -> Network:
    """g = 3, scale 1x, 1.5x or 2x; the stem is 24 wide at every scale, the first 1x1 of stage 2 is not grouped."""
    net = Builder((3, 224, 224))
    x = stem(net)
    for stage, (K, units) in enumerate(zip(WIDTHS_V1[scale], UNITS, strict=True), 2):
        for i in range(1, units + 1):
            with net.part(f"stage{stage}_{i}"):
                x = unit_v1(net, x, K, 2 if i == 1 else 1, 1 if (stage, i) == (2, 1) else GROUPS)
    x = net.fc("fc", net.global_pool("pool_last", x), 1000)
    return net.network(f"shufflenet_v1_{scale}", f"ShuffleNetV1 {scale}", 2017, SOURCE_V1, "3 groups, stem 24 wide at every scale", x)


def unit_v2(net: Builder, x: Maps, K: int, stride: int) -> Maps:
    """Half the channels pass by, half go 1x1, depthwise 3x3, 1x1; with stride 2 all channels go both ways."""
    passing, y = (x, x) if stride == 2 else net.split("split", x)
    if stride == 2:
        passing = net.conv_norm("side_depth", passing, x.C, 3, stride=2, pad=1, groups=x.C)
        passing = net.conv_norm("side_point", passing, K // 2, 1)
    y = net.conv_norm("conv1", y, K // 2, 1)
    y = net.conv_norm("depth", y, K // 2, 3, stride=stride, pad=1, groups=K // 2)
    y = net.conv_norm("conv2", y, K // 2, 1)
    return net.shuffle("shuffle", net.concat("concat", passing, y), 2)


def shufflenet_v2(scale: str) -> Network:
    """Scale 1x or 2x."""
    *widths, last = WIDTHS_V2[scale]
    net = Builder((3, 224, 224))
    x = stem(net)
    for stage, (K, units) in enumerate(zip(widths, UNITS, strict=True), 2):
        for i in range(1, units + 1):
            with net.part(f"stage{stage}_{i}"):
                x = unit_v2(net, x, K, 2 if i == 1 else 1)
    x = net.conv_norm("conv5", x, last, 1)
    x = net.fc("fc", net.global_pool("pool_last", x), 1000)
    return net.network(f"shufflenet_v2_{scale}", f"ShuffleNetV2 {scale}", 2018, SOURCE_V2, "as in torchvision", x)
