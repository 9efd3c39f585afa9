"""Spaces of schedules and plans: counted as the lecture asks, every configuration the same convolution."""

import math
from itertools import permutations, product

import numpy as np
import pytest

from course_lib.autotune import default_config, how_many, nest_of, plan_of, plan_space, schedule_space, simulated, simulated_space
from course_lib.autotune.jobs import windows_times_weights
from course_lib.autotune.spaces import config_of
from course_lib.bench import equal
from course_lib.kernels import compile_conv2d, compile_gemm
from course_lib.nest import build
from course_lib.nest.jit import registers
from course_lib.shapes import ConvShape, GemmShape

SLIDE = ConvShape(N=1, C=64, H=56, W=56, K=64, R=3, S=3, pad=1)
SHAPES = {
    "3x3": ConvShape(N=1, C=8, H=14, W=14, K=32, R=3, S=3, pad=1),
    "3x3, stride 2, odd": ConvShape(N=2, C=6, H=13, W=15, K=32, R=3, S=3, stride=2, pad=1),
    "pointwise": ConvShape(N=1, C=20, H=7, W=7, K=48, R=1, S=1),
    "one pixel": ConvShape(N=1, C=5, H=3, W=3, K=16, R=3, S=3),
    "groups, dilation": ConvShape(N=1, C=8, H=12, W=12, K=16, R=3, S=3, pad=2, dilation=2, groups=2),
    "depthwise": ConvShape(N=1, C=24, H=10, W=10, K=24, R=3, S=3, pad=1, groups=24),
}


def test_the_lectures_question_has_the_lectures_answer():
    table = how_many(SLIDE)
    assert dict(zip(table["loop"], table["factorisations"], strict=True)) == {"n": 1, "k": 28, "p": 30, "q": 30, "c": 28, "r": 3, "s": 3}
    # 28² · 30² · 3² tilings, 7! orders on each of three levels
    assert table.note == "6,350,400 tilings x 5,040^3 orders = 813,004,016,025,600,000 configurations"


def test_a_small_layer_is_counted_as_listing_counts():
    shape = GemmShape(4, 6, 2)
    tilings = math.prod(sum(1 for a, b in product(range(1, n + 1), repeat=2) if a * b == n) for n in (4, 6, 2))
    orders = len(list(permutations(range(3))))
    assert how_many(shape, levels=2).note.endswith(f"= {tilings * orders**2:,} configurations")


def operands(shape):
    rng = np.random.default_rng(0)
    return rng.standard_normal(shape.ia_shape, np.float32), rng.standard_normal(shape.wt_shape, np.float32)


@pytest.mark.parametrize("name", SHAPES)
def test_the_witness_is_torchs_convolution(name):
    import torch

    shape = SHAPES[name]
    ia, wt = operands(shape)
    ways = {"stride": shape.strides, "padding": shape.pads[0][0], "dilation": shape.dilations, "groups": shape.groups}
    theirs = torch.nn.functional.conv2d(torch.from_numpy(ia), torch.from_numpy(wt), **ways)
    equal(name, windows_times_weights(ia, wt, shape), theirs, shape.C // shape.groups * shape.R * shape.S)


@pytest.mark.parametrize("name", [name for name, shape in SHAPES.items() if shape.groups == 1])
def test_every_schedule_computes_the_convolution(name):
    shape = SHAPES[name]
    ia, wt = operands(shape)
    want, space = windows_times_weights(ia, wt, shape), schedule_space(shape)
    for config in space.sample(np.random.default_rng(1), 2):
        equal(str(config), build(nest_of(shape, space, config))(ia, wt), want, shape.C * shape.R * shape.S)


def test_every_schedule_of_a_product_computes_it():
    shape = GemmShape(12, 32, 20)
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal(shape.a_shape, np.float32), rng.standard_normal(shape.b_shape, np.float32)
    space = schedule_space(shape)
    for config in space.sample(rng, 3):
        equal(str(config), build(nest_of(shape, space, config))(a, b), a @ b, shape.K)


@pytest.mark.parametrize("name", SHAPES)
def test_every_plan_computes_the_convolution(name):
    shape = SHAPES[name]
    ia, wt = operands(shape)
    want, space = windows_times_weights(ia, wt, shape), plan_space(shape)
    for config in space.sample(np.random.default_rng(2), 2):
        algorithm, plan = plan_of(shape, space, config)
        equal(str(plan), compile_conv2d(wt, shape, algorithm=algorithm, plan=plan)(ia), want, shape.C // shape.groups * shape.R * shape.S)


def test_every_plan_of_a_product_computes_it():
    shape = GemmShape(50, 70, 90)
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal(shape.a_shape, np.float32), rng.standard_normal(shape.b_shape, np.float32)
    space = plan_space(shape)
    for config in space.sample(rng, 2):
        equal(str(config), compile_gemm(shape, plan=plan_of(shape, space, config)[1])(a, b), a @ b, shape.K)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shape", [*SHAPES.values(), SLIDE, GemmShape(64, 100, 80)])
def test_what_is_done_by_default_is_in_the_space(shape, threads):
    space = plan_space(shape, threads)
    config = default_config(shape, space, threads)
    assert config in space
    assert config_of(space, *plan_of(shape, space, config)) == config


def test_no_plan_wants_more_registers_than_there_are():
    space = plan_space(SLIDE)
    tall, vectors = space.names.index("tall"), space.names.index("vectors")
    assert all(c[tall] * c[vectors] + c[vectors] + 1 <= registers() for c in space.sample(np.random.default_rng(0), 300))


def test_the_simulated_machine_says_the_same_twice_and_more_for_worse():
    measure, space = simulated(SLIDE), simulated_space(SLIDE)
    good = (16, 16, 28, 14, "k_t p_t q_t c_t", "p_s q_s r s")
    bad = (2, 8, 8, 8, "c_t k_t p_t q_t", "r s p_s q_s")
    assert good in space and bad in space
    assert measure(good) == measure(good) < measure(bad)
    assert simulated(SLIDE, "cycles")(good) >= SLIDE.macs / 256  # 256 multiply-accumulates a cycle at the most


@pytest.mark.parametrize(
    ("make", "says"),
    {
        "groups": (lambda: schedule_space(SHAPES["depthwise"]), "want one group"),
        "K": (lambda: schedule_space(ConvShape(N=1, C=3, H=5, W=5, K=3, R=1, S=1)), "K a multiple of"),
        "N": (lambda: schedule_space(GemmShape(4, 3, 4)), "want a multiple of"),
        "what": (lambda: simulated(SLIDE, "joy"), "want 'energy' or 'cycles', got 'joy'"),
    }.values(),
)
def test_what_cannot_be_is_said_in_a_sentence(make, says):
    with pytest.raises(ValueError, match=says):
        make()
