"""Pictures of tables and arrays: every number is there, nothing runs over its edge, golden files say how they look."""

import itertools
import re

import numpy as np
import pytest
from shapes_drawn import SHAPES

from course_lib.records import Report
from course_lib.shapes import ConvShape
from course_lib.views import accuracy_map, array_grid, im2col_filling, network_bars, sliding_window, time_share
from course_lib.views.palette import THEMES
from course_lib.views.text import amount, fit, number, width_of, wrap

NETWORKS = Report(
    {
        "network": ["AlexNet", "VGG-16", "VGG-19", "ResNet-50", "MobileNetV2"],
        "depth": [8, 16, 19, 50, 53],
        "MB": [244.4, 553.4, 574.7, 102.2, 14.0],
        "macs": [714_188_480, 15_470_264_320, 19_632_062_464, 4_089_184_256, 300_774_272],
        "top-1 %": [56.55, 71.59, 72.38, 76.15, 71.88],
    },
    title="Five networks",
)
LAYERS = Report(
    {
        "layer": ["conv1", "relu1", "conv2", "fc6", "(between layers)"],
        "kind": ["conv", "relu", "conv", "fc", "between"],
        "macs": [600, 0, 300, 100, 0],
        "ms": [3.0, 1.0, 2.0, 3.5, 0.5],
    },
    title="A small network",
)
WRONG = np.arange(12.0).reshape(3, 4)
RIGHT = WRONG.copy()
RIGHT[1, 2], RIGHT[2, 0] = 6.5, -8

