"""Every network's parameters and MACs, to the unit, against figures from elsewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from course_lib.shapes import ConvShape, GemmShape
from course_lib.zoo import NETWORKS, totals

ROOT = Path(__file__).resolve().parents[2]

# Counted once from the papers' recipes by a script that shares nothing with ours; batch 1; ResNet-18 and 34: torchvision's parameters,
# MACs of the modules by torch's flop counter (test_modules.py counts them again).
#     name                  parameters     MACs
EXACT = {
    "alexnet_grouped": (60_965_224, 724_406_816),  # Caffe's bvlc_alexnet: 60,965,224
    "alexnet": (61_100_840, 714_188_480),  # torchvision: 61,100,840
    "nin": (7_595_176, 1_105_996_320),
    "vgg16": (138_357_544, 15_470_264_320),
    "vgg19": (143_667_240, 19_632_062_464),
    "googlenet": (6_998_552, 1_582_671_872),
    "googlenet_aux": (13_378_280, 1_582_671_872),  # MACs of inference: without the heads
    "resnet18": (11_689_512, 1_814_073_344),
    "resnet34": (21_797_672, 3_663_761_408),
    "resnet50": (25_557_032, 4_089_184_256),
    "resnet101": (44_549_160, 7_801_405_440),
    "resnet152": (60_192_808, 11_513_626_624),
    "inception_resnet_v2": (55_813_192, 13_155_794_016),
    "densenet121": (7_978_856, 2_834_161_664),
    "densenet169": (14_149_480, 3_359_843_328),
    "densenet201": (20_013_928, 4_291_365_888),
    "densenet161": (28_681_000, 7_727_907_072),
    "xception": (22_855_952, 8_357_403_496),
    "mobilenet_v2": (3_504_872, 300_774_272),
    "shufflenet_v1_1x": (1_865_728, 137_460_672),
    "shufflenet_v1_1.5x": (3_442_168, 292_443_552),
    "shufflenet_v1_2x": (5_448_208, 507_637_632),
    "shufflenet_v2_1x": (2_278_604, 144_907_992),  # torchvision: 2,278,604
    "shufflenet_v2_2x": (7_393_996, 583_253_464),  # torchvision: 7,393,996
}

# Parameters as Keras lists them (keras.io/api/applications, 2020): running statistics are counted there
KERAS = {
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "resnet50": 25_636_712,
    "resnet101": 44_707_176,
    "resnet152": 60_419_944,
    "inception_resnet_v2": 55_873_736,
    "densenet121": 8_062_504,
    "densenet169": 14_307_880,
    "densenet201": 20_242_984,
    "xception": 22_910_480,
    "mobilenet_v2": 3_538_984,
}

# Weight layers on the longest way, as the networks' own names and papers say
DEPTH = {
    "alexnet": 8,
    "alexnet_grouped": 8,
    "vgg16": 16,
    "vgg19": 19,
    "nin": 12,  # 4 stages * 3
    "googlenet": 22,  # 3 + 9 modules * 2 + 1
    "googlenet_aux": 22,  # the heads hang at the side
    **{f"resnet{n}": n for n in (18, 34, 50, 101, 152)},
    **{f"densenet{n}": n for n in (121, 161, 169, 201)},
    "xception": 71,  # 2 + 34 separable * 2 + 1
    "mobilenet_v2": 53,  # 1 + 2 + 16 blocks * 3 + 1 + 1
    "shufflenet_v1_1x": 50,  # 1 + 16 units * 3 + 1
    "shufflenet_v2_1x": 51,  # as V1, and conv5
}


@pytest.mark.parametrize("name", EXACT)
def test_parameters_and_macs_are_exact(name: str) -> None:
    net = NETWORKS[name]
    assert (net.params, net.macs) == EXACT[name]
    assert net.bytes == 4 * net.params


def test_every_network_has_a_row_in_the_exact_table() -> None:
    assert set(NETWORKS) == set(EXACT)
    assert all(NETWORKS[name].name == name for name in NETWORKS)


@pytest.mark.parametrize("name", KERAS)
def test_with_running_statistics_the_parameters_are_those_that_keras_lists(name: str) -> None:
    net = NETWORKS[name]
    biases = sum(shape.K for _, shape in net.convs) if name.startswith("resnet") else 0  # Keras' ResNets keep a bias before each norm
    assert net.params + net.stats + biases == KERAS[name]


@pytest.mark.parametrize("name", DEPTH)
def test_depth_is_counted_as_the_lecture_counts(name: str) -> None:
    assert NETWORKS[name].depth == DEPTH[name]


def test_alexnets_layers_have_the_macs_worked_out_by_hand() -> None:
    macs = {layer.name: layer.macs for layer in NETWORKS["alexnet_grouped"].layers if layer.macs}
    assert macs == {
        "conv1": 55 * 55 * 96 * 3 * 11 * 11,
        "conv2": 27 * 27 * 256 * (96 // 2) * 5 * 5,
        "conv3": 13 * 13 * 384 * 256 * 3 * 3,
        "conv4": 13 * 13 * 384 * (384 // 2) * 3 * 3,
        "conv5": 13 * 13 * 256 * (384 // 2) * 3 * 3,
        "fc6": 256 * 6 * 6 * 4096,
        "fc7": 4096 * 4096,
        "fc8": 4096 * 1000,
    }


def test_convolution_is_the_bottleneck() -> None:
    share = {name: 100 * NETWORKS[name].conv_share for name in NETWORKS}
    assert round(share["alexnet_grouped"], 1) == 91.9 and round(share["vgg16"], 1) == 99.2
    assert all(share[name] > 99 for name in NETWORKS if not name.startswith("alexnet"))
    assert round(100 * NETWORKS["alexnet_grouped"].fc_param_share, 1) == 96.2
    assert round(100 * NETWORKS["vgg16"].fc_param_share, 1) == 89.4


def test_the_totals_are_the_sums_of_the_rows() -> None:
    for net in NETWORKS.values():
        table = net.table()
        assert sum(table["params"]) == net.params == sum(layer.params for layer in net.layers)
        assert sum(row["macs"] for row in table if row["macs %"] is not None) == net.macs
        assert all(isinstance(layer.shape, {"conv": ConvShape, "fc": GemmShape}.get(layer.kind, type(None))) for layer in net.layers)
    assert totals()["macs"] == [NETWORKS[name].macs for name in NETWORKS]
    assert totals("vgg19", "nin")["name"] == ["vgg19", "nin"]


def test_the_heads_of_googlenet_are_stored_and_not_computed() -> None:
    plain, heads = NETWORKS["googlenet"], NETWORKS["googlenet_aux"]
    assert plain.convs == heads.convs
    assert {layer.stage for layer in heads.layers if layer.training_only} == {"head_4a", "head_4d"}
    # each head: 1x1 to 128, fc 2048-1024, fc 1024-1000, with biases
    extra = sum(C * 128 + 128 + 2048 * 1024 + 1024 + 1024 * 1000 + 1000 for C in (512, 528))
    assert heads.params - plain.params == extra


def test_an_unknown_network_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(KeyError, match="no network 'ResNet-18'; did you mean 'resnet18'"):
        NETWORKS["ResNet-18"]
    with pytest.raises(KeyError, match="no network 'transformer'; there are alexnet, "):
        NETWORKS["transformer"]
    with pytest.raises(KeyError, match="no layer 'conv9' in AlexNet"):
        NETWORKS["alexnet"].layer("conv9")
    assert "ResNet-18" not in NETWORKS and NETWORKS.get("ResNet-18") is None


def test_a_network_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        NETWORKS["alexnet"].year = 2013  # type: ignore[misc]
    with pytest.raises(TypeError):
        NETWORKS["mine"] = NETWORKS["alexnet"]  # type: ignore[index]


def test_importing_the_zoo_is_light_and_loads_no_torch() -> None:
    code = (
        "import sys, time, numpy, course_lib\nbegan = time.process_time()\nimport course_lib.zoo\n"
        "print(time.process_time() - began, 'torch' in sys.modules)"
    )
    words = [sys.executable, "-c", code]
    runs = [subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT).stdout.split() for _ in range(3)]
    assert min(float(seconds) for seconds, _ in runs) < 0.05
    assert {torch for _, torch in runs} == {"False"}
