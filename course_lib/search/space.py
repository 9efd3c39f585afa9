"""Named knobs with their values, and sentences about which values may stand together: a Space.

    space = Space({"tile": [1, 2, 4, 8], "order": ["k c", "c k"], "unroll": [1, 2, 4]},
                  [Constraint(("tile", "unroll"), lambda tile, unroll: unroll <= tile, "unroll at most the tile")])
    space.count            18, without listing them
    space.at(7)            the configuration of that number; a random number makes a fair draw
    space.features(...)    numbers a model can learn from: log2 of sizes, one column a word

A configuration is a tuple of values in the order of the knobs. Counting eliminates one knob after the other, as a sum over many
variables is done by hand: what does not depend on a knob is taken out of its sum. The tables left behind number all configurations.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, product
from typing import Any

import numpy as np

SOURCE = "AutoTVM, NeurIPS 2018 (knobs, splits, one knob changed a step); counting by variable elimination: Dechter 1999"

Config = tuple[Any, ...]

SMALL = 20_000  # configurations; a space of up to as many may be listed
LARGEST_TABLE = 2_000_000  # cells; a sentence about too many knobs at once cannot be counted without listing


@dataclass(frozen=True)
class Constraint:
    """A sentence about some knobs: `holds(*their values)` says whether they may stand together, `says` puts it in words."""

    knobs: tuple[str, ...]
    holds: Callable[..., bool]
    says: str = ""


@dataclass(frozen=True, eq=False)
class Space:
    """Knobs by name with their values, constraints, and what describes the task (`task`: numbers put in front of the features).

    Raises ValueError for a knob without values or with one twice, and for a constraint about a knob that is not there.

    >>> Space({"tile": [1, 2, 4, 8], "order": ["k c", "c k"], "unroll": [1, 2, 4]},
    ...       [Constraint(("tile", "unroll"), lambda tile, unroll: unroll <= tile)]).count
    18
    """

    knobs: Mapping[str, Sequence[Any]]
    constraints: Sequence[Constraint] = ()
    task: tuple[float, ...] = ()
    extra: Callable[[Config], Sequence[float]] | None = field(default=None, repr=False)  # further features of a configuration

    def __post_init__(self) -> None:
        object.__setattr__(self, "knobs", {name: tuple(values) for name, values in self.knobs.items()})
        object.__setattr__(self, "constraints", tuple(self.constraints))
        for name, values in self.knobs.items():
            if not values:
                raise ValueError(f"knobs: {name!r} has no values")
            if len(set(values)) < len(values):
                raise ValueError(f"knobs: {name!r} has a value twice: {list(values)}")
        for constraint in self.constraints:
            if unknown := [name for name in constraint.knobs if name not in self.knobs]:
                raise ValueError(f"constraints: there is no knob {unknown[0]!r}; the knobs are {', '.join(self.knobs)}")

    # -- counting -----------------------------------------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.knobs)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """How many values each knob has."""
        return tuple(map(len, self.knobs.values()))

    @cached_property
    def _tables(self) -> list[tuple[tuple[int, ...], np.ndarray]]:
        """A truth table a constraint: (the numbers of its knobs, holds[value, value, ...])."""
        out = []
        for constraint in self.constraints:
            scope = tuple(self.names.index(name) for name in constraint.knobs)
            shape = tuple(self.sizes[i] for i in scope)
            if math.prod(shape) > LARGEST_TABLE:
                raise ValueError(f"constraints: {constraint.says or constraint.knobs} is about {math.prod(shape):,} combinations at once")
            values = product(*(self.knobs[name] for name in constraint.knobs))
            table = np.fromiter((bool(constraint.holds(*some)) for some in values), bool, math.prod(shape))
            out.append((scope, table.reshape(shape)))
        return out

    @cached_property
    def _steps(self) -> list[tuple[int, tuple[int, ...], np.ndarray]]:
        """(knob, the knobs it still depends on, ways[their values..., its value]) in the order of elimination."""
        factors = [(scope, table.astype(object)) for scope, table in self._tables]
        left, steps = list(range(len(self.sizes))), []
        while left:

            def scope_of(knob: int) -> tuple[int, ...]:
                return tuple(sorted({i for scope, _ in factors if knob in scope for i in scope} - {knob}))  # noqa: B023 - used in this turn

            def cells(knob: int) -> int:
                return math.prod(self.sizes[i] for i in scope_of(knob)) * self.sizes[knob]

            knob = min(left, key=lambda k: (cells(k), -k))  # the smallest table first
            scope = scope_of(knob)
            if cells(knob) > LARGEST_TABLE:
                raise ValueError(f"constraints: counting needs a table of {cells(knob):,} cells; let constraints share fewer knobs")
            axes = (*scope, knob)
            ways = np.full(tuple(self.sizes[i] for i in axes), 1, object)  # Python's numbers: no count is too large
            for mine, table in (f for f in factors if knob in f[0]):
                order = sorted(range(len(mine)), key=lambda i: axes.index(mine[i]))
                spread = [slice(None) if axis in mine else None for axis in axes]
                ways = ways * table.transpose(order)[tuple(spread)]
            factors = [f for f in factors if knob not in f[0]] + [(scope, np.asarray(ways.sum(-1), object))]
            steps.append((knob, scope, ways))
            left.remove(knob)
        return steps

    @cached_property
    def count(self) -> int:
        """How many configurations there are, exactly, without listing them."""
        return math.prod(int(ways.sum()) for _, scope, ways in self._steps if not scope)  # a factor a component

    def at(self, number: int) -> Config:
        """The configuration of a number from 0 to count - 1."""
        if not 0 <= number < self.count:
            raise ValueError(f"number: want 0 to {self.count - 1:,}, got {number:,}")
        total, where = self.count, [0] * len(self.sizes)
        for step, (knob, scope, _) in reversed([*enumerate(self._steps)]):
            upto = self._upto(step, tuple(where[i] for i in scope))
            others = total // upto[-1]
            j, rest = divmod(number, others)
            value = bisect_right(upto, j)
            below = upto[value - 1] if value else 0
            where[knob], number, total = value, (j - below) * others + rest, (upto[value] - below) * others
        return tuple(values[i] for values, i in zip(self.knobs.values(), where, strict=True))

    def _upto(self, step: int, where: tuple[int, ...]) -> list[int]:
        """Ways with this step's knob at its first value, at its first two, ...; kept, for `at` asks often."""
        key = (step, where)
        if key not in self._kept:
            self._kept[key] = list(accumulate(self._steps[step][2][where]))
        return self._kept[key]

    @cached_property
    def _kept(self) -> dict[tuple[int, tuple[int, ...]], list[int]]:
        return {}

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Config]:
        return iter(self.all) if self.count <= SMALL else map(self.at, range(self.count))

    @cached_property
    def all(self) -> tuple[Config, ...]:
        """Every configuration, in the order of their numbers. Raises ValueError for a space of more than a few thousand."""
        return tuple(self.configs(self.rows))

    @cached_property
    def rows(self) -> np.ndarray:
        """int[count, knobs]: the positions of `all`, found knob by knob for all at once. Raises ValueError as it does."""
        if self.count > SMALL:
            raise ValueError(f"space: {self.count:,} configurations are too many to list (at most {SMALL:,})")
        rows = np.zeros((1, len(self.sizes)), int)
        for knob, scope, ways in reversed(self._steps):
            possible = ways[tuple(rows[:, i] for i in scope)] != 0 if scope else np.broadcast_to(ways != 0, (len(rows), len(ways)))
            row, value = np.nonzero(possible)
            rows = rows[row]
            rows[:, knob] = value
        return rows

    def __contains__(self, config: object) -> bool:
        if not isinstance(config, tuple) or len(config) != len(self.sizes):
            return False
        if any(value not in where for value, where in zip(config, self._where, strict=True)):
            return False
        return bool(self.allowed(self.positions([config]))[0])

    # -- drawing ------------------------------------------------------------------------------------------------------

    def sample(self, rng: np.random.Generator, n: int = 1) -> list[Config]:
        """`n` fair draws, with replacement. Raises ValueError for an empty space."""
        self._refuse_empty()
        bytes_ = (self.count.bit_length() + 7) // 8 + 8  # eight more than needed: the remainder is fair to 2^-64
        return [self.at(int.from_bytes(rng.bytes(bytes_), "little") % self.count) for _ in range(n)]

    def unseen(self, rng: np.random.Generator, n: int, seen: Iterable[Config]) -> list[Config]:
        """Up to `n` different configurations, fairly drawn from those not in `seen`; fewer where the space has no more."""
        self._refuse_empty()
        taken, out = set(seen), []
        if self.count <= SMALL:
            rest = [config for config in self.all if config not in taken]
            return [rest[i] for i in rng.permutation(len(rest))[:n]]
        want = min(n, self.count - len(taken))
        while len(out) < want:
            for config in self.sample(rng, want - len(out)):
                if config not in taken:
                    taken.add(config)
                    out.append(config)
        return out

    def _refuse_empty(self) -> None:
        if not self.count:
            says = "; ".join(c.says or f"a sentence about {', '.join(c.knobs)}" for c in self.constraints)
            raise ValueError(f"space: there is no configuration in it; the constraints leave none: {says}")

    # -- moving -------------------------------------------------------------------------------------------------------

    @cached_property
    def _where(self) -> list[dict[Any, int]]:
        return [{value: i for i, value in enumerate(values)} for values in self.knobs.values()]

    def positions(self, configs: Sequence[Config]) -> np.ndarray:
        """configs -> int[n, knobs]: the place of each value in its knob's list. Raises ValueError for a value that is not there."""
        try:
            rows = [[where[value] for where, value in zip(self._where, config, strict=True)] for config in configs]
        except (KeyError, ValueError, TypeError):
            wrong = next(c for c in configs if len(c) != len(self.sizes) or any(v not in w for v, w in zip(c, self._where, strict=True)))
            raise ValueError(f"config: {wrong} is not in the space; the knobs are {', '.join(self.names)}") from None
        return np.array(rows, int).reshape(len(rows), len(self.sizes))

    def configs(self, positions: np.ndarray) -> list[Config]:
        """int[n, knobs] -> configs: the other way round."""
        domains = list(self.knobs.values())
        return [tuple(values[i] for values, i in zip(domains, row, strict=True)) for row in positions.tolist()]

    def allowed(self, positions: np.ndarray) -> np.ndarray:
        """bool[n]: which rows of positions keep all constraints."""
        good = np.ones(len(positions), bool)
        for scope, table in self._tables:
            good &= table[tuple(positions[:, i] for i in scope)]
        return good

    @cached_property
    def _adjacent(self) -> list[list[list[int]]]:
        return [adjacent(values) for values in self.knobs.values()]

    def neighbours(self, config: Config) -> list[Config]:
        """All configurations one step away: one knob goes to a value next to its own.

        Next to a number: the next smaller and larger; to a split: one prime factor moved to another place; to a word: any other.
        """
        (row,) = self.positions([config])
        rows = [[*row[:k], i, *row[k + 1 :]] for k in range(len(row)) for i in self._adjacent[k][row[k]]]
        near = np.array(rows, int).reshape(len(rows), len(row))
        return self.configs(near[self.allowed(near)])

    def moved(self, positions: np.ndarray, rng: np.random.Generator, tries: int = 8) -> np.ndarray:
        """Each row with one knob at another value, drawn at random; a row for which `tries` draws break a constraint stays."""
        out, todo = positions.copy(), np.arange(len(positions))
        free = np.flatnonzero(np.array(self.sizes) > 1)
        for _ in range(tries if free.size else 0):
            if not todo.size:
                break
            knob = free[rng.integers(free.size, size=todo.size)]
            size = np.array(self.sizes)[knob]
            rows = positions[todo]
            old = rows[np.arange(todo.size), knob]
            rows[np.arange(todo.size), knob] = (old + 1 + (rng.random(todo.size) * (size - 1)).astype(int)) % size
            good = self.allowed(rows)
            out[todo[good]] = rows[good]
            todo = todo[~good]
        return out

    # -- learning -----------------------------------------------------------------------------------------------------

    @cached_property
    def _encodings(self) -> list[np.ndarray]:
        return [encoding(values) for values in self.knobs.values()]

    @cached_property
    def _extras(self) -> dict[Config, Sequence[float]]:
        return {}

    def features(self, configs: Sequence[Config]) -> np.ndarray:
        """configs -> float[n, d]: the task's numbers, then each knob (log2 of sizes, 0/1 for words), then `extra` features."""
        rows = self.positions(configs)
        columns = [np.broadcast_to(np.asarray(self.task, float), (len(rows), len(self.task)))]
        columns += [code[rows[:, k]] for k, code in enumerate(self._encodings)]
        if self.extra:
            for config in configs:
                if config not in self._extras:
                    self._extras[config] = self.extra(config)
            columns.append(np.array([self._extras[config] for config in configs], float).reshape(len(rows), -1))
        return np.concatenate(columns, axis=1)

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """A name for each column of the knobs' features (the task's and the extra ones are numbered)."""
        out = [f"task {i}" for i in range(len(self.task))]
        for name, values in self.knobs.items():
            if is_numbers(values):
                out.append(name)
            elif is_splits(values):
                out += [f"{name} {i}" for i in range(len(values[0]))]
            else:
                out += [f"{name} = {value}" for value in values]
        if self.extra and self.count:
            out += [f"extra {i}" for i in range(self.features([self.at(0)]).shape[1] - len(out))]
        return tuple(out)

    def named(self, config: Config) -> dict[str, Any]:
        """The configuration as a dict, knob to value."""
        return dict(zip(self.knobs, config, strict=True))

    def __str__(self) -> str:
        lines = [f"{name:<12} {len(values):>6} values: {shown(values)}" for name, values in self.knobs.items()]
        lines += [f"so that {constraint.says or ', '.join(constraint.knobs) + ' agree'}" for constraint in self.constraints]
        return "\n".join([*lines, f"{self.count:,} configurations"])


