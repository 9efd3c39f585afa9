"""The ladder: every step is the same product, each is made from the one before, and the simulated caches agree with its reasons."""

import numpy as np
import pytest

from course_lib.bench import allowed
from course_lib.gemm.effort import EFFORTS, compiled
from course_lib.gemm.ladder import changes, ladder, main
from course_lib.gemm.times import TABLES, gemm_times
from course_lib.machine import Cache, simulate_nest
from course_lib.nest import gemm_problem, schedule
from course_lib.shapes import GemmShape


def operands(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, n), np.float32), rng.standard_normal((n, n), np.float32)


@pytest.mark.parametrize("n", [75])
def test_every_step_is_the_same_product(n):
    a, b = operands(n)
    exact = a.astype(np.float64) @ b.astype(np.float64)
    for step in ladder(n):
        c = step.make()(a, b)
        assert c.dtype == np.float32
        assert np.abs(c - exact).max() <= allowed(n) * np.abs(exact).max(), step.name


def test_strassen_is_on_the_ladder_where_the_order_is_large_and_even():
    assert "Strassen" in [step.name for step in ladder(512)] and "Strassen" not in [step.name for step in ladder(511)]
    a, b = operands(512)
    step = next(step for step in ladder(512) if step.name == "Strassen")
    exact = a.astype(np.float64) @ b.astype(np.float64)
    assert np.abs(step.make()(a, b) - exact).max() <= 4 * allowed(512) * np.abs(exact).max()


def test_no_step_multiplies_more_and_each_changes_its_listing():
    steps = [step for step in ladder(96, lanes=8, tall=6) if step.nest is not None]
    assert len(steps) == 7
    for before, after in zip(steps, steps[1:], strict=False):
        assert after.nest.problem.iterations == before.nest.problem.iterations == 96**3
        text = changes(before, after)
        assert any(line.startswith("+ ") for line in text.splitlines()) and any(line.startswith("- ") for line in text.splitlines())
        assert after.changed and after.why and after.listing == str(after.nest)
    assert changes(steps[0], steps[0]).count("\n- ") == 0


def test_the_command_prints_the_ladder_as_diffs(capsys):
    assert main(["64"]) == 0
    said = capsys.readouterr().out
    assert [line[3:].split(":")[0] for line in said.splitlines() if line.startswith("== ")] == [step.name for step in ladder(64)]
    assert "-     for (k=0; k<K; k++) {" in said and "+   for (k=0; k<K; k++) {" in said


def misses(nest, levels):
    return sum(row["misses"] for row in simulate_nest(nest, levels) if row["level"] == "L1")


def test_the_reasons_given_are_what_a_cache_sees():
    by = {step.name: step.nest for step in ladder(96, lanes=8, tall=6) if step.nest is not None}
    small = [Cache(8 << 10, 64, 8, name="L1")]  # a matrix of order 96 has 36 KiB: as large against it as 1024 against L2
    found = {name: misses(nest, small) for name, nest in by.items()}
    assert found["i j k"] > 2 * found["i k j"]
    assert found["register tile"] < found["four vectors held"]
    assert found["packed panels"] <= found["blocks"] < found["i k j"]


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("order", ["i j k", "j k i"])
def test_effort_changes_the_time_and_not_the_result(effort, order):
    a, b = operands(33)
    product = compiled(schedule(gemm_problem(GemmShape(33, 33, 33)), order), effort)
    exact = a.astype(np.float64) @ b.astype(np.float64)
    assert np.abs(product(a, b) - exact).max() <= allowed(33) * np.abs(exact).max()
    with pytest.raises(ValueError):
        product(a[:5], b)
    with pytest.raises(ValueError, match="effort: want one of 0, 2, 3, got 1"):
        compiled(schedule(gemm_problem(GemmShape(2, 2, 2))), 1)


def test_what_is_too_small_or_unknown_is_said():
    with pytest.raises(ValueError, match="n: want at least 16, one register tile of 6 x 16, got 5"):
        ladder(5, lanes=8, tall=6)
    with pytest.raises(ValueError, match="name: want one of ladder, effort, leaf, channels, mec, roof, got 'speed'"):
        gemm_times("speed")


@pytest.mark.parametrize("name", TABLES)
def test_the_record_names_its_machine_and_command(name):
    report = gemm_times(name)
    assert len(report) and "one thread" in report.note and "python benchmarks/gemm.py --record" in report.note


def test_the_recorded_steps_are_the_ladders():
    names = {step.name for step in ladder(512)}
    assert set(gemm_times("ladder")["step"]) == names
