"""Compiled layers and products: equal to torch in float64 on any shape, right where shapes are awkward, honest about bad input."""

import dataclasses
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
import torch

from course_lib.kernels import compile_conv2d, compile_gemm
from course_lib.kernels.compile import ALGORITHMS, choose
from course_lib.kernels.cook_toom import cook_toom
from course_lib.nest import jit
from course_lib.shapes import ConvShape, GemmShape

SHAPES = {
    "the slide": ConvShape(1, 3, 56, 56, 64, 3, 3),
    "padded": ConvShape(1, 20, 14, 14, 32, 3, 3, pad=1),
    "a batch": ConvShape(3, 8, 9, 9, 16, 3, 3, pad=1),
    "stride 2, odd sizes": ConvShape(1, 17, 15, 13, 22, 3, 3, stride=2, pad=1),
    "pointwise": ConvShape(1, 300, 7, 7, 40, 1, 1),
    "pointwise, stride 2": ConvShape(1, 33, 14, 14, 20, 1, 1, stride=2),
    "pointwise, padded": ConvShape(1, 5, 6, 6, 7, 1, 1, pad=1),
    "first layer of a ResNet": ConvShape(1, 3, 64, 64, 64, 7, 7, stride=2, pad=3),
    "first layer of AlexNet": ConvShape(1, 3, 67, 67, 20, 11, 11, stride=4, pad=2),
    "stride 3": ConvShape(1, 4, 20, 20, 6, 3, 3, stride=3, pad=1),
    "dilated": ConvShape(1, 6, 16, 16, 9, 3, 3, pad=2, dilation=2),
    "grouped": ConvShape(2, 12, 10, 10, 18, 3, 3, pad=1, groups=3),
    "depthwise": ConvShape(2, 10, 14, 14, 10, 3, 3, pad=1, groups=10),
    "depthwise, stride 2": ConvShape(1, 10, 15, 14, 10, 3, 3, stride=2, pad=1, groups=10),
    "depthwise, three filters a channel": ConvShape(1, 4, 9, 9, 12, 5, 5, pad=2, groups=4),
    "depthwise, pooled away": ConvShape(1, 4, 9, 9, 4, 9, 9, groups=4),
    "one pixel": ConvShape(1, 50, 1, 1, 30, 1, 1),
    "one column": ConvShape(1, 5, 30, 1, 8, 3, 1),
    "padding wider than the picture": ConvShape(1, 2, 2, 2, 3, 5, 5, pad=4),
    "more above than below": ConvShape(1, 3, 8, 8, 5, 3, 2, pad=((2, 0), (0, 1))),
    "Winograd, four by four": ConvShape(2, 32, 13, 18, 48, 3, 3, pad=1),
    "Winograd, two by two": ConvShape(1, 64, 7, 7, 32, 3, 3, pad=1),
    "Winograd, narrow, lopsided": ConvShape(1, 32, 40, 5, 32, 3, 3, pad=((2, 0), (0, 1))),
}


def inputs(shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape.ia_shape, np.float32), rng.standard_normal(shape.wt_shape, np.float32)


def in_float64(ia, wt, shape):
    (top, bottom), (left, right) = shape.pads
    padded = torch.nn.functional.pad(torch.from_numpy(ia).double(), (left, right, top, bottom))
    conv = torch.nn.functional.conv2d
    options = {"stride": shape.strides, "dilation": shape.dilations, "groups": shape.groups}
    exact = conv(padded, torch.from_numpy(wt).double(), **options).numpy()
    size = conv(padded.abs(), torch.from_numpy(wt).double().abs(), **options).numpy()
    return exact, size


