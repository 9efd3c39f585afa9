"""split, reorder, fuse: each takes a nest, a list of (name, extent) from the outside in, and gives another."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Misconception

SPLIT, REORDER, FUSE, GUARD = "13_tvm1#split", "13_tvm1#reorder", "13_tvm1#fuse", "13_tvm1#guards"
NAMES = ["n", "k", "p", "q", "c", "r", "s"]
Nest = list[tuple[str, int]]


def drawn(rng: np.random.Generator, loops: int) -> Nest:
    """Loops of different extents, none of them 1."""
    extents = rng.permutation(np.arange(2, 30))[:loops]
    return [(name, int(extent)) for name, extent in zip(NAMES, extents, strict=False)]


def text_of(nest: Nest) -> str:
    return " ".join(f"{name}:{extent}" for name, extent in nest)


# --- split -------------------------------------------------------------------------------------------------------------


def split(nest: Any, name: str, size: int, wrong: str = "") -> Nest:
    """`name` becomes name_t and name_s, the tiles outside; `wrong` names a wrong idea."""
    out: Nest = []
    last: Nest = []
    for this, extent in nest:
        if this != name:
            out.append((this, extent))
            continue
        tiles = extent // size if wrong == "floor" else -(-extent // size)
        pair = [(f"{this}_t", tiles), (f"{this}_s", size)]
        if wrong == "sizes swapped":
            pair = [(f"{this}_t", size), (f"{this}_s", tiles)]
        elif wrong == "inner first":
            pair = pair[::-1]
        elif wrong == "extent kept":
            pair = [(f"{this}_t", tiles), (f"{this}_s", extent)]
        elif wrong == "no tiles":
            pair = [(f"{this}_s", size)]
        if wrong == "at the end":
            last = pair[1:]
            pair = pair[:1]
        out += pair
    return out + last


def split_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case(([("k", 16), ("c", 8)], "k", 4), label="k:16 c:8, k in fours"),
        Case(([("k", 10), ("c", 8), ("r", 3)], "k", 4), label="k:10 c:8 r:3, k in fours: ragged"),
        Case(([("q", 7)], "q", 3), label="q:7 alone, in threes"),
        Case(([("p", 5), ("q", 6)], "q", 6), label="p:5 q:6, q in sixes: one tile"),
    ]
    for _ in range(5):
        nest = drawn(rng, int(rng.integers(3, 7)))
        name, extent = nest[int(rng.integers(len(nest) - 1))]
        size = int(rng.integers(2, max(3, extent)))
        cases.append(Case((nest, name, size), label=f"{text_of(nest)}; {name} in tiles of {size}"))
    return cases


split_loop = Exercise(
    name="split_loop",
    reference=split,
    cases=split_cases,
    cost=lambda case: 1.0,
    misconceptions=tuple(
        Misconception(name, lambda nest, loop, size, wrong=wrong: split(nest, loop, size, wrong), hint, SPLIT)
        for name, wrong, hint in (
            ("the ragged tile is dropped", "floor", "Ten in fours are 3 tiles, the last one ragged. You have 2, and lose the last values."),
            (
                "the sizes are exchanged",
                "sizes swapped",
                "You give the number of tiles to the inner loop, which runs inside one tile.",
            ),
            ("the inner loop stands outside", "inner first", "Your inner loop stands outside. The tiles, name_t, come first."),
            ("the inner loop runs over everything", "extent kept", "Your inner loop still has the old extent: it runs inside one tile."),
            ("only the inner loop", "no tiles", "The loop over the tiles is missing: only the first tile would be computed."),
            (
                "the inner loop goes to the end",
                "at the end",
                "A split leaves both where the one was. Moving the inner one is a reorder.",
            ),
        )
    ),
    hint="In place of (name, extent): (name_t, extent / size rounded up), (name_s, size). All others stay.",
    slide=SPLIT,
)

# --- what a ragged split costs -----------------------------------------------------------------------------------------


def idle(extents: Any, sizes: Any) -> int:
    """Turns of the tiled nest that a guard turns away."""
    whole = math.prod(-(-e // s) * s for e, s in zip(extents, sizes, strict=True))
    return whole - math.prod(extents)


def idle_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case(([10], [4]), label="10 in fours"),
        Case(([10, 6], [4, 4]), label="10 in fours, 6 in fours"),
        Case(([8, 6], [4, 3]), label="nothing ragged"),
        Case(([57, 57], [16, 16]), label="57 × 57 in 16 × 16"),
    ]
    for _ in range(5):
        n = int(rng.integers(2, 4))
        extents, sizes = [int(e) for e in rng.integers(9, 40, n)], [int(s) for s in rng.integers(2, 9, n)]
        cases.append(Case((extents, sizes), label=f"{' × '.join(map(str, extents))} in {' × '.join(map(str, sizes))}"))
    return cases


idle_turns = Exercise(
    name="idle_turns",
    reference=idle,
    cases=idle_cases,
    cost=lambda case: 1.0,
    misconceptions=(
        Misconception(
            "loop by loop, added up",
            lambda extents, sizes: sum(-(-e // s) * s - e for e, s in zip(extents, sizes, strict=True)),
            "You add up what is idle in each loop. An idle turn of the outer loop idles all turns inside it.",
            GUARD,
        ),
        Misconception(
            "loop by loop, multiplied",
            lambda extents, sizes: math.prod(-(-e // s) * s - e for e, s in zip(extents, sizes, strict=True)),
            "You count the turns that are idle in every loop at once. One guard that fails is enough.",
            GUARD,
        ),
        Misconception(
            "all turns",
            lambda extents, sizes: math.prod(-(-e // s) * s for e, s in zip(extents, sizes, strict=True)),
            "Those are all turns of the tiled nest. Take away the ones that do something.",
            GUARD,
        ),
        Misconception(
            "the ragged tile dropped",
            lambda extents, sizes: math.prod(extents) - math.prod(e // s * s for e, s in zip(extents, sizes, strict=True)),
            "You round down: that counts what would be lost without the ragged tiles. Tiles are rounded up.",
            GUARD,
        ),
        Misconception(
            "remainders multiplied out",
            lambda extents, sizes: math.prod(e % s for e, s in zip(extents, sizes, strict=True)),
            "The remainder is what the last tile does. Idle is what it lacks.",
            GUARD,
        ),
        Misconception(
            "a share",
            lambda extents, sizes: idle(extents, sizes) / math.prod(-(-e // s) * s for e, s in zip(extents, sizes, strict=True)),
            "You give a share. Asked for is a number of turns.",
            GUARD,
        ),
    ),
    hint="Turns of the tiled nest: the product of tiles · size, rounded up. Turns that do something: the product of the extents.",
    slide=GUARD,
)

# --- reorder -----------------------------------------------------------------------------------------------------------


def reorder(nest: Any, order: Any, wrong: str = "") -> Nest:
    """TVM's reorder: the named loops share out among themselves the places they had; `wrong` names a wrong idea."""
    at = dict(nest)
    named = [(name, at[name]) for name in (order[::-1] if wrong == "inside out" else order)]
    others = [loop for loop in nest if loop[0] not in order]
    if wrong == "front":
        return named + others
    if wrong == "back":
        return others + named
    if wrong == "dropped":
        return named
    if wrong == "nothing":
        return [tuple(loop) for loop in nest]
    if wrong == "names only":
        turn = iter(order)
        return [(next(turn) if name in order else name, extent) for name, extent in nest]
    turn = iter(named)
    return [next(turn) if name in order else (name, extent) for name, extent in nest]


