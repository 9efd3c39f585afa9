"""Pictures of decompositions: what is drawn kept is kept, the parts share one scale, and each step says its numbers."""

import math

import numpy as np
import pytest

from course_lib.views.compress.forms_view import Form, forms_view
from course_lib.views.compress.matrix_split import matrix_split
from course_lib.views.compress.relu_region import relu_region
from course_lib.views.compress.singular_values import singular_values


def by_id(scene, frame=0):
    return scene.at(frame)


def test_bars_left_of_the_cut_are_kept_and_as_high_as_their_values():
    scene = singular_values([4.0, 2.0, 1.0], np.zeros((2, 3, 3)), 1)
    bars = [by_id(scene)[f"s{i}"] for i in range(3)]
    assert [bar["fill"] for bar in bars] == ["w", "faint", "faint"]
    assert bars[0]["h"] == 2 * bars[1]["h"] == 4 * bars[2]["h"]
    assert bars[0]["x"] < by_id(scene)["cut"]["x1"] < bars[1]["x"]
    assert f"{math.sqrt(5 / 21):.1%}" in scene.frames[0].caption  # (2² + 1²) of (4² + 2² + 1²) is left out


def test_filters_share_one_scale_of_tints():
    filters = np.array([[[0.0, 1.0]], [[0.5, 0.5]], [[1.0, 0.0]]])
    scene = singular_values([1.0], filters, 1)
    assert [by_id(scene)[f"k{k}"]["tint"] for k in range(3)] == ["0f", "88", "f0"]


def test_the_free_quarter_is_where_both_are_negative():
    scene = relu_region(np.array([-2.0, -1, 1, 2]), np.array([-1.0, 1, 1, 2]), np.array([-2.0, -3, 1, 2]))
    state = by_id(scene)
    free = state["free"]
    assert free["x"] + free["w"] == pytest.approx(state["mark0"]["x1"], abs=0.01)
    assert free["y"] == state["level0"]["y1"]
    # before: linear misses by 1 and 2, aware by 2; after: linear by 1, aware by nothing
    assert "before the ReLU: linear 50.0%, ReLU-aware 40.0%; after it: linear 20.0%, ReLU-aware 0.0%" in scene.frames[0].caption


def test_of_many_responses_some_are_drawn_and_all_are_counted():
    y = np.linspace(-1, 1, 5000)
    scene = relu_region(y, y + 0.1, y)
    assert sum(item["id"].startswith("point0.") for item in scene.items) == 250
    assert scene.frames[0].caption == relu_region(y, y + 0.1, y).frames[0].caption


def test_the_parts_of_a_split_come_one_by_one_and_say_what_they_are():
    rng = np.random.default_rng(0)
    low = np.outer(rng.standard_normal(6), rng.standard_normal(8))
    sparse = np.zeros((6, 8))
    sparse[2, 3] = 5.0
    scene = matrix_split(low + sparse, low, sparse)
    assert "rank 1" in scene.frames[1].caption and "the 1 entry" in scene.frames[2].caption and "0.0%" in scene.frames[3].caption
    assert by_id(scene, 0)["part1"].get("hide") and not by_id(scene, 1)["part1"].get("hide") and by_id(scene, 1)["part2"].get("hide")


def test_the_bars_of_the_forms_are_in_proportion_to_their_errors():
    w = np.ones((4, 6))
    scene = forms_view(w, [Form("half", w / 2, 12, 0.5, 0.25), Form("whole", w, 24, 0.1, 0.1)])
    state = by_id(scene, -1)
    assert state["bar1.0"]["w"] == 2 * state["bar1.1"]["w"] == 5 * state["bar2.0"]["w"]
    assert "The best of all: whole." in scene.frames[-1].caption


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: singular_values([], np.zeros((1, 1, 1)), 0), "sigmas"),
        (lambda: singular_values([1.0], np.zeros((1, 1, 1)), 2), "rank: want 0 to 1"),
        (lambda: singular_values([1.0], np.zeros((3, 3)), 1), "filters"),
        (lambda: relu_region(np.ones(2), np.ones(3), np.ones(2)), "three arrays of one length"),
        (lambda: matrix_split(np.ones((2, 2)), np.ones((2, 3)), np.ones((2, 2))), "three matrices of one shape"),
        (lambda: forms_view(np.ones((2, 2)), []), "forms: want 1 to 5"),
        (lambda: forms_view(np.ones((2, 2)), [Form("a", np.ones((2, 3)), 1, 0.1, 0.1)]), "forms: want matrices of shape"),
    ],
)
def test_what_cannot_be_drawn_is_said(call, says):
    with pytest.raises(ValueError, match=says):
        call()
