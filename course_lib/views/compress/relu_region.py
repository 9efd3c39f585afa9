"""Where an error costs nothing: responses and their approximations, on the side of zero that the ReLU wipes out and on the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from course_lib.views.curves import LEFT, Curve, curves
from course_lib.views.parts import label
from course_lib.views.scene import Item, Scene

SOURCE = "Lecture, frame 'ReLU': errors are more sensitive to positive responses"

MOST = 250


def relu_region(y: np.ndarray, linear: np.ndarray, aware: np.ndarray, title: str = "") -> Scene:
    """Responses y[n] across, two approximations of them upwards; the shaded quarter, where both are negative, costs nothing.

    Of more than 250 responses every so-manieth is drawn. Raises ValueError for arrays of different lengths, or none.
    """
    want, one, two = (np.asarray(a, float).ravel() for a in (y, linear, aware))
    if not len(want) or len(want) != len(one) or len(want) != len(two):
        raise ValueError(f"y, linear, aware: want three arrays of one length of at least 1, got {len(want)}, {len(one)}, {len(two)}")
    step = max(1, -(-len(want) // MOST))
    a, b, c = want[::step], one[::step], two[::step]
    low, high = float(min(a.min(), b.min(), c.min(), 0)), float(max(a.max(), b.max(), c.max(), 0))
    scene = curves(
        [
            Curve("linear", a, b, line=False, role="w"),
            Curve("ReLU-aware", a, c, line=False, role="ia"),
            Curve("exact", [low, high], [low, high], role="plain", markers=False),
        ],
        "response y",
        "approximation",
        title or "After the ReLU only one side counts",
        zero=False,
        marks=[("0", 0.0)],
        levels=[("0", 0.0)],
    )
    state = {item["id"]: item for item in scene.items}
    across, upward = state["mark0"]["x1"], state["level0"]["y1"]
    bottom = state["ground"]["y"] + state["ground"]["h"]
    free: list[Item] = [
        {
            "kind": "rect",
            "id": "free",
            "x": LEFT,
            "y": upward,
            "w": round(across - LEFT, 2),
            "h": round(bottom - upward, 2),
            "fill": "oa-soft",
        },
        label("free.name", LEFT + 8, bottom - 10, "both negative: costs nothing", size=12, paint="oa-text", weight=600, halo=True),
    ]
    rest = [item for item in scene.items if item["id"] not in ("mark0.name", "level0.name")]
    size = float((want**2).sum()) or 1.0
    positive = float((np.maximum(want, 0) ** 2).sum()) or 1.0
    before = [float(((got - want) ** 2).sum()) / size for got in (one, two)]
    after = [float(((np.maximum(got, 0) - np.maximum(want, 0)) ** 2).sum()) / positive for got in (one, two)]
    words = (
        f"Sum of squared errors before the ReLU: linear {before[0]:.1%}, ReLU-aware {before[1]:.1%}; "
        f"after it: linear {after[0]:.1%}, ReLU-aware {after[1]:.1%}."
    )
    frames = [replace(scene.frames[0], caption=words)]
    return replace(
        scene,
        items=[rest[0], free[0], *rest[1:], free[1]],
        frames=frames,
        alt=f"{len(a)} responses and two approximations of each. {words}",
    )
