"""im2col, column by column: each window becomes a column, then one matrix product gives all outputs.

The arrays stand as in a product on paper: the lowered matrix `cols` above OA, the filters as rows to the left of OA, so that
a lit column of `cols` and the rows of W meet in the column of OA they make. The caption counts the copies, a bar the bytes.
With groups W is a block for each: there is one product a group, of its filters and the rows of its own channels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.shapes import ConvShape
from course_lib.views.conv.sliding_window import arrays, padded, strides_said, window
from course_lib.views.parts import grid, heading, label, mark, numbers, sample, tint, type_size
from course_lib.views.scene import Frame, Item, Scene
from course_lib.views.text import amount

SOURCE = "Lecture, frames 'Im2col (Image2Column)' 2-D and 3-D; Chellapilla, Puri, Simard, IWFHR 2006"

MOST_FRAMES = 60  # of the filling; the product has as many again
MOST_COLUMNS = 48
MOST_ROWS = 36
MOST_FILTERS = 6


def lowered(image: np.ndarray, shape: ConvShape, most: int | None = None) -> np.ndarray:
    """cols[C·R·S, P·Q] of a padded image, one window a column, channels outermost; the first `most` columns where only those are drawn."""
    count = shape.P * shape.Q if most is None else min(most, shape.P * shape.Q)
    return np.stack([window(image, shape, *divmod(j, shape.Q)).reshape(-1) for j in range(count)], 1)


def im2col_filling(shape: ConvShape, ia: np.ndarray | None = None, wt: np.ndarray | None = None) -> Scene:
    """Lowering image 0 and the product after it: ia -> cols[C·R·S, P·Q], W[K, C·R·S] @ cols -> OA[K, P·Q]; with groups one product each.

    Drawn are at most 3 channels and 36 rows, 48 columns and 6 filters, of as many groups as are whole within that, at least one;
    the caption says what is left out. Raises ValueError for an empty batch and for arrays that do not fit.
    """
    if shape.N < 1:
        raise ValueError("shape: N is 0, an empty batch has no image to lower")
    ia, wt = arrays(shape, ia, wt)
    image = padded(ia, shape)
    cols = lowered(image, shape, MOST_COLUMNS)
    taps = shape.R * shape.S
    each_c, each_k = shape.C // shape.groups, shape.K // shape.groups  # channels and filters of a group
    groups = max(1, min(shape.groups, 3 // each_c, MOST_ROWS // (each_c * taps), MOST_FILTERS // each_k))
    channels = min(groups * each_c, 3, max(1, MOST_ROWS // taps))
    rows, columns, filters = min(channels * taps, MOST_ROWS), min(shape.P * shape.Q, MOST_COLUMNS), min(groups * each_k, MOST_FILTERS)
    taps_shown = rows // channels
    high_block, wide_block = filters // groups, rows // groups  # of W, in cells
    wmat = wt.reshape(shape.K, -1)
    oa = np.concatenate([w @ c for w, c in zip(np.split(wmat, shape.groups), np.split(cols, shape.groups), strict=True)])
    (top, bottom), (left, right) = shape.pads
    high, wide = image.shape[1:]
    whole_rows = shape.C * taps

    # -- sizes
    cell = min(28.0, 900 / (rows + columns + 4), 520 / (rows + filters + 3))
    numbered = cell >= 17
    if not numbered:
        cell = float(max(6, int(cell)))
    left_wide = max(rows * cell, 190.0)
    image_cell = min(
        40.0, left_wide / wide, (rows * cell + 60 - 40 * (channels - 1)) / (high * (channels if high <= 12 else 1)) if high <= 12 else 4.5
    )
    image_cell = max(2.0, image_cell)
    stacked = high > 12
    shift = 12.0
    gap = 72.0 if stacked and channels > 1 else 52.0  # room for the names of the channels
    items: list[Item] = []
    top_line = 24.0

    # -- IA at the upper left
    shades = [f"ch{c}-soft" for c in range(3)] if channels > 1 else ["ia-soft"]
    image_words = [numbers(image[c]) for c in range(channels)]
    with_text = image_cell >= 17 and not stacked
    place = top_line
    for c in range(channels) if not stacked else range(channels)[::-1]:
        x, y = (c * shift, top_line + (channels - 1 - c) * shift) if stacked else (0.0, place)
        shade = shades[c % len(shades)]
        tile = grid(
            f"ia{c}", x, y, high, wide, image_cell, "ia", name=f"IA[0,{c},{{r}},{{c}}]", bands=[[0, high, shade]], **{"from": [top, left]}
        )
        if with_text:
            tile |= {"text": image_words[c], "size": type_size(image_words[c], image_cell, image_cell)}
        elif stacked:
            tile["tint"] = tint(image[c], int(shift / image_cell) + 1 if c else 0)
        if top + bottom + left + right:
            tile["pad"] = [top, bottom, left, right]
        if not stacked:
            items.append(
                heading(f"ia{c}.name", 0, y - 8, f"IA[{c}]" if shape.C > 1 else "IA", f"{shape.H} × {shape.W}" if c == 0 else "", "ia")
            )
            place += high * image_cell + 32
        items.append(tile)
    if stacked:
        items.append(heading("ia.name", 0, 12, "IA", f"{shape.C} × {shape.H} × {shape.W}", "ia"))
    ia_high = top_line + (high * image_cell + (channels - 1) * shift if stacked else channels * (high * image_cell + 32) - 32)

    # -- cols above OA, W to the left of OA
    edge = max(left_wide, wide * image_cell + (shift * (channels - 1) if stacked else 0)) + gap
    cols_top = max(top_line, ia_high + 46 - (rows * cell + 46))
    cols_top = max(top_line, ia_high - rows * cell)
    second = cols_top + rows * cell + 46
    part = [f"{w}" for w in numbers(cols[:rows, :columns])]
    cols_size = f"{whole_rows} × {shape.P * shape.Q:,}"
    ids = [f"c{c} r{r} s{s}" for c in range(channels) for r in range(shape.R) for s in range(shape.S)][:rows]
    bands = [[c * taps_shown, taps_shown, shades[c % len(shades)]] for c in range(channels)]
    matrix = grid("cols", edge, cols_top, rows, columns, cell, "cols", upto=0, order="col", name="cols[{r},{c}]", bands=bands)
    if numbered:
        matrix |= {"text": part, "size": type_size(part, cell, cell)}
    items += [heading("cols.name", edge, cols_top - 8, "cols", cols_size, "cols"), matrix]
    if channels > 1:
        for c in range(channels):
            items.append(
                label(
                    f"band{c}",
                    edge - 8,
                    cols_top + (c + 0.5) * taps_shown * cell + 4,
                    f"channel {c}",
                    size=12,
                    anchor="end",
                    paint="ia-text",
                )
            )
    elif cell >= 15:
        items += [
            label(f"tap{i}", edge - 8, cols_top + (i + 0.5) * cell + 4, words[3:], size=11, anchor="end", paint="muted")
            for i, words in enumerate(ids)
        ]
    w_left = edge - gap - rows * cell
    blocks = {"w" if groups == 1 else f"w{g}": g for g in range(groups)}
    filter_grids = []
    for name, g in blocks.items():
        x, y = w_left + g * wide_block * cell, second + g * high_block * cell
        words_of = f"W[{{r}},{{c}}] of group {g}" if shape.groups > 1 else "W[{r},{c}]"
        filter_grids.append(grid(name, x, y, high_block, wide_block, cell, "w", name=words_of))
        if numbered:
            w_words = numbers(wmat[g * each_k : g * each_k + high_block, :wide_block])
            filter_grids[-1] |= {"text": w_words, "size": type_size(w_words, cell, cell)}
    if groups > 1:
        beside = {"kind": "rect", "id": "w.none", "x": w_left, "y": second, "w": rows * cell, "h": filters * cell, "fill": "faint"}
        filter_grids.insert(0, {**beside, "hatch": 45, "tip": "no weights here: a filter sees the channels of its own group only"})
    oa_words = numbers(oa[:filters, :columns])
    result = grid("oa", edge, second, filters, columns, cell, "oa", upto=0, order="col", name="OA[{r},{c}]")
    if numbered:
        result |= {"text": oa_words, "size": type_size(oa_words, cell, cell), "weight": 600}
    w_size = f"{shape.K} × {whole_rows}" if shape.groups == 1 else f"{shape.groups} blocks of {each_k} × {each_c * taps}"
    product = "W @ cols" if shape.groups == 1 else f"{shape.groups} products, one a group"
    items += [
        heading("w.name", w_left, second - 8, "W", w_size, "w"),
        *filter_grids,
        heading("oa.name", edge, second - 8, "OA", f"{'= ' * (shape.groups == 1)}{product},  {shape.K} × {shape.P * shape.Q:,}", "oa"),
        result,
    ]

    # -- the memory bar: bytes of float32 in ia and in cols so far
    width = max(edge + columns * cell, 560.0)
    base = second + filters * cell + 44
    ia_bytes, cols_bytes = 4 * shape.C * shape.H * shape.W, 4 * whole_rows * shape.P * shape.Q
    most = max(ia_bytes, cols_bytes)
    room = width - 48 - 190
    for i, (name, role, size) in enumerate((("ia", "ia", ia_bytes), ("cols", "cols", cols_bytes))):
        y = base + 26 * i
        items += [
            label(f"bytes.{name}", 0, y + 12, name, size=13, weight=600, paint=f"{role}-text"),
            {
                "kind": "rect",
                "id": f"bar.{name}.all",
                "x": 48,
                "y": y,
                "w": max(1.0, room * size / most),
                "h": 16,
                "rx": 3,
                "fill": "faint",
            },
            {
                "kind": "rect",
                "id": f"bar.{name}",
                "x": 48,
                "y": y,
                "w": max(1.0, room * size / most),
                "h": 16,
                "rx": 3,
                "fill": role,
                **({"hatch": 45} if name == "cols" else {}),
                "tip": f"{name}: {size:,} bytes of float32",
            },
            label(f"said.{name}", 48 + max(1.0, room * size / most) + 10, y + 13, amount(size), size=13, paint="ink"),
        ]

    # -- the lit cells
    items += [mark(f"window{c}", f"ia{c}", None, (shape.R, shape.S), "w", step=list(shape.dilations)) for c in range(channels)]
    items += [
        mark("column", "cols", None, (rows, 1), "cols"),
        *[mark(f"filters{name[1:]}", name, None, (high_block, wide_block), "w", alpha=0.1) for name in blocks],
        mark("here", "oa", None, (filters, 1), "oa", sw=3),
    ]

    links: list[dict[str, Any]] = []
    if taps_shown == taps:
        # a cell of cols (row = c·R·S + r·S + s, column = p·Q + q) is the pixel (p·stride + r·dilation, q·stride + s·dilation) of channel c
        links.append(
            {
                "from": "cols",
                "to": [f"ia{c}" for c in range(channels)],
                "radix": [[channels, shape.R, shape.S], [shape.P, shape.Q]],
                "pick": 0,
                "row": [0, 0, shape.dilations[0], 0, shape.strides[0], 0],
                "col": [0, 0, 0, shape.dilations[1], 0, shape.strides[1]],
                "role": "w",
                "back": "cols",
            }
        )
    from_oa = {"from": "oa", "radix": [[groups, high_block], [columns]]}  # an output's group, its filter there, its column
    links.append({**from_oa, "to": ["cols"], "row": [0, wide_block, 0, 0], "col": [0, 0, 0, 1], "size": [wide_block, 1], "role": "cols"})
    links.append({**from_oa, "to": list(blocks), "pick": 0, "row": [0, 0, 1, 0], "col": [0, 0, 0, 0], "size": [1, wide_block], "role": "w"})

    # -- frames: fill, then multiply
    steps = sample(columns, MOST_FRAMES)
    pixels = shape.C * shape.H * shape.W
    said = left_out(shape, groups, channels, rows, columns, filters)
    frames = []
    for j in steps:
        p, q = divmod(j, shape.Q)
        copied = (j + 1) * whole_rows
        length = max(1.0, room * 4 * copied / most)
        at = [p * shape.strides[0], q * shape.strides[1]]
        change: dict[str, dict[str, Any]] = {
            "cols": {"upto": (j + 1) * rows},
            "column": {"at": [0, j]},
            **{f"window{c}": {"at": at} for c in range(channels)},
            "bar.cols": {"w": length},
            "said.cols": {"text": f"{amount(4 * copied)} so far", "x": 48 + room * cols_bytes / most + 10},
        }
        words = (
            f"Column {j + 1:,} of {shape.P * shape.Q:,}: the window of output ({p}, {q}) is copied as {whole_rows:,} values; "
            f"{copied:,} values written so far, from an image of {pixels:,}."
        )
        frames.append(Frame(words + said, change))
    for number_, j in enumerate(steps):
        p, q = divmod(j, shape.Q)
        at = [p * shape.strides[0], q * shape.strides[1]]
        change = {
            "oa": {"upto": (j + 1) * filters},
            "column": {"at": [0, j]},
            "here": {"at": [0, j]},
            **{f"window{c}": {"at": at} for c in range(channels)},
        }
        if number_ == 0:
            change |= {
                **{f"filters{name[1:]}": {"at": [0, 0]} for name in blocks},
                "bar.cols": {"w": max(1.0, room * cols_bytes / most)},
                "said.cols": {"text": f"{amount(cols_bytes)} = {cols_bytes / ia_bytes:.3g} × ia"},
            }
        whose = f"column {j}" if shape.groups == 1 else f"the {each_c * taps:,} values of their group in column {j}"
        words = (
            f"{product}, column {j + 1:,}: {shape.K:,} {'row' if shape.K == 1 else 'rows'} of weights times {whose} "
            f"give output ({p}, {q}) of {'the one filter' if shape.K == 1 else 'every filter'}. "
            f"cols holds {whole_rows * shape.P * shape.Q:,} values, {cols_bytes / ia_bytes:.3g} times the image."
        )
        frames.append(Frame(words + said, change))
    alt = (
        f"Every {shape.R}×{shape.S} window of the {shape.C}×{shape.H}×{shape.W} image becomes a column "
        f"of a {whole_rows}×{shape.P * shape.Q} matrix; the {shape.K} filters as rows times "
        f"{'this matrix' if shape.groups == 1 else f'the rows of their own group, one of {shape.groups},'} give all outputs. "
        f"The matrix takes {cols_bytes / ia_bytes:.3g} times the memory of the image."
    )
    title = f"im2col: {shape.C}×{shape.H}×{shape.W}, {shape.R}×{shape.S} windows{strides_said(shape)}"
    return Scene(title, alt, round(width, 1), round(base + 50, 1), items, frames, links, poster=len(steps) + len(steps) // 2)


def left_out(shape: ConvShape, groups: int, channels: int, rows: int, columns: int, filters: int) -> str:
    """What the picture does not show, in words; nothing if it shows all."""
    words = []
    if shape.N > 1:
        words.append(f"image 0 of {shape.N}")
    if groups < shape.groups:
        words.append(f"groups 0 to {groups - 1} of {shape.groups:,}" if groups > 1 else f"group 0 of {shape.groups:,}")
    if channels < shape.C:
        words.append(f"channels 0 to {channels - 1} of {shape.C:,}" if channels > 1 else f"channel 0 of {shape.C:,}")
    if rows < channels * shape.R * shape.S:
        words.append(f"{rows} rows of these channels' {channels * shape.R * shape.S}")
    if columns < shape.P * shape.Q:
        words.append(f"the first {columns} of {shape.P * shape.Q:,} columns")
    if filters < shape.K:
        words.append(f"{filters} of {shape.K:,} filters")
    return f" Drawn: {'; '.join(words)}." if words else ""
