"""In which dtype sums are made, where NaN and inf go, and that the layout in memory changes nothing."""

import numpy as np
import pytest

from course_lib import ALGORITHMS, ConvShape, conv2d

from .bounds import FRACTIONS, bound
from .oracle import conv64

RNG = np.random.default_rng(17)
GENERAL = [name for name in ALGORITHMS if name not in ("pointwise", "depthwise")]  # those that take dense layers with windows
each = pytest.mark.parametrize("name", GENERAL)
SUMS = [name for name in GENERAL if name not in FRACTIONS]  # those that add up the products of a window, and only these
each_sum = pytest.mark.parametrize("name", SUMS)
each_whole = pytest.mark.parametrize("name", [name for name in GENERAL if name != "tiled"])  # tiled is for fractions


@each
def test_float16_is_summed_in_float32_and_rounded_once(name):
    shape = ConvShape(1, 64, 5, 5, 2, 3, 3)
    ia, wt = (RNG.standard_normal(s).astype(np.float16) for s in (shape.ia_shape, shape.wt_shape))
    oa, exact = conv2d(ia, wt, algorithm=name), conv64(ia, wt, shape)
    assert oa.dtype == np.float16
    # the float32 sum's error, then one rounding to float16: u = 2^-11 of the value
    sum_error = bound(name, ia, wt, shape)
    assert (np.abs(oa - exact) <= sum_error + 2.0**-11 * (np.abs(exact) + sum_error) + 2.0**-25).all()
    if name != "winograd":  # whose windows are at most 7x7
        ones = np.ones((1, 64, 8, 8), np.float16)
        assert (conv2d(ones, np.ones((1, 64, 8, 8), np.float16), algorithm=name) == 4096).all()  # summed in float16 it would stop at 2048


@each
def test_bfloat16_is_summed_in_float32_and_rounded_once(name):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    shape = ConvShape(1, 64, 5, 5, 2, 3, 3)
    ia, wt = (RNG.standard_normal(s).astype(ml_dtypes.bfloat16) for s in (shape.ia_shape, shape.wt_shape))
    oa, exact = conv2d(ia, wt, algorithm=name), conv64(ia.astype(np.float64), wt.astype(np.float64), shape)
    assert oa.dtype == ml_dtypes.bfloat16
    sum_error = bound(name, ia.astype(np.float32), wt.astype(np.float32), shape)
    # eight bits: u = 2^-8 of the value; summed in bfloat16, 576 terms would lose all of them
    assert (np.abs(oa.astype(np.float64) - exact) <= sum_error + 2.0**-8 * (np.abs(exact) + sum_error)).all()


def test_bfloat16_is_promoted_as_torch_promotes_it():
    import torch

    ml_dtypes = pytest.importorskip("ml_dtypes")
    brain = np.dtype(ml_dtypes.bfloat16)
    for other in ("f2", "f4", "f8", "i1", "u1", "i4", "i8"):
        theirs = torch.promote_types(torch.bfloat16, torch.from_numpy(np.ones(1, other)).dtype)
        for ia, wt in ((brain, other), (other, brain)):
            oa = conv2d(np.ones((1, 1, 2, 2), ia), np.ones((1, 1, 2, 2), wt))
            assert str(theirs).removeprefix("torch.") == oa.dtype.name and float(oa.item()) == 4, other


def test_torchs_own_bfloat16_tensors_are_taken_as_they_are():
    import torch

    ml_dtypes = pytest.importorskip("ml_dtypes")
    oa = conv2d(torch.full((1, 1, 2, 2), 1.5, dtype=torch.bfloat16), torch.ones((1, 1, 2, 2), dtype=torch.bfloat16, requires_grad=True))
    assert oa.dtype == ml_dtypes.bfloat16 and float(oa.item()) == 6


@each_whole
def test_mixed_dtypes_are_promoted_by_numpys_rules(name):
    shape = 1, 1, 3, 3
    for a, b in [("f2", "f4"), ("f4", "f8"), ("f8", "f2"), ("i1", "f4"), ("i4", "f4"), ("u1", "f2"), ("i8", "f4")]:
        oa = conv2d(np.ones(shape, a), np.ones(shape, b), algorithm=name)
        assert oa.dtype == np.result_type(np.dtype(a), np.dtype(b)), (a, b)
        assert np.allclose(oa, 9, rtol=1e-5) if name in FRACTIONS else (oa == 9).all(), (a, b)


