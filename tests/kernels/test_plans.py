"""Plans: any sizes give the right result, sizes that cannot be are said in words, the model's choice can be read."""

import numpy as np
import pytest

from course_lib.kernels import ALGORITHMS, compile_conv2d, compile_gemm, explain
from course_lib.kernels.compile import choose
from course_lib.kernels.cost import BYTES
from course_lib.kernels.gemm import GemmPlan, gemm_plan
from course_lib.kernels.plan import alike, even
from course_lib.kernels.planes import PlanesPlan
from course_lib.kernels.windows import WindowsPlan
from course_lib.kernels.winograd import WinogradPlan
from course_lib.shapes import ConvShape, GemmShape
from course_lib.zoo import NETWORKS
from tests.kernels.test_compile import close, inputs

SHAPES = {
    "windows": (
        ConvShape(1, 10, 9, 11, 23, 3, 3, pad=1),
        ConvShape(2, 12, 7, 6, 14, 1, 1, stride=2, groups=2),
        ConvShape(1, 37, 6, 6, 40, 1, 1),
    ),
    "winograd": (ConvShape(2, 32, 13, 11, 48, 3, 3, pad=1), ConvShape(1, 16, 9, 20, 16, 3, 3, pad=((2, 0), (0, 1)))),
    "planes": (ConvShape(2, 5, 13, 11, 10, 3, 3, pad=1, groups=5), ConvShape(1, 3, 9, 20, 3, 5, 3, stride=2, groups=3)),
}


