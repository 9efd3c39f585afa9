"""A guess before anything is split: how much of a ragged tiling is idle?"""

from __future__ import annotations

from ..exercise import Case, Exercise

idle_share = Exercise(
    name="idle_share",
    reference=lambda: 50.0,
    # any number from 0 to 100 is accepted: the point is for committing to one before the run
    praise="your guess is written down.",
    tolerance=1.0,
    cases=lambda rng: [Case((), label="your guess")],
    hint="Return one number from 0 to 100: the per cent you expect. Any number in that range earns the point, the right one or not.",
    slide="13_tvm1#split",
)
