"""What does not fit is a ValueError of one sentence that names the argument and the value."""

import numpy as np
import pytest

from course_lib import ALGORITHMS, ConvShape, conv2d
from course_lib.conv import im2col

IA, WT = np.ones((1, 4, 5, 5), np.float32), np.ones((6, 4, 3, 3), np.float32)


def of(*shape):
    return np.ones(shape, np.float32)


# number in the fault list: (ia, wt, arguments, what the sentence says)
BAD = {
    "25 no channels": (of(1, 0, 5, 5), of(2, 0, 3, 3), {}, "C: want at least 1, got 0"),
    "26 no filters": (IA, of(0, 4, 3, 3), {}, "K: want at least 1, got 0"),
    "27 no rows": (of(1, 4, 0, 5), WT, {"pad": 2}, "H: want at least 1, got 0"),
    "27 no columns": (of(1, 4, 5, 0), WT, {}, "W: want at least 1, got 0"),
    "27 no taps": (IA, of(6, 4, 0, 3), {}, "R: want at least 1, got 0"),
    "28 window too large": (IA, of(6, 4, 7, 3), {}, "padded input 5x5 is smaller than the kernel 7x3"),
    "28 dilated window too large": (IA, WT, {"dilation": 3}, "padded input 5x5 is smaller than the dilated kernel 7x7"),
    "31 stride 0": (IA, WT, {"stride": 0}, "stride: want at least 1, got 0"),
    "31 stride -1": (IA, WT, {"stride": (1, -1)}, "stride: want at least 1, got -1"),
    "31 pad -1": (IA, WT, {"pad": -1}, "pad: want at least 0, got -1"),
    "31 dilation 0": (IA, WT, {"dilation": 0}, "dilation: want at least 1, got 0"),
    "31 groups 0": (IA, WT, {"groups": 0}, "groups: want at least 1, got 0"),
    "31 groups do not divide C": (IA, of(6, 4, 3, 3), {"groups": 3}, "groups: 3 does not divide C = 4"),
    "31 groups do not divide K": (IA, of(6, 1, 3, 3), {"groups": 4}, "groups: 4 does not divide K = 6"),
    "31 a fraction": (IA, WT, {"stride": 1.5}, "stride: want a whole number, got 1.5"),
    "31 three numbers": (IA, WT, {"stride": (1, 1, 1)}, "stride: want one number or"),
    "31 yes": (IA, WT, {"stride": True}, "stride: want a whole number, got True"),
    "32 bias too short": (IA, WT, {"bias": of(5)}, r"bias: want shape \(6,\), one number a filter, got \(5,\)"),
    "32 bias with two axes": (IA, WT, {"bias": of(6, 1)}, r"bias: want shape \(6,\)"),
    "32 channels of wt": (IA, of(6, 3, 3, 3), {}, r"wt: want \(6, 4, 3, 3\) = \(K, C/groups, R, S\), got \(6, 3, 3, 3\)"),
    "32 channels of wt in groups": (IA, WT, {"groups": 2}, r"wt: want \(6, 2, 3, 3\) = \(K, C/groups, R, S\) with C = 4 in 2 groups"),
    "33 bool": (IA.astype(bool), WT, {}, "ia: want whole or floating-point numbers, got dtype bool"),
    "33 complex": (IA, WT.astype(complex), {}, "wt: want whole or floating-point numbers, got dtype complex128"),
    "33 objects": (IA.astype(object), WT, {}, "ia: want whole or floating-point numbers, got dtype object"),
    "33 text": ("image", WT, {}, "ia: want whole or floating-point numbers"),
    "33 nothing": (None, WT, {}, "ia: want whole or floating-point numbers"),
    "33 ragged": ([[1, 2], [3]], WT, {}, "ia: want an array of numbers, got rows of different lengths"),
    "33 masked": (np.ma.masked_greater(IA, 3), WT, {}, "ia: want a plain array, got a masked one"),
    "38 0-d": (np.float32(3), WT, {}, r"ia: want 4 axes \[N,C,H,W\] .*got shape \(\)"),
    "38 2-d": (of(5, 5), WT, {}, r"ia: want 4 axes"),
    "38 5-d": (of(1, 1, 4, 5, 5), WT, {}, r"ia: want 4 axes"),
    "38 wt 3-d": (IA, of(4, 3, 3), {}, r"wt: want 4 axes \[K,C/groups,R,S\], got shape \(4, 3, 3\)"),
    "39 same with stride": (IA, WT, {"pad": "same", "stride": 2}, "pad: 'same' needs stride 1, got stride 2"),
    "39 unknown word": (IA, WT, {"pad": "full"}, "pad: want a number.*got 'full'"),
    "unknown algorithm": (IA, WT, {"algorithm": "magic"}, "algorithm: want one of auto, direct, im2col, implicit_gemm, .*, got 'magic'"),
}


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("fault", BAD)
def test_a_fault_is_one_clear_sentence(fault, name):
    ia, wt, arguments, sentence = BAD[fault]
    with pytest.raises(ValueError, match=sentence) as error:
        conv2d(ia, wt, **{"algorithm": name, **arguments})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_arrays_that_are_not_as_the_shape_says_are_refused_by_every_algorithm(name):
    shape = ConvShape(1, 4, 5, 5, 6, 3, 3)
    for ia, wt, name_of in [(of(1, 4, 5, 6), WT, "ia"), (IA, of(6, 4, 3, 2), "wt"), (IA[0], WT, "ia"), (IA > 0, WT, "ia")]:
        with pytest.raises(ValueError, match=f"{name_of}: want"):
            ALGORITHMS[name].conv2d(ia, wt, shape)


def test_a_lowered_matrix_of_more_than_2_to_31_elements_is_refused_before_it_is_made():
    at_limit = ConvShape(1, 2**7, 2**12, 2**12, 1, 1, 1)  # 2^7 rows x 2^24 columns
    assert im2col.workspace(at_limit) == 4 * 2**31
    beyond = ConvShape(1, 2**7 + 1, 2**12, 2**12, 1, 1, 1)
    sentence = "im2col: the lowered matrix would be 129 x 16,777,216, more than 2.31 elements; 'direct' needs none"
    with pytest.raises(ValueError, match=sentence):
        im2col.workspace(beyond)
    image = np.broadcast_to(np.float32(1), beyond.ia_shape)  # takes four bytes
    for call in (lambda: im2col.im2col(image, beyond), lambda: im2col.conv2d(image, np.ones(beyond.wt_shape, np.float32), beyond)):
        with pytest.raises(ValueError, match=sentence):
            call()


def test_a_small_image_with_a_huge_padding_is_refused_too():
    with pytest.raises(ValueError, match="im2col: the lowered matrix would be"):
        conv2d(of(1, 1, 5, 5), of(1, 1, 3, 3), pad=10_000, algorithm="im2col")


def test_an_empty_batch_is_an_empty_answer():
    for name in ["auto", *ALGORITHMS]:
        if name == "pointwise":
            assert conv2d(of(0, 4, 5, 5), of(6, 4, 1, 1), algorithm=name).shape == (0, 6, 5, 5)
        elif name == "depthwise":
            assert conv2d(of(0, 4, 5, 5), of(4, 1, 3, 3), groups=4, algorithm=name).shape == (0, 4, 3, 3)
        else:
            assert conv2d(of(0, 4, 5, 5), WT, algorithm=name).shape == (0, 6, 3, 3)
