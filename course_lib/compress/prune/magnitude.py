"""Magnitude pruning: the smallest weights go, in each layer by itself or in all layers together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

SOURCE = "Han, Pool, Tran, Dally, Learning both weights and connections, NIPS 2015 (as implemented here: exact counts, no thresholds)"


def share(name: str, value: Any) -> float:
    """A number from 0 to 1; ValueError naming the argument otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value <= 1:
        raise ValueError(f"{name}: want a number from 0 to 1, got {value!r}")
    return float(value)


def pruned_count(sparsity: float, of: int) -> int:
    """round(sparsity · of), a half going to the even number, as Python rounds."""
    return round(share("sparsity", sparsity) * of)


def smallest(scores: np.ndarray, count: int) -> np.ndarray:
    """A mask of scores' shape, False at the `count` smallest; among equals the earlier in memory order goes first."""
    kept = np.ones(scores.size, bool)
    kept[np.argsort(scores, axis=None, kind="stable")[:count]] = False
    return kept.reshape(scores.shape)


def weights(name: str, wt: Any) -> np.ndarray:
    """An array of finite numbers; ValueError naming the argument otherwise."""
    wt = np.asarray(wt)
    if wt.dtype.kind not in "iuf" or not np.isfinite(wt).all():
        raise ValueError(f"{name}: want finite numbers, got dtype {wt.dtype}{' with NaN or inf' if wt.dtype.kind == 'f' else ''}")
    return wt


def magnitude_mask(wt: Any, sparsity: float) -> np.ndarray:
    """True where a weight stays: exactly round(sparsity · size) of the smallest |wt| are False. Any shape.

    >>> magnitude_mask([3.0, -1.0, 0.5, 1.0], 0.5)
    array([ True, False, False,  True])
    """
    wt = weights("wt", wt)
    return smallest(np.abs(wt), pruned_count(sparsity, wt.size))


def magnitude_masks(layers: Mapping[str, Any], sparsity: float, scope: Literal["layer", "global"] = "layer") -> dict[str, np.ndarray]:
    """A mask a layer: `sparsity` of each ("layer"), or of all weights together wherever the smallest are ("global")."""
    arrays = {name: weights(name, wt) for name, wt in layers.items()}
    if scope == "layer":
        return {name: magnitude_mask(wt, sparsity) for name, wt in arrays.items()}
    if scope != "global":
        raise ValueError(f"scope: want 'layer' or 'global', got {scope!r}")
    flat = np.concatenate([np.abs(wt).ravel() for wt in arrays.values()]) if arrays else np.zeros(0)
    kept, out, at = smallest(flat, pruned_count(sparsity, flat.size)), {}, 0
    for name, wt in arrays.items():
        out[name] = kept[at : at + wt.size].reshape(wt.shape)
        at += wt.size
    return out
