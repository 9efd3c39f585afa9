"""How large should the blocks be? Each cache level keeps one operand and leaves just enough ways to the others: four short formulas.

registers   mr × nr sums hide the multiply-add's latency
L1          a panel of a, kc long, beside a panel of b and a line of c              -> kc
L2          the block of a, mc × kc, beside a panel of b                            -> mc
L3          the block of b, kc × nc, beside the block of a                          -> nc
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, sqrt

from ..shapes import whole

SOURCE = "Low, Igual, Smith, Quintana-Orti, Analytical Modeling Is Enough for High-Performance BLIS, ACM TOMS 2016 (as implemented here)"


@dataclass(frozen=True)
class Level:
    """One cache: `ways` lines a set, `sets` sets, lines of `line` bytes."""

    ways: int
    sets: int
    line: int = 64

    def __post_init__(self) -> None:
        for name in ("ways", "sets", "line"):
            object.__setattr__(self, name, whole(name, getattr(self, name), 1))

    @property
    def way_bytes(self) -> int:
        """Bytes of one way: what fits without meeting itself."""
        return self.sets * self.line

    @property
    def bytes(self) -> int:
        return self.ways * self.way_bytes


@dataclass(frozen=True)
class Processor:
    """What the model needs to know: `lanes` numbers a vector, multiply-adds of `latency` cycles, `each_cycle` of them a cycle,
    vector registers, bytes a number, and the caches, nearest first (one to three)."""

    name: str
    lanes: int
    latency: int
    each_cycle: int
    registers: int
    itemsize: int
    caches: tuple[Level, ...]


@dataclass(frozen=True)
class Blocks:
    """mr × nr: the register tile. kc, mc, nc: k, rows and columns of a block; mc or nc is 0 where there is no such cache."""

    mr: int
    nr: int
    kc: int
    mc: int = 0
    nc: int = 0


# Cycle counts as reported by the makers and in the paper's tables; caches as the systems tell them.
SANDY_BRIDGE_DOUBLE = Processor("Sandy Bridge, float64", 4, 8, 1, 16, 8, (Level(8, 64), Level(8, 512), Level(16, 8192)))
HASWELL_DOUBLE = Processor("Haswell, float64", 4, 5, 2, 16, 8, (Level(8, 64), Level(8, 512), Level(16, 8192)))
HASWELL_SINGLE = Processor("Haswell, float32", 8, 5, 2, 16, 4, (Level(8, 64), Level(8, 512), Level(16, 8192)))


def this_machine(itemsize: int = 4) -> Processor:
    """The machine under your desk as the system tells it; latency 4 and two units are assumed, as most processors since 2015 have them.

    Raises ValueError where the system does not tell its caches.
    """
    from ..machine.host import describe

    host = describe()
    caches = tuple(Level(cache.ways, cache.bytes // (cache.ways * cache.line), cache.line) for cache in host.caches if cache.ways)
    if not caches:
        raise ValueError("caches: the system does not tell them; write a Processor by hand")
    return Processor(host.name, host.lanes * 4 // itemsize, 4, 2, 32 if host.lanes in (4, 16) else 16, itemsize, caches[:3])


def register_tile(machine: Processor) -> tuple[int, int]:
    """(mr, nr): as square as whole vectors allow, with lanes·latency·each_cycle sums in flight at least.

    >>> register_tile(SANDY_BRIDGE_DOUBLE)
    (8, 4)
    """
    sums = machine.lanes * machine.latency * machine.each_cycle
    mr = ceil(sqrt(sums) / machine.lanes) * machine.lanes
    return mr, ceil(sums / mr)


def block_sizes(machine: Processor, tile: tuple[int, int] | None = None) -> Blocks:
    """The blocks for a machine; `tile` = (mr, nr) where a kernel is there already, else the model's own.

    Raises ValueError where the tile does not fit into the registers, or a cache is too small for one panel.

    >>> block_sizes(SANDY_BRIDGE_DOUBLE)
    Blocks(mr=8, nr=4, kc=256, mc=96, nc=3584)
    """
    if not 1 <= len(machine.caches) <= 3:
        raise ValueError(f"machine: want one to three caches, got {len(machine.caches)}")
    mr, nr = tile or register_tile(machine)
    mr, nr = whole("mr", mr, 1), whole("nr", nr, 1)
    along = nr if mr % machine.lanes else mr  # the side that lies along the vectors
    needed = ceil(mr * nr / machine.lanes) + ceil(along / machine.lanes) + 1  # the tile, a vector's worth of one side, one of the other
    if needed > machine.registers:
        raise ValueError(f"tile: {mr} x {nr} needs {needed} vector registers, {machine.name} has {machine.registers}")
    first = machine.caches[0]
    ways_a = floor((first.ways - 1) / (1 + nr / mr))  # one way for c, the others shared out as mr to nr
    kc = ways_a * first.way_bytes // (mr * machine.itemsize)
    if kc < 1:
        raise ValueError(f"machine: the first cache of {machine.name} has no room for a panel of {mr} rows beside one of {nr} columns")
    mc = nc = 0
    if len(machine.caches) > 1:
        second = machine.caches[1]
        ways_b = ceil(nr * kc * machine.itemsize / second.way_bytes)
        mc = (second.ways - 1 - ways_b) * second.way_bytes // (kc * machine.itemsize) // mr * mr
        if mc < 1:
            raise ValueError(f"machine: the second cache of {machine.name} has no room for {mr} rows of length {kc}")
    if len(machine.caches) > 2:
        third = machine.caches[2]
        ways_block = ceil(mc * kc * machine.itemsize / third.way_bytes)
        nc = (third.ways - 1 - ways_block) * third.way_bytes // (kc * machine.itemsize) // nr * nr
        if nc < 1:
            raise ValueError(f"machine: the third cache of {machine.name} has no room for {nr} columns of length {kc}")
    return Blocks(mr, nr, kc, mc, nc)
