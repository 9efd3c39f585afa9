"""Searches of frozen landscapes, run once with many seeds and kept: `python benchmarks/tune.py searches` and `transfer` write them.

    runs("conv_128_28", "boosted")        regret[seed, trial], from the file
    search("conv_128_28", "boosted", 3)   the search of seed 3, made now

A way to search is a name in WAYS, or "transfer after A + B" (or "corrected after A + B") with the landscapes it has learnt from. The
file keeps the moments at which a search had a new best, so that a lecture's picture of twenty seeds takes no search at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from ..records import History
from .landscape import Landscape, dealt_anew, landscape
from .tune import tune

FOLDER = Path(__file__).resolve().parents[1] / "data" / "searches"

TRIALS = 96
BEGUN = 48  # trials of a search that has learnt elsewhere, and of those it is held against
PAST = 192  # trials of a history that is learnt from

WAYS = {
    "random": TRIALS,
    "annealing": TRIALS,
    "genetic": TRIALS,
    "reinforce": TRIALS,
    "gaussian": TRIALS,
    "evolution": TRIALS,
    "boosted": TRIALS,
    "active": TRIALS,
    "active, drawn": TRIALS,
    "deep, alone": BEGUN,
}
AFTER = "transfer after "  # a deep process that is tuned on the new layer, as the paper has it
CORRECTED = "corrected after "  # ours: it stays, and an exact process learns its errors
DEALT = ", dealt anew"  # behind the name of a landscape: its costs dealt out at random

SCRATCH = ("deep, alone", "gaussian", "boosted")  # searches without a past; the first is the same process as the one with a past

PAIRS = {  # (learnt before, tuned now), by what the two have in common
    "related": [  # the same kind of layer and of cost, other sizes
        (("conv_64_56", "conv_128_28"), "conv_256_14"),
        (("conv_64_56", "conv_256_14"), "conv_128_28"),
        (("conv_128_28", "conv_256_14"), "conv_64_56"),
        (("energy_64_56",), "energy_128_28"),
        (("energy_128_28",), "energy_64_56"),
    ],
    "another kind": [  # another cost, or another kernel size
        (("cycles_64_56",), "energy_128_28"),
        (("pointwise_256_14",), "conv_64_56"),
        (("energy_64_56",), "cycles_64_56"),
    ],
    "unrelated": [  # a past that says nothing
        (("conv_64_56" + DEALT,), "conv_128_28"),
        (("energy_64_56" + DEALT,), "energy_128_28"),
    ],
}


def after(sources: Iterable[str], way: str = AFTER) -> str:
    """The name of a search that has learnt from these landscapes; `way` is AFTER or CORRECTED."""
    return way + " + ".join(sources)


def proposer(name: str, how: str, seed: int) -> str | Callable[..., Any]:
    """The tuner behind a way to search a landscape. Raises ValueError for a way there is none of."""
    space = landscape(name).space
    drawn = max(32, space.count // 10)
    if how.startswith((AFTER, CORRECTED)):
        from . import transfer

        sources = how.removeprefix(AFTER).removeprefix(CORRECTED).split(" + ")
        way = transfer.corrected if how.startswith(CORRECTED) else transfer.propose
        return transfer.after([(task(source, seed).space, past(source, seed)) for source in sources], seed=seed, way=way)
    if how not in WAYS:
        raise ValueError(f"how: want one of {', '.join(WAYS)} or {AFTER!r}, {CORRECTED!r} and landscapes, got {how!r}")
    # "active" takes our small spaces whole, so its first set is the same for every seed; "drawn" has to do with pools, as in a large space
    if how == "active, drawn":
        from .active import propose

        return partial(propose, pool=drawn)
    if how == "deep, alone":
        from . import transfer

        return partial(transfer.propose, pool=drawn)
    return how


def trials_of(how: str) -> int:
    return BEGUN if how.startswith((AFTER, CORRECTED)) else WAYS[how]


def search(name: str, how: str, seed: int, trials: int = 0) -> History:
    """One search of a landscape, made now; `trials` of it, by default as many as are kept."""
    land = landscape(name)
    return tune(land.space, land, proposer(name, how, seed), trials or trials_of(how), seed)


def task(name: str, seed: int) -> Landscape:
    """A landscape by its name; with DEALT behind it, its costs dealt out by `seed`."""
    land = landscape(name.removesuffix(DEALT))
    return dealt_anew(land, seed) if name.endswith(DEALT) else land


@cache
def past(name: str, seed: int) -> History:
    """What an earlier search left behind: half random, half by boosted trees, as a log does."""
    land = task(name, seed)
    begun = tune(land.space, land, "random", PAST // 2, seed=1000 + seed)
    return tune(land.space, land, "boosted", PAST, seed=1000 + seed, history=begun)


BELIEFS = FOLDER / "beliefs.json"
BEFORE, NOW, AFTER_TRIALS = ("conv_64_56", "conv_256_14"), "conv_128_28", (0, 8, 24)


def believe(seed: int = 0) -> Path:
    """What a deep process that knows other layers believes of all of one more, before its first trial and after some: into BELIEFS.

    Means and deviations are of minus the logarithm of the cost, moved to mean 0 and scaled to spread 1 over the landscape.
    """
    from .dgp import learn
    from .gaussian import standardised
    from .transfer import remember

    land = landscape(NOW)
    memory = remember([(landscape(name).space, past(name, seed)) for name in BEFORE], seed=seed)
    history = search(NOW, after(BEFORE), seed, max(AFTER_TRIALS))
    every = memory.scaled(land.space.features(land.space.all))
    speed = -np.log(np.array([land(config) for config in land.space.all], float))
    rows = []
    for n in AFTER_TRIALS:
        dgp, middle, spread = memory.dgp, speed.mean(), speed.std()
        if n:
            some = History({name: history[name][:n] for name in ("config", "cost", "round", "note")})
            mine = -np.log(np.array(some["cost"], float))
            middle, spread = mine.mean(), mine.std()
            dgp = learn(dgp, memory.scaled(land.space.features(some["config"])), standardised(some), 60, pull=0.1, seed=seed)
        mean, deviation = dgp.predict(every, samples=32)
        scale = spread / speed.std()
        believed = scale * mean + (middle - speed.mean()) / speed.std()
        tried = [land.space.all.index(config) for config in history["config"][:n]]
        rows.append({"tried": tried, "mean": believed.round(3).tolist(), "deviation": (scale * deviation).round(3).tolist()})
    BELIEFS.parent.mkdir(parents=True, exist_ok=True)
    truth = ((speed - speed.mean()) / speed.std()).round(3).tolist()
    BELIEFS.write_text(json.dumps({"truth": truth, "after": rows}, separators=(",", ":")) + "\n", "utf-8")
    return BELIEFS


def steps(history: History) -> list[tuple[int, float]]:
    """(trial, cost) of each new best, trials counted from 1."""
    best, out = history.best(), []
    for trial, cost in enumerate(best, 1):
        if cost is not None and (not out or cost < out[-1][1]):
            out.append((trial, cost))
    return out


def path_of(name: str) -> Path:
    return FOLDER / f"{name}.json"


@cache
def kept(name: str) -> dict[str, list[Any]]:
    """The searches of a landscape that are kept: way -> seed -> [seconds of the tuner, [trial, cost] of each new best]."""
    path = path_of(name)
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def runs(name: str, how: str, trials: int = 0, seeds: int = 0) -> np.ndarray:
    """regret[seed, trial] of the searches that are kept, of the first `seeds` seeds and `trials` trials where told.

    Raises ValueError where so many are not kept.
    """
    found, most = kept(name).get(how, []), trials_of(how)
    if not found or len(found) < seeds or trials > most:
        raise ValueError(f"how: {how!r} on {name} is kept for {len(found)} seeds and {most} trials, got {seeds} and {trials}")
    out = np.full((seeds or len(found), trials or most), np.inf)
    optimum = landscape(name).optimum
    for row, (_, *best) in zip(out, found, strict=False):
        for trial, cost in best:
            row[trial - 1 :] = cost / optimum - 1
    return out


def soon(name: str, how: str, regret: Any = 0.05 / 0.95, seeds: int = 0, trials: int = BEGUN) -> np.ndarray:
    """Trials of each seed until the regret is at most `regret` (a number, or one a seed); trials + 1 where it never is."""
    reached = runs(name, how, trials, seeds or seeds_of(name, how))
    reached = reached <= np.broadcast_to(regret, len(reached))[:, None] + 1e-12
    return np.where(reached.any(1), reached.argmax(1) + 1, trials + 1).astype(float)


def ratio(ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray]) -> tuple[float, float, float]:
    """(mean(ours) / mean(theirs) as a geometric mean over tasks, the ends of its 95 % interval with seeds drawn again)."""
    a, b = np.stack(ours), np.stack(theirs)  # task, seed
    drawn = np.random.default_rng(0).integers(a.shape[1], size=(2000, a.shape[1]))
    of = lambda seeds: np.exp(np.log(a[:, seeds].mean(-1) / b[:, seeds].mean(-1)).mean(0))
    low, high = np.percentile(of(drawn), (2.5, 97.5))
    return float(of(np.arange(a.shape[1]))), float(low), float(high)


def by_end(pairs: Sequence[tuple[Sequence[str], str]], way: str, seeds: int, scratch: str = SCRATCH[0], near: float = 0.01) -> list[Any]:
    """[(searches, trials with a past / trials from scratch)] where scratch ends within `near` of the optimum, then of the others."""
    ends = np.concatenate([runs(target, scratch, BEGUN, seeds)[:, -1] for _, target in pairs])
    goals = ends.reshape(len(pairs), seeds)
    theirs = np.concatenate([soon(target, scratch, goal, seeds) for (_, target), goal in zip(pairs, goals, strict=True)])
    ours = np.concatenate([soon(target, after(sources, way), goal, seeds) for (sources, target), goal in zip(pairs, goals, strict=True)])
    return [(int(some.sum()), float(ours[some].sum() / theirs[some].sum())) for some in (ends <= near, ends > near)]


def seeds_of(name: str, how: str) -> int:
    """How many searches of a landscape are kept."""
    return len(kept(name).get(how, []))


def write(name: str, found: dict[str, list[Any]]) -> Path:
    """Ways to search a landscape into its file, a line a way, beside those that are there; the file is put in place at once."""
    path = path_of(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    kept.cache_clear()
    found = {**kept(name), **found}
    lines = [f"{json.dumps(how)}:{json.dumps(rows, separators=(',', ':'))}" for how, rows in sorted(found.items())]
    beside = path.with_suffix(".new")
    beside.write_text("{" + ",\n".join(lines) + "}\n", "utf-8")
    beside.replace(path)
    kept.cache_clear()
    return path
