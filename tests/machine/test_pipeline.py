"""The pipeline against the slide's table and the textbook's formulas."""

import numpy as np
import pytest

from course_lib.machine.pipeline import STAGES, Instruction, run, sparse_naive


def test_the_slides_five_instructions_take_nine_cycles_and_the_fifth_reaches_ex_in_cycle_seven():
    table = run([Instruction(str(n)) for n in range(1, 6)]).table()
    assert [row["7"] for row in table] == ["", "", "WB", "MEM", "EX"]
    assert [row["5"] for row in table] == ["WB", "MEM", "EX", "ID", "IF"]


@pytest.mark.parametrize("predict", ["not taken", "stall", "last"])
def test_cycles_are_instructions_plus_four_plus_the_bubbles(predict):
    rng = np.random.default_rng(0)
    for _ in range(50):
        code = sparse_naive(rng.random(rng.integers(1, 30)) < rng.random())
        result = run(code, predict)
        assert result.cycles == len(code) + len(STAGES) - 1 + result.bubbles
        assert (result.timeline().busy >= 0).sum() == len(code) * len(STAGES)


def test_every_skipped_weight_costs_two_bubbles_when_branches_are_guessed_not_taken():
    zero = [True, False, True, True, False, False]
    assert run(sparse_naive(zero)).bubbles == 2 * sum(zero)


def test_guessing_the_last_outcome_pays_only_where_the_pattern_changes():
    zero = [True] * 10 + [False] * 10
    assert run(sparse_naive(zero), "last").bubbles == 4


def test_no_instruction_takes_no_cycle():
    assert run([]).cycles == 0 and run([]).cpi == 0


def test_an_unknown_predictor_is_refused():
    with pytest.raises(ValueError, match="predict: want one of"):
        run([], "oracle")
