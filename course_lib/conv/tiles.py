"""Overlapping tiles: the output cut into m_h x m_w patches, and for each the n_h x n_w patch of the input it needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..shapes import ConvShape
from .im2col import meeting

ELEMENTS = 1 << 18  # elements of one buffer of tiles, about: a row of tiles more or less


@dataclass(frozen=True)
class Tiles:
    """`down` x `across` tiles an image and group, `high` rows of tiles worked on at a time."""

    shape: ConvShape
    m: tuple[int, int]
    n: tuple[int, int]
    down: int
    across: int
    high: int

    @property
    def area(self) -> int:
        """Elements of an input tile."""
        return self.n[0] * self.n[1]

    @property
    def most(self) -> int:
        """Tiles at a time, at most."""
        return self.high * self.across

    @property
    def blocks(self) -> range:
        """The first row of tiles of each block."""
        return range(0, self.down, self.high)

    @property
    def counts(self) -> list[tuple[int, int]]:
        """(how many blocks, tiles in each): the full ones, and the last one where it is not full."""
        whole, left = divmod(self.down, self.high)
        return [(times, rows * self.across) for times, rows in ((whole, self.high), (1, left)) if rows and times]

    def rows(self, first: int) -> int:
        return min(self.high, self.down - first)

    def gather(self, image: np.ndarray, first: int, d: np.ndarray) -> None:
        """image[C,H,W] -> d[n_h, n_w, C, rows, across], zeros outside the image: an im2col with a tile for a window and m for a stride."""
        (top, _), (left, _) = self.shape.pads
        for i in range(self.n[0]):
            rows, high = meeting(d.shape[3], self.shape.H, self.m[0], top - first * self.m[0], i)
            for j in range(self.n[1]):
                columns, wide = meeting(d.shape[4], self.shape.W, self.m[1], left, j)
                tile = d[i, j]
                tile[:, : rows.start], tile[:, rows.stop :] = 0, 0
                tile[:, rows, : columns.start], tile[:, rows, columns.stop :] = 0, 0
                tile[:, rows, columns] = image[:, high, wide]

    def scatter(self, y: np.ndarray, first: int, oa: np.ndarray) -> None:
        """y[m_h, m_w, K, rows, across] -> oa[K,P,Q], what hangs over the edge left out."""
        for i in range(self.m[0]):
            for j in range(self.m[1]):
                to = oa[:, first * self.m[0] + i : (first + y.shape[3]) * self.m[0] : self.m[0], j :: self.m[1]]
                to[...] = y[i, j, :, : to.shape[1], : to.shape[2]]


def tiles_of(shape: ConvShape, m: tuple[int, int], n: tuple[int, int]) -> Tiles:
    """The tiles of a layer of stride 1; as many rows of them at a time as make up about ELEMENTS elements."""
    down, across = -(-shape.P // m[0]), -(-shape.Q // m[1])
    channels = max(shape.C, shape.K) // shape.groups
    high = min(down, max(1, ELEMENTS // (n[0] * n[1] * channels * across)))
    return Tiles(shape, m, n, down, across, high)
