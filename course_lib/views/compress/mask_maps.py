"""Where a pruned network still has weights: a map a layer, a row a filter, a column a channel, darker where more of a kernel is left."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from course_lib.views.chart import count
from course_lib.views.parts import grid, label, tint
from course_lib.views.scene import Frame, Item, Scene

SOURCE = "course_lib.compress.prune"

MOST_SIDE, ROOM, HIGH = 128, 840.0, 190.0


def mask_maps(weights: Mapping[str, np.ndarray], title: str = "What is left, layer by layer") -> Scene:
    """weights[layer] is [K,C,R,S] or [K,C], masks or weights with zeros. Layers of one channel or more than 128 x 128 are refused.

    Raises ValueError where there is no layer, or one that cannot be drawn.
    """
    shares = {}
    for name, wt in weights.items():
        wt = np.asarray(wt) != 0
        if wt.ndim not in (2, 4) or not wt.size or max(wt.shape[:2]) > MOST_SIDE:
            raise ValueError(f"weights: {name}: want [K, C, R, S] or [K, C] with at most {MOST_SIDE} filters and channels, got {wt.shape}")
        shares[name] = wt.reshape(*wt.shape[:2], -1).mean(2)
    if not shares:
        raise ValueError("weights: want at least one layer")
    gap = 26.0
    columns = sum(s.shape[1] for s in shares.values())
    cell = min((ROOM - gap * (len(shares) - 1)) / columns, HIGH / max(s.shape[0] for s in shares.values()), 12.0)
    items: list[Item] = []
    x, told, high = 0.0, [], 0.0
    for name, share in shares.items():
        K, C = share.shape
        wide = max(C * cell, 86.0)
        left = 100 * float(np.mean(share))
        levels = np.vstack([share, [[0.0] * (C - 1) + [1.0]]]) if share.size else share  # so that 0 and 1 keep their tint
        digits = tint(levels)
        plain = "".join(c * int(n) for c, n in runs(digits))[: K * C]
        items += [
            label(f"{name}.name", x, 14, name, weight=700, size=14),
            label(f"{name}.size", x, 31, f"{K} x {C}, {left:.0f} % left", size=11, paint="muted"),
            grid(f"{name}.map", x, 42, K, C, round(cell, 3), "w", tint=packed(plain), name=f"{name}: filter {{r}}, channel {{c}}"),
        ]  # fmt: skip
        told.append(f"{name}: {left:.0f} % of {count(np.asarray(weights[name]).size)} weights")
        high = max(high, K * cell)
        x += wide + gap
    caption = "A row a filter, a column an input channel; the darker, the more of the kernel's weights are left. Blank: nothing is left."
    return Scene(title, "What is left: " + "; ".join(told) + ".", x - gap, 42 + high + 2, items, [Frame(caption)])


def runs(digits: str) -> list[tuple[str, int]]:
    """tint's short form taken apart: "0{7}f" is seven zeros and an f."""
    out, i = [], 0
    while i < len(digits):
        if i + 1 < len(digits) and digits[i + 1] == "{":
            end = digits.index("}", i)
            out.append((digits[i], int(digits[i + 2 : end])))
            i = end + 1
        else:
            out.append((digits[i], 1))
            i += 1
    return out


def packed(digits: str) -> str:
    import re

    return re.sub(r"(.)\1{4,}", lambda run: f"{run[1]}{{{len(run[0])}}}", digits)