@each_whole
def test_whole_numbers_are_summed_in_int32_and_do_not_wrap(name):
    size = 5 if name == "winograd" else 10
    ia, wt = np.full((1, 12, size, size), 255, np.uint8), np.full((1, 12, size, size), 255, np.uint8)
    oa = conv2d(ia, wt, algorithm=name)
    assert oa.dtype == np.int32 and oa.item() == 12 * size * size * 255 * 255
    for a, b, result in map(str.split, ("i1 i1 i4", "i1 u1 i4", "i2 i2 i4", "u2 u2 i4", "i4 i4 i4", "u4 u4 i8", "i8 i1 i8")):
        assert conv2d(np.ones((1, 1, 2, 2), a), np.ones((1, 1, 2, 2), b), algorithm=name).dtype == np.dtype(result), (a, b)
    low = conv2d(np.full((1, 1, 2, 2), -128, np.int8), np.full((1, 1, 2, 2), 127, np.int8), algorithm=name)
    assert low.item() == -4 * 128 * 127


@pytest.mark.parametrize("name", FRACTIONS)
def test_whole_numbers_too_large_to_be_exact_are_refused_and_not_rounded(name):
    ia, wt = np.full((1, 64, 6, 6), 2**24, np.int64), np.full((1, 64, 3, 3), 2**24, np.int64)
    assert conv2d(ia, wt, algorithm="im2col")[0, 0, 0, 0] == 576 * 2**48
    with pytest.raises(ValueError, match=f"{name}: whole numbers as large as 16,777,216 and 16,777,216 would not come out exact"):
        conv2d(ia, wt, algorithm=name)


@pytest.mark.parametrize("name", FRACTIONS)
def test_a_nan_spreads_over_the_tiles_it_lies_in_and_no_further(name):
    ia = np.zeros((1, 1, 64, 64), np.float32)
    ia[0, 0, 0, 0] = np.nan
    oa = conv2d(ia, np.ones((1, 1, 3, 3), np.float32), algorithm=name)[0, 0]
    reached = np.isnan(oa)
    assert reached[0, 0] and reached.sum() in (16, 14 * 14) and not reached[20:].any() and not reached[:, 20:].any()


def test_tiled_is_for_fractions_and_says_so():
    with pytest.raises(ValueError, match="tiled: compiled for float32 and float64, got int32; 'im2col' sums whole numbers exactly"):
        conv2d(np.ones((1, 1, 3, 3), np.int8), np.ones((1, 1, 2, 2), np.int8), algorithm="tiled")


@each_sum
def test_nan_reaches_every_output_whose_window_holds_it_even_under_a_zero_weight(name):
    ia = np.zeros((1, 1, 5, 5), np.float32)
    ia[0, 0, 2, 2] = np.nan
    oa = conv2d(ia, np.zeros((1, 1, 2, 2), np.float32), algorithm=name)[0, 0]
    touched = np.zeros((4, 4), bool)
    touched[1:3, 1:3] = True
    assert (np.isnan(oa) == touched).all() and (oa[~touched] == 0).all()


@each_sum
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


@each_sum
def test_subnormal_numbers_are_kept(name):
    tiny = np.full((1, 1, 2, 2), 2.0**-149, np.float32)
    assert conv2d(tiny, np.ones((1, 1, 2, 2), np.float32), algorithm=name).item() == 2.0**-147
    minus = conv2d(np.full((1, 1, 1, 1), -0.0), np.ones((1, 1, 1, 1)), algorithm=name)
    assert minus.item() == 0


def test_denormal_filters_do_not_trap_the_transforms():
    ia, wt = np.ones((1, 2, 6, 6), np.float32), np.full((1, 2, 3, 3), 2.0**-140, np.float32)
    for name in FRACTIONS:  # below the smallest normal number digits are lost, but the order of magnitude stays
        assert np.allclose(conv2d(ia, wt, algorithm=name) * 2.0**100, 18 * 2.0**-40, rtol=0.1), name


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


@pytest.mark.parametrize("name", ["auto", *SUMS])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_in_memory_changes_nothing(layout, name):
    ia, wt = RNG.integers(-9, 9, (2, 4, 5, 6)).astype(np.float32), RNG.integers(-9, 9, (4, 2, 3, 2)).astype(np.float32)
    x, y = LAYOUTS[layout](ia), LAYOUTS[layout](wt)
    oa = conv2d(x, y, stride=(1, 2), pad=1, groups=2, algorithm=name)
    plain = conv2d(np.array(x, np.float32), np.array(y, np.float32), stride=(1, 2), pad=1, groups=2, algorithm=name)
    assert type(oa) is np.ndarray and oa.dtype.isnative and (oa == plain).all()
    shape = ConvShape(2, 4, 5, 6, 4, 3, 2, (1, 2), 1, 1, 2)
    assert (oa == conv64(np.array(x), np.array(y), shape)).all()


