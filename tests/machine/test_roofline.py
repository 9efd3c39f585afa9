"""The roofline: two lines and the corner between them, by hand."""

import pytest

from course_lib.machine.roofline import Roof, intensity, roofline
from course_lib.shapes import ConvShape, GemmShape

ROOF = Roof(peak=100.0, bandwidth=20.0, name="a desk")


def test_below_the_ridge_the_memory_is_the_limit_and_above_it_the_arithmetic():
    assert ROOF.ridge == 5.0
    assert [ROOF.at(i) for i in (0.0, 1.0, 5.0, 50.0)] == [0.0, 20.0, 100.0, 100.0]


def test_a_fully_connected_layer_does_half_a_flop_a_byte():
    # batch 1: 2 K N FLOP over 4 (K + K N + N) bytes, just below 2 / 4
    assert intensity(GemmShape(M=1, N=4096, K=9216)) == pytest.approx(0.5, rel=1e-3)
    assert intensity(GemmShape(M=1, N=4096, K=9216)) < 0.5


def test_a_square_product_does_a_sixth_of_its_order():
    # 2 n^3 FLOP over 4 * 3 n^2 bytes = n / 6
    assert intensity(GemmShape(600, 600, 600)) == 100.0


def test_moving_more_bytes_lowers_the_intensity():
    shape = ConvShape(1, 3, 56, 56, 64, 3, 3)
    assert intensity(shape, moved=2 * shape.bytes) == intensity(shape) / 2
    assert intensity(ConvShape(0, 3, 56, 56, 64, 3, 3)) == 0.0


def test_the_table_says_what_limits_each_layer_and_keeps_what_was_measured():
    shapes = {"fc": GemmShape(1, 1000, 1000), "square": GemmShape(600, 600, 600)}
    table = roofline(shapes, ROOF, measured={"square": 80.0})
    assert table["limit"] == ["memory", "arithmetic"]
    assert table["roof GFLOP/s"] == [pytest.approx(20 * intensity(shapes["fc"])), 100.0]
    assert table["measured GFLOP/s"] == [None, 80.0]


@pytest.mark.parametrize("call, message", [
    (lambda: Roof(peak=0, bandwidth=1), "peak: want more than 0, got 0"),
    (lambda: Roof(peak=1, bandwidth=-2.0), "bandwidth: want more than 0, got -2.0"),
    (lambda: Roof(peak=float("nan"), bandwidth=1.0), "peak: want more than 0, got nan"),
    (lambda: roofline({"a": GemmShape(1, 1, 1)}, ROOF, {"b": 1.0}), "no shape is called 'b'; there are a"),
    (lambda: intensity(GemmShape(1, 1, 1), moved=-4), "moved: want at least 0 bytes, got -4"),
    (lambda: ROOF.at(-1.0), "intensity: want at least 0, got -1.0"),
])  # fmt: skip
def test_what_cannot_be_is_refused_in_words(call, message):
    with pytest.raises(ValueError, match=message):
        call()
