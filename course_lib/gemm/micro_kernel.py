"""The micro-kernel: a tile of c stays in registers while a column of a and a row of b meet, mr·nr multiply-adds for mr + nr loads."""

from __future__ import annotations

import numpy as np

from .arrays import fitted
from .packed import pack_columns, pack_rows

SOURCE = "Van Zee & van de Geijn, BLIS: A Framework for Rapidly Instantiating BLAS Functionality, ACM TOMS 2015"

MR, NR = 6, 8


def micro_kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a[K,mr], b[K,nr], panels as they were packed -> tile[mr,nr]: one rank-1 update a step.

    The nest of this package holds such a tile in vector registers; here numpy's array stands for them.
    """
    tile = np.zeros((a.shape[1], b.shape[1]), a.dtype)
    for column, row in zip(a, b, strict=True):
        tile += column[:, None] * row[None, :]
    return tile


def gemm(a: np.ndarray, b: np.ndarray, mr: int = MR, nr: int = NR) -> np.ndarray:
    """a[M,K] @ b[K,N] -> c[M,N], tile by tile; of a tile over the edge only the part inside is written back."""
    a, b, shape = fitted(a, b)
    c = np.zeros(shape.c_shape, a.dtype)
    rows, columns = pack_rows(a, mr), pack_columns(b, nr)
    for j, right in enumerate(columns):
        for i, left in enumerate(rows):
            place = c[i * mr : (i + 1) * mr, j * nr : (j + 1) * nr]
            place += micro_kernel(left, right)[: place.shape[0], : place.shape[1]]
    return c
