"""The granularity of sparsity: the same filters pruned by element, row, kernel and filter; what the pattern saves and what it costs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from course_lib.records import Report
from course_lib.views.chart import box, count
from course_lib.views.parts import label
from course_lib.views.scene import Frame, Item, Scene

SOURCE = "Mao et al., Exploring the Granularity of Sparsity, 2017; lecture, frame of the same name"

MOST = 6_000  # weights drawn a panel
WIDE, GAP = 190.0, 26.0
WORDS = {
    "element": "each by itself",
    "vector": "rows of taps",
    "kernel": "a filter's taps in a channel",
    "filter": "whole output channels",
    "channel": "whole input channels",
    "shape": "one tap in all filters",
}


def mosaic(mask: np.ndarray, x: float, y: float, wide: float) -> tuple[str, str, float]:
    """Kernels side by side, a row a filter: (path of the weights that stay, path of the kernels' outlines, height)."""
    K, C, R, S = mask.shape
    cell = wide / (C * S + 0.35 * (C - 1) * S)  # a gap of a third of a kernel between kernels
    step_x, step_y = S * cell * 1.35, R * cell * 1.35
    kept, outlines = [], []
    for k in range(K):
        for c in range(C):
            outlines.append(box(x + c * step_x, y + k * step_y, S * cell, R * cell))
            for r, s in np.argwhere(mask[k, c]):
                kept.append(box(x + c * step_x + s * cell, y + k * step_y + r * cell, cell, cell))
    return "".join(kept), "".join(outlines), (K - 1) * step_y + R * cell


def spoken(faster: float) -> str:
    return f"{faster:.2f} times faster" if np.isfinite(faster) else "nothing left"


def granularity(masks: Mapping[str, np.ndarray], report: Report, title: str = "The granularity of sparsity") -> Scene:
    """A panel a grain: the filters (rows) and channels (columns) of masks[grain][K,C,R,S], then bytes and speed by the report.

    `report` is from `granularity_report`: grain, value bytes, index bytes, length left %, times faster. Raises ValueError for other
    columns, grains that do not match, and more than 6,000 weights.
    """
    for column in ("grain", "value bytes", "index bytes", "length left %", "times faster", "zeros %"):
        if column not in report.columns:
            raise ValueError(f"report: want the column {column!r}; there are {', '.join(report.columns)}")
    if list(masks) != report["grain"]:
        raise ValueError(f"masks: want the grains {report['grain']}, got {list(masks)}")
    for grain, mask in masks.items():
        if np.ndim(mask) != 4 or np.size(mask) > MOST:
            raise ValueError(f"masks: {grain}: want [K, C, R, S] with at most {MOST} weights, got shape {np.shape(mask)}")
    items: list[Item] = []
    most = max(max(a + b for a, b in zip(report["value bytes"], report["index bytes"], strict=True)), 1)
    fastest = max([v for v in report["times faster"] if np.isfinite(v)] + [1.0])
    high = 0.0
    for i, (row, mask) in enumerate(zip(report, masks.values(), strict=True)):
        x, grain = i * (WIDE + GAP), row["grain"]
        kept, outlines, tall = mosaic(np.asarray(mask, bool), x, 44, WIDE)
        high = max(high, tall)
        items += [
            label(f"{grain}.name", x, 14, grain, weight=700, size=15),
            label(f"{grain}.words", x, 33, WORDS.get(grain, ""), size=12, paint="muted"),
            {"kind": "path", "id": f"{grain}.ground", "d": outlines, "fill": "faint", "stroke": "line", "sw": 0.75},
        ]
        if kept:
            items.append({"kind": "path", "id": f"{grain}.kept", "d": kept, "fill": "w", "tip": f"{count(int(np.sum(mask)))} weights stay"})
    y = 44 + high + 30
    for i, row in enumerate(report):
        x, grain = i * (WIDE + GAP), row["grain"]
        values, index = row["value bytes"], row["index bytes"]
        wide_v, wide_i = WIDE * values / most, WIDE * index / most
        faster = row["times faster"]
        items += [
            label(f"{grain}.bytes", x, y, f"{count(values)} + {count(index)} bytes", size=12, weight=600),
            {"kind": "rect", "id": f"{grain}.values", "x": x, "y": y + 7, "w": round(wide_v, 2), "h": 13, "fill": "w",
             "tip": f"values: {count(values)} bytes"},
            {"kind": "rect", "id": f"{grain}.index", "x": round(x + wide_v, 2), "y": y + 7, "w": round(wide_i, 2), "h": 13, "fill": "alert",
             "hatch": 45, "tip": f"index: {count(index)} bytes"},
            label(f"{grain}.speed", x, y + 43, spoken(faster), size=12, weight=600),
            {"kind": "rect", "id": f"{grain}.bar", "x": x, "y": y + 50, "h": 13, "fill": "oa" if faster >= 1 else "plain",
             "w": round(WIDE * min(faster, fastest) / fastest, 2), "tip": f"{faster:.2f} times the dense layer's speed, by the model"},
            label(f"{grain}.left", x, y + 86, f"{row['length left %']:.0f} % of the weights' length left", size=12),
            {"kind": "rect", "id": f"{grain}.leftbar", "x": x, "y": y + 93, "w": round(WIDE * row["length left %"] / 100, 2), "h": 8,
             "fill": "ia"},
        ]  # fmt: skip
    width = len(report) * (WIDE + GAP) - GAP
    zeros = " / ".join(f"{z:.0f}" for z in dict.fromkeys(round(z) for z in report["zeros %"]))
    words = f"The same filters with {zeros} % zeros. " + "; ".join(
        f"{row['grain']}: {count(row['value bytes'])} bytes of values, {count(row['index bytes'])} of index, {spoken(row['times faster'])}"
        for row in report
    )
    caption = f"{zeros} % zeros. A row a filter, a column a channel. Orange: values; hatched: index. Speed by the cost model."
    return Scene(title, words + ".", width, y + 106, items, [Frame(caption)])
