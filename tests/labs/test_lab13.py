"""Lab 13's right answers are right: against the course's own nest, Python's own loops and numbers counted by hand."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from course_lib.exercises import EXERCISES, LABS, judge
from course_lib.exercises.exercise import in_process
from course_lib.exercises.lab13_tvm1.lowering import STEPS, after, goal, start
from course_lib.exercises.makers import made
from course_lib.nest import count, gemm_problem, schedule
from course_lib.shapes import GemmShape

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.lab13


def cases(name, seed=5):
    return [made(case.args) for case in EXERCISES[name].cases(np.random.default_rng(seed))]


def reference(name):
    return EXERCISES[name].reference


@pytest.fixture(scope="module")
def solution():
    """The functions of the solution notebook."""
    import jupytext

    room = {}
    for cell in jupytext.read(ROOT / "solutions" / "13_tvm1" / "lab13_tvm1.py").cells:
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution"):
            exec(cell.source, room)
    return room


@pytest.mark.parametrize("name", LABS["13_tvm1"])
@pytest.mark.parametrize("seed", [3, 4])
def test_the_solution_earns_everything_whatever_the_cases(solution, name, seed):
    verdict = judge(EXERCISES[name], in_process(solution[name]), seed)
    assert verdict.passed, verdict.message


def plain(nest):
    return [(loop.name, loop.extent) for loop in nest.loops]


@pytest.mark.parametrize("size", [2, 3, 5, 7])
def test_a_split_is_the_courses_tile(size):
    nest = schedule(gemm_problem(GemmShape(M=10, N=7, K=6)))
    for loop in nest.loops:
        assert reference("split_loop")(plain(nest), loop.name, size) == plain(nest.tile(**{loop.name: size}))


def test_a_reorder_of_all_loops_is_the_courses():
    nest = schedule(gemm_problem(GemmShape(M=10, N=7, K=6)))
    for order in itertools.permutations(loop.name for loop in nest.loops):
        assert reference("reorder_loops")(plain(nest), list(order)) == plain(nest.reorder(" ".join(order)))


def test_idle_turns_are_those_that_a_loop_counts():
    for extents, sizes in cases("idle_turns"):
        turns = itertools.product(*(range(-(-e // s) * s) for e, s in zip(extents, sizes, strict=True)))
        assert reference("idle_turns")(extents, sizes) == sum(any(i >= e for i, e in zip(turn, extents, strict=True)) for turn in turns)


def test_a_fused_loop_has_all_turns_of_both():
    for nest, outer, inner in cases("fuse_loops"):
        fused = reference("fuse_loops")(nest, outer, inner)
        assert np.prod([e for _, e in fused]) == np.prod([e for _, e in nest]) and len(fused) == len(nest) - 1


def test_a_lowered_nest_is_a_program_that_makes_every_turn_once():
    for nest, _ in cases("lower_text"):
        if np.prod([e for _, e in nest]) < 50_000:
            seen = []
            exec(reference("lower_text")(nest, f"seen.append(({', '.join(name for name, _ in nest)},))"), {"seen": seen})
            assert seen == list(itertools.product(*(range(e) for _, e in nest)))


def test_goals_are_reached_in_three_steps_and_are_different_nests():
    assert len({goal(name) for name in STEPS}) == 3
    for steps in STEPS.values():
        assert sum(count(after(steps))["loads"]) > 0 and len(steps) <= 3
    assert str(start()) not in {goal(name) for name in STEPS}


def test_another_way_to_the_same_nest_is_right_and_rubbish_is_told_in_a_sentence(solution):
    other = {
        **{g: solution["recover_nest"](g) for g in "ac"},
        "b": [("tile", "k", 4), ("reorder", "n k_t p q c r s k_s"), ["vectorize", "k_s"]],
    }
    assert judge(EXERCISES["recover_nest"], in_process(lambda g: other[g])).passed
    for odd in (
        None,
        3,
        [None],
        [("melt", "k")],
        [("tile", "k")],
        [("tile", "z", 4)],
        [("reorder", "n k")],
        [("parallel", "c")],
        [("tile", "k", 4)] * 4,
    ):
        verdict = judge(EXERCISES["recover_nest"], in_process(lambda g, odd=odd: odd))
        assert verdict.state == "wrong" and verdict.message.startswith("steps:"), (odd, verdict.message)


def test_what_the_lab_says_of_split_and_reorder_is_so():
    rows = [count(nest)["fetches"] for nest in (start(), start().tile(k=4), start().tile(k=4).reorder("n k_t p q c r s k_s"))]
    assert rows[0] == rows[1] and rows[2][0] * 4 == rows[0][0] and rows[2][2] == 73_728 > rows[0][2]
