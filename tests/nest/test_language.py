"""What one can say of a loop nest, and what one hears when it cannot be said."""

import numpy as np
import pytest

from course_lib.machine import Cache, simulate_nest
from course_lib.nest import build, conv1d_problem, conv_problem, count, gemm_problem, run, schedule, shared, stationary, sum_problem, trace
from course_lib.shapes import ConvShape, GemmShape

LAYER = conv_problem(ConvShape(N=1, C=32, H=8, W=8, K=64, R=3, S=3, pad=1))
NEST = schedule(LAYER, "n r s c k p q")

MISTAKES = {
    "a loop forgotten": (lambda: NEST.reorder("n k p q c r"), "reorder: loops are n r s c k p q; missing: s"),
    "a loop that is not there": (lambda: NEST.reorder("n k p q c r s x"), "unknown: x"),
    "a loop twice": (lambda: NEST.reorder("n k p q c r s s"), "twice: s"),
    "an order with a slip": (lambda: schedule(LAYER, "n r s c k p"), "missing: q"),
    "tiling a loop that is gone": (lambda: NEST.tile(c=4).tile(c=2), "tile: there is no loop 'c'; the loops are n r s c_t c_s k p q"),
    "a tile of nothing": (lambda: NEST.tile(c=0), "tile: c: want at least 1, got 0"),
    "a tile of no loop": (lambda: NEST.tile(), "tile: want a loop and the size of its tiles, as in .tile(q=16)"),
    "half a tile": (lambda: NEST.tile(c=2.5), "tile: c: want a whole number, got 2.5"),
    "threads adding to one number": (lambda: NEST.reorder("c n r s k p q").parallel("c"), "parallel: c is summed over"),
    "threads inside": (lambda: NEST.parallel("k"), "reorder k to the front"),
    "lanes outside": (lambda: NEST.vectorize("k"), "the lanes must be the innermost loop; inside k there is p q"),
    "too many lanes": (lambda: schedule(gemm_problem(GemmShape(4, 100, 4)), "i k j").vectorize("j"), ".tile(j=8)"),
    "two kinds of lanes": (lambda: NEST.vectorize("p q"), "want exactly one loop"),
    "a wall of text": (lambda: NEST.unroll("c k"), "unroll: 2048 copies of the body are too many"),
    "two marks": (lambda: NEST.unroll("c").spatial("c"), "spatial: c is already marked unroll"),
    "a mark, then a tile": (lambda: NEST.spatial("c").tile(c=4), "tile first, then .spatial"),
    "reordering lanes away": (lambda: NEST.vectorize("q").reorder("q n r s c k p"), "the lanes must be the innermost loop"),
    "holding nothing": (lambda: NEST.hold("X"), "want one of IA W OA, got 'X'"),
    "holding no name at all": (lambda: NEST.hold(""), "want a tensor to hold, one of IA W OA"),
    "a problem without an order": (lambda: count(LAYER), "schedule(problem) first: a problem has no order"),
    "nothing to run": (lambda: run(None, np.zeros(1), np.zeros(1)), "run: want a Schedule"),
    "nothing to trace": (lambda: trace("n k"), "trace: want a Schedule such as schedule(conv_problem(shape)), got 'n k'"),
    "nothing to build": (lambda: build(None), "build: want a Schedule"),
    "nothing to simulate": (lambda: simulate_nest(LAYER, [Cache(512, 32, 2)]), "simulate_nest: want a Schedule"),
    "numbers of no bytes": (lambda: trace(NEST, 0), "itemsize: want at least 1, got 0"),
    "no layout": (lambda: conv_problem(LAYER.of, wt=None), "layout of W: want the letters KCRS once each"),
    "holding twice": (lambda: NEST.hold("W").hold("W"), "W is held already"),
    "not names": (lambda: NEST.unroll(3), "want loop names"),
    "nothing to mark": (lambda: NEST.unroll(""), "want a loop to mark"),
    "a layout without an axis": (lambda: conv_problem(LAYER.of, ia="NHW"), "layout of IA: want the letters NCHW once each"),
    "a layout with a stranger": (lambda: conv_problem(LAYER.of, wt="RSCZ"), "layout of W"),
    "a shape that is no shape": (lambda: conv_problem((1, 2, 3)), "want a ConvShape"),
    "a tensor of the wrong shape": (
        lambda: run(NEST, np.zeros((1, 8, 8, 32)), np.zeros((64, 32, 3, 3))),
        "IA: want (1, 32, 8, 8) = (N, C, H, W)",
    ),
    "whole numbers compiled": (lambda: build(NEST, np.int32), "want float32 or float64"),
    "a trace too long": (lambda: trace(schedule(gemm_problem(GemmShape(1024, 1024, 1024)))), "count() gives the totals"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_answered_with_what_to_type(mistake):
    make, said = MISTAKES[mistake]
    with pytest.raises(ValueError) as error:
        make()
    assert said in str(error.value)


def test_a_schedule_never_changes():
    before = str(NEST)
    NEST.tile(c=4).spatial("c_s").hold("W")
    assert str(NEST) == before and NEST.order == "n r s c k p q"


def test_splitting_alone_changes_nothing_but_the_text():
    nest = schedule(conv1d_problem(Q=9, S=4), "s q")
    tiled = nest.tile(q=3)
    assert np.array_equal(trace(nest).address, trace(tiled).address) and str(nest) != str(tiled)


def test_exchanging_two_loops_changes_the_order_of_the_accesses_and_not_the_result():
    rows, columns = (schedule(sum_problem(6, 7), order) for order in ("i j", "j i"))
    a, b = np.arange(42.0).reshape(6, 7), np.ones((6, 7))
    assert run(rows, a, b) == run(columns, a, b) == 861  # 41 * 42 / 2
    assert list(np.diff(trace(rows).element("A"))[:6]) == [1] * 6  # along a row: neighbours
    assert list(np.diff(trace(columns).element("A"))[:5]) == [7] * 5  # down a column: a row apart


def test_stationary_is_a_question_put_to_the_order():
    assert stationary(schedule(conv1d_problem(9, 4), "q s"), "OA") == ("s",)
    assert stationary(schedule(conv1d_problem(9, 4), "s q"), "W") == ("q",)
    assert stationary(NEST, "W") == ("p", "q")
    assert stationary(NEST, "OA") == ()
    assert stationary(schedule(LAYER, "n r s c p q k"), "IA") == ("k",)


def test_spatial_loops_that_do_not_move_a_tensor_share_its_reads():
    array = NEST.tile(c=16, k=64).reorder("n r s c_t k_t c_s k_s p q").spatial("c_s k_s")
    assert shared(array, "IA") == ("k_s",)  # one pixel to 64 columns
    assert shared(array, "OA") == ("c_s",)  # an adder tree over 16 rows
    assert shared(array, "W") == ()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.complex128])
