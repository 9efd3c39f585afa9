"""Tiles: three small blocks that fit into the cache together are multiplied before the next three are fetched."""

from __future__ import annotations

import numpy as np

from ..shapes import whole
from .arrays import fitted

SOURCE = "Lam, Rothberg & Wolf, The cache performance and optimizations of blocked algorithms, ASPLOS 1991"

TILE = 32


def gemm(a: np.ndarray, b: np.ndarray, tile: int = TILE) -> np.ndarray:
    """a[M,K] @ b[K,N] -> c[M,N] in tiles of tile × tile; a ragged edge is a smaller tile.

    Each of a and b is fetched K/tile or N/tile times less often than by the plain loops: 2·M·N·K/tile elements in all, beside c.
    """
    a, b, shape = fitted(a, b)
    tile = whole("tile", tile, 1)
    c = np.zeros(shape.c_shape, a.dtype)
    for i_t in range(0, shape.M, tile):
        for k_t in range(0, shape.K, tile):
            for j_t in range(0, shape.N, tile):
                for i in range(i_t, min(i_t + tile, shape.M)):
                    for k in range(k_t, min(k_t + tile, shape.K)):
                        for j in range(j_t, min(j_t + tile, shape.N)):
                            c[i, j] += a[i, k] * b[k, j]
    return c


def square_tile(cache_bytes: int, itemsize: int = 4) -> int:
    """The largest t with three t × t tiles in a cache of so many bytes. Raises ValueError where not even t = 1 fits.

    >>> square_tile(32 * 1024)
    52
    """
    cache_bytes, itemsize = whole("cache_bytes", cache_bytes, 1), whole("itemsize", itemsize, 1)
    t = int((cache_bytes / (3 * itemsize)) ** 0.5)
    if t < 1:
        raise ValueError(f"cache_bytes: three elements of {itemsize} bytes do not fit into {cache_bytes}")
    return t
