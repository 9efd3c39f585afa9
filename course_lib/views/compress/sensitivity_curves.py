"""Sensitivity: accuracy over the sparsity of one layer at a time; layers whose curve falls early must be left alone."""

from __future__ import annotations

from course_lib.records import Report
from course_lib.views.curves import MOST, Curve, curves
from course_lib.views.scene import Scene

SOURCE = "Li et al., Pruning Filters for Efficient ConvNets, ICLR 2017 (the picture)"


def sensitivity_curves(report: Report, title: str = "One layer pruned at a time") -> Scene:
    """A curve a layer; `report` is from `sensitivity_scan` (layer, sparsity, accuracy), accuracies from 0 to 1 or in per cent.

    Raises ValueError for other columns, for no rows and for more than seven layers.
    """
    for column in ("layer", "sparsity", "accuracy"):
        if column not in report.columns:
            raise ValueError(f"report: want the column {column!r}; there are {', '.join(report.columns)}")
    layers = list(dict.fromkeys(report["layer"]))
    if not 1 <= len(layers) <= MOST:
        raise ValueError(f"report: want 1 to {MOST} layers in one picture, got {len(layers)}")
    drawn = []
    for name in layers:
        rows = sorted((row["sparsity"], row["accuracy"]) for row in report if row["layer"] == name)
        drawn.append(Curve(name, [100 * s for s, _ in rows], [a if max(report["accuracy"]) > 1 else 100 * a for _, a in rows]))
    return curves(drawn, x="zeros in that layer, %", y="accuracy, %", title=title)
