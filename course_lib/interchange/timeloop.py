"""A nest as Timeloop's problem and mapping, in YAML: loops in time and in space, dealt out to the levels of a memory.

    mapping:
      - target: Buffer1                a level of the memory; the loops it steps through in time ...
        type: temporal
        factors: N=1 K=1 P=54 C=4,2    ... one for each dimension; 4,2: four times, but twice in the last, ragged round
        permutation: CPKN              innermost first
      - target: Buffer1
        type: spatial                  ... and the copies of the next level it feeds at the same time

A level has one loop for each dimension, first in time, then in space. So the nest is cut where a dimension comes again and
where a loop in time follows one in space. Tensors that are held become the only ones a last level, Registers, keeps.

What the format cannot say:
- padding: zeros are data here. IA is the padded image, and Timeloop counts its zeros as read;
- unroll, vectorize, parallel: a loop runs in time or in space. These are ValueErrors: mark lanes and threads `spatial`;
- tiles of one dimension that do not nest: the outer loop takes the larger steps, and each tile divides the next;
- rows and columns of an array: `split` is left out, so all copies lie along X (the architecture says how they are placed);
- layouts, and where in the memory a tensor lies; the capacity of a level and the width of the array (the architecture file).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from course_lib.nest.problem import Axis, Problem, Tensor
from course_lib.nest.schedule import Loop, Schedule

SOURCE = "Parashar et al., Timeloop, ISPASS 2019; Horeni et al., Ruby, ISPASS 2022 (the ragged factors); Timeloop v3, input formats"

REGISTERS = "Registers"


@dataclass(frozen=True)
class Level:
    """The loops between one memory and the next: those in time, then those in space, outermost first."""

    name: str
    time: tuple[Loop, ...] = ()
    space: tuple[Loop, ...] = ()

    def takes(self, loop: Loop) -> bool:
        """Can the next inner loop stand at this level?"""
        if loop.kind == "spatial":
            return all(loop.dim != other.dim for other in self.space)
        return not self.space and all(loop.dim != other.dim for other in self.time)

    def plus(self, loop: Loop) -> Level:
        spatial = loop.kind == "spatial"
        return Level(self.name, self.time + (loop,) * (not spatial), self.space + (loop,) * spatial)


def cut(nest: Schedule) -> list[Level]:
    """As few levels as will do: DRAM, Buffer1, Buffer2, ... A loop that runs once says nothing and is left out."""
    levels = [Level("DRAM")]
    for loop in nest.loops:
        if loop.extent > 1:
            if not levels[-1].takes(loop):
                levels.append(Level(f"Buffer{len(levels)}"))
            levels[-1] = levels[-1].plus(loop)
    return levels


def dealt(nest: Schedule, names: Mapping[str, str]) -> list[Level]:
    """The levels as they were asked for: {"DRAM": "n r s c_t k_t", "Buffer": "c_s k_s", ...}."""
    if not isinstance(names, Mapping) or not names or not all(isinstance(text, str) for pair in names.items() for text in pair):
        raise ValueError(f'levels: want names and their loops, outermost first, such as {{"DRAM": "n k", "Buffer": "p q"}}, got {names!r}')
    said = " ".join(" ".join(names.values()).split())
    if said != nest.order:
        raise ValueError(f"levels: want every loop once, in the nest's order {nest.order}, got {said}")
    levels = []
    for name, loops in names.items():
        if not name.isidentifier() or name == REGISTERS:
            raise ValueError(f"levels: want a name of letters and digits other than {REGISTERS}, got {name!r}")
        level = Level(name)
        for loop in map(nest.loop, loops.split()):
            if not level.takes(loop):
                raise ValueError(f"levels: {loop.name} cannot stand at {name}: a level has a loop a dimension in time, then one in space")
            level = level.plus(loop)
        levels.append(level)
    return levels


def residues(nest: Schedule) -> dict[str, int]:
    """For each loop, how often it runs in the last round: the digits of the dimension's last value, plus one."""
    last = {}
    for dim, size in nest.problem.dims.items():
        parts = [loop for loop in nest.parts(dim) if loop.extent > 1]
        step = 1
        for loop in reversed(parts):
            if loop.step != step:
                in_order = " ".join(l.name for l in sorted(parts, key=lambda l: -l.step))
                raise ValueError(
                    f"timeloop: of one dimension the outer loop takes the larger steps and each tile divides the next; "
                    f"{' '.join(l.name for l in parts)} do not nest so (try {in_order}, tile sizes that divide one another)"
                )
            last[loop.name] = (size - 1) // step % loop.extent + 1
            step *= loop.extent
        if parts and last[parts[0].name] != parts[0].extent:
            raise ValueError(f"timeloop: {parts[0].name} has {parts[0].extent} steps, more than {dim} = {size} needs: take a smaller tile")
    return last


def coefficient(axis: Axis, dim: str) -> str:
    return f"{axis.letter}_{dim.upper()}"