def shown(values: Sequence[Any]) -> str:
    few = [str(value) for value in (values if len(values) <= 8 else [*values[:4], "...", *values[-2:]])]
    return ", ".join(few)


def is_numbers(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool) and value >= 0 for value in values)


def is_splits(values: Sequence[Any]) -> bool:
    return all(isinstance(value, tuple) and value and is_numbers(value) for value in values) and len(set(map(len, values))) == 1


def encoding(values: Sequence[Any]) -> np.ndarray:
    """float[values, columns]: log2 of sizes (of 1 + x where there is a zero), 0/1 for a truth value, one column a word otherwise."""
    if is_numbers(values) or is_splits(values):
        sizes = np.array(values, float).reshape(len(values), -1)
        return np.log2(sizes + 1 if (sizes < 1).any() else sizes)
    if set(values) == {False, True}:
        return np.array(values, float)[:, None]
    return np.eye(len(values))


def adjacent(values: Sequence[Any]) -> list[list[int]]:
    """For each value the numbers of the values one step away."""
    if is_numbers(values):
        order = sorted(range(len(values)), key=values.__getitem__)
        rank = {value: at for at, value in enumerate(order)}
        return [[order[j] for j in (rank[i] - 1, rank[i] + 1) if 0 <= j < len(order)] for i in range(len(values))]
    if is_splits(values):
        where = {value: i for i, value in enumerate(values)}
        return [sorted(where[other] for other in factor_moves(value) if other in where) for value in values]
    return [[j for j in range(len(values)) if j != i] for i in range(len(values))]


