"""From a nest to text, and from text back to the primitives that made it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Misconception
from .primitives import Nest, drawn, text_of

LOWER, RECOVER = "13_tvm1#lowering", "13_tvm1#puzzle"

# --- lowering ----------------------------------------------------------------------------------------------------------


def lowered(nest: Any, body: str, wrong: str = "") -> str:
    """A `for` a loop, four spaces deeper each; `wrong` names a wrong idea."""
    step = {"two": "  ", "flat": ""}.get(wrong, "    ")
    loops: Nest = list(nest)[::-1] if wrong == "inside out" else list(nest)
    end = {"one more": "{} + 1", "from one": "1, {}"}.get(wrong, "{}")
    lines = [f"{step * i}for {name} in range({end.format(extent)}):" for i, (name, extent) in enumerate(loops)]
    depth = len(loops) - (1 if wrong == "body out" else 0)
    return "\n".join([*lines, f"{step * depth}{body}"])


def lower_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case(([("k", 4), ("c", 3)], "oa[k] += ia[c] * wt[k, c]"), label="two loops"),
        Case(([("q", 5)], "oa[q] = 0"), label="one loop"),
    ]
    for loops in (3, 4, 6):
        nest = drawn(rng, loops)
        cases.append(Case((nest, "visit()"), label=text_of(nest)))
    return cases


lower_text = Exercise(
    name="lower_text",
    reference=lowered,
    cases=lower_cases,
    cost=lambda case: 1.0,
    misconceptions=tuple(
        Misconception(name, lambda nest, body, wrong=wrong: lowered(nest, body, wrong), hint, LOWER)
        for name, wrong, hint in (
            ("nothing is indented", "flat", "Nothing is indented: a loop stands inside the one before, four spaces deeper."),
            ("two spaces", "two", "You indent by two spaces; four are asked for."),
            ("the body is not inside", "body out", "Your body stands beside the innermost loop. It is one level deeper."),
            ("inside out", "inside out", "Your innermost loop comes first. The list is from the outside in."),
            ("counted from 1", "from one", "Your loops begin at 1 and miss the index 0."),
            ("one turn more", "one more", "With range(extent) there are extent turns already; there is nothing to add."),
        )
    ),
    hint='Line i: 4·i spaces and f"for {name} in range({extent}):"; last the body, 4·len(nest) spaces deep; joined by line ends.',
    slide=LOWER,
)

# --- recover the nest --------------------------------------------------------------------------------------------------

MOST = 3
Step = tuple[Any, ...]
STEPS: dict[str, list[Step]] = {
    "a": [("reorder", "n r s c k p q")],
    "b": [("tile", "k", 4), ("reorder", "n k_t p q c r s k_s"), ("vectorize", "k_s")],
    "c": [("tile", "c", 2), ("reorder", "n c_t k p q r s c_s"), ("spatial", "c_s")],
}


@lru_cache(1)
def start() -> Any:
    """The layer all goals begin from: 8 channels, 10 × 10, 16 filters of 3 × 3."""
    from ...nest import conv_problem, schedule
    from ...shapes import ConvShape

    return schedule(conv_problem(ConvShape(N=1, C=8, H=10, W=10, K=16, R=3, S=3)))


def after(steps: Any) -> Any:
    """The schedule that the steps make of the plain one; ValueError, in a sentence, where one cannot be done."""
    if not isinstance(steps, tuple | list):
        raise ValueError(f"steps: want a list of primitives, got a {type(steps).__name__}")
    if len(steps) > MOST:
        raise ValueError(f"steps: want at most {MOST} primitives, got {len(steps)}")
    nest = start()
    for step in steps:
        words = list(step) if isinstance(step, tuple | list) else [step]
        try:
            if words[:1] == ["tile"]:
                nest = nest.tile(**{words[1]: words[2]})
            elif words and words[0] in ("reorder", "unroll", "vectorize", "parallel", "spatial", "hold"):
                nest = getattr(nest, words[0])(words[1])
            else:
                raise ValueError(f"there is no primitive {words[0] if words else ''!r}")
        except (ValueError, IndexError, TypeError) as error:
            raise ValueError(f"steps: {error}") from None
    return nest


def goal(name: str) -> str:
    """The lowered text to be reached."""
    return str(after(STEPS[name]))


def text_after(answer: Any) -> str:
    return str(after(answer))


def recovered(name: str, wrong: str = "") -> list[Step]:
    steps = STEPS[name]
    if wrong == "last":
        return steps[:-1]
    if wrong == "kind":
        return [("unroll", s[1]) if s[0] in ("vectorize", "spatial") else s for s in steps]
    if wrong == "outer":
        return [("tile", s[1], {"k": 16, "c": 8}[s[1]] // s[2]) if s[0] == "tile" else s for s in steps]
    if wrong == "no order":
        return [s for s in steps if s[0] != "reorder"]
    if wrong == "pixels":
        return [("reorder", s[1].replace("p q", "q p")) if s[0] == "reorder" else s for s in steps]
    return steps if wrong == "" else []


recover_nest = Exercise(
    name="recover_nest",
    reference=recovered,
    cases=lambda rng: [Case((name,), label=f"goal {name}") for name in STEPS],
    cost=lambda case: 1.0,
    reading=text_after,
    misconceptions=tuple(
        Misconception(name, lambda goal, wrong=wrong: recovered(goal, wrong), hint, RECOVER)
        for name, wrong, hint in (
            (
                "the last primitive is missing",
                "last",
                "One primitive is missing in the end: compare the kinds of the loops.",
            ),
            (
                "the wrong kind of loop",
                "kind",
                "A loop has another kind: `vector_for` is vectorize, `spatial_for` spatial.",
            ),
            (
                "tiles counted, not sized",
                "outer",
                "You gave the number of tiles. `tile` takes the size of one of them.",
            ),
            ("no reorder", "no order", "The loops are made and not moved: the order of the lines is another one."),
            ("p and q exchanged", "pixels", "In yours p and q have changed places: p is outside q in the goal."),
            ("nothing is done", "nothing", "Your list is empty: the nest is as it was."),
        )
    ),
    hint="Read the goal from the outside in: _t and _s come from a tile, the rest is one reorder, a word before `for` a mark.",
    slide=RECOVER,
)
