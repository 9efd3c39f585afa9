"""The address of a tensor's element as a sum over loop counters: offset + factor * counter + ...

A blocked axis splits an index into `c // 8` and `c % 8`. Where the loops are tiled by the block too, the division is already
made: the loops that step by multiples of 8 are the quotient, the others the remainder. Otherwise there is no such sum.
"""

from __future__ import annotations

from dataclasses import dataclass

from course_lib.nest.problem import Tensor
from course_lib.nest.schedule import Schedule


@dataclass(frozen=True)
class Address:
    """In elements from the tensor's first: `offset` plus `factors[loop]` times each counter."""

    offset: int
    factors: dict[str, int]


def affine(nest: Schedule, tensor: Tensor, pitches: tuple[int, ...] | None = None) -> Address | None:
    """The address, or None where a block cuts across the loops. `pitches`: the strides of a tensor inside a larger array."""
    offset, factors = 0, {loop.name: 0 for loop in nest.loops}
    for place, stride in zip(tensor.places, pitches or tensor.strides, strict=True):
        by = dict(place.axis.terms)
        moves = {loop.name: loop.step * by[loop.dim] for loop in nest.loops if loop.dim in by}
        block = place.block or place.divide
        if block > 1:
            within = {name: move for name, move in moves.items() if move % block}
            furthest = place.axis.offset % block + sum(move * (nest.loop(name).extent - 1) for name, move in within.items())
            if furthest >= block:
                return None
            if place.block:
                moves, start = within, place.axis.offset % block
            else:
                moves = {name: move // block for name, move in moves.items() if not move % block}
                start = place.axis.offset // block
        else:
            start = place.axis.offset
        offset += start * stride
        for name, move in moves.items():
            factors[name] += move * stride
    return Address(offset, factors)