def reorder_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case(([("n", 2), ("k", 16), ("p", 5), ("c", 8)], ["c", "k"]), label="n:2 k:16 p:5 c:8; c before k"),
        Case(([("k", 4), ("c", 3)], ["c", "k"]), label="k:4 c:3; c before k"),
        Case(([("k", 4), ("p", 6), ("q", 7), ("c", 3), ("r", 2)], ["c", "p", "k"]), label="k:4 p:6 q:7 c:3 r:2; c p k"),
    ]
    for _ in range(5):
        nest = drawn(rng, 6)
        some = [nest[i][0] for i in rng.permutation(6)[:3]]
        cases.append(Case((nest, some), label=f"{text_of(nest)}; {' '.join(some)}"))
    return cases


reorder_loops = Exercise(
    name="reorder_loops",
    reference=reorder,
    cases=reorder_cases,
    cost=lambda case: 1.0,
    misconceptions=tuple(
        Misconception(name, lambda nest, order, wrong=wrong: reorder(nest, order, wrong), hint, REORDER)
        for name, wrong, hint in (
            (
                "named loops to the front",
                "front",
                "You move the named loops to the front. They share the places they had; others stay.",
            ),
            ("named loops to the back", "back", "You move the named loops to the inside. They share the places they had; others stay."),
            ("the others are dropped", "dropped", "Loops that are not named are gone, and with them most of the work."),
            ("inside out", "inside out", "Your order is from the inside out. The first name is the outermost."),
            (
                "names move and extents stay",
                "names only",
                "You move the names and leave the extents. A loop takes its extent along.",
            ),
            ("nothing moves", "nothing", "The nest is as it was."),
        )
    ),
    hint="Go through the nest: where a named loop stood, put the next name of the order with its own extent; leave the others.",
    slide=REORDER,
)

