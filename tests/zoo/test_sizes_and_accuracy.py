"""The lecture's size list, its three wrong rows, and the pictures' data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from course_lib.zoo import NETWORKS, accuracies, explain, revolution_of_depth, size_list
from course_lib.zoo.accuracy import ERRORS, REVOLUTION, SOURCES
from course_lib.zoo.sizes import SLIDE, nearest, wrong_rows

# what the lecture's list says, and the variant and unit in which a right row is right
LECTURE = {
    "AlexNet": (233, "AlexNet", "MiB"),
    "Network in Network": (29, "NiN", "MiB"),
    "VGG": (549, "VGG-19", "MiB"),
    "GoogLeNet": (51, "GoogLeNet (with heads)", "MiB"),
    "ResNet": (215, None, None),
    "Inception-ResNet": (23, None, None),
    "DenseNet": (80, "DenseNet-201", "MB"),
    "Xception": (22, None, None),
    "MobileNetV2": (14, "MobileNetV2", "MB"),
    "ShuffleNet": (22, "ShuffleNetV1 2x", "MB"),
}


def test_the_size_list_finds_for_each_right_row_its_variant_and_unit() -> None:
    for row in size_list():
        says, variant, unit = LECTURE[row["network"]]
        assert row["slide says MB"] == says
        if variant:
            assert (row["nearest variant"], row["verdict"]) == (variant, f"right, in {unit}")
            assert abs(row[unit] - says) <= 0.01 * says
        else:
            assert row["verdict"] == "what is this number?"


def test_three_rows_are_wrong_and_explained_by_numbers_that_hold() -> None:
    assert wrong_rows() == ("ResNet", "Inception-ResNet", "Xception") == tuple(explain()["network"])
    # 215 fits the next row's network, and 22 is Xception's millions of parameters
    assert nearest(SLIDE["ResNet"][0], ("inception_resnet_v2",)).off < 0.01
    assert int(NETWORKS["xception"].params / 1e6) == SLIDE["Xception"][0]
    assert "Inception-ResNet-v2, 212.9 MiB" in str(explain()) and "22.9 million parameters" in str(explain())


def test_the_size_list_asks_before_it_answers() -> None:
    assert "million parameters" not in str(size_list()) and "Inception-v3" not in str(size_list())
    assert "explain()" in size_list().note


def test_every_accuracy_has_a_source_and_a_network() -> None:
    assert set(ERRORS) <= set(NETWORKS)
    for name, errors in ERRORS.items():
        assert errors.source in SOURCES, name
        assert 0 < errors.top5 < errors.top1 < 50, name


def test_the_accuracy_table_stands_beside_the_counted_operations() -> None:
    table = accuracies()
    for row in table:
        net = NETWORKS[row["name"]]
        assert (row["macs"], row["params"], row["MB"]) == (net.macs, net.params, round(net.params * 4 / 1e6, 1))
        assert row["top-1 %"] == pytest.approx(100 - ERRORS[net.name].top1)
    assert all(source in table.note for source in SOURCES.values())


def test_the_revolutions_layers_are_those_our_tables_count() -> None:
    for _, _, layers, _, name in REVOLUTION:
        if name:
            assert layers == NETWORKS[name].depth
    errors = revolution_of_depth()["top-5 error %"]
    assert errors == sorted(errors, reverse=True)
    assert "from memory" in revolution_of_depth().note


def test_the_command_prints_the_tables_and_one_network() -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        root = Path(__file__).resolve().parents[2]
        return subprocess.run([sys.executable, "-m", "course_lib.zoo", *words], capture_output=True, text=True, cwd=root, check=False)

    everything, one, none = run(), run("alexnet"), run("alexnett")
    assert everything.returncode == one.returncode == 0
    assert "15,470,264,320" in everything.stdout and "what is this number?" in everything.stdout
    assert "fc6" in one.stdout and "61,100,840 parameters" in one.stdout
    assert (none.returncode, none.stderr) == (2, "no network 'alexnett'; did you mean 'alexnet'?\n")