def projection(axis: Axis) -> str:
    """`[ [P, H_P], [R] ]`: h = p * H_P + r."""
    products = (f"[{d.upper()}, {coefficient(axis, d)}]" if factor != 1 else f"[{d.upper()}]" for d, factor in axis.terms)
    return f"[ {', '.join(products)} ]"


def data_space(tensor: Tensor, written: bool, padded: bool) -> list[str]:
    axes = [axis for axis in tensor.axes if axis.terms]
    if not axes:
        raise ValueError(f"timeloop: {tensor.name} is a single number, and a data space needs an axis")
    padding = "  # with its padding: the zeros are data here" * padded
    lines = [f"    - name: {tensor.name}{padding}", "      projection:", *(f"      - {projection(axis)}" for axis in axes)]
    return lines + ["      read_write: True"] * written


def problem_text(problem: Problem) -> list[str]:
    """The computation: dimensions, the tensors' indices, and the sizes."""
    numbers = {coefficient(axis, dim): f for tensor in problem.tensors for axis in tensor.axes for dim, f in axis.terms if f != 1}
    lines = ["problem:", "  shape:", f"    name: {problem.name}", f"    dimensions: [ {', '.join(d.upper() for d in problem.dims)} ]"]
    if numbers:
        lines += ["    coefficients:", *(f"    - name: {name}\n      default: 1" for name in numbers)]
    lines += ["    data_spaces:"]
    for tensor in problem.tensors:
        lines += data_space(tensor, tensor is problem.out, any(map(any, problem.edges(tensor))))
    lines += ["  instance:", *(f"    {dim.upper()}: {size}" for dim, size in problem.dims.items())]
    return lines + [f"    {name}: {value}" for name, value in numbers.items()]


def directive(nest: Schedule, name: str, kind: str, loops: tuple[Loop, ...], last: Mapping[str, int]) -> list[str]:
    """One target's loops: a factor for every dimension, the permutation innermost first (loops that run once outermost)."""
    at = {loop.dim: loop for loop in loops}
    factors = []
    for dim in nest.problem.dims:
        runs, ragged = (at[dim].extent, last.get(at[dim].name, 1)) if dim in at else (1, 1)
        factors.append(f"{dim.upper()}={runs}" + (f",{ragged}" if ragged != runs else ""))
    order = [loop.dim for loop in reversed(loops)] + [dim for dim in nest.problem.dims if dim not in at]
    return [
        f"  - target: {name}",
        f"    type: {kind}",
        f"    factors: {' '.join(factors)}",
        f"    permutation: {''.join(order).upper()}",
    ]


def kept(nest: Schedule) -> list[str]:
    """What the registers keep, and what passes them by."""
    keep = [t.name for t in nest.problem.tensors if t.name in nest.held]
    past = [t.name for t in nest.problem.tensors if t.name not in nest.held]
    return [f"  - target: {REGISTERS}", "    type: bypass", f"    keep: [ {', '.join(keep)} ]", f"    bypass: [ {', '.join(past)} ]"]


def timeloop(schedule: Schedule, levels: Mapping[str, str] | None = None) -> str:
    """Timeloop's problem and mapping of a nest, one YAML text. `levels` says which loops stand at which memory.

    Without `levels` the nest is cut into as few as will do. Raises ValueError for what the format cannot say (see above).

    >>> from course_lib.nest import conv1d_problem, schedule
    >>> nest = schedule(conv1d_problem(9, 4), "s q").tile(q=3).spatial("q_s")
    >>> text = timeloop(nest, {"DRAM": "s q_t", "Buffer": "q_s"})
    >>> print(text[text.index("mapping"):], end="")
    mapping:
      - target: DRAM
        type: temporal
        factors: Q=3 S=4
        permutation: QS
      - target: Buffer
        type: temporal
        factors: Q=1 S=1
        permutation: QS
      - target: Buffer
        type: spatial
        factors: Q=3 S=1
        permutation: QS
    """
    nest = schedule
    if not isinstance(nest, Schedule):
        raise ValueError(f"timeloop: want a Schedule such as schedule(problem), got {nest!r}")
    for dim, size in nest.problem.dims.items():
        if not size:
            raise ValueError(f"timeloop: want every dimension to be at least 1, got {dim} = 0")
    for loop in nest.loops:
        if loop.kind not in ("serial", "spatial"):
            raise ValueError(
                f"timeloop: a loop runs in time or in space, and {loop.name} is marked {loop.kind}: leave it unmarked or mark it spatial"
            )
    last = residues(nest)
    lines = [*problem_text(nest.problem), "", "mapping:"]
    for level in cut(nest) if levels is None else dealt(nest, levels):
        lines += directive(nest, level.name, "temporal", level.time, last)
        if level.space:
            lines += directive(nest, level.name, "spatial", level.space, last)
    if nest.held:
        lines += directive(nest, REGISTERS, "temporal", (), last) + kept(nest)
    return "\n".join([*lines, ""])
