"""The window slides over the image, and the output fills one number at a time: convolution as the lecture draws it.

Small layers show every number and the sum with its numbers, `A = a·1 + b·2 + c·3 + ...`; large ones show tinted sheets,
a few channels and filters, and steps picked evenly, and the caption says what was left out.
"""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from course_lib.shapes import ConvShape
from course_lib.views.parts import grid, heading, label, mark, numbers, sample, tint, type_size
from course_lib.views.scene import Frame, Item, Scene
from course_lib.views.text import number, width_of

SOURCE = "Lecture, frames 'Convolution basis': the 5x5 image of letters, the 3x3 filter of numbers, outputs A to I"

MOST_FRAMES = {True: 100, False: 60}  # with numbers, without
MOST_CHANNELS = 3
MOST_FILTERS = 2
WIDTH = 860.0  # what the arrays may take, in pixels


def arrays(shape: ConvShape, ia: np.ndarray | None, wt: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """The arrays to draw, float64: those given, or small whole numbers that make sums easy to follow.

    A large image is a disc on a slope, a large layer's first filters look for upright and level edges: one sees what they do.
    """
    large = shape.H * shape.W > 400
    if ia is None:
        ia = np.random.default_rng(0).integers(0, 10, shape.ia_shape)
        if large:
            y, x = np.mgrid[0 : shape.H, 0 : shape.W]
            for c in range(shape.C):
                middle = shape.H * (0.42 + 0.08 * c), shape.W * (0.42 + 0.08 * c)
                disc = np.hypot(y - middle[0], x - middle[1]) < 0.3 * min(shape.H, shape.W)
                ia[:, c] = np.where(disc, 9 - 2 * (c % 3), 4 * (x + y) // (shape.H + shape.W))
    if wt is None:
        wt = np.random.default_rng(1).integers(-2, 4, shape.wt_shape)
        if large:
            wt[0] = np.sign(np.arange(shape.S) - (shape.S - 1) / 2)
            wt[1:2] = np.sign(np.arange(shape.R) - (shape.R - 1) / 2)[:, None]
    for name, array, want, letters in (("ia", ia, shape.ia_shape, "(N, C, H, W)"), ("wt", wt, shape.wt_shape, "(K, C/groups, R, S)")):
        if np.shape(array) != want:
            raise ValueError(f"{name}: want {want} = {letters}, got {np.shape(array)}")
        if not np.isfinite(np.asarray(array, float)).all():
            raise ValueError(f"{name}: holds NaN or infinity, which a picture of sums cannot show")
    return np.asarray(ia, float), np.asarray(wt, float)


def padded(ia: np.ndarray, shape: ConvShape) -> np.ndarray:
    """Image 0 with its zero rows and columns: [C, H + top + bottom, W + left + right]."""
    return np.pad(ia[0], ((0, 0), *shape.pads))


def window(image: np.ndarray, shape: ConvShape, p: int, q: int) -> np.ndarray:
    """The pixels of a padded image [C, ., .] under the filter at output (p, q): [C, R, S]."""
    (down, right), (tall, wide) = shape.strides, shape.dilations
    rows, cols = p * down + tall * np.arange(shape.R), q * right + wide * np.arange(shape.S)
    return image[:, rows[:, None], cols[None, :]]


def outputs(image: np.ndarray, wt: np.ndarray, shape: ConvShape, filters: list[int]) -> dict[int, np.ndarray]:
    """oa[k] as [P, Q] for the filters drawn, tap by tap over the whole image: what the animation's numbers are."""
    (down, right), (tall, wide) = shape.strides, shape.dilations
    in_group, out_group = shape.C // shape.groups, shape.K // shape.groups
    oa = {k: np.zeros((shape.P, shape.Q)) for k in filters}
    for k in filters:
        mine = image[k // out_group * in_group :][:in_group]
        for r in range(shape.R):
            for s in range(shape.S):
                rows = slice(r * tall, r * tall + (shape.P - 1) * down + 1, down)
                cols = slice(s * wide, s * wide + (shape.Q - 1) * right + 1, right)
                oa[k] += np.tensordot(wt[k, :, r, s], mine[:, rows, cols], 1)
    return oa


def chosen(shape: ConvShape) -> tuple[list[int], list[int]]:
    """(channels, filters) to draw: all where they are few, else the first of each; of a grouped layer, from its first groups."""
    if shape.groups == 1:
        return list(range(min(shape.C, MOST_CHANNELS))), list(range(min(shape.K, MOST_FILTERS)))
    groups = min(shape.groups, 2 if shape.C // shape.groups > 1 else 3)
    in_group, out_group = shape.C // shape.groups, shape.K // shape.groups
    each = min(in_group, 2)
    channels = [g * in_group + c for g in range(groups) for c in range(each)]
    return channels, [g * out_group for g in range(groups)]


def bracket(word: str) -> str:
    """A negative factor stands in brackets in a product."""
    return f"({word})" if word.startswith("−") else word


def sum_lines(name: str, pixels: list[np.ndarray], weights: list[np.ndarray], value: str, rest: float | None, names: Any) -> list[Any]:
    """The sum as coloured lines: a filter row a line for one channel, a channel a line for several; long rows are cut in the middle.

    `names` gives the words of a pixel array and a weight array; `rest` is the part of channels that are not drawn.
    """
    shown = [(names[0](a), names[1](b)) for a, b in zip(pixels, weights, strict=True)]
    lead = " " * (len(name) + 1)
    lines: list[Any] = []
    R, S = weights[0].shape

    def products(words: tuple[list[str], list[str]], places: list[int]) -> list[list[str]]:
        spans: list[list[str]] = []
        for i, place in enumerate(places):
            if i and place != places[i - 1] + 1:
                spans.append([" + …", "muted"])
            if i:
                spans.append([" + ", "muted"])
            a, b = bracket(words[0][place]), bracket(words[1][place])
            spans += [[a, "ia-text"], ["·", "muted"], [b, "w-text"]]
        return spans

    if len(pixels) == 1 and rest is None and R <= 5:
        places = list(range(S)) if S <= 7 else [0, 1, 2, 3, S - 1]
        for r in range(R):
            start = [[name, "oa-text"], [" = ", "muted"]] if r == 0 else [[lead + "+ ", "muted"]]
            lines.append(start + products(shown[0], [r * S + s for s in places]))
        if value != name:
            lines.append([[lead + "= ", "muted"], [value, "oa-text"]])
        return lines
    count = R * S
    places = list(range(count)) if count <= 6 else [0, 1, 2, count - 1]
    parts = []
    for i, words in enumerate(shown):
        start = [[name, "oa-text"], [" = ", "muted"]] if i == 0 else [[lead + "+ ", "muted"]]
        part = float((pixels[i] * weights[i]).sum())
        parts.append(number(part))
        lines.append(start + products(words, places) + [["   = ", "muted"], [number(part), "cols-text"]])
    if rest is not None:
        parts.append(number(rest))
        lines.append([[lead + "+ ", "muted"], ["the channels not drawn   = ", "muted"], [number(rest), "cols-text"]])
    if len(parts) > 1:
        total: list[list[str]] = [[lead + "= ", "muted"]]
        for i, word in enumerate(parts):
            total += ([[" + ", "muted"]] if i else []) + [[bracket(word), "cols-text"]]
        lines.append([*total, [" = ", "muted"], [value, "oa-text"]])
    else:
        lines.append([[lead + "= ", "muted"], [value, "oa-text"]])
    return lines


def span_width(lines: list[Any], size: float) -> float:
    return max(width_of("".join(words for words, _ in line), size, "mono") for line in lines)


def sliding_window(shape: ConvShape, ia: np.ndarray | None = None, wt: np.ndarray | None = None, names: str = "numbers") -> Scene:
    """The convolution of image 0, window by window: ia[N,C,H,W] * wt[K,C/groups,R,S] -> oa[K,P,Q], hover for receptive fields.

    `names="letters"` draws the slide: pixels a, b, c, ..., weights 1, 2, 3, ..., outputs A, B, C, ... (one channel, one
    filter, at most 26 pixels). Raises ValueError where arrays do not fit the shape or the letters do not suffice.
    """
    if shape.N < 1:
        raise ValueError("shape: N is 0, an empty batch has no image to draw")
    if names not in ("numbers", "letters"):
        raise ValueError(f"names: want 'numbers' or 'letters', got {names!r}")
    lettered = names == "letters"
    if lettered:
        if ia is not None:
            raise ValueError("ia: with names='letters' a letter stands for any number; leave ia out, or use names='numbers'")
        if shape.C > 1 or shape.K > 1 or shape.H * shape.W > 26 or shape.P * shape.Q > 26:
            raise ValueError(f"names: letters suffice for C = K = 1 and 26 pixels, got C = {shape.C}, K = {shape.K}, {shape.H}x{shape.W}")
        if wt is None:
            wt = np.arange(1, shape.R * shape.S + 1).reshape(shape.wt_shape)
    ia, wt = arrays(shape, ia, wt)
    image = padded(ia, shape)
    (top, bottom), (left, right) = shape.pads
    high, wide = image.shape[1:]
    channels, filters = chosen(shape)
    oa = outputs(image, wt, shape, filters)
    in_group, out_group = shape.C // shape.groups, shape.K // shape.groups

    # -- sizes: one cell size for all arrays; numbers where a cell can hold them, tinted sheets where it cannot
    across = wide + shape.S * len(filters) + shape.Q
    deep = max(high * len(channels), shape.P * len(filters))
    cell = min(38.0, (WIDTH - 90 - 18 * len(filters)) / across, max(22.0, 560 / deep))
    small = cell >= 20 and deep <= 27
    if not small:
        cell = max(0.5, min(16.0, (WIDTH - 150 - 30 * len(filters)) / across, 340 / high))
    stack = 0.0 if small else max(9.0, 2 * cell)  # how far a sheet stands behind the one before it
    strip = int(stack / cell) + 1  # what is seen of it
    out_cell = cell if small else max(cell, min(16.0, 220 / max(shape.P, shape.Q)))  # a strided layer's output would be tiny at its scale
    gap = 40.0
    kernel = cell if small else max(cell, min(20.0, 90 / max(shape.R, shape.S)))

    # -- words
    if lettered:
        words = np.full((high, wide), "0", object)  # padding
        letters_of = np.array(list(string.ascii_lowercase[: shape.H * shape.W])).reshape(shape.H, shape.W)
        words[top : top + shape.H, left : left + shape.W] = letters_of
        ia_words = {0: [str(w) for w in words.reshape(-1)]}
        oa_words = {0: list(string.ascii_uppercase[: shape.P * shape.Q])}
    else:
        ia_words = {c: numbers(image[c]) for c in channels} if small else {}
        oa_words = {k: numbers(oa[k]) for k in filters}
    wt_words = {(k, c % in_group): numbers(wt[k, c % in_group]) for k in filters for c in channels}

    items: list[Item] = []
    head = 24.0
    sheet_high = head + high * cell + (18 if small else 0)
    kernel_high = head + shape.R * kernel + 18
    step_y = max(sheet_high, kernel_high) if small else 0.0
    oa_step = head + shape.P * out_cell + 18
    back = stack * (len(channels) - 1)
    ia_high = (step_y * (len(channels) - 1) + sheet_high) if small else head + back + high * cell
    oa_high = oa_step * (len(filters) - 1) + head + shape.P * out_cell if small else head + stack * (len(filters) - 1) + shape.P * out_cell
    arrays_high = max(ia_high, oa_high, kernel_high * (len(channels) if small else 1))

    middle = head + (high * cell if small else arrays_high - head) / 2 + 8  # where the signs stand

    # -- IA
    many = shape.C > 1 or shape.N > 1
    ia_size = f"{shape.H} × {shape.W}" + (
        f", pad {top}" if top and top == bottom == left == right else ", padded" if top + bottom + left + right else ""
    )
    type_ia = type_size([w for c in channels for w in ia_words[c]], cell, cell) if small else 0
    order = channels if small else channels[::-1]
    for c in order:
        i = channels.index(c)
        x, y = (0.0, head + i * step_y) if small else (i * stack, head + back - i * stack)
        tile = grid(f"ia{c}", x, y, high, wide, cell, "ia", name=f"IA[0,{c},{{r}},{{c}}]", **{"from": [top, left]})
        if small:
            tile |= {"text": ia_words[c], "size": type_ia}
            items.append(heading(f"ia{c}.name", 0, y - 9, f"IA[{c}]" if many else "IA", ia_size if i == 0 else "", "ia"))
        else:
            tile["tint"] = tint(image[c], strip if i else 0)
        if top + bottom + left + right:
            tile["pad"] = [top, bottom, left, right]
        items.append(tile)
    if not small:
        items.append(heading("ia.name", 0, 12, "IA", f"{shape.C} × {shape.H} × {shape.W}" + (f", pad {top}" if top else ""), "ia"))
    x = wide * cell + (0 if small else back)

    # -- W
    items.append(label("times", x + gap / 2, middle, "∗", size=24, anchor="middle", paint="muted"))
    x += gap
    first_k = filters[0]
    # from one filter to the next: the cells, or the name above them if that is wider
    pitch = max(shape.S * kernel + 18, width_of("W[0,0]", 14, weight=700) + width_of(f"  {shape.R} × {shape.S}", 14) + 12)
    beside = len(filters) if shape.groups == 1 else 1
    for m, k in enumerate(filters):
        g = k // out_group
        mine = [c for c in channels if c // in_group == g]
        place = x + m % beside * pitch
        for c in mine if small else mine[::-1]:
            i = channels.index(c)
            j = c - g * in_group
            if small:
                y = head + i * step_y + max(0.0, (high * cell - shape.R * kernel) / 2)
                shift = 0.0
            else:
                y = head + 24 + (len(mine) - 1 - mine.index(c)) * stack + m * (shape.R * kernel + stack * (len(mine) - 1) + 40)
                shift = mine.index(c) * stack - m % beside * pitch
            tile = grid(f"w{k}.{c}", place + shift, y, shape.R, shape.S, kernel, "w", name=f"W[{k},{j},{{r}},{{c}}]", text=wt_words[k, j])
            if small or (kernel >= 18 and c == mine[0]):
                tile["size"] = type_size(wt_words[k, j], kernel, kernel)
            else:
                del tile["text"]  # the number would be cut off by the sheet in front
                if kernel < 18:
                    tile["tint"] = tint(wt[k, j])
            if small:
                title = "W" if shape.K == shape.C == 1 else f"W[{k},{j}]"
                items.append(heading(f"w{k}.{c}.name", place, y - 9, title, f"{shape.R} × {shape.S}" if i == m == 0 else "", "w"))
            elif c == mine[0]:
                above = y - stack * (len(mine) - 1) - 9
                items.append(heading(f"w{k}.name", x, above, f"W[{k}]", f"{in_group} × {shape.R} × {shape.S}", "w"))
            if m and small:
                tile["opacity"] = 0.45
            items.append(tile)
        if not small and len(filters) > 1:
            items.append(mark(f"on{k}", f"w{k}.{mine[0]}", None if m else [0, 0], (shape.R, shape.S), "w", sw=3))
    x += pitch * beside - 18 if small else max(shape.S * kernel + back, 110)

    # -- OA
    items.append(label("equals", x + gap / 2, middle, "=", size=22, anchor="middle", paint="muted"))
    x += gap
    total = shape.P * shape.Q
    every = sample(total * len(filters), MOST_FRAMES[small])
    frame_of = {index: f for f, index in enumerate(every)}
    type_oa = type_size([w for k in filters for w in oa_words[k]], cell, cell) if small else 0
    low = max(0.0, (high * cell - shape.P * cell) / 2) if small and len(filters) == 1 == len(channels) else 0.0
    behind_by = stack * (len(filters) - 1)
    for m, k in enumerate(filters if not small else []):  # the sheets behind: an empty one before the first filter is done, it afterwards
        behind = grid(f"oa{k}.back", x + behind_by, head, shape.P, shape.Q, out_cell, "oa", hide=m == 0)
        if len(filters) > 1:
            items.append(behind | ({"upto": 0} if m else {"tint": tint(oa[k], strip)}))
    for m, k in enumerate(filters):
        px, py = (x, head + low + m * oa_step) if small else (x, head + behind_by)
        tile = grid(f"oa{k}", px, py, shape.P, shape.Q, out_cell, "oa", name=f"OA[0,{k},{{r}},{{c}}]", upto=0)
        if len(every) == total * len(filters):
            tile["frames"] = [frame_of[m * total + i] for i in range(total)]
        if small:
            tile |= {"text": oa_words[k], "size": type_oa, "weight": 600}
            title = f"OA[{k}]" if shape.K > 1 else "OA"
            items.append(heading(f"oa{k}.name", px, py - 9, title, f"{shape.P} × {shape.Q}" if m == 0 else "", "oa"))
        else:
            tile |= {"tint": tint(oa[k])} | ({"hide": True} if m else {})
        items.append(tile)
    if not small:
        items.append(heading("oa.name", x, 12, "OA", f"{shape.K} × {shape.P} × {shape.Q}", "oa"))
    named = width_of(f"OA[0]  {shape.P} × {shape.Q}" if small else f"OA  {shape.K} × {shape.P} × {shape.Q}", 14, weight=700)
    x += max(named, shape.Q * out_cell + (0 if small else behind_by))

    # -- the lit windows
    step = list(shape.dilations)
    # the weights in the window's corners, where there is room for them
    noted = small and max(len(word) for words_ in wt_words.values() for word in words_) <= 2
    for c in channels:
        notes = {"notes": f"w{first_k}.{channels[0]}"} if noted else {}
        items.append(mark(f"window{c}", f"ia{c}", None, (shape.R, shape.S), "w", step=step, **notes))
    items += [mark(f"here{k}", f"oa{k}", None, (1, 1), "oa", alpha=0.15, sw=3) for k in filters]

    # -- links: an output lights its window in every channel of its group, a pixel the outputs it feeds, a weight its product
    links = []
    for k in filters:
        read = [f"ia{c}" for c in channels if c // in_group == k // out_group]
        links.append(
            {
                "from": f"oa{k}",
                "to": read,
                "radix": [[shape.P], [shape.Q]],
                "row": [0, shape.strides[0], 0],
                "col": [0, 0, shape.strides[1]],
                "size": [shape.R, shape.S],
                "step": step,
                "role": "w",
                "back": "oa",
            }
        )

    # -- frames
    def formula(k: int, p: int, q: int) -> list[Any]:
        g = k // out_group
        mine = [c for c in channels if c // in_group == g]
        pixels = window(image, shape, p, q)
        weights = [wt[k, c - g * in_group] for c in mine]
        rest = None
        if len(mine) < in_group:
            unseen = [j for j in range(in_group) if g * in_group + j not in mine]
            rest = float(sum((pixels[g * in_group + j] * wt[k, j]).sum() for j in unseen))
        value = oa_words[k][p * shape.Q + q]
        if lettered:
            letters = [
                ia_words[0][(p * shape.strides[0] + r * step[0]) * wide + q * shape.strides[1] + s * step[1]]
                for r in range(shape.R)
                for s in range(shape.S)
            ]
            return sum_lines(value, [pixels[0]], weights, value, None, (lambda _: letters, numbers))
        name = f"OA[{k},{p},{q}]" if shape.K > 1 else f"OA[{p},{q}]"
        return sum_lines(name, [pixels[c] for c in mine], weights, value, rest, (numbers, numbers))

    size = 15.0
    texts = {index: formula(filters[index // total], *divmod(index % total, shape.Q)) for index in every}
    widest = max(span_width(lines, size) for lines in texts.values())
    width = max(x + 2, 420.0)
    size = min(size, max(9.0, size * width / widest))
    width = max(width, max(span_width(lines, size) for lines in texts.values()))
    lead = round(size * 1.55, 1)
    base = arrays_high + 34
    height = base + lead * (max(len(lines) for lines in texts.values()) - 1) + 8
    items.append({"kind": "text", "id": "sum", "x": 0, "y": base, "size": size, "font": "mono", "lead": lead, "lines": []})

    frames = []
    said = left_out(shape, channels, filters, len(every), total)
    # a still picture shows the middle output of the last filter: something is done, something is to come
    centre = total * (len(filters) - 1) + shape.P // 2 * shape.Q + shape.Q // 2
    poster = min(range(len(every)), key=lambda f: abs(every[f] - centre))
    for f, index in enumerate(every):
        m, cell_index = divmod(index, total)
        k = filters[m]
        p, q = divmod(cell_index, shape.Q)
        g = k // out_group
        change: dict[str, dict[str, Any]] = {"sum": {"lines": texts[index]}, f"oa{k}": {"upto": cell_index + 1}}
        for c in channels:
            at = [p * shape.strides[0], q * shape.strides[1]] if c // in_group == g else None
            change[f"window{c}"] = {"at": at}
            if noted and at:
                change[f"window{c}"]["notes"] = f"w{k}.{c}"
        change[f"here{k}"] = {"at": [p, q]}
        previous = every[f - 1] // total if f else -1
        if f and previous != m:
            before = filters[previous]
            change[f"oa{before}"] = {"upto": total}
            change[f"here{before}"] = {"at": None}
            if small:
                change |= {f"w{before}.{c}": {"opacity": 0.45} for c in channels if c // in_group == before // out_group}
                change |= {f"w{k}.{c}": {"opacity": None} for c in channels if c // in_group == g}
            else:
                change |= {f"on{before}": {"at": None}, f"on{k}": {"at": [0, 0]}}
                change |= {f"oa{before}.back": {"hide": False}, f"oa{k}.back": {"hide": True}}
                change[f"oa{before}"]["hide"] = True
                change[f"oa{k}"]["hide"] = None
        frames.append(Frame(caption(shape, k, p, q, index, total * len(filters), oa_words[k][cell_index], lettered) + said, change))

    at_once = f"The {shape.R}×{shape.S} window slides over the {shape.H}×{shape.W} image"
    alt = (
        f"{at_once}{strides_said(shape)}; each step multiplies the pixels under it by the weights and adds them up to one of the "
        f"{shape.P}×{shape.Q} outputs" + (f" of each of {shape.K} filters" if shape.K > 1 else "") + "."
    )
    return Scene(title_of(shape), alt, round(width, 1), round(height, 1), items, frames, links, poster=poster, recall=("sum",))


def strides_said(shape: ConvShape) -> str:
    words = []
    if shape.strides != (1, 1):
        words.append(f"stride {shape.stride}")
    if any(map(sum, shape.pads)):
        words.append(f"pad {shape.pad}")
    if shape.dilations != (1, 1):
        words.append(f"dilation {shape.dilation}")
    if shape.groups > 1:
        words.append(f"{shape.groups} groups")
    return " with " + ", ".join(words) if words else ""


def title_of(shape: ConvShape) -> str:
    size = f"{shape.H}×{shape.W}" if shape.C == 1 else f"{shape.C}×{shape.H}×{shape.W}"
    out = f"{shape.P}×{shape.Q}" if shape.K == 1 else f"{shape.K}×{shape.P}×{shape.Q}"
    more = strides_said(shape)[6:]
    return f"Sliding window: {size} ∗ {shape.R}×{shape.S} → {out}" + (f" ({more})" if more else "")


def caption(shape: ConvShape, k: int, p: int, q: int, index: int, count: int, value: str, lettered: bool) -> str:
    row, col = p * shape.strides[0] - shape.pads[0][0], q * shape.strides[1] - shape.pads[1][0]
    products = shape.R * shape.S * (shape.C // shape.groups)
    name = f"OA[{k},{p},{q}]" if shape.K > 1 else f"OA[{p},{q}]"
    what = f"{name} is {value}" if lettered else f"{name} = {value}"
    corner = f"the window's corner is at row {number(row)}, column {number(col)} of IA"
    return f"Output {index + 1:,} of {count:,}: {what}, the sum of {products:,} products; {corner}."


def left_out(shape: ConvShape, channels: list[int], filters: list[int], frames: int, total: int) -> str:
    """What the picture does not show, in words; nothing if it shows all."""
    words = []
    if shape.N > 1:
        words.append(f"image 0 of {shape.N}")
    if len(channels) < shape.C:
        words.append(f"channels {', '.join(map(str, channels))} of {shape.C:,}")
    if len(filters) < shape.K:
        words.append(f"filter{'s' if len(filters) > 1 else ''} {', '.join(map(str, filters))} of {shape.K:,}")
    if frames < total * len(filters):
        words.append(f"{frames} of {total * len(filters):,} steps")
    return f" Drawn: {'; '.join(words)}." if words else ""