# --- fuse --------------------------------------------------------------------------------------------------------------


def fuse(nest: Any, outer: str, inner: str, wrong: str = "") -> Nest:
    """Two neighbours become one loop outer_inner of the product of their extents; `wrong` names a wrong idea."""
    at = dict(nest)
    both = at[outer] + at[inner] if wrong == "sum" else max(at[outer], at[inner]) if wrong == "larger" else at[outer] * at[inner]
    name = f"{inner}_{outer}" if wrong == "turned" else outer if wrong == "one name" else f"{outer}_{inner}"
    out: Nest = []
    for this, extent in nest:
        if this == outer:
            out.append((name, both))
        elif this != inner or wrong == "inner stays":
            out.append((this, extent))
    return out


def fuse_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case(([("p", 5), ("q", 7)], "p", "q"), label="p:5 q:7"),
        Case(([("n", 2), ("k", 16), ("p", 5)], "n", "k"), label="n:2 k:16 p:5; n and k"),
        Case(([("k", 4), ("p", 6), ("q", 1), ("c", 3)], "p", "q"), label="k:4 p:6 q:1 c:3; p and q"),
    ]
    for _ in range(5):
        nest = drawn(rng, 5)
        i = int(rng.integers(4))
        cases.append(Case((nest, nest[i][0], nest[i + 1][0]), label=f"{text_of(nest)}; {nest[i][0]} and {nest[i + 1][0]}"))
    return cases


fuse_loops = Exercise(
    name="fuse_loops",
    reference=fuse,
    cases=fuse_cases,
    cost=lambda case: 1.0,
    misconceptions=tuple(
        Misconception(name, lambda nest, outer, inner, wrong=wrong: fuse(nest, outer, inner, wrong), hint, FUSE)
        for name, wrong, hint in (
            ("extents added", "sum", "You add the extents. For each turn of the outer loop the inner one runs whole: they multiply."),
            ("the larger extent", "larger", "You keep the larger extent. For each turn of the outer loop the inner one runs whole."),
            ("the inner loop stays", "inner stays", "The inner loop is still there, so its work is done again and again."),
            ("the outer name only", "one name", "The fused loop is called outer_inner: both indices can be told from it."),
            ("the names turned", "turned", "The outer name comes first: outer_inner."),
        )
    ),
    hint="In place of the outer loop: (outer_inner, product of the two extents); the inner one goes; all others stay.",
    slide=FUSE,
)
