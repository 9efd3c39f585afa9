"""A Gaussian process in closed form, and several of them, each on trials drawn again, that vote."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Misconception

GP, VOTES = "14_tvm2#gaussian", "14_tvm2#bao"


def similar(one: np.ndarray, other: np.ndarray, length: float, form: str = "") -> np.ndarray:
    square = ((one[:, None] - other[None]) ** 2).sum(-1)
    below = {"": 2 * length**2, "length not squared": 2 * length, "no half": length**2}[form]
    out: np.ndarray = np.exp(-square / below)
    return out


def posterior(
    x: Any, y: Any, around: Any, length: float, noise: float, form: str = "", nugget: str = "squared", spread: str = "root"
) -> tuple[np.ndarray, np.ndarray]:
    """(mean, standard deviation) of f at `around`; the options but the first are wrong ideas."""
    x, y, around = (np.asarray(a, np.float64) for a in (x, y, around))
    cross = similar(x, around, length, form)
    noisy = similar(x, x, length, form) + {"squared": noise**2, "plain": noise, "none": 1e-10}[nugget] * np.eye(len(x))
    half = np.linalg.solve(noisy, cross)
    mean = half.T @ y
    variance = np.maximum(1 - (cross * half).sum(0), 1e-12)
    if spread == "prior":
        return mean, np.ones(len(around))
    if spread == "with noise":
        return mean, np.sqrt(variance + noise**2)
    return mean, np.sqrt(variance) if spread == "root" else variance


def unsolved(x: Any, y: Any, around: Any, length: float, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """The mean as a sum of similar trials' values, without solving."""
    cross = similar(np.asarray(x, float), np.asarray(around, float), length)
    return cross.T @ np.asarray(y, float), posterior(x, y, around, length, noise)[1]


