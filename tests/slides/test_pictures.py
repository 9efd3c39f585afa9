"""The decks' own pictures draw what they are given; times are recorded with their machine; listings are the library's own lines."""

import doctest
import importlib

import numpy as np
import pytest

from course_lib import ConvShape, GemmShape
from course_lib.conv import direct
from course_lib.machine import cache_film
from course_lib.machine.cache import Cache, simulate
from course_lib.nest import conv1d_problem, gemm_problem, schedule, trace
from course_lib.slides import nest_times, timing
from course_lib.slides.build import Listing
from course_lib.slides.pictures import (
    array_use,
    bars,
    input_stationary,
    layouts,
    memory_levels,
    memory_strip,
    nest_listing,
    photograph,
    row_sets,
    stacks,
    towers,
)
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


@pytest.mark.parametrize("Q, S", [(9, 4), (1, 1), (1, 5), (7, 1), (3, 6)])
def test_input_stationary_reads_each_input_once_and_does_the_same_products(Q, S):
    walked = input_stationary(Q, S)
    assert walked.macs == Q * S
    assert (walked.loads("IA"), walked.loads("W")) == (Q + S - 1, Q * S)
    assert (walked.loads("OA"), walked.stores("OA")) == (Q * (S - 1), Q * S)
    # the same pairs (weight, output) as the nest visits, in another order
    other = trace(schedule(conv1d_problem(Q, S), "q s"))
    pairs = lambda t: sorted(zip(t.element("W")[~t.store[t.of("W")]], t.element("OA")[t.store[t.of("OA")]], strict=True))
    assert pairs(walked) == pairs(other)


@pytest.mark.parametrize("cache", [Cache(256, 64, 0), Cache(512, 64, 2), Cache(1024, 64, 8)])
def test_the_film_of_a_cache_misses_where_the_simulator_does(cache):
    accesses = trace(schedule(gemm_problem(GemmShape(6, 7, 9)), "j k i").hold("B"))
    film = cache_film(accesses, cache)
    before = np.vstack([np.full(film.busy.shape[1], -1), film.busy[:-1]])
    line = np.array([film.labels.index(str(a)) for a in accesses.address // cache.line])
    assert (before != line[:, None]).all(1).sum() == sum(simulate(accesses, [cache])["misses"])


def test_a_cache_that_cannot_be_filmed_is_refused():
    accesses = trace(schedule(conv1d_problem(3, 2)))
    with pytest.raises(ValueError, match="lru"):
        cache_film(accesses, Cache(256, 64, 2, "plru"))
    with pytest.raises(ValueError, match="too many"):
        cache_film(trace(schedule(gemm_problem(GemmShape(20, 20, 20)))), Cache(256, 64, 2))


def test_a_stack_is_as_long_as_the_sum_of_its_parts():
    scene = stacks(["a", "b"], {"x": [1.0, 2.0], "y": [3.0, 6.0]}, "t", "a picture", roles=["w", "ia"])
    wide = {name: item["w"] for name, item in scene.at(0).items() if name in ("x.0", "y.0", "x.1", "y.1")}
    assert wide["y.0"] == pytest.approx(3 * wide["x.0"]) and wide["x.1"] + wide["y.1"] == pytest.approx(2 * (wide["x.0"] + wide["y.0"]))
    assert scene.at(0)["sum1"]["text"] == "8"
    with pytest.raises(ValueError, match="parts: want 2"):
        stacks(["a", "b"], {"x": [1.0]}, "t", "a picture", roles=["w"])
    with pytest.raises(ValueError, match="roles, captions"):
        stacks(["a"], {"x": [1.0]}, "t", "a picture", roles=[])


def test_the_busy_part_of_an_array_is_as_large_as_it_should_be():
    scene = array_use({"all": (16, 64), "three channels": (3, 64)})
    full, part = scene.at(0)["busy"], scene.at(1)["busy"]
    assert part["h"] / full["h"] == pytest.approx(3 / 16) and part["w"] == full["w"]
    assert scene.at(1)["share"]["text"] == "18.75 % busy"
    with pytest.raises(ValueError, match="17 x 4 PEs"):
        array_use({"too many": (17, 4)})


@pytest.mark.parametrize("R, P, stride", [(3, 4, 1), (2, 3, 2), (1, 1, 1)])
def test_row_stationary_pes_get_the_rows_that_the_convolution_pairs(R, P, stride):
    state = row_sets(R, P, stride).at(0)
    for r in range(R):
        for p in range(P):
            assert state[f"IA{r}.{p}"]["text"] == f"IA row {p * stride + r}"


def test_memory_levels_must_grow():
    assert len(memory_levels([("near", 32 << 10, "a line"), ("far", 1 << 20, "")])) == 3
    with pytest.raises(ValueError, match="larger"):
        memory_levels([("near", 64, ""), ("far", 64, "")])


def test_a_nest_on_a_slide_is_its_printed_text():
    import html
    import re

    nest = schedule(conv1d_problem(9, 4)).spatial("s")
    shown = nest_listing(nest, "One & two")._repr_html_()
    assert html.unescape(re.sub(r"<[^>]+>", "", shown.partition("</p>")[2])) == str(nest)
    assert '<span class="k">spatial_for</span>' in shown and "One &amp; two" in shown


def test_decades_that_stand_close_share_labels():
    texts = [item["text"] for item in bars(["a"], [1e17], "t", "a picture", log=True, width=400).items if item["kind"] == "text"]
    assert (
        len(texts) < 17
        and len([i for i in bars(["a", "b"], [1, 1e3], "t", "a picture", log=True).items if i["id"].startswith("tick")]) >= 4
    )


def test_recorded_nest_times_name_machine_and_command_and_other_tables_are_refused():
    for name in nest_times.TABLES:
        table = nest_times.nest_times(name)
        assert len(table) and "CPUs, one thread; recorded by python -m course_lib.slides.nest_times" in table.note
    assert list(nest_times.nest_times("layers")["macs"]) == [shape.macs for shape in nest_times.layers_timed().values()]
    with pytest.raises(ValueError, match="want one of sum, gemm, ladder, layers, roof"):
        nest_times.nest_times("speed")


def test_nothing_is_timed_that_is_not_equal():
    with pytest.raises(ArithmeticError, match="differ"):
        nest_times.same("wrong", np.ones(3), np.zeros(3), 9)


@pytest.mark.parametrize("name", ["pictures.input_order", "nest_times"])
def test_the_examples_of_the_nests_pictures_hold(name):
    assert doctest.testmod(importlib.import_module(f"course_lib.slides.{name}")).failed == 0


@pytest.mark.parametrize("name", ["source", "cells", "markup", "quiz", "build", "timing"])
def test_the_examples_in_the_docstrings_hold(name):
    assert doctest.testmod(importlib.import_module(f"course_lib.slides.{name}")).failed == 0
