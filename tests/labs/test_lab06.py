"""Lab 06's right answers are right: against torch, scipy, the course's own formats and pipeline; the counts are those of the text."""

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from course_lib import ConvShape
from course_lib.exercises import EXERCISES, LABS, judge
from course_lib.exercises.exercise import in_process
from course_lib.machine.pipeline import run, sparse_naive
from course_lib.recorded import record
from course_lib.sparse import Machine, break_even, submanifold
from course_lib.sparse.direct import layout

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.lab06


def cases(name, seed=6):
    return [case.args for case in EXERCISES[name].cases(np.random.default_rng(seed))]


def reference(name):
    return EXERCISES[name].reference


@pytest.fixture(scope="module")
def solution():
    """The functions of the solution notebook, without its pictures."""
    import jupytext

    room = {"np": np}
    for cell in jupytext.read(ROOT / "solutions" / "06_sparse" / "lab06_sparse.py").cells:
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution"):
            exec(cell.source, room)
    return room


@pytest.mark.parametrize("name", LABS["06_sparse"])
@pytest.mark.parametrize("seed", [3, 4])
def test_the_solution_earns_everything_whatever_the_cases(solution, name, seed):
    verdict = judge(EXERCISES[name], in_process(solution[name]), seed)
    assert verdict.passed, verdict.message


def torchs(x, w):
    import torch

    return torch.nn.functional.conv2d(torch.from_numpy(x)[None].double(), torch.from_numpy(w).double())[0].numpy()


def test_all_three_convolutions_are_torchs(solution):
    for x, w in cases("conv2d_skip"):
        R, S = w.shape[2:]
        rowptr, colidx, value = reference("to_csr")(w.reshape(len(w), -1))
        offsets = reference("stretch_colidx")(colidx, R, S, *x.shape[1:])
        want = torchs(x, w)
        assert np.array_equal(reference("conv2d_skip")(x, w), want)
        assert np.array_equal(reference("conv2d_csr_im2col")(x, rowptr, colidx, value, R, S), want)
        assert np.array_equal(reference("conv2d_direct_sparse")(x, rowptr, offsets, value, R, S), want)
        assert np.array_equal(solution["conv2d_direct_sparse"](x, rowptr, offsets, value, R, S), want)


def test_csr_and_csc_are_scipys():
    for (a,) in cases("to_csr"):
        for name, witness in (("to_csr", scipy.sparse.csr_array(a)), ("to_csc", scipy.sparse.csc_array(a))):
            pointer, index, value = reference(name)(a)
            assert np.array_equal(pointer, witness.indptr) and np.array_equal(index, witness.indices)
            assert np.array_equal(value, witness.data)


def test_the_way_back_adds_up_what_is_given_twice():
    twice = 0
    for name, make in (("from_csr", scipy.sparse.csr_array), ("from_csc", scipy.sparse.csc_array)):
        for pointer, index, value, shape in cases(name):
            witness = make((value, index, pointer), shape=shape)
            assert np.array_equal(reference(name)(pointer, index, value, shape), witness.toarray())
            plain = make((value, index, pointer), shape=shape)
            plain.sum_duplicates()
            twice += plain.nnz < len(value)
    assert twice >= 4


def test_cycles_are_those_of_the_pipeline():
    for zeros, penalty in cases("pipeline_cycles"):
        assert reference("pipeline_cycles")(zeros, penalty) == run(sparse_naive([bool(z) for z in zeros]), penalty=penalty).cycles


def test_stretched_columns_are_the_papers_layout():
    for colidx, R, S, H, W in cases("stretch_colidx"):
        shape = ConvShape(1, int(max(colidx)) // (R * S) + 1, H, W, 1, R, S)
        want = [layout(shape, int(j) // (R * S), int(j) % (R * S) // S, int(j) % S) for j in colidx]
        assert reference("stretch_colidx")(colidx, R, S, H, W).tolist() == want


def test_the_direct_one_reads_neighbours_and_allocates_its_output_alone(solution):
    for x, rowptr, offsets, value, R, S in cases("conv2d_direct_sparse")[:5]:
        _, trace = record(solution["conv2d_direct_sparse"], x, rowptr, offsets, value, R, S)
        P, Q = x.shape[1] - R + 1, x.shape[2] - S + 1
        assert trace.macs == len(value) * P * Q and trace.marks["allocated"] == 8 * (len(rowptr) - 1) * P * Q
        steps = np.diff(trace.element("x"))
        assert (steps != 1).sum() <= len(value) * P


def test_break_even_is_the_rooms_and_brute_forces():
    for layer, machine in cases("break_even_density"):
        density = reference("break_even_density")(layer, machine)
        shape = ConvShape(1, layer["C"], layer["H"], layer["W"], layer["K"], layer["R"], layer["R"])
        if machine["beta"] == 2.0:  # the room's own beta
            theirs = Machine("case", machine["flops"], machine["bandwidth"], {"direct_sparse": machine["alpha"]})
            assert 1 - break_even(shape, "direct_sparse", theirs) == pytest.approx(density, abs=1e-6)
        from course_lib.exercises.lab06_sparse.pays import times

        grid = np.linspace(0, 1, 2001)
        pays = [d for d in grid if (lambda pair: pair[1] <= pair[0] * (1 + 1e-12))(times(layer, machine, float(d)))]
        assert max(pays, default=0.0) == pytest.approx(density, abs=1e-3)


def test_points_are_convolved_as_the_room_does():
    for coords, feats, w in cases("submanifold_conv"):
        assert np.array_equal(reference("submanifold_conv")(coords, feats, w), submanifold(coords, feats.astype(float), w.astype(float)))
