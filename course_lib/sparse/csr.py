"""CSR: the non-zeros row by row; rowptr says where each row begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..compress.operator import matrix, operand
from .arrays import begins, indices, numbers, pointers, result, sizes
from .coo import COO

SOURCE = "Lecture, frame 'Sparse Matrix Representation'; Park et al., ICLR 2017, figure 2 (rowptr, colidx, value)"


@dataclass(frozen=True, eq=False)
class CSR:
    """Row m holds value[j] at column colidx[j] for j from rowptr[m] to rowptr[m+1] - 1, in any order; what stands twice is added up.

    An empty row has rowptr[m] = rowptr[m+1]. ValueError where lengths or places do not fit `shape`.

    >>> a = CSR.from_dense([[0, 5, 0], [0, 0, 0], [7, 0, 8]])
    >>> a.rowptr.tolist(), a.colidx.tolist(), a.value.tolist()
    ([0, 1, 1, 3], [1, 0, 2], [5, 7, 8])
    """

    shape: tuple[int, int]
    rowptr: np.ndarray
    colidx: np.ndarray
    value: np.ndarray

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "shape", sizes(self.shape))
        put(self, "value", numbers("value", self.value))
        put(self, "rowptr", pointers("rowptr", self.rowptr, self.shape[0], len(self.value)))
        put(self, "colidx", indices("colidx", self.colidx, len(self.value), self.shape[1]))

    @classmethod
    def from_dense(cls, a: Any) -> CSR:
        """The non-zeros of a[m, n] (or filters [K,C,R,S]), columns ascending."""
        a = matrix("a", a)
        row, col = np.nonzero(a)
        return cls(a.shape, begins(row, a.shape[0]), col, a[row, col])

    @classmethod
    def from_coo(cls, a: COO) -> CSR:
        """Sorted, and what stands twice added up; a zero that was written down stays."""
        places, which = np.unique(a.row.astype(np.int64) * max(a.shape[1], 1) + a.col, return_inverse=True)
        value = np.zeros(len(places), a.value.dtype)
        np.add.at(value, which, a.value)
        row, col = np.divmod(places, max(a.shape[1], 1))
        return cls(a.shape, begins(row, a.shape[0]), col, value)

    @property
    def nnz(self) -> int:
        """Stored values, explicit zeros among them."""
        return len(self.value)

    @property
    def macs(self) -> int:
        return self.nnz

    @property
    def nbytes(self) -> int:
        """z·(i + v) + (m + 1)·i."""
        return self.rowptr.nbytes + self.colidx.nbytes + self.value.nbytes

    def rows(self) -> np.ndarray:
        """The row of each value."""
        return np.repeat(np.arange(self.shape[0]), np.diff(self.rowptr))

    def dense(self) -> np.ndarray:
        a = np.zeros(self.shape, self.value.dtype)
        np.add.at(a, (self.rows(), self.colidx), self.value)
        return a

    def __matmul__(self, x: np.ndarray) -> np.ndarray:
        """Row by row: each output row is finished before the next begins; the rows of x are picked by colidx."""
        x = operand(self, x)
        out = result(self.shape, self.value, x)
        for m in range(self.shape[0]):
            for j in range(self.rowptr[m], self.rowptr[m + 1]):
                out[m] += self.value[j] * x[self.colidx[j]]
        return out
