"""The same moves by the real TVM and by us: the loops agree one by one, and where TVM has none the count of iterations says why."""

import math

import pytest

from course_lib.interchange import beside_tvm
from course_lib.interchange.beside_tvm import GOALS, LAYER, beside, calls, key, lowered_by_tvm, moved, recorded
from course_lib.nest import conv_problem, gemm_problem
from course_lib.shapes import ConvShape, GemmShape
from course_lib.views.nest.beside import beside as picture

PROBLEM = conv_problem(ConvShape(**LAYER))
GEMM = gemm_problem(GemmShape(8, 12, 6))


def real():
    return pytest.importorskip("tvm", reason="pip install 'efficient-dnn-course[tvm]'")


CASES = {
    **{f"goal {name}": (PROBLEM, steps) for name, steps in GOALS.items()},
    "tiles of tiles": (GEMM, [("tile", "i", 4), ("tile", "i_s", 2), ("reorder", "i_t j k i_s_t i_s_s")]),
    "copies and threads": (GEMM, [("reorder", "i k j"), ("parallel", "i"), ("unroll", "j")]),
    "a ragged tile": (GEMM, [("tile", "j", 5), ("reorder", "j_t i k j_s")]),
}
RAGGED_LANES = (GEMM, [("tile", "j", 5), ("reorder", "j_t i k j_s"), ("vectorize", "j_s")])


def turns(problem, steps):
    """(turns of our loops, turns of TVM's and of ours that have no loop there)."""
    nest, sides = moved(problem, steps), beside(problem, steps, real=True)
    left = math.prod(extent for _, extent, _ in lowered_by_tvm(problem, steps)["lowered"])
    gone = math.prod(loop.extent for loop, row in zip(nest.loops, sides.rows, strict=True) if not row.theirs)
    return math.prod(loop.extent for loop in nest.loops), left * gone


def test_lanes_under_a_guard_are_accounted_for_too():
    real()
    ours, theirs = turns(*RAGGED_LANES)
    assert ours == theirs
    assert beside(*RAGGED_LANES, real=True).rows[-1].became == "no lanes: one after the other"


@pytest.mark.parametrize("case", CASES)
def test_what_is_a_loop_in_both_has_the_same_turns_and_what_is_none_is_accounted_for(case):
    real()
    problem, steps = CASES[case]
    nest, sides = moved(problem, steps), beside(problem, steps, real=True)
    ours, theirs = turns(problem, steps)
    assert ours == theirs
    for loop, row in zip(nest.loops, sides.rows, strict=True):
        assert (row.name, row.dim) == (loop.name, loop.dim)
        assert bool(row.theirs) == (loop.extent > 1 and loop.kind not in ("vectorize", "unroll"))
        assert bool(row.became) == (not row.theirs or loop.kind == "spatial")
    assert sides.here and sides.version == real().__version__


def test_the_record_is_what_tvm_makes_now():
    real()
    for steps in GOALS.values():
        assert recorded()[key(moved(PROBLEM, steps))] == lowered_by_tvm(PROBLEM, steps)


def test_the_goals_are_the_labs_puzzles():
    from course_lib.exercises.lab13_tvm1.lowering import STEPS, goal

    assert {name: [tuple(step) for step in steps] for name, steps in STEPS.items()} == GOALS
    assert all(str(moved(PROBLEM, steps)) == goal(name) for name, steps in GOALS.items())


def test_loops_that_tvm_did_not_make_as_we_did_are_an_error(monkeypatch):
    real()
    monkeypatch.setattr(beside_tvm, "moved", lambda problem, steps: moved(problem, [("reorder", "n k p q c r s")]))
    with pytest.raises(ValueError, match="TVM's loops are"):
        lowered_by_tvm(PROBLEM, GOALS["a"])


def test_without_tvm_the_record_is_shown_and_says_so(monkeypatch):
    monkeypatch.setattr(beside_tvm, "find_spec", lambda name: None)
    sides = beside(PROBLEM, GOALS["b"])
    assert not sides.here and len(sides.rows) == 8
    assert "TVM's side is a record" in picture(sides).frames[0].caption
    # another way to the same nest has the same record
    assert beside(PROBLEM, [("tile", "k", 4), ("reorder", "n k_t p q c r s k_s"), ("vectorize", "k_s")]).theirs == sides.theirs
    with pytest.raises(ValueError, match="not recorded; pip install"):
        beside(PROBLEM, [("tile", "k", 8)])


def test_a_move_is_said_in_both_languages():
    assert calls(PROBLEM, GOALS["b"]) == [
        (".tile(k=4)", "k_0, k_1 = sch.split(k, factors=[None, 4])"),
        ('.reorder("n k_t p q c r s k_s")', "sch.reorder(n, k_0, p, q, c, r, s, k_1)"),
        ('.vectorize("k_s")', "sch.vectorize(k_1)"),
    ]


def test_a_step_that_is_none_is_an_error_that_says_what_is_wanted():
    with pytest.raises(ValueError, match=r"steps: want \('tile', loop, size\)"):
        moved(PROBLEM, [("fuse", "p", "q")])


def test_the_picture_joins_the_same_loops_and_dashes_what_is_none():
    sides = beside(PROBLEM, GOALS["b"], real=False)
    drawn = {item["id"]: item for item in picture(sides).items}
    for i, row in enumerate(sides.rows):
        ours, theirs = drawn[f"loop{i}.ours"], drawn[f"loop{i}.tvm"]
        assert (f"loop{i}.join" in drawn) == bool(row.theirs)
        assert (ours["fill"] == theirs["fill"]) == bool(row.theirs) and ("dash" in theirs) == (not row.theirs)
    assert drawn["loop7.became"]["text"] == "no loop: 4 lanes in each statement"
    assert picture(sides).frames[0].caption.startswith("6 of 8 loops are the same on both sides; n: it has one turn; k_s: 4 lanes")
