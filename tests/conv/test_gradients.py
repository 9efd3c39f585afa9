"""Both gradients and the transposed convolution: by finite differences, by torch's autograd, and as the transpose they are."""

import numpy as np
import pytest

from course_lib import ConvShape, conv2d
from course_lib.conv import conv2d_input_grad, conv2d_weight_grad, conv_transpose1d, conv_transpose2d, conv_transpose3d

from .oracle import conv64, random_shape


def arguments(shape):
    return {"stride": shape.stride, "pad": shape.pad, "dilation": shape.dilation, "groups": shape.groups}


def data(rng, shape, dtype=np.float64):
    return tuple(rng.standard_normal(size).astype(dtype) for size in (shape.ia_shape, shape.wt_shape, shape.oa_shape))


def test_gradients_are_the_finite_differences_of_the_loss():
    """The loss Σ g·conv(ia, wt) is linear in ia and in wt: its difference quotient is its derivative, whatever the step."""
    rng = np.random.default_rng(0)
    for _ in range(12):
        shape = random_shape(rng, largest=7)
        if not shape.N:
            continue
        ia, wt, g = data(rng, shape)
        grads = conv2d_input_grad(g, wt, shape), conv2d_weight_grad(ia, g, shape)
        loss = lambda x, w: float((g * conv64(x, w, shape)).sum())  # noqa: B023 - called in this turn
        for number, array in enumerate((ia, wt)):
            for _ in range(4):
                at = tuple(int(rng.integers(size)) for size in array.shape)
                moved = array.copy()
                moved[at] += 0.5
                given, other = ((moved, wt), (ia, wt)) if number == 0 else ((ia, moved), (ia, wt))
                slope = (loss(*given) - loss(*other)) / 0.5
                # both losses are sums of at most 10^4 products: their difference keeps 1e-9
                assert abs(slope - grads[number][at]) <= 1e-9 * (1 + abs(slope)), (shape, number, at)


def test_gradients_are_those_of_torchs_autograd_on_random_layers():
    import torch

    rng = np.random.default_rng(1)
    for _ in range(60):
        shape = random_shape(rng)
        ia, wt, g = data(rng, shape)
        x, w = torch.from_numpy(ia).requires_grad_(), torch.from_numpy(wt).requires_grad_()
        (top, bottom), (left, right) = shape.pads
        padded = torch.nn.functional.pad(x, (left, right, top, bottom))
        oa = torch.nn.functional.conv2d(padded, w, None, shape.strides, 0, shape.dilations, shape.groups)
        oa.backward(torch.from_numpy(g))
        mine_x, mine_w = conv2d_input_grad(g, wt, shape), conv2d_weight_grad(ia, g, shape)
        assert mine_x.shape == ia.shape and mine_w.shape == wt.shape and mine_x.dtype == np.float64
        assert np.allclose(mine_x, x.grad.numpy(), rtol=0, atol=1e-11), shape  # float64: sums of a few thousand at the most
        assert np.allclose(mine_w, w.grad.numpy(), rtol=0, atol=1e-11), shape


def test_a_gradient_is_the_transpose_of_its_convolution():
    """<g, conv(ia, wt)> = <input_grad(g, wt), ia> = <weight_grad(ia, g), wt>, exactly for whole numbers."""
    rng = np.random.default_rng(2)
    for _ in range(40):
        shape = random_shape(rng)
        ia, wt, g = (rng.integers(-5, 6, size) for size in (shape.ia_shape, shape.wt_shape, shape.oa_shape))
        want = int((g * conv2d(ia, wt, **arguments(shape))).sum())
        assert int((conv2d_input_grad(g, wt, shape) * ia).sum()) == want
        assert int((conv2d_weight_grad(ia, g, shape) * wt).sum()) == want


def test_half_precision_gradients_are_summed_in_float32_and_whole_ones_in_int32():
    shape = ConvShape(4, 1, 40, 40, 1, 1, 1)
    ones = np.ones(shape.ia_shape, np.float16)
    grad = conv2d_weight_grad(ones, ones, shape)
    assert grad.dtype == np.float16 and grad.item() == 6400  # in float16 the sum would stop at 2048
    whole = conv2d_weight_grad(np.full(shape.ia_shape, 100, np.int8), np.full(shape.ia_shape, 100, np.int8), shape)
    assert whole.dtype == np.int32 and whole.item() == 64_000_000


