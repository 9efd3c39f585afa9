"""The PE array: closed form against a walk, the slide's numbers, Eyeriss' reuse formula, laws of nature."""

from math import ceil, prod

import numpy as np
import pytest

from course_lib.machine.bound import distance_to_bound
from course_lib.machine.dataflows import DATAFLOWS, compare, nvdla, output_stationary, row_stationary, tuned, weight_stationary
from course_lib.machine.energy import EYERISS, HOROWITZ
from course_lib.machine.pe_array import (
    PEArray,
    cycle_report,
    dataflow_report,
    design_report,
    energy_by_level,
    in_space,
    levels,
    placement,
    turns,
)
from course_lib.machine.pe_steps import film, simulate_cycles, simulate_dataflow
from course_lib.nest import conv_problem, gemm_problem, schedule, stationary
from course_lib.shapes import ConvShape, GemmShape
from course_lib.zoo import NETWORKS

SMALL = {
    "the slide in small": ConvShape(1, 3, 6, 6, 5, 3, 3),
    "stride 2, padded, a batch": ConvShape(2, 4, 7, 6, 3, 3, 3, stride=2, pad=1),
    "pointwise": ConvShape(1, 5, 4, 4, 6, 1, 1),
    "groups": ConvShape(1, 4, 5, 5, 6, 3, 3, pad=1, groups=2),
    "depthwise": ConvShape(1, 4, 6, 6, 4, 3, 3, groups=4),
    "fully connected": ConvShape(1, 3, 3, 3, 7, 3, 3),
    "dilated": ConvShape(1, 2, 8, 8, 2, 3, 3, dilation=2),
}


def cell(report, level, tensor, column):
    (value,) = [row[column] for row in report if (row["level"], row["tensor"]) == (level, tensor)]
    return value


def random_mapped(rng):
    """A small problem in any order, ragged tiles, up to three spatial loops anywhere."""
    while True:
        if rng.random() < 0.3:
            problem = gemm_problem(GemmShape(*(int(n) for n in rng.integers(1, 9, 3))))
        else:
            groups = int(rng.choice([1, 1, 2, 3]))
            C, K = groups * int(rng.integers(1, 4)), groups * int(rng.integers(1, 4))
            try:
                N, H, W, R, S = (int(rng.integers(1, most)) for most in (3, 6, 6, 4, 4))
                stride, pad, dilation = int(rng.integers(1, 3)), int(rng.integers(0, 2)), int(rng.integers(1, 3))
                shape = ConvShape(N, C, H, W, K, R, S, stride, pad, dilation, groups)
            except ValueError:  # the kernel does not fit
                continue
            problem = conv_problem(shape)
        if problem.iterations > 2500:
            continue
        nest = schedule(problem)
        for _ in range(rng.integers(0, 4)):
            loop = nest.loops[rng.integers(len(nest.loops))]
            nest = nest.tile(**{loop.name: int(rng.integers(1, 5))})
        order = [loop.name for loop in nest.loops]
        rng.shuffle(order)
        nest = nest.reorder(" ".join(order))
        chosen = rng.choice(order, size=int(rng.integers(0, 4)), replace=False)
        return nest.spatial(" ".join(chosen)) if len(chosen) else nest


@pytest.mark.parametrize("seed", range(80))
def test_the_closed_form_is_what_the_walk_counts_on_random_nests(seed):
    rng = np.random.default_rng(seed)
    nest = random_mapped(rng)
    array = PEArray(64, 64, registers=int(rng.integers(3, 30)), buffer=int(rng.integers(1, 300)))
    held = levels(nest, array)
    assert dataflow_report(nest, array) == simulate_dataflow(nest, array, held), (nest.order, nest.guards)
    assert cycle_report(nest, array) == simulate_cycles(nest, array)


@pytest.mark.parametrize("dataflow", DATAFLOWS)
@pytest.mark.parametrize("layer", SMALL)
def test_every_dataflow_is_counted_as_walked(dataflow, layer):
    nest = DATAFLOWS[dataflow](SMALL[layer], 4, 5)
    array = PEArray(4, 5, registers=260)
    report = dataflow_report(nest, array)
    assert report == simulate_dataflow(nest, array)
    assert cycle_report(nest, array) == simulate_cycles(nest, array)