def close(oa, ia, wt, shape, units=64):
    """Each sum of n products is off by at most n roundings of the sum of their sizes (Higham 2002, 3.1); in blocks by far less."""
    exact, size = in_float64(ia, wt, shape)
    n = max(shape.C // shape.groups * shape.R * shape.S, units - 64)
    return oa.dtype == np.float32 and oa.shape == exact.shape and np.all(np.abs(oa - exact) <= min(n, units) * 2.0**-24 * size)


@pytest.mark.parametrize("name", SHAPES)
def test_a_compiled_layer_is_torchs_convolution(name):
    shape = SHAPES[name]
    ia, wt = inputs(shape)
    layer = compile_conv2d(wt, shape, 1 + len(name) % 2)  # half of them on two threads
    assert close(layer(ia), ia, wt, shape) and close(layer(-ia), -ia, wt, shape)  # twice: buffers are used again


def test_more_threads_than_there_is_work_do_no_harm():
    for name in ("one pixel", "depthwise, pooled away", "Winograd, two by two"):
        ia, wt = inputs(SHAPES[name])
        assert close(compile_conv2d(wt, SHAPES[name], 5)(ia), ia, wt, SHAPES[name])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_computes_every_layer_it_takes(algorithm):
    for name, shape in SHAPES.items():
        if shape.macs < (400_000 if algorithm != "windows" else 100_000) and not ALGORITHMS[algorithm].takes(shape):
            ia, wt = inputs(shape)
            assert close(compile_conv2d(wt, shape, 2, algorithm)(ia), ia, wt, shape), (algorithm, name)


def test_random_layers_are_torchs_convolution():
    rng = np.random.default_rng(1)
    pair = lambda low, high: (int(rng.integers(low, high)), int(rng.integers(low, high)))
    made = 0
    while made < 10:
        groups = int(rng.choice([1, 1, 1, 2, 4]))
        C, K = groups * int(rng.integers(1, 30)), groups * int(rng.integers(1, 40))
        try:
            pads = (pair(0, 3), pair(0, 3))
            shape = ConvShape(int(rng.integers(1, 3)), C, *pair(1, 30), K, *pair(1, 5), pair(1, 4), pads, pair(1, 3), groups)
        except ValueError:  # the kernel does not fit: draw again
            continue
        made += 1
        ia, wt = inputs(shape, made)
        assert close(compile_conv2d(wt, shape, 1 + made % 2)(ia), ia, wt, shape), shape


@pytest.mark.parametrize(
    "sizes",
    [
        (1, 1, 1),
        (1, 700, 33),
        (4, 600, 100),
        (5, 40, 300),
        (70, 1, 45),
        (6, 16, 8),
        (50, 70, 300),
        (130, 33, 600),
        (300, 2100, 20),
        (100, 16, 300),
        (257, 255, 513),
    ],
)
def test_a_compiled_product_is_numpys(sizes):
    shape, threads = GemmShape(*sizes), 1 + sum(sizes) % 2  # half of them on two threads
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal(shape.a_shape, np.float32), rng.standard_normal(shape.b_shape, np.float32)
    exact, size = a.astype(np.float64) @ b, np.abs(a).astype(np.float64) @ np.abs(b)
    c = compile_gemm(shape, threads)(a, b)
    assert c.dtype == np.float32 and np.all(np.abs(c - exact) <= min(shape.K, 64) * 2.0**-24 * size)


@pytest.mark.parametrize("sizes", [(0, 3, 4), (3, 0, 4), (3, 4, 0)])
def test_a_product_with_nothing_in_it_is_zeros(sizes):
    shape = GemmShape(*sizes)
    c = compile_gemm(shape)(np.ones(shape.a_shape, np.float32), np.ones(shape.b_shape, np.float32))
    assert c.shape == shape.c_shape and not c.any()


def test_an_empty_batch_is_an_empty_result():
    shape = ConvShape(0, 3, 8, 8, 4, 3, 3)
    assert compile_conv2d(np.zeros(shape.wt_shape, np.float32), shape)(np.zeros(shape.ia_shape, np.float32)).shape == (0, 4, 6, 6)


def test_a_layer_keeps_the_weights_it_was_given():
    shape = ConvShape(1, 4, 6, 6, 4, 3, 3, groups=4)
    ia, wt = inputs(shape)
    layer = compile_conv2d(wt, shape)
    before = layer(ia)
    wt[:] = 0
    assert np.array_equal(layer(ia), before) and before.any()


def test_views_and_other_types_are_taken_as_they_are_meant():
    shape = ConvShape(1, 4, 6, 6, 5, 3, 3)
    ia, wt = inputs(shape)
    layer = compile_conv2d(wt, shape)
    nhwc = np.ascontiguousarray(ia.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    assert np.array_equal(layer(nhwc), layer(ia)) and np.array_equal(layer(ia.astype(np.float64)), layer(ia))


def test_cook_toom_gives_winograds_f_2_3():
    at, g, bt = cook_toom(2, 3, [0, 1, -1])
    half = Fraction(1, 2)  # Winograd's own: 4 multiplications (the signs of the last row and column may change together)
    assert g == ((1, 0, 0), (half, half, half), (half, -half, half), (0, 0, 1))
    assert bt == ((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, -1, 0, 1)) and at == ((1, 1, 1, 0), (0, 1, -1, 1))


@pytest.mark.parametrize("m, r", [(2, 3), (4, 3), (3, 2), (2, 5)])
def test_cook_toom_filters_exactly_in_fractions(m, r):
    points = [Fraction(p, 2) for p in (0, 1, -1, 2, -2, 3, -3)][: m + r - 2]
    at, g, bt = cook_toom(m, r, points)
    d, w = [Fraction(3 * i * i - 7 * i + 1) for i in range(m + r - 1)], [Fraction(5 - 2 * i) for i in range(r)]
    dot = lambda matrix, vector: [sum(x * y for x, y in zip(row, vector, strict=True)) for row in matrix]
    y = dot(at, [u * v for u, v in zip(dot(g, w), dot(bt, d), strict=True)])
    assert y == [sum(d[i + j] * w[j] for j in range(r)) for i in range(m)]


def test_winograd_loses_less_than_a_digit_against_the_direct_sum():
    shape = ConvShape(1, 256, 16, 16, 32, 3, 3, pad=1)
    ia, wt = inputs(shape)
    exact, _ = in_float64(ia, wt, shape)
    errors = [np.sqrt(np.mean((compile_conv2d(wt, shape, 1, way)(ia) - exact) ** 2)) for way in ("windows", "winograd")]
    assert errors[1] < 8 * errors[0]


def test_the_model_takes_the_way_that_suits_the_layer():
    assert choose(SHAPES["depthwise"]) == "planes" and choose(SHAPES["Winograd, two by two"]) == "winograd"
    assert choose(SHAPES["grouped"]) == choose(SHAPES["the slide"]) == "windows"


MISTAKES = {
    "weights of another layer": (
        lambda: compile_conv2d(np.zeros((5, 4, 3, 3)), SHAPES["padded"]),
        "wt: want (32, 20, 3, 3), got (5, 4, 3, 3)",
    ),
    "pictures of another size": (
        lambda: compile_conv2d(np.zeros((32, 20, 3, 3)), SHAPES["padded"])(np.zeros((1, 20, 9, 9))),
        "ia: want (1, 20, 14, 14)",
    ),
    "an algorithm nobody wrote": (
        lambda: compile_conv2d(np.zeros((32, 20, 3, 3)), SHAPES["padded"], algorithm="magic"),
        "want auto or one of windows",
    ),
    "no threads": (lambda: compile_conv2d(np.zeros((32, 20, 3, 3)), SHAPES["padded"], threads=0), "threads: want at least 1, got 0"),
    "planes for a dense layer": (lambda: compile_conv2d(np.zeros((32, 20, 3, 3)), SHAPES["padded"], algorithm="planes"), "depthwise"),
    "Winograd for five by five": (lambda: compile_conv2d(np.zeros((8, 8, 5, 5)), ConvShape(1, 8, 9, 9, 8, 5, 5), 1, "winograd"), "3x3"),
    "cook_toom with a point twice": (lambda: cook_toom(2, 3, [0, 1, 1]), "want 3 different ones for F(2,3)"),
    "a product of other sizes": (
        lambda: compile_gemm(GemmShape(2, 3, 4))(np.zeros((2, 4)), np.zeros((3, 4))),
        "b: want (4, 3), got (3, 4)",
    ),
    "no shape": (lambda: compile_gemm((2, 3, 4)), "want a GemmShape"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_answered_in_words(mistake):
    make, said = MISTAKES[mistake]
    with pytest.raises(ValueError) as error:
        make()
    assert said in str(error.value)


@pytest.mark.parametrize("algorithm", ["windows", "winograd", "planes", "direct_sparse", "block_sparse", "nm_sparse"])
def test_a_layer_that_comes_again_is_not_compiled_again_and_its_weights_are_its_own(algorithm):
    shape = SHAPES["depthwise"] if algorithm == "planes" else ConvShape(1, 16, 14, 14, 32, 3, 3, pad=1)
    rng = np.random.default_rng(3)
    ia, weights = rng.standard_normal(shape.ia_shape, np.float32), rng.standard_normal((2, *shape.wt_shape), np.float32)
    first, second = (compile_conv2d(wt, shape, algorithm=algorithm) for wt in weights)
    assert first.library is second.library
    for layer, wt in zip((first, second), weights, strict=True):
        want = torch.nn.functional.conv2d(torch.from_numpy(ia), torch.from_numpy(wt), padding=shape.pad, groups=shape.groups)
        np.testing.assert_allclose(layer(ia), want, rtol=1e-3, atol=1e-3)
    other = dataclasses.replace(shape, H=shape.H + 1)
    assert compile_conv2d(weights[0], other, algorithm=algorithm).library is not first.library


def test_a_product_that_comes_again_is_not_compiled_again_and_its_buffers_are_its_own():
    shape = GemmShape(30, 40, 20)
    first, second = compile_gemm(shape), compile_gemm(shape)
    assert first.library is second.library is not compile_gemm(GemmShape(30, 40, 21)).library
    rooms = [buffer for product in (first, second) for room in product.rooms for buffer in room]
    assert not any(np.shares_memory(one, other) for one, other in combinations(rooms, 2))


@pytest.mark.parametrize("bits", [128, 512])
def test_layers_are_right_with_the_vectors_of_other_machines(bits, monkeypatch):
    """LLVM splits or joins vectors this machine has not; the code that AVX-512 and NEON machines run is the same."""
    monkeypatch.setattr(jit, "vector_bits", lambda: bits)
    assert jit.lanes() == bits // 32
    for name in (
        "stride 2, odd sizes",
        "first layer of a ResNet",
        "stride 3",
        "grouped",
        "depthwise, stride 2",
        "Winograd, narrow, lopsided",
    ):
        ia, wt = inputs(SHAPES[name])
        assert close(compile_conv2d(wt, SHAPES[name])(ia), ia, wt, SHAPES[name]), name
    a, b = (np.random.default_rng(0).standard_normal(shape, np.float32) for shape in ((45, 70), (70, 99)))
    assert np.allclose(compile_gemm(GemmShape(45, 99, 70))(a, b), a.astype(np.float64) @ b, rtol=0, atol=1e-4)
