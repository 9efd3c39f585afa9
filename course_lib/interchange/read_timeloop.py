"""Our own Timeloop text read back to loops: the witness that writing it lost nothing.

It reads what timeloop.py writes, and no more of YAML than that. Loops that run once are left out: a level has a factor for
every dimension, so 1 is how it says "no loop".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

FACTOR = re.compile(r"([A-Z])=(\d+)(?:,(\d+))?")


@dataclass(frozen=True)
class MappedLoop:
    """A loop of a mapping: `extent` steps of `step`, `ragged` of them in the last round; in time or in space."""

    level: str
    dim: str
    extent: int
    step: int
    ragged: int
    spatial: bool


@dataclass(frozen=True)
class Mapped:
    """A mapping: the sizes of its dimensions, its loops (outermost first), and the tensors its registers keep."""

    sizes: Mapping[str, int]
    loops: tuple[MappedLoop, ...]
    levels: tuple[str, ...]
    held: tuple[str, ...] = field(default=())


def fields(text: str, indent: int) -> dict[str, str]:
    """`key: value` of the lines that stand `indent` deep."""
    return dict(re.findall(rf"^ {{{indent}}}(?:- )?(\w[\w-]*): *(.*)$", text, re.MULTILINE))


def read_timeloop(text: str) -> Mapped:
    """The loops of a text that `timeloop` wrote.

    Raises ValueError for a text without problem and mapping, an unknown directive, or a permutation that is not one.

    >>> from course_lib.interchange import timeloop
    >>> from course_lib.nest import conv1d_problem, schedule
    >>> [(loop.dim, loop.extent, loop.step) for loop in read_timeloop(timeloop(schedule(conv1d_problem(9, 4), "s q").tile(q=3))).loops]
    [('s', 4, 1), ('q', 3, 3), ('q', 3, 1)]
    """
    problem, found, mapping = text.partition("\nmapping:\n")
    if not problem.startswith("problem:") or not found:
        raise ValueError(f"text: want problem: and mapping: as timeloop writes them, got {text[:40]!r}")
    instance = fields(problem.partition("\n  instance:\n")[2], 4)
    sizes = {name.lower(): int(value) for name, value in instance.items() if len(name) == 1}
    found_loops: list[tuple[str, str, int, int, bool]] = []
    levels: list[str] = []
    held: tuple[str, ...] = ()
    for part in re.split(r"^  - ", mapping, flags=re.MULTILINE)[1:]:
        said = fields("    " + part, 4)
        level, kind = said["target"], said["type"]
        if kind == "bypass":
            held = tuple(said["keep"].strip("[ ]").split(", "))
            continue
        factors = {dim.lower(): (int(runs), int(ragged or runs)) for dim, runs, ragged in FACTOR.findall(said.get("factors", ""))}
        order = said.get("permutation", "").lower()
        if kind not in ("temporal", "spatial") or sorted(order) != sorted(sizes) or set(factors) != set(sizes):
            raise ValueError(f"text: want a factor and a place for each of {' '.join(sizes)} at {level}, got {said}")
        levels += [level] * (level not in levels)
        found_loops += [(level, dim, *factors[dim], kind == "spatial") for dim in reversed(order) if factors[dim][0] > 1]
    steps = dict.fromkeys(sizes, 1)
    loops: list[MappedLoop] = []
    for level, dim, extent, ragged, spatial in reversed(found_loops):
        loops.append(MappedLoop(level, dim, extent, steps[dim], ragged, spatial))
        steps[dim] *= extent
    return Mapped(MappingProxyType(sizes), tuple(reversed(loops)), tuple(levels), held)
