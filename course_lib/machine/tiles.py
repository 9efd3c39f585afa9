"""What a piece of a nest touches, in closed form: the words that come anew when the loops above a memory take a step.

A dimension's outer loops say where its tile begins, its inner loops which values lie in it, so a tile of a tensor is a product of
one set of indices an axis, and dimensions step independently of each other. When loop number `at` of the outer loops steps, its own
dimension goes on to the next tile, the dimensions of the loops inside fall back to their first, all others stand. The words that
come anew are those in the new tile and not in the old: a product of sums, an axis each. Sets of indices are the bits of whole numbers.

    Tiling       one dimension, cut into tiles             AxisTiles    one index of a tensor, made of its dimensions' tilings
    Piece        one tensor under a row of outer loops: the sums
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache
from itertools import product
from math import prod
from typing import NamedTuple

from ..nest.problem import Axis, Tensor
from ..nest.schedule import Guard, Loop, Schedule

SOURCE = "Parashar et al., Timeloop, ISPASS 2019 (the difference between consecutive tiles); derived here for ragged tiles and lanes"

Key = tuple[int, ...]
Sets = dict[Key, int]  # lane (the counters of the dimension's spatial loops) -> values or indices, as bits


def bits(values: int) -> Iterator[int]:
    """The numbers whose bits are set."""
    while values:
        low = values & -values
        yield low.bit_length() - 1
        values ^= low


def union(sets: Sets) -> int:
    out = 0
    for values in sets.values():
        out |= values
    return out


class Move(NamedTuple):
    """How a dimension moves when a loop steps: how many of its outer loops stand outside that loop, and whether it is its own."""

    outside: int
    own: bool


class Tiling:
    """One dimension: its tiles in the order visited, keyed by the counters of its outer loops, and the values in each, by lane."""

    def __init__(self, mine: tuple[Loop, ...], guards: tuple[Guard, ...], above: tuple[Loop, ...], lanes: tuple[Loop, ...]) -> None:
        where, lane = [mine.index(loop) for loop in above], [mine.index(loop) for loop in lanes]
        found: dict[Key, Sets] = {}
        for counters in product(*(range(loop.extent) for loop in mine)):
            at = {loop.name: i for loop, i in zip(mine, counters, strict=True)}
            if any(sum(at[name] * factor for name, factor in g.terms) >= g.bound for g in guards):
                continue
            value = sum(i * loop.step for loop, i in zip(mine, counters, strict=True))
            sets = found.setdefault(tuple(counters[i] for i in where), {})
            x = tuple(counters[i] for i in lane)
            sets[x] = sets.get(x, 0) | 1 << value
        self.keys = tuple(sorted(found))
        self.sets = tuple(found[key] for key in self.keys)
        self._steps: dict[Move, list[tuple[int, int]]] = {}

    def steps(self, move: Move) -> list[tuple[int, int]]:
        """(tile before, tile after), each way in which this dimension can make a move."""
        if move not in self._steps:
            self._steps[move] = list(self._onwards(move.outside) if move.own else self._back(move.outside))
        return self._steps[move]

    def _onwards(self, outside: int) -> Iterator[tuple[int, int]]:
        for i in range(1, len(self.keys)):
            before, after = self.keys[i - 1], self.keys[i]
            if before[:outside] == after[:outside] and before[outside] != after[outside]:
                yield i - 1, i

    def _back(self, outside: int) -> Iterator[tuple[int, int]]:
        first = 0
        for i in range(1, len(self.keys) + 1):
            if i == len(self.keys) or self.keys[i][:outside] != self.keys[first][:outside]:
                yield i - 1, first
                first = i

    def workers(self, move: Move) -> int:
        """Lanes with work in the tile after, summed over the steps."""
        return sum(len(self.sets[after]) for _, after in self.steps(move))


class Sums(NamedTuple):
    """Sizes of an axis' index sets, summed over the ways to make a move; `lanes` count each lane, the others their union."""

    new: int  # in the tile after
    kept: int  # of these, in no lane anew
    still: int  # in the tile after, where it is the tile before
    lanes_new: int
    lanes_kept: int


