"""What a small cache holds after each access: the film that the heat map of cache lines shows."""

from __future__ import annotations

import numpy as np

from ..records import Timeline, Trace
from .cache import Cache

SOURCE = "the rules of cache.py, one level; tests hold its misses against simulate"

MOST = 20_000  # accesses; a film of more is no film


def cache_film(accesses: Trace, cache: Cache) -> Timeline:
    """What an LRU or FIFO cache holds after each access: units are its places, labels the line numbers.

    Raises ValueError for another policy and for more than 20,000 accesses.
    """
    if cache.policy == "plru":
        raise ValueError("cache: a film shows 'lru' and 'fifo', got 'plru'")
    if len(accesses) > MOST:
        raise ValueError(f"accesses: {len(accesses):,} are too many to film (at most {MOST:,})")
    lines = (accesses.address // cache.line).astype(np.int64)
    labels, which = np.unique(lines, return_inverse=True)
    busy = np.full((len(lines), cache.sets * cache.wide), -1, np.int32)
    place: dict[int, int] = {}
    ages: list[list[int]] = [[] for _ in range(cache.sets)]  # of each set, the line that goes first in front
    now = np.full(cache.sets * cache.wide, -1, np.int32)
    for n, number in enumerate(which.tolist()):
        s = int(labels[number]) % cache.sets
        if number in place:
            if cache.policy == "lru":
                ages[s].remove(number)
                ages[s].append(number)
        else:
            at = place.pop(ages[s].pop(0)) if len(ages[s]) == cache.wide else s * cache.wide + len(ages[s])
            place[number] = at
            now[at] = number
            ages[s].append(number)
        busy[n] = now
    places = tuple(f"set {i // cache.wide}, way {i % cache.wide}" for i in range(cache.sets * cache.wide))
    return Timeline(places, tuple(str(v) for v in labels), busy)
