"""Pictures of pruned networks: every bar is the report's number, every dark cell a weight, the front what nothing else beats."""

import numpy as np
import pytest

from course_lib.records import Report
from course_lib.views import granularity, mask_maps, pareto_front, sensitivity_curves
from course_lib.views.compress.pareto_front import front

GRAINS = {"element": (), "vector": (3,), "kernel": (2, 3), "filter": (1, 2, 3)}


def pruned(seed=0, shape=(4, 3, 2, 2)):
    from course_lib.compress.prune import pattern_mask
    from course_lib.compress.prune.cost import granularity_report

    wt = np.random.default_rng(seed).standard_normal(shape)
    return {grain: pattern_mask(wt, 0.5, grain) for grain in GRAINS}, granularity_report(wt, 0.5), wt


def item(scene, name):
    return next(item for item in scene.items if item["id"] == name)


def test_the_granularity_draws_each_weight_that_stays_and_the_reports_bytes():
    masks, report, _ = pruned()
    scene = granularity(masks, report)
    for row, (grain, mask) in zip(report, masks.items(), strict=True):
        assert item(scene, f"{grain}.kept")["d"].count("M") == mask.sum()
        assert item(scene, f"{grain}.ground")["d"].count("M") == 12  # 4 filters of 3 kernels
        values, index = item(scene, f"{grain}.values")["w"], item(scene, f"{grain}.index")["w"]
        assert index / values == pytest.approx(row["index bytes"] / row["value bytes"], rel=1e-3, abs=2e-3)
        assert f"{row['times faster']:.2f} times" in item(scene, f"{grain}.speed")["text"]
    assert scene.svg(theme="dark") != scene.svg()


def test_the_cost_model_is_the_closed_form():
    from course_lib.compress.prune.cost import cycles, dense_cycles

    # 13 filters take two tiles of 12; a step of a tile is 24 multiply-adds, 12 cycles for two vectors
    assert dense_cycles(13, 10) == 2 * 10 * 12 / 2
    mask = np.zeros((4, 3, 2, 2), bool)
    mask[0, 0, 0, 0] = mask[2, 1, 0, :] = True
    # three weights: a weight, 14 unaligned vectors of two lines and an index each, at two lines a cycle, for 14 vectors
    assert cycles(mask, "element") == pytest.approx(3 * (1 + 28 + 1) / 2 / 14)
    assert cycles(np.zeros_like(mask), "element") == cycles(np.zeros_like(mask), "filter") == 0
    whole = np.ones((4, 3, 2, 2), bool)
    whole[1:3] = False
    assert cycles(whole, "filter") == dense_cycles(2, 12)
    row = pruned()[1]
    assert row["weights an index"] == [1, 2, 4, 12] and row["length left %"] == sorted(row["length left %"], reverse=True)


def test_a_map_is_as_dark_as_the_share_of_a_kernel_that_is_left():
    wt = np.zeros((2, 3, 2, 2))
    wt[0, 0], wt[1, 2, 0, 0], wt[0, 1, 0] = 1, -1, 2
    scene = mask_maps({"conv": wt, "fc": np.eye(3)})
    assert item(scene, "conv.map")["tint"] == "f80004"  # all, half, none / none, none, a quarter
    assert item(scene, "fc.map")["tint"] == "f000f000f"
    assert "conv: 29 % of 24 weights" in scene.alt  # 7 of 24
    assert item(mask_maps({"full": np.ones((1, 8, 1, 1))}), "full.map")["tint"] == "f{8}"
    assert item(mask_maps({"none": np.zeros((1, 8, 1, 1))}), "none.map")["tint"] == "0{8}"


def test_the_front_is_what_no_other_point_beats():
    rng = np.random.default_rng(0)
    for _ in range(50):
        costs, gains = rng.integers(1, 9, 12).tolist(), rng.integers(1, 9, 12).tolist()
        mine = {(costs[i], gains[i]) for i in front(costs, gains)}
        points = set(zip(costs, gains, strict=True))
        assert mine == {p for p in points if not any(q != p and q[0] <= p[0] and q[1] >= p[1] for q in points)}  # brute force


def test_points_on_the_front_are_filled_and_all_are_listed():
    report = Report.of([{"network": f"n{i}", "ms": ms, "test %": t} for i, (ms, t) in enumerate([(10.0, 99), (3.0, 98), (5.0, 97)])])
    scene = pareto_front(report)
    assert [item(scene, f"point{i}")["fill"] for i in range(3)] == ["oa", "oa", "paper"]
    assert [item(scene, f"row{i}.name")["text"] for i in range(3)] == ["n0", "n1", "n2"]
    assert item(scene, "point1")["x"] < item(scene, "point2")["x"] < item(scene, "point0")["x"]


def test_sensitivity_has_a_curve_a_layer_in_per_cent():
    rows = [{"layer": name, "sparsity": s, "accuracy": 1 - s * k} for k, name in ((0.2, "a"), (0.6, "b")) for s in (0.0, 0.5)]
    scene = sensitivity_curves(Report.of(rows))
    assert "a: 100 to 90" in scene.alt and "b: 100 to 70" in scene.alt


def rows(**columns):
    return Report(columns)


BAD = {
    "another report": (lambda: granularity({}, rows(a=[1])), "report: want the column 'grain'"),
    "other grains": (lambda: granularity({"element": np.ones((1, 1, 1, 1))}, pruned()[1]), "masks: want the grains"),
    "too many weights": (
        lambda: granularity(dict.fromkeys(GRAINS, np.ones((64, 64, 3, 3))), pruned()[1]),
        "at most 6000 weights",
    ),
    "a vector as a layer": (lambda: mask_maps({"a": np.ones(3)}), "weights: a: want"),
    "no layer": (lambda: mask_maps({}), "weights: want at least one"),
    "no rows": (lambda: sensitivity_curves(rows(layer=[], sparsity=[], accuracy=[])), "want 1 to 7 layers"),
    "a scan without accuracy": (lambda: sensitivity_curves(rows(layer=["a"])), "want the column 'sparsity'"),
    "no network": (lambda: pareto_front(rows(ms=[1.0])), "want the column 'test %'"),
    "no time at all": (lambda: pareto_front(rows(**{"network": ["a"], "ms": [0.0], "test %": [1.0]})), "a logarithm cannot show"),
    "no points": (lambda: pareto_front(rows(**{"network": [], "ms": [], "test %": []})), "want 1 to 20 rows"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_drawn_is_told(what):
    call, words = BAD[what]
    with pytest.raises(ValueError, match=words):
        call()
