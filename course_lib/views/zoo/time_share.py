"""Two bars of the same network, layer by layer: where its multiply-accumulates are, and where its time goes."""

from __future__ import annotations

from course_lib.records import Report, is_number, text_of
from course_lib.views.palette import HATCH
from course_lib.views.parts import label
from course_lib.views.scene import Frame, Item, Scene
from course_lib.views.text import width_of

SOURCE = "Lecture, frame 'Convolution Is the Bottleneck'"

WIDTH = 820.0
LEFT = 62.0
BAR = 44.0
KINDS = {"conv": ("convolution", "blue"), "fc": ("fully connected", "w")}
OTHER = ("the rest", "plain")


def time_share(report: Report, layer: str = "layer", kind: str = "kind", macs: str = "macs", time: str = "ms", title: str = "") -> Scene:
    """Stacked bars of MACs and time, a segment a layer, ribbons from the one to the other; kinds 'conv' and 'fc' stand out.

    `report` is what `zoo.time_share(name)` measures, or any Report with these columns. Raises ValueError for a missing
    column and for columns that do not sum to something above 0.
    """
    for column in (layer, kind, macs, time):
        if column not in report.columns:
            raise ValueError(f"columns: the report has no {column!r}; there are {', '.join(report.columns)}")
    for column in (macs, time):
        if any(not is_number(v) or not 0 <= v < float("inf") for v in report[column]) or not sum(report[column]) > 0:
            raise ValueError(f"columns: {column!r} wants numbers of at least 0 with a sum above 0")
    names, kinds = [str(v) for v in report[layer]], [str(v) for v in report[kind]]
    room = WIDTH - LEFT
    shares = {c: [float(v) / float(sum(report[c])) for v in report[c]] for c in (macs, time)}
    tops = {macs: 60.0, time: 60.0 + BAR + 74}
    items: list[Item] = []
    starts: dict[str, list[float]] = {}
    for column in (macs, time):
        x, starts[column] = LEFT, []
        for share in shares[column]:
            starts[column].append(x)
            x += share * room
    for i, what in enumerate(kinds):
        _, role = KINDS.get(what, OTHER)
        a, b = starts[macs][i], starts[time][i]
        wide_a, wide_b = shares[macs][i] * room, shares[time][i] * room
        if max(wide_a, wide_b) >= 1:
            y, z = tops[macs] + BAR + 3, tops[time] - 3
            d = f"M{a:.1f} {y:.1f}L{a + wide_a:.1f} {y:.1f}L{b + wide_b:.1f} {z:.1f}L{b:.1f} {z:.1f}Z"
            items.append(
                {
                    "kind": "path",
                    "id": f"ribbon{i}",
                    "d": d,
                    "fill": role,
                    "alpha": 0.16,
                    "tip": tip(report, i, shares, (layer, macs, time)),
                }
            )
    for column, head in ((macs, "MACs"), (time, "time")):
        items.append(label(f"{head}", LEFT - 12, tops[column] + BAR / 2 + 5, head, weight=600, anchor="end"))
        for i, what in enumerate(kinds):
            _, role = KINDS.get(what, OTHER)
            wide = shares[column][i] * room
            if wide < 0.4:
                continue
            x = starts[column][i]
            bar: Item = {
                "kind": "rect",
                "id": f"{head}{i}",
                "x": round(x, 2),
                "y": tops[column],
                "w": round(max(0.4, wide - (1 if wide > 3 else 0)), 2),
                "h": BAR,
                "fill": role,
                "tip": tip(report, i, shares, (layer, macs, time)),
            }
            if HATCH[role] is not None:
                bar["hatch"] = HATCH[role]
            items.append(bar)
            if width_of(names[i], 12) + 14 <= wide:
                plate = width_of(names[i], 12) + 10
                items += [
                    {
                        "kind": "rect",
                        "id": f"{head}{i}.plate",
                        "x": round(x + wide / 2 - plate / 2, 2),
                        "y": tops[column] + BAR / 2 - 10,
                        "w": round(plate, 2),
                        "h": 20,
                        "rx": 3,
                        "fill": f"{role}-soft",
                    },
                    label(
                        f"{head}{i}.name",
                        round(x + wide / 2, 2),
                        tops[column] + BAR / 2 + 4,
                        names[i],
                        size=12,
                        anchor="middle",
                        paint=f"{role}-text",
                    ),
                ]
    for percent in range(0, 101, 20):
        x = LEFT + room * percent / 100
        items += [
            {
                "kind": "line",
                "id": f"tick{percent}",
                "x1": x,
                "y1": tops[time] + BAR + 4,
                "x2": x,
                "y2": tops[time] + BAR + 9,
                "stroke": "muted",
                "sw": 1,
            },
            label(
                f"tick{percent}.name",
                x,
                tops[time] + BAR + 23,
                f"{percent} %",
                size=12,
                paint="muted",
                anchor="start" if percent == 0 else "end" if percent == 100 else "middle",
            ),
        ]
    # the key, with the totals: what the picture is for
    x = LEFT
    said = []
    for what in (*KINDS, None):
        words, role = KINDS[what] if what else OTHER
        part = {c: sum(s for s, k in zip(shares[c], kinds, strict=True) if (k if k in KINDS else None) == what) for c in (macs, time)}
        text = f"{words}: {100 * part[macs]:.1f} % of the MACs, {100 * part[time]:.1f} % of the time"
        said.append(text)
        short = f"{words}  {100 * part[macs]:.1f} % / {100 * part[time]:.1f} %"
        swatch: Item = {"kind": "rect", "id": f"key.{words}", "x": x, "y": 8, "w": 22, "h": 14, "rx": 2, "fill": role, "tip": text}
        if HATCH[role] is not None:
            swatch["hatch"] = HATCH[role]
        items += [swatch, label(f"key.{words}.name", x + 30, 20, short, size=13)]
        x += 30 + width_of(short, 13) + 26
    items.append(label("key.note", LEFT, 42, "share of the MACs / share of the time", size=12, paint="muted"))
    alt = f"Two stacked bars, MACs and time, a segment a layer. {'; '.join(said)}."
    words = report.note.splitlines()[0] if report.note else said[0][0].upper() + said[0][1:] + "."
    return Scene(
        title or report.title or "Where the time goes", alt, max(WIDTH, round(x - 26, 1)), tops[time] + BAR + 30, items, [Frame(words)]
    )


def tip(report: Report, i: int, shares: dict[str, list[float]], columns: tuple[str, str, str]) -> str:
    layer, macs, time = columns
    return (
        f"{report[layer][i]}: {text_of(report[macs][i])} MACs ({100 * shares[macs][i]:.1f} %), "
        f"{text_of(report[time][i])} {time} ({100 * shares[time][i]:.1f} %)"
    )
