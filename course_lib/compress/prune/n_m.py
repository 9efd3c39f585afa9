"""N:M sparsity: of each m neighbours along the reduction, the n largest stay. A pattern that hardware can read without searching."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.compress.prune.magnitude import weights
from course_lib.shapes import whole

SOURCE = "Mishra et al., Accelerating Sparse Deep Neural Networks, 2021 (2:4 on the A100)"


def n_m_mask(wt: Any, n: int = 2, m: int = 4) -> np.ndarray:
    """True at the n largest |wt| of each m consecutive weights of a row; wt[K, ...] is read as [K, C·R·S].

    Among equals the earlier stays. A last group of fewer than m keeps at most n. ValueError unless 0 <= n <= m and m >= 1.
    """
    wt, m = weights("wt", wt), whole("m", m, 1)
    n = whole("n", n, 0)
    if n > m:
        raise ValueError(f"n: want at most m = {m}, got {n}")
    if wt.ndim < 2:
        raise ValueError(f"wt: want a matrix [K, C·R·S] or filters [K, C, R, S], got shape {wt.shape}")
    if not wt.size:
        return np.ones(wt.shape, bool)
    rows = np.abs(wt).reshape(len(wt), -1)
    groups = -(-rows.shape[1] // m)
    padded = np.full((len(rows), groups * m), -1.0)  # places that do not exist come last
    padded[:, : rows.shape[1]] = rows
    order = np.argsort(-padded.reshape(-1, m), axis=1, kind="stable")
    kept = np.zeros_like(order, dtype=bool)
    np.put_along_axis(kept, order[:, :n], True, axis=1)
    return kept.reshape(len(rows), -1)[:, : rows.shape[1]].reshape(wt.shape)
