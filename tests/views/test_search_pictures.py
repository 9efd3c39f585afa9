"""Pictures of searches: each trial is drawn where its configuration lies, and what is said of a search is what the search found."""

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from course_lib.records import History
from course_lib.views.search.belief import belief
from course_lib.views.search.landscape_explorer import landscape_explorer
from course_lib.views.search.rank_scatter import rank_scatter, ranks
from course_lib.views.search.search_progress import search_progress
from course_lib.views.search.ted_picks import ted_picks
from course_lib.views.search.transfer_ratios import transfer_ratios

KNOBS = {"a": (1, 2), "b": (1, 2, 4), "word": ("x", "y")}
COSTS = {(a, b, w): float(a * b + (w == "y")) for a in KNOBS["a"] for b in KNOBS["b"] for w in KNOBS["word"] if (a, b) != (2, 4)}


def searched():
    tried = [(1, 4, "x"), (2, 2, "y"), (1, 1, "y"), (1, 1, "x")]
    return History({"config": tried, "cost": [None, 5.0, 2.0, 1.0], "round": [0, 0, 1, 2]})


def test_a_replay_has_a_frame_a_round_and_says_how_far_the_best_is_from_the_optimum():
    scene = landscape_explorer(KNOBS, COSTS, "a", "b", searched())
    assert [frame.caption for frame in scene.frames[1:]] == [
        "2 of 10 tried; the best is 400.0% above the optimum.",
        "3 of 10 tried; the best is 100.0% above the optimum.",
        "4 of 10 tried; the best is the optimum.",
    ]
    shown = [sum(item["id"][0] == "t" and not item.get("hide") for item in scene.at(i).values()) for i in range(4)]
    assert shown == [0, 2, 3, 4]


def test_trials_lie_in_the_block_of_their_two_knobs_and_the_ring_on_the_best():
    scene = landscape_explorer(KNOBS, COSTS, "a", "b", searched())
    state = scene.at(-1)
    table, second = state["map"], state["t1"]  # (2, 2, "y"): the second row, the second of three columns of two cells
    assert (table["rows"], table["cols"]) == (2, 6)
    assert (second["y"] - table["y"]) // table["h"] == 1 and (second["x"] - table["x"]) // table["w"] == 3
    assert (state["best"]["x"], state["best"]["y"]) == (state["t3"]["x"], state["t3"]["y"])
    assert state["missing"]["d"].count("M") == 2  # a = 2, b = 4 with both words


def test_the_fastest_cell_has_the_strongest_tint_and_the_slowest_none():
    scene = landscape_explorer(KNOBS, COSTS, "a", "b")
    tint = scene.at(0)["map"]["tint"]
    assert tint[0] == "f" and len(scene) == 1
    slowest = max(COSTS, key=COSTS.get)
    assert slowest == (1, 4, "y") or COSTS[slowest] == 5.0
    assert tint[5] == "0"


def test_lines_of_progress_are_medians_and_bands_hold_the_middle_half():
    runs = [[4.0, 1.0], [2.0, 0.5], [float("inf"), 0.0], [3.0, 0.25], [1.0, 0.125]]
    scene = search_progress({"one": runs, "alone": [[1.0, 0.5]]})
    assert "medians of 5 seeds" in scene.alt
    assert "one: 300 to 25" in scene.alt and "alone: 100 to 50" in scene.alt
    drawn = {item["id"] for item in scene.items}
    assert "band0" in drawn and "band1" not in drawn


def test_ranks_and_their_correlation_are_scipys_ties_among_them():
    rng = np.random.default_rng(0)
    f, y = rng.integers(0, 9, 500).astype(float), rng.standard_normal(500)
    np.testing.assert_array_equal(ranks(f), rankdata(f))
    scene = rank_scatter(f, y)
    assert f"Rank correlation {spearmanr(f, y).statistic:.2f} over 500" in scene.alt
    assert sum(item["id"].startswith("point0.") for item in scene.items) == 250
    assert "Rank correlation 1.00" in rank_scatter([1, 2, 3], [10, 20, 40]).alt


def test_a_point_fades_by_what_is_explained_of_it():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    left = np.array([[1.0, 1.0, 1.0], [0.1, 0.4, 1.0], [0.1, 0.4, 0.1]])
    scene = ted_picks(points, [0, 2], left, ("first", "second"))
    assert [scene.at(i)["v1"]["alpha"] for i in range(3)] == [1.0, 0.47, 0.47]
    assert scene.frames[1].caption == "Pick 1: point 0 explains 50.0% of all; 50% together."
    assert scene.at(1)["pick1"].get("hide") and not scene.at(2)["pick1"].get("hide")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: landscape_explorer(KNOBS, COSTS, "a", "z"), "cols: want one of a, b, word, got 'z'"),
        (lambda: landscape_explorer(KNOBS, COSTS, "a", "a"), "cols: want another knob"),
        (lambda: landscape_explorer(KNOBS, {}, "a", "b"), "costs: want at least one"),
        (lambda: landscape_explorer(KNOBS, COSTS, "a", "b", History({"config": [(2, 4, "x")], "cost": [1.0]})), "history: .* not in the"),
        (lambda: search_progress({}), "regrets: want at least one"),
        (lambda: search_progress({"a": [[-0.1]]}), "regrets: want 'a'"),
        (lambda: search_progress({"a": [[float("inf")]]}), "never succeeds"),
        (lambda: rank_scatter([1.0], [1.0]), "predicted, measured"),
        (lambda: ted_picks(np.ones((2, 3)), [], np.ones((1, 2))), "points: want"),
        (lambda: ted_picks(np.ones((2, 2)), [1], np.ones((1, 2))), "left: want"),
    ],
)
def test_what_cannot_be_drawn_is_said(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_a_belief_is_sorted_by_the_truth_and_says_what_its_band_holds():
    truth, mean, deviation = [0.0, 2.0, 1.0, -1.0], [0.1, 0.0, 1.0, -1.0], [0.2, 0.5, 0.0, 1.0]
    scene = belief(truth, mean, deviation, tried=[2])
    assert "75% of all 4" in scene.alt and "0.85 wide" in scene.alt  # 2.0 is four deviations off
    assert "true: 2 to −1" in scene.alt
    with pytest.raises(ValueError, match="want one length"):
        belief([1.0], [1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="want numbers from 0 to 0"):
        belief([1.0], [1.0], [1.0], tried=[1])


def test_a_ratio_below_one_lies_left_of_one_and_is_told_from_one_above_by_colour_and_number():
    scene = transfer_ratios([("a", "b", 0.5, 0.4, 0.7), ("c", "b", 2.0, 1.5, 4.0)])
    state = scene.at(0)
    one = state["at0"]["x1"]
    assert state["dot0"]["x"] < one < state["dot1"]["x"]
    assert one - state["dot0"]["x"] == pytest.approx(state["dot1"]["x"] - one, abs=0.2)  # a half is as far as a double
    assert state["dot0"]["fill"] != state["dot1"]["fill"] and state["said1"]["text"] == "2.00"
    assert "sooner on 1 of 2" in scene.frames[0].caption
    with pytest.raises(ValueError, match="low <= ratio <= high"):
        transfer_ratios([("a", "b", 0.5, 0.6, 0.7)])
