"""CSC: the non-zeros column by column; colptr says where each column begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..compress.operator import matrix, operand
from .arrays import begins, indices, numbers, pointers, result, sizes

SOURCE = "Lecture, frame 'Sparse Matrix Representation': good for operation on filters"


@dataclass(frozen=True, eq=False)
class CSC:
    """Column n holds value[j] at row rowidx[j] for j from colptr[n] to colptr[n+1] - 1; what stands twice is added up.

    ValueError where lengths or places do not fit `shape`.

    >>> a = CSC.from_dense([[0, 5, 0], [0, 0, 0], [7, 0, 8]])
    >>> a.colptr.tolist(), a.rowidx.tolist(), a.value.tolist()
    ([0, 1, 2, 3], [2, 0, 2], [7, 5, 8])
    """

    shape: tuple[int, int]
    colptr: np.ndarray
    rowidx: np.ndarray
    value: np.ndarray

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "shape", sizes(self.shape))
        put(self, "value", numbers("value", self.value))
        put(self, "colptr", pointers("colptr", self.colptr, self.shape[1], len(self.value)))
        put(self, "rowidx", indices("rowidx", self.rowidx, len(self.value), self.shape[0]))

    @classmethod
    def from_dense(cls, a: Any) -> CSC:
        """The non-zeros of a[m, n] (or filters [K,C,R,S]), rows ascending."""
        a = matrix("a", a)
        col, row = np.nonzero(a.T)
        return cls(a.shape, begins(col, a.shape[1]), row, a[row, col])

    @property
    def nnz(self) -> int:
        """Stored values, explicit zeros among them."""
        return len(self.value)

    @property
    def macs(self) -> int:
        return self.nnz

    @property
    def nbytes(self) -> int:
        """z·(i + v) + (n + 1)·i."""
        return self.colptr.nbytes + self.rowidx.nbytes + self.value.nbytes

    def columns(self) -> np.ndarray:
        """The column of each value."""
        return np.repeat(np.arange(self.shape[1]), np.diff(self.colptr))

    def dense(self) -> np.ndarray:
        a = np.zeros(self.shape, self.value.dtype)
        np.add.at(a, (self.rowidx, self.columns()), self.value)
        return a

    def __matmul__(self, x: np.ndarray) -> np.ndarray:
        """Column by column: each row of x is read once, and scattered to all output rows that it feeds."""
        x = operand(self, x)
        out = result(self.shape, self.value, x)
        for n in range(self.shape[1]):
            for j in range(self.colptr[n], self.colptr[n + 1]):
                out[self.rowidx[j]] += self.value[j] * x[n]
        return out
