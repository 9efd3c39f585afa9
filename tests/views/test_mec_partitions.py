"""MEC's picture: the numbers in the strips, the partitions and the rows they make are those of the convolution."""

import itertools
import json

import numpy as np
import pytest
from test_pictures import boxes

from course_lib import ConvShape, conv2d
from course_lib.views.conv.mec_partitions import mec_partitions

SLIDE = ConvShape(N=1, C=1, H=7, W=7, K=1, R=3, S=3)
SHAPES = {
    "the slide": SLIDE,
    "stride 2": ConvShape(N=1, C=1, H=7, W=6, K=1, R=3, S=2, stride=2),
    "padding": ConvShape(N=1, C=1, H=4, W=5, K=1, R=3, S=3, pad=1),
    "a 1x1 filter": ConvShape(N=1, C=1, H=3, W=4, K=1, R=1, S=1),
}


def test_the_picture_looks_as_it_did(golden):
    golden("mec_partitions.svg", mec_partitions(SLIDE).svg(7))


@pytest.mark.parametrize("name", SHAPES)
def test_partitions_hold_the_windows_of_their_row(name):
    shape = SHAPES[name]
    rng = np.random.default_rng(1)
    ia, wt = rng.integers(0, 9, shape.ia_shape), rng.integers(-3, 4, shape.wt_shape)
    scene, want = mec_partitions(shape, ia, wt), conv2d(ia, wt, stride=shape.stride, pad=shape.pad)[0, 0]
    last = scene.at(len(scene) - 1)
    words = np.array([int(w.replace("−", "-")) for w in last["oa"]["text"]]).reshape(shape.P, shape.Q)
    np.testing.assert_array_equal(words, want)
    low = np.array([int(w) for w in last["low"]["text"]]).reshape(shape.Q, -1)
    for p in range(shape.P):
        mark = scene.at(shape.Q + p)["part"]
        (row, first), (rows, columns) = mark["at"], mark["size"]
        part = low[row : row + rows, first : first + columns]
        assert part.shape == (shape.Q, shape.R * shape.S)
        np.testing.assert_array_equal(part @ wt.ravel(), want[p])


def test_the_slides_numbers():
    last = mec_partitions(SLIDE).at(9)  # five strips, five partitions
    assert last["said.mec"]["text"].startswith("105 elements") and "2.14 times less" in last["said.mec"]["text"]
    assert last["said.im2col"]["text"].startswith("225 elements")
    assert [last[f"letter{p}"]["text"] for p in range(5)] == list("ABCDE")


@pytest.mark.parametrize("name", SHAPES)
def test_no_word_runs_over_the_edge_or_into_another(name):
    scene = mec_partitions(SHAPES[name])
    for f in {0, len(scene) // 2, len(scene) - 1}:
        found = list(boxes(scene, f))
        for words, left, top, right, bottom in found:
            assert left >= -14 and right <= scene.width + 14 and top >= -4 and bottom <= scene.height + 8, words
        for (a, al, at, ar, ab), (b, bl, bt, br, bb) in itertools.combinations(found, 2):
            assert min(ar, br) - max(al, bl) <= 1 or min(ab, bb) - max(at, bt) <= 1, (f, a, b)
    assert len(json.dumps(scene.data())) < 100_000


def test_what_the_lectures_picture_cannot_show_is_refused():
    for shape in (ConvShape(N=1, C=2, H=7, W=7, K=1, R=3, S=3), ConvShape(N=1, C=1, H=7, W=7, K=1, R=2, S=2, dilation=2)):
        with pytest.raises(ValueError, match="one image, one channel, one filter and no dilation"):
            mec_partitions(shape)
    with pytest.raises(ValueError, match="the lowered matrix has 168 columns"):
        mec_partitions(ConvShape(N=1, C=1, H=56, W=56, K=1, R=3, S=3))
