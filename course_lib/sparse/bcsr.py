"""BCSR: CSR of small dense blocks. One index a block instead of one a number; a block with one non-zero stores its zeros too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..compress.operator import matrix, operand
from ..shapes import whole
from .arrays import indices, numbers, pointers, result, sizes

SOURCE = "Im & Yelick, Optimizing sparse matrix computations for register reuse in SPARSITY, 2001"


@dataclass(frozen=True, eq=False)
class BCSR:
    """Block row i holds block[j] (b_r x b_c numbers) at block column blockcol[j], for j from blockptr[i] to blockptr[i+1] - 1.

    Ragged edges: the last blocks reach over the matrix, and what lies outside is zero. ValueError for arrays that do not fit.
    """

    shape: tuple[int, int]
    blockptr: np.ndarray
    blockcol: np.ndarray
    block: np.ndarray

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "shape", sizes(self.shape))
        put(self, "block", numbers("block", self.block, 3))
        b_r, b_c = self.block.shape[1:]
        if not b_r or not b_c:
            raise ValueError(f"block: want blocks of at least 1 x 1, got {b_r} x {b_c}")
        put(self, "blockptr", pointers("blockptr", self.blockptr, -(-self.shape[0] // b_r), len(self.block)))
        put(self, "blockcol", indices("blockcol", self.blockcol, len(self.block), -(-self.shape[1] // b_c)))

    @classmethod
    def from_dense(cls, a: Any, block: tuple[int, int] = (4, 1)) -> BCSR:
        """The blocks of `block` = (b_r, b_c) numbers that are not all zero."""
        a = matrix("a", a)
        b_r, b_c = (whole("block", size, 1) for size in block)
        rows, cols = -(-a.shape[0] // b_r), -(-a.shape[1] // b_c)
        padded = np.zeros((rows * b_r, cols * b_c), a.dtype)
        padded[: a.shape[0], : a.shape[1]] = a
        blocks = padded.reshape(rows, b_r, cols, b_c).swapaxes(1, 2)
        row, col = np.nonzero(blocks.any((2, 3)))
        return cls(a.shape, np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows))]).astype(np.int64), col, blocks[row, col])

    @property
    def macs(self) -> int:
        """Zeros inside blocks are multiplied, too."""
        return self.block.size

    @property
    def nbytes(self) -> int:
        """z_b·(b_r·b_c·v + i) + (block rows + 1)·i."""
        return self.blockptr.nbytes + self.blockcol.nbytes + self.block.nbytes

    def padded(self) -> tuple[int, int]:
        """Rows and columns of whole blocks."""
        _, b_r, b_c = self.block.shape
        return -(-self.shape[0] // b_r) * b_r, -(-self.shape[1] // b_c) * b_c

    def dense(self) -> np.ndarray:
        _, b_r, b_c = self.block.shape
        a = np.zeros(self.padded(), self.block.dtype)
        for i in range(len(self.blockptr) - 1):
            for j in range(self.blockptr[i], self.blockptr[i + 1]):
                a[i * b_r : (i + 1) * b_r, self.blockcol[j] * b_c : (self.blockcol[j] + 1) * b_c] += self.block[j]
        return a[: self.shape[0], : self.shape[1]]

    def __matmul__(self, x: np.ndarray) -> np.ndarray:
        """A small dense product a block: the rows of x are loaded once for b_r output rows."""
        x = operand(self, x)
        _, b_r, b_c = self.block.shape
        rows, cols = self.padded()
        wide = np.zeros((cols, *x.shape[1:]), x.dtype)
        wide[: len(x)] = x
        out = result((rows, cols), self.block, x)
        for i in range(len(self.blockptr) - 1):
            for j in range(self.blockptr[i], self.blockptr[i + 1]):
                out[i * b_r : (i + 1) * b_r] += self.block[j] @ wide[self.blockcol[j] * b_c : (self.blockcol[j] + 1) * b_c]
        return out[: self.shape[0]]
