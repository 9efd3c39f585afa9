"""A weight matrix in any form: what it is as a dense matrix, what it does to a vector, what it costs in bytes and multiplications.

    op.shape            (K, C·R·S)
    op.dense()          the same matrix written out, float array [K, C·R·S]
    op @ x              x[C·R·S, n] -> [K, n], by the form's own way
    op.nbytes           what the form stores, indices included
    op.macs             multiply-accumulates for one column of x

A convolution is `op @ im2col(ia)`, so every form is a convolution for free.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

SOURCE = "Lecture, last frames: sparse, low rank and their sum as one problem"


@runtime_checkable
class Operator(Protocol):
    """What every compressed form can do."""

    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def nbytes(self) -> int: ...
    @property
    def macs(self) -> int: ...
    def dense(self) -> np.ndarray: ...
    def __matmul__(self, x: np.ndarray) -> np.ndarray: ...


def matrix(name: str, a: Any) -> np.ndarray:
    """`a` as a matrix of real numbers; ValueError naming the argument otherwise. A filter bank [K,C,R,S] becomes [K, C·R·S]."""
    a = np.asarray(a)
    if a.dtype.kind not in "iuf":
        raise ValueError(f"{name}: want whole or floating-point numbers, got dtype {a.dtype}")
    if a.ndim == 4:
        a = a.reshape(a.shape[0], -1) if a.size else a.reshape(a.shape[0], a.shape[1] * a.shape[2] * a.shape[3])
    if a.ndim != 2:
        raise ValueError(f"{name}: want a matrix [K, C·R·S] or filters [K, C, R, S], got shape {a.shape}")
    return a


def operand(op: Operator, x: Any) -> np.ndarray:
    """The right side of `op @ x`; ValueError where its rows are not op's columns."""
    x = np.asarray(x)
    if x.ndim not in (1, 2) or x.shape[0] != op.shape[1]:
        raise ValueError(f"x: want {op.shape[1]} rows, one a column of the {op.shape[0]}x{op.shape[1]} operator, got shape {x.shape}")
    return x


@dataclass(frozen=True, eq=False)
class Dense:
    """The matrix as it stands: every number stored, every number multiplied."""

    a: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "a", matrix("a", self.a))

    @property
    def shape(self) -> tuple[int, int]:
        return self.a.shape  # type: ignore[return-value]

    @property
    def nbytes(self) -> int:
        return self.a.nbytes

    @property
    def macs(self) -> int:
        return self.a.size

    def dense(self) -> np.ndarray:
        return self.a

    def __matmul__(self, x: np.ndarray) -> np.ndarray:
        return self.a @ operand(self, x)


@dataclass(frozen=True, eq=False)
class LowRank:
    """u[K, rank] @ v[rank, C·R·S], kept as two factors: two small layers in place of one."""

    u: np.ndarray
    v: np.ndarray

    def __post_init__(self) -> None:
        u, v = matrix("u", self.u), matrix("v", self.v)
        if u.shape[1] != v.shape[0]:
            raise ValueError(f"u, v: want u[K, rank] and v[rank, C·R·S], got {u.shape} and {v.shape}")
        object.__setattr__(self, "u", u)
        object.__setattr__(self, "v", v)

    @property
    def rank(self) -> int:
        return int(self.u.shape[1])

    @property
    def shape(self) -> tuple[int, int]:
        return self.u.shape[0], self.v.shape[1]

    @property
    def nbytes(self) -> int:
        return self.u.nbytes + self.v.nbytes

    @property
    def macs(self) -> int:
        return self.u.size + self.v.size

    def dense(self) -> np.ndarray:
        return self.u @ self.v

    def __matmul__(self, x: np.ndarray) -> np.ndarray:
        return self.u @ (self.v @ operand(self, x))


@dataclass(frozen=True, eq=False)
class Columns:
    """Some columns of a [K, width] matrix, the others zero: a smaller dense product, which is what structured sparsity buys.

    `a[K, kept]` holds the columns, `at[kept]` says where they stand: whole numbers, rising.
    """

    a: np.ndarray
    at: np.ndarray
    width: int

    def __post_init__(self) -> None:
        a, at = matrix("a", self.a), np.asarray(self.at)
        fits = at.shape == (a.shape[1],) and (not at.size or at.dtype.kind in "iu")
        if not fits or (at.size and (at[0] < 0 or at[-1] >= self.width or (np.diff(at) < 1).any())):
            raise ValueError(f"at: want {a.shape[1]} rising columns below {self.width}, got {self.at!r}")
        object.__setattr__(self, "a", a)
        object.__setattr__(self, "at", at.astype(np.int32))

    @property
    def shape(self) -> tuple[int, int]:
        return self.a.shape[0], self.width

    @property
    def nbytes(self) -> int:
        return int(self.a.nbytes + self.at.nbytes)

    @property
    def macs(self) -> int:
        return int(self.a.size)

    def dense(self) -> np.ndarray:
        out = np.zeros(self.shape, self.a.dtype)
        out[:, self.at] = self.a
        return out

    def __matmul__(self, x: np.ndarray) -> np.ndarray:
        return self.a @ operand(self, x)[self.at]


@dataclass(frozen=True, eq=False)
class Sum:
    """Several operators added, as low rank + sparse: (A + B) @ x = A @ x + B @ x."""

    parts: tuple[Operator, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(as_operator(part) for part in self.parts))
        shapes = {part.shape for part in self.parts}
        if len(shapes) != 1:
            raise ValueError(f"parts: want at least one operator, all of one shape, got {sorted(shapes)}")

    @property
    def shape(self) -> tuple[int, int]:
        return self.parts[0].shape

    @property
    def nbytes(self) -> int:
        return sum(part.nbytes for part in self.parts)

    @property
    def macs(self) -> int:
        return sum(part.macs for part in self.parts)

    def dense(self) -> np.ndarray:
        return sum((part.dense() for part in self.parts[1:]), self.parts[0].dense())

    def __matmul__(self, x: np.ndarray) -> np.ndarray:
        x = operand(self, x)
        return sum((part @ x for part in self.parts[1:]), self.parts[0] @ x)


def as_operator(weights: Any) -> Operator:
    """An Operator as it is; an array [K, C·R·S] or [K,C,R,S] as Dense."""
    return weights if isinstance(weights, Operator) and not isinstance(weights, np.ndarray) else Dense(weights)
