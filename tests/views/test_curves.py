"""Curves: a point stands where its numbers say, on plain and on logarithmic axes, and what cannot be shown is said."""

import math
import re

import pytest

from course_lib.views import Curve, curves
from course_lib.views.curves import CORNERS, DASHES, HEIGHT, LEFT, ROLES, TOP, WIDTH, apart, scale, short


def centre(item):
    numbers = [float(v) for v in re.findall(r"-?\d+(?:\.\d+)?", item["d"])]
    xs, ys = numbers[::2], numbers[1::2]
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


def points(scene, curve):
    return [centre(item) for item in scene.items if item["id"].startswith(f"point{curve}.")]


def test_points_stand_in_proportion_on_plain_axes():
    got = points(curves([Curve("a", [0, 1, 3], [10, 20, 0])], "x", "y"), 0)
    (x0, y0), (x1, y1), (x2, y2) = got
    assert (x1 - x0) / (x2 - x0) == pytest.approx(1 / 3, abs=0.01)
    assert (y0 - y1) / (y2 - y1) == pytest.approx(10 / 20, abs=0.01)  # y grows downwards on the screen


def test_equal_factors_are_equal_steps_on_logarithmic_axes():
    got = points(curves([Curve("a", [1, 10, 100], [4, 8, 16])], "x", "y", log_x=True, log_y=True), 0)
    (x0, y0), (x1, y1), (x2, y2) = got
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.05) and y1 - y0 == pytest.approx(y2 - y1, abs=0.05)


def test_everything_lies_inside_the_ground():
    scene = curves(
        [Curve("a", range(9), [v**2 for v in range(9)], low=[v**2 - 5 for v in range(9)], high=[v**2 + 9 for v in range(9)])],
        "x", "y", marks=[("here", 4)], levels=[("roof", 90)],
    )  # fmt: skip
    for x, y in points(scene, 0):
        assert LEFT <= x <= LEFT + WIDTH and TOP <= y <= TOP + HEIGHT
    assert {"band0", "mark0", "level0"} <= {item["id"] for item in scene.items}
    assert "here at 4" in scene.alt and "roof at 90" in scene.alt


def test_curves_differ_by_more_than_their_colour():
    assert set(CORNERS) == set(DASHES) == set(ROLES)
    assert len({(DASHES[role], tuple(CORNERS[role])) for role in ROLES}) == len(ROLES)


def test_curves_come_one_by_one_and_the_still_picture_shows_them_all():
    scene = curves([Curve("a", [1, 2], [1, 2]), Curve("b", [1, 2], [2, 1]), Curve("c", [1, 2], [3, 1])], "x", "y", one_by_one=True)
    hidden = [{item["id"] for item in scene.at(frame).values() if item.get("hide")} for frame in range(len(scene))]
    assert len(scene) == 3 and scene.poster == 2
    assert {"curve1", "curve2"} <= hidden[0] and "curve1" not in hidden[1] and "curve2" in hidden[1] and not hidden[2]


def test_names_at_the_ends_do_not_lie_on_each_other():
    places = apart([50, 51, 52, 300, 299], 16, 20, 310)
    assert all(b - a >= 16 - 1e-9 for a, b in zip(sorted(places), sorted(places)[1:], strict=False))
    assert max(places) <= 310 and min(places) >= 20
    assert apart([100, 200], 16, 0, 300) == [100, 200]


def test_numbers_on_an_axis_are_short():
    assert [short(v) for v in (0, 0.05, 12_000, 1e-6, 2e7, 1234.5)] == ["0", "0.05", "12,000", "10⁻⁶", "2·10⁷", "1,234"]


def test_a_single_point_has_an_axis_around_it():
    both = [scale("x", [7.0], 0, 100, log, False) for log in (False, True)]
    assert all(0 < one(7.0) < 100 for one in both) and all(math.isfinite(t) for one in both for t in one.ticks())


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Curve("a", [1, 2], [1]), "a: want x and y of one length"),
        (lambda: Curve("a", [], []), "a: want x and y"),
        (lambda: Curve("a", [1], [1], low=[0]), "low, high"),
        (lambda: curves([], "x", "y"), "lines: want 1 to 7"),
        (lambda: curves([Curve("a", [0, 1], [1, 2])], "size", "y", log_x=True), "size: holds a value of 0 or less"),
        (lambda: curves([Curve("a", [0, 1], [1, math.nan])], "x", "time"), "time: holds a value that is no finite number"),
    ],
)
def test_what_cannot_be_shown_is_said(call, says):
    with pytest.raises(ValueError, match=says):
        call()
