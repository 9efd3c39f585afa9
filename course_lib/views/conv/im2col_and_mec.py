"""im2col and MEC side by side: the same image lowered twice, window by window and strip by strip, and one bar of memory for each.

Windows and strips stand as rows, as in MEC's own figure. After the lowering each output row is one product: in im2col's matrix its
windows are Q rows of their own, in MEC's they are a block of columns, and the blocks of neighbouring rows overlap.
"""

from __future__ import annotations

import numpy as np

from course_lib.shapes import ConvShape
from course_lib.views.conv.sliding_window import arrays, padded
from course_lib.views.parts import grid, heading, label, mark, numbers, sample, type_size
from course_lib.views.scene import Frame, Item, Scene
from course_lib.views.text import amount

SOURCE = "Lecture, frame 'SOTA 1: Memory-efficient Convolution'; Cho & Brand, ICML 2017, figures 1 and 2"

MOST_WINDOWS = 49
MOST_ACROSS = 40  # columns of MEC's matrix
MOST_FRAMES = 40  # of each lowering


def im2col_and_mec(shape: ConvShape, ia: np.ndarray | None = None, wt: np.ndarray | None = None) -> Scene:
    """ia -> windows[P·Q, R·S] and strips[Q, H'·S], then one product an output row: for one channel, one filter and rows without dilation.

    Raises ValueError for more channels or groups, for rows of the filter that are dilated, for more than 49 windows or 40 columns of
    strips, and for arrays that do not fit.
    """
    if (shape.N, shape.C, shape.K) != (1, 1, 1):
        raise ValueError(f"shape: want one image, channel and filter (N = C = K = 1), got N = {shape.N}, C = {shape.C}, K = {shape.K}")
    if shape.dilations[0] != 1 and shape.R > 1:
        raise ValueError(f"shape: dilation {shape.dilation}: the rows of a window must be neighbours to lie together in a strip")
    ia, wt = arrays(shape, ia, wt)
    image = padded(ia, shape)[0]
    (high, wide), (down, right) = image.shape, shape.strides
    P, Q, R, S = shape.P, shape.Q, shape.R, shape.S
    if P * Q > MOST_WINDOWS or high * S > MOST_ACROSS:
        raise ValueError(
            f"shape: {P * Q} windows and strips of {high * S} values are too many to draw, at most {MOST_WINDOWS} and {MOST_ACROSS}"
        )
    apart = shape.dilations[1]
    taps = apart * np.arange(S)
    windows = np.stack([image[p * down : p * down + R][:, q * right + taps].reshape(-1) for p in range(P) for q in range(Q)])
    strips = np.stack([image[:, q * right + taps].reshape(-1) for q in range(Q)])
    oa = windows @ wt.reshape(-1)

    # -- places: the image and the bars on the left, then the windows, then the strips with the outputs below
    cell = 18.0
    image_cell = min(30.0, 230 / wide, 230 / high)
    top = 26.0
    first = max(wide * image_cell, 250.0) + 46
    second = first + R * S * cell + 56
    result = top + Q * cell + 84
    height = max(top + P * Q * cell, result + P * 26 + 10, top + high * image_cell + 150)
    width = second + max(high * S * cell, 240.0)
    (pad_top, pad_bottom), (pad_left, pad_right) = shape.pads
    items: list[Item] = []

    def numbered(id: str, x: float, y: float, values: np.ndarray, size: float, role: str, name: str, **more: object) -> Item:
        words = numbers(values)
        rows, columns = values.shape
        return grid(id, x, y, rows, columns, size, role, name=name, text=words, size=type_size(words, size, size), **more)

    picture = numbered("ia", 0, top, image, image_cell, "ia", "IA[{r},{c}]", **{"from": [pad_top, pad_left]})
    if pad_top + pad_bottom + pad_left + pad_right:
        picture["pad"] = [pad_top, pad_bottom, pad_left, pad_right]
    items += [
        heading("ia.name", 0, top - 9, "IA", f"{shape.H} × {shape.W}", "ia"),
        picture,
        heading("windows.name", first, top - 9, "im2col", f"{P * Q} × {R * S}", "cols"),
        numbered("windows", first, top, windows, cell, "cols", "window {r}, tap {c}", upto=0, order="row"),
        heading("strips.name", second, top - 9, "MEC", f"{Q} × {high * S}", "blue"),
        numbered("strips", second, top, strips, cell, "blue", "strip {r}, value {c}", upto=0, order="row"),
        heading("oa.name", second, result - 9, "OA", f"{P} × {Q}", "oa"),
        grid(
            "oa",
            second,
            result,
            P,
            Q,
            26,
            "oa",
            name="OA[{r},{c}]",
            upto=0,
            order="row",
            text=numbers(oa),
            size=type_size(numbers(oa), 26, 26),
            weight=600,
        ),
    ]

    # -- bytes of float32
    base, room = top + high * image_cell + 44, first - 46 - 64
    sizes = {"ia": 4 * shape.H * shape.W, "windows": 4 * windows.size, "strips": 4 * strips.size}
    most = max(sizes.values())
    for i, (name, role, words) in enumerate((("ia", "ia", "IA"), ("windows", "cols", "im2col"), ("strips", "blue", "MEC"))):
        y, full = base + 36 * i, max(1.0, room * sizes[name] / most)
        hatch = {} if name == "ia" else {"hatch": 45 if name == "windows" else 0}
        items += [
            label(f"bytes.{name}", 0, y + 12, words, size=13, weight=600, paint=f"{role}-text"),
            {"kind": "rect", "id": f"bar.{name}.all", "x": 58, "y": y, "w": full, "h": 16, "rx": 3, "fill": "faint"},
            {
                "kind": "rect",
                "id": f"bar.{name}",
                "x": 58,
                "y": y,
                "w": full if name == "ia" else 0.0,
                "h": 16,
                "rx": 3,
                "fill": role,
                "tip": f"{words}: {sizes[name]:,} bytes of float32",
                **hatch,
            },
            label(f"said.{name}", 58, y + 29, amount(sizes[name]) if name == "ia" else "0 B", size=12, paint="muted"),
        ]
    items += [
        mark("window", "ia", None, (R, S), "w", step=[1, apart]),
        mark("strip", "ia", None, (high, S), "blue", step=[1, apart]),
        mark("row", "windows", None, (1, R * S), "cols"),
        mark("strip.row", "strips", None, (1, high * S), "blue"),
        mark("part.windows", "windows", None, (Q, R * S), "w"),
        mark("part.strips", "strips", None, (Q, R * S), "w"),
        mark("before", "strips", None, (Q, R * S), "plain", alpha=0.0),
        mark("here", "oa", None, (1, Q), "oa", sw=3),
    ]

    links = [
        {
            "from": "windows",
            "to": ["ia"],
            "radix": [[P, Q], [R, S]],
            "row": [0, down, 0, 1, 0],
            "col": [0, 0, right, 0, apart],
            "role": "w",
            "back": "cols",
        },
        {
            "from": "strips",
            "to": ["ia"],
            "radix": [[Q], [high, S]],
            "row": [0, 0, 1, 0],
            "col": [0, right, 0, apart],
            "role": "w",
            "back": "blue",
        },
        {"from": "oa", "to": ["windows"], "radix": [[P], [Q]], "row": [0, Q, 1], "col": [0, 0, 0], "size": [1, R * S], "role": "w"},
        {"from": "oa", "to": ["strips"], "radix": [[P], [Q]], "row": [0, 0, 1], "col": [0, down * S, 0], "size": [1, R * S], "role": "w"},
    ]

    def grown(name: str, values: int) -> dict[str, dict[str, object]]:
        done = values * 4
        words = amount(done) + (f" = {done / sizes['ia']:.3g} × IA" if done == sizes[name] else " so far")
        return {f"bar.{name}": {"w": max(1.0, room * done / most)}, f"said.{name}": {"text": words}}

    frames = []
    for j in sample(P * Q, MOST_FRAMES):
        p, q = divmod(j, Q)
        done = (j + 1) * R * S
        words = f"im2col, window {j + 1} of {P * Q}: the {R}×{S} pixels under output ({p}, {q}) become a row; {done} values copied so far."
        change: dict[str, dict[str, object]] = {
            "windows": {"upto": done},
            "window": {"at": [p * down, q * right]},
            "row": {"at": [j, 0]},
            **grown("windows", done),
        }
        frames.append(Frame(words, change))
    for number, q in enumerate(sample(Q, MOST_FRAMES)):
        words = (
            f"MEC, strip {q + 1} of {Q}: all {high} rows of the {S} columns that outputs (·, {q}) see become one row; "
            f"{(q + 1) * high * S} values copied so far."
        )
        change = {
            "strips": {"upto": (q + 1) * high * S},
            "strip": {"at": [0, q * right]},
            "strip.row": {"at": [q, 0]},
            **grown("strips", (q + 1) * high * S),
        }
        if number == 0:
            change |= {"window": {"at": None}, "row": {"at": None}, **grown("windows", windows.size)}
        frames.append(Frame(words, change))
    ratio = windows.size / strips.size
    for p in range(P):
        start = p * down * S
        shared = max(0, R - down) * S
        words = (
            f"Output row {p}: in im2col rows {p * Q} to {p * Q + Q - 1}, in MEC columns {start} to {start + R * S - 1} of every strip; "
            + (f"{shared} of them also belong to the block before. " if p and shared else "")
            + f"{windows.size} values against {strips.size}: {ratio:.3g} times."
        )
        change = {
            "part.windows": {"at": [p * Q, 0]},
            "part.strips": {"at": [0, start]},
            "here": {"at": [p, 0]},
            "oa": {"upto": (p + 1) * Q},
            "before": {"at": [0, start - down * S] if p else None},
        }
        if p == 0:
            change |= {"strip": {"at": None}, "strip.row": {"at": None}, **grown("strips", strips.size)}
        frames.append(Frame(words, change))
    alt = (
        f"A {shape.H}×{shape.W} image is lowered twice. im2col copies {P * Q} windows into rows of {R * S}: {windows.size} values. "
        f"MEC copies {Q} strips of full height, {high * S} values each: {strips.size} values, {ratio:.3g} times fewer. "
        f"Then each output row is one product; MEC's blocks of columns overlap and are not copied."
    )
    return Scene("im2col and MEC", alt, width, height, items, frames, links, poster=len(frames) - 1 if P == 1 else len(frames) - P + 1)
