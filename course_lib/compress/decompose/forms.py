"""The structures a weight matrix may be given, each as one step: the nearest Operator of that form to what the data asks for.

    fit(form, moments)       least squares on data under the form: argmin over M of the form of sum |Z - M X|²

All that the data says is in its second moments, so a step costs the same for a hundred samples as for a million.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...sparse.csr import CSR
from ..operator import Columns, LowRank, Operator, Sum

SOURCE = "Lecture, last frames; reduced-rank regression: Izenman 1975; low rank + sparse: Yu et al., CVPR 2017 (as implemented here)"

CUT = 1e-10  # relative: directions in which the data never moves say nothing of the weights


@dataclass(frozen=True, eq=False)
class Moments:
    """xx = X Xᵀ [J,J] and zx = Z Xᵀ [K,J] of targets Z[K,n] and inputs X[J,n]; zz = sum Z²."""

    xx: np.ndarray
    zx: np.ndarray
    zz: float

    @classmethod
    def of(cls, z: np.ndarray, x: np.ndarray) -> Moments:
        return cls(x @ x.T, z @ x.T, float((z * z).sum()))

    def loss(self, m: np.ndarray, mxx: np.ndarray | None = None) -> float:
        """sum |Z - M X|²; `mxx` is M X Xᵀ, where it is known."""
        mxx = m @ self.xx if mxx is None else mxx
        return max(0.0, self.zz - 2 * float(np.vdot(m, self.zx)) + float(np.vdot(mxx, m)))

    @cached_property
    def directions(self) -> tuple[np.ndarray, np.ndarray]:
        """The sizes and directions in which the inputs move at all: eigenvalues and eigenvectors of X Xᵀ above the cut."""
        values, vectors = np.linalg.eigh(self.xx)
        kept = values > CUT * max(values[-1], 0.0) if len(values) else values > 0
        return values[kept], vectors[:, kept]

    def least_squares(self) -> np.ndarray:
        """The unrestricted best M [K,J]: Z Xᵀ (X Xᵀ)⁺."""
        values, vectors = self.directions
        return (self.zx @ vectors / values) @ vectors.T

    def without(self, m: np.ndarray) -> Moments:
        """The same inputs, and what M leaves of the targets."""
        mxx = m @ self.xx
        return self.towards(self.zx - mxx, self.loss(m, mxx))

    def towards(self, zx: np.ndarray, zz: float) -> Moments:
        """The same inputs and other targets: what is known of the inputs is not found again."""
        other = Moments(self.xx, zx, zz)
        other.__dict__["directions"] = self.directions
        return other


Fit = Callable[[Moments], Operator]


def low_rank(rank: int) -> Fit:
    """Reduced-rank regression: the unrestricted solution, projected on the leading directions of its own output."""

    def fit(data: Moments) -> LowRank:
        free = data.least_squares()
        _, u = np.linalg.eigh(free @ data.xx @ free.T)
        u = u[:, ::-1][:, :rank]
        return LowRank(u, u.T @ free)

    return fit


def elements(count: int, sweeps: int = 30) -> Fit:
    """At most `count` numbers that are not zero: hard thresholding with a gradient step, least squares on what is left."""

    def fit(data: Moments) -> CSR:
        step = 1 / max(float(data.directions[0].max(initial=0.0)), 1e-300)
        free = data.least_squares()
        diagonal = np.diag(data.xx)
        best = polished(largest(free, count, diagonal), data)
        m, mxx = best, best @ data.xx
        least = data.loss(best, mxx)
        for _ in range(sweeps):
            m = largest(m + step * (data.zx - mxx), count, diagonal)
            mxx = m @ data.xx
            loss = data.loss(m, mxx)
            if loss < least:
                best, least = m, loss
        polish = polished(best, data)
        return CSR.from_dense(polish if data.loss(polish) < least else best)

    return fit


def largest(m: np.ndarray, count: int, weight: np.ndarray | None = None) -> np.ndarray:
    """The `count` entries that matter most (of equal ones the first), zeros elsewhere. `weight`: the inputs' size, a column each."""
    size = np.abs(m) if weight is None else np.abs(m) * np.sqrt(np.maximum(weight, 0))
    out = np.zeros_like(m)
    if count >= m.size:
        out[...] = m
    elif count > 0:
        least = np.partition(size, m.size - count, axis=None)[m.size - count]
        keep = size > least
        keep.flat[np.flatnonzero(size == least)[: count - np.count_nonzero(keep)]] = True
        out[keep] = m[keep]
    return out


