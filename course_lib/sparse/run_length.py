"""Run-length: not the column of a non-zero but the gap since the last, in a few bits; a gap too long is bridged by a filler zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..compress.operator import matrix, operand
from ..shapes import whole
from .arrays import numbers, sizes

SOURCE = "Han, Mao, Dally, Deep compression, ICLR 2016, figure 2 (relative index, filler zero), as implemented here"


@dataclass(frozen=True, eq=False)
class RunLength:
    """gap[i] zeros, then value[i], row after row as one long line; gap < 2^bits. ValueError where that leaves the matrix.

    >>> a = RunLength.from_dense([[3, 0, 0, 0, 0, 0, 4, 0]], bits=2)
    >>> a.gap.tolist(), a.value.tolist()      # five zeros are too many for two bits: 3 zeros, a filler, 1 zero
    ([0, 3, 1], [3, 0, 4])
    """

    shape: tuple[int, int]
    gap: np.ndarray
    value: np.ndarray
    bits: int = 4

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "shape", sizes(self.shape))
        put(self, "bits", whole("bits", self.bits, 1))
        put(self, "value", numbers("value", self.value))
        gap = np.asarray(self.gap)
        if gap.shape != self.value.shape or (gap.size and gap.dtype.kind not in "iu"):
            raise ValueError(f"gap: want {len(self.value)} whole numbers, one a value, got shape {gap.shape} of {gap.dtype}")
        if gap.size and not (0 <= int(gap.min()) and int(gap.max()) < 2**self.bits):
            raise ValueError(f"gap: want numbers of {self.bits} bits, 0 to {2**self.bits - 1}, got {int(gap.min())} to {int(gap.max())}")
        put(self, "gap", gap.astype(np.int64))
        if len(gap) and int(self.places()[-1]) >= self.shape[0] * self.shape[1]:
            raise ValueError(
                f"gap: the last value would stand at {int(self.places()[-1])}, behind the {self.shape[0]} x {self.shape[1]} matrix"
            )

    @classmethod
    def from_dense(cls, a: Any, bits: int = 4) -> RunLength:
        a = matrix("a", a)
        most = 2 ** whole("bits", bits, 1) - 1
        gaps: list[int] = []
        values: list[Any] = []
        since = 0
        for number in a.ravel():
            if number != 0 or since == most:
                gaps.append(since)
                values.append(number)
                since = 0
            else:
                since += 1
        while values and values[-1] == 0:  # nothing comes after these fillers
            gaps.pop()
            values.pop()
        return cls(a.shape, np.array(gaps, np.int64), np.array(values, a.dtype), bits)

    def places(self) -> np.ndarray:
        """Where each value stands in the long line."""
        return np.cumsum(self.gap + 1) - 1

    @property
    def fillers(self) -> int:
        return int((self.value == 0).sum())

    @property
    def macs(self) -> int:
        """Fillers are multiplied, too."""
        return len(self.value)

    @property
    def nbytes(self) -> int:
        """(z + fillers)·(v + bits/8), the bits rounded up to whole bytes once."""
        return self.value.nbytes + -(-len(self.gap) * self.bits // 8)

    def dense(self) -> np.ndarray:
        a = np.zeros(self.shape[0] * self.shape[1], self.value.dtype)
        a[self.places()] = self.value
        return a.reshape(self.shape)

    def __matmul__(self, x: np.ndarray) -> np.ndarray:
        """In one pass: the place is a running sum, so it cannot be entered in the middle."""
        x = operand(self, x)
        out = np.zeros((self.shape[0], *x.shape[1:]), np.result_type(self.value, x))
        place = -1
        for gap, value in zip(self.gap, self.value, strict=True):
            place += int(gap) + 1
            out[place // self.shape[1]] += value * x[place % self.shape[1]]
        return out
