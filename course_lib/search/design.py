"""Which few points tell most about all: transductive experimental design, and its batched form for spaces too large to list.

    choose X of V so that kernel ridge regression on X rebuilds all of V best:   max Tr[ K_VX (K_XX + mu I)^-1 K_XV ]

Greedily: take the v with the largest |K[:, v]|² / (K[v, v] + mu), then take out of K what v explains. What remains is the Schur
complement of the chosen block, so the score is exactly the gain.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .space import Config, Space

SOURCE = "Yu, Bi, Tresp, Transductive Experimental Design, ICML 2006; Sun et al., DATE 2021 (batched), as implemented here"


def scaled(x: np.ndarray) -> np.ndarray:
    """Columns moved to mean 0 and scaled to spread 1; a column without spread becomes 0."""
    spread = x.std(0)
    return (x - x.mean(0)) / np.where(spread > 1e-12, spread, np.inf)


def rbf(x: np.ndarray, y: np.ndarray | None = None, width: float | None = None) -> np.ndarray:
    """exp(-|x_i - y_j|² / 2 width²)[n, m]; `width` defaults to the median distance in x."""
    y = x if y is None else y
    square = np.maximum((x**2).sum(1)[:, None] + (y**2).sum(1)[None, :] - 2 * x @ y.T, 0)
    if width is None:
        own = square if y is x else np.maximum((x**2).sum(1)[:, None] + (x**2).sum(1)[None, :] - 2 * x @ x.T, 0)
        far = own[np.triu_indices(len(own), 1)]
        width = float(np.sqrt(np.median(far))) if far.size else 0.0
        width = width or 1.0
    return np.exp(-square / (2 * width**2))


def ted(kernel: np.ndarray, m: int, mu: float = 0.1, known: Sequence[int] = ()) -> list[int]:
    """kernel[n, n] -> the numbers of m points in the order chosen, given that the points `known` are measured already.

    Raises ValueError for a kernel that is not square and for more points than are left.
    """
    kernel = np.array(kernel, float)
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1]:
        raise ValueError(f"kernel: want a square matrix, got {kernel.shape}")
    if not 0 <= m <= len(kernel) - len(known):
        raise ValueError(f"m: want 0 to {len(kernel) - len(known)}, got {m}")
    taken, chosen = [*known], []
    for v in taken:
        deflate(kernel, v, mu)
    for _ in range(m):
        score = (kernel**2).sum(0) / (np.diag(kernel) + mu)
        score[taken] = -np.inf
        v = int(score.argmax())
        taken.append(v)
        chosen.append(v)
        deflate(kernel, v, mu)
    return chosen


def deflate(kernel: np.ndarray, v: int, mu: float) -> None:
    """Take out of kernel[n, n], in place, what point v explains."""
    kernel -= np.outer(kernel[:, v], kernel[v]) / (kernel[v, v] + mu)


def covered(kernel: np.ndarray, chosen: list[int], mu: float = 0.1) -> float:
    """Tr[K_VX (K_XX + mu I)^-1 K_XV] / Tr K: the share of all points that the chosen ones explain."""
    cross = kernel[:, chosen]
    block = kernel[np.ix_(chosen, chosen)] + mu * np.eye(len(chosen))
    return float(np.einsum("vx,xv->", cross, np.linalg.solve(block, cross.T)) / np.trace(kernel))


def knob_vectors(space: Space, configs: Sequence[Config]) -> np.ndarray:
    """float[n, knobs]: the place of each value in its knob's list, every knob with mean 0 and spread 1 over `configs`.

    One column a knob, so that a knob of words (an order) weighs no more than one of sizes; with a column a word, sets of sixteen
    are worse than random ones (benchmarks/tune.py designs).
    """
    return scaled(space.positions(configs).astype(float))


def bted(
    space: Space,
    rng: np.random.Generator,
    m: int,
    mu: float = 0.1,
    pool: int = 500,
    batches: int = 10,
    known: Sequence[Config] = (),
) -> list[Config]:
    """m configurations of a space too large to list: TED on `batches` random pools, then TED on what these chose.

    A space no larger than four pools is taken whole, without batches. What is `known` is measured already and only counts as
    explained. `mu`, `pool` and `batches` are recalled, not read, settings of the paper.
    """
    known = [*known]
    m = min(m, space.count - len(known))
    if space.count <= 4 * pool:
        union = list(space)
    else:
        found = dict.fromkeys(known)
        for _ in range(batches):
            some = space.unseen(rng, pool, known)
            found.update(dict.fromkeys(some[i] for i in ted(rbf(knob_vectors(space, some)), min(m, len(some)), mu)))
        union = list(found)
    where = {config: i for i, config in enumerate(union)}
    return [union[i] for i in ted(rbf(knob_vectors(space, union)), m, mu, [where[config] for config in known])]
