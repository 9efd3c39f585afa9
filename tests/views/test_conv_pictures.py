"""Pictures of the convolution family: what they say is what was computed, nothing runs over an edge, golden files say how they look."""

import itertools
import re
from functools import cache

import numpy as np
import pytest
from test_pictures import boxes

from course_lib.conv import compare
from course_lib.conv.errors import error_growth as errors_of
from course_lib.conv.winograd import tile_stages
from course_lib.records import Report
from course_lib.shapes import ConvShape
from course_lib.views import crossover_map, error_growth, im2col_and_mec, price_bars, winograd_tile

SLIDE = ConvShape(1, 1, 7, 7, 1, 3, 3)
LAYER = ConvShape(1, 8, 12, 12, 8, 3, 3, 1, 1)
prices = cache(lambda: compare(LAYER, time=False, errors=False, memory=False))
errors_found = cache(lambda: errors_of(channels=(1, 16), tiles=20))
WINNERS = ("im2col", "winograd", "fft", "several", "pointwise", "mec", "kn2row", "indirect", "tiled")
MAP = Report.of(
    [
        {"C": C, "K": K, "H": H, "R": R, "price": "expected ms", "winner": WINNERS[(C + H + R) % 9], "least": C * H / 7, "next": 1 + R / 8}
        for C, K, H, R in itertools.product((3, 64), (16,), (7, 14, 28), (1, 3, 5))
        if (C, H, R) != (64, 28, 5)
    ],
    "who wins where",
    "a machine; a command",
)

PICTURES = {
    "im2col_and_mec": lambda: (im2col_and_mec(SLIDE), 33),
    "im2col_and_mec_padded": lambda: (im2col_and_mec(ConvShape(1, 1, 5, 6, 1, 3, 2, (2, 1), 1)), 3),
    "winograd_tile": lambda: (winograd_tile(tile_stages(2, 3)), 9),
    "winograd_tile_f4": lambda: (winograd_tile(tile_stages(4, 3)), 40),
    "winograd_tile_f6": lambda: (winograd_tile(tile_stages(6, 3)), 20),
    "error_growth": lambda: (error_growth(errors_found()), 0),
    "price_bars": lambda: (price_bars(prices()), 0),
    "crossover_map": lambda: (crossover_map(MAP, "expected ms", 16), 0),
}
GOLDEN = ("im2col_and_mec", "winograd_tile", "crossover_map", "price_bars")  # whole numbers only: the same on every machine


@pytest.mark.parametrize("name", GOLDEN)
def test_a_picture_looks_as_it_did(name, golden):
    scene, frame = PICTURES[name]()
    golden(f"{name}.svg", scene.svg(frame))


@pytest.mark.parametrize("name", PICTURES)
def test_no_word_runs_over_the_edge_or_into_another(name):
    scene, frame = PICTURES[name]()
    for f in {0, frame, len(scene) - 1}:
        found = list(boxes(scene, f))
        for words, left, top, right, bottom in found:
            assert left >= -14 and right <= scene.width + 14 and top >= -2 and bottom <= scene.height + 6, (words, left, top, right, bottom)
        for (a, al, at, ar, ab), (b, bl, bt, br, bb) in itertools.combinations(found, 2):
            assert min(ar, br) - max(al, bl) <= 1 or min(ab, bb) - max(at, bt) <= 1, (a, b)


# -- im2col and MEC


def test_the_slides_example_is_225_against_105():
    scene = im2col_and_mec(SLIDE)
    assert "225 values against 105: 2.14 times" in scene.frames[-1].caption  # 25 windows of 9; 5 strips of 21
    assert len(scene) == 25 + 5 + 5
    state = scene.at(len(scene) - 1)
    assert state["said.windows"]["text"] == "900 B = 4.59 × IA" and state["said.strips"]["text"] == "420 B = 2.14 × IA"
    assert state["bar.windows"]["w"] / state["bar.strips"]["w"] == pytest.approx(225 / 105, rel=1e-2)


def test_the_lit_block_of_mec_holds_the_lit_windows_of_im2col():
    shape = ConvShape(1, 1, 7, 6, 1, 3, 2, (2, 1), ((1, 0), (0, 1)))
    scene = im2col_and_mec(shape)
    for p in range(shape.P):
        state = scene.at(len(scene) - shape.P + p)
        text = {name: np.array(state[name]["text"]).reshape(state[name]["rows"], -1) for name in ("windows", "strips")}
        blocks = {}
        for name in ("windows", "strips"):
            mark = state[f"part.{name}"]
            (row, column), (high, wide) = mark["at"], mark["size"]
            blocks[name] = text[name][row : row + high, column : column + wide]
        assert (blocks["windows"] == blocks["strips"]).all()


def test_the_outputs_are_those_of_the_convolution():
    from course_lib import conv2d
    from course_lib.views.conv.sliding_window import arrays

    shape = ConvShape(1, 1, 6, 7, 1, 3, 3, 1, 1)
    ia, wt = arrays(shape, None, None)
    words = im2col_and_mec(shape).at(0)["oa"]["text"]
    want = conv2d(np.asarray(ia).reshape(shape.ia_shape), np.asarray(wt).reshape(shape.wt_shape), pad=1)
    assert [float(word.replace("−", "-")) for word in words] == want.ravel().tolist()


