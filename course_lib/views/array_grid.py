"""An array as a table of cells; where it differs from another, the cell says so by colour, by a mark and in words."""

from __future__ import annotations

import numpy as np

from course_lib.views.parts import label, type_size
from course_lib.views.scene import Frame, Item, Scene
from course_lib.views.text import number, width_of

MOST = 16  # rows and columns drawn


def array_grid(array: np.ndarray, other: np.ndarray | None = None, title: str = "") -> Scene:
    """`array` (one or two axes) cell by cell; with `other`, cells that differ from it are marked and carry its value.

    Of a large array 16 rows and columns are drawn, around the first cell that differs. "Differs" is numpy's `isclose` with
    NaN equal to NaN. Raises ValueError for more axes, an empty array, other than numbers, or arrays of two shapes.
    """
    values = checked("array", array)
    right = None if other is None else checked("other", other)
    if right is not None and right.shape != values.shape:
        raise ValueError(f"other: want the shape of array, {np.shape(array)}, got {np.shape(other)}")
    wrong = np.zeros(values.shape, bool) if right is None else ~np.isclose(values, right, equal_nan=True)
    rows, cols = values.shape
    first = np.argwhere(wrong)[0] if wrong.any() else (0, 0)
    r0, c0 = (int(min(max(0, at - MOST // 2), max(0, size - MOST))) for at, size in zip(first, (rows, cols), strict=True))
    part = values[r0 : r0 + MOST, c0 : c0 + MOST]
    marks = wrong[r0 : r0 + MOST, c0 : c0 + MOST]
    words = [number(v) for v in part.reshape(-1)]
    wants = {} if right is None else {(int(r), int(c)): number(right[r0 + r, c0 + c], 4) for r, c in np.argwhere(marks)}
    wide = max(40.0, min(76.0, max(width_of(w, 14) for w in words) + 16, 700 / part.shape[1]))
    if wants:
        wide = max(wide, min(76.0, max(width_of(f"≠ {w}", 11) for w in wants.values()) + 10))
    high = 42.0 if wants else 32.0
    left, top = 34.0, 22.0
    told = [
        f"[{r0 + r}, {c0 + c}] = {number(part[r, c], 6)}" + (f", should be {wants[r, c]}" if (r, c) in wants else "")
        for r in range(part.shape[0])
        for c in range(part.shape[1])
    ]
    items: list[Item] = [
        {
            "kind": "grid",
            "id": "cells",
            "x": left,
            "y": top,
            "rows": part.shape[0],
            "cols": part.shape[1],
            "w": wide,
            "h": high,
            "role": "plain",
            "cells": told,
            "text": ["" if (i // part.shape[1], i % part.shape[1]) in wants else w for i, w in enumerate(words)],
            "size": type_size(words, wide, 32),
        }
    ]
    for r, c in wants:
        x, y = left + c * wide, top + r * high
        size = min(14.0, type_size([words[r * part.shape[1] + c]], wide, 32))
        items += [
            {
                "kind": "rect",
                "id": f"wrong{r}.{c}",
                "x": x + 1.25,
                "y": y + 1.25,
                "w": wide - 2.5,
                "h": high - 2.5,
                "fill": "alert-soft",
                "stroke": "alert",
                "sw": 2.5,
            },
            {"kind": "path", "id": f"corner{r}.{c}", "d": f"M{x + wide - 11:.2f} {y + 1:.2f}h10v10z", "fill": "alert"},
            label(f"is{r}.{c}", x + wide / 2, y + high / 2 - 1, words[r * part.shape[1] + c], size=size, weight=700, anchor="middle"),
            label(
                f"want{r}.{c}",
                x + wide / 2,
                y + high - 7,
                f"≠ {wants[r, c]}",
                size=min(11.0, 11.0 * (wide - 6) / width_of(f"≠ {wants[r, c]}", 11)),
                anchor="middle",
                paint="alert-text",
            ),
        ]
    items += [
        label(f"row{r}", left - 8, top + (r + 0.5) * high + 4, str(r0 + r), size=11, anchor="end", paint="muted")
        for r in range(part.shape[0])
    ]
    items += [
        label(f"col{c}", left + (c + 0.5) * wide, top - 7, str(c0 + c), size=11, anchor="middle", paint="muted")
        for c in range(part.shape[1])
    ]
    count = int(wrong.sum())
    if right is None:
        words_ = f"{rows} × {cols} values."
    elif count:
        at = f"[{int(first[0])}, {int(first[1])}]"
        is_, should = number(values[tuple(first)], 6), number(right[tuple(first)], 6)
        words_ = f"{count:,} of {wrong.size:,} cells differ, first at {at}: it is {is_} and should be {should}."
    else:
        words_ = f"All {wrong.size:,} cells agree."
    if part.size < values.size:
        words_ += f" Drawn: rows {r0} to {r0 + part.shape[0] - 1} of {rows}, columns {c0} to {c0 + part.shape[1] - 1} of {cols}."
    shape = " × ".join(map(str, np.shape(array))) or "1"
    width = max(left + part.shape[1] * wide + 4, 280.0)
    return Scene(
        title or f"Array {shape}",
        f"{shape} values. {words_}",
        round(width, 1),
        round(top + part.shape[0] * high + 4, 1),
        items,
        [Frame(words_)],
    )


def checked(name: str, array: object) -> np.ndarray:
    """The array as two axes of float64."""
    values = np.asarray(array)
    if values.dtype.kind not in "biuf":
        raise ValueError(f"{name}: want numbers, got dtype {values.dtype}")
    if values.ndim > 2 or values.size == 0:
        raise ValueError(f"{name}: want one or two axes and at least one value, got shape {values.shape}; pick a plane, as in array[0, 0]")
    return np.atleast_2d(values).astype(float)
