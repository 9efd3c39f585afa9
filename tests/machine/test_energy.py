"""Energy tables: what they say, and sums by hand."""

import pytest

from course_lib.machine.energy import EYERISS, HOROWITZ, energy


def test_a_dram_access_costs_as_much_as_two_hundred_macs_and_a_register_as_much_as_one():
    assert EYERISS.levels == {"RF": 1.0, "PE": 2.0, "buffer": 6.0, "DRAM": 200.0} and EYERISS.mac == 1.0
    assert EYERISS.report()["times a MAC"] == [1.0, 2.0, 6.0, 200.0, 1.0]


@pytest.mark.parametrize("table", [EYERISS, HOROWITZ])
def test_a_level_further_away_costs_more_and_every_table_names_its_source(table):
    costs = list(table.levels.values())
    assert costs == sorted(costs) and len(set(costs)) == len(costs)
    assert "as reported" in table.source


def test_energy_is_accesses_times_their_cost_plus_the_macs():
    # 10 DRAM words, 100 buffer words and 1000 MACs: 10·200 + 100·6 + 1000·1
    report = energy({"DRAM": 10, "buffer": 100}, macs=1000)
    assert report["MACs"] == [2000.0, 600.0, 1000.0]
    assert report["share %"] == pytest.approx([100 * 2000 / 3600, 100 * 600 / 3600, 100 * 1000 / 3600])
    assert report.note.startswith("3,600 MACs in all")


def test_a_mac_of_floats_is_a_multiply_and_an_add():
    assert HOROWITZ.mac == pytest.approx(3.7 + 0.9)
    assert energy({}, macs=10, table=HOROWITZ)["pJ"] == pytest.approx([46.0])


def test_nothing_done_costs_nothing():
    assert energy({"DRAM": 0}, macs=0)["share %"] == [0.0, 0.0]


@pytest.mark.parametrize("accesses, message", [
    ({"L2": 1}, "has the levels RF, PE, buffer, DRAM, got 'L2'"),
    ({"DRAM": -1}, "DRAM: want at least 0, got -1"),
])  # fmt: skip
def test_a_level_without_a_cost_and_a_negative_count_are_refused(accesses, message):
    with pytest.raises(ValueError, match=message):
        energy(accesses, macs=1)
