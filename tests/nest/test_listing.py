"""The listings are golden text files, reviewed as diffs; RENEW=1 writes them anew."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from course_lib.nest import build, conv_problem, run, schedule, sum_problem
from course_lib.shapes import ConvShape
from tests.nest.listings import LISTINGS
from tests.nest.random_nests import random_inputs, random_schedule

GOLDEN = Path(__file__).parent.parent / "golden" / "nest"

# The slide, frame 'Direct Convolution: Loop Ordering + Unrolling + Tiling', all its lines; it closes five of its eight braces.
SLIDE = """
for (n=0; n<N; n++) {
for (r=0; r<R; r++) {
for (s=0; s<S; s++) {
for (c_t=0; c_t<C/16; c_t++) {
for (k_t=0; k_t<K/64; k_t++) {
spatial_for (c_s=0; c_s<16; c_s++) {
spatial_for (k_s=0; k_s<64; k_s++) {
    int curr_c = c_t * 16 + c_s;
    int curr_k = k_t * 64 + k_s;
    float curr_w = W[r][s][curr_c][curr_k];
    for (p=0; p<P; p++) for (q=0; q<Q; q++) {
        h = p * stride - pad + r; w = q * stride - pad + s;
        OA[n][curr_k][p][q] += IA[n][curr_c][h][w] * curr_w;
} } } } }
"""


@pytest.mark.parametrize("name", LISTINGS)
def test_a_listing_is_its_golden_file(name):
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("RENEW") == "1":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{LISTINGS[name]}\n")
    assert f"{LISTINGS[name]}\n" == file.read_text()


def test_the_tiled_listing_is_the_slide_line_for_line():
    slide, ours = SLIDE.strip().splitlines(), str(LISTINGS["ordering_unrolling_tiling"]).splitlines()
    assert ours[:-1] == slide[:-1]
    assert set(ours[-1]) == set(slide[-1])  # braces only, and of those as many as were opened
    assert ours[-1].count("}") == sum(line.count("{") for line in ours)


C_NESTS = {
    "ragged tiles of tiles": schedule(conv_problem(ConvShape(1, 5, 6, 6, 7, 3, 3, pad=1))).tile(k=4, c=3, q=4).tile(q_s=3).hold("OA"),
    "groups, ragged inside": schedule(conv_problem(ConvShape(2, 6, 5, 5, 9, 3, 3, groups=3, stride=2, pad=1))).tile(k=2, p=2).hold("W"),
    "depthwise": schedule(conv_problem(ConvShape(1, 5, 6, 6, 5, 3, 3, groups=5, pad=1), ia="NHWC", oa="NPQK")).tile(c=4),
    "a column of its own padding": schedule(conv_problem(ConvShape(1, 2, 4, 6, 3, 3, 2, (2, 1), ((0, 2), (1, 0)), (1, 2)))),
    "blocked layouts, not filled": schedule(conv_problem(ConvShape(1, 5, 5, 5, 7, 3, 3), "NCHW4c", "KCRS3k", "NKPQ3k")).tile(k=3),
    "a sum held": schedule(sum_problem(5, 7), "j i").tile(i=2).hold("SUM"),
    **{f"random nest {seed}": random_schedule(np.random.default_rng(seed)) for seed in range(30)},
}


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler on this machine; everything else does without one")
@pytest.mark.parametrize("name", C_NESTS)
def test_the_c_text_compiles_without_a_warning_and_computes_what_run_computes(name, tmp_path):
    import ctypes

    nest = C_NESTS[name]
    a, b = random_inputs(np.random.default_rng(0), nest.problem)
    (tmp_path / "nest.c").write_text(nest.c)
    strict = ["-std=c99", "-pedantic-errors", "-Wall", "-Werror", "-Wno-unused-variable"]
    subprocess.run(["cc", *strict, "-O1", "-shared", "-fPIC", "nest.c", "-o", "nest.so"], cwd=tmp_path, check=True)
    out = np.zeros(nest.problem.out.memory_shape, np.float32)
    arrays = [nest.problem.ins[0].pack(a), nest.problem.ins[1].pack(b), out]
    ctypes.CDLL(str(tmp_path / "nest.so")).kernel(*(ctypes.c_void_p(array.ctypes.data) for array in arrays))
    assert np.array_equal(nest.problem.out.unpack(out), run(nest, a, b))


def test_the_python_text_is_a_function_one_can_call():
    nest = schedule(conv_problem(ConvShape(1, 2, 5, 5, 3, 3, 3, pad=1))).tile(k=2).hold("OA")
    exec(nest.python, text := {})
    ia, wt = random_inputs(np.random.default_rng(0), nest.problem)
    oa = np.zeros((1, 3, 5, 5), np.float32)
    text["kernel"](ia, nest.problem.ins[1].pack(wt), oa)
    assert np.array_equal(oa, run(nest, ia, wt))


def test_ir_and_assembly_can_be_read():
    nest = schedule(conv_problem(ConvShape(1, 2, 5, 5, 8, 3, 3)), "n p q c r s k").vectorize("k")
    assert "<8 x float>" in nest.ir and "phi" in nest.ir  # eight lanes, sums carried by the loop
    built = build(nest)
    assert built.source == str(nest) and "kernel" in built.assembly
