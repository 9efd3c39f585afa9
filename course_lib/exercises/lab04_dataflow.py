"""The exercises of lab 04: three dataflows in one dimension, loop orders, the slide's tiled nest, its cycles and traffic, a design.

    for q: for s: OA[q] += IA[q+s] * W[s]      output stationary
    for s: for q: ...                          weight stationary
    for h: for s: ...  with q = h - s          input stationary

Same sums, same number of multiply-accumulates; what differs is how often each number is fetched.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from .exercise import Case, Count, Exercise, Made, Misconception
from .lab01_intro import convolve, output_size, without_padding
from .pictures import plane_picture

SOURCE = "Lecture, frames 'Direct Convolution' to 'How many configurations we have?'; Parashar et al., Timeloop, ISPASS 2019"

# --- a guess -----------------------------------------------------------------------------------------------------------

psum_share = Exercise(
    name="psum_share",
    reference=lambda: 50.0,
    # any number from 0 to 100 is accepted: the point is for committing to one before the run
    praise="your guess is written down.",
    tolerance=1.0,
    cases=lambda rng: [Case((), label="your guess")],
    hint="Return one number from 0 to 100: the per cent you expect. Any number in that range earns the point, the right one or not.",
    slide="04_dataflow#traffic",
)

# --- one dimension, three loop orders ----------------------------------------------------------------------------------


def conv1d(ia: np.ndarray, w: np.ndarray) -> np.ndarray:
    """ia[H] * w[S] -> oa[H-S+1]"""
    ia, w = np.asarray(ia, np.float64), np.asarray(w, np.float64)
    return np.lib.stride_tricks.sliding_window_view(ia, len(w)) @ w


def conv1d_cases(rng: np.random.Generator) -> list[Case]:
    sizes = [(3, 2), (4, 2), (5, 3), (4, 3), (12, 4), (1, 1), (4, 4), (5, 1), (9, 7)]
    for _ in range(10):
        S = int(rng.integers(1, 7))
        sizes.append((S + int(rng.integers(0, 14)), S))
    cases = []
    for H, S in sizes:
        # all numbers positive: a product that is left out or added twice always shows
        ia, w = rng.integers(1, 10, H).astype(np.float32), rng.permutation(np.arange(1, 10))[:S].astype(np.float32)
        words = f"{H} input{'s' if H > 1 else ''}, {S} weight{'s' if S > 1 else ''}"
        cases.append(Case((ia, w), label=words + (": the slide's example" if (H, S) == (12, 4) else "")))
    return cases


def sizes_of(case: Case) -> tuple[int, int]:
    """(Q, S) of a one-dimensional case."""
    H, S = len(case.args[0]), len(case.args[1])
    return H - S + 1, S


def every_product(case: Case) -> int:
    Q, S = sizes_of(case)
    return Q * S


def access(tensor: str, store: bool, bound: Callable[[Case], int], hint: str, slide: str) -> Count:
    name = f"{'stores to' if store else 'loads of'} {tensor}"
    return Count(name, lambda trace: (trace.stores if store else trace.loads)(tensor), bound, hint, slide=slide)


def last_tap(ia: Any, w: Any) -> np.ndarray:
    only = np.zeros_like(w)
    only[-1] = w[-1]
    return conv1d(ia, only)


def as_long_as_the_input(ia: Any, w: Any) -> np.ndarray:
    return conv1d(np.concatenate([ia, np.zeros(len(w) - 1)]), w)


def same_index(ia: Any, w: Any) -> np.ndarray:
    return np.asarray(ia, np.float64)[: len(ia) - len(w) + 1] * np.sum(w)


def never_set_back(ia: Any, w: Any) -> np.ndarray:
    return np.cumsum(conv1d(ia, w))


def by_inputs(ia: Any, w: Any, first: int = 0, less: int = 0, inputs: int | None = None, unguarded: bool = False) -> np.ndarray:
    """for h: for s: oa[h-s] += ia[h] * w[s] where first <= h-s < Q - less; the wrong ideas are other bounds."""
    Q, S = len(ia) - len(w) + 1, len(w)
    oa = np.zeros(Q)
    for h in range(len(ia) if inputs is None else inputs):
        for s in range(S):
            if unguarded or first <= h - s < Q - less:
                oa[h - s] += ia[h] * w[s]
    return oa


ONE_D, OS, WS, IS = (f"04_dataflow#{frame}" for frame in ("dataflow-1d", "output-stationary", "weight-stationary", "input-stationary"))


def common_ideas(slide: str) -> tuple[Misconception, ...]:
    return (
        Misconception(
            "the filter is flipped",
            lambda ia, w: conv1d(ia, w[::-1]),
            "The weights run backwards: output q begins with ia[q] times the first weight.",
            ONE_D,
        ),
        Misconception(
            "only the last product is kept",
            last_tap,
            "Each output is a sum over s. Does a later product overwrite the earlier ones (= where += is meant), or is the sum set to zero"
            " in between?",
            ONE_D,
        ),
        Misconception(
            "as many outputs as inputs",
            as_long_as_the_input,
            "Your output is as long as the input. A filter of S taps fits in H - S + 1 places.",
            ONE_D,
        ),
        Misconception(
            "one output too few",
            lambda ia, w: conv1d(ia, w)[:-1],
            "The last output is missing: between the first and the last place of the filter there are H - S steps, so H - S + 1 places.",
            ONE_D,
        ),
        Misconception(
            "the window does not slide",
            same_index,
            "All taps of an output meet the same input. Tap s of output q meets input q + s.",
            slide,
        ),
    )


conv1d_os = Exercise(
    name="conv1d_os",
    reference=conv1d,
    cases=conv1d_cases,
    tolerance=1e-6,
    counts=(
        access(
            "OA",
            True,
            lambda case: sizes_of(case)[0],
            "An output is written more often than once. Let the sum grow in a variable: it"
            " is the register of the slide. Store it when it is complete.",
            OS,
        ),
        access("W", False, every_product, "In this order each output needs all weights anew: Q·S reads of W, none of them saved up.", OS),
        access("IA", False, every_product, "In this order each output reads the S inputs under its window: Q·S reads of IA.", OS),
    ),
    counted=lambda cases: cases[:8],
    misconceptions=(
        *common_ideas(OS),
        Misconception(
            "the sum is not set back to zero",
            never_set_back,
            "The first output is right and each later one contains those before it. Where does the variable start from 0 again?",
            OS,
        ),
    ),
    picture=plane_picture,
    hint="q outside, s inside. Before the inner loop a variable is 0, in it products are added, after it the output is stored.",
    slide=OS,
)

conv1d_ws = Exercise(
    name="conv1d_ws",
    reference=conv1d,
    cases=conv1d_cases,
    tolerance=1e-6,
    counts=(
        access(
            "W",
            False,
            lambda case: sizes_of(case)[1],
            "A weight is loaded more often than once. Put w[s] into a variable before the"
            " loop over q begins: it is the register of the slide.",
            WS,
        ),
        access("IA", False, every_product, "While a weight stays, inputs 0 to Q-1 pass by, shifted by s: Q·S reads of IA in all.", WS),
        access(
            "OA",
            True,
            every_product,
            "While a weight stays, each output gets one product and waits in memory for the next: Q·S stores to OA.",
            WS,
        ),
    ),
    counted=lambda cases: cases[:8],
    misconceptions=(
        *common_ideas(WS),
        Misconception(
            "one weight does all the work",
            lambda ia, w: conv1d(ia, np.full_like(w, w[0])),
            "Every product is made with w[0]. The register gets a new weight each time s steps on.",
            WS,
        ),
    ),
    picture=plane_picture,
    hint="s outside, q inside. Before the inner loop a variable takes the weight; in it, oa[q] grows by one product.",
    slide=WS,
)

conv1d_is = Exercise(
    name="conv1d_is",
    reference=conv1d,
    cases=conv1d_cases,
    tolerance=1e-6,
    counts=(
        access(
            "IA",
            False,
            lambda case: sum(sizes_of(case)) - 1,
            "An input is loaded more often than once. Put ia[h] into a variable before the loop over s begins.",
            IS,
        ),
        access(
            "W",
            False,
            every_product,
            "A weight is needed once for each product: Q·S reads. Is it read for the places, too, where there is no output?",
            IS,
        ),
        access("OA", True, every_product, "While an input stays, each of its products belongs to another output: Q·S stores to OA.", IS),
    ),
    counted=lambda cases: cases[:8],
    misconceptions=(
        *common_ideas(IS),
        Misconception(
            "a negative index counts from the end",
            lambda ia, w: by_inputs(ia, w, first=-len(ia)),
            "For the first inputs h - s is below 0, and oa[-1] is the last output: Python does not complain. Which q are there?",
            IS,
        ),
        Misconception(
            "no condition on q",
            lambda ia, w: by_inputs(ia, w, unguarded=True),
            "Not every pair of h and s has an output: q = h - s must lie between 0 and Q - 1.",
            IS,
        ),
        Misconception(
            "output 0 is left out",
            partial(by_inputs, first=1),
            "The first output stays empty: 0 is a good value for q.",
            IS,
        ),
        Misconception(
            "the last output is left out",
            partial(by_inputs, less=1),
            "The last output stays empty: Q - 1 is a good value for q.",
            IS,
        ),
        Misconception(
            "only the first Q inputs are used",
            lambda ia, w: by_inputs(ia, w, inputs=len(ia) - len(w) + 1),
            "The loop over the inputs stops at Q. There are Q + S - 1 of them.",
            IS,
        ),
    ),
    picture=plane_picture,
    hint="h outside, s inside. Input h times weight s belongs to output q = h - s, if there is such an output.",
    slide=IS,
)

# --- the same numbers with a pencil ------------------------------------------------------------------------------------


def counted_accesses(dataflow: str, Q: int, S: int) -> dict[str, int]:
    """Reads and writes of one register a tensor; the first partial sum of an output is zero and is not read."""
    both = Q * S
    return {
        "OS": {"W reads": both, "IA reads": both, "OA writes": Q, "OA reads": 0},
        "WS": {"W reads": S, "IA reads": both, "OA writes": both, "OA reads": both - Q},
        "IS": {"W reads": both, "IA reads": Q + S - 1, "OA writes": both, "OA reads": both - Q},
    }[dataflow]


def access_cases(rng: np.random.Generator) -> list[Case]:
    sizes = [(3, 2), (9, 4), (1, 1), (5, 1), (1, 6), (4, 7), *((int(q), int(s)) for q, s in rng.integers(1, 60, (6, 2)))]
    return [Case((flow, Q, S), label=f"{flow}, Q={Q}, S={S}") for Q, S in sizes for flow in ("OS", "WS", "IS")]


def but(**changed: Callable[[str, int, int], int]) -> Callable[[str, int, int], dict[str, int]]:
    """The right table with some of its entries otherwise; `W_reads` names the entry "W reads"."""

    def function(dataflow: str, Q: int, S: int) -> dict[str, int]:
        right = counted_accesses(dataflow, Q, S)
        return right | {name.replace("_", " "): entry(dataflow, Q, S) for name, entry in changed.items()}

    return function


access_counts = Exercise(
    name="access_counts",
    reference=counted_accesses,
    cases=access_cases,
    misconceptions=(
        Misconception(
            "the first partial sum is read, too",
            but(OA_reads=lambda flow, Q, S: 0 if flow == "OS" else Q * S),
            "An output's first partial sum is zero; who knows that need not read it. How many reads does that save?",
            WS,
        ),
        Misconception(
            "every partial sum goes to memory",
            but(OA_writes=lambda flow, Q, S: Q * S, OA_reads=lambda flow, Q, S: Q * S - Q),
            "In one of the three orders the sum grows in a register and is written when it is complete.",
            OS,
        ),
        Misconception(
            "output and weight stationary have changed places",
            lambda dataflow, Q, S: counted_accesses({"OS": "WS", "WS": "OS"}.get(dataflow, dataflow), Q, S),
            "What is stationary stays in its register: in OS the output is written least often, in WS the weight is read least often.",
            OS,
        ),
        Misconception(
            "nothing is stationary",
            but(W_reads=lambda flow, Q, S: Q * S, IA_reads=lambda flow, Q, S: Q * S),
            "You count a read for every use. The stationary operand is read when it changes.",
            WS,
        ),
        Misconception(
            "the stationary operand is read once",
            but(W_reads=lambda flow, Q, S: 1 if flow == "WS" else Q * S, IA_reads=lambda flow, Q, S: 1 if flow == "IS" else Q * S),
            "The register holds one number. It has to be filled again for each weight (or input).",
            WS,
        ),
        Misconception(
            "as many inputs as outputs",
            but(IA_reads=lambda flow, Q, S: Q if flow == "IS" else Q * S),
            "The last window begins at input Q - 1 and is S long: how many inputs are there?",
            IS,
        ),
        Misconception(
            "one input too many",
            but(IA_reads=lambda flow, Q, S: Q + S if flow == "IS" else Q * S),
            "Count the inputs of the slide: 9 outputs and 4 weights need 12 of them.",
            IS,
        ),
        Misconception(
            "every input meets every weight",
            but(W_reads=lambda flow, Q, S: {"OS": Q * S, "WS": S, "IS": (Q + S - 1) * S}[flow]),
            "At the ends not every weight has an output to go to. There are Q·S products, and a weight is read for each.",
            IS,
        ),
        Misconception(
            "inputs are read once in every order",
            but(IA_reads=lambda flow, Q, S: Q + S - 1),
            "There are so many different inputs. With a single register an input that comes back later is read again.",
            ONE_D,
        ),
    ),
    hint="Take Q = 3, S = 2 and play it through: one register a tensor, a read whenever what it should hold changes.",
    slide=ONE_D,
)

# --- any nest: how often is a tensor fetched? --------------------------------------------------------------------------

Loops = Sequence[tuple[str, int]]


def fetched(loops: Loops, moves: str) -> int:
    """The product of the extents from the outermost loop to the innermost one that moves the tensor."""
    last = max((i for i, (letter, extent) in enumerate(loops) if letter in moves and extent > 1), default=-1)
    return math.prod(extent for _, extent in loops[: last + 1])


MOVES = {"W": "kcrs", "OA": "nkpq", "IA": "ncpqrs"}


def fetch_cases(rng: np.random.Generator) -> list[Case]:
    small: list[tuple[list[tuple[str, int]], str, str]] = [
        ([("q", 3), ("s", 2)], "s", "the weights, for q: for s"),
        ([("s", 2), ("q", 3)], "s", "the weights, for s: for q"),
        ([("s", 4), ("q", 9)], "q", "the outputs, for s: for q"),
        ([("q", 9), ("s", 4)], "q", "the outputs, for q: for s"),
        ([("k", 4), ("p", 3), ("c", 2)], "kc", "the weights of a 1x1 layer, for k: for p: for c"),
        ([("p", 3), ("k", 4), ("c", 2)], "kp", "the outputs of a 1x1 layer, for p: for k: for c"),
        ([("k", 4), ("p", 3), ("c", 1)], "kc", "one channel: the loop over c takes one step"),
        ([("p", 5)], "k", "no loop moves it"),
        ([("c", 4), ("k", 2), ("c", 16), ("p", 5)], "kc", "c in two loops, outside and inside k"),
    ]
    slide = [("n", 1), ("r", 3), ("s", 3), ("c", 4), ("k", 1), ("p", 56), ("q", 56)]
    small += [(slide, MOVES[name], f"{name}, in the slide's order") for name in MOVES]
    for _ in range(14):
        letters = rng.permutation(list("nkpqcrs"))[: int(rng.integers(3, 8))]
        loops = [(str(letter), int(rng.integers(1, 7))) for letter in letters]
        name = ("W", "OA", "IA")[int(rng.integers(3))]
        small.append((loops, MOVES[name], f"{name}: " + " ".join(f"{letter}={extent}" for letter, extent in loops)))
    return [Case((tuple(loops), moves), label=label) for loops, moves, label in small]


def one_step_moves(loops: Loops, moves: str) -> int:
    last = max((i for i, (letter, _) in enumerate(loops) if letter in moves), default=-1)
    return math.prod(extent for _, extent in loops[: last + 1])


def to_the_outermost(loops: Loops, moves: str) -> int:
    first = next((i for i, (letter, extent) in enumerate(loops) if letter in moves and extent > 1), -1)
    return math.prod(extent for _, extent in loops[: first + 1])


def inner_part(loops: Loops, moves: str) -> int:
    last = max((i for i, (letter, extent) in enumerate(loops) if letter in moves and extent > 1), default=-1)
    return math.prod(extent for _, extent in loops[last + 1 :])


LOOP_ORDER = "04_dataflow#loop-order"

fetches = Exercise(
    name="fetches",
    reference=fetched,
    cases=fetch_cases,
    misconceptions=(
        Misconception(
            "every element is fetched once",
            lambda loops, moves: math.prod(extent for letter, extent in loops if letter in moves),
            "That is how many different elements there are. A loop outside that does not move the tensor brings all of them back again.",
            LOOP_ORDER,
        ),
        Misconception(
            "nothing stays in the register",
            lambda loops, moves: math.prod(extent for _, extent in loops),
            "You count a fetch for every iteration. While only loops step that do not move the tensor, its element stays.",
            LOOP_ORDER,
        ),
        Misconception(
            "a loop of one step moves the tensor",
            one_step_moves,
            "A loop that takes a single step moves nothing: after it the element is the same as before.",
            LOOP_ORDER,
        ),
        Misconception(
            "the outermost loop that moves it decides",
            to_the_outermost,
            "You stop at the first loop, from the outside, that moves the tensor. Those further in move it, too.",
            LOOP_ORDER,
        ),
        Misconception(
            "read from the inside",
            lambda loops, moves: fetched(loops[::-1], moves),
            "The first loop of the list is the outermost one; it takes its next step when all others have run through.",
            LOOP_ORDER,
        ),
        Misconception(
            "the loops that do not move it are counted",
            lambda loops, moves: math.prod(extent for letter, extent in loops if letter not in moves),
            "You multiply the loops that leave the element where it is. It is fetched when one that moves it takes a step.",
            LOOP_ORDER,
        ),
        Misconception(
            "how long it stays, not how often it comes",
            inner_part,
            "That is for how many iterations an element stays in its register. Asked for is how often a new one is fetched.",
            LOOP_ORDER,
        ),
    ),
    hint="Which is the innermost loop that moves the tensor? Every step of it is a fetch; how often does it take a step in all?",
    slide=LOOP_ORDER,
)

# --- the slide's nest as data ------------------------------------------------------------------------------------------


MOST_PARTS = 5  # loops of one dimension: DRAM, buffer, array and registers need four; an answer must not keep the judge busy


class Unreadable(ValueError):
    """A mapping that says no nest; the message begins with what is wrong with it."""


def nest_of(mapping: Any, shape: Any) -> Any:
    """{"tiles": {"c": 16}, "order": "n c_t | c_s | ..."} on a layer -> Schedule; the loops between the bars are spatial.

    Raises ValueError, in a sentence that begins with what is wrong: mapping, names, tiles, parts, bars, order or array.
    """
    from ..nest import conv_problem, schedule

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
    from ..shapes import ConvShape

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

# --- and written out ---------------------------------------------------------------------------------------------------


def tiled(ia: Any, w: Any, stride: int = 1, pad: int = 0, c_s: int = 16, k_s: int = 64) -> np.ndarray:
    """ia[N,C,H,W] * w[K,C,R,S] -> oa[N,K,P,Q]; tiles change nothing in the result."""
    return convolve(ia, w, None, stride, pad)


def tiled_cases(rng: np.random.Generator) -> list[Case]:
    # N C H W K R S stride pad c_s k_s
    table: list[tuple[int, ...]] = [
        (1, 2, 3, 3, 2, 2, 2, 1, 0, 2, 2),
        (1, 2, 3, 4, 4, 2, 2, 1, 0, 2, 2),
        (1, 4, 3, 3, 2, 2, 1, 1, 0, 2, 2),
        (1, 3, 3, 3, 2, 2, 2, 1, 0, 2, 2),
        (1, 2, 3, 3, 3, 2, 2, 1, 0, 2, 2),
        (1, 2, 4, 5, 2, 2, 3, 1, 1, 2, 2),
        (1, 2, 5, 6, 2, 2, 2, 2, 0, 2, 2),
        (2, 2, 3, 3, 2, 2, 2, 1, 0, 2, 2),
        (1, 1, 1, 1, 1, 1, 1, 1, 0, 16, 64),
        (1, 3, 4, 4, 5, 3, 3, 1, 0, 16, 64),
        (2, 5, 5, 4, 7, 2, 3, 2, 1, 3, 4),
    ]
    while len(table) < 22:
        N, C, K = int(rng.integers(1, 3)), int(rng.integers(1, 7)), int(rng.integers(1, 7))
        R, S, stride, pad = (int(rng.integers(a, b)) for a, b in ((1, 4), (1, 4), (1, 3), (0, 2)))
        H, W = (int(v) + size for v, size in zip(rng.integers(0, 4, 2), (R, S), strict=True))
        if N * K * C * R * S * output_size(H, R, stride, pad) * output_size(W, S, stride, pad) <= 1200:
            table.append((N, C, H, W, K, R, S, stride, pad, int(rng.integers(1, 5)), int(rng.integers(1, 5))))
    cases = []
    for N, C, H, W, K, R, S, stride, pad, c_s, k_s in table:
        ia, w = rng.integers(1, 10, (N, C, H, W)).astype(np.float32), rng.integers(1, 5, (K, C, R, S)).astype(np.float32)
        options = ({"stride": stride} if stride != 1 else {}) | ({"pad": pad} if pad else {}) | {"c_s": c_s, "k_s": k_s}
        words = f"{N} x {C}x{H}x{W}, {K} filters of {R}x{S}, tiles of {c_s} channels and {k_s} filters"
        words += f", stride {stride}" * (stride > 1) + f", pad {pad}" * (pad > 0)
        cases.append(Case((ia, w), options, words))
    return cases


def tiled_macs(case: Case) -> int:
    (N, C, H, W), (K, _, R, S), stride = case.args[0].shape, case.args[1].shape, case.kwargs.get("stride", 1)
    return N * K * C * R * S * output_size(H, R, stride) * output_size(W, S, stride)


def held_weights(case: Case) -> int:
    """N·R·S·C·K: each weight is loaded once an image and stays over P·Q."""
    return case.args[0].shape[0] * case.args[1].size


def without_the_last(ia: Any, w: Any, stride: int = 1, pad: int = 0, c_s: int = 16, k_s: int = 64, which: str = "ck") -> np.ndarray:
    """C/16 and K/64 as the slide has them, rounded down: the ragged tile is never reached."""
    C, K = w.shape[1] // c_s * c_s if "c" in which else w.shape[1], w.shape[0] // k_s * k_s if "k" in which else w.shape[0]
    part = np.zeros_like(w)
    part[:K, :C] = w[:K, :C]
    return convolve(ia, part, None, stride, pad)


def unguarded(ia: Any, w: Any, stride: int = 1, pad: int = 0, c_s: int = 16, k_s: int = 64, which: str = "ck") -> np.ndarray:
    if ("c" in which and w.shape[1] % c_s) or ("k" in which and w.shape[0] % k_s):
        raise IndexError("index is out of bounds")
    return convolve(ia, w, None, stride, pad)


def clamped(ia: Any, w: Any, stride: int = 1, pad: int = 0, c_s: int = 16, k_s: int = 64) -> np.ndarray:
    """min(c, C - 1): the last channel again and again, and the last filter, too."""
    more_c, more_k = -w.shape[1] % c_s, -w.shape[0] % k_s
    heavy = np.array(w, np.float64)
    heavy[:, -1] *= 1 + more_c
    heavy[-1] *= 1 + more_k
    return convolve(ia, heavy, None, stride, pad)


def forgot_the_size(ia: Any, w: Any, stride: int = 1, pad: int = 0, c_s: int = 16, k_s: int = 64) -> np.ndarray:
    """c = c_t + c_s in place of c = c_t * 16 + c_s; what lies beyond C and K is guarded."""
    K, C = w.shape[:2]
    times_c, times_k = np.zeros(C), np.zeros(K)
    for times, size, tile in ((times_c, C, c_s), (times_k, K, k_s)):
        for t in range(-(-size // tile)):
            for s in range(tile):
                if t + s < size:
                    times[t + s] += 1
    return convolve(ia, w * times_k[:, None, None, None] * times_c[None, :, None, None], None, stride, pad)


def wrapped(ia: Any, w: Any, stride: int = 1, pad: int = 0, c_s: int = 16, k_s: int = 64) -> np.ndarray:
    """h = -1 is taken as the last row; only rows and columns beyond the end are left out."""
    if not pad:
        return convolve(ia, w, None, stride, 0)
    around = np.pad(np.asarray(ia, np.float64), ((0, 0), (0, 0), (0, pad), (0, pad)))
    rows, columns = (np.r_[np.arange(-pad, 0) % size, np.arange(size + pad)] for size in ia.shape[2:])
    return convolve(around[:, :, rows][:, :, :, columns], w, None, stride, 0)


def last_of_all(ia: Any, w: Any, stride: int = 1, pad: int = 0, c_s: int = 16, k_s: int = 64) -> np.ndarray:
    only = np.zeros_like(w)
    only[:, -1, -1, -1] = w[:, -1, -1, -1]
    return convolve(ia, only, None, stride, pad)


def a_tile_at_a_time(ia: Any, w: Any, stride: int = 1, pad: int = 0, c_s: int = 16, k_s: int = 64) -> np.ndarray:
    """The outputs are set to zero for each tile of channels."""
    first = (w.shape[1] - 1) // c_s * c_s
    return convolve(ia[:, first:], w[:, first:], None, stride, pad)


conv2d_tiled = Exercise(
    name="conv2d_tiled",
    reference=tiled,
    cases=tiled_cases,
    tolerance=1e-6,
    counts=(
        Count(
            "MACs",
            lambda trace: trace.macs,
            tiled_macs,
            "The values are right, the number of multiply-accumulates is not N·K·P·Q·C·R·S: is there one `oa[...] += ia[...] * curr_w` in"
            " the innermost loop, and nothing done for the places beyond C and K?",
            slide=TILING,
        ),
        Count(
            "loads of W",
            lambda trace: trace.loads("W"),
            held_weights,
            "A weight should be loaded once and stay over all p and q: put it into a variable, curr_w, before these two loops begin.",
            slide="04_dataflow#unrolling",
        ),
    ),
    counted=lambda cases: [case for case in cases if not case.kwargs.get("pad") and tiled_macs(case) <= 200][:6],
    misconceptions=(
        Misconception(
            "the ragged tiles are left out",
            without_the_last,
            "C/16 on the slide is rounded down: with 3 channels and tiles of 2 the third is never reached. Round up.",
            TILING,
        ),
        Misconception(
            "the ragged tile of channels is left out",
            partial(without_the_last, which="c"),
            "The number of channel tiles is rounded down: with 3 channels and tiles of 2 the third is never reached.",
            TILING,
        ),
        Misconception(
            "the ragged tile of filters is left out",
            partial(without_the_last, which="k"),
            "The number of filter tiles is rounded down: with 3 filters and tiles of 2 the third is never reached.",
            TILING,
        ),
        Misconception(
            "no guard for the ragged tiles",
            unguarded,
            "Where the last tile is not full, curr_c and curr_k run beyond C and K. Those places have to be passed over.",
            TILING,
        ),
        Misconception(
            "no guard for the ragged tile of filters",
            partial(unguarded, which="k"),
            "Where the last tile of filters is not full, curr_k runs beyond K. Those places have to be passed over.",
            TILING,
        ),
        Misconception(
            "no guard for the ragged tile of channels",
            partial(unguarded, which="c"),
            "Where the last tile of channels is not full, curr_c runs beyond C. Those places have to be passed over.",
            TILING,
        ),
        Misconception(
            "the last channel and filter are counted several times",
            clamped,
            "Where the last tile is not full, the last channel (or filter) is used again. Places beyond it must do nothing at all.",
            TILING,
        ),
        Misconception(
            "the tile's number is not multiplied by its size",
            forgot_the_size,
            "Tile c_t begins at channel c_t * c_s: c = c_t + i visits some channels twice and others never.",
            TILING,
        ),
        Misconception(
            "the outputs begin anew with every tile",
            a_tile_at_a_time,
            "Only the last tile of channels is in the result. An output adds up all tiles.",
            TILING,
        ),
        Misconception(
            "only the last product is kept",
            last_of_all,
            "Each output is a sum over c, r and s. Does a later product overwrite the earlier ones (= where += is meant)?",
            "04_dataflow#loop-order",
        ),
        Misconception(
            "a negative row is taken from the other end",
            wrapped,
            "Row h = p * stride - pad + r can be below 0, and row -1 is the last one: Python does not complain. A pixel outside is 0.",
            "01_intro#stride-and-padding",
        ),
        Misconception(
            "the padding is ignored",
            lambda ia, w, stride=1, pad=0, c_s=16, k_s=64: without_padding(ia, w, None, stride, pad),
            "Your answer does not change with pad. Zeros outside the image make room for more windows.",
            "01_intro#stride-and-padding",
        ),
        Misconception(
            "the filter is flipped",
            lambda ia, w, stride=1, pad=0, c_s=16, k_s=64: convolve(ia, w[:, :, ::-1, ::-1], None, stride, pad),
            "The filter is turned by 180 degrees. Networks do not flip.",
            "01_intro#the-window-and-its-sum",
        ),
    ),
    picture=plane_picture,
    hint="First write the slide's loops for sizes that the tiles divide. Then: how many tiles are there, and which places do nothing?",
    slide=TILING,
)

# --- cycles and traffic of the slide's array ---------------------------------------------------------------------------


def layer_case(label: str, rows: int = 16, cols: int = 64, **letters: Any) -> Case:
    return Case((Made("conv_shape", letters), rows, cols), label=f"{label}, on {rows} x {cols} PEs")


def array_cases(rng: np.random.Generator) -> list[Case]:
    square: Callable[..., dict[str, Any]] = lambda C, H, K, R, **more: {"N": 1, "C": C, "H": H, "W": H, "K": K, "R": R, "S": R, **more}
    cases = [
        layer_case("4 channels, 4 filters, a 1x1 layer of 2x3 pixels", 2, 2, N=1, C=4, H=2, W=3, K=4, R=1, S=1),
        layer_case("2 channels, 4 filters of 2x1, 4x5 pixels", 2, 4, N=1, C=2, H=4, W=5, K=4, R=2, S=1),
        layer_case("3 channels: the second tile is half empty", 2, 4, N=1, C=3, H=4, W=5, K=4, R=2, S=2),
        layer_case("one channel on two rows", 2, 2, N=1, C=1, H=3, W=3, K=5, R=2, S=2),
        layer_case("a batch of 3", 2, 4, N=3, C=4, H=4, W=5, K=8, R=2, S=2),
        layer_case("the lecture's layer, 64 to 64 channels", **square(64, 56, 64, 3, pad=1)),
        layer_case("a first layer, 3 channels", **square(3, 224, 64, 3, pad=1)),
        layer_case("AlexNet's first layer", **square(3, 224, 64, 11, stride=4, pad=2)),
        layer_case("512 to 512 channels, 7x7 pixels", **square(512, 7, 512, 3, pad=1)),
    ]
    for _ in range(8):
        N, C, K = int(rng.integers(1, 4)), int(rng.integers(1, 100)), int(rng.integers(1, 200))
        R, S, H, W = (int(v) for v in rng.integers(1, 6, 4) + (0, 0, 6, 6))
        rows, cols = (int(v) for v in rng.integers(2, 40, 2))
        cases.append(layer_case(f"N={N} C={C} K={K} {H}x{W}, {R}x{S}", rows, cols, N=N, C=C, H=H, W=W, K=K, R=R, S=S))
    return cases


def cycles_and_use(shape: Any, rows: int = 16, cols: int = 64) -> dict[str, float]:
    """One turn of the loops in time a cycle: N·R·S·ceil(C/rows)·ceil(K/cols)·P·Q; utilisation is MACs over PEs x cycles."""
    cycles = shape.N * shape.R * shape.S * -(-shape.C // rows) * -(-shape.K // cols) * shape.P * shape.Q
    return {"cycles": cycles, "utilisation": shape.macs / (cycles * rows * cols)}


def by_cycles(cycles: Callable[..., int]) -> Callable[..., dict[str, float]]:
    """An answer whose utilisation follows from its own number of cycles."""

    def function(shape: Any, rows: int = 16, cols: int = 64) -> dict[str, float]:
        count = cycles(shape, rows, cols)
        return {"cycles": count, "utilisation": shape.macs / (count * rows * cols) if count else 0.0}

    return function


def turns(shape: Any, rows: int, cols: int) -> int:
    return int(cycles_and_use(shape, rows, cols)["cycles"])


SPATIAL, TRAFFIC = "04_dataflow#spatial", "04_dataflow#traffic"

array_cycles = Exercise(
    name="array_cycles",
    reference=cycles_and_use,
    cases=array_cases,
    tolerance=1e-9,
    misconceptions=(
        Misconception(
            "the tiles are rounded down",
            by_cycles(
                lambda shape, rows, cols: (
                    turns(shape, rows, cols) // (-(-shape.C // rows) * -(-shape.K // cols)) * (shape.C // rows) * (shape.K // cols)
                )
            ),
            "With 3 channels on 2 rows there are two turns, the second of them half empty: round the number of tiles up.",
            SPATIAL,
        ),
        Misconception(
            "all PEs are always at work",
            by_cycles(lambda shape, rows, cols: -(-shape.macs // (rows * cols))),
            "MACs over PEs is what a perfect array needs. Here a row takes a channel, a column a filter; where those run out, it idles.",
            SPATIAL,
        ),
        Misconception(
            "rows and columns have changed places",
            by_cycles(lambda shape, rows, cols: turns(shape, cols, rows)),
            "The channels lie along the rows, the filters along the columns.",
            SPATIAL,
        ),
        Misconception(
            "the batch is left out",
            by_cycles(lambda shape, rows, cols: turns(shape, rows, cols) // shape.N),
            "Your cycles do not change with N. Every image takes its own.",
            SPATIAL,
        ),
        Misconception(
            "the taps are left out",
            by_cycles(lambda shape, rows, cols: turns(shape, rows, cols) // (shape.R * shape.S)),
            "The loops over r and s run in time: every tap of the filter is a pass over the pixels.",
            SPATIAL,
        ),
        Misconception(
            "input pixels in place of outputs",
            by_cycles(lambda shape, rows, cols: turns(shape, rows, cols) // (shape.P * shape.Q) * shape.H * shape.W),
            "The inner loops run over p and q, the outputs; there are P·Q of them, not H·W.",
            SPATIAL,
        ),
        Misconception(
            "per cent",
            lambda shape, rows=16, cols=64: (answer := cycles_and_use(shape, rows, cols)) | {"utilisation": 100 * answer["utilisation"]},
            "The cycles are right, the utilisation is a hundred times too large: it is a share, from 0 to 1.",
            SPATIAL,
        ),
        Misconception(
            "only the channels are looked at",
            lambda shape, rows=16, cols=64: cycles_and_use(shape, rows, cols) | {"utilisation": shape.C / (rows * -(-shape.C // rows))},
            "The cycles are right. Columns can be idle, too, where K is no multiple of them.",
            SPATIAL,
        ),
        Misconception(
            "the rows in use, rounded up to all",
            lambda shape, rows=16, cols=64: cycles_and_use(shape, rows, cols) | {"utilisation": 1.0},
            "The cycles are right. How many multiply-accumulates would all PEs do in them, and how many are there to do?",
            SPATIAL,
        ),
    ),
    hint="Every loop that is not spatial is a loop in time: multiply them. Utilisation is MACs over what all PEs could do in these cycles.",
    slide=SPATIAL,
)


def buffer_words(shape: Any, rows: int = 16, cols: int = 64) -> dict[str, int]:
    """Words between the buffer and the array for n r s c_t k_t | c_s k_s | p q, with multicast and a tree of adders."""
    taps, pixels = shape.N * shape.R * shape.S, shape.P * shape.Q
    writes = taps * -(-shape.C // rows) * shape.K * pixels
    return {
        "W reads": taps * shape.C * shape.K,
        "IA reads": taps * shape.C * -(-shape.K // cols) * pixels,
        "OA writes": writes,
        "OA reads": writes - shape.N * shape.K * pixels,
    }


def otherwise(**changed: Callable[[Any, int, int], int]) -> Callable[..., dict[str, int]]:
    def function(shape: Any, rows: int = 16, cols: int = 64) -> dict[str, int]:
        right = buffer_words(shape, rows, cols)
        return right | {name.replace("_", " "): entry(shape, rows, cols) for name, entry in changed.items()}

    return function


def no_tree(shape: Any, rows: int, cols: int) -> int:
    return int(shape.macs)


slide_traffic = Exercise(
    name="slide_traffic",
    reference=buffer_words,
    cases=array_cases,
    misconceptions=(
        Misconception(
            "no multicast",
            otherwise(IA_reads=no_tree),
            "All columns need the same pixel in the same cycle. It is read once and sent to all of them.",
            TRAFFIC,
        ),
        Misconception(
            "no tree of adders",
            otherwise(OA_writes=no_tree, OA_reads=lambda shape, rows, cols: shape.macs - shape.N * shape.K * shape.P * shape.Q),
            "The rows of a column add to one output in one cycle. A tree of adders makes a single number of them before it is written.",
            TRAFFIC,
        ),
        Misconception(
            "the first partial sum is read, too",
            otherwise(OA_reads=lambda shape, rows, cols: buffer_words(shape, rows, cols)["OA writes"]),
            "The first time an output is visited there is nothing to read: it starts from zero.",
            TRAFFIC,
        ),
        Misconception(
            "an output is written once",
            otherwise(OA_writes=lambda shape, rows, cols: shape.N * shape.K * shape.P * shape.Q, OA_reads=lambda shape, rows, cols: 0),
            "The loops p and q are inside r, s and c_t: before an output is complete, all others have their turn, and it has to wait.",
            TRAFFIC,
        ),
        Misconception(
            "a weight is read for every pixel",
            otherwise(W_reads=no_tree),
            "While p and q run, the weight of a PE does not change: it is read once, and stays.",
            TRAFFIC,
        ),
        Misconception(
            "the weights stay for all images",
            otherwise(W_reads=lambda shape, rows, cols: shape.K * shape.C * shape.R * shape.S),
            "The outermost loop is n: with the next image all weights come again.",
            TRAFFIC,
        ),
        Misconception(
            "the inputs are read once for all filters",
            otherwise(IA_reads=lambda shape, rows, cols: shape.N * shape.R * shape.S * shape.C * shape.P * shape.Q),
            "For each tile of filters, each step of k_t, the pixels pass by again.",
            TRAFFIC,
        ),
        Misconception(
            "tiles are always full",
            otherwise(
                W_reads=lambda shape, rows, cols: shape.N * shape.R * shape.S * -(-shape.C // rows) * rows * -(-shape.K // cols) * cols,
                IA_reads=lambda shape, rows, cols: buffer_words(shape, rows, cols)["IA reads"] // shape.C * -(-shape.C // rows) * rows,
                OA_writes=lambda shape, rows, cols: buffer_words(shape, rows, cols)["OA writes"] // shape.K * -(-shape.K // cols) * cols,
                OA_reads=lambda shape, rows, cols: (buffer_words(shape, rows, cols)["OA reads"]) // shape.K * -(-shape.K // cols) * cols,
            ),
            "The ragged tile is counted as a full one. PEs beyond C and K fetch nothing and write nothing.",
            TRAFFIC,
        ),
    ),
    hint="Take the loops one by one: which of them move the tensor, and inside which does it stay? Then: which PEs share the word?",
    slide=TRAFFIC,
)

# --- how many configurations? ------------------------------------------------------------------------------------------


def powers(number: int) -> list[int]:
    """The exponents of the prime factorisation: 56 = 2·2·2·7 -> [3, 1]."""
    out, prime = [], 2
    while number > 1:
        exponent = 0
        while number % prime == 0:
            number, exponent = number // prime, exponent + 1
        if exponent:
            out.append(exponent)
        prime += 1
    return out


def factorisations(extent: int, levels: int) -> int:
    """In how many ways is `extent` a product of `levels` factors, their order counted? Each prime is shared out on its own."""
    return math.prod(math.comb(e + levels - 1, levels - 1) for e in powers(extent))


def configurations(extents: Mapping[str, int], levels: int) -> int:
    """Tile sizes of all loops, times the orders of the loops at every level."""
    return math.prod(factorisations(extent, levels) for extent in extents.values()) * math.factorial(len(extents)) ** levels


def config_cases(rng: np.random.Generator) -> list[Case]:
    table: list[tuple[dict[str, int], int]] = [
        ({"q": 4}, 2),
        ({"q": 6}, 2),
        ({"q": 4, "s": 3}, 2),
        ({"k": 64}, 3),
        ({"q": 9, "s": 4}, 1),
        ({"q": 1, "s": 5}, 3),
        ({"k": 12, "c": 8, "q": 7}, 2),
        ({"n": 1, "k": 64, "p": 56, "q": 56, "c": 64, "r": 3, "s": 3}, 2),
        ({"k": 64, "p": 56, "q": 56, "c": 64, "r": 3, "s": 3}, 3),
    ]
    for _ in range(8):
        letters = [str(v) for v in rng.permutation(list("kpqc"))[: int(rng.integers(1, 5))]]
        table.append(({letter: int(rng.integers(1, 97)) for letter in letters}, int(rng.integers(1, 4))))
    return [
        Case((extents, levels), label=" ".join(f"{k}={v}" for k, v in extents.items()) + f", {levels} level{'s' if levels > 1 else ''}")
        for extents, levels in table
    ]


def unordered(number: int, parts: int, least: int = 1) -> int:
    """Factorisations whose order does not count."""
    if parts == 1:
        return 1 if number >= least else 0
    return sum(unordered(number // d, parts - 1, d) for d in range(least, number + 1) if number % d == 0)


def with_ways(ways: Callable[[int, int], int], orders: Callable[[int, int], int] | None = None) -> Callable[..., int]:
    def function(extents: Mapping[str, int], levels: int) -> int:
        permuted = math.factorial(len(extents)) ** levels if orders is None else orders(len(extents), levels)
        return math.prod(ways(extent, levels) for extent in extents.values()) * permuted

    return function


SPACE = "04_dataflow#configurations"

count_configs = Exercise(
    name="count_configs",
    reference=configurations,
    cases=config_cases,
    misconceptions=(
        Misconception(
            "the factors' order is not counted",
            with_ways(unordered),
            "There are three ways to make 4 of two factors: 1·4, 2·2 and 4·1. It matters at which level the 4 is.",
            SPACE,
        ),
        Misconception(
            "the loop orders are left out",
            with_ways(factorisations, lambda loops, levels: 1),
            "You have counted the tile sizes. At each level the loops can also stand in any order.",
            SPACE,
        ),
        Misconception(
            "one order for all levels",
            with_ways(factorisations, lambda loops, levels: math.factorial(loops)),
            "Every level has an order of its own: for two levels the number of orders is squared.",
            SPACE,
        ),
        Misconception(
            "orders of levels added up",
            with_ways(factorisations, lambda loops, levels: math.factorial(loops) * levels),
            "Any order of one level goes with any order of the next: multiply.",
            SPACE,
        ),
        Misconception(
            "one cut too many",
            with_ways(lambda extent, levels: factorisations(extent, levels + 1)),
            "Three levels mean three factors. With one level there is nothing to choose: 64 = 64.",
            SPACE,
        ),
        Misconception(
            "all primes are one",
            with_ways(lambda extent, levels: math.comb(sum(powers(extent)) + levels - 1, levels - 1)),
            "Right for powers of one prime. In 6 = 2·3 the two factors differ: share out each prime on its own and multiply.",
            SPACE,
        ),
        Misconception(
            "each factor is chosen freely",
            with_ways(lambda extent, levels: math.prod(e + 1 for e in powers(extent)) ** (levels - 1)),
            "Right for two levels. With three, the second factor has to divide what the first has left over.",
            SPACE,
        ),
        Misconception(
            "the loops are added up",
            lambda extents, levels: sum(factorisations(e, levels) for e in extents.values()) * math.factorial(len(extents)) ** levels,
            "Every tiling of one loop goes with every tiling of the next: multiply.",
            SPACE,
        ),
    ),
    hint="Write down all ways to make 4 of two factors, then of 6. For larger numbers: a recursion over the first factor, or the primes.",
    slide=SPACE,
)

# --- the least that must move ------------------------------------------------------------------------------------------


def least_moved(shape: Any, fast: int) -> float:
    """max(everything once, 2·MACs / √(R·S·fast) - 2·fast) for stride 1 without padding."""
    once = shape.N * shape.C * shape.H * shape.W + shape.params + shape.N * shape.K * shape.P * shape.Q
    return float(max(once, proven(shape, fast)))


def proven(shape: Any, fast: int, copies: int | None = None) -> float:
    return float(2 * shape.macs / math.sqrt((shape.R * shape.S if copies is None else copies) * fast) - 2 * fast)


def bound_cases(rng: np.random.Generator) -> list[Case]:
    square: Callable[..., dict[str, Any]] = lambda C, H, K, R: {"N": 1, "C": C, "H": H, "W": H, "K": K, "R": R, "S": R}
    table: list[tuple[dict[str, Any], int, str]] = [
        ({"N": 1, "C": 2, "H": 6, "W": 7, "K": 3, "R": 2, "S": 3}, 1000, "a small layer, and room for all of it"),
        (square(64, 56, 64, 3), 1024, "64 to 64 channels, 56x56, 1,024 words"),
        (square(64, 56, 64, 3), 65536, "the same with 65,536 words"),
        (square(16, 9, 16, 3), 2, "16 to 16 channels, 9x9, 2 words"),
        ({"N": 3, "C": 4, "H": 8, "W": 9, "K": 5, "R": 3, "S": 3}, 10_000, "a batch of 3, and room for all of it"),
        (square(3, 56, 64, 3), 256, "the course's layer, 256 words"),
        (square(256, 14, 1024, 1), 512, "a 1x1 layer, 512 words"),
        ({"N": 4, "C": 16, "H": 20, "W": 31, "K": 24, "R": 3, "S": 5}, 64, "a batch of 4, 3x5 taps, 64 words"),
    ]
    for _ in range(8):
        N, C, K = int(rng.integers(1, 4)), int(rng.integers(1, 65)), int(rng.integers(1, 65))
        R, S, H, W = (int(v) for v in rng.integers(1, 5, 4) + (0, 0, 8, 8))
        fast = int(2 ** rng.integers(3, 11))
        letters = {"N": N, "C": C, "H": H, "W": W, "K": K, "R": R, "S": S}
        table.append((letters, fast, ", ".join(f"{k}={v}" for k, v in letters.items()) + f"; {fast} words"))
    return [Case((Made("conv_shape", letters), fast), label=label) for letters, fast, label in table]


BOUND = "04_dataflow#lower-bound"


def once_and(shape: Any, other: float, **left: int) -> float:
    parts = {"ia": shape.N * shape.C * shape.H * shape.W, "w": shape.params, "oa": shape.N * shape.K * shape.P * shape.Q} | left
    return float(max(sum(parts.values()), other))


conv_io_lower_bound = Exercise(
    name="conv_io_lower_bound",
    reference=least_moved,
    cases=bound_cases,
    tolerance=1e-9,
    misconceptions=(
        Misconception(
            "everything once is forgotten",
            lambda shape, fast: proven(shape, fast),
            "With a large memory your bound falls below the tensors' own size, even below 0. All of them must pass at least once.",
            BOUND,
        ),
        Misconception(
            "only everything once",
            lambda shape, fast: once_and(shape, 0.0),
            "That holds for a memory of any size. A small one cannot keep all it will need again: the other formula says what that costs.",
            BOUND,
        ),
        Misconception(
            "the sum of both",
            lambda shape, fast: once_and(shape, 0.0) + max(0.0, proven(shape, fast)),
            "Both are lower bounds of the same traffic. The larger one holds; their sum need not.",
            BOUND,
        ),
        Misconception(
            "the smaller of both",
            lambda shape, fast: min(once_and(shape, 0.0), proven(shape, fast)),
            "The traffic is above each of the two bounds, and so above the larger one.",
            BOUND,
        ),
        Misconception(
            "the bound of a matrix product",
            lambda shape, fast: once_and(shape, proven(shape, fast, 1)),
            "That would be the bound if every window were copied. A pixel in the memory serves R·S windows: that belongs under the root.",
            BOUND,
        ),
        Misconception(
            "no root",
            lambda shape, fast: once_and(shape, 2 * shape.macs / (shape.R * shape.S * fast) - 2 * fast),
            "A memory four times as large halves the traffic; yours quarters it. The root is missing.",
            BOUND,
        ),
        Misconception(
            "one operand a MAC",
            lambda shape, fast: once_and(shape, shape.macs / math.sqrt(shape.R * shape.S * fast) - 2 * fast),
            "There is a 2 before the MACs.",
            BOUND,
        ),
        Misconception(
            "what the memory holds is not taken off",
            lambda shape, fast: once_and(shape, 2 * shape.macs / math.sqrt(shape.R * shape.S * fast)),
            "The formula has a second term: what lies in the memory at the end need not be counted, so 2·fast is taken off.",
            BOUND,
        ),
        Misconception(
            "the outputs are left out",
            lambda shape, fast: once_and(shape, proven(shape, fast), oa=0),
            "Everything once: the input, the weights, and the output, which has to be written.",
            BOUND,
        ),
        Misconception(
            "the images are left out",
            lambda shape, fast: once_and(shape, proven(shape, fast), ia=shape.C * shape.H * shape.W, oa=shape.K * shape.P * shape.Q),
            "Your count of everything once does not change with N.",
            BOUND,
        ),
        Misconception(
            "bytes",
            lambda shape, fast: 4 * least_moved(shape, fast),
            "Four times too much: count words, not bytes.",
            BOUND,
        ),
    ),
    hint="Two numbers, and the larger is the answer: the size of all three tensors, and the formula with the root.",
    slide=BOUND,
)

# --- a design ----------------------------------------------------------------------------------------------------------

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
    from ..machine.pe_array import placement

    nest, array = nest_of(design, shape_of(DESIGN_LAYER)), array_of()
    try:
        placement(nest, array)
    except ValueError as error:
        raise Unreadable(f"room: {str(error).removeprefix('spatial: ')}") from None
    return nest


def array_of() -> Any:
    from ..machine.pe_array import PEArray

    return PEArray(**DESIGN_ARRAY)


def fits(design: Any) -> str:
    on_the_array(design)
    return FITS


def edp(design: Any) -> int:
    """Energy x cycles of a design, in 10^9 (a MAC and a cycle are 1 each), rounded up."""
    from ..machine.pe_array import design_report

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

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for exercise in (
        psum_share,
        conv1d_os,
        conv1d_ws,
        conv1d_is,
        access_counts,
        fetches,
        slide_nest,
        conv2d_tiled,
        array_cycles,
        slide_traffic,
        count_configs,
        conv_io_lower_bound,
        design,
    )
}
