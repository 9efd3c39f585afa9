"""Every algorithm is right on random layers: exactly for whole numbers, within the rounding bound for fractions."""

import inspect

import numpy as np
import pytest

from course_lib import ALGORITHMS, ConvShape, conv2d

from .oracle import conv64, random_shape, rounding, torch_conv

# direct is plain Python: it gets the layers of at most so many MACs, im2col and those after it all of them
BUDGET = {"direct": 1500}


def layer_arguments(shape):
    return {"stride": shape.stride, "pad": shape.pad, "dilation": shape.dilation, "groups": shape.groups}


def able(shape):
    return [name for name in ALGORITHMS if shape.macs <= BUDGET.get(name, shape.macs)]


def test_500_random_layers_equal_float64_and_torch_within_the_rounding_bound():
    rng = np.random.default_rng(2021)
    tried = dict.fromkeys(ALGORITHMS, 0)
    for _ in range(500):
        shape = random_shape(rng)
        ia = rng.standard_normal(shape.ia_shape).astype(np.float32)
        wt = rng.standard_normal(shape.wt_shape).astype(np.float32)
        exact, bound = conv64(ia, wt, shape), rounding(ia, wt, shape, 2.0**-24)
        theirs = torch_conv(ia, wt, shape)
        assert (np.abs(theirs - exact) <= bound).all(), f"the bound is wrong: torch breaks it at {shape}"
        for name in able(shape):
            mine = conv2d(ia, wt, algorithm=name, **layer_arguments(shape))
            assert mine.shape == theirs.shape == shape.oa_shape and mine.dtype == np.float32
            assert (np.abs(mine - exact) <= bound).all(), (name, shape)
            assert (np.abs(mine - theirs) <= 2 * bound).all(), (name, shape)
            tried[name] += 1
    assert tried["im2col"] == 500 and tried["direct"] >= 150, tried


def test_small_whole_numbers_are_exact_in_every_dtype():
    """|ia|, |wt| <= 4 and at most 16·n <= 2048: sums that even float16 holds without rounding."""
    rng = np.random.default_rng(5)
    for _ in range(60):
        shape = random_shape(rng, largest=9)
        if shape.C // shape.groups * shape.R * shape.S > 128:
            continue
        ia, wt = rng.integers(-4, 5, shape.ia_shape), rng.integers(-4, 5, shape.wt_shape)
        want = conv64(ia, wt, shape)
        for dtype in (np.float16, np.float32, np.float64, np.int8, np.int32, np.int64):
            for name in able(shape):
                mine = conv2d(ia.astype(dtype), wt.astype(dtype), algorithm=name, **layer_arguments(shape))
                assert (mine == want).all(), (name, dtype, shape)


