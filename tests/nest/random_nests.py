"""Random problems and schedules, small enough to be run one iteration at a time."""

import numpy as np

from course_lib.nest import conv1d_problem, conv_problem, gemm_problem, schedule, sum_problem
from course_lib.shapes import ConvShape, GemmShape


def random_layout(rng, letters):
    letters = list(letters)
    rng.shuffle(letters)
    blocks = [f"{rng.integers(2, 5)}{letter.lower()}" for letter in letters if rng.random() < 0.15]
    return "".join(letters + blocks)


def random_conv_shape(rng):
    kind = rng.choice(["plain", "plain", "plain", "groups", "depthwise"])
    groups = 1 if kind == "plain" else int(rng.integers(2, 4))
    C, K = (groups, groups) if kind == "depthwise" else (groups * int(rng.integers(1, 5)), groups * int(rng.integers(1, 6)))
    pair = lambda low, high: (int(rng.integers(low, high)), int(rng.integers(low, high)))
    while True:
        pad = (pair(0, 3), pair(0, 3)) if rng.random() < 0.5 else 0
        H, W, R, S = (int(rng.integers(1, 7)) for _ in range(4))
        try:
            shape = ConvShape(int(rng.integers(1, 3)), C, H, W, K, min(R, 3), min(S, 3), pair(1, 3), pad, pair(1, 3), groups)
        except ValueError:  # the kernel does not fit: draw again
            continue
        if shape.macs <= 6000:
            return shape


def random_problem(rng):
    kind = rng.random()
    if kind < 0.6:
        return conv_problem(random_conv_shape(rng), random_layout(rng, "NCHW"), random_layout(rng, "KCRS"), random_layout(rng, "NKPQ"))
    if kind < 0.85:
        M, N, K = (int(n) for n in rng.integers(1, 18, 3))
        return gemm_problem(GemmShape(M, N, K), random_layout(rng, "IK"), random_layout(rng, "KJ"), random_layout(rng, "IJ"))
    if kind < 0.95:
        return conv1d_problem(int(rng.integers(1, 30)), int(rng.integers(1, 6)))
    return sum_problem(int(rng.integers(1, 12)), int(rng.integers(1, 12)))


def random_schedule(rng, problem=None):
    """A schedule with everything a schedule can have: tiles of tiles, any order, any marks."""
    problem = problem or random_problem(rng)
    nest = schedule(problem)
    for _ in range(rng.integers(0, 4)):
        loop = nest.loops[rng.integers(len(nest.loops))]
        if len(nest.loops) < 11:
            nest = nest.tile(**{loop.name: int(rng.integers(1, max(2, min(loop.extent + 2, 9))))})
    order = [loop.name for loop in nest.loops]
    rng.shuffle(order)
    nest = nest.reorder(" ".join(order))
    if rng.random() < 0.6 and nest.loops[-1].extent <= 8:
        nest = nest.vectorize(nest.loops[-1].name)
    first = nest.loops[0]
    if rng.random() < 0.3 and first.kind == "serial" and first.dim not in problem.reduction:
        nest = nest.parallel(first.name)
    copies = 1
    for loop in reversed(nest.loops):
        if loop.kind != "serial":
            continue
        chance = rng.random()
        if chance < 0.35 and copies * loop.extent <= 24:
            copies *= loop.extent
            nest = nest.unroll(loop.name)
        elif chance < 0.45:
            nest = nest.spatial(loop.name)
    held = [tensor.name for tensor in problem.tensors if rng.random() < 0.25]
    return nest.hold(" ".join(held)) if held else nest


def random_inputs(rng, problem, dtype=np.float32):
    return tuple(rng.integers(-4, 5, tensor.shape).astype(dtype) for tensor in problem.ins)
