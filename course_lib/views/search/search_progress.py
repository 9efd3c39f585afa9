"""How far a search still is from the optimum, trial by trial: the median over seeds as a line, the middle half of them as a band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from course_lib.views.curves import Curve, curves
from course_lib.views.scene import Scene

SOURCE = "as implemented here"

POINTS = 100  # of one curve


def search_progress(regrets: Mapping[str, Sequence[Sequence[float]]], title: str = "", note: str = "") -> Scene:
    """regrets[name][seed, trial], 0 at the optimum -> medians in per cent and, for more than one seed, bands from quartile to quartile.

    Trials before the first success of more than half the seeds are left out. Raises ValueError for no searches, or numbers below 0.
    """
    if not regrets:
        raise ValueError("regrets: want at least one search")
    lines = []
    for name, runs in regrets.items():
        a = np.atleast_2d(np.asarray(runs, float))
        if a.ndim != 2 or not a.size or np.isnan(a).any() or (a < 0).any():
            raise ValueError(f"regrets: want {name!r} as [seed, trial] with numbers of at least 0, got the shape {a.shape}")
        quartiles = np.percentile(a, (25, 50, 75), axis=0, method="nearest")
        there = np.flatnonzero(np.isfinite(quartiles[2]))
        if not there.size:
            raise ValueError(f"regrets: {name!r} never succeeds")
        if len(there) > POINTS:
            there = there[np.unique(np.linspace(0, len(there) - 1, POINTS).round().astype(int))]
        low, middle, high = 100 * quartiles[:, there]
        band = {"low": low.tolist(), "high": high.tolist()} if len(a) > 1 else {}
        lines.append(Curve(name, (there + 1).tolist(), middle.tolist(), markers=False, **band))
    seeds = max(len(np.atleast_2d(np.asarray(runs, float))) for runs in regrets.values())
    said = f"Lines are medians of {seeds} seeds, bands hold the middle half." if seeds > 1 else ""
    return curves(lines, "trials", "per cent above the optimum", title=title or "Progress of a search", note=f"{said} {note}".strip())
