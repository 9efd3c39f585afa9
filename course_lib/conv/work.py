"""What an algorithm does, as data: the matrix products it makes and the memory it moves. Multiplications and time are readings of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    """`times` matrix products [M,K] @ [K,N]; `each` real multiplications a multiply-add: 1, or 4 where the numbers are complex."""

    times: int
    M: int
    N: int
    K: int
    each: int = 1

    @property
    def multiplications(self) -> int:
        """Multiplications of data by weights: times · M · N · K · each."""
        return self.times * self.M * self.N * self.K * self.each


@dataclass(frozen=True)
class Move:
    """`calls` of numpy that handle `elements` in all, in runs of `run` that lie side by side in memory.

    `kind`: "copy" moves, "add" adds to what is there, "gather" fetches each element by an address of its own, "fft" transforms,
    "python" is a turn of an interpreted loop. `multiplications` of data by weights are counted where there are some.
    """

    kind: str
    calls: int
    elements: int
    run: int
    multiplications: int = 0


Work = tuple[Product | Move, ...]


def multiplications(work: Sequence[Product | Move]) -> int:
    """Multiplications of data by weights in all steps; those of a transform by its constants are not among them.

    >>> multiplications((Product(2, 3, 4, 5), Move("copy", 1, 100, 10)))
    120
    """
    return sum(step.multiplications for step in work)
