"""A sparse format being written: one non-zero after the other leaves the matrix, row by row (CSR) or column by column (CSC)."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.views.parts import grid, label, mark, numbers
from course_lib.views.scene import Frame, Item, Scene

SOURCE = "Lecture, frame 'Sparse Matrix Representation'"

MOST = 12  # rows and columns, non-zeros are as many as there are
CELL, SMALL, LEFT, TOP = 40.0, 34.0, 20.0, 34.0


def format_building(a: Any, by: str = "rows", title: str = "") -> Scene:
    """a[m, n] -> a frame a non-zero; `by` is "rows" (CSR) or "columns" (CSC).

    ValueError for other words, no numbers, or more than 12 rows.
    """
    a = np.asarray(a)
    if by not in ("rows", "columns"):
        raise ValueError(f"by: want 'rows' or 'columns', got {by!r}")
    if a.ndim != 2 or a.dtype.kind not in "biuf" or not a.size or max(a.shape) > MOST:
        raise ValueError(f"a: want a matrix of numbers of at most {MOST} x {MOST}, got shape {a.shape} of {a.dtype}")
    rows, cols = a.shape
    lines = a if by == "rows" else a.T
    where = [(line, at) for line in range(len(lines)) for at in range(lines.shape[1]) if lines[line, at] != 0]
    counts = [sum(line == one for line, _ in where) for one in range(len(lines))]
    pointer = np.concatenate([[0], np.cumsum(counts)])
    stored = len(where)
    names = ("rowptr", "colidx", "value") if by == "rows" else ("colptr", "rowidx", "value")
    x0 = LEFT + cols * CELL + 110
    words_a = [word if float(v) else "·" for word, v in zip(numbers(a), a.ravel(), strict=True)]
    items: list[Item] = [
        label("name", LEFT, TOP - 12, f"the matrix, {rows} × {cols}", size=14, weight=700, paint="w-text"),
        grid("a", LEFT, TOP, rows, cols, CELL, "w", text=words_a),
        mark("at", "a", None, (1, 1), "oa"),
        mark("line", "a", None, (1, cols) if by == "rows" else (rows, 1), "w"),
    ]
    index = [at for _, at in where]
    value = [lines[line, at] for line, at in where]
    for i, (name, words, count) in enumerate(
        (
            (names[0], [str(p) for p in pointer], len(pointer)),
            (names[1], [str(v) for v in index], stored),
            (names[2], numbers(np.array(value)) if value else [], stored),
        )
    ):
        y = TOP + 8 + i * 66
        items.append(label(f"n{i}", x0 - 12, y + 22, name, size=14, anchor="end", weight=700, paint=["cols-text", "ia-text", "w-text"][i]))
        if count:
            more = {"text": words, "size": 15, "upto": 1 if i == 0 else 0}
            items.append({**grid(f"g{i}", x0, y, 1, count, SMALL, ["cols", "ia", "w"][i], **more)})
            items += [
                label(f"i{i}.{j}", x0 + (j + 0.5) * SMALL, y - 4, str(j), size=10, anchor="middle", paint="muted") for j in range(count)
            ]
    shown = {"g0": 1}
    frames = [Frame(f"Empty arrays; {names[0]} begins with 0.", {})]
    word = by[:-1]
    done = 0
    for line in range(len(lines)):
        band = {"at": [line, 0] if by == "rows" else [0, line]}
        for _ in range(counts[line]):
            _, at = where[done]
            done += 1
            spot = [line, at] if by == "rows" else [at, line]
            frames.append(
                Frame(
                    f"{word.capitalize()} {line}: {value[done - 1]:g} stands in {'column' if by == 'rows' else 'row'} {at}. {done} stored.",
                    {"at": {"at": spot}, "line": band, "g1": {"upto": done}, "g2": {"upto": done}},
                )
            )
        shown["g0"] = line + 2
        changes: dict[str, dict[str, Any]] = {"g0": {"upto": line + 2}, "line": band}
        if not counts[line]:
            changes["at"] = {"at": None}
        empty = " It is empty: the pointer stays." if not counts[line] else ""
        frames.append(Frame(f"{word.capitalize()} {line} ends at {pointer[line + 1]}.{empty}", changes))
    size = 4 * (len(pointer) + 2 * stored)
    frames.append(
        Frame(
            f"{stored} of {a.size} numbers are stored: {size} bytes with float32 and int32, {4 * a.size} as they stood.",
            {"at": {"at": None}, "line": {"at": None}},
        )
    )
    name = "CSR" if by == "rows" else "CSC"
    return Scene(
        title or f"{name}: {word} by {word}",
        f"A {rows} by {cols} matrix with {stored} non-zeros goes into {name}: {names[0]} {pointer.tolist()}, {names[1]} {index}.",
        round(x0 + max(stored, len(pointer)) * SMALL + 12, 1),
        round(max(TOP + rows * CELL, TOP + 200) + 6, 1),
        items,
        frames,
        poster=len(frames) - 1,
    )
