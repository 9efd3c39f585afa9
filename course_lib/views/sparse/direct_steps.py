"""Direct sparse convolution step by step: each non-zero weight takes one shifted window of the input, and adds all of it to the output."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.views.parts import grid, heading, label, mark, numbers
from course_lib.views.scene import Frame, Item, Scene

SOURCE = "Park et al., ICLR 2017, figure 1"

MOST = 10  # rows and columns of the picture
CELL, GAP, TOP = 38.0, 60.0, 46.0


def direct_steps(x: Any, w: Any, title: str = "Direct sparse convolution: one shift a weight") -> Scene:
    """x[H,W] * w[R,S] -> a frame a non-zero weight. ValueError for arrays that do not fit or are too large to be drawn."""
    x, w = np.asarray(x, float), np.asarray(w, float)
    if x.ndim != 2 or w.ndim != 2 or not w.size or max(x.shape) > MOST or w.shape[0] > x.shape[0] or w.shape[1] > x.shape[1]:
        raise ValueError(f"x, w: want x[H,W] of at most {MOST} x {MOST} and a filter w[R,S] inside it, got {x.shape} and {w.shape}")
    (H, W), (R, S) = x.shape, w.shape
    P, Q = H - R + 1, W - S + 1
    x1 = 20 + W * CELL + GAP
    x2 = x1 + S * CELL + GAP
    items: list[Item] = [
        heading("xn", 20, TOP - 14, "IA", f"{H} × {W}", "ia"),
        grid("x", 20, TOP, H, W, CELL, "ia", text=numbers(x)),
        heading("wn", x1, TOP - 14, "W", f"{R} × {S}", "w"),
        grid("w", x1, TOP, R, S, CELL, "w", text=[word if v else "·" for word, v in zip(numbers(w), w.ravel(), strict=True)]),
        heading("on", x2, TOP - 14, "OA", f"{P} × {Q}", "oa"),
        grid("o", x2, TOP, P, Q, CELL, "oa", text=["0"] * (P * Q)),
        mark("shift", "x", None, (P, Q), "w"),
        mark("weight", "w", None, (1, 1), "oa"),
        mark("out", "o", None, (P, Q), "w"),
        label("sum", x1, TOP + max(R * CELL, P * CELL) + 30, "", size=15, paint="ink"),
    ]
    out = np.zeros((P, Q))
    taps = [(int(r), int(s)) for r, s in np.argwhere(w)]
    frames = [Frame(f"{len(taps)} of {w.size} weights are not zero. Nothing is copied.", {})]
    for number, (r, s) in enumerate(taps, 1):
        out += w[r, s] * x[r : r + P, s : s + Q]
        offset = r * W + s
        frames.append(
            Frame(
                f"Weight {number} of {len(taps)}, {w[r, s]:g} at ({r}, {s}): the window that begins at address {r}·{W} + {s} = {offset}.",
                {
                    "shift": {"at": [r, s]},
                    "weight": {"at": [r, s]},
                    "out": {"at": [0, 0]},
                    "o": {"text": numbers(out)},
                    "sum": {"text": f"OA += {w[r, s]:g} · IA[{offset} + p·{W} + q]"},
                },
            )
        )
    frames.append(
        Frame(
            f"Done: {len(taps)}·{P}·{Q} = {len(taps) * P * Q} multiply-accumulates, not {R * S}·{P}·{Q} = {w.size * P * Q}.",
            {"shift": {"at": None}, "weight": {"at": None}, "out": {"at": None}, "sum": {"text": ""}},
        )
    )
    return Scene(
        title,
        f"A {H} by {W} input, a {R} by {S} filter with {len(taps)} non-zeros; each adds one shifted window of the input to the output.",
        round(max(x2 + Q * CELL + 14, x1 + 320), 1),
        round(TOP + max(H * CELL, max(R, P) * CELL + 40) + 8, 1),
        items,
        frames,
        poster=min(len(frames) - 1, (len(taps) + 1) // 2 + 1),
    )