def test_run_takes_any_type(dtype):
    shape = GemmShape(3, 4, 5)
    a, b = np.arange(15).reshape(3, 5).astype(dtype), np.arange(20).reshape(5, 4).astype(dtype)
    out = run(schedule(gemm_problem(shape), "k i j"), a, b)
    assert out.dtype == dtype and np.array_equal(out, a @ b)


def test_build_computes_in_float64_where_asked():
    a, b = np.random.default_rng(0).standard_normal((2, 40, 40))
    nest = schedule(gemm_problem(GemmShape(40, 40, 40)), "i k j").tile(j=4).reorder("i j_t k j_s").vectorize("j_s")
    assert np.abs(build(nest, np.float64)(a, b) - a @ b).max() < 40 * 2**-52 * np.abs(a).max() * np.abs(b).max() * 40


def test_an_empty_batch_is_an_empty_result():
    nest = schedule(conv_problem(ConvShape(0, 2, 4, 4, 3, 3, 3)))
    ia, wt = np.zeros((0, 2, 4, 4), np.float32), np.zeros((3, 2, 3, 3), np.float32)
    assert run(nest, ia, wt).shape == build(nest)(ia, wt).shape == (0, 3, 2, 2)
    assert len(trace(nest)) == 0


@pytest.mark.parametrize("layout", ["NCHW", "NHWC", "NCHW4c", "CHWN", "NCHW3c"])
def test_packing_and_unpacking_give_the_array_back(layout):
    tensor = conv_problem(ConvShape(2, 10, 4, 5, 3, 3, 3), ia=layout).ins[0]
    ia = np.random.default_rng(0).random((2, 10, 4, 5))
    assert tensor.pack(ia).shape == tensor.memory_shape
    assert np.array_equal(tensor.unpack(tensor.pack(ia)), ia)


def test_the_numbers_of_threads_does_not_change_a_bit():
    nest = schedule(gemm_problem(GemmShape(37, 20, 30)), "i j k").tile(i=4).parallel("i_t")
    a, b = (np.random.default_rng(0).random(shape, np.float32) for shape in ((37, 30), (30, 20)))
    built = build(nest)
    assert all(np.array_equal(built(a, b, threads=t), built(a, b)) for t in (2, 3, 50))
