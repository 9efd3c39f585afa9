"""The lecture's list of model sizes, computed again: seven rows are right in one unit or another, three are not."""

from __future__ import annotations

from typing import NamedTuple

from course_lib.records import Report
from course_lib.zoo.catalogue import NETWORKS

SOURCE = "Lecture, list of networks with sizes after 'Revolution of Depth'; sizes recomputed from our layer tables"

#        the slide's row      the slide's MB   the variants it may mean
SLIDE: dict[str, tuple[int, tuple[str, ...]]] = {
    "AlexNet": (233, ("alexnet", "alexnet_grouped")),
    "Network in Network": (29, ("nin",)),
    "VGG": (549, ("vgg16", "vgg19")),
    "GoogLeNet": (51, ("googlenet", "googlenet_aux")),
    "ResNet": (215, ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")),
    "Inception-ResNet": (23, ("inception_resnet_v2",)),
    "DenseNet": (80, ("densenet121", "densenet161", "densenet169", "densenet201")),
    "Xception": (22, ("xception",)),
    "MobileNetV2": (14, ("mobilenet_v2",)),
    "ShuffleNet": (22, ("shufflenet_v1_1x", "shufflenet_v1_1.5x", "shufflenet_v1_2x", "shufflenet_v2_1x", "shufflenet_v2_2x")),
}
UNITS = {"MB": 1e6, "MiB": 2**20}
AGREES = 0.01  # a file holds a little more than its weights (names, running statistics): 1 % is room enough


class Match(NamedTuple):
    """The variant and unit that come nearest to the slide's number, and how far off they are (0.01 = 1 %)."""

    name: str
    unit: str
    size: float
    off: float


def nearest(says: float, names: tuple[str, ...]) -> Match:
    """Of all variants, in MB and in MiB, the one nearest to what the slide says."""
    sizes = [(name, unit, NETWORKS[name].bytes / each) for name in names for unit, each in UNITS.items()]
    return min((Match(*row, abs(row[2] - says) / says) for row in sizes), key=lambda match: match.off)


def size_list() -> Report:
    """The slide's ten rows, each beside the variant that comes nearest; `explain()` answers the question it ends with."""
    rows = []
    for row, (says, names) in SLIDE.items():
        match = nearest(says, names)
        net = NETWORKS[match.name]
        fits = match.off <= AGREES
        rows.append(
            {
                "network": row,
                "slide says MB": says,
                "nearest variant": net.title,
                "MB": round(net.bytes / 1e6, 1),
                "MiB": round(net.bytes / 2**20, 1),
                "params M": round(net.params / 1e6, 1),
                "verdict": f"right, in {match.unit}" if fits else "what is this number?",
            }
        )
    return Report.of(
        rows,
        title="The lecture's list of sizes, computed again (float32)",
        note="1 MB = 10^6 bytes, 1 MiB = 2^20 bytes; right = within 1 %.\n"
        "Three rows fit in no unit and no variant: where do their numbers come from? (course_lib.zoo.explain() answers.)",
    )


def wrong_rows() -> tuple[str, ...]:
    """The slide's rows that no variant fits within 1 %, in MB or in MiB."""
    return tuple(row for row, (says, names) in SLIDE.items() if nearest(says, names).off > AGREES)


def explain() -> Report:
    """What stands on the slide in the three wrong rows, and what the true sizes are.

    The Keras figures are those of the table at keras.io/api/applications.
    """
    mib = {name: round(NETWORKS[name].bytes / 2**20, 1) for name in NETWORKS}
    answers = {
        "ResNet": (
            f"{mib['resnet50']}, {mib['resnet101']}, {mib['resnet152']} MiB (50, 101, 152)",
            f"the size of the next row: Inception-ResNet-v2, {mib['inception_resnet_v2']} MiB; Keras lists 215",
        ),
        "Inception-ResNet": (
            f"{mib['inception_resnet_v2']} MiB",
            "of another network: NASNetMobile (Keras lists 23 MB), or Inception-v3's 23.9 M parameters",
        ),
        "Xception": (
            f"{mib['xception']} MiB",
            f"{NETWORKS['xception'].params / 1e6:.1f} million parameters, not megabytes; Keras lists 88 MB",
        ),
    }
    rows = [
        {"network": row, "slide says MB": SLIDE[row][0], "true size": answers[row][0], "what the number is": answers[row][1]}
        for row in wrong_rows()
    ]
    return Report.of(
        rows,
        title="The three wrong rows",
        note=f"Which of the two 23s was meant cannot be told. The right rows mix two units: {', '.join(right_units())}.",
    )


def right_units() -> list[str]:
    """For each right row, the variant and the unit in which it is right."""
    matches = {row: nearest(says, names) for row, (says, names) in SLIDE.items()}
    return [f"{NETWORKS[match.name].title} in {match.unit}" for match in matches.values() if match.off <= AGREES]
