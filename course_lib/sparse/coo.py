"""COO: a list of (row, column, value), in any order; the form in which sparse matrices are written down first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..compress.operator import matrix, operand
from .arrays import indices, numbers, result, sizes

SOURCE = "Barrett et al., Templates for the solution of linear systems, 1994, 4.3; papers of chapter 06"


@dataclass(frozen=True, eq=False)
class COO:
    """a[row[i], col[i]] = value[i]; what stands twice is added up. ValueError where lengths or places do not fit `shape`."""

    shape: tuple[int, int]
    row: np.ndarray
    col: np.ndarray
    value: np.ndarray

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "shape", sizes(self.shape))
        put(self, "value", numbers("value", self.value))
        put(self, "row", indices("row", self.row, len(self.value), self.shape[0]))
        put(self, "col", indices("col", self.col, len(self.value), self.shape[1]))

    @classmethod
    def from_dense(cls, a: Any) -> COO:
        """The non-zeros of a[m, n] (or filters [K,C,R,S]), row by row."""
        a = matrix("a", a)
        row, col = np.nonzero(a)
        return cls(a.shape, row, col, a[row, col])

    @property
    def nnz(self) -> int:
        """Stored values, explicit zeros among them."""
        return len(self.value)

    @property
    def macs(self) -> int:
        return self.nnz

    @property
    def nbytes(self) -> int:
        """z·(2i + v) for z values of v bytes and indices of i = 4."""
        return self.row.nbytes + self.col.nbytes + self.value.nbytes

    def dense(self) -> np.ndarray:
        a = np.zeros(self.shape, self.value.dtype)
        np.add.at(a, (self.row, self.col), self.value)
        return a

    def __matmul__(self, x: np.ndarray) -> np.ndarray:
        x = operand(self, x)
        out = result(self.shape, self.value, x)
        for row, col, value in zip(self.row, self.col, self.value, strict=True):
            out[row] += value * x[col]
        return out
