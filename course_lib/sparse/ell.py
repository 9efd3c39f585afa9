"""ELL: every row padded to the longest; no pointers, two rectangles. One long row makes all rows long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..compress.operator import matrix, operand
from .arrays import indices, numbers, result, sizes

SOURCE = "Bell & Garland, Sparse matrix-vector multiplication on CUDA, 2008 (ELLPACK)"


@dataclass(frozen=True, eq=False)
class ELL:
    """a[m, col[m, j]] += value[m, j], `width` places a row; places not needed hold value 0 at column 0.

    ValueError for arrays that do not fit.
    """

    shape: tuple[int, int]
    col: np.ndarray
    value: np.ndarray

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "shape", sizes(self.shape))
        put(self, "value", numbers("value", self.value, 2))
        if len(self.value) != self.shape[0]:
            raise ValueError(f"value: want {self.shape[0]} rows, got {len(self.value)}")
        put(self, "col", indices("col", self.col, self.value.shape, self.shape[1]))

    @classmethod
    def from_dense(cls, a: Any) -> ELL:
        a = matrix("a", a)
        width = int((a != 0).sum(1).max(initial=0))
        col = np.argsort(a == 0, axis=1, kind="stable")[:, :width]  # the non-zeros' columns first
        value = np.take_along_axis(a, col, 1)
        return cls(a.shape, np.where(value != 0, col, 0), value)

    @property
    def width(self) -> int:
        return int(self.value.shape[1])

    @property
    def macs(self) -> int:
        """Fillers are multiplied, too."""
        return self.value.size

    @property
    def nbytes(self) -> int:
        """m·width·(v + i)."""
        return self.col.nbytes + self.value.nbytes

    def dense(self) -> np.ndarray:
        a = np.zeros(self.shape, self.value.dtype)
        np.add.at(a, (np.arange(self.shape[0])[:, None], self.col), self.value)
        return a

    def __matmul__(self, x: np.ndarray) -> np.ndarray:
        """A place at a time, all rows at once: what makes it good for vector machines."""
        x = operand(self, x)
        out = result(self.shape, self.value, x)
        for j in range(self.width):
            out += (self.value[:, j] * x[self.col[:, j]].T).T
        return out
