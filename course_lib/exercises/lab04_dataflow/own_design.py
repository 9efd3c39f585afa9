"""A design of one's own for a layer and an array: it must fit, and it is measured in energy times cycles."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..exercise import Case, Count, Exercise, Misconception
from .nest_as_data import TILING, Unreadable, nest_of, shape_of

DESIGN_LAYER: dict[str, Any] = {"N": 1, "C": 64, "H": 28, "W": 28, "K": 96, "R": 3, "S": 3, "pad": 1}
DESIGN_ARRAY: dict[str, Any] = {"rows": 16, "cols": 16, "registers": 32, "buffer": 8192}
FITS = "a design that fits"

# `python solutions/04_dataflow/best_design.py` found it; a better one may exist
BEST: dict[str, Any] = {
    "tiles": {"k": 32, "k_s": 2, "c": 16, "c_t": 2, "p": 8, "q": 2},
    "order": "n p_t k_t c_t_s c_t_t q_t p_s | k_s_t c_s | k_s_s r s q_s",
}
LEAST = 56_412  # its energy x cycles, in 10^9
HALF, FULL = 2 * LEAST, LEAST * 5 // 4  # what the marks are given for


def on_the_array(design: Any) -> Any:
    """A design as a Schedule that fits on the array. Raises ValueError, as `nest_of`, and where the PEs do not suffice."""
    from ...machine.pe_array import placement

    nest, array = nest_of(design, shape_of(DESIGN_LAYER)), array_of()
    try:
        placement(nest, array)
    except ValueError as error:
        raise Unreadable(f"room: {str(error).removeprefix('spatial: ')}") from None
    return nest


def array_of() -> Any:
    from ...machine.pe_array import PEArray

    return PEArray(**DESIGN_ARRAY)


def fits(design: Any) -> str:
    on_the_array(design)
    return FITS


def edp(design: Any) -> int:
    """Energy x cycles of a design, in 10^9 (a MAC and a cycle are 1 each), rounded up."""
    from ...machine.pe_array import design_report

    (row,) = design_report(on_the_array(design), array_of())
    return math.ceil(row["EDP"] / 1e9)


ENERGY = "04_dataflow#energy"


def marks(name: str, bound: Callable[[Case], int], hint: str) -> Count:
    return Count(name, edp, bound, hint, rule="at most", slide=ENERGY, of="answer")


design = Exercise(
    name="design",
    reference=lambda: BEST,
    reading=fits,
    cases=lambda rng: [Case((), label="the layer and the array of part 6")],
    counts=(
        marks(
            "EDP, half marks",
            lambda case: HALF,
            "It fits. Now look at the table of energy by level: where does most of it go, and which"
            " tensor causes it? Change what stands inside, or cut a loop so that more fits in the buffer.",
        ),
        marks(
            "EDP, full marks",
            lambda case: FULL,
            "Half way. Is every PE at work? Is the DRAM near its bound? Then look at buffer and PE: what"
            " could stay in the 32 registers a little longer?",
        ),
    ),
    misconceptions=(
        Misconception(
            "there are no bars",
            lambda: {"tiles": {"c": 16, "k": 16}, "order": "n r s c_t k_t c_s k_s p q"},
            "Two bars say which loops lie on the array: outside | on the array | inside each PE.",
            "04_dataflow#spatial",
        ),
        Misconception(
            "a loop is missing, or there twice",
            lambda: {"tiles": {"c": 16, "k": 16}, "order": "n c_t k_t | c_s k_s | p q"},
            "Every loop stands in the order once, n too, and a tiled one with both of its parts. The message above lists them.",
            TILING,
        ),
        Misconception(
            "the tile is larger than the loop",
            lambda: {"tiles": {"c": 128, "k": 16}, "order": "n r s c_t k_t | c_s k_s | p q"},
            "A tile is a part of its loop. How many steps has that loop in this layer?",
            TILING,
        ),
        Misconception(
            "a loop that is not there is tiled",
            lambda: {"tiles": {"c": 16, "h": 4}, "order": "n r s c_t k | c_s | p q"},
            "The loops are n k p q c r s, and after tiling c there are c_t and c_s, which can be tiled again; h and w are not looped over.",
            TILING,
        ),
        Misconception(
            "more PEs than there are",
            lambda: {"tiles": {"c": 16, "k": 32}, "order": "n r s c_t k_t | c_s k_s | p q"},
            "Each loop between the bars needs as many PEs as it has steps, on a side of the array where they are still free.",
            "04_dataflow#spatial",
        ),
        Misconception(
            "nothing is on the array",
            lambda: {"tiles": {}, "order": "n k p q | | c r s"},
            "With no loop between the bars one PE works and 255 wait.",
            "04_dataflow#spatial",
        ),
        Misconception(
            "a text in place of a design",
            lambda: "n r s c_t k_t | c_s k_s | p q",
            'A design is a dict of two things: "tiles", {loop: size}, and "order", the names with two bars.',
            TILING,
        ),
    ),
    hint="Begin with the slide's own nest, which fits, and change one thing at a time.",
    slide=ENERGY,
)
