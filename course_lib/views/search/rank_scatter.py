"""What a model thought of configurations it had not seen, against how they measured: rank by rank, so that only order counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from course_lib.views.curves import Curve, curves
from course_lib.views.scene import Frame, Scene

SOURCE = "as implemented here; the coefficient is Spearman's, 1904"

MOST = 400


def ranks(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """1 for the smallest; equal values share the mean of their ranks."""
    _, at, count = np.unique(np.asarray(values, float), return_inverse=True, return_counts=True)
    last = count.cumsum()
    shared: np.ndarray = (last - (count - 1) / 2)[at]
    return shared


def rank_scatter(predicted: Sequence[float], measured: Sequence[float], title: str = "") -> Scene:
    """predicted[n], measured[n], larger is better in both -> a point a configuration, rank 1 the best, and the rank correlation.

    Of more than 400 configurations every few are drawn; the coefficient is that of all. Raises ValueError for fewer than two.
    """
    f, y = np.asarray(predicted, float), np.asarray(measured, float)
    if f.ndim != 1 or f.shape != y.shape or len(f) < 2 or not (np.isfinite(f).all() and np.isfinite(y).all()):
        raise ValueError(f"predicted, measured: want two rows of finite numbers of one length from 2, got {f.shape} and {y.shape}")
    a, b = ranks(-f), ranks(-y)
    together = float(np.corrcoef(a, b)[0, 1]) if a.std() and b.std() else 0.0
    some = np.arange(0, len(a), -(-len(a) // MOST))
    one = Curve("a configuration", a[some].tolist(), b[some].tolist(), line=False, role="oa")
    ends = [1.0, float(len(a))]
    order = Curve("the right order", ends, ends, role="plain", markers=False)
    scene = curves([one, order], "rank by the model", "rank as measured", title=title or "Predicted against measured rank", zero=False)
    words = f"Rank correlation {together:.2f} over {len(a)} configurations; on the dotted line the model's order is right."
    return replace(scene, alt=f"Ranks by a model against ranks as measured. {words}", frames=[Frame(words)])