def primes(n: int) -> dict[int, int]:
    """n = prod p^e as {p: e}.

    >>> primes(56)
    {2: 3, 7: 1}
    """
    out: dict[int, int] = {}
    p = 2
    while n > 1:
        if p * p > n:
            p = n
        while n % p == 0:
            out[p] = out.get(p, 0) + 1
            n //= p
        p += 1
    return out


def factor_moves(split: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """The splits made by moving one prime factor from one place to another."""
    for i, size in enumerate(split):
        for p in primes(size):
            for j in range(len(split)):
                if j != i:
                    yield tuple(s // p if k == i else s * p if k == j else s for k, s in enumerate(split))


def splits(n: int, parts: int) -> list[tuple[int, ...]]:
    """All ordered factorisations of n into `parts` factors, outermost first.

    >>> splits(4, 2)
    [(1, 4), (2, 2), (4, 1)]
    """
    if n < 1 or parts < 1:
        raise ValueError(f"n, parts: want at least 1, got {n}, {parts}")
    if parts == 1:
        return [(n,)]
    return [(first, *rest) for first in range(1, n + 1) if n % first == 0 for rest in splits(n // first, parts - 1)]


def count_splits(n: int, parts: int) -> int:
    """How many ordered factorisations of n into `parts` factors: prod over its primes p^e of C(e + parts - 1, parts - 1).

    >>> count_splits(64, 3), count_splits(56, 3), count_splits(3, 3)
    (28, 30, 3)
    """
    if n < 1 or parts < 1:
        raise ValueError(f"n, parts: want at least 1, got {n}, {parts}")
    return math.prod(math.comb(e + parts - 1, parts - 1) for e in primes(n).values())