def polished(m: np.ndarray, data: Moments) -> np.ndarray:
    """Least squares on the entries that are there, a row at a time."""
    out = np.zeros_like(m)
    ridge = CUT * float(np.trace(data.xx)) / max(len(data.xx), 1)
    for k, row in enumerate(m):
        at = np.flatnonzero(row)
        if len(at):
            xx = data.xx[at[:, None], at]
            xx.flat[:: len(at) + 1] += ridge  # the diagonal
            out[k, at] = np.linalg.solve(xx, data.zx[k, at])
    return out


def columns(groups: np.ndarray, keep: int) -> Fit:
    """Structured sparsity: at most `keep` groups of columns (a channel, a tap) survive; `groups[J]` says which group a column is in.

    Backward elimination: the group whose loss is missed least goes first, by the Schur complement of the moments, and the rest is solved
    again. (He et al. 2017 choose by LASSO: compress.prune; here the exact cost of each removal is known from the moments.)
    """

    names = list(dict.fromkeys(groups.tolist()))
    members = [np.flatnonzero(groups == name) for name in names]

    def fit(data: Moments) -> Columns:
        ridge = CUT * float(np.trace(data.xx)) / max(len(data.xx), 1)
        inverse = np.linalg.inv(data.xx + ridge * np.eye(len(data.xx)))
        m = data.zx @ inverse
        alive = list(range(len(names)))
        while len(alive) > keep:
            if len(names) == len(groups):  # every column on its own: all costs at once
                costs = (m[:, alive] ** 2).sum(0) / inverse[alive, alive]
            else:
                blocks = [members[group] for group in alive]
                costs = np.array([float(np.sum(m[:, at] * np.linalg.solve(inverse[np.ix_(at, at)], m[:, at].T).T)) for at in blocks])
            out = members[alive.pop(int(np.argmin(costs)))]
            inside = np.linalg.solve(inverse[np.ix_(out, out)], inverse[out])
            m = m - m[:, out] @ inside
            inverse = inverse - inverse[:, out] @ inside  # the rows and columns of what is gone are zero from now on
        at = np.concatenate([members[group] for group in sorted(alive)]) if alive else np.zeros(0, int)
        at.sort()
        return Columns(m[:, at], at, len(groups))

    return fit


def low_rank_plus_sparse(rank: int, count: int, sweeps: int = 20) -> Fit:
    """Both at once, in turns: low rank on what the sparse part leaves, the largest entries on what the low rank leaves.

    Starts from either side and keeps the better end, so it is never worse than the low rank alone or the entries alone.
    """
    flat, few = low_rank(rank), elements(count, 5)

    def fit(data: Moments) -> Sum:
        ends = []
        for sparse_first in (False, True):
            nothing = np.zeros_like(data.zx)
            sparse = few(data).dense() if sparse_first else nothing
            best = None
            for _ in range(sweeps):
                low = flat(data.without(sparse))
                sparse = few(data.without(low.dense())).dense()
                loss = data.loss(low.dense() + sparse)
                if best is not None and loss > best[0] * (1 - 1e-6):
                    break
                best = (loss, low, sparse) if best is None or loss < best[0] else best
            ends.append(best)
        _, low, sparse = min(ends, key=lambda end: end[0])
        return Sum((low, CSR.from_dense(sparse)))

    return fit
