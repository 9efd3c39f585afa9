"""Traffic in closed form: against the lecture's table, the papers' formulas, and the clock."""

import pytest

from course_lib.nest import conv1d_problem, conv_problem, count, fetches, gemm_problem, schedule, sum_problem, trace
from course_lib.shapes import ConvShape
from course_lib.zoo import NETWORKS


def row(report, tensor):
    return dict(
        zip(report.columns, next(zip(*(v[report["tensor"].index(tensor) :] for v in report.columns.values()), strict=True)), strict=True)
    )


@pytest.mark.parametrize(
    "order, weights, inputs, writes, reads",
    [("q s", 36, 36, 9, 0), ("s q", 4, 36, 36, 27)],  # Q=9, S=4: Q*S, Q*S, Q, 0 and S, Q*S, Q*S, Q*(S-1)
)
def test_the_lectures_one_dimensional_table(order, weights, inputs, writes, reads):
    nest = schedule(conv1d_problem(Q=9, S=4), order).hold("OA W")
    report = count(nest)
    assert row(report, "W")["loads"] == weights
    assert row(report, "IA")["loads"] == inputs and row(report, "IA")["distinct"] == 12  # Q+S-1
    assert (row(report, "OA")["stores"], row(report, "OA")["loads"]) == (writes, reads)


def test_the_slides_array_of_16_by_64():
    shape = ConvShape(N=2, C=32, H=10, W=10, K=128, R=3, S=3, pad=1)
    order = "n r s c_t k_t c_s k_s p q"
    nest = schedule(conv_problem(shape), "n r s c k p q").tile(c=16, k=64).reorder(order).spatial("c_s k_s")
    cut_c, cut_k = 2, 2
    assert fetches(nest, "W") == shape.N * 3 * 3 * shape.C * shape.K  # held for P*Q cycles
    assert row(count(nest), "IA")["at most"] == shape.N * 3 * 3 * shape.C * cut_k * shape.P * shape.Q  # broadcast to 64 columns
    assert fetches(nest, "OA") == shape.N * 3 * 3 * cut_c * shape.K * shape.P * shape.Q  # summed over 16 rows first
    inside = nest.reorder("r s c_t k_t c_s k_s n p q")
    assert fetches(inside, "W") == 3 * 3 * shape.C * shape.K  # the batch moved inside: fetched once


def test_a_channel_count_that_does_not_fill_the_array_leaves_lanes_idle():
    nest = schedule(conv_problem(ConvShape(1, 3, 8, 8, 64, 3, 3)), "n r s c k p q").tile(c=16, k=64)
    nest = nest.reorder("n r s c_t k_t c_s k_s p q").spatial("c_s k_s")
    assert fetches(nest, "W") == 3 * 3 * 3 * 64  # 3 of 16 rows work, the others fetch nothing


def test_the_rule_of_thumb_is_exact_for_weights_and_outputs_and_at_most_for_inputs():
    nest = schedule(conv_problem(ConvShape(1, 2, 6, 6, 3, 3, 3)), "n k c p q r s")
    for tensor, equal in (("W", True), ("OA", True), ("IA", False)):
        found = row(count(nest), tensor)
        assert found["fetches"] == found["at most"] if equal else found["fetches"] <= found["at most"]
    # s back to 0 as q steps on: the window's first column is the old one's second, unless there is only one column
    thin = count(schedule(conv1d_problem(Q=9, S=2), "q s"))
    assert (row(thin, "IA")["fetches"], row(thin, "IA")["at most"]) == (10, 18)  # 0 1 | 1 2 | 2 3 ...: Q+S-1 against Q*S


def test_padding_is_never_loaded():
    shape = ConvShape(1, 1, 4, 4, 1, 3, 3, pad=1)
    loads = row(count(schedule(conv_problem(shape))), "IA")["loads"]
    assert loads == 10 * 10  # along each axis 4 outputs * 3 taps, two of them outside
    assert loads == trace(schedule(conv_problem(shape))).loads("IA")


def test_summing_by_rows_or_columns_loads_the_same():
    rows, columns = (count(schedule(sum_problem(1024, 1024), order).hold("SUM")) for order in ("i j", "j i"))
    assert rows["loads"] == columns["loads"] == [1024 * 1024, 1024 * 1024, 0] and rows["stores"] == [0, 0, 1]


def test_all_of_vgg16_is_counted_and_no_layer_fetches_less_than_it_holds():
    shapes = [layer.shape for layer in NETWORKS["vgg16"].layers if layer.kind in ("conv", "fc")]
    order = "n r s c_t k_t c_s k_s p q"
    nests = [
        schedule(conv_problem(shape), "n r s c k p q").tile(c=16, k=64).reorder(order).spatial("c_s k_s")
        if isinstance(shape, ConvShape)
        else schedule(gemm_problem(shape)).tile(j=64).reorder("i j_t k j_s").spatial("j_s")
        for shape in shapes
    ]
    reports = [count(nest) for nest in nests]  # how long it takes is printed by benchmarks/machine.py
    assert len(reports) == 16  # 13 convolutions, 3 fully connected layers
    for shape, report in zip(shapes, reports, strict=True):
        weights = report["fetches"][1]
        assert weights >= shape.params  # each weight is fetched at least once
    assert all(n > 0 for report in reports for n in report["fetches"])
