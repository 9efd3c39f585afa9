"""Structured sparsity, low rank and their sum side by side: what each form keeps of a matrix, and what it costs after the ReLU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course_lib.views.chart import count
from course_lib.views.parts import grid, label, tint
from course_lib.views.scene import Frame, Item, Scene

SOURCE = "Lecture, last frames: one problem, with and without the ReLU; only the set that W may come from differs"

MOST, WIDE, BAR = 5, 132.0, 150.0


@dataclass(frozen=True)
class Form:
    """One form: its name, what it makes of the matrix [K, J], how many numbers it stores, and its errors after the ReLU."""

    name: str
    matrix: np.ndarray
    numbers: int
    linear: float  # error of the linear fit, after the ReLU
    aware: float  # of the fit that knows of the ReLU


def forms_view(w: np.ndarray, forms: Sequence[Form], title: str = "") -> Scene:
    """The matrix w[K, J] and up to five forms of it, on one scale of tints, each over the two bars of its errors.

    Frame by frame: the matrix, then one form after the other. Raises ValueError for more forms, or one of another shape.
    """
    if not 1 <= len(forms) <= MOST:
        raise ValueError(f"forms: want 1 to {MOST}, got {len(forms)}")
    if any(np.shape(form.matrix) != np.shape(w) for form in forms):
        raise ValueError(f"forms: want matrices of shape {np.shape(w)}, got {', '.join(str(np.shape(form.matrix)) for form in forms)}")
    K, J = np.shape(w)
    rows, cols = min(K, 48), min(J, 48)
    cell = min(WIDE / cols, 130 / rows)
    edge = float(np.abs(w).max()) or 1.0
    top, step = 44.0, WIDE + 34
    floor = top + rows * cell + 40
    worst = max(max(form.linear, form.aware) for form in forms) or 1.0
    items: list[Item] = []
    parts: list[list[str]] = []
    for i, (name, said, matrix) in enumerate(
        [("W", f"{K} × {J} = {count(K * J)}", w)] + [(form.name, f"{count(form.numbers)} numbers", form.matrix) for form in forms]
    ):
        x = i * step
        mine: list[Item] = [
            label(f"name{i}", x, 14, name, size=14, weight=700, paint="w-text"),
            label(f"said{i}", x, 32, said, size=12, paint="muted"),
            grid(
                f"part{i}", x, top, rows, cols, round(cell, 3), "w",
                tint=tint(np.asarray(matrix, float)[:rows, :cols], between=(-edge, edge)),
                name=f"{name}[{{r}}, {{c}}]",
            ),
        ]  # fmt: skip
        if i:
            form = forms[i - 1]
            for j, (value, role, words) in enumerate(((form.linear, "plain", "linear"), (form.aware, "oa", "ReLU-aware"))):
                y = floor + 24 * j
                wide = round(max(1.0, WIDE * value / worst), 2)
                bar: Item = {
                    "kind": "rect",
                    "id": f"bar{i}.{j}",
                    "x": x,
                    "y": y,
                    "w": wide,
                    "h": 18,
                    "fill": f"{role}-soft",
                    "stroke": role,
                    "sw": 1,
                }
                bar |= {"tip": f"{form.name}, {words}: error {value:.4g} after the ReLU"} | ({"hatch": -45} if j else {})
                mine += [bar, label(f"bar{i}.{j}.said", x + 5, y + 13.5, f"{value:.1%} {words}", size=12, weight=600, halo=True)]
        items += mine
        parts.append([item["id"] for item in mine])
    items.append(label("axis", 0, floor + 14, "error after", size=12, paint="muted"))
    items.append(label("axis2", 0, floor + 30, "the ReLU", size=12, paint="muted"))
    hidden = {name: {"hide": True} for part in parts[1:] for name in part}
    frames = [
        Frame(f"The matrix: {count(K * J)} numbers. Each form below may store at most {count(max(f.numbers for f in forms))}.", hidden)
    ]
    for form, part in zip(forms, parts[1:], strict=True):
        errors = f"error {form.linear:.1%} where the fit is linear, {form.aware:.1%} where it knows of the ReLU"
        said = f"{form.name}: {count(form.numbers)} numbers, {errors}."
        frames.append(Frame(said, {name: {"hide": None} for name in part}))
    best = min(forms, key=lambda form: form.aware)
    frames[-1] = Frame(f"{frames[-1].caption} The best of all: {best.name}.", frames[-1].changes)
    return Scene(
        title or "One problem, several forms",
        " ".join(frame.caption for frame in frames),
        round(len(parts) * step - 30, 1),
        round(floor + 52, 1),
        items,
        frames,
        poster=len(frames) - 1,
    )
