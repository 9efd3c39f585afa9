"""What a model believes of every configuration, and how sure it is, beside what is true: sorted by the truth, before and after trials."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from course_lib.views.curves import Curve, curves
from course_lib.views.scene import Scene

SOURCE = "as implemented here"

POINTS = 90


def belief(truth: Sequence[float], mean: Sequence[float], deviation: Sequence[float], tried: Sequence[int] = (), title: str = "") -> Scene:
    """truth[n], mean[n], deviation[n] of n configurations -> both over the true rank, a band of two deviations, trials marked.

    `tried` are numbers of configurations. At most 90 of the others are shown, evenly spread over the ranks. The note says how many of all
    truths lie inside the band. Raises ValueError for arrays that do not match, a deviation below 0, or numbers that are none's.
    """
    t, m, d = (np.asarray(values, float) for values in (truth, mean, deviation))
    if t.ndim != 1 or not t.size or t.shape != m.shape or t.shape != d.shape:
        raise ValueError(f"truth, mean, deviation: want one length of at least 1, got {t.shape}, {m.shape}, {d.shape}")
    if (d < 0).any():
        raise ValueError(f"deviation: want numbers of at least 0, got {d.min():g}")
    if any(not 0 <= i < len(t) for i in tried):
        raise ValueError(f"tried: want numbers from 0 to {len(t) - 1}, got {list(tried)}")
    order = np.argsort(-t, kind="stable")
    rank = np.empty(len(t), int)
    rank[order] = np.arange(1, len(t) + 1)
    some = np.unique(np.linspace(0, len(t) - 1, min(POINTS, len(t))).round().astype(int))
    shown = order[some]
    x = (some + 1).tolist()
    lines = [
        Curve("believed", x, m[shown].tolist(), (m - 2 * d)[shown].tolist(), (m + 2 * d)[shown].tolist(), role="cols", markers=False),
        Curve("true", x, t[shown].tolist(), role="oa", markers=False),
    ]
    if len(tried):
        mine = sorted(tried, key=lambda i: rank[i])
        lines.append(Curve("tried", rank[mine].tolist(), t[mine].tolist(), role="w", line=False))
    inside = float((np.abs(t - m) <= 2 * d).mean())
    note = f"{inside:.0%} of all {len(t)} lie in the band of two deviations, {2 * d.mean():.2g} wide to each side in the mean."
    said = title or "What the model believes"
    return curves(lines, "configurations, the fastest first", "speed, in spreads", title=said, note=note, zero=False)
