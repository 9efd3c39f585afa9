"""Bitmask: one bit a place says whether there is a number; the numbers follow. Small already at a few per cent of zeros."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..compress.operator import matrix, operand
from .arrays import numbers, sizes

SOURCE = "Zero-value maps of accelerators, as in Parashar et al., SCNN, 2017 and Chen et al., Eyeriss v2, 2019; as implemented here"


@dataclass(frozen=True, eq=False)
class Bitmask:
    """bits[ceil(m·n / 8)] uint8, the first place in the highest bit; value[z] in the order of the set bits.

    ValueError where they do not fit.
    """

    shape: tuple[int, int]
    bits: np.ndarray
    value: np.ndarray

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "shape", sizes(self.shape))
        put(self, "value", numbers("value", self.value))
        places = self.shape[0] * self.shape[1]
        bits = np.asarray(self.bits)
        if bits.dtype != np.uint8 or bits.shape != (-(-places // 8),):
            raise ValueError(f"bits: want {-(-places // 8)} bytes of uint8, got shape {bits.shape} of {bits.dtype}")
        put(self, "bits", bits)
        if int(np.unpackbits(bits)[places:].sum()):
            raise ValueError(f"bits: a bit behind the last of {places} places is set")
        if int(self.mask().sum()) != len(self.value):
            raise ValueError(f"value: want {int(self.mask().sum())} numbers, one a set bit, got {len(self.value)}")

    @classmethod
    def from_dense(cls, a: Any) -> Bitmask:
        a = matrix("a", a)
        return cls(a.shape, np.packbits(a.ravel() != 0), a[a != 0])

    def mask(self) -> np.ndarray:
        """Where there is a number, bool [m, n]."""
        return np.unpackbits(self.bits, count=self.shape[0] * self.shape[1]).astype(bool).reshape(self.shape)

    @property
    def macs(self) -> int:
        return len(self.value)

    @property
    def nbytes(self) -> int:
        """m·n/8 + z·v."""
        return self.bits.nbytes + self.value.nbytes

    def dense(self) -> np.ndarray:
        a = np.zeros(self.shape, self.value.dtype)
        a[self.mask()] = self.value
        return a

    def __matmul__(self, x: np.ndarray) -> np.ndarray:
        """Row by row; which columns there are is counted out of the bits."""
        x = operand(self, x)
        out = np.zeros((self.shape[0], *x.shape[1:]), np.result_type(self.value, x))
        first = 0
        for m, row in enumerate(self.mask()):
            columns = np.flatnonzero(row)
            out[m] = self.value[first : first + len(columns)] @ x[columns]
            first += len(columns)
        return out
