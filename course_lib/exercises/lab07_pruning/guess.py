"""A number put down before anything is known."""

from __future__ import annotations

from ..exercise import Case, Exercise

zeros_for_nothing = Exercise(
    name="zeros_for_nothing",
    reference=lambda: 50.0,
    # any number from 0 to 100 is accepted: the point is for committing to one before the run
    praise="your guess is written down.",
    tolerance=1.0,
    cases=lambda rng: [Case((), label="your guess")],
    hint="Return one number from 0 to 100: the per cent you expect. Any number in that range earns the point, the right one or not.",
    slide="07_pruning#magnitude",
)
