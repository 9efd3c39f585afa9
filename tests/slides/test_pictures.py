"""The decks' own pictures draw what they are given; times are recorded with their machine; listings are the library's own lines."""

import doctest
import importlib

import numpy as np
import pytest

from course_lib import ConvShape
from course_lib.conv import direct
from course_lib.slides import timing
from course_lib.slides.build import Listing
from course_lib.slides.pictures import bars, layouts, memory_strip, photograph, towers
from course_lib.slides.pictures.bars import power_of_ten
from course_lib.zoo import NETWORKS


def test_a_bars_length_is_in_proportion_to_its_value():
    scene = bars(["a", "b"], [2.0, 8.0], "t", "a picture")
    assert scene.at(0)["bar1"]["w"] == pytest.approx(4 * scene.at(0)["bar0"]["w"])


def test_on_a_logarithmic_scale_equal_ratios_are_equal_steps():
    scene = bars(["a", "b", "c"], [1.0, 10.0, 100.0], "t", "a picture", log=True)
    wide = [scene.at(0)[f"bar{i}"]["w"] for i in range(3)]
    assert wide[2] - wide[1] == pytest.approx(wide[1] - wide[0])


def test_sets_of_values_are_steps_of_the_animation():
    scene = bars(["a", "b"], [[1, 2], [4, 3]], "t", "a picture", captions=["one", "two"])
    assert len(scene) == 2 and scene.at(1)["val0"]["text"] == "4"


@pytest.mark.parametrize("values, captions, log", [([1], [""], False), ([[1, 2], [3, 4]], ["one"], False), ([0, 1], [""], True)])
def test_bars_that_cannot_be_drawn_are_refused(values, captions, log):
    with pytest.raises(ValueError, match="want"):
        bars(["a", "b"], values, "t", "a picture", captions=captions, log=log)


def test_powers_of_ten_read_as_people_write_them():
    assert [power_of_ten(p) for p in (-3, 0, 4, 6)] == ["0.001", "1", "10,000", "10⁶"]


@pytest.mark.parametrize("name", ["alexnet", "vgg19", "resnet152"])
def test_a_tower_has_a_box_a_weight_layer(name):
    scene = towers([name])
    assert sum(item["kind"] == "rect" for item in scene.items) == NETWORKS[name].depth


def test_a_network_that_branches_is_no_tower():
    with pytest.raises(ValueError, match="googlenet branches"):
        towers(["googlenet"])


def test_the_numbers_beside_the_photograph_are_the_photographs():
    image = np.random.default_rng(0).integers(0, 256, (60, 90, 3))
    scene = photograph(image, [(0, 0), (10, 20)], patch=4, rows=20)
    want = image.mean(axis=2)[10:14, 20:24].astype(int).ravel()
    assert scene.at(1)["piece"]["text"] == [str(v) for v in want]


@pytest.mark.parametrize("shape", [ConvShape(1, 1, 6, 7, 1, 3, 2), ConvShape(1, 1, 9, 8, 1, 2, 3, stride=2, dilation=2)])
def test_the_marked_addresses_are_those_im2col_copies(shape):
    from course_lib.conv.im2col import im2col

    scene = memory_strip(shape, line=8)
    cols = im2col(np.arange(shape.H * shape.W).reshape(shape.H, shape.W), shape)  # each pixel holds its own address
    for step in range(len(scene)):
        state = scene.at(step)
        marked = [state[f"tap{i}"]["at"] for i in range(shape.R * shape.S)]
        assert [row * 8 + col for row, col in marked] == list(cols[:, step])


def test_padding_has_no_address():
    with pytest.raises(ValueError, match="pad"):
        memory_strip(ConvShape(1, 1, 5, 5, 1, 3, 3, pad=1))


def test_the_two_layouts_are_the_orders_that_numpy_gives():
    C, H, W = 3, 2, 4
    names = np.array([[[f"{c},{h},{w}" for w in range(W)] for h in range(H)] for c in range(C)])
    scene = layouts(C, H, W)
    assert scene.at(0)["cells"]["text"] == list(names.ravel())
    assert scene.at(1)["cells"]["text"] == list(names.transpose(1, 2, 0).ravel())


def test_a_layout_of_a_pixel_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="pixel"):
        layouts(pixel=(2, 0))
    with pytest.raises(ValueError, match="C"):
        layouts(C=4)


def test_a_listing_is_the_librarys_own_lines():
    code = Listing(direct.conv2d, start="for n", end="oa[n, k, p, q] +=").code
    assert code.startswith("for n in range(N):\n    for k in range(K):") and code.count("for ") == 7
    with pytest.raises(ValueError, match="begins with 'while'"):
        Listing(direct.conv2d, start="while")


def test_recorded_times_agree_with_the_networks_table():
    table = {layer.name: layer.macs for layer in NETWORKS["alexnet"].layers}
    times = timing.timed("alexnet")
    assert {row["layer"]: row["macs"] for row in times if row["macs"]} == {name: macs for name, macs in table.items() if macs}
    assert sum(times["time %"]) == pytest.approx(100, abs=0.2)
    assert "CPUs; recorded by python -m course_lib.slides.timing alexnet" in times.note
    assert len(timing.runs("alexnet")) >= 10


def test_a_network_that_was_not_timed_is_refused_with_the_command():
    with pytest.raises(ValueError, match="no times of 'nin' are recorded; `python -m course_lib.slides.timing nin`"):
        timing.timed("nin")


@pytest.mark.parametrize("name", ["source", "cells", "markup", "quiz", "build", "timing"])
def test_the_examples_in_the_docstrings_hold(name):
    assert doctest.testmod(importlib.import_module(f"course_lib.slides.{name}")).failed == 0
