"""VGG: nothing but 3x3 convolutions in five stages, a pool after each."""

from __future__ import annotations

from course_lib.zoo.builder import Builder
from course_lib.zoo.network import Network

SOURCE = "Simonyan, Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015 (arXiv 1409.1556, 2014)"

WIDTHS = (64, 128, 256, 512, 512)
COUNTS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}


def vgg(name: str) -> Network:
    """`vgg16` is configuration D of the paper, `vgg19` configuration E."""
    net = Builder((3, 224, 224))
    x = net.image
    for stage, (width, count) in enumerate(zip(WIDTHS, COUNTS[name], strict=True), 1):
        for i in range(1, count + 1):
            x = net.conv(f"conv{stage}_{i}", x, width, 3, pad=1)
        x = net.pool(f"pool{stage}", x, 2, stride=2)
    for fc, features in (("fc6", 4096), ("fc7", 4096), ("fc8", 1000)):
        x = net.fc(fc, x, features)
    return net.network(name, f"VGG-{name[3:]}", 2014, SOURCE, f"configuration {'D' if name == 'vgg16' else 'E'}", x)


def vgg16() -> Network:
    return vgg("vgg16")


def vgg19() -> Network:
    return vgg("vgg19")
