"""When sparse pays: a guess, and the density at which the model's two times meet."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Misconception

BREAK_EVEN, GUESS = "06_sparse#break-even", "06_sparse#title"

csr_speed = Exercise(
    name="csr_speed",
    reference=lambda: 2.5,
    reading=lambda answer: guessed(answer),
    cases=lambda rng: [Case((), label="your guess")],
    misconceptions=(Misconception("no number", lambda: "faster", "Put down a number: 2 for twice as fast, 0.5 for half as fast.", GUESS),),
    hint="A number above 0 and up to 100: how many times as fast as dense.",
    slide=GUESS,
    praise="noted; the truth is further down",
)


def guessed(answer: Any) -> str:
    """Any number will do."""
    if isinstance(answer, int | float) and not isinstance(answer, bool) and 0 < answer <= 100:
        return "a guess"
    raise ValueError(f"guess: want a number above 0, up to 100, got {str(answer)[:40]}")


def times(layer: dict[str, int], machine: dict[str, float], density: float) -> tuple[float, float]:
    """(dense, sparse) seconds by the model."""
    P, Q = layer["H"] - layer["R"] + 1, layer["W"] - layer["R"] + 1
    weights = layer["K"] * layer["C"] * layer["R"] ** 2
    pictures = 4 * (layer["C"] * layer["H"] * layer["W"] + layer["K"] * P * Q)
    work = 2 * weights * P * Q
    dense = max(work / machine["flops"], (pictures + 4 * weights) / machine["bandwidth"])
    sparse = max(
        machine["alpha"] * density * work / machine["flops"], (pictures + 4 * machine["beta"] * density * weights) / machine["bandwidth"]
    )
    return dense, sparse


def density_where_equal(layer: dict[str, int], machine: dict[str, float], of: Any = times) -> float:
    """The largest density, from 0 to 1, at which sparse takes no longer than dense."""
    low, high = 0.0, 1.0
    if of(layer, machine, 1.0)[1] <= of(layer, machine, 1.0)[0]:
        return 1.0
    for _ in range(60):
        middle = (low + high) / 2
        dense, sparse = of(layer, machine, middle)
        low, high = (middle, high) if sparse <= dense else (low, middle)
    return low


def pay_cases(rng: np.random.Generator) -> list[Case]:
    def layer(C: int, H: int, K: int, R: int) -> dict[str, int]:
        return {"C": C, "H": H, "W": H + 2, "K": K, "R": R}

    fast = {"flops": 100e9, "bandwidth": 10e9, "alpha": 3.0, "beta": 2.0}
    table = [
        ("64 to 64 channels, 3x3, alpha 3", layer(64, 58, 64, 3), fast),
        ("512 to 512 channels on 7x7, slow memory", layer(512, 7, 512, 1), fast | {"bandwidth": 1e9}),
        ("alpha 1.2, as on a processor without vectors", layer(128, 30, 128, 3), fast | {"alpha": 1.2}),
        ("alpha 1, 1x1", layer(256, 14, 64, 1), fast | {"alpha": 1.0}),
        ("a layer that only moves memory", layer(1024, 4, 1024, 1), fast | {"bandwidth": 2e9, "beta": 3.0}),
    ]
    for _ in range(8):
        C, K = (int(v) for v in rng.integers(16, 512, 2))
        H, R = int(rng.integers(5, 60)), int(rng.choice([1, 3]))
        machine = fast | {
            "alpha": float(rng.uniform(1.1, 5)),
            "beta": float(rng.uniform(1.2, 3)),
            "bandwidth": float(rng.uniform(1e9, 3e10)),
        }
        table.append((f"{C} to {K} channels on {H} rows, {R}x{R}", layer(C, H, K, R), machine))
    return [Case((one, machine), label=word) for word, one, machine in table]


def other(change: Any) -> Any:
    return lambda layer, machine: density_where_equal(layer, machine, change)


def arithmetic_only(layer: Any, machine: Any, density: float) -> tuple[float, float]:
    return 1.0, machine["alpha"] * density


def memory_only(layer: Any, machine: Any, density: float) -> tuple[float, float]:
    no_work = machine | {"flops": 1e30}
    return times(layer, no_work, density)


def added(layer: Any, machine: Any, density: float) -> tuple[float, float]:
    work, moved = machine | {"bandwidth": 1e30}, machine | {"flops": 1e30}
    return tuple(a + b for a, b in zip(times(layer, work, density), times(layer, moved, density), strict=True))  # type: ignore[return-value]


break_even_density = Exercise(
    name="break_even_density",
    reference=density_where_equal,
    reading=None,
    cases=pay_cases,
    tolerance=0.02,
    misconceptions=(
        Misconception(
            "the share of zeros",
            lambda layer, machine: 1 - density_where_equal(layer, machine),
            "That is the share of zeros, the sparsity. Density is the share that is not zero.",
            BREAK_EVEN,
        ),
        Misconception(
            "memory is forgotten",
            other(arithmetic_only),
            "As long as arithmetic is the limit, 1/alpha is right. Some layers here are limited by what they move: take the larger term.",
            BREAK_EVEN,
        ),
        Misconception(
            "arithmetic is forgotten",
            other(memory_only),
            "You compare the bytes alone. The time is the larger of two terms, and for most layers that is the arithmetic.",
            BREAK_EVEN,
        ),
        Misconception(
            "both terms are added",
            other(added),
            "Arithmetic and memory go on at the same time: the model takes the larger of the two, not their sum.",
            BREAK_EVEN,
        ),
        Misconception(
            "alpha and beta have changed places",
            lambda layer, machine: density_where_equal(layer, machine | {"alpha": machine["beta"], "beta": machine["alpha"]}),
            "The places of alpha and beta are changed: alpha makes the arithmetic dearer, beta the storage of a weight.",
            BREAK_EVEN,
        ),
        Misconception(
            "a sparse MAC costs what a dense one costs",
            lambda layer, machine: density_where_equal(layer, machine | {"alpha": 1.0}),
            "Where is alpha? A multiply-accumulate on a sparse weight takes alpha times as long.",
            BREAK_EVEN,
        ),
    ),
    hint="Write t_dense and t_sparse(density) as two small functions, and halve the interval from 0 to 1 "
    "until they meet. Never more than 1.",
    slide=BREAK_EVEN,
)
