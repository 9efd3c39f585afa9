"""In which dtype sums are made, where NaN and inf go, and that the layout in memory changes nothing."""

import numpy as np
import pytest

from course_lib import ALGORITHMS, ConvShape, conv2d

from .oracle import conv64, rounding

RNG = np.random.default_rng(17)
each = pytest.mark.parametrize("name", ALGORITHMS)


@each
def test_float16_is_summed_in_float32_and_rounded_once(name):
    shape = ConvShape(1, 64, 5, 5, 2, 3, 3)
    ia, wt = (RNG.standard_normal(s).astype(np.float16) for s in (shape.ia_shape, shape.wt_shape))
    oa, exact = conv2d(ia, wt, algorithm=name), conv64(ia, wt, shape)
    assert oa.dtype == np.float16
    # the float32 sum's error, then one rounding to float16: u = 2^-11 of the value
    bound = rounding(ia, wt, shape, 2.0**-24)
    assert (np.abs(oa - exact) <= bound + 2.0**-11 * (np.abs(exact) + bound) + 2.0**-25).all()
    ones = np.ones((1, 64, 8, 8), np.float16)
    assert (conv2d(ones, np.ones((1, 64, 8, 8), np.float16), algorithm=name) == 4096).all()  # summed in float16 it would stop at 2048


@each
def test_mixed_dtypes_are_promoted_by_numpys_rules(name):
    shape = 1, 1, 3, 3
    for a, b in [("f2", "f4"), ("f4", "f8"), ("f8", "f2"), ("i1", "f4"), ("i4", "f4"), ("u1", "f2"), ("i8", "f4")]:
        oa = conv2d(np.ones(shape, a), np.ones(shape, b), algorithm=name)
        assert oa.dtype == np.result_type(np.dtype(a), np.dtype(b)) and (oa == 9).all(), (a, b)


@each
def test_whole_numbers_are_summed_in_int32_and_do_not_wrap(name):
    ia, wt = np.full((1, 3, 10, 10), 255, np.uint8), np.full((1, 3, 10, 10), 255, np.uint8)
    oa = conv2d(ia, wt, algorithm=name)
    assert oa.dtype == np.int32 and oa.item() == 300 * 255 * 255
    for a, b, result in map(str.split, ("i1 i1 i4", "i1 u1 i4", "i2 i2 i4", "u2 u2 i4", "i4 i4 i4", "u4 u4 i8", "i8 i1 i8")):
        assert conv2d(np.ones((1, 1, 2, 2), a), np.ones((1, 1, 2, 2), b), algorithm=name).dtype == np.dtype(result), (a, b)
    low = conv2d(np.full((1, 1, 2, 2), -128, np.int8), np.full((1, 1, 2, 2), 127, np.int8), algorithm=name)
    assert low.item() == -4 * 128 * 127


@each
def test_nan_reaches_every_output_whose_window_holds_it_even_under_a_zero_weight(name):
    ia = np.zeros((1, 1, 5, 5), np.float32)
    ia[0, 0, 2, 2] = np.nan
    oa = conv2d(ia, np.zeros((1, 1, 2, 2), np.float32), algorithm=name)[0, 0]
    touched = np.zeros((4, 4), bool)
    touched[1:3, 1:3] = True
    assert (np.isnan(oa) == touched).all() and (oa[~touched] == 0).all()


@each
def test_inf_and_its_differences_follow_arithmetic(name):
    ia = np.ones((1, 1, 1, 3), np.float32)
    ia[..., 1] = np.inf
    with np.errstate(invalid="ignore"):
        oa = conv2d(ia, np.array([[[[1.0, -1.0]]]], np.float32), algorithm=name).ravel()
        zero = conv2d(ia, np.zeros((1, 1, 1, 2), np.float32), algorithm=name)
    assert oa.tolist() == [-np.inf, np.inf]
    assert np.isnan(zero).all()  # inf · 0


def test_an_infinite_weight_on_padding_is_nan_in_im2col_and_skipped_in_direct():
    ia, wt = np.ones((1, 1, 1, 1)), np.array([[[[np.inf, 1.0, 1.0]]]])
    with np.errstate(invalid="ignore"):
        assert np.isnan(conv2d(ia, wt, pad=(0, 1), algorithm="im2col")[..., 0]).all()
    assert conv2d(ia, wt, pad=(0, 1), algorithm="direct")[..., 0].item() == 1


@each
def test_subnormal_numbers_are_kept(name):
    tiny = np.full((1, 1, 2, 2), 2.0**-149, np.float32)
    assert conv2d(tiny, np.ones((1, 1, 2, 2), np.float32), algorithm=name).item() == 2.0**-147
    minus = conv2d(np.full((1, 1, 1, 1), -0.0), np.ones((1, 1, 1, 1)), algorithm=name)
    assert minus.item() == 0


def misaligned(a):
    raw = np.zeros(a.nbytes + 1, np.uint8)
    out = raw[1:].view(a.dtype).reshape(a.shape)
    out[...] = a
    assert not out.flags.aligned
    return out


def frozen(a):
    a = a.copy()
    a.flags.writeable = False
    return a


LAYOUTS = {
    "Fortran order": np.asfortranarray,
    "reversed, negative strides": lambda a: a[:, ::-1, ::-1, ::-1],
    "every other column": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "axes exchanged": lambda a: np.ascontiguousarray(a.transpose(3, 1, 0, 2)).transpose(2, 1, 3, 0),
    "expanded, stride 0": lambda a: np.broadcast_to(a[:1, :, :1], a.shape),
    "read-only": frozen,
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "misaligned": misaligned,
    "a subclass": lambda a: a.view(type("Sub", (np.ndarray,), {})),
    "nested lists": lambda a: a.astype(np.float64).tolist(),
}


@each
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_in_memory_changes_nothing(layout, name):
    ia, wt = RNG.integers(-9, 9, (2, 4, 5, 6)).astype(np.float32), RNG.integers(-9, 9, (4, 2, 3, 2)).astype(np.float32)
    x, y = LAYOUTS[layout](ia), LAYOUTS[layout](wt)
    oa = conv2d(x, y, stride=(1, 2), pad=1, groups=2, algorithm=name)
    plain = conv2d(np.array(x, np.float32), np.array(y, np.float32), stride=(1, 2), pad=1, groups=2, algorithm=name)
    assert type(oa) is np.ndarray and oa.dtype.isnative and (oa == plain).all()
    shape = ConvShape(2, 4, 5, 6, 4, 3, 2, (1, 2), 1, 1, 2)
    assert (oa == conv64(np.array(x), np.array(y), shape)).all()
