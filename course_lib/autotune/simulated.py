"""A cost from a model of a machine instead of a stopwatch: exact, free of noise, the same everywhere.

The machine is an array of processing elements (course_lib.machine). A configuration says which channels lie on its rows and columns,
how the pixels are tiled and in which order the outer loops turn; its cost is the energy of all accesses, or cycles where the memory
may make the array wait.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

from ..machine.dataflows import arranged
from ..machine.pe_array import PEArray, dataflow_report, energy_by_level, turns
from ..search.space import Config, Constraint, Space
from ..search.tune import Failed
from ..shapes import ConvShape
from .spaces import divisors
from .tasks import described

SOURCE = "Energy of accesses as in Chen, Emer, Sze: Eyeriss, ISCA 2016; cycles as a roofline of the array and its DRAM, as implemented here"

ARRAY = PEArray(16, 16, 64, 16 * 1024)
WORDS = 4  # a cycle, between DRAM and buffer

ORDERS = tuple(" ".join(order) for order in permutations(("k_t", "c_t", "p_t", "q_t")))[::3]


def simulated_space(shape: ConvShape, array: PEArray = ARRAY) -> Space:
    """Tiles of channels and pixels that divide, eight orders of the outer loops, what turns inside: pixels or taps."""
    knobs = {
        "c": divisors(shape.C, array.rows)[-4:],
        "k": divisors(shape.K, array.cols)[-4:],
        "p": divisors(shape.P, 28)[-3:],
        "q": divisors(shape.Q, 28)[-3:],
        "order": ORDERS,
        "inside": ("r s p_s q_s", "p_s q_s r s"),
    }
    many = Constraint(("c", "k"), lambda c, k: c * k * 16 >= array.pes, "a sixteenth of the array works")
    return Space(knobs, [many], described(shape))


def simulated(shape: ConvShape, what: str = "energy", array: PEArray = ARRAY) -> Callable[[Config], float]:
    """A measure for configurations of `simulated_space`: "energy" in MACs' worth, or "cycles". Raises ValueError for others."""
    if what not in ("energy", "cycles"):
        raise ValueError(f"what: want 'energy' or 'cycles', got {what!r}")
    space = simulated_space(shape, array)

    def measure(config: Config) -> float:
        knob = space.named(config)
        tiles = {name: knob[name] for name in ("c", "k", "p", "q")}
        try:
            nest = arranged(shape, tiles, f"n {knob['order']} | c_s k_s | {knob['inside']}")
            table = dataflow_report(nest, array)
        except ValueError as error:
            raise Failed(str(error)) from None
        if what == "energy":
            return float(sum(energy_by_level(table).values()))
        dram = sum(row["reads"] + row["writes"] for row in table if row["level"] == "DRAM")
        return float(max(turns(nest), dram / WORDS))

    return measure
