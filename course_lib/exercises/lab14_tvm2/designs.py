"""Which few configurations tell most about all: transductive experimental design, and in batches."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..exercise import Case, Exercise, Misconception

TED, BTED = "14_tvm2#ted", "14_tvm2#bted"


def chosen(kernel: Any, m: int, mu: float, score: str = "gain", deflate: str = "with mu", again: bool = False) -> list[int]:
    """m numbers of points by greedy TED; scores and deflations but the first are wrong ideas."""
    k = np.array(kernel, np.float64)
    out: list[int] = []
    for _ in range(m):
        size, diagonal = (k**2).sum(0), np.diag(k)
        worth = {
            "gain": size / (diagonal + mu),
            "size": size,
            "diagonal": diagonal.copy(),
            "least": -size / (diagonal + mu),
            "sum": k.sum(0) / (diagonal + mu),
        }[score]
        if not again:
            worth[out] = -np.inf
        v = int(np.argmax(worth))
        out.append(v)
        if deflate != "never":
            k = k - np.outer(k[:, v], k[v]) / (k[v, v] + (mu if deflate == "with mu" else 1e-12))
    return out


def rbf(x: np.ndarray, width: float) -> np.ndarray:
    return np.exp(-((x[:, None] - x[None]) ** 2).sum(-1) / (2 * width**2))


def numbers_of(answer: Any) -> np.ndarray:
    """The chosen numbers as whole numbers, in their order."""
    try:
        values = np.asarray(answer, np.float64)
    except (TypeError, ValueError):
        raise ValueError("chosen: want a list of whole numbers, got something else") from None
    if values.ndim != 1 or (values != np.rint(values)).any():
        raise ValueError(f"chosen: want a list of whole numbers, got the shape {values.shape}")
    return values


def cluster(rng: np.random.Generator, n: int) -> np.ndarray:
    """Points of which many lie together and some alone."""
    centres = rng.uniform(-3, 3, (3, 2))
    return centres[rng.integers(3, size=n)] + rng.standard_normal((n, 2)) * rng.choice([0.2, 1.2], (n, 1))


def kernel_cases(rng: np.random.Generator) -> list[Case]:
    line = np.array([[0.0], [0.2], [0.5], [3.0]])
    cases = [
        Case((rbf(line, 1.0), 2, 0.1), label="three points close together and one far away, 2 of 4"),
        Case((np.array([[4.0, 1.0, 0.0], [1.0, 1.0, 0.5], [0.0, 0.5, 2.0]]), 2, 0.5), label="a kernel of 3 points by hand, 2 of 3"),
    ]
    for n, m, mu in [(6, 3, 0.1), (8, 8, 0.1), (10, 5, 1.0), (12, 6, 0.5), (15, 9, 0.1), (18, 18, 2.0)]:
        cases.append(Case((np.round(rbf(cluster(rng, n), 1.0), 6), m, mu), label=f"{m} of {n} points, mu = {mu:g}"))
    for n, m in [(9, 4), (12, 7)]:
        x = rng.standard_normal((n, 4)) * rng.uniform(0.3, 2, (n, 1))
        cases.append(Case((np.round(x @ x.T, 6), m, 0.3), label=f"{m} of {n} points, the linear kernel"))
    return cases


ted_select = Exercise(
    name="ted_select",
    reference=chosen,
    cases=kernel_cases,
    cost=lambda case: 1.0,
    reading=numbers_of,
    misconceptions=(
        Misconception(
            "nothing is taken out of the kernel",
            partial(chosen, deflate="never"),
            "You score all points once. What a chosen point explains has to be taken out of the kernel before the next is chosen.",
            TED,
        ),
        Misconception(
            "mu is left out when deflating",
            partial(chosen, deflate="without mu"),
            "You take out K[:, v] K[v] / K[v, v]: as if v were measured without noise. The denominator is K[v, v] + mu.",
            TED,
        ),
        Misconception(
            "the score is not divided",
            partial(chosen, score="size"),
            "Your score is |K[:, v]|² alone. Divided by K[v, v] + mu it is what v explains.",
            TED,
        ),
        Misconception(
            "the least certain point",
            partial(chosen, score="diagonal"),
            "You choose where K[v, v] is largest, the least certain point. That likes outliers; asked for is what tells most about all.",
            TED,
        ),
        Misconception(
            "the smallest score",
            partial(chosen, score="least"),
            "You take the smallest score: the point that tells least.",
            TED,
        ),
        Misconception(
            "a sum, not a sum of squares",
            partial(chosen, score="sum"),
            "You add up the column. Its numbers are squared first: |K[:, v]|².",
            TED,
        ),
        Misconception(
            "a point is chosen twice",
            partial(chosen, again=True),
            "One number stands twice in your list. Points that are chosen must be left out of the argmax.",
            TED,
        ),
    ),
    hint="m times: v = argmax of (K**2).sum(0) / (diag(K) + mu) over points not chosen; K = K - outer(K[:, v], K[v]) / (K[v, v] + mu).",
    slide=TED,
)

# --- in batches --------------------------------------------------------------------------------------------------------


def batched(kernel: Any, pools: Any, m: int, mu: float, wrong: str = "") -> list[int]:
    """TED in each pool, then TED on all that these chose; `wrong` names a wrong idea."""
    k = np.asarray(kernel, np.float64)
    found: list[int] = sorted({i for pool in pools for i in pool}) if wrong == "joined first" else []
    for pool in [] if wrong == "joined first" else pools:
        local = chosen(k[np.ix_(pool, pool)], min(m, len(pool)), mu)
        found += local if wrong == "local" else [pool[i] for i in local]
    union = found if wrong == "doubles" else sorted(set(found))
    if wrong == "no second":
        return list(dict.fromkeys(found))[:m]
    last = chosen(k[np.ix_(union, union)], min(m, len(union)), mu)
    return last if wrong == "not translated" else [union[i] for i in last]


def pool_cases(rng: np.random.Generator) -> list[Case]:
    cases = []
    table = [
        (6, 4, 2, 2, 0.1),
        (9, 6, 2, 3, 0.1),
        (12, 6, 3, 3, 0.1),
        (20, 8, 4, 4, 0.1),
        (30, 12, 4, 6, 0.5),
        (40, 14, 5, 5, 0.1),
    ]
    for n, size, batches, m, mu in table:
        k = np.round(rbf(cluster(rng, n), 1.0), 6)
        pools = [sorted(int(i) for i in rng.permutation(n)[:size]) for _ in range(batches)]
        cases.append(Case((k, pools, m, mu), label=f"{m} of {n} points, {batches} pools of {size}"))
    return cases


bted_select = Exercise(
    name="bted_select",
    reference=batched,
    cases=pool_cases,
    cost=lambda case: 1.0,
    reading=numbers_of,
    misconceptions=(
        Misconception(
            "no second choice",
            partial(batched, wrong="no second"),
            "Only what the first pools chose comes through. All that was chosen is a pool once more: a last TED chooses among it.",
            BTED,
        ),
        Misconception(
            "the whole kernel at once",
            lambda kernel, pools, m, mu: chosen(kernel, m, mu),
            "You run TED on all points and ignore the pools. For a million points that kernel has a million times a million cells.",
            BTED,
        ),
        Misconception(
            "places in the union",
            partial(batched, wrong="not translated"),
            "You return places in the list of candidates. Translate them back to the points' own numbers.",
            BTED,
        ),
        Misconception(
            "places in the pools",
            partial(batched, wrong="local"),
            "TED on a pool gives places in that pool. Translate them to the points' own numbers before you join the pools.",
            BTED,
        ),
        Misconception(
            "the pools are joined first",
            partial(batched, wrong="joined first"),
            "You join the pools before anything is chosen in them: the kernel is as large as all pools together. First TED in each.",
            BTED,
        ),
        Misconception(
            "a point stands twice among the candidates",
            partial(batched, wrong="doubles"),
            "A point that two pools chose stands twice among your candidates and weighs double. It is one candidate.",
            BTED,
        ),
    ),
    hint="For each pool: pool[i] for i in ted_select(kernel of the pool, m, mu). Join them, each once. TED once more on these.",
    slide=BTED,
)