@pytest.mark.parametrize("call", [conv2d_input_grad, conv2d_weight_grad])
def test_arrays_that_do_not_fit_are_named(call):
    shape = ConvShape(1, 2, 5, 5, 3, 3, 3)
    ia, wt, g = data(np.random.default_rng(0), shape)
    good = {"grad_oa": g, "wt": wt, "ia": ia}
    for name in call.__code__.co_varnames[:2]:
        given = {key: good[key] for key in call.__code__.co_varnames[:2]} | {name: good[name][..., :-1]}
        with pytest.raises(ValueError, match=f"^{name}: want"):
            call(**given, shape=shape)


def transposed_torch(ia, wt, bias, more):
    import torch

    t = torch.from_numpy
    call = {3: torch.nn.functional.conv_transpose1d, 4: torch.nn.functional.conv_transpose2d, 5: torch.nn.functional.conv_transpose3d}
    return call[ia.ndim](t(ia), t(wt), t(bias), more["stride"], more["pad"], more["output_pad"], more["groups"], more["dilation"]).numpy()


@pytest.mark.parametrize("axes, call", [(1, conv_transpose1d), (2, conv_transpose2d), (3, conv_transpose3d)])
def test_transposed_convolutions_are_torchs_on_random_layers(axes, call):
    rng = np.random.default_rng(axes)
    done = 0
    while done < 40:
        groups, each = int(rng.integers(1, 4)), int(rng.integers(1, 4))
        C = groups * int(rng.integers(1, 4))
        sizes, taps = rng.integers(1, 6, axes).tolist(), rng.integers(1, 5, axes).tolist()
        stride, dilation, pad = rng.integers(1, 4, axes), rng.integers(1, 3, axes), rng.integers(0, 3, axes)
        output_pad = rng.integers(0, np.maximum(stride, dilation))
        out = (np.array(sizes) - 1) * stride - 2 * pad + dilation * (np.array(taps) - 1) + output_pad + 1
        if (out < 1).any():
            continue
        more = {"stride": stride, "pad": pad, "output_pad": output_pad, "dilation": dilation}
        more = {key: tuple(value.tolist()) for key, value in more.items()} | {"groups": groups}
        ia, wt = rng.standard_normal((2, C, *sizes)), rng.standard_normal((C, each, *taps))
        bias = rng.standard_normal(each * groups)
        want = transposed_torch(ia, wt, bias, more)
        spelled = dict(more)
        if axes == 1:
            spelled = {key: value if key == "groups" else value[0] for key, value in more.items()}
        if axes == 3:
            spelled["pad"] = tuple((p, p) for p in more["pad"])
        mine = call(ia, wt, bias=bias, **spelled)
        assert mine.shape == want.shape and np.allclose(mine, want, rtol=0, atol=1e-12), more
        assert np.array_equal(call(ia[0], wt, bias=bias, **spelled), mine[0])  # without a batch
        done += 1


ONE = np.ones((1, 2, 3, 3), np.float32)
BAD = {
    "output pad as large as the stride": (ONE, (2, 1, 3, 3), {"stride": 2, "output_pad": 2}, "output_pad: want less than 2"),
    "padding takes all": (ONE, (2, 1, 1, 1), {"pad": 2}, "pad: it takes away all rows: -1 would be left"),
    "channels": (ONE, (3, 1, 3, 3), {}, "wt: want C = 2 on its first axis, as ia has"),
    "groups": (ONE, (2, 1, 3, 3), {"groups": 3}, "groups: 3 does not divide K = 2"),
    "bias": (ONE, (2, 4, 3, 3), {"bias": np.ones(3)}, r"bias: want shape \(4,\)"),
    "a word": (ONE, (2, 1, 3, 3), {"pad": "same"}, "pad: want a number"),
    "two axes": (ONE[0, 0], (2, 1, 3, 3), {}, "ia: want 4 axes"),
    "weights with three axes": (ONE, (2, 3, 3), {}, "wt: want 4 axes"),
}


@pytest.mark.parametrize("word", BAD)
def test_what_cannot_be_transposed_is_refused_in_words(word):
    ia, wt, more, sentence = BAD[word]
    with pytest.raises(ValueError, match=sentence):
        conv_transpose2d(ia, np.ones(wt, np.float32), **more)
