"""Accuracy beside operations and size, and the revolution of depth: figures with the place where each was read."""

from __future__ import annotations

from typing import NamedTuple

from course_lib.records import Report
from course_lib.zoo.catalogue import NETWORKS

SOURCE = "Canziani, Paszke, Culurciello, An Analysis of Deep Neural Network Models for Practical Applications, arXiv 1605.07678"

SOURCES = {
    "torchvision": "torchvision's documentation before release 0.13 (models.rst), ImageNet 1-crop error rates, 224x224",
    "Keras": "keras.io/api/applications, table of top-1 and top-5 accuracy, 299x299",
    "Megvii": "github.com/megvii-model/ShuffleNet-Series, its READMEs, top-1 and top-5 error, 224x224",
}


class Errors(NamedTuple):
    """Top-1 and top-5 error on ImageNet's validation set in per cent, one crop, one model; a key of SOURCES."""

    top1: float
    top5: float
    source: str


# NiN and the two-tower AlexNet are left out: no single-crop figure of a source that we could open.
ERRORS: dict[str, Errors] = {
    "alexnet": Errors(43.45, 20.91, "torchvision"),
    "vgg16": Errors(28.41, 9.62, "torchvision"),
    "vgg19": Errors(27.62, 9.12, "torchvision"),
    "googlenet": Errors(30.22, 10.47, "torchvision"),
    "resnet18": Errors(30.24, 10.92, "torchvision"),
    "resnet34": Errors(26.70, 8.58, "torchvision"),
    "resnet50": Errors(23.85, 7.13, "torchvision"),
    "resnet101": Errors(22.63, 6.44, "torchvision"),
    "resnet152": Errors(21.69, 5.94, "torchvision"),
    "inception_resnet_v2": Errors(19.7, 4.7, "Keras"),
    "densenet121": Errors(25.35, 7.83, "torchvision"),
    "densenet161": Errors(22.35, 6.20, "torchvision"),
    "densenet169": Errors(24.00, 7.00, "torchvision"),
    "densenet201": Errors(22.80, 6.43, "torchvision"),
    "xception": Errors(21.0, 5.5, "Keras"),
    "mobilenet_v2": Errors(28.12, 9.71, "torchvision"),
    "shufflenet_v1_1x": Errors(32.2, 12.3, "Megvii"),
    "shufflenet_v1_1.5x": Errors(28.4, 9.8, "Megvii"),
    "shufflenet_v1_2x": Errors(25.9, 8.6, "Megvii"),
    "shufflenet_v2_1x": Errors(30.64, 11.68, "torchvision"),
    "shufflenet_v2_2x": Errors(25.0, 7.6, "Megvii"),
}


def accuracies() -> Report:
    """A row a network: top-1 and top-5 accuracy in per cent (read, with source), MACs, parameters and MB (computed here)."""
    rows = [
        {
            "network": NETWORKS[name].title,
            "name": name,
            "year": str(NETWORKS[name].year),
            "top-1 %": round(100 - errors.top1, 2),
            "top-5 %": round(100 - errors.top5, 2),
            "macs": NETWORKS[name].macs,
            "params": NETWORKS[name].params,
            "MB": round(NETWORKS[name].bytes / 1e6, 1),
            "top-1 %/M params": round((100 - errors.top1) / (NETWORKS[name].params / 1e6), 2),
            "source": errors.source,
        }
        for name, errors in ERRORS.items()
    ]
    return Report.of(
        rows,
        title="Accuracy, operations and size (ImageNet, one crop, one model)",
        note="Accuracies as listed by their sources, who trained differently; MACs and sizes computed here.\n"
        + "\n".join(f"{key}: {text}." for key, text in SOURCES.items())
        + "\ntorchvision's GoogLeNet has batch norm, and 3x3 in place of 5x5 branches. After Canziani et al., arXiv 1605.07678.",
    )


class Entry(NamedTuple):
    """An entry of the competition: year, weight layers (None: shallow), top-5 error in per cent, and our network where there is one."""

    year: int
    entry: str
    layers: int | None
    error: float
    name: str | None


REVOLUTION = (
    Entry(2010, "ILSVRC'10 (shallow)", None, 28.2, None),
    Entry(2011, "ILSVRC'11 (shallow)", None, 25.8, None),
    Entry(2012, "ILSVRC'12 AlexNet", 8, 16.4, "alexnet_grouped"),
    Entry(2013, "ILSVRC'13", 8, 11.7, None),
    Entry(2014, "ILSVRC'14 VGG", 19, 7.3, "vgg19"),
    Entry(2014, "ILSVRC'14 GoogLeNet", 22, 6.7, "googlenet"),
    Entry(2015, "ILSVRC'15 ResNet", 152, 3.57, "resnet152"),
)


def revolution_of_depth() -> Report:
    """ImageNet's entries by year: weight layers and top-5 error in the competition in per cent (ResNet's is an ensemble's)."""
    return Report.of(
        [{"year": str(each.year), "entry": each.entry, "layers": each.layers, "top-5 error %": each.error} for each in REVOLUTION],
        title="Revolution of depth",
        note="Errors as on the slide of He et al. (MSRA), quoted from memory; ResNet's 3.57 stands in the abstract of arXiv 1512.03385.\n"
        "The layers of AlexNet, VGG, GoogLeNet and ResNet agree with the depth counted from our tables.",
    )