class AxisTiles:
    """One index of a tensor: the sets of indices that the tiles of its dimensions reach; padding left out."""

    def __init__(self, axis: Axis, dims: tuple[Tiling, ...]) -> None:
        self.axis, self.dims = axis, dims
        self._indices: dict[Key, Sets] = {}
        self._sums: dict[tuple[Move, ...], Sums] = {}

    def indices(self, which: Key) -> Sets:
        """The indices that a tile touches, lane by lane; `which` is a tile number a dimension."""
        if which not in self._indices:
            reached: Sets = {(): 1}  # the index 0, before anything is added
            for (_, factor), tiling, number in zip(self.axis.terms, self.dims, which, strict=True):
                longer: Sets = {}
                for (x, so_far), (y, values) in product(reached.items(), tiling.sets[number].items()):
                    longer[x + y] = 0
                    for value in bits(values):
                        longer[x + y] |= so_far << value * factor
                reached = longer
            inside, offset = (1 << self.axis.size) - 1, self.axis.offset
            self._indices[which] = {x: (values >> -offset if offset < 0 else values << offset) & inside for x, values in reached.items()}
        return self._indices[which]

    def all(self) -> Iterator[Sets]:
        return (self.indices(which) for which in product(*(range(len(tiling.keys)) for tiling in self.dims)))

    @cached_property
    def largest(self) -> int:
        return max(values.bit_count() for sets in self.all() for values in sets.values())

    @cached_property
    def distinct(self) -> int:
        return union({(i,): union(sets) for i, sets in enumerate(self.all())}).bit_count()

    @cached_property
    def uses(self) -> int:
        """Indices reached, summed over all tiles."""
        return sum(union(sets).bit_count() for sets in self.all())

    def sums(self, moves: tuple[Move, ...]) -> Sums:
        """Over all ways in which the dimensions can make these moves."""
        if moves not in self._sums:
            new = kept = still = lanes_new = lanes_kept = 0
            for pairs in product(*(tiling.steps(move) for tiling, move in zip(self.dims, moves, strict=True))):
                before, after = self.indices(tuple(b for b, _ in pairs)), self.indices(tuple(a for _, a in pairs))
                here, fresh = union(after), 0
                for x, values in after.items():
                    anew = values & ~before.get(x, 0)
                    fresh |= anew
                    lanes_new += values.bit_count()
                    lanes_kept += (values ^ anew).bit_count()
                new += here.bit_count()
                kept += (here & ~fresh).bit_count()
                still += here.bit_count() if all(b == a for b, a in pairs) else 0
            self._sums[moves] = Sums(new, kept, still, lanes_new, lanes_kept)
        return self._sums[moves]


tiling = lru_cache(4096)(Tiling)  # the same dimension is asked for under many orders of the others,
axis_tiles = lru_cache(4096)(AxisTiles)  # and with it the same axis


class Piece:
    """One tensor under a row of outer loops: how large its tiles are, and what comes anew step by step. Sums, not a walk.

    `outer` are the loops above the memory in the order of time; `lanes` are spatial loops whose values each have a memory of
    their own (none: one memory for all). All other loops are inside the tile. Totals are in words.
    """

    def __init__(self, nest: Schedule, tensor: str, outer: tuple[Loop, ...], lanes: tuple[Loop, ...] = ()) -> None:
        self.tensor: Tensor = nest.problem.tensor(tensor)
        self.some = nest.problem.iterations > 0
        self.outer = outer
        self.dims: dict[str, Tiling] = {}
        for dim in nest.problem.dims:
            mine = nest.parts(dim)
            names = {loop.name for loop in mine}
            guards = tuple(g for g in nest.guards if {name for name, _ in g.terms} <= names)
            self.dims[dim] = tiling(mine, guards, tuple(l for l in mine if l in outer), tuple(l for l in mine if l in lanes))
        self.axes = [axis_tiles(axis, tuple(self.dims[dim] for dim, _ in axis.terms)) for axis in self.tensor.axes]
        self.others = [dim for dim in self.dims if dim not in self.tensor.dims]  # they do not move the tensor

    @cached_property
    def words(self) -> int:
        """The largest tile: what one memory has to hold."""
        return prod(axis.largest for axis in self.axes) if self.some else 0

    @cached_property
    def distinct(self) -> int:
        """Different words touched in all."""
        return prod(axis.distinct for axis in self.axes) if self.some else 0

    @cached_property
    def uses(self) -> int:
        """Words touched, summed over all turns of the outer loops; under all loops of a nest: accesses, those to padding left out."""
        return prod(axis.uses for axis in self.axes) * prod(len(self.dims[dim].keys) for dim in self.others) if self.some else 0

    @cached_property
    def totals(self) -> tuple[int, int, int]:
        """(fetched, fetched whole, delivered): see the properties of these names."""
        if not self.some:
            return 0, 0, 0
        start = [axis.indices((0,) * len(axis.dims)) for axis in self.axes]
        fetched = whole = prod(union(sets).bit_count() for sets in start)
        delivered = prod(sum(v.bit_count() for v in sets.values()) for sets in start)
        delivered *= prod(len(self.dims[dim].sets[0]) for dim in self.others)
        for at, loop in enumerate(self.outer):
            move = {dim: Move(sum(1 for l in self.outer[:at] if l.dim == dim), dim == loop.dim) for dim in self.dims}
            often = prod(len(self.dims[dim].steps(move[dim])) for dim in self.others)
            workers = prod(self.dims[dim].workers(move[dim]) for dim in self.others)
            sums = [axis.sums(tuple(move[dim] for dim, _ in axis.axis.terms)) for axis in self.axes]
            new = prod(s.new for s in sums)
            fetched += (new - prod(s.kept for s in sums)) * often
            whole += (new - prod(s.still for s in sums)) * often
            delivered += (prod(s.lanes_new for s in sums) - prod(s.lanes_kept for s in sums)) * workers
        return fetched, whole, delivered

    @property
    def fetched(self) -> int:
        """Words read from below, each once for all lanes that take it in the same step; what the last tile had is kept."""
        return self.totals[0]

    @property
    def fetched_whole(self) -> int:
        """The simple rule: the whole tile is read whenever it is another one."""
        return self.totals[1]

    @property
    def delivered(self) -> int:
        """Words written into the memories of all lanes: a word that several lanes take counts for each."""
        return self.totals[2]