# the same for those that refuse that layer: their own layer, whole numbers, which they compute exactly
OWN = {"winograd": ((2, 4, 5, 6), (4, 2, 3, 2), 2), "fft": ((2, 4, 5, 6), (4, 2, 3, 2), 2)}
OWN |= {"pointwise": ((2, 4, 5, 6), (4, 2, 1, 1), 2), "depthwise": ((2, 4, 5, 6), (8, 1, 3, 2), 4)}


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_in_memory_changes_nothing_for_the_particular_ones_either(layout, name):
    ia_shape, wt_shape, groups = OWN[name]
    ia, wt = RNG.integers(-9, 9, ia_shape), RNG.integers(-9, 9, wt_shape)
    x, y = LAYOUTS[layout](ia), LAYOUTS[layout](wt)
    if layout == "nested lists":
        x, y = ia.tolist(), wt.tolist()
    oa = conv2d(x, y, groups=groups, algorithm=name)
    shape = ConvShape(*ia_shape, wt_shape[0], *wt_shape[2:], groups=groups)
    assert type(oa) is np.ndarray and oa.dtype.isnative and (oa == conv64(np.array(x), np.array(y), shape)).all()


@pytest.mark.parametrize("name", SUMS)
def test_nhwc_and_blocked_layouts_are_the_same_image_seen_otherwise(name):
    import torch

    ia, wt = RNG.integers(-9, 9, (2, 6, 5, 7)).astype(np.float32), RNG.integers(-9, 9, (10, 3, 3, 2)).astype(np.float32)
    want = torch.nn.functional.conv2d(torch.from_numpy(ia), torch.from_numpy(wt), None, (2, 1), 1, 1, 2).numpy()
    more = {"stride": (2, 1), "pad": 1, "groups": 2, "algorithm": name}
    nhwc = conv2d(np.ascontiguousarray(ia.transpose(0, 2, 3, 1)), wt, layout="NHWC", **more)
    assert nhwc.flags.c_contiguous and (nhwc == want.transpose(0, 2, 3, 1)).all()
    blocked = np.full((2, 2, 5, 7, 4), np.nan, np.float32)  # six channels in blocks of four: what fills up the last one is not read
    blocked[:, 0], blocked[:, 1, ..., :2] = ia[:, :4].transpose(0, 2, 3, 1), ia[:, 4:].transpose(0, 2, 3, 1)
    oa = conv2d(blocked, wt, layout="NCHW4c", **more)
    assert oa.shape == (2, 3, *want.shape[2:], 4) and (oa[:, 2, ..., 2:] == 0).all()
    assert (np.concatenate([oa[:, i] for i in range(3)], -1)[..., :10] == want.transpose(0, 2, 3, 1)).all()
    assert (conv2d(nhwc_of(ia)[0], wt, layout="NHWC", **more) == nhwc[0]).all()  # without a batch


def nhwc_of(ia):
    return np.ascontiguousarray(ia.transpose(0, 2, 3, 1))


def test_a_layout_that_is_none_is_refused_in_words():
    wt = np.ones((2, 3, 1, 1), np.float32)
    for layout, ia, words in [
        ("NWHC", (1, 2, 2, 3), "layout: want 'NCHW', 'NHWC' or blocked as in 'NCHW16c', got 'NWHC'"),
        ("NCHW0c", (1, 2, 2, 3), "layout: want 'NCHW'"),
        (None, (1, 2, 2, 3), "layout: want 'NCHW'"),
        ("NHWC", (2, 2), r"ia: want 4 axes \[N,H,W,C\] \(or 3 without a batch\), got shape \(2, 2\)"),
        ("NCHW4c", (1, 3, 2, 2, 4), r"ia: want 1 blocks of 4 channels for C = 3 in NCHW4c, got shape \(1, 3, 2, 2, 4\)"),
        ("NCHW4c", (1, 1, 2, 2, 8), "ia: want 1 blocks of 4 channels"),
        ("NHWC", (1, 2, 2, 4), r"wt: want \(2, 4, 1, 1\)|groups|ia: want"),
    ]:
        with pytest.raises(ValueError, match=words):
            conv2d(np.ones(ia, np.float32), wt, layout=layout)
