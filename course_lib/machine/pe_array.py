"""A dataflow on an array of processing elements: a Schedule whose spatial loops are laid out in rows and columns.

    DRAM --> buffer --> wires --> registers of each PE --> multiply-accumulate
         <--        <-- adders <--

Each turn of the loops in time is one cycle: every PE of the mapped block does one multiply-accumulate. A spatial loop that does not
move an input is a multicast (one read of the buffer serves all its PEs in that cycle), one that does not move the output is a tree
of adders. What is held where is derived, not declared: each memory keeps the tiles that fit in it and save most.

The cycles in words. Cycle 1 fills: the first words go from the buffer to the registers; what is used in cycle t + 1 is read in
cycle t, so this shows once. Then one cycle a turn of the loops in time. Then it drains: the last products pass the tree, a cycle a
level, ceil(log2 n) for n PEs that add to one output, and are written to the buffer in the last cycle. The buffer and the DRAM are
taken to be wide enough never to make a PE wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from ..nest.schedule import Loop, Schedule
from ..records import Report
from ..shapes import whole
from .bound import moved_by
from .energy import EYERISS, EnergyTable
from .tiles import Piece

SOURCE = "Chen, Emer, Sze: Eyeriss, ISCA 2016 (levels and their energies); Parashar et al., Timeloop, ISPASS 2019 (counting by tiles)"

Room = int | Mapping[str, int]
LEVELS = ("DRAM", "buffer", "PE", "RF")  # farthest first


@dataclass(frozen=True)
class PEArray:
    """rows x cols PEs; `registers` words in each and `buffer` words shared: a number for all tensors together, or {tensor: words}.

    Three words are one operand each of a multiply-accumulate. Raises ValueError for an array that cannot be built.
    """

    rows: int
    cols: int
    registers: Room = 3
    buffer: Room = 54 * 1024  # 108 KB of 16-bit words
    energy: EnergyTable = EYERISS
    name: str = ""

    def __post_init__(self) -> None:
        for field in ("rows", "cols"):
            object.__setattr__(self, field, whole(field, getattr(self, field), 1))
        for field in ("registers", "buffer"):
            room = getattr(self, field)
            for words in room.values() if isinstance(room, Mapping) else (room,):
                whole(field, words, 1)
        if missing := [level for level in LEVELS if level not in self.energy.levels]:
            raise ValueError(f"energy: the table {self.energy.name!r} has no {missing[0]!r}; an array needs {', '.join(LEVELS)}")

    @property
    def pes(self) -> int:
        return self.rows * self.cols

    @property
    def on_chip(self) -> int:
        """Words in all registers and the buffer: the fast memory of the lower bound."""
        words = lambda room: sum(room.values()) if isinstance(room, Mapping) else room
        return words(self.registers) * self.pes + words(self.buffer)


def in_space(nest: Schedule) -> tuple[Loop, ...]:
    return tuple(loop for loop in nest.loops if loop.kind == "spatial")


def in_time(nest: Schedule) -> tuple[Loop, ...]:
    return tuple(loop for loop in nest.loops if loop.kind != "spatial")


def placement(nest: Schedule, array: PEArray) -> dict[str, str]:
    """Which spatial loop runs along the 'rows' and which along the 'cols', outermost first: rows while there is room, else columns.

    Raises ValueError where the loops do not fit on the array.
    """
    room, out = {"rows": array.rows, "cols": array.cols}, {}
    for loop in in_space(nest):
        side = next((side for side in room if loop.extent <= room[side]), None)
        if side is None:
            taken = ", ".join(f"{n} on the {s}" for n, s in out.items()) or "nothing so far"
            raise ValueError(f"spatial: {loop.name} needs {loop.extent} PEs; the {array.rows} x {array.cols} array holds {taken}")
        out[loop.name] = side
        room[side] //= loop.extent
    return out


def fits(words: Mapping[str, int], room: Room) -> bool:
    return all(words[t] <= room.get(t, 0) for t in words) if isinstance(room, Mapping) else sum(words.values()) <= room


def best_split(choices: Mapping[str, list[tuple[Any, int, float]]], room: Room, memory: str) -> dict[str, Any]:
    """Of (depth, words, cost) a tensor, those that fit in a memory and cost least together; of equal cost, the fewest words."""
    best, least = None, None
    for chosen in product(*choices.values()):
        words = {tensor: n for tensor, (_, n, _) in zip(choices, chosen, strict=True)}
        if not fits(words, room):
            continue
        cost = (sum(c for _, _, c in chosen), sum(words.values()))
        if least is None or cost < least:
            best, least = chosen, cost
    if best is None:
        need = ", ".join(f"{tensor} {min(n for _, n, _ in rows)}" for tensor, rows in choices.items())
        raise ValueError(f"{memory}: {room} words hold not even one step of this schedule, which needs {need}")
    return {tensor: depth for tensor, (depth, _, _) in zip(choices, best, strict=True)}


@dataclass(frozen=True)
class Levels:
    """How many loops in time stand above each tensor's part of a memory (None: it passes through and is not kept), and its tiles."""

    registers: dict[str, int]
    buffer: dict[str, int | None]
    in_registers: dict[str, Piece]
    in_buffer: dict[str, Piece | None]

    def from_dram(self, tensor: str) -> int:
        """Words that come into the buffer; what passes through comes as often as the registers take it."""
        piece = self.in_buffer[tensor]
        return piece.fetched if piece else self.in_registers[tensor].fetched

    def report(self, nest: Schedule) -> Report:
        """What is held where: a row a memory and tensor, with the loop it is under and the words of its tile."""
        loops, rows = in_time(nest), []
        for level, depths, pieces in (("buffer", self.buffer, self.in_buffer), ("RF", self.registers, self.in_registers)):
            for tensor, depth in depths.items():
                piece, under, held = pieces[tensor], "-", "passes through"
                if depth is not None:
                    under, held = loops[depth - 1].name if depth else "-", " ".join(l.name for l in loops[depth:]) or "-"
                rows.append({"level": level, "tensor": tensor, "under": under, "held over": held, "tile": piece.words if piece else 0})
        return Report.of(rows, note="words; a tile of the buffer is for all PEs, one of the registers (RF) for each")


