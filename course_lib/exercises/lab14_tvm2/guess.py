"""A guess before anything is searched: how many of all schedules are nearly as good as the best?"""

from __future__ import annotations

from ..exercise import Case, Exercise

near_best_share = Exercise(
    name="near_best_share",
    reference=lambda: 50.0,
    # any number from 0 to 100 is accepted: the point is for committing to one before the run
    praise="your guess is written down.",
    tolerance=1.0,
    cases=lambda rng: [Case((), label="your guess")],
    hint="Return one number from 0 to 100: the per cent you expect. Any number in that range earns the point, the right one or not.",
    slide="14_tvm2#questions",
)
