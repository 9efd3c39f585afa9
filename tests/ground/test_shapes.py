"""ConvShape's P and Q are torch's, its MACs are counted, and what cannot exist is refused where torch refuses it."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import ConvShape, GemmShape

# size, taps, stride, pad, dilation
axis = st.tuples(st.integers(1, 9), st.integers(1, 5), st.integers(0, 4), st.integers(0, 3), st.integers(0, 3))


@settings(derandomize=True, deadline=None, max_examples=150)
@given(axis, axis, st.integers(0, 2), st.integers(1, 4), st.integers(1, 4), st.integers(0, 3))
def test_the_output_size_and_the_errors_are_torchs(rows, columns, N, C, K, groups):
    import torch

    (H, R, u, top, d), (W, S, v, left, e) = rows, columns
    x = torch.zeros((N, C, H, W))
    wt = torch.zeros((K, max(1, C // max(1, groups)), R, S))
    try:
        want = tuple(torch.nn.functional.conv2d(x, wt, None, (u, v), (top, left), (d, e), groups).shape)
    except RuntimeError:
        want = None
    try:
        mine = ConvShape(N, C, H, W, K, R, S, (u, v), (top, left), (d, e), groups).oa_shape
    except ValueError as error:
        assert "\n" not in str(error)
        mine = None
    assert mine == want


def test_p_counts_the_places_of_the_window():
    """P is the number of p with p·stride + dilation·(R-1) inside the padded rows, counted."""
    for H, R, stride, top, bottom, dilation in itertools.product(range(1, 8), range(1, 4), range(1, 4), range(3), range(2), range(1, 3)):
        places = sum(p * stride + dilation * (R - 1) < H + top + bottom for p in range(50))
        if not places:
            with pytest.raises(ValueError, match="smaller than the"):
                ConvShape(1, 1, H, 9, 1, R, 1, stride, ((top, bottom), (0, 0)), dilation if R > 1 else 1)
        else:
            assert places == ConvShape(1, 1, H, 99, 1, R, 1, stride, ((top, bottom), (0, 0)), dilation).P


def test_macs_and_params_are_those_of_the_loops():
    shape = ConvShape(2, 6, 7, 5, 4, 3, 2, (2, 1), 1, 1, 2)
    turns = sum(1 for _ in itertools.product(range(2), range(4), range(shape.P), range(shape.Q), range(3), range(3), range(2)))
    assert shape.macs == turns and shape.params == 4 * 3 * 3 * 2
    assert shape.bytes == 4 * (2 * 6 * 7 * 5 + shape.params + 2 * 4 * shape.P * shape.Q)


def test_the_lectures_layers_have_the_lectures_numbers():
    slide = ConvShape(1, 3, 56, 56, 64, 3, 3)
    assert (slide.P, slide.Q, slide.macs) == (54, 54, 5_038_848)  # 54·54·64·27
    alexnet = ConvShape(1, 3, 227, 227, 96, 11, 11, stride=4)
    assert (alexnet.P, alexnet.macs) == (55, 105_415_200)
    assert ConvShape(1, 3, 224, 224, 64, 7, 7, 2, 3).P == 112  # (224 + 6 - 7)/2 = 111.5: the floor that the slide leaves out


def test_equal_layers_are_equal_however_they_are_spelled():
    plain = ConvShape(1, 4, 5, 5, 4, 3, 3, 1, 1)
    assert plain == ConvShape(1, 4, 5, 5, 4, 3, 3, (1, 1), ((1, 1), (1, 1)), (1, 1)) == ConvShape(1, 4, 5, 5, 4, 3, 3, pad="same")
    assert len({plain, ConvShape(1, 4, 5, 5, 4, 3, 3, (1, 1), (1, 1))}) == 1
    assert ConvShape(1, 4, 5, 5, 4, 3, 3, pad="valid") == ConvShape(1, 4, 5, 5, 4, 3, 3)
    with pytest.raises(AttributeError):
        plain.N = 2


def test_same_keeps_the_size_and_puts_the_odd_row_at_the_bottom():
    for R, S, d in itertools.product(range(1, 6), range(1, 6), range(1, 4)):
        shape = ConvShape(1, 1, 6, 7, 1, R, S, 1, "same", d)
        (top, bottom), (left, right) = shape.pads
        assert (shape.P, shape.Q) == (6, 7) and 0 <= bottom - top <= 1 and 0 <= right - left <= 1


IMPOSSIBLE = [
    ({"N": -1}, "N: want at least 0, got -1"),
    ({"C": 0}, "C: want at least 1, got 0"),
    ({"R": 0}, "R: want at least 1, got 0"),
    ({"K": 2.0}, "K: want a whole number, got 2.0"),
    ({"H": "5"}, "H: want a whole number, got '5'"),
    ({"W": None}, "W: want a whole number, got None"),
    ({"stride": 0}, "stride: want at least 1, got 0"),
    ({"stride": (1, 0)}, "stride: want at least 1, got 0"),
    ({"stride": "2"}, "stride: want a whole"),
    ({"pad": -1}, "pad: want at least 0, got -1"),
    ({"pad": (1, 2, 3)}, "pad: want one number"),
    ({"pad": ((0, 0), (0, -2))}, "pad: want at least 0, got -2"),
    ({"pad": "SAME"}, "pad: want a number"),
    ({"pad": "same", "stride": 2}, "pad: 'same' needs stride 1"),
    ({"dilation": 0}, "dilation: want at least 1"),
    ({"groups": 3}, "groups: 3 does not divide C = 4"),
    ({"groups": 0}, "groups: want at least 1"),
    ({"K": 3, "groups": 2}, "groups: 2 does not divide K = 3"),
    ({"R": 6}, "R, S: the padded input 5x5 is smaller than the kernel 6x3"),
    ({"dilation": 3}, "smaller than the dilated kernel 7x7"),
]


@pytest.mark.parametrize(("wrong", "sentence"), IMPOSSIBLE)
def test_what_cannot_exist_is_refused_by_name_and_value(wrong, sentence):
    layer = {"N": 1, "C": 4, "H": 5, "W": 5, "K": 4, "R": 3, "S": 3} | wrong
    with pytest.raises(ValueError, match=sentence):
        ConvShape(**layer)


def test_a_matrix_product_knows_its_numbers():
    shape = GemmShape(M=3, N=4, K=5)
    assert (shape.a_shape, shape.b_shape, shape.c_shape, shape.macs, shape.params) == ((3, 5), (5, 4), (3, 4), 60, 20)
    assert shape.bytes == 4 * (15 + 20 + 12)
    assert GemmShape(0, 4, 5).macs == 0
    for wrong in ({"M": -1}, {"N": 1.5}, {"K": True}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))}: want"):
            GemmShape(**{"M": 1, "N": 1, "K": 1} | wrong)