def test_a_pixel_lights_its_copies_in_both_matrices():
    scene = im2col_and_mec(SLIDE)
    lit = scene.lit("ia", 3, 3)  # an inner pixel: in nine windows, in three strips
    assert sum(m["grid"] == "windows" for m in lit) == 9 and sum(m["grid"] == "strips" for m in lit) == 3


@pytest.mark.parametrize(
    "shape, words",
    [
        (ConvShape(1, 2, 7, 7, 1, 3, 3), "want one image, channel and filter"),
        (ConvShape(1, 1, 7, 7, 1, 3, 3, dilation=2), "shape: dilation 2"),
        (ConvShape(1, 1, 30, 30, 1, 3, 3), "784 windows and strips of 90 values are too many to draw"),
    ],
)
def test_what_cannot_be_drawn_side_by_side_is_refused(shape, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        im2col_and_mec(shape)


# -- Winograd


def test_the_multiplications_are_counted_one_a_frame():
    scene = winograd_tile(tile_stages(2, 3))
    assert len(scene) == 4 + 16 + 1
    assert [scene.at(i)["M"].get("upto") for i in (3, 4, 19)] == [0, 1, 16]
    assert "16 multiplications instead of 36: 2.25 times fewer" in scene.frames[-1].caption
    assert "36 multiplications instead of 144: 4 times fewer" in winograd_tile(tile_stages(4, 3)).frames[-1].caption


def test_the_stages_are_the_convolution_of_tile_and_filter():
    for m, r in ((2, 3), (4, 3), (2, 5), (3, 2)):
        stages = tile_stages(m, r, seed=m)
        windows = np.lib.stride_tricks.sliding_window_view(stages["d"], (r, r))
        assert np.allclose(stages["y"], (windows * stages["g"]).sum((2, 3)), atol=1e-9)


def test_stages_that_do_not_belong_together_are_refused():
    good = tile_stages(2, 3)
    with pytest.raises(ValueError, match="missing: U"):
        winograd_tile({name: value for name, value in good.items() if name != "U"})
    with pytest.raises(ValueError, match="square tiles of one size"):
        winograd_tile(good | {"V": np.ones((3, 3))})
    with pytest.raises(ValueError, match="want n = m . r - 1"):
        winograd_tile(good | {"y": np.ones((3, 3))})
    with pytest.raises(ValueError, match="tiles of 9x9 are too large"):
        winograd_tile(tile_stages(6, 4))


# -- errors, prices, map


def test_a_larger_error_stands_higher():
    scene = error_growth(errors_found())
    dots = {item["tip"]: item["y"] for item in scene.items if item["kind"] == "circle"}
    assert len(dots) == len(errors_found())
    for dtype in ("float32", "float16"):
        here = [(float(tip.split()[-1]), y) for tip, y in dots.items() if tip.startswith(dtype)]
        assert [y for _, y in sorted(here)] == sorted((y for _, y in here), reverse=True)


def test_the_least_of_each_price_is_marked_and_said():
    scene = price_bars(prices())
    state = {item["id"]: item for item in scene.items}
    able = [row for row in prices() if not row["cannot"]]
    column = list(prices().columns).index("multiplications") and 0
    least = min(range(len(able)), key=lambda i: able[i]["multiplications"])
    assert state[f"value{column}.{least}"]["weight"] == 700
    assert f"multiplications: {able[least]['algorithm']}" in scene.alt
    assert any("must be 1x1" in item.get("text", "") for item in scene.items)


def test_a_cell_names_its_winner_and_an_empty_one_says_so():
    scene = crossover_map(MAP, "expected ms", 16)
    tips = {item["id"]: item["tip"] for item in scene.items if "tip" in item}
    assert tips["64.28.5"] == "C = 64, H = 28, R = 5: not measured"
    row = next(row for row in MAP if (row["C"], row["H"], row["R"]) == (3, 7, 3))
    assert row["winner"] in tips["3.7.3"] and len([t for t in tips.values() if "C = " in t]) == 18


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: error_growth(Report({"dtype": [], "C": [], "algorithm": [], "largest": []})), "it has no rows"),
        (lambda: error_growth(errors_found(), "median"), "want the column 'median'"),
        (lambda: error_growth(Report({"dtype": ["a"], "C": [1], "algorithm": ["b"], "largest": [0.0]})), "a value of 0 or less"),
        (lambda: price_bars(Report({"algorithm": ["a"]})), "want the column 'cannot'"),
        (lambda: price_bars(Report({"algorithm": ["a"], "cannot": ["no"], "ms": [None]})), "want algorithms with at least one price"),
        (lambda: crossover_map(MAP, "beauty", 16), "price: want one of expected ms, got 'beauty'"),
        (lambda: crossover_map(MAP, "expected ms", 17), "K: want one of 16, got 17"),
        (lambda: crossover_map(Report({"C": [1]}), "expected ms", 16), "want the column 'K'"),
    ],
)
def test_reports_that_cannot_be_drawn_are_refused_in_words(call, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call()