# The shapes that convolution libraries stumble over, a word each.
CLASSES = {
    "the slide": ConvShape(1, 3, 12, 12, 8, 3, 3),
    "first layer, 3 channels, 11x11 stride 4": ConvShape(1, 3, 31, 31, 5, 11, 11, 4, 2),
    "pointwise": ConvShape(2, 16, 7, 7, 16, 1, 1),
    "pointwise, channel tail 17": ConvShape(1, 17, 5, 5, 17, 1, 1),
    "pointwise, stride 2": ConvShape(1, 8, 7, 7, 8, 1, 1, 2),
    "3x3, channel tail": ConvShape(1, 17, 6, 6, 17, 3, 3, 1, 1),
    "strided tail: a last row that no window reaches": ConvShape(1, 4, 8, 8, 4, 3, 3, 2, 0),
    "grouped": ConvShape(1, 12, 6, 6, 8, 3, 3, 1, 1, 1, 4),
    "depthwise": ConvShape(1, 9, 6, 6, 9, 3, 3, 1, 1, 1, 9),
    "depthwise, two filters a channel": ConvShape(1, 4, 6, 6, 8, 3, 3, 1, 1, 1, 4),
    "the window is the image: a fully connected layer": ConvShape(3, 5, 4, 6, 7, 4, 6),
    "1x1 image": ConvShape(1, 3, 1, 1, 2, 1, 1),
    "1x1 image, 3x3 window in the padding": ConvShape(1, 3, 1, 1, 2, 3, 3, 1, 1),
    "padding as wide as the window": ConvShape(1, 2, 4, 4, 3, 3, 3, 1, 3),
    "padding wider than window and image": ConvShape(1, 2, 3, 4, 3, 3, 3, 1, 5),
    "padding 50 on 5x5": ConvShape(1, 1, 5, 5, 1, 3, 3, 1, 50),
    "stride larger than the image": ConvShape(1, 2, 5, 5, 4, 3, 3, 7),
    "stride that lands in the padding": ConvShape(1, 2, 3, 3, 2, 2, 2, 5, 4),
    "dilation that jumps over the image": ConvShape(1, 2, 3, 3, 2, 2, 2, 1, 3, 5),
    "rows only": ConvShape(1, 2, 9, 5, 3, 5, 1, (2, 1), (2, 0)),
    "columns only": ConvShape(1, 2, 5, 9, 3, 1, 5, (1, 3), (0, 2)),
    "everything differs": ConvShape(2, 6, 9, 13, 10, 2, 5, (2, 3), ((1, 0), (4, 2)), (3, 2), 2),
    "same, even window": ConvShape(1, 2, 5, 5, 2, 4, 2, 1, "same"),
    "empty batch": ConvShape(0, 3, 6, 6, 5, 3, 3),
}


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("word", CLASSES)
def test_the_shapes_that_libraries_stumble_over_are_right(word, name):
    shape = CLASSES[word]
    rng = np.random.default_rng(3)
    ia, wt = rng.integers(-5, 6, shape.ia_shape).astype(np.float32), rng.integers(-5, 6, shape.wt_shape).astype(np.float32)
    mine = conv2d(ia, wt, algorithm=name, **layer_arguments(shape))
    assert mine.shape == shape.oa_shape
    assert (mine == conv64(ia, wt, shape)).all() and (mine == torch_conv(ia, wt, shape)).all()


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_algorithm_has_the_same_two_functions(name):
    module = ALGORITHMS[name]
    assert list(inspect.signature(module.conv2d).parameters) == ["ia", "wt", "shape"]
    assert list(inspect.signature(module.workspace).parameters) == ["shape"]
    assert module.SOURCE and module.__doc__.strip().count("\n") <= 2


def test_an_image_without_a_batch_gives_an_output_without_one():
    ia, wt = np.ones((3, 5, 6), np.float32), np.ones((2, 3, 3, 3), np.float32)
    assert conv2d(ia, wt).shape == (2, 3, 4)
    assert (conv2d(ia, wt) == conv2d(ia[None], wt)[0]).all()


@pytest.mark.parametrize("name", ["auto", *ALGORITHMS])
def test_bias_is_added_to_every_pixel_of_its_filter(name):
    ia, wt = np.ones((2, 1, 3, 3), np.float32), np.ones((2, 1, 2, 2), np.float32)
    oa = conv2d(ia, wt, bias=np.array([10, 20], np.float32), algorithm=name)
    assert oa.dtype == np.float32 and (oa[:, 0] == 14).all() and (oa[:, 1] == 24).all()


@pytest.mark.parametrize("name", ALGORITHMS)
def test_inputs_are_left_as_they_were(name):
    rng = np.random.default_rng(1)
    ia, wt = rng.standard_normal((1, 2, 4, 4)), rng.standard_normal((2, 2, 3, 3))
    before = ia.copy(), wt.copy()
    first, second = conv2d(ia, wt, algorithm=name, pad=1), conv2d(ia, wt, algorithm=name, pad=1)
    assert (ia == before[0]).all() and (wt == before[1]).all()
    assert first.tobytes() == second.tobytes() and not np.shares_memory(first, ia)
