"""One scratchpad a tensor, under the loop of your choice: how large it must be and what goes in and out of it.

A buffer under a loop holds the tile that all loops inside touch. When a loop above takes a step, the next tile is brought in: all
of it (the simple rule), or only what the last tile did not have (neighbouring windows share their halo). A tile of the output that
leaves is written down; if it has been there before, its partial sums were read back first.

    n r s c_t k_t | c_s k_s p q        above={"W": "k_t"}: under k_t, so a tile of W is c_s x k_s weights
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby, product

from ..nest.problem import Tensor
from ..nest.schedule import Schedule
from ..records import Report
from .tiles import Piece

SOURCE = "Parashar et al., Timeloop, ISPASS 2019; Sze et al., Efficient Processing of Deep Neural Networks (access counts of a loop nest)"

NOTE = (
    "words; fetched: what the last tile did not have; whole: the simple rule, every new tile from scratch; "
    "for the output, fetched are partial sums read back"
)


def depths(nest: Schedule, above: Mapping[str, str]) -> dict[str, int]:
    """How many loops stand above each tensor's buffer. Raises ValueError for a tensor or loop that is not there, or missing."""
    names = [t.name for t in nest.problem.tensors]
    if unknown := [name for name in above if name not in names]:
        raise ValueError(f"above: there is no tensor {unknown[0]!r}; the tensors are {' '.join(names)}")
    if missing := [name for name in names if name not in above]:
        raise ValueError(f'above: missing {" ".join(missing)}; say the loop each buffer is under, "" for a buffer above all loops')
    loops = [loop.name for loop in nest.loops]
    for name, loop in above.items():
        if loop and loop not in loops:
            raise ValueError(f'above: {name} cannot be under {loop!r}; the loops are {nest.order} (or "" for none)')
    return {name: loops.index(above[name]) + 1 if above[name] else 0 for name in names}


def row_of(nest: Schedule, tensor: Tensor, loop: str, words: int, whole: int, fetched: int, distinct: int) -> dict[str, object]:
    """An output is written as often as it enters, and read back at all but its first visit; an input is never written."""
    output = tensor is nest.problem.out
    return {
        "tensor": tensor.name,
        "under": loop or "-",
        "tile": words,
        "whole": whole - distinct if output else whole,
        "fetched": fetched - distinct if output else fetched,
        "written": fetched if output else 0,
        "distinct": distinct,
    }


def buffer_traffic(nest: Schedule, above: Mapping[str, str]) -> Report:
    """Words in and out of one buffer a tensor, in closed form -> Report, a row a tensor.

    `above` names for each tensor the innermost loop above its buffer ("": the buffer holds all there is). Columns: the tile
    (words of capacity), `whole` (the simple rule), `fetched` (exact), `written` back, and `distinct`, below which nothing goes.

    >>> from course_lib.nest import conv1d_problem, schedule
    >>> weight_stationary = schedule(conv1d_problem(Q=9, S=4), "s q")
    >>> print(buffer_traffic(weight_stationary, {"IA": "q", "W": "q", "OA": "q"}))  # doctest: +ELLIPSIS
    tensor  under  tile  whole  fetched  written  distinct
    ------  -----  ----  -----  -------  -------  --------
    IA      q         1     36       36        0        12
    W       q         1      4        4        0         4
    OA      q         1     27       27       36         9
    ...
    """
    rows = []
    for tensor in nest.problem.tensors:
        piece = Piece(nest, tensor.name, nest.loops[: depths(nest, above)[tensor.name]])
        rows.append(row_of(nest, tensor, above[tensor.name], piece.words, piece.fetched_whole, piece.fetched, piece.distinct))
    return Report.of(rows, note=NOTE)


def simulate_buffers(nest: Schedule, above: Mapping[str, str]) -> Report:
    """The same by walking the nest, iteration by iteration, keeping the last tile: the witness of `buffer_traffic`."""
    rows = []
    for tensor in nest.problem.tensors:
        depth = depths(nest, above)[tensor.name]
        seen: set[tuple[int, ...]] = set()
        last: set[tuple[int, ...]] = set()
        place: tuple[int, ...] | None = None
        words = whole = fetched = 0
        for outer, inner in groupby(live(nest), key=lambda counters: counters[:depth]):
            tile = {index for counters in inner if (index := touched(nest, tensor, counters)) is not None}
            here = tuple(i for i, loop in zip(outer, nest.loops, strict=False) if loop.dim in tensor.dims)
            fetched += len(tile - last)
            whole += len(tile) if here != place else 0
            words = max(words, len(tile))
            seen |= tile
            last, place = tile, here
        rows.append(row_of(nest, tensor, above[tensor.name], words, whole, fetched, len(seen)))
    return Report.of(rows, note=NOTE)


def live(nest: Schedule) -> list[tuple[int, ...]]:
    """The loop counters of every iteration made, in order."""
    names = [loop.name for loop in nest.loops]
    return [
        counters
        for counters in product(*(range(loop.extent) for loop in nest.loops))
        for at in [dict(zip(names, counters, strict=True))]
        if all(sum(at[name] * factor for name, factor in guard.terms) < guard.bound for guard in nest.guards)
    ]


def touched(nest: Schedule, tensor: Tensor, counters: tuple[int, ...]) -> tuple[int, ...] | None:
    """The element of a tensor in one iteration, None in the padding."""
    point = dict.fromkeys(nest.problem.dims, 0)
    for loop, i in zip(nest.loops, counters, strict=True):
        point[loop.dim] += i * loop.step
    index = tuple(axis.at(point) for axis in tensor.axes)
    return index if all(0 <= i < size for i, size in zip(index, tensor.shape, strict=True)) else None
