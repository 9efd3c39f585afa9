"""All networks by name. Each is written out when it is first asked for, so that listing the names costs nothing.

>>> from course_lib.zoo import NETWORKS
>>> NETWORKS["vgg16"].params, NETWORKS["vgg16"].depth
(138357544, 16)
>>> NETWORKS["alexnet"].convs[0].shape.P
55
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping

from course_lib.records import Report
from course_lib.zoo import alexnet, densenet, googlenet, inception_resnet, mobilenet, nin, resnet, shufflenet, vgg, xception
from course_lib.zoo.network import Network

RECIPES: dict[str, Callable[[], Network]] = {
    "alexnet": alexnet.alexnet,
    "alexnet_grouped": alexnet.alexnet_grouped,
    "nin": nin.nin,
    "vgg16": vgg.vgg16,
    "vgg19": vgg.vgg19,
    "googlenet": googlenet.googlenet,
    "googlenet_aux": googlenet.googlenet_aux,
    "resnet18": lambda: resnet.resnet(18),
    "resnet34": lambda: resnet.resnet(34),
    "resnet50": lambda: resnet.resnet(50),
    "resnet101": lambda: resnet.resnet(101),
    "resnet152": lambda: resnet.resnet(152),
    "inception_resnet_v2": inception_resnet.inception_resnet_v2,
    "densenet121": lambda: densenet.densenet(121),
    "densenet161": lambda: densenet.densenet(161),
    "densenet169": lambda: densenet.densenet(169),
    "densenet201": lambda: densenet.densenet(201),
    "xception": xception.xception,
    "mobilenet_v2": mobilenet.mobilenet_v2,
    "shufflenet_v1_1x": lambda: shufflenet.shufflenet_v1("1x"),
    "shufflenet_v1_1.5x": lambda: shufflenet.shufflenet_v1("1.5x"),
    "shufflenet_v1_2x": lambda: shufflenet.shufflenet_v1("2x"),
    "shufflenet_v2_1x": lambda: shufflenet.shufflenet_v2("1x"),
    "shufflenet_v2_2x": lambda: shufflenet.shufflenet_v2("2x"),
}


class UnknownNetwork(KeyError):
    """A KeyError whose message is a sentence and prints as one."""

    def __str__(self) -> str:
        return str(self.args[0])


def unknown(name: object, known: Mapping[str, object], what: str = "network") -> UnknownNetwork:
    """The error for a name that is not there: the nearest one, or all of them."""
    near = difflib.get_close_matches(str(name).lower().replace("-", "").replace(" ", "_"), known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
    return UnknownNetwork(f"no {what} {name!r}; {hint}")


class Catalogue(Mapping[str, Network]):
    """A read-only dict of networks that writes each one out once, on first use."""

    def __init__(self, recipes: Mapping[str, Callable[[], Network]]) -> None:
        self.recipes = dict(recipes)
        self.written: dict[str, Network] = {}

    def __getitem__(self, name: str) -> Network:
        if name not in self.recipes:
            raise unknown(name, self.recipes)
        if name not in self.written:
            self.written[name] = self.recipes[name]()
        return self.written[name]

    def __contains__(self, name: object) -> bool:
        return name in self.recipes

    def __iter__(self) -> Iterator[str]:
        return iter(self.recipes)

    def __len__(self) -> int:
        return len(self.recipes)

    def __repr__(self) -> str:
        return f"<{len(self)} networks: {', '.join(self)}>"


NETWORKS = Catalogue(RECIPES)


def totals(*names: str) -> Report:
    """A row a network (all, or those named): year, depth, parameters, MB, MiB, MACs, the convolutions' share of MACs.

    1 MB = 10^6 bytes, 1 MiB = 2^20 bytes, float32, one image. Raises KeyError for an unknown name.
    """
    rows = [
        {
            "network": net.title,
            "name": net.name,
            "year": str(net.year),
            "depth": net.depth,
            "params": net.params,
            "MB": round(net.bytes / 1e6, 1),
            "MiB": round(net.bytes / 2**20, 1),
            "macs": net.macs,
            "conv % of macs": round(100 * net.conv_share, 2),
            "fc % of params": round(100 * net.fc_param_share, 1),
        }
        for net in (NETWORKS[name] for name in names or NETWORKS)
    ]
    return Report.of(
        rows,
        title="The networks of the lecture: one image, float32",
        note="Parameters: weights, biases, scales and shifts of batch norms; running statistics are not counted. "
        "MACs: convolutions and fully connected layers. Year: of the first publication; the lecture cites some by their later proceedings.",
    )
