"""The columns fill as the lowering says, the product is the convolution, the copies are counted."""

import numpy as np
import pytest
from shapes_drawn import SHAPES
from test_sliding_window import brute_force

from course_lib.shapes import ConvShape
from course_lib.views import im2col_filling
from course_lib.views.conv.im2col_filling import lowered
from course_lib.views.conv.sliding_window import arrays, padded
from course_lib.views.scene import covers

SMALL = {
    "the slide": SHAPES["the slide"],
    "two filters, stride 2, pad 1": ConvShape(1, 1, 5, 5, 2, 3, 3, stride=2, pad=1),
    "three channels": ConvShape(1, 3, 4, 4, 2, 2, 2),
    "dilated": ConvShape(1, 2, 5, 4, 3, 2, 2, dilation=2),
    "pointwise": SHAPES["pointwise"],
}


@pytest.mark.parametrize("name", SMALL)
def test_the_last_frame_holds_the_lowered_matrix_and_the_convolution(name):
    shape = SMALL[name]
    ia, wt = arrays(shape, None, None)
    state = im2col_filling(shape).at(-1)
    number = lambda words: [float(w.replace("−", "-")) for w in words]
    cols = np.array(number(state["cols"]["text"])).reshape(shape.C * shape.R * shape.S, shape.P * shape.Q)
    assert (cols == lowered(padded(ia, shape), shape)).all()
    oa = np.array(number(state["oa"]["text"])).reshape(shape.K, shape.P, shape.Q)
    assert (oa == brute_force(ia, wt, shape)).all()
    assert state["cols"]["upto"] == cols.size and state["oa"]["upto"] == oa.size


def test_lowering_is_torch_s_unfold():
    import torch

    for shape in SMALL.values():
        ia, _ = arrays(shape, None, None)
        (top, bottom), (left, right) = shape.pads
        assert (top, left) == (bottom, right)
        want = torch.nn.functional.unfold(torch.from_numpy(ia), (shape.R, shape.S), shape.dilations, (top, left), shape.strides)[0].numpy()
        assert (lowered(padded(ia, shape), shape) == want).all()


@pytest.mark.parametrize("name", SMALL)
def test_a_cell_of_cols_lights_the_pixel_it_is_a_copy_of(name):
    shape = SMALL[name]
    ia, _ = arrays(shape, None, None)
    image = padded(np.arange(ia.size).reshape(ia.shape) + 1, shape)
    cols = lowered(image, shape)
    scene = im2col_filling(shape)
    for row, col in [(0, 0), (cols.shape[0] - 1, cols.shape[1] - 1), (cols.shape[0] // 2, cols.shape[1] // 3)]:
        (mark,) = [m for m in scene.lit("cols", row, col) if m["grid"].startswith("ia")]
        assert image[int(mark["grid"][2:]), mark["at"][0], mark["at"][1]] == cols[row, col]


def test_a_pixel_lights_all_its_copies():
    shape = SMALL["the slide"]
    scene = im2col_filling(shape)
    assert len(scene.lit("ia0", 2, 2)) == 9  # the middle pixel is in all nine windows
    assert len(scene.lit("ia0", 0, 0)) == 1
    assert sum(len(scene.lit("ia0", r, c)) for r in range(5) for c in range(5)) == 81
    assert all(covers(m, *m["at"]) for m in scene.lit("ia0", 1, 1))


def test_columns_appear_one_by_one_then_the_product():
    scene = im2col_filling(SMALL["the slide"])
    assert len(scene) == 18
    assert [scene.at(i)["cols"]["upto"] for i in range(9)] == [9 * (i + 1) for i in range(9)]
    assert [scene.at(i)["oa"]["upto"] for i in range(8, 18)] == list(range(10))


def test_the_copies_are_counted_in_the_caption():
    scene = im2col_filling(SMALL["the slide"])
    assert "36 values written so far, from an image of 25" in scene.frames[3].caption
    assert "81 values, 3.24 times the image" in scene.frames[9].caption  # 9 * 9 / 25


def test_the_bar_counts_the_whole_matrix_also_where_few_columns_are_drawn():
    scene = im2col_filling(SHAPES["window of the lecture"])
    # 27 * 2,916 = 78,732 elements against 9,408: 8.37 times, labs.md's closed form
    assert "78,732 values, 8.37 times the image" in scene.frames[-1].caption
    assert "the first 48 of 2,916 columns; 6 of 64 filters" in scene.frames[0].caption


GROUPED = {
    "depthwise": ConvShape(1, 3, 4, 4, 3, 2, 2, groups=3),
    "two groups of one channel and two filters": ConvShape(1, 2, 5, 5, 4, 2, 2, groups=2),
    "three groups, stride 2": ConvShape(1, 3, 5, 6, 6, 2, 2, stride=2, groups=3),
}


@pytest.mark.parametrize("name", GROUPED)
def test_groups_are_blocks_of_w_and_each_has_a_product_of_its_own(name):
    shape = GROUPED[name]
    ia, wt = arrays(shape, None, None)
    scene = im2col_filling(shape)
    state = scene.at(-1)
    number = lambda words: np.array([float(w.replace("−", "-")) for w in words])
    assert (number(state["oa"]["text"]).reshape(shape.K, shape.P, shape.Q) == brute_force(ia, wt, shape)).all()
    each, rows = shape.K // shape.groups, shape.C // shape.groups * shape.R * shape.S
    for g in range(shape.groups):
        assert (number(state[f"w{g}"]["text"]).reshape(each, rows) == wt.reshape(shape.K, -1)[g * each : (g + 1) * each]).all()
        lit = {m["grid"]: m for m in scene.lit("oa", g * each, 1)}
        assert lit["cols"]["at"] == [g * rows, 1] and lit["cols"]["size"] == [rows, 1]  # the rows of its own channels, no others
        assert [name for name in lit if name.startswith("w")] == [f"w{g}"]


def test_of_many_groups_the_first_are_drawn_whole_and_the_caption_says_so():
    scene = im2col_filling(ConvShape(1, 32, 12, 12, 32, 3, 3, groups=32, pad=1))
    assert "groups 0 to 2 of 32; channels 0 to 2 of 32" in scene.frames[0].caption
    assert {"w0", "w1", "w2"} <= set(scene.at(0)) and "w3" not in scene.at(0)
    one = im2col_filling(ConvShape(1, 16, 12, 12, 16, 3, 3, groups=2))
    assert "group 0 of 2; channels 0 to 2 of 16" in one.frames[0].caption and "w" in one.at(0)


@pytest.mark.parametrize("name", SHAPES)
def test_no_layer_is_refused(name):
    assert len(im2col_filling(SHAPES[name])) > 0
