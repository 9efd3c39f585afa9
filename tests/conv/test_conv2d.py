"""Every algorithm is right on random layers: exactly for whole numbers, within the rounding bound for fractions."""

import inspect
import re

import numpy as np
import pytest

from course_lib import ALGORITHMS, ConvShape, conv2d
from course_lib.conv import fft, winograd
from course_lib.conv.work import multiplications

from .bounds import FRACTIONS, bound
from .oracle import conv64, random_shape, rounding, torch_conv

# direct is plain Python: it gets the layers of at most so many MACs, the others all that they can compute
BUDGET = {"direct": 1500}


def layer_arguments(shape):
    return {"stride": shape.stride, "pad": shape.pad, "dilation": shape.dilation, "groups": shape.groups}


def able(shape):
    return [name for name in ALGORITHMS if not ALGORITHMS[name].cannot(shape) and shape.macs <= BUDGET.get(name, shape.macs)]


def test_200_random_layers_equal_float64_and_torch_within_each_algorithms_own_bound():
    """python -m tests.conv.many --shapes 1000 does the same with more of them; tiled, which compiles each layer, gets every tenth."""
    rng = np.random.default_rng(2021)
    tried = dict.fromkeys(ALGORITHMS, 0)
    for turn in range(200):
        shape = random_shape(rng)
        ia = rng.standard_normal(shape.ia_shape).astype(np.float32)
        wt = rng.standard_normal(shape.wt_shape).astype(np.float32)
        exact = conv64(ia, wt, shape)
        theirs = torch_conv(ia, wt, shape)
        assert (np.abs(theirs - exact) <= rounding(ia, wt, shape, 2.0**-24)).all(), f"the bound is wrong: torch breaks it at {shape}"
        for name in able(shape):
            if name == "tiled" and turn % 10:
                continue
            mine = conv2d(ia, wt, algorithm=name, **layer_arguments(shape))
            assert mine.shape == theirs.shape == shape.oa_shape and mine.dtype == np.float32
            assert (np.abs(mine - exact) <= bound(name, ia, wt, shape)).all(), (name, shape)
            tried[name] += 1
    everything = {"im2col", "implicit_gemm", "indirect", "kn2row"}
    assert all(tried[name] == 200 for name in everything) and tried["direct"] >= 50 and tried["mec"] >= 100, tried
    assert min(tried["winograd"], tried["fft"], tried["depthwise"], tried["tiled"]) >= 15, tried


def test_the_bounds_are_not_generous():
    """An output off by a hundredth of the largest breaks each of them: none would let a wrong tap through."""
    rng = np.random.default_rng(9)
    shape = ConvShape(1, 8, 12, 11, 6, 3, 3, 1, 1)
    ia, wt = rng.standard_normal(shape.ia_shape).astype(np.float32), rng.standard_normal(shape.wt_shape).astype(np.float32)
    largest = np.abs(conv64(ia, wt, shape)).max()
    assert all(bound(name, ia, wt, shape).max() < 1e-2 * largest for name in ALGORITHMS)


def test_small_whole_numbers_are_exact_in_every_dtype():
    """|ia|, |wt| <= 4 and at most 16·n <= 2048: sums that even float16 holds without rounding."""
    rng = np.random.default_rng(5)
    for _ in range(40):
        shape = random_shape(rng, largest=9)
        if shape.C // shape.groups * shape.R * shape.S > 128:
            continue
        ia, wt = rng.integers(-4, 5, shape.ia_shape), rng.integers(-4, 5, shape.wt_shape)
        want = conv64(ia, wt, shape)
        for dtype in (np.float16, np.float32, np.float64, np.int8, np.int32, np.int64):
            whole = np.dtype(dtype).kind == "i"
            for name in able(shape):
                if name == "tiled" or (name in FRACTIONS and not whole):
                    continue
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
def test_the_shapes_that_libraries_stumble_over_are_right_or_refused_with_a_reason(word, name):
    shape = CLASSES[word]
    rng = np.random.default_rng(3)
    ia, wt = rng.integers(-5, 6, shape.ia_shape).astype(np.float32), rng.integers(-5, 6, shape.wt_shape).astype(np.float32)
    why = ALGORITHMS[name].cannot(shape)
    if why:
        with pytest.raises(ValueError, match=re.escape(f"{name}: {why}")):
            conv2d(ia, wt, algorithm=name, **layer_arguments(shape))
        return
    mine = conv2d(ia, wt, algorithm=name, **layer_arguments(shape))
    assert mine.shape == shape.oa_shape
    if name in FRACTIONS:
        assert (np.abs(mine - conv64(ia, wt, shape)) <= bound(name, ia, wt, shape)).all()
        mine = conv2d(ia.astype(np.int32), wt.astype(np.int32), algorithm=name, **layer_arguments(shape))
    assert (mine == conv64(ia, wt, shape)).all() and (mine == torch_conv(ia, wt, shape)).all()


