"""The slide's tiled nest, with its spatial loops, as data that can be read by a machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Misconception
from .loop_order import LOOP_ORDER

MOST_PARTS = 5  # loops of one dimension: DRAM, buffer, array and registers need four; an answer must not keep the judge busy


class Unreadable(ValueError):
    """A mapping that says no nest; the message begins with what is wrong with it."""


def nest_of(mapping: Any, shape: Any) -> Any:
    """{"tiles": {"c": 16}, "order": "n c_t | c_s | ..."} on a layer -> Schedule; the loops between the bars are spatial.

    Raises ValueError, in a sentence that begins with what is wrong: mapping, names, tiles, parts, bars, order or array.
    """
    from ...nest import conv_problem, schedule

    if not isinstance(mapping, Mapping) or not {"tiles", "order"} <= set(mapping):
        raise Unreadable('mapping: want a dict {"tiles": {"c": 16, ...}, "order": "... | ... | ..."}')
    tiles, order = mapping["tiles"], mapping["order"]
    if not isinstance(tiles, Mapping) or not isinstance(order, str) or len(tiles) > 12 or len(order) > 500:
        raise Unreadable('mapping: want "tiles" as a dict of sizes, and "order" as a text of loop names')
    nest = schedule(conv_problem(shape))
    for name, size in tiles.items():
        found = next((loop for loop in nest.loops if loop.name == name), None)
        if found is None:
            raise Unreadable(f"names: there is no loop {str(name)[:20]!r} to tile; the loops are {nest.order}")
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or not 1 <= size <= found.extent:
            raise Unreadable(f"tiles: {name} has {found.extent} steps, so its tile is a whole number from 1 to {found.extent}")
        if len(nest.parts(found.dim)) == MOST_PARTS:
            raise Unreadable(f"parts: {found.dim} is cut into {MOST_PARTS} loops already; that is enough")
        nest = nest.tile(**{name: int(size)})
    if order.count("|") != 2:
        raise Unreadable(f"bars: want two bars in the order, around the loops that lie on the array, got {order.count('|')}")
    try:
        nest = nest.reorder(order.replace("|", " "))
    except ValueError as error:
        raise Unreadable(f"order: {str(error).removeprefix('reorder: ')[:250]}") from None
    between = order.split("|")[1].strip()
    if not between:
        raise Unreadable("array: no loop stands between the bars, so a single PE does all the work")
    return nest.spatial(between)


SLIDE_LAYER: dict[str, Any] = {"N": 2, "C": 64, "H": 56, "W": 56, "K": 128, "R": 3, "S": 3, "pad": 1}


def shape_of(letters: Mapping[str, Any]) -> Any:
    from ...shapes import ConvShape

    return ConvShape(**letters)


def loops_of(mapping: Any) -> list[str]:
    """A mapping of the slide's layer as its loops, outermost first: "for r (3)", "spatial_for c_s (16)"."""
    nest = nest_of(mapping, shape_of(SLIDE_LAYER))
    return [f"{'spatial_for' if loop.kind == 'spatial' else 'for'} {loop.name} ({loop.extent})" for loop in nest.loops]


def mapping_of(c: int, k: int, order: str = "n r s c_t k_t | c_s k_s | p q") -> dict[str, Any]:
    return {"tiles": {"c": c, "k": k}, "order": order}


def slide_cases(rng: np.random.Generator) -> list[Case]:
    sizes = [(16, 64), (8, 32), (4, 4), (1, 16), (64, 128), (24, 48), *((int(c), int(k)) for c, k in rng.integers(2, 60, (4, 2)))]
    return [Case((c, k), label=f"{c} channels x {k} filters on the array") for c, k in sizes]


TILING = "04_dataflow#tiling"

slide_nest = Exercise(
    name="slide_nest",
    reference=mapping_of,
    reading=loops_of,
    cases=slide_cases,
    misconceptions=(
        Misconception(
            "the tile is the number of tiles",
            lambda c_s, k_s: mapping_of(-(-64 // c_s), -(-128 // k_s)),
            'A size of 16 for "c" makes tiles of 16 channels. How many there are, C/16, is then the loop c_t. (Here C = 64, K = 128.)',
            TILING,
        ),
        Misconception(
            "channels and filters have changed places",
            lambda c_s, k_s: {"tiles": {"c": min(k_s, 64), "k": c_s}, "order": mapping_of(1, 1)["order"]},
            "The channels c are cut into tiles of c_s, the filters k into tiles of k_s.",
            TILING,
        ),
        Misconception(
            "always 16 by 64",
            lambda c_s, k_s: mapping_of(16, 64),
            "Right for the slide's array. The sizes are arguments: your answer should change with them.",
            TILING,
        ),
        Misconception(
            "the pixels are outside",
            lambda c_s, k_s: mapping_of(c_s, k_s, "n p q r s c_t k_t | c_s k_s |"),
            "In the slide's nest p and q are the innermost loops: that is why a weight stays in its register.",
            LOOP_ORDER,
        ),
        Misconception(
            "the outer parts are on the array",
            lambda c_s, k_s: mapping_of(c_s, k_s, "n r s | c_t k_t | c_s k_s p q"),
            "On the slide spatial_for stands before c_s and k_s, where in the tile; c_t and k_t, which tile, are steps in time.",
            "04_dataflow#spatial",
        ),
        Misconception(
            "c_t and k_t have changed places",
            lambda c_s, k_s: mapping_of(c_s, k_s, "n r s k_t c_t | c_s k_s | p q"),
            "Nearly: of the two loops over tiles the one over channels is the outer one on the slide.",
            LOOP_ORDER,
        ),
        Misconception(
            "the taps are inside",
            lambda c_s, k_s: mapping_of(c_s, k_s, "n c_t k_t | c_s k_s | r s p q"),
            "On the slide r and s stand outside c_t: one tap at a time, for all channels and filters.",
            LOOP_ORDER,
        ),
        Misconception(
            "written from the inside",
            lambda c_s, k_s: mapping_of(c_s, k_s, "q p | k_s c_s | k_t c_t s r n"),
            "The first name is the outermost loop, as one reads the slide from the top.",
            LOOP_ORDER,
        ),
        Misconception(
            "the bars are missing",
            lambda c_s, k_s: mapping_of(c_s, k_s, "n r s c_t k_t c_s k_s p q"),
            "Say with two bars which loops are spatial_for: outside | on the array | inside.",
            "04_dataflow#spatial",
        ),
        Misconception(
            "the loops that were tiled are named",
            lambda c_s, k_s: mapping_of(c_s, k_s, "n r s c k | c_s k_s | p q"),
            "After tiling there is no c any more: it has become c_t (which tile) and c_s (where in it). The message above lists the loops.",
            TILING,
        ),
    ),
    hint="Read the slide from the top: first the loops outside, then between two bars those with spatial_for, then those inside.",
    slide=TILING,
)