def places(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """n different points with a little air between them."""
    grid = rng.permutation(5**d)[:n]
    return np.stack([(grid // 5**i) % 5 for i in range(d)], 1) * 0.8 + np.round(rng.uniform(-0.1, 0.1, (n, d)), 2)


def gp_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case((np.array([[0.0]]), np.array([2.0]), np.array([[0.0], [1.0], [9.0]]), 0.7, 0.5), label="one trial; at it, near it, far away"),
        Case((np.array([[0.0], [1.0]]), np.array([1.0, -1.0]), np.array([[0.5], [2.0]]), 0.6, 0.2), label="two trials, two places"),
    ]
    for n, d, m in [(4, 1, 3), (6, 2, 4), (9, 2, 5), (12, 3, 6), (16, 3, 4)]:
        length, noise = float(np.round(rng.uniform(0.5, 0.8), 2)), float(np.round(rng.uniform(0.1, 0.5), 2))
        args = (places(rng, n, d), np.round(rng.standard_normal(n), 2), np.round(rng.uniform(-0.5, 3.5, (m, d)), 2), length, noise)
        cases.append(Case(args, label=f"{n} trials of {d} knob{'s' * (d > 1)}, {m} places"))
    return cases


gp_predict = Exercise(
    name="gp_predict",
    reference=posterior,
    cases=gp_cases,
    tolerance=1e-6,
    misconceptions=(
        Misconception(
            "the noise is not squared",
            partial(posterior, nugget="plain"),
            "You add noise to the diagonal. `noise` is a standard deviation: the diagonal gets noise².",
            GP,
        ),
        Misconception(
            "the noise is left out",
            partial(posterior, nugget="none"),
            "Your mean goes exactly through the trials. They are noisy: K + noise² I is what is solved with.",
            GP,
        ),
        Misconception(
            "the variance in place of its root",
            partial(posterior, spread="variance"),
            "The mean is right, and you give the variance: take its root.",
            GP,
        ),
        Misconception(
            "as uncertain everywhere",
            partial(posterior, spread="prior"),
            "You are as uncertain at a trial as far away from all. The trials take kᵀ (K + noise² I)⁻¹ k away from the variance.",
            GP,
        ),
        Misconception(
            "the next measurement, not f",
            partial(posterior, spread="with noise"),
            "Yours is the spread of a next noisy measurement. Asked for is that of f itself, without noise.",
            GP,
        ),
        Misconception(
            "the length is not squared",
            partial(posterior, form="length not squared"),
            "In the kernel the length is squared as the distance is: exp(-d² / (2 length²)).",
            GP,
        ),
        Misconception(
            "the half is missing in the kernel",
            partial(posterior, form="no half"),
            "Your kernel falls too fast: exp(-d² / (2 length²)), with the 2.",
            GP,
        ),
        Misconception(
            "nothing is solved",
            unsolved,
            "Your mean adds up similar trials; two trials side by side count double. Solve (K + noise² I) a = y, then kᵀ a.",
            GP,
        ),
    ),
    hint="K = k(x, x) + noise² I; c = k(x, around); mean = cᵀ K⁻¹ y; deviation = sqrt(1 - column sums of c · (K⁻¹ c)).",
    slide=GP,
)

# --- votes -------------------------------------------------------------------------------------------------------------


def voted(x: Any, y: Any, around: Any, draws: Any, length: float, noise: float, wrong: str = "") -> np.ndarray:
    """Sum over draws of the mean of a process that saw only the drawn trials; `wrong` names a wrong idea."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    total = np.zeros(len(around))
    for draw in draws:
        rows = {"": list(draw), "all": list(range(len(x))), "once": sorted(set(draw))}.get(wrong, list(draw))
        mean, deviation = posterior(x[rows], y[: len(rows)] if wrong == "y in order" else y[rows], around, length, noise)
        if wrong == "winners":
            total[int(np.argmax(mean))] += 1
        elif wrong == "last":
            total = mean
        else:
            total = total + (deviation if wrong == "deviation" else mean)
    return total / len(draws) if wrong == "mean" else total


def vote_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case(
            (np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 0.5, -1.0]), np.array([[0.5], [1.5]]), [[2, 0, 0], [1, 1, 2]], 0.7, 0.3),
            label="three trials, two draws, two places",
        )
    ]
    for n, d, m, count in [(5, 1, 3, 2), (6, 2, 4, 2), (8, 2, 5, 3), (10, 2, 6, 4), (12, 3, 6, 3)]:
        draws = [[int(i) for i in rng.integers(n, size=n)] for _ in range(count)]
        args = (places(rng, n, d), np.round(rng.standard_normal(n), 2), np.round(rng.uniform(-0.5, 3.5, (m, d)), 2), draws, 0.8, 0.3)
        cases.append(Case(args, label=f"{n} trials, {count} draws, {m} places"))
    return cases


bootstrap_votes = Exercise(
    name="bootstrap_votes",
    reference=voted,
    cases=vote_cases,
    tolerance=1e-6,
    misconceptions=(
        Misconception(
            "all trials every time",
            partial(voted, wrong="all"),
            "All your models saw the same trials, so all say the same. Each sees only the trials of its draw.",
            VOTES,
        ),
        Misconception(
            "a trial drawn twice counts once",
            partial(voted, wrong="once"),
            "You take doubles out of a draw. A trial that is drawn twice counts twice: that is what makes the models differ.",
            VOTES,
        ),
        Misconception(
            "the mean of the votes",
            partial(voted, wrong="mean"),
            "You divide by the number of draws. The order is the same, but asked for is the sum of the votes.",
            VOTES,
        ),
        Misconception(
            "only the last model",
            partial(voted, wrong="last"),
            "Only the last draw has a say: add its votes to those before.",
            VOTES,
        ),
        Misconception(
            "a vote for the winner only",
            partial(voted, wrong="winners"),
            "You count how often a place was the best. A vote here is the predicted value itself, for every place.",
            VOTES,
        ),
        Misconception(
            "y is not drawn along",
            partial(voted, wrong="y in order"),
            "You draw rows of x and leave y as it is: a configuration then has another one's speed.",
            VOTES,
        ),
        Misconception(
            "the deviations are added",
            partial(voted, wrong="deviation"),
            "You add up the deviations. The votes are the means, the first of what gp_predict gives.",
            VOTES,
        ),
    ),
    hint="For every draw: gp_predict(x[draw], y[draw], around, length, noise)[0]; add them up.",
    slide=VOTES,
)