# name -> layers it must refuse: all others of CLASSES it computes
CANNOT = {
    "winograd": lambda s: s.strides != (1, 1) or s.dilations != (1, 1) or (s.R, s.S) == (1, 1) or max(s.R, s.S) > 7,
    "fft": lambda s: s.strides != (1, 1),
    "mec": lambda s: s.dilations[0] != 1 and s.R > 1,
    "pointwise": lambda s: (s.R, s.S) != (1, 1) or s.pad != 0,
    "depthwise": lambda s: s.groups != s.C,
}


@pytest.mark.parametrize("name", ALGORITHMS)
def test_an_algorithm_refuses_what_its_page_says_and_nothing_else(name):
    for word, shape in CLASSES.items():
        assert bool(ALGORITHMS[name].cannot(shape)) == bool(CANNOT.get(name, lambda _: False)(shape)), word


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_algorithm_has_the_same_four_functions(name):
    module = ALGORITHMS[name]
    assert list(inspect.signature(module.conv2d).parameters)[:3] == ["ia", "wt", "shape"]
    assert all(p.default is None for p in list(inspect.signature(module.conv2d).parameters.values())[3:])
    assert all(next(iter(inspect.signature(getattr(module, f)).parameters)) == "shape" for f in ("workspace", "cannot", "work"))
    assert module.SOURCE and module.__doc__.strip().count("\n") <= 2


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_work_an_algorithm_says_it_does_has_the_multiplications_of_its_definition(name):
    """The MACs, where no product is saved or wasted; winograd, fft and kn2row by their own formulas."""
    for word, shape in CLASSES.items():
        if ALGORITHMS[name].cannot(shape):
            continue
        C_g, each = shape.C // shape.groups, shape.N * shape.K
        if name == "kn2row":
            want = each * C_g * shape.R * shape.S * shape.H * shape.W  # every tap meets the whole image
        elif name == "winograd":
            m_h, m_w = winograd.tile(shape)
            tiles = -(-shape.P // m_h) * -(-shape.Q // m_w)
            want = each * C_g * (m_h + shape.R - 1) * (m_w + shape.S - 1) * tiles
        elif name == "fft":
            tiles = fft.tiles_for(shape)
            want = each * C_g * 4 * tiles.n[0] * (tiles.n[1] // 2 + 1) * tiles.down * tiles.across
        else:
            want = shape.macs
        assert multiplications(ALGORITHMS[name].work(shape)) == want, word


def test_an_image_without_a_batch_gives_an_output_without_one():
    ia, wt = np.ones((3, 5, 6), np.float32), np.ones((2, 3, 3, 3), np.float32)
    assert conv2d(ia, wt).shape == (2, 3, 4)
    assert (conv2d(ia, wt) == conv2d(ia[None], wt)[0]).all()


@pytest.mark.parametrize("name", ["auto", *ALGORITHMS])
def test_bias_is_added_to_every_pixel_of_its_filter(name):
    window = 1 if name == "pointwise" else 2
    ia, wt = np.ones((2, 1, 3, 3), np.float32), np.ones((2, 1, window, window), np.float32)
    oa = conv2d(ia, wt, bias=np.array([10, 20], np.float32), algorithm=name)
    assert oa.dtype == np.float32
    assert np.allclose(oa[:, 0], window**2 + 10, atol=1e-5) and np.allclose(oa[:, 1], window**2 + 20, atol=1e-5)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_inputs_are_left_as_they_were(name):
    rng = np.random.default_rng(1)
    ia = rng.standard_normal((1, 2, 4, 4))
    wt, more = {"pointwise": ((2, 2, 1, 1), {}), "depthwise": ((2, 1, 3, 3), {"pad": 1, "groups": 2})}.get(name, ((2, 2, 3, 3), {"pad": 1}))
    wt = rng.standard_normal(wt)
    before = ia.copy(), wt.copy()
    first, second = conv2d(ia, wt, algorithm=name, **more), conv2d(ia, wt, algorithm=name, **more)
    assert (ia == before[0]).all() and (wt == before[1]).all()
    assert first.tobytes() == second.tobytes() and not np.shares_memory(first, ia)
