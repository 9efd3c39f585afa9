"""Reuse distance: how many other lines were touched since a line was last used; one pass gives the misses of every LRU cache.

An access hits a fully associative LRU cache of M lines exactly when its distance is below M.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ..records import Report, Trace
from ..shapes import whole

SOURCE = "Mattson, Gecsei, Slutz, Traiger: Evaluation techniques for storage hierarchies, IBM Systems Journal 9 (1970)"


def distances(trace: Trace, line: int = 64) -> np.ndarray:
    """For each access the number of distinct other lines since that line's last use; -1 for a first use. `line` in bytes."""
    numbers = np.unique(trace.address // whole("line", line, 1), return_inverse=True)[1].astype(np.int64)
    return compiled()(numbers.ravel())


def distances_slowly(trace: Trace, line: int = 64) -> np.ndarray:
    """The same by its definition: count the set of lines between."""
    lines = (trace.address // line).tolist()
    last: dict[int, int] = {}
    out = []
    for now, number in enumerate(lines):
        out.append(len(set(lines[last[number] + 1 : now])) if number in last else -1)
        last[number] = now
    return np.array(out, np.int64)


def misses(trace: Trace, sizes: list[int], line: int = 64) -> Report:
    """Misses of fully associative LRU caches of the given `sizes` in bytes, all from one pass."""
    away = distances(trace, line)
    return Report(
        {"bytes": list(sizes), "misses": [int(((away < 0) | (away >= whole("sizes", size, 0) // line)).sum()) for size in sizes]},
        note=f"{len(trace):,} accesses; the first use of a line misses in every cache: {int((away < 0).sum()):,}",
    )


@cache
def compiled() -> Any:
    from .compiled import kept

    @kept
    def run(lines):  # type: ignore[no-untyped-def]  # numba infers the types
        n = lines.size
        out = np.empty(n, np.int64)
        last = np.full(lines.max() + 1 if n else 1, -1, np.int64)
        tree = np.zeros(n + 1, np.int64)  # Fenwick tree over time: 1 where a line was last used
        live = 0
        for now in range(n):
            then = last[lines[now]]
            if then < 0:
                out[now] = -1
            else:
                until = 0
                i = then + 1
                while i > 0:
                    until += tree[i]
                    i -= i & -i
                out[now] = live - until
                i = then + 1
                while i <= n:
                    tree[i] -= 1
                    i += i & -i
                live -= 1
            i = now + 1
            while i <= n:
                tree[i] += 1
                i += i & -i
            live += 1
            last[lines[now]] = now
        return out

    return run
