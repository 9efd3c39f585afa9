"""Guesses before anything is counted: how many times more misses, how many times larger."""

from __future__ import annotations

from ..exercise import Case, Exercise

lowered_ratio = Exercise(
    name="lowered_ratio",
    reference=lambda: 50.0,
    # any number from 0 to 100 is accepted: the point is for committing to one before the run
    praise="your guess is written down.",
    tolerance=1.0,
    cases=lambda rng: [Case((), label="your guess")],
    hint="Return one number, 0 to 100: how many times larger. Any number in that range earns the point, the right one or not.",
    slide="03_gemm#im2col-costs-memory",
)

misses_ratio = Exercise(
    name="misses_ratio",
    reference=lambda: 50.0,
    praise="your guess is written down.",
    tolerance=1.0,
    cases=lambda rng: [Case((), label="your guess")],
    hint="Return one number, 0 to 100: how many times as many misses. Any number in that range earns the point, the right one or not.",
    slide="03_gemm#gemm-orders",
)
