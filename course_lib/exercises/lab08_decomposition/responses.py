"""Cut the responses, not the weights: principal components of what the layer really answers."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Misconception

RESPONSES = "08_decomposition#responses"


def principal(y: np.ndarray, rank: int, centred: bool = True, shift: bool = True, first: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """y[K,n] -> m[K,K] = U Uᵀ, b[K] = mean - m @ mean; the options are wrong ideas."""
    y = np.asarray(y, np.float64)
    mean = y.mean(1)
    parts = y - mean[:, None] if centred else y
    values, vectors = np.linalg.eigh(parts @ parts.T)
    u = vectors[:, np.argsort(values)[::-1][:rank]] if first else vectors[:, :rank]
    m = u @ u.T
    return m, mean - m @ mean if shift else np.zeros(len(y))


def map_of(answer: Any) -> np.ndarray:
    """(u[K, rank], b[K]) -> u @ u.T, b and the rank: eigenvectors may have either sign."""
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise ValueError(f"result: want u[K, rank] and b[K], got a {type(answer).__name__}")
    u, b = (np.asarray(a, np.float64) for a in answer)
    if u.ndim != 2 or b.shape != (len(u),):
        raise ValueError(f"result: want u[K, rank] and b[K], got {u.shape} and {b.shape}")
    return np.concatenate([(u @ u.T).ravel(), b, [u.shape[1]]])


def directions(y: np.ndarray, rank: int, **options: Any) -> tuple[np.ndarray, np.ndarray]:
    """(u[K, rank], b[K]) as asked for."""
    m, b = principal(y, rank, **options)
    values, vectors = np.linalg.eigh(m)
    return vectors[:, np.argsort(values)[::-1][:rank]], b


def response_cases(rng: np.random.Generator) -> list[Case]:
    cases = []
    for K, n, rank in [(2, 3, 1), (2, 6, 1), (3, 8, 2), (4, 10, 1), (5, 12, 3), (8, 30, 4), (6, 20, 6)]:
        turn = np.linalg.qr(rng.standard_normal((K, K)))[0]
        spread = (np.arange(K, 0, -1) ** 1.5)[:, None] * rng.choice([-1.0, 1.0], (K, n)) * rng.uniform(0.8, 1.2, (K, n))
        y = np.round(turn @ spread + rng.uniform(3, 6, K)[:, None], 3)
        cases.append(Case((y, rank), label=f"{K} responses at {n} places, rank {rank}"))
    return cases


channel_decompose = Exercise(
    name="channel_decompose",
    reference=directions,
    cases=response_cases,
    tolerance=1e-5,
    reading=map_of,
    misconceptions=(
        Misconception(
            "the mean is not taken away",
            partial(directions, centred=False),
            "The first direction points to the mean, which the bias could have given for nothing: subtract the mean"
            " before the eigenvectors.",
            RESPONSES,
        ),
        Misconception(
            "the bias is forgotten",
            partial(directions, shift=False),
            "Your u is right. b must put back what the cut takes of the mean: b = mean - u @ u.T @ mean.",
            RESPONSES,
        ),
        Misconception(
            "the smallest directions",
            partial(directions, first=False),
            "Note that np.linalg.eigh sorts upwards: the largest eigenvalues come last. You keep the smallest.",
            RESPONSES,
        ),
        Misconception(
            "the mean is the bias",
            lambda y, rank: (directions(y, rank)[0], np.asarray(y, np.float64).mean(1)),
            "With b = mean, the part of the mean that u keeps is counted twice: b = mean - u @ u.T @ mean.",
            RESPONSES,
        ),
        Misconception(
            "the bias has the wrong sign",
            lambda y, rank: (directions(y, rank)[0], -directions(y, rank)[1]),
            "Your u is right, and b has the wrong sign: where all responses are the mean, u @ u.T @ mean + b must be the mean.",
            RESPONSES,
        ),
        Misconception(
            "all directions are kept",
            lambda y, rank: directions(y, len(y)),
            "Your u has K columns, so nothing is cut: keep `rank` of them.",
            RESPONSES,
        ),
    ),
    hint="mean = y.mean(1); eigenvectors of (y - mean) @ (y - mean).T with the largest eigenvalues are u; b = mean - u @ u.T @ mean.",
    slide=RESPONSES,
)