def levels(nest: Schedule, array: PEArray) -> Levels:
    """Share out the registers, then the buffer, so that least energy goes into moving words: the tiles each memory holds.

    Raises ValueError where not a word of each tensor fits into the registers, or the spatial loops not on the array.
    """
    placement(nest, array)
    loops, lanes = in_time(nest), in_space(nest)
    cost = array.energy.levels
    names = [t.name for t in nest.problem.tensors]
    for memory, room in (("registers", array.registers), ("buffer", array.buffer)):
        if isinstance(room, Mapping) and (unknown := [name for name in room if name not in names]):
            raise ValueError(f"{memory}: there is no tensor {unknown[0]!r}; the tensors are {' '.join(names)}")
    ways = {t.name: 2 if t is nest.problem.out else 1 for t in nest.problem.tensors}  # a partial sum goes both ways

    def tiles_of(tensor: str, room: Room, most: int, lanes: tuple[Loop, ...]) -> dict[int, Piece]:
        """Depth -> piece, the tiles worth looking at: of equal ones the outermost, which stays longest."""
        limit = room.get(tensor, 0) if isinstance(room, Mapping) else room
        out: dict[int, Piece] = {}
        for depth in range(most + 1):
            piece = Piece(nest, tensor, loops[:depth], lanes)
            if piece.words <= limit and all(piece.words != other.words for other in out.values()):
                out[depth] = piece
        return out

    near = {tensor: tiles_of(tensor, array.registers, len(loops), lanes) for tensor in ways}
    if missing := [tensor for tensor, pieces in near.items() if not pieces]:
        raise ValueError(f"registers: {array.registers} words leave no room for {missing[0]}")
    choices = {
        tensor: [(d, p.words, ways[tensor] * cost["buffer"] * p.fetched + cost["PE"] * p.delivered) for d, p in pieces.items()]
        for tensor, pieces in near.items()
    }
    registers = best_split(choices, array.registers, "registers")
    # a tile of the buffer holds those of the registers; what has none passes through, and waits nowhere
    far = {tensor: tiles_of(tensor, array.buffer, depth, ()) for tensor, depth in registers.items()}
    passing = {tensor: ways[tensor] * cost["DRAM"] * near[tensor][depth].fetched for tensor, depth in registers.items()}
    options = {
        tensor: [(None, 0, passing[tensor]), *((d, p.words, ways[tensor] * cost["DRAM"] * p.fetched) for d, p in pieces.items())]
        for tensor, pieces in far.items()
    }
    buffer = best_split(options, array.buffer, "buffer")
    return Levels(
        registers,
        buffer,
        {tensor: near[tensor][depth] for tensor, depth in registers.items()},
        {tensor: None if depth is None else far[tensor][depth] for tensor, depth in buffer.items()},
    )


def adders(nest: Schedule) -> int:
    """Levels of the tree that adds the products of the PEs which share an output."""
    n = prod(loop.extent for loop in in_space(nest) if loop.dim not in nest.problem.out.dims)
    return (n - 1).bit_length()


def turns(nest: Schedule) -> int:
    """Turns of the loops in time in which at least one PE works; ragged ends left out."""
    piece = Piece(nest, nest.problem.out.name, in_time(nest), in_space(nest))
    return prod(len(tiling.keys) for tiling in piece.dims.values()) if nest.problem.iterations else 0


def cycle_report(nest: Schedule, array: PEArray) -> Report:
    """Cycles, by fill, compute and drain, and the share of all PEs that is at work while computing; one row."""
    placement(nest, array)
    compute, macs = turns(nest), nest.problem.iterations
    return cycle_row(compute, 1 if compute else 0, adders(nest) + 1 if compute else 0, macs, nest, array)


