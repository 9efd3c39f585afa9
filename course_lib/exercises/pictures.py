"""The picture of a failing case: the student's numbers as a grid, the cells that differ from the right ones marked."""

from __future__ import annotations

from typing import Any

import numpy as np

from .exercise import Case


def plane_picture(case: Case, got: Any, want: Any) -> Any:
    """A Scene of the first plane (last two axes) in which `got` and `want` differ; None where there is nothing to draw."""
    from ..views import array_grid

    if not isinstance(got, np.ndarray) or not isinstance(want, np.ndarray) or got.dtype.kind not in "biuf" or got.ndim < 1 or not got.size:
        return None
    if got.shape != want.shape:
        return array_grid(np.atleast_2d(got[(0,) * (got.ndim - 2)] if got.ndim > 2 else got))
    if got.ndim > 2:
        planes = np.ndindex(got.shape[:-2])
        at = next((i for i in planes if not np.allclose(got[i], want[i], equal_nan=True)), (0,) * (got.ndim - 2))
        got, want = got[at], want[at]
    return array_grid(np.atleast_2d(got), other=np.atleast_2d(want))
