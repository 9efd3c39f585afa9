"""AlexNet: five convolutions and three fully connected layers; the depth revolution begins."""

from __future__ import annotations

from course_lib.zoo.builder import Builder
from course_lib.zoo.network import Network

SOURCE = "Krizhevsky, Sutskever, Hinton, ImageNet Classification with Deep Convolutional Neural Networks, NIPS 2012"
ONE_TOWER = "Krizhevsky, One weird trick for parallelizing convolutional neural networks, arXiv 1404.5997, 2014"


def alexnet_grouped() -> Network:
    """The 2012 network: two towers (groups 2) that meet at conv3. The paper says 224; only 227 gives its 55 x 55."""
    net = Builder((3, 227, 227))
    x = net.conv("conv1", net.image, 96, 11, stride=4)
    x = net.lrn("norm1", x)
    x = net.pool("pool1", x, 3, stride=2)
    x = net.conv("conv2", x, 256, 5, pad=2, groups=2)
    x = net.lrn("norm2", x)
    x = net.pool("pool2", x, 3, stride=2)
    x = net.conv("conv3", x, 384, 3, pad=1)
    x = net.conv("conv4", x, 384, 3, pad=1, groups=2)
    x = net.conv("conv5", x, 256, 3, pad=1, groups=2)
    x = net.pool("pool5", x, 3, stride=2)
    for name, features in (("fc6", 4096), ("fc7", 4096), ("fc8", 1000)):
        x = net.fc(name, x, features)
    return net.network("alexnet_grouped", "AlexNet (two towers)", 2012, SOURCE, "groups 2 in conv2, conv4, conv5; 227×227", x)


def alexnet() -> Network:
    """The one-tower version that torchvision ships: fewer filters, no groups."""
    net = Builder((3, 224, 224))
    x = net.conv("conv1", net.image, 64, 11, stride=4, pad=2)
    x = net.pool("pool1", x, 3, stride=2)
    x = net.conv("conv2", x, 192, 5, pad=2)
    x = net.pool("pool2", x, 3, stride=2)
    x = net.conv("conv3", x, 384, 3, pad=1)
    x = net.conv("conv4", x, 256, 3, pad=1)
    x = net.conv("conv5", x, 256, 3, pad=1)
    x = net.pool("pool5", x, 3, stride=2)
    for name, features in (("fc6", 4096), ("fc7", 4096), ("fc8", 1000)):
        x = net.fc(name, x, features)
    return net.network("alexnet", "AlexNet", 2012, f"{SOURCE}; one tower: {ONE_TOWER}", "one tower, as in torchvision", x)