def random_tile(rng, most=32):
    tall = int(rng.integers(1, 17))
    return tall, int(rng.integers(1, max(1, min(4, most // tall)) + 1))


def random_plan(algorithm, shape, rng):
    size = lambda most: int(np.ceil(np.exp(rng.uniform(0, np.log(2 * most)))))
    if algorithm == "windows":
        pixels = shape.P * shape.Q
        return WindowsPlan(*random_tile(rng), size(shape.C), size(pixels), size(shape.K), size(shape.K))
    if algorithm == "winograd":
        return WinogradPlan(int(rng.choice([2, 4, 6])), *random_tile(rng), size(8), size(shape.K))
    return PlanesPlan(*random_tile(rng))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("algorithm", SHAPES)
def test_any_plan_computes_the_layer(algorithm, seed):
    rng = np.random.default_rng(seed)
    shape = SHAPES[algorithm][seed % len(SHAPES[algorithm])]
    plan, (ia, wt) = random_plan(algorithm, shape, rng), inputs(shape, seed)
    units = 256 if getattr(plan, "m", 0) == 6 else 64  # patches of six by six lose a digit more
    assert close(compile_conv2d(wt, shape, 1 + seed % 3, algorithm, plan)(ia), ia, wt, shape, units), (shape, plan)


@pytest.mark.parametrize("seed", range(6))
def test_any_plan_computes_the_product(seed):
    rng = np.random.default_rng(seed)
    shape = GemmShape(*(int(rng.integers(1, 70)) for _ in range(3)))
    size = lambda most: int(rng.integers(1, 2 * most))
    plan = GemmPlan(
        ["blocks", "blocks", "blocks", "blocks", "rows", "columns"][seed], *random_tile(rng), size(shape.M), size(shape.N), size(shape.K)
    )
    a, b = rng.standard_normal(shape.a_shape, np.float32), rng.standard_normal(shape.b_shape, np.float32)
    exact, bound = a.astype(np.float64) @ b, np.abs(a).astype(np.float64) @ np.abs(b)
    c = compile_gemm(shape, 1 + seed % 2, plan)(a, b)
    assert np.all(np.abs(c - exact) <= min(shape.K, 64) * 2.0**-24 * bound), (shape, plan)


@pytest.mark.parametrize("algorithm", SHAPES)
def test_the_plan_of_the_model_is_a_plan_one_may_pass_on(algorithm):
    shape = SHAPES[algorithm][0]
    plan, (ia, wt) = ALGORITHMS[algorithm].plan(shape, 2), inputs(shape)
    assert np.array_equal(compile_conv2d(wt, shape, 2, algorithm, plan)(ia), compile_conv2d(wt, shape, 2, algorithm)(ia))


LAYER = SHAPES["windows"][0]
ZEROS = np.zeros(LAYER.wt_shape, np.float32)
MISTAKES = {
    "no channels": (lambda: WindowsPlan(8, 2, 0, 64, 64, 64), "plan.channels: want at least 1, got 0"),
    "half a pixel": (lambda: WindowsPlan(8, 2, 8, 0.5, 64, 64), "plan.pixels: want a whole number, got 0.5"),
    "more sums than registers": (lambda: PlanesPlan(8, 8), "plan.tall: want tall * vectors of at most 32 sums in registers, got 8 * 8"),
    "patches of five": (lambda: WinogradPlan(5, 8, 2, 4, 64), "plan.m: want one of 2, 4, 6, got 5"),
    "a way nobody knows": (lambda: GemmPlan("strassen", 8, 2, 64, 64, 64), "plan.way: want one of blocks, rows, columns"),
    "a plan of another way": (
        lambda: compile_conv2d(ZEROS, LAYER, 1, "windows", PlanesPlan(4, 1)),
        "plan: want a WindowsPlan, got PlanesPlan",
    ),
    "a plan for whatever comes": (
        lambda: compile_conv2d(ZEROS, LAYER, 1, "auto", PlanesPlan(4, 1)),
        "algorithm: a plan belongs to one of windows",
    ),
    "a plan where there is none": (
        lambda: compile_conv2d(ZEROS, LAYER, 1, "nest", PlanesPlan(4, 1)),
        "plan: 'nest' has no blocks to choose",
    ),
    "a number for a plan": (lambda: compile_gemm(GemmShape(8, 8, 8), 1, 7), "plan: want a GemmPlan, got 7"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_plan_that_cannot_be_is_answered_in_words(mistake):
    make, said = MISTAKES[mistake]
    with pytest.raises(ValueError) as error:
        make()
    assert said in str(error.value)


def test_the_model_explains_itself():
    report = explain(ConvShape(1, 64, 56, 56, 64, 3, 3, pad=1))
    assert set(report["algorithm"]) == {
        name for name in ALGORITHMS if not ALGORITHMS[name].takes(ConvShape(1, 64, 56, 56, 64, 3, 3, pad=1))
    }
    sums = [sum(row[part] for part in ("multiply-adds", "layout", "memory")) for row in report]
    assert np.allclose(sums, report["cycles"]) and sums == sorted(sums) and report["algorithm"][0] == "winograd"


def test_weights_that_fit_into_the_second_cache_come_from_afar_once():
    """16 channels: 36 KiB for Winograd, and another image moves its own numbers alone; 512 channels: 36 MiB, again each time."""

    def more(name, C):
        some, many = (ALGORITHMS[name].cost(shape, ALGORITHMS[name].plan(shape, 1)).memory for shape in
                     (ConvShape(N, C, 8, 8, C, 3, 3, pad=1) for N in (16, 64)))  # fmt: skip
        return (many - some) / 48

    for name in ("windows", "winograd"):
        assert more(name, 16) == 4 * 2 * 16 * 8 * 8 / BYTES
        assert more(name, 512) > 4 * 2 * 512 * 8 * 8 / BYTES


def test_thin_products_are_not_packed():
    assert gemm_plan(GemmShape(1, 512, 512)).way == "rows" and gemm_plan(GemmShape(512, 1, 512)).way == "columns"
    assert gemm_plan(GemmShape(512, 512, 512)).way == "blocks"


def test_every_depthwise_layer_of_mobilenet_is_done_in_planes():
    shapes = {layer.shape for layer in NETWORKS["mobilenet_v2"].layers if getattr(layer.shape, "groups", 1) > 1}
    assert len(shapes) > 8 and {choose(shape) for shape in shapes} == {"planes"}


@pytest.mark.parametrize("seed", range(20))
def test_blocks_of_one_size_are_taken_where_half_as_many_again_can_have_it(seed):
    rng = np.random.default_rng(seed)
    total, most, multiple = int(rng.integers(1, 4000)), int(rng.integers(1, 600)), int(rng.choice([1, 4, 16]))
    size, fewest = alike(total, most, multiple), -(-total // max(most, multiple))
    assert size % multiple == 0 and size <= max(most, multiple) + multiple - 1
    one_size = [n for n in range(fewest, fewest * 3 // 2 + 1) if total % (n * multiple) == 0]
    assert size == (total // one_size[0] if one_size else even(total, most, multiple))