@pytest.mark.parametrize("shape", [
    ConvShape(1, 3, 56, 56, 64, 3, 3), ConvShape(2, 64, 14, 14, 128, 3, 3),
    ConvShape(1, 20, 9, 9, 70, 1, 1), ConvShape(1, 32, 9, 11, 96, 5, 3, stride=2),
])  # fmt: skip
def test_the_slides_16_by_64_array(shape):
    Ct, Kt = ceil(shape.C / 16), ceil(shape.K / 64)
    nest, array = nvdla(shape), PEArray(16, 64)
    report, (cycles,) = dataflow_report(nest, array), cycle_report(nest, array)
    maps = shape.N * shape.R * shape.S
    assert cycles["PEs mapped"] == 1024 and cycles["compute"] == maps * Ct * Kt * shape.P * shape.Q
    assert cycles["utilisation"] == pytest.approx((shape.C / (16 * Ct)) * (shape.K / (64 * Kt)), rel=1e-12)
    assert cycles["drain"] == 4 + 1, "16 products are added in 4 levels, then written"
    assert cell(report, "buffer", "W", "reads") == maps * shape.C * shape.K, "a weight is read once for a whole output map"
    assert cell(report, "buffer", "IA", "reads") == maps * shape.C * Kt * shape.P * shape.Q, "a pixel is read once for 64 filters"
    # a PE of the last, ragged tile of filters that has no filter takes no pixel: K columns in all and not 64 Kt
    assert cell(report, "PE", "IA", "reads") == maps * shape.C * shape.K * shape.P * shape.Q == shape.macs
    writes = maps * Ct * shape.K * shape.P * shape.Q
    assert cell(report, "buffer", "OA", "writes") == writes
    assert cell(report, "buffer", "OA", "reads") == writes - shape.N * shape.K * shape.P * shape.Q
    assert cell(report, "PE", "OA", "writes") == shape.macs - writes, "the tree turns 16 products into one sum"


def test_three_channels_use_three_rows_of_sixteen():
    assert cycle_report(nvdla(ConvShape(1, 3, 56, 56, 64, 3, 3)), PEArray(16, 64))["utilisation"] == [3 / 16]


def test_moving_n_inside_reads_every_weight_once():
    shape = ConvShape(4, 16, 8, 8, 64, 3, 3)
    array = PEArray(16, 64)
    inside = nvdla(shape).reorder("r s c_t k_t c_s k_s n p q")
    assert cell(dataflow_report(nvdla(shape), array), "buffer", "W", "reads") == 4 * shape.params
    assert cell(dataflow_report(inside, array), "buffer", "W", "reads") == shape.params


def test_stationary_is_a_question_put_to_the_order():
    shape = ConvShape(1, 32, 14, 14, 64, 3, 3)
    still = lambda name, tensor: stationary(DATAFLOWS[name](shape, 12, 14), tensor)
    assert still("weight stationary", "W") == ("n", "p", "q") and still("NVDLA", "W") == ("p", "q")
    assert still("output stationary", "OA") == ("c", "r", "s")
    assert still("input stationary", "IA") == ("k",)
    nest, array = row_stationary(shape), PEArray(12, 14, registers={"IA": 12, "W": 224, "OA": 24})
    held = {row["tensor"]: row for row in levels(nest, array).report(nest) if row["level"] == "RF"}
    # a PE keeps 4 channels x 16 filters of one filter row for a whole row of the output, a window of 4 channels x 3, and one sum:
    # the other 15 do not come back before they leave
    assert {t: row["tile"] for t, row in held.items()} == {"IA": 4 * 3, "W": 4 * 3 * 16, "OA": 1}
    assert held["W"]["held over"].endswith("q k_s_s c_s_s s") and held["IA"]["held over"] == "k_s_s c_s_s s"


