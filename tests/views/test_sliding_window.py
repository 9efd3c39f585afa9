"""The numbers of the animation are the convolution's, and what lights up is what is read."""

import re

import numpy as np
import pytest
from shapes_drawn import SHAPES, random_shape

from course_lib.shapes import ConvShape
from course_lib.views import sliding_window
from course_lib.views.conv.sliding_window import arrays, chosen
from course_lib.views.scene import covers
from course_lib.views.text import number


def brute_force(ia, wt, shape):
    """oa of image 0 by the seven loops, with no padding array and no windows: the witness."""
    oa = np.zeros((shape.K, shape.P, shape.Q))
    each_in, each_out = shape.C // shape.groups, shape.K // shape.groups
    for k, p, q in np.ndindex(oa.shape):
        for j, r, s in np.ndindex(each_in, shape.R, shape.S):
            h = p * shape.strides[0] + r * shape.dilations[0] - shape.pads[0][0]
            w = q * shape.strides[1] + s * shape.dilations[1] - shape.pads[1][0]
            if 0 <= h < shape.H and 0 <= w < shape.W:
                oa[k, p, q] += ia[0, k // each_out * each_in + j, h, w] * wt[k, j, r, s]
    return oa


def plain(number_text):
    return float(number_text.replace("−", "-").strip("()"))


def sum_of(lines):
    """The value of a drawn sum that shows every product, from its words alone."""
    words = ["".join(span[0] for span in line) for line in lines]
    found = re.findall(r"(\(?−?[\d.]+\)?)·(\(?−?[\d.]+\)?)", " ".join(words))
    return sum(plain(a) * plain(b) for a, b in found), len(found), words


@pytest.mark.parametrize("seed", range(40))
def test_the_animation_s_numbers_are_the_convolution_s(seed):
    rng = np.random.default_rng(seed)
    shape = random_shape(rng)
    ia, wt = rng.integers(-5, 9, shape.ia_shape), rng.integers(-3, 4, shape.wt_shape)
    scene = sliding_window(shape, ia, wt)
    want = brute_force(ia, wt, shape)
    last = scene.at(len(scene) - 1)
    for k in chosen(shape)[1]:
        cells = last[f"oa{k}"]
        if "text" in cells:
            assert cells["upto"] == shape.P * shape.Q
            assert [plain(v) for v in cells["text"]] == want[k].reshape(-1).tolist()
    for frame in range(len(scene)):
        state = scene.at(frame)
        value, count, words = sum_of(state["sum"]["lines"])
        name, k, p, q = re.match(r"(OA\[(?:(\d+),)?(\d+),(\d+)\])", words[0]).groups()
        right = want[int(k or 0), int(p), int(q)]
        assert plain(words[-1].split("=")[-1].strip()) == right
        assert f"{name} = {number(right)}" in scene.frames[frame].caption
        if count == shape.R * shape.S * shape.C // shape.groups:  # every product is written out
            assert value == right


@pytest.mark.parametrize("seed", range(20))
def test_an_output_lights_exactly_the_pixels_it_reads(seed):
    shape = random_shape(np.random.default_rng(100 + seed))
    scene = sliding_window(shape)
    channels, filters = chosen(shape)
    k = filters[-1]
    group = k // (shape.K // shape.groups)
    rng = np.random.default_rng(seed)
    p, q = int(rng.integers(shape.P)), int(rng.integers(shape.Q))
    high, wide = shape.H + sum(shape.pads[0]), shape.W + sum(shape.pads[1])
    lit = {(m["grid"], h, w) for m in scene.lit(f"oa{k}", p, q) for h in range(high) for w in range(wide) if covers(m, h, w)}
    want = {
        (f"ia{c}", p * shape.strides[0] + r * shape.dilations[0], q * shape.strides[1] + s * shape.dilations[1])
        for c in channels
        if c // (shape.C // shape.groups) == group
        for r in range(shape.R)
        for s in range(shape.S)
    }
    assert lit == want


@pytest.mark.parametrize("name", ["the slide", "stride 2, pad 1", "dilated, oblong", "two groups"])
def test_a_pixel_lights_the_outputs_it_feeds_and_no_others(name):
    shape = SHAPES[name]
    scene = sliding_window(shape)
    channel = chosen(shape)[0][-1]
    top, left = shape.pads[0][0], shape.pads[1][0]
    base = brute_force(*arrays(shape, None, None), shape)
    for h, w in [(0, 0), (shape.H - 1, 0), (shape.H // 2, shape.W // 2)]:
        ia, wt = arrays(shape, None, None)
        ia = ia.copy()
        ia[0, channel, h, w] += 1000
        changed = brute_force(ia, np.ones_like(wt), shape) != brute_force(ia - 1000 * (ia >= 1000), np.ones_like(wt), shape)
        want = {(f"oa{k}", int(p), int(q)) for k in chosen(shape)[1] for p, q in np.argwhere(changed[k])}
        assert {(m["grid"], *m["at"]) for m in scene.lit(f"ia{channel}", h + top, w + left)} == want
    assert base.shape == (shape.K, shape.P, shape.Q)


def test_letters_are_the_slide():
    scene = sliding_window(SHAPES["the slide"], names="letters")
    assert len(scene) == 9
    words = ["".join(span[0] for span in line) for line in scene.at(0)["sum"]["lines"]]
    assert words == ["A = a·1 + b·2 + c·3", "  + f·4 + g·5 + h·6", "  + k·7 + l·8 + m·9"]
    words = ["".join(span[0] for span in line) for line in scene.at(8)["sum"]["lines"]]
    assert words == ["I = m·1 + n·2 + o·3", "  + r·4 + s·5 + t·6", "  + w·7 + x·8 + y·9"]
    assert scene.at(8)["oa0"]["text"] == list("ABCDEFGHI")


def test_letters_of_a_dilated_padded_window_name_the_right_pixels():
    scene = sliding_window(ConvShape(1, 1, 3, 3, 1, 2, 2, dilation=2, pad=1), names="letters")
    words = ["".join(span[0] for span in line) for line in scene.at(0)["sum"]["lines"]]
    assert words == ["A = 0·1 + 0·2", "  + 0·3 + e·4"]


def test_outputs_appear_one_by_one():
    scene = sliding_window(SHAPES["stride 2, pad 1"])
    assert [scene.at(i)["oa0"]["upto"] for i in range(len(scene))] == list(range(1, 10))
    assert [scene.at(i)["window0"]["at"] for i in (0, 1, 3)] == [[0, 0], [0, 2], [2, 0]]
    assert scene.at(4)["here0"]["at"] == [1, 1]


def test_hovering_an_output_recalls_the_frame_that_computed_it():
    scene = sliding_window(SHAPES["three channels, two filters"])
    data = scene.data()
    assert data["recall"] == ["sum"]
    frames = next(item for item in data["items"] if item["id"] == "oa1")["frames"]
    assert frames == list(range(9, 18))


def test_what_is_left_out_is_said():
    said = sliding_window(SHAPES["window of the lecture"]).frames[7].caption
    assert "filters 0, 1 of 64" in said and "60 of 5,832 steps" in said
    assert "channels 0, 1, 2 of 7" in sliding_window(SHAPES["more channels than drawn"]).frames[0].caption
    assert "image 0 of 2" in sliding_window(SHAPES["depthwise"]).frames[0].caption
    assert "Drawn" not in sliding_window(SHAPES["the slide"]).frames[0].caption


def test_channels_that_are_not_drawn_still_count():
    shape = SHAPES["more channels than drawn"]
    scene = sliding_window(shape)
    want = brute_force(*arrays(shape, None, None), shape)
    words = ["".join(span[0] for span in line) for line in scene.at(0)["sum"]["lines"]]
    assert "the channels not drawn" in words[-2]
    assert plain(words[-1].split("=")[-1].strip()) == want[0, 0, 0]


def test_real_numbers_are_drawn_short():
    shape = SHAPES["the slide"]
    rng = np.random.default_rng(5)
    scene = sliding_window(shape, rng.standard_normal(shape.ia_shape), rng.standard_normal(shape.wt_shape).astype(np.float32))
    assert max(len(word) for word in scene.at(0)["ia0"]["text"]) <= 8
    assert "notes" not in scene.at(0)["window0"]  # the corners of the cells have room for whole numbers only
    assert "notes" in sliding_window(shape).at(0)["window0"]


@pytest.mark.parametrize(
    "call, words",
    {
        "ia does not fit": (
            lambda: sliding_window(SHAPES["the slide"], ia=np.zeros((5, 5))),
            "ia: want (1, 1, 5, 5) = (N, C, H, W), got (5, 5)",
        ),
        "wt does not fit": (
            lambda: sliding_window(SHAPES["two groups"], wt=np.zeros((4, 4, 3, 3))),
            "wt: want (4, 2, 3, 3) = (K, C/groups, R, S)",
        ),
        "NaN": (lambda: sliding_window(SHAPES["one pixel"], ia=np.full((1, 1, 1, 1), np.nan)), "ia: holds NaN or infinity"),
        "names": (lambda: sliding_window(SHAPES["the slide"], names="greek"), "names: want 'numbers' or 'letters', got 'greek'"),
        "letters and ia": (
            lambda: sliding_window(SHAPES["the slide"], ia=np.ones((1, 1, 5, 5)), names="letters"),
            "ia: with names='letters'",
        ),
        "too few letters": (lambda: sliding_window(ConvShape(1, 1, 6, 6, 1, 3, 3), names="letters"), "26 pixels, got C = 1, K = 1, 6x6"),
        "empty batch": (lambda: sliding_window(ConvShape(0, 1, 5, 5, 1, 3, 3)), "N is 0"),
    }.values(),
)
def test_what_cannot_be_drawn_is_refused_in_words(call, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call()
