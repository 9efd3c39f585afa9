"""What an access costs in energy, by level, with the source of each figure; and the energy of a report of accesses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..records import Report

SOURCE = "Chen, Emer, Sze: Eyeriss, ISCA 2016, and Horowitz, ISSCC 2014; figures as reported there, quoted from memory of both"


@dataclass(frozen=True)
class EnergyTable:
    """Energy of one access at each level and of one MAC, in `unit`; `source` says where each figure is from."""

    name: str
    unit: str
    levels: Mapping[str, float]
    mac: float
    source: str

    def report(self) -> Report:
        """The table, a row a level."""
        rows = {**self.levels, "MAC": self.mac}
        return Report(
            {"access": list(rows), self.unit: list(rows.values()), "times a MAC": [v / self.mac for v in rows.values()]},
            self.name,
            self.source,
        )


EYERISS = EnergyTable(
    "Normalised access energy, 65 nm, a 16-bit word",
    "MACs",
    {"RF": 1.0, "PE": 2.0, "buffer": 6.0, "DRAM": 200.0},
    1.0,
    "as reported in Eyeriss (ISCA 2016): register file of 0.5-1 kB, neighbouring PE, global buffer above 100 kB, DRAM",
)

HOROWITZ = EnergyTable(
    "Energy of an operation, 45 nm, float32; 64-bit cache accesses taken as two words",
    "pJ",
    {"8 KB": 5.0, "32 KB": 10.0, "1 MB": 50.0, "DRAM": 650.0},
    4.6,
    "as reported by Horowitz (ISSCC 2014): add 0.9 and multiply 3.7 pJ; caches 10, 20, 100 pJ and DRAM 1300-2600 pJ for 64 bits, "
    "the lower end taken",
)


def energy(accesses: Mapping[str, float], macs: int, table: EnergyTable = EYERISS) -> Report:
    """Energy of `accesses` {level: elements moved} and of `macs`, a row a level with its share.

    Raises ValueError for a level that the table does not have and for a negative count.
    """
    if unknown := [level for level in accesses if level not in table.levels]:
        raise ValueError(f"accesses: {table.name!r} has the levels {', '.join(table.levels)}, got {unknown[0]!r}")
    for level, number in {**accesses, "macs": macs}.items():
        if number < 0:
            raise ValueError(f"{level}: want at least 0, got {number}")
    spent = {**{level: count * table.levels[level] for level, count in accesses.items()}, "MAC": macs * table.mac}
    total = sum(spent.values())
    return Report(
        {
            "level": list(spent),
            "accesses": [*accesses.values(), macs],
            table.unit: list(spent.values()),
            "share %": [100 * e / total if total else 0.0 for e in spent.values()],
        },
        note=f"{total:,.0f} {table.unit} in all; {table.source}",
    )
