"""GoogLeNet: nine inception modules, each four branches side by side; two auxiliary heads help the training."""

from __future__ import annotations

from course_lib.zoo.builder import Builder, Maps
from course_lib.zoo.network import Network

SOURCE = "Szegedy et al., Going Deeper with Convolutions, CVPR 2015 (arXiv 1409.4842, 2014), table 1"

#            1x1  3x3red 3x3  5x5red 5x5 pool
MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def inception(net: Builder, x: Maps, one: int, three_red: int, three: int, five_red: int, five: int, proj: int) -> Maps:
    """Four branches: 1x1; 1x1 then 3x3; 1x1 then 5x5; pool then 1x1."""
    a = net.conv("1x1", x, one, 1)
    b = net.conv("3x3", net.conv("3x3_reduce", x, three_red, 1), three, 3, pad=1)
    c = net.conv("5x5", net.conv("5x5_reduce", x, five_red, 1), five, 5, pad=2)
    d = net.conv("pool_proj", net.pool("pool", x, 3, stride=1, pad=1), proj, 1)
    return net.concat("concat", a, b, c, d)


def head(net: Builder, x: Maps) -> None:
    """An auxiliary classifier on 4a or 4d: used while training, cut off after."""
    x = net.pool("pool", x, 5, stride=3, how="average")
    x = net.conv("conv", x, 128, 1)
    net.fc("fc2", net.fc("fc1", x, 1024), 1000)


def build(name: str, title: str, recipe: str, heads: bool) -> Network:
    net = Builder((3, 224, 224))
    x = net.conv("conv1", net.image, 64, 7, stride=2, pad=3)
    x = net.pool("pool1", x, 3, stride=2, ceil=True)
    x = net.lrn("norm1", x)
    x = net.conv("conv2_reduce", x, 64, 1)
    x = net.conv("conv2", x, 192, 3, pad=1)
    x = net.lrn("norm2", x)
    x = net.pool("pool2", x, 3, stride=2, ceil=True)
    for module, widths in MODULES.items():
        with net.part(f"inception_{module}"):
            x = inception(net, x, *widths)
        if heads and module in ("4a", "4d"):
            with net.part(f"head_{module}", training_only=True):
                head(net, x)
        if module in ("3b", "4e"):
            x = net.pool(f"pool{module[0]}", x, 3, stride=2, ceil=True)
    x = net.fc("fc", net.global_pool("pool5", x), 1000)
    return net.network(name, title, 2014, SOURCE, recipe, x)


def googlenet() -> Network:
    """The network as it classifies. (torchvision's has 3x3 in place of 5x5 and batch norm: another count.)"""
    return build("googlenet", "GoogLeNet", "with 5×5 branches, without auxiliary heads", heads=False)


def googlenet_aux() -> Network:
    """The network as it is trained and stored: with its two auxiliary heads, which `macs` leaves out."""
    return build("googlenet_aux", "GoogLeNet (with heads)", "with both auxiliary heads; MACs of inference", heads=True)