def test_row_stationary_is_folded_onto_twelve_by_fourteen():
    sets = {}
    for layer in NETWORKS["alexnet_grouped"].convs:
        nest = row_stationary(layer.shape)
        assert set(placement(nest, PEArray(12, 14, registers=260)).values()) == {"rows", "cols"}
        sets[layer.name] = {loop.name: loop.extent for loop in in_space(nest)}
    # 55 output rows in four strips of 14; 11 filter rows leave one of 12 rows idle
    assert sets["conv1"] == {"r_s": 11, "c_s_t": 1, "p_s": 14, "k_s_t": 1}
    # 27 rows in two strips; two sets of 5 filter rows, for other channels, below each other
    assert sets["conv2"] == {"r_s": 5, "c_s_t": 2, "p_s": 14, "k_s_t": 1}
    assert sets["conv3"] == {"r_s": 3, "c_s_t": 4, "p_s": 13, "k_s_t": 1}


def test_a_diagonal_of_pes_shares_one_read_of_the_input():
    # one channel, one filter: 3 x 4 PEs need rows 0..5 of the input, six rows read once each and taken 12 times
    shape = ConvShape(1, 1, 6, 6, 1, 3, 3)
    nest = schedule(conv_problem(shape), "n k c r p q s").spatial("r p")
    report = dataflow_report(nest, PEArray(3, 4, registers={"IA": 3, "W": 3, "OA": 1}))
    assert cell(report, "buffer", "IA", "reads") == 6 * 6 and cell(report, "PE", "IA", "reads") == 3 * 4 * 6
    assert cell(report, "buffer", "W", "reads") == 9 and cell(report, "PE", "W", "reads") == 3 * 4 * 3
    assert cell(report, "PE", "OA", "writes") == 4 * 4 * (3 - 1), "three rows of PEs add to each output"


def test_energy_follows_from_the_reuse_at_each_level():
    # 64 channels = a DRAM visits x b buffer visits x c PEs x d turns in a register; no padding, whole tiles, 1 x 1 filters
    shape = ConvShape(1, 64, 4, 4, 8, 1, 1)
    nest = schedule(conv_problem(shape)).tile(c=8).reorder("n r s k p q c_t c_s").spatial("c_s")
    array = PEArray(8, 1, registers={"IA": 1, "W": 1, "OA": 1}, buffer={"IA": 64, "W": 64, "OA": 1})
    report = dataflow_report(nest, array)
    outputs, a, b, c, d = 8 * 4 * 4, 1, 1, 8, 8
    assert a * b * c * d == shape.C
    e = EYERISS.levels
    # 2a - 1 DRAM accesses, as Eyeriss has it; where it counts 2(x - 1) for buffer and registers we count the first write too, 2x - 1
    dram, buffer, wires, registers = 2 * a - 1, a * (2 * b - 1), a * b * (c - 1), a * b * c * (2 * d - 1)
    sums = outputs * (dram * e["DRAM"] + buffer * e["buffer"] + wires * e["PE"] + registers * e["RF"])
    assert sum(row["energy (MACs)"] for row in report if row["tensor"] == "OA") == sums


@pytest.mark.parametrize("dataflow", DATAFLOWS)
@pytest.mark.parametrize("layer", SMALL)
def test_laws_of_nature(dataflow, layer):
    shape, array = SMALL[layer], PEArray(4, 5, registers=260, buffer=200)
    nest = DATAFLOWS[dataflow](shape, 4, 5)
    report, (cycles,) = dataflow_report(nest, array), cycle_report(nest, array)
    assert cycles["MACs"] == shape.macs, "the MACs do not depend on the order"
    assert cycles["compute"] * array.pes >= shape.macs and cycles["compute"] == turns(nest)
    assert 0 < cycles["utilisation"] <= 1
    for tensor in ("IA", "W"):
        reads = [cell(report, level, tensor, "reads") for level in ("DRAM", "buffer", "PE", "RF")]
        assert reads == sorted(reads), "each level serves at least as many words as the one before it"
    assert cell(report, "DRAM", "OA", "writes") >= shape.N * shape.K * shape.P * shape.Q
    assert distance_to_bound(report, shape, array.on_chip)["times the bound"][0] >= 1
    assert sum(energy_by_level(report).values()) >= shape.macs
    large = dataflow_report(nest, PEArray(4, 5, registers=260, buffer=10**6))
    for tensor in ("IA", "W", "OA"):
        moved = lambda r, t=tensor: cell(r, "DRAM", t, "reads") + cell(r, "DRAM", t, "writes")
        assert moved(large) <= moved(report), "a larger buffer never moves more"