def cycle_row(compute: int, fill: int, drain: int, macs: int, nest: Schedule, array: PEArray) -> Report:
    return Report(
        {
            "fill": [fill],
            "compute": [compute],
            "drain": [drain],
            "cycles": [fill + compute + drain],
            "MACs": [macs],
            "PEs mapped": [prod(loop.extent for loop in in_space(nest))],
            "PEs": [array.pes],
            "utilisation": [macs / (compute * array.pes) if compute else 0.0],
        },
        note="utilisation: MACs over PEs x compute cycles; no PE ever waits for the buffer or the DRAM",
    )


def access_report(counts: Mapping[tuple[str, str], tuple[int, int]], macs: int, array: PEArray, cycles: Report) -> Report:
    """Counts {(level, tensor): (reads, writes)} with their energy, and the MACs as a last row."""
    rows: list[dict[str, Any]] = []
    for (level, tensor), (reads, writes) in sorted(counts.items(), key=lambda item: LEVELS.index(item[0][0])):
        spent = (reads + writes) * array.energy.levels[level]
        rows.append({"level": level, "tensor": tensor, "reads": reads, "writes": writes, f"energy ({array.energy.unit})": spent})
    rows.append({"level": "MAC", "tensor": "-", "reads": 0, "writes": 0, f"energy ({array.energy.unit})": macs * array.energy.mac})
    total = sum(row[f"energy ({array.energy.unit})"] for row in rows)
    (row,) = cycles
    note = (
        f"{row['cycles']:,} cycles, {row['utilisation']:.1%} of {array.pes} PEs at work; {total:,.0f} {array.energy.unit} in all, "
        f"{total / macs if macs else 0:.2f} a MAC; words; a level's fills are the reads of the level before it; energies "
        f"{array.energy.source}"
    )
    return Report.of(rows, title=array.name, note=note)


def dataflow_report(nest: Schedule, array: PEArray) -> Report:
    """A schedule on an array, in closed form: reads, writes and energy a level and tensor; cycles and utilisation in the note.

    DRAM and buffer are reads and writes of those memories; PE is words over the wires into the PEs (inputs) or through an adder
    (sums); RF is what the multiply-accumulates do to the registers. A partial sum is written at each accumulation and read at
    each but the first. Raises ValueError where the schedule does not fit.
    """
    held, macs, counts = levels(nest, array), nest.problem.iterations, {}
    for tensor in nest.problem.tensors:
        name, far, near = tensor.name, held.from_dram(tensor.name), held.in_registers[tensor.name]
        if tensor is nest.problem.out:
            counts |= sums(name, far, near.fetched, near.delivered, near.distinct, macs)
        else:
            counts |= operands(name, far, near.fetched, near.delivered, Piece(nest, name, nest.loops).uses)
    return access_report(counts, macs, array, cycle_report(nest, array))


# {(level, tensor): (reads, writes)} of an input, and of the output whose `distinct` elements all start at zero
def operands(name: str, far: int, near: int, delivered: int, used: int) -> dict[tuple[str, str], tuple[int, int]]:
    return {("DRAM", name): (far, 0), ("buffer", name): (near, 0), ("PE", name): (delivered, 0), ("RF", name): (used, 0)}


def sums(name: str, far: int, near: int, sent: int, distinct: int, macs: int) -> dict[tuple[str, str], tuple[int, int]]:
    return {
        ("DRAM", name): (far - distinct, far),
        ("buffer", name): (near - distinct, near),
        ("PE", name): (0, sent - near),
        ("RF", name): (macs - sent, macs),
    }


def energy_by_level(report: Report) -> dict[str, float]:
    """{level: energy} of a dataflow report, the MACs among the levels."""
    (column,) = [name for name in report.columns if name.startswith("energy")]
    out: dict[str, float] = {}
    for row in report:
        out[row["level"]] = out.get(row["level"], 0.0) + row[column]
    return out


def design_report(nest: Schedule, array: PEArray) -> Report:
    """What a design is judged by, in one row: cycles, utilisation, DRAM words, energy a MAC by level, and energy x cycles (EDP)."""
    report, (cycles,) = dataflow_report(nest, array), cycle_report(nest, array)
    spent, macs = energy_by_level(report), max(1, cycles["MACs"])
    total = sum(spent.values())
    return Report(
        {
            "cycles": [cycles["cycles"]],
            "utilisation": [cycles["utilisation"]],
            "DRAM words": [int(moved_by(report))],
            **{level: [spent[level] / macs] for level in (*LEVELS, "MAC")},
            "energy a MAC": [total / macs],
            "EDP": [total * cycles["cycles"]],
        },
        title=array.name,
        note=f"energy in {array.energy.unit}, by level a MAC; EDP: energy of all x cycles; {array.energy.source}",
    )
