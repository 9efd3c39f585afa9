"""What a small cache holds after each access: the film that the heat map of cache lines shows."""

from __future__ import annotations

import numpy as np

from ...machine.cache import Cache
from ...records import Timeline, Trace

SOURCE = "as machine.cache, policy lru, one level"

MOST = 20_000  # accesses; a film of more is no film


def cache_film(trace: Trace, cache: Cache) -> Timeline:
    """The lines in each place of an LRU cache after each access: busy[access, place] is an index into labels, the lines' numbers.

    Raises ValueError for another policy and for more than 20,000 accesses.
    """
    if cache.policy != "lru":
        raise ValueError(f"cache: want the policy 'lru', got {cache.policy!r}")
    if len(trace) > MOST:
        raise ValueError(f"trace: {len(trace):,} accesses are too many to film (at most {MOST:,})")
    lines = trace.address // cache.line
    numbers = {int(line): at for at, line in enumerate(dict.fromkeys(lines.tolist()))}
    held = np.full(cache.sets * cache.wide, -1, np.int64)
    used = np.full(cache.sets * cache.wide, -1, np.int64)
    busy = np.empty((len(lines), len(held)), np.int64)
    for now, line in enumerate(lines.tolist()):
        first = line % cache.sets * cache.wide
        ways = slice(first, first + cache.wide)
        found = np.flatnonzero(held[ways] == numbers[line])
        place = first + int(found[0] if len(found) else used[ways].argmin())
        held[place], used[place] = numbers[line], now
        busy[now] = held
    return Timeline(tuple(f"set {i // cache.wide}, way {i % cache.wide}" for i in range(len(held))), tuple(map(str, numbers)), busy)