def test_the_film_shows_every_mac_once_between_fill_and_drain():
    shape = SMALL["the slide in small"]
    nest, array = output_stationary(shape, 4, 5), PEArray(4, 5, registers=260)
    shown, (cycles,) = film(nest, array), cycle_report(nest, array)
    assert shown.cycles == cycles["cycles"] and (shown.busy >= 0).sum() == shape.macs
    assert (shown.busy[0] < 0).all() and (shown.busy[-cycles["drain"] :] < 0).all()
    assert len(shown.labels) == prod(shape.oa_shape)
    assert (np.diff(shown.busy[1 : 1 + 27, 0]) == 0).all(), "27 turns at one output: 3 channels x 9 taps"


def test_a_design_is_judged_by_energy_times_cycles():
    shape, array = ConvShape(1, 6, 9, 9, 8, 3, 3), PEArray(4, 4, registers=12, buffer=150)
    nest = weight_stationary(shape, 4, 4)
    (row,), total = design_report(nest, array), sum(energy_by_level(dataflow_report(nest, array)).values())
    assert row["EDP"] == total * cycle_report(nest, array)["cycles"][0]
    assert row["energy a MAC"] * shape.macs == pytest.approx(total, rel=1e-12)


def test_tuning_keeps_the_dataflow_and_never_costs_more():
    shape, array = ConvShape(1, 6, 9, 9, 8, 3, 3), PEArray(4, 4, registers=12, buffer=150)
    nest = weight_stationary(shape, 4, 4)
    better = tuned(nest, array)
    assert better.order.endswith("c_s k_s n p q")
    assert sum(energy_by_level(dataflow_report(better, array)).values()) <= sum(energy_by_level(dataflow_report(nest, array)).values())


def test_a_nest_that_lies_on_no_array_cannot_be_tuned():
    with pytest.raises(ValueError, match="tuned: want a nest with spatial loops"):
        tuned(schedule(conv_problem(ConvShape(1, 2, 4, 4, 2, 3, 3))), PEArray(2, 2))


def test_row_stationary_costs_least_on_alexnets_conv3_and_its_energy_is_in_the_registers():
    shape = {c.name: c.shape for c in NETWORKS["alexnet_grouped"].convs}["conv3"]
    table = compare(shape, PEArray(12, 14, registers=260), tune=False)
    rows = {row["dataflow"]: row for row in table}
    least = min(rows.values(), key=lambda row: row["energy a MAC"])
    assert least["dataflow"] == "row stationary"
    assert least["RF"] > max(least[level] for level in ("DRAM", "buffer", "PE", "MAC"))


@pytest.mark.parametrize("change, message", [
    (dict(rows=2), "spatial: c_s needs 4 PEs; the 2 x 3 array holds nothing so far"),
    (dict(cols=2), "spatial: k_s needs 3 PEs; the 4 x 2 array holds c_s on the rows"),
    (dict(registers=2), "registers: 2 words hold not even one step"),
    (dict(registers={"IA": 5, "W": 5}), "leave no room for OA"),
    (dict(buffer={"IA": 9, "B": 5}), "buffer: there is no tensor 'B'; the tensors are IA W OA"),
    (dict(rows=0), "rows: want at least 1"),
    (dict(energy=HOROWITZ), "has no 'buffer'; an array needs DRAM, buffer, PE, RF"),
    (dict(registers={"IA": 0}), "registers: want at least 1"),
])  # fmt: skip
def test_what_does_not_fit_is_refused_in_words(change, message):
    nest = nvdla(ConvShape(1, 4, 5, 5, 3, 3, 3), rows=4, cols=3)
    with pytest.raises(ValueError, match=message):
        dataflow_report(nest, PEArray(**{"rows": 4, "cols": 3, **change}))
