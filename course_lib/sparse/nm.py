"""N:M: at most N numbers in every M neighbours of a row; each keeps its place among the M in log2(M) bits, and nothing else is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..compress.operator import matrix, operand
from ..shapes import whole
from .arrays import indices, numbers, result, sizes

SOURCE = "Mishra et al., Accelerating sparse deep neural networks, 2021: 2 of 4, two bits a value, as implemented here"


@dataclass(frozen=True, eq=False)
class NM:
    """value[m, g, i] stands at column g·M + place[m, g, i]; N values a group, fillers are zeros. ValueError for arrays that do not fit.

    A ragged last group is allowed: its places stay inside the matrix.
    """

    shape: tuple[int, int]
    value: np.ndarray
    place: np.ndarray
    M: int = 4

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "shape", sizes(self.shape))
        put(self, "M", whole("M", self.M, 1))
        put(self, "value", numbers("value", self.value, 3))
        groups = -(-self.shape[1] // self.M)
        if self.value.shape[:2] != (self.shape[0], groups) or not 1 <= self.value.shape[2] <= self.M:
            raise ValueError(f"value: want {self.shape[0]} rows x {groups} groups x 1 to {self.M} values, got {self.value.shape}")
        put(self, "place", indices("place", self.place, self.value.shape, self.M))
        if self.place.size and int(self.columns().max()) >= self.shape[1]:
            raise ValueError(f"place: column {int(self.columns().max())} is behind the last of {self.shape[1]}")

    @classmethod
    def from_dense(cls, a: Any, N: int = 2, M: int = 4) -> NM:
        """ValueError where some M neighbours hold more than N numbers: prune first."""
        a = matrix("a", a)
        N, M = whole("N", N, 1), whole("M", M, 1)
        if N > M:
            raise ValueError(f"N: want at most M = {M}, got {N}")
        groups = -(-a.shape[1] // M)
        padded = np.zeros((a.shape[0], groups * M), a.dtype)
        padded[:, : a.shape[1]] = a
        inside = padded.reshape(a.shape[0], groups, M)
        most = int((inside != 0).sum(2).max(initial=0))
        if most > N:
            raise ValueError(f"a: want at most {N} non-zeros in every {M} neighbours, got {most}")
        place = np.sort(np.argsort(inside == 0, axis=2, kind="stable")[:, :, :N], axis=2)
        value = np.take_along_axis(inside, place, 2)
        return cls(a.shape, value, np.where(value != 0, place, 0), M)

    @property
    def N(self) -> int:
        return int(self.value.shape[2])

    def columns(self) -> np.ndarray:
        """The column of each value."""
        return self.place + (np.arange(self.value.shape[1]) * self.M)[None, :, None]

    @property
    def macs(self) -> int:
        """The same for every matrix of this shape: fillers are multiplied, too."""
        return self.value.size

    @property
    def nbytes(self) -> int:
        """N/M of the values, and ceil(log2 M) bits for each; for 2:4 m·n·(v/2 + 1/8)."""
        return self.value.nbytes + -(-self.value.size * (self.M - 1).bit_length() // 8)

    def dense(self) -> np.ndarray:
        a = np.zeros(self.shape, self.value.dtype)
        rows = np.arange(self.shape[0])[:, None, None]
        np.add.at(a, (np.broadcast_to(rows, self.place.shape), self.columns()), self.value)
        return a

    def __matmul__(self, x: np.ndarray) -> np.ndarray:
        """Every loop has a length known beforehand: N numbers a group, whatever the weights are."""
        x = operand(self, x)
        out = result(self.shape, self.value, x)
        for g in range(self.value.shape[1]):
            for i in range(self.N):
                out += (self.value[:, g, i] * x[g * self.M + self.place[:, g, i]].T).T
        return out
