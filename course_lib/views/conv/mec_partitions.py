"""MEC as on the lecture's slide: strips fill the lowered matrix, then partitions A, B, C, ... of it, overlapping, make the output rows.

A row of the lowered matrix is a strip of the image, all its rows, S columns wide. Partition p is R·S columns of it and begins stride·S
columns after the one before: the same memory, seen again, and nothing is copied.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.shapes import ConvShape
from course_lib.views.conv.sliding_window import arrays, padded
from course_lib.views.parts import grid, heading, label, mark, numbers, type_size
from course_lib.views.scene import Frame, Item, Scene
from course_lib.views.text import amount

SOURCE = "Lecture, frames 'SOTA 1: Memory-efficient Convolution'; Cho & Brand, ICML 2017, figure 2"

MOST = 26  # letters for the partitions
WIDEST = 40  # columns of the lowered matrix


def mec_partitions(shape: ConvShape, ia: np.ndarray | None = None, wt: np.ndarray | None = None) -> Scene:
    """One image, one channel, one filter: ia[H,W] -> low[Q, H·S] -> P partitions [Q, R·S] @ w[R·S] -> the rows of oa[P,Q].

    Raises ValueError for more than one image, channel or filter, for dilation, and for sizes that cannot be drawn cell by cell.
    """
    if (shape.N, shape.C, shape.K) != (1, 1, 1) or shape.dilations != (1, 1):
        raise ValueError("shape: want one image, one channel, one filter and no dilation: the lecture's picture")
    ia, wt = arrays(shape, ia, wt)
    image = padded(ia, shape)[0]
    high, wide = image.shape
    (down, aside), R, S, P, Q = shape.strides, shape.R, shape.S, shape.P, shape.Q
    if high * S > WIDEST or P > MOST or max(high, Q) > 12:
        raise ValueError(f"shape: the lowered matrix has {high * S} columns and {P} partitions, at most {WIDEST} and {MOST} can be drawn")
    low = np.stack([image[:, q * aside : q * aside + S].reshape(-1) for q in range(Q)])
    oa = np.stack([low[:, p * down * S : (p * down + R) * S] @ wt.reshape(-1) for p in range(P)])

    cell = min(26.0, 560 / (high * S))
    top, left = 26.0, max(wide * 26.0, 120.0) + 44
    second = top + max(Q * cell + 66, high * 26.0 - P * 26.0)

    def numbered(name: str, x: float, y: float, values: np.ndarray, side: float, role: str, **more: Any) -> Item:
        rows, cols = values.shape
        words = numbers(values)
        return grid(name, x, y, rows, cols, side, role, text=words, size=type_size(words, side, side), name=f"{name}[{{r}},{{c}}]", **more)

    edge = f", pad {shape.pads[0][0]}" if any(shape.pads[0]) else ""
    beside = left + Q * 26 + 56
    items: list[Item] = [
        heading("ia.name", 0, top - 9, "IA", f"{shape.H} × {shape.W}{edge}", "ia"),
        numbered("ia", 0, top, image, 26, "ia"),
        heading("low.name", left, top - 9, "lowered", f"{Q} × {high * S}: a strip a row", "cols"),
        numbered("low", left, top, low, cell, "cols", upto=0, order="row"),
        heading("oa.name", left, second - 9, "OA", f"{P} × {Q}", "oa"),
        numbered("oa", left, second, oa, 26, "oa", upto=0, order="row", weight=600),
        heading("w.name", beside, second - 9, "W", f"{R} × {S}", "w"),
        numbered("w", beside, second, wt[0, 0], 26, "w"),
    ]
    letters = [chr(ord("A") + p) for p in range(P)]
    row = top + Q * cell + 16
    for p, letter in enumerate(letters):
        x = left + (p * down + R / 2) * S * cell
        items.append(label(f"letter{p}", x, row + 4, letter, size=15, weight=700, anchor="middle", paint="muted", hide=True))

    # the memory: elements so far, beside what im2col takes
    lowered, all_windows = low.size, P * Q * R * S
    base = max(second + P * 26, top + high * 26) + 26
    width = max(left + high * S * cell, beside + S * 26 + 20, 560.0)
    room = width - 80 - 230
    for i, (name, words, role, size) in enumerate((("im2col", "im2col", "plain", all_windows), ("mec", "MEC", "cols", lowered))):
        y, long = base + 26 * i, room * size / max(all_windows, lowered)
        items += [
            label(f"bytes.{name}", 0, y + 12, words, size=13, weight=600, paint=f"{role}-text"),
            {"kind": "rect", "id": f"bar.{name}.all", "x": 64, "y": y, "w": long, "h": 16, "rx": 3, "fill": "faint"},
            {"kind": "rect", "id": f"bar.{name}", "x": 64, "y": y, "w": long if name == "im2col" else 1, "h": 16, "rx": 3, "fill": role},
            label(f"said.{name}", 64 + long + 10, y + 13, f"{size} elements, {amount(4 * size)}" if name == "im2col" else "", size=13),
        ]
    items += [
        mark("strip", "ia", None, (high, S), "cols"),
        mark("window", "ia", None, (R, wide), "w"),
        mark("filled", "low", None, (1, high * S), "cols"),
        mark("part", "low", None, (Q, R * S), "w", sw=3),
        mark("made", "oa", None, (1, Q), "oa", sw=3),
    ]
    said_x = 64 + room * lowered / max(all_windows, lowered) + 10
    frames = []
    for q in range(Q):
        change: dict[str, dict[str, Any]] = {
            "strip": {"at": [0, q * aside]},
            "filled": {"at": [q, 0]},
            "low": {"upto": (q + 1) * high * S},
            "bar.mec": {"w": room * (q + 1) * high * S / max(all_windows, lowered)},
            "said.mec": {"text": f"{(q + 1) * high * S} so far", "x": said_x},
        }
        words = (
            f"Strip {q}: columns {q * aside} to {q * aside + S - 1} of the image, all {high} rows, become row {q} of the lowered matrix."
        )
        frames.append(Frame(words, change))
    for p, letter in enumerate(letters):
        change = {
            "strip": {"at": None},
            "filled": {"at": None},
            "window": {"at": [p * down, 0]},
            "part": {"at": [0, p * down * S]},
            f"letter{p}": {"hide": None, "paint": "w-text"},
            "oa": {"upto": (p + 1) * Q},
            "made": {"at": [p, 0]},
        }
        if p:
            change[f"letter{p - 1}"] = {"paint": "muted"}
        else:
            change["said.mec"] = {"text": f"{lowered} elements, {amount(4 * lowered)}: {all_windows / lowered:.2f} times less"}
        shared = f" It shares {max(0, R - down) * S} of its {R * S} columns with {letters[p - 1]}." if p else ""
        first, last = p * down * S, (p * down + R) * S - 1
        words = f"Partition {letter}: columns {first} to {last}, a view. {letter} times the filter is row {p} of the output."
        frames.append(Frame(words + shared, change))
    alt = (
        f"MEC lowers a {shape.H} x {shape.W} image into {Q} strips of {high * S} numbers, {lowered} in all; {P} overlapping partitions,"
        f" {letters[0]} to {letters[-1]}, give the rows of the output. im2col would hold {all_windows}."
    )
    return Scene("MEC: strips and partitions", alt, width, base + 50, items, frames, poster=Q)
