"""Sharing out sparsity: layers that stand it give more, so that the worst layer loses as little as possible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from course_lib.compress.prune.magnitude import share

SOURCE = "He, Zhang, Sun, 2017 (ratios by sensitivity); the rule here: the highest floor of accuracy that still meets the budget"


def allocate_sparsity(
    grid: Sequence[float], curves: Mapping[str, Sequence[float]], params: Mapping[str, int], budget: float
) -> dict[str, float]:
    """A sparsity of `grid` for each layer, so that together at least `budget` of all weights go, at the highest floor.

    `curves[layer][i]` is the accuracy with only that layer pruned to grid[i]. A floor f allows each layer its largest grid[i] with
    curves[layer][i] >= f (grid[0] where there is none); the answer is that of the highest floor among the accuracies that removes
    budget · sum(params). Raises ValueError for lengths that do not match, and where no floor removes enough.
    """
    share("budget", budget)
    if list(grid) != sorted(set(grid)) or not grid:
        raise ValueError(f"grid: want sparsities that rise, got {list(grid)}")
    for name, curve in curves.items():
        if len(curve) != len(grid) or name not in params:
            raise ValueError(f"curves: want {len(grid)} accuracies and a number of params for {name!r}")
    total = sum(params[name] for name in curves)
    for floor in sorted({accuracy for curve in curves.values() for accuracy in curve}, reverse=True):
        chosen = {
            name: max((s for s, accuracy in zip(grid, curve, strict=True) if accuracy >= floor), default=grid[0])
            for name, curve in curves.items()
        }
        if sum(chosen[name] * params[name] for name in chosen) >= budget * total - 1e-9 * total:
            return chosen
    raise ValueError(f"budget: {budget} of the weights cannot go with sparsities up to {max(grid)}")
