"""Dynamic surgery: a connection that was cut and would be large again is spliced back. The mask is a guess that may be mended.

cut     where |w| < low            between the two thresholds the mask stays what it was
splice  where |w| > high           the weights behind the mask go on learning
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from course_lib.compress.prune.magnitude import share, weights
from course_lib.shapes import whole

SOURCE = "Guo, Yao, Chen, Dynamic Network Surgery, NIPS 2016 (as implemented here: thresholds by quantiles)"


def surgery_masks(wt: Any, mask: Any, low: float, high: float) -> np.ndarray:
    """The next mask: False where |wt| < low, True where |wt| > high, as before in between. ValueError unless 0 <= low <= high."""
    wt, mask = np.abs(weights("wt", wt)), np.asarray(mask, bool)
    if mask.shape != wt.shape:
        raise ValueError(f"mask: want shape {wt.shape}, got {mask.shape}")
    if not 0 <= low <= high:
        raise ValueError(f"low, high: want 0 <= low <= high, got {low}, {high}")
    return np.where(wt < low, False, np.where(wt > high, True, mask))


class Surgery:
    """An `each_step`: the network computes with masked weights, behind the masks all weights go on learning.

    Every `every` steps up to `until` the masks are mended: the threshold is the magnitude that `sparsity` of a layer's weights lie
    under, a weight must get `gap` times as large to be spliced back. `cut` and `spliced` count what was done.
    ValueError for a gap under 1, steps under 1, and a name that is no layer with weights.
    """

    def __init__(self, names: set[str], sparsity: float, every: int = 8, until: int = 10**9, gap: float = 1.1) -> None:
        if not gap >= 1:
            raise ValueError(f"gap: want at least 1, so that who was just cut is not spliced at once, got {gap!r}")
        self.names, self.sparsity, self.gap = names, share("sparsity", sparsity), gap
        self.every, self.until = whole("every", every, 1), whole("until", until, 0)
        self.behind: dict[str, torch.Tensor] = {}
        self.shown: dict[str, torch.Tensor] = {}
        self.masks: dict[str, torch.Tensor] = {}
        self.cut = self.spliced = 0

    @torch.no_grad()
    def __call__(self, step: int, net: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        modules = dict(net.named_modules())
        for name in self.names:
            if not isinstance(getattr(modules.get(name), "weight", None), torch.Tensor):
                raise ValueError(f"names: want layers of the network that have weights, got {name!r}")
            weight: torch.Tensor = modules[name].weight  # type: ignore[assignment]
            if name not in self.behind:
                self.behind[name], self.masks[name] = weight.clone(), torch.ones_like(weight, dtype=torch.bool)
            else:
                self.behind[name] += weight - self.shown[name]  # what this step moved, masked or not
            if step % self.every == 0 and step <= self.until:
                self.mend(name)
            weight.copy_(self.behind[name] * self.masks[name])
            self.shown[name] = weight.clone()

    def mend(self, name: str) -> None:
        behind, before = self.behind[name].numpy(), self.masks[name].numpy()
        low = float(np.quantile(np.abs(behind), self.sparsity))
        after = surgery_masks(behind, before, low, self.gap * low)
        self.cut += int((before & ~after).sum())
        self.spliced += int((~before & after).sum())
        self.masks[name] = torch.from_numpy(after)
