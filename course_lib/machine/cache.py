"""A hierarchy of caches fed with a Trace: which access hits where, and how many bytes each level moves for each tensor.

The rules, in words. Each level is set-associative, write-back, write-allocate; all levels have one line size. A miss takes the
line from the level below. The line that has to go leaves first: if it is dirty it is written to the level below, which takes
it in whole, without fetching it. Levels neither include nor exclude each other. At the end, dirty lines are written down.

`simulate` is compiled; `simulate_slowly` says the same in plain Python and is its witness in the tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..records import Report, Trace
from ..shapes import whole

SOURCE = "Hennessy & Patterson, Computer Architecture, appendix B (set-associative, write-back, write-allocate caches)"

POLICIES = ("lru", "fifo", "plru")


@dataclass(frozen=True)
class Cache:
    """One level: `bytes` of capacity in lines of `line` bytes, `ways` lines a set (0: one set, fully associative).

    `policy` is which line of a full set goes: 'lru' the one not used for longest, 'fifo' the one that came first, 'plru' the one
    that a tree of bits points at (ways a power of two). Raises ValueError for a cache that cannot be built.

    >>> Cache(bytes=32 * 1024, line=64, ways=8).sets
    64
    """

    bytes: int
    line: int = 64
    ways: int = 8
    policy: str = "lru"
    name: str = ""

    def __post_init__(self) -> None:
        for field, least in (("bytes", 1), ("line", 1), ("ways", 0)):
            object.__setattr__(self, field, whole(field, getattr(self, field), least))
        if self.bytes % self.line:
            raise ValueError(f"bytes: {self.bytes} is not a whole number of lines of {self.line} bytes")
        lines = self.bytes // self.line
        if self.ways and lines % self.ways:
            raise ValueError(f"ways: {lines} lines do not divide into sets of {self.ways}")
        if self.policy not in POLICIES:
            raise ValueError(f"policy: want one of {', '.join(POLICIES)}, got {self.policy!r}")
        if self.policy == "plru" and self.wide & (self.wide - 1):
            raise ValueError(f"ways: 'plru' needs a power of two, got {self.wide}")

    @property
    def wide(self) -> int:
        """Lines a set; all of them where fully associative."""
        return self.ways or self.bytes // self.line

    @property
    def sets(self) -> int:
        return self.bytes // self.line // self.wide


def checked(levels: Sequence[Cache]) -> tuple[Cache, ...]:
    if not levels:
        raise ValueError("levels: want at least one Cache, got none")
    if len({level.line for level in levels}) > 1:
        raise ValueError(f"levels: want one line size, got {[level.line for level in levels]}")
    return tuple(levels)


def report_of(levels: Sequence[Cache], names: Sequence[str], counts: np.ndarray) -> Report:
    """counts[level, tensor, (hits, misses, written in, written out)] as a table, a row a level and tensor."""
    rows: list[dict[str, Any]] = []
    for i, level in enumerate(levels):
        for t, name in enumerate(names):
            hits, misses, _, out = (int(n) for n in counts[i, t])
            rows.append({
                "level": level.name or f"L{i + 1}", "tensor": name, "accesses": hits + misses, "hits": hits, "misses": misses,
                "bytes in": misses * level.line, "bytes out": out * level.line,
            })  # fmt: skip
    return Report.of(rows, note="bytes in: fetched from below on a miss; bytes out: dirty lines written below, the last ones included")


def simulate(trace: Trace, levels: Sequence[Cache]) -> Report:
    """Run a Trace through cache `levels`, nearest first -> Report: hits, misses and bytes by level and tensor, exact.

    A level's accesses are the misses of the level above. Raises ValueError for no level or unequal line sizes.
    """
    memory = Memory(levels, len(trace.buffers))
    memory.access(trace.address, trace.store, trace.tensor)
    return memory.report(trace.names)


class Memory:
    """Caches with something in them: accesses go in piece by piece, the report comes out once. `simulate` is what you want."""

    def __init__(self, levels: Sequence[Cache], tensors: int) -> None:
        self.levels = checked(levels)
        shape = np.array([(c.sets, c.wide, POLICIES.index(c.policy)) for c in self.levels], np.int64).reshape(-1, 3)
        places = int((shape[:, 0] * shape[:, 1]).sum())
        first = np.concatenate([[0], np.cumsum(shape[:, 0] * shape[:, 1])]).astype(np.int64)  # where each level begins, a place a line
        first_set = np.concatenate([[0], np.cumsum(shape[:, 0])]).astype(np.int64)
        # the place of each set that was touched last; to begin with, its first
        likely = np.concatenate([first[i] + np.arange(n) * wide for i, (n, wide, _) in enumerate(shape)]).astype(np.int64)
        mask = np.array([n - 1 if n & (n - 1) == 0 else -1 for n in shape[:, 0]], np.int64)  # `&` is many times faster than `%`
        self.counts = np.zeros((len(self.levels), max(1, tensors), 4), np.int64)
        self.state = (
            shape, self.counts, first, first_set, mask, likely,
            np.full(places, -1, np.int64),  # the line in each place
            np.zeros(places, np.int64),  # the time of its last use (lru) or of its arrival (fifo)
            np.zeros(places, np.bool_),  # is it dirty?
            np.zeros(places, np.int16),  # the tensor that touched it last
            np.zeros(places, np.int8),  # the tree of a set (plru)
            np.zeros(1, np.int64),  # the clock
        )  # fmt: skip

    def access(self, address: np.ndarray, store: np.ndarray, tensor: np.ndarray) -> None:
        from .cache_kernel import run

        columns = ((address, np.int64), (store, np.bool_), (tensor, np.int16))  # always these types: compiled once
        run(*(np.ascontiguousarray(values, kind) for values, kind in columns), self.levels[0].line, *self.state)

    def report(self, names: Sequence[str]) -> Report:
        """Write down what is dirty, and say what happened."""
        from .cache_kernel import flush

        shape, counts, first, _, _, _, tags, _, dirty, owner, _, _ = self.state
        flush(shape, counts, first, tags, dirty, owner)
        return report_of(self.levels, names, counts)


def simulate_slowly(trace: Trace, levels: Sequence[Cache]) -> Report:
    """The same as `simulate`, in plain Python, one access after the other: the obvious reference."""
    levels = checked(levels)
    counts = np.zeros((len(levels), max(1, len(trace.buffers)), 4), np.int64)
    held: list[list[list[list[Any]]]] = [[[] for _ in range(c.sets)] for c in levels]  # level, set -> [line, dirty, tensor, way]
    bits = [[[0] * (2 * c.wide) for _ in range(c.sets)] for c in levels]
    HITS, MISSES, IN, OUT = range(4)

    def point_away(i: int, s: int, way: int) -> None:
        node = way + levels[i].wide
        while node > 1:
            bits[i][s][node // 2] = 1 - node % 2
            node //= 2

    def goes(i: int, s: int) -> list[Any]:
        if levels[i].policy != "plru":
            return held[i][s][0]  # the list is in order of use (lru) or of arrival (fifo)
        node = 1
        while node < levels[i].wide:
            node = 2 * node + bits[i][s][node]
        return next(entry for entry in held[i][s] if entry[3] == node - levels[i].wide)

    def touch(i: int, line: int, kind: str, tensor: int) -> None:
        if i == len(levels):
            return
        s, cache = line % levels[i].sets, levels[i]
        lines = held[i][s]
        entry = next((e for e in lines if e[0] == line), None)
        counts[i, tensor, IN if kind == "written" else HITS if entry else MISSES] += 1
        if entry is None:
            if len(lines) == cache.wide:
                old = goes(i, s)
                lines.remove(old)
                way = old[3]
                if old[1]:
                    counts[i, old[2], OUT] += 1
                    touch(i + 1, old[0], "written", old[2])
            else:
                way = len(lines)
            if kind != "written":
                touch(i + 1, line, "load", tensor)
            entry = [line, False, tensor, way]
            lines.append(entry)
        elif cache.policy == "lru":
            lines.remove(entry)
            lines.append(entry)
        entry[1] = entry[1] or kind != "load"
        entry[2] = tensor
        point_away(i, s, entry[3])

    for address, store, tensor in zip(trace.address.tolist(), trace.store.tolist(), trace.tensor.tolist(), strict=True):
        touch(0, address // levels[0].line, "store" if store else "load", tensor)
    for i in range(len(levels)):
        for lines in held[i]:
            for line, dirty, tensor, _ in lines:
                deeper = i
                while dirty:
                    counts[deeper, tensor, OUT] += 1
                    deeper += 1
                    if deeper == len(levels):
                        break
                    counts[deeper, tensor, IN] += 1
                    below = next((e for e in held[deeper][line % levels[deeper].sets] if e[0] == line), None)
                    if below:
                        below[1], dirty = True, False
    return report_of(levels, trace.names, counts)
