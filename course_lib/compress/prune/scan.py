"""Sensitivity: prune one layer at a time, ask for the accuracy, put the weights back as they were to the last bit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from course_lib.compress.prune.granularity import pattern_mask
from course_lib.compress.prune.magnitude import magnitude_mask
from course_lib.compress.prune.masks import weights_of
from course_lib.records import Report
from course_lib.train.progress import Bar

SOURCE = "Li et al., Pruning Filters for Efficient ConvNets, ICLR 2017, figure 2 (the idea)"


def scan_mask(weight: Any, sparsity: float, grain: str) -> Any:
    return magnitude_mask(weight, sparsity) if weight.ndim != 4 else pattern_mask(weight, sparsity, grain)


@torch.no_grad()
def sensitivity_scan(
    net: nn.Module,
    evaluate: Callable[[nn.Module], float],
    grid: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95),
    grain: str = "element",
    names: Sequence[str] | None = None,
    show: bool | None = None,
) -> Report:
    """A row a layer and sparsity: evaluate(net) with only that layer pruned. The weights are the same bits afterwards, even if
    `evaluate` raises. Columns layer, sparsity, accuracy.

    `grain` is a name in GRAINS for filters [K,C,R,S]; a linear layer is pruned weight by weight.
    """
    weights = weights_of(net)
    missing = [name for name in names or () if name not in weights]
    if missing:
        raise ValueError(f"names: {missing[0]!r} is no layer with weights; there are {', '.join(weights)}")
    modules, rows = dict(net.named_modules()), []
    for name in Bar(names or list(weights), "scanning", show):
        weight: torch.Tensor = modules[name].weight  # type: ignore[assignment]
        before = weight.clone()
        try:
            for sparsity in grid:
                mask = torch.from_numpy(scan_mask(before.numpy(), sparsity, grain))
                weight.copy_(torch.where(mask, before, torch.zeros_like(before)))
                rows.append({"layer": name, "sparsity": float(sparsity), "accuracy": float(evaluate(net))})
        finally:
            weight.copy_(before)
    return Report.of(rows, title=f"One layer pruned, {grain} by {grain}")


def curves_of(report: Report) -> tuple[list[float], dict[str, list[float]]]:
    """(grid, curves) of a scan, as `allocate_sparsity` takes them."""
    grid = sorted(set(report["sparsity"]))
    found = {(row["layer"], row["sparsity"]): row["accuracy"] for row in report}
    return grid, {name: [found[name, s] for s in grid] for name in dict.fromkeys(report["layer"])}