PICTURES = {
    "sliding_window_letters": lambda: (sliding_window(SHAPES["the slide"], names="letters"), 4),
    "sliding_window_dilated": lambda: (sliding_window(SHAPES["dilated, oblong"]), 11),
    "sliding_window_groups": lambda: (sliding_window(SHAPES["two groups"]), 7),
    "sliding_window_channels": lambda: (sliding_window(SHAPES["more channels than drawn"]), 12),
    "sliding_window_strided": lambda: (sliding_window(ConvShape(1, 3, 24, 30, 2, 3, 3, stride=2, pad=1)), 30),
    "im2col_filling": lambda: (im2col_filling(ConvShape(1, 1, 5, 5, 2, 3, 3)), 12),
    "im2col_filling_channels": lambda: (im2col_filling(ConvShape(1, 3, 4, 4, 2, 2, 2)), 4),
    "network_bars": lambda: (network_bars(NETWORKS), 0),
    "accuracy_map": lambda: (accuracy_map(NETWORKS), 0),
    "time_share": lambda: (time_share(LAYERS), 0),
    "array_grid": lambda: (array_grid(WRONG, RIGHT), 0),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_looks_as_it_did(name, golden):
    scene, frame = PICTURES[name]()
    golden(f"{name}.svg", scene.svg(frame))


def boxes(scene, frame):
    """(words, left, top, right, bottom, size) of every line of text, by the estimate of text.py."""
    state = scene.at(frame)
    for item in state.values():
        if item.get("hide"):
            continue
        if item["kind"] == "text":
            size = item.get("size", 14)
            lines = item.get("lines", [[[item.get("text", ""), "ink"]]])
            for i, spans in enumerate(lines):
                words = "".join(span[0] for span in spans)
                heavy = max([span[2] for span in spans if len(span) > 2] or [item.get("weight", 400)])
                wide = width_of(words, size, item.get("font", "sans"), heavy)
                left = item["x"] - wide * {"start": 0, "middle": 0.5, "end": 1}[item.get("anchor", "start")]
                base = item["y"] + i * item.get("lead", size * 1.5)
                if words.strip():
                    yield words, left, base - 0.74 * size, left + wide, base + 0.2 * size
        if item["kind"] == "grid" and "text" in item:
            size = item.get("size", min(item["w"], item["h"]) * 0.42)
            for i, word in enumerate(item["text"]):
                wide = width_of(word, size, "sans", item.get("weight", 400))
                assert wide <= item["w"] + 0.5, (item["id"], word)
                x, y = item["x"] + (i % item["cols"] + 0.5) * item["w"], item["y"] + (i // item["cols"] + 0.5) * item["h"]
                if word:
                    yield word, x - wide / 2, y - size / 2, x + wide / 2, y + size / 2


DRAWN = {**PICTURES, **{f"window: {name}": (lambda shape=shape: (sliding_window(shape), None)) for name, shape in SHAPES.items()}}


@pytest.mark.parametrize("name", DRAWN)
def test_no_word_runs_over_the_edge_or_into_another(name):
    scene, frame = DRAWN[name]()
    for f in {0, len(scene) // 2, len(scene) - 1} if frame is None else {frame}:
        found = list(boxes(scene, f))
        for words, left, top, right, bottom in found:
            assert left >= -14 and right <= scene.width + 14 and top >= -2 and bottom <= scene.height + 6, (words, left, top, right, bottom)
        if len(found) > 400:
            continue  # cells of a grid cannot meet; the pictures with fewer words are compared pair by pair
        for (a, al, at, ar, ab), (b, bl, bt, br, bb) in itertools.combinations(found, 2):
            assert min(ar, br) - max(al, bl) <= 1 or min(ab, bb) - max(at, bt) <= 1, (a, b)


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_words_can_be_read_on_their_ground(theme):
    # WCAG 2.1, 1.4.3: 4.5 to 1 for text
    paints = THEMES[theme]
    assert contrast(paints["ink"], paints["paper"]) >= 7
    assert contrast(paints["muted"], paints["paper"]) >= 4.5
    for name in paints:
        if name.endswith("-text"):
            assert contrast(paints[name], paints["paper"]) >= 4.5, name
            assert contrast(paints[name], paints[name.removesuffix("-text") + "-soft"]) >= 4.5, name
        if name.endswith("-soft"):
            assert contrast(paints["ink"], paints[name]) >= 4.5, name


def test_a_bar_is_as_long_as_its_value():
    scene = network_bars(NETWORKS)
    for j, column in enumerate(("depth", "MB", "macs")):
        long = [item["w"] for item in scene.items if re.fullmatch(rf"bar{j}\.\d+", item["id"])]
        ratios = [w / v for w, v in zip(long, NETWORKS[column], strict=True)]
        assert max(ratios) / min(ratios) < 1.02  # widths are kept to a hundredth of a pixel


def test_the_area_of_a_bubble_is_the_size():
    scene = accuracy_map(NETWORKS)
    radii = {int(i["id"][6:]): i["r"] for i in scene.items if i["id"].startswith("bubble")}
    ratios = [radii[i] ** 2 / v for i, v in enumerate(NETWORKS["MB"])]
    assert max(ratios) / min(ratios) < 1.01


def test_shares_add_up_and_are_said():
    scene = time_share(LAYERS)
    wide = {head: sum(i["w"] for i in scene.items if re.fullmatch(rf"{head}\d+", i["id"])) for head in ("MACs", "time")}
    assert all(abs(w - 758) < 6 for w in wide.values())  # 820 - 62, less a pixel between segments
    assert "convolution: 90.0 % of the MACs, 50.0 % of the time" in scene.alt  # (600 + 300) / 1000 and (3 + 2) / 10
    assert "fully connected: 10.0 % of the MACs, 35.0 % of the time" in scene.alt


def test_the_views_take_the_zoo_s_reports_as_they_are():
    from course_lib import zoo

    assert len(network_bars(zoo.totals()).items) > 100
    assert "Inception-ResNet-v2" in accuracy_map(zoo.accuracies()).alt


def test_cells_that_differ_are_marked_in_three_ways():
    scene = array_grid(WRONG, RIGHT)
    ids = {item["id"]: item for item in scene.items}
    assert {i for i in ids if i.startswith("wrong")} == {"wrong1.2", "wrong2.0"}  # the ground and outline
    assert {i for i in ids if i.startswith("corner")} == {"corner1.2", "corner2.0"}  # the mark
    assert ids["want1.2"]["text"] == "≠ 6.5" and ids["want2.0"]["text"] == "≠ −8"  # the words
    assert "2 of 12 cells differ, first at [1, 2]: it is 6 and should be 6.5." in scene.frames[0].caption
    assert ids["cells"]["cells"][6] == "[1, 2] = 6, should be 6.5"


def test_nan_equals_nan_and_nothing_else():
    a, b = np.array([np.nan, 1.0, np.inf]), np.array([np.nan, np.nan, np.inf])
    assert "1 of 3 cells differ, first at [0, 1]" in array_grid(a, b).frames[0].caption
    assert "All 3 cells agree" in array_grid(a, a).frames[0].caption


def test_of_a_large_array_the_part_with_the_difference_is_drawn():
    a = np.zeros((100, 50), int)
    b = a.copy()
    b[70, 40] = 1
    said = array_grid(a, b).frames[0].caption
    assert "first at [70, 40]" in said and "rows 62 to 77 of 100, columns 32 to 47 of 50" in said


@pytest.mark.parametrize(
    "call, words",
    {
        "missing column": (lambda: network_bars(NETWORKS, columns=["cost"]), "the report has no 'cost'"),
        "no rows": (lambda: accuracy_map(Report({"network": [], "macs": [], "top-1 %": [], "MB": []})), "no rows"),
        "a column of words": (lambda: network_bars(NETWORKS, columns=["network"]), "'network' holds something that is not a number"),
        "zero on a logarithm": (lambda: accuracy_map(Report({"network": ["a"], "macs": [0], "top-1 %": [1], "MB": [1]})), "'macs'"),
        "no time": (lambda: time_share(Report({"layer": ["a"], "kind": ["conv"], "macs": [1], "ms": [0]})), "'ms' wants numbers"),
        "three axes": (lambda: array_grid(np.zeros((2, 2, 2))), "array: want one or two axes"),
        "empty": (lambda: array_grid(np.zeros((0, 2))), "at least one value"),
        "two shapes": (lambda: array_grid(np.zeros(3), np.zeros(4)), "other: want the shape of array, (3,), got (4,)"),
        "words": (lambda: array_grid(np.array(["a"])), "array: want numbers"),
    }.values(),
)
def test_what_cannot_be_drawn_is_refused_in_words(call, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call()


def test_numbers_are_short_and_minus_is_a_minus():
    assert [number(v) for v in (3, -2.0, 0.12345, -1e-7, 1e20, np.nan, -np.inf, True)] == [
        "3",
        "−2",
        "0.123",
        "−1e−7",
        "1e20",
        "nan",
        "−inf",
        "1",
    ]
    assert [amount(v) for v in (0, 999, 1500, 244e6, 3.2e9)] == ["0 B", "999 B", "1.5 kB", "244 MB", "3.2 GB"]


def test_words_wrap_and_shrink_to_fit():
    text = "the window slides over the image and the output fills"
    lines = wrap(text, 120, 14)
    assert " ".join(lines) == text and len(lines) > 2
    assert all(width_of(line, 14) <= 120 for line in lines)
    assert width_of("1234567", fit("1234567", 30, 14)) <= 30


def test_the_estimate_of_a_width_is_not_below_a_real_face_s():
    """DejaVu Sans, at 0.9 of the size, is as wide as Arial: Pillow measures it."""
    pytest.importorskip("PIL")
    from course_lib.views.raster import typeface

    for words in ("OA[0,12,30]", "convolution 91.8 %", "Inception-ResNet-v2", "−12.25", "W @ cols, column 5"):
        real = typeface("DejaVu Sans Mono, monospace", 400, 100).getlength(words) / 100
        assert abs(width_of(words, 1, "mono") - real) < 0.02 * real
