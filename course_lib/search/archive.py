"""Searches of frozen landscapes, run once with many seeds and kept: `python benchmarks/tune.py searches` and `transfer` write them.

    runs("conv_128_28", "boosted")        regret[seed, trial], from the file
    search("conv_128_28", "boosted", 3)   the search of seed 3, made now

A way to search is a name in WAYS, or "transfer after A + B" with the landscapes it has learnt from. The file keeps the moments at
which a search had a new best, so that a lecture's picture of twenty seeds takes no search at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from ..records import History
from .landscape import landscape
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
AFTER = "transfer after "

RELATED = [  # (learnt before, tuned now): the same kind of layer, other sizes
    (("conv_64_56", "conv_128_28"), "conv_256_14"),
    (("conv_64_56", "conv_256_14"), "conv_128_28"),
    (("conv_128_28", "conv_256_14"), "conv_64_56"),
    (("energy_64_56",), "energy_128_28"),
    (("energy_128_28",), "energy_64_56"),
]
UNRELATED = [(("cycles_64_56",), "energy_128_28"), (("pointwise_256_14",), "conv_64_56"), (("energy_64_56",), "cycles_64_56")]


def after(sources: Iterable[str]) -> str:
    """The name of a search that has learnt from these landscapes."""
    return AFTER + " + ".join(sources)


def proposer(name: str, how: str, seed: int) -> str | Callable[..., Any]:
    """The tuner behind a way to search a landscape. Raises ValueError for a way there is none of."""
    space = landscape(name).space
    drawn = max(32, space.count // 10)
    if how.startswith(AFTER):
        from . import transfer

        sources = how.removeprefix(AFTER).split(" + ")
        return transfer.after([(landscape(source).space, past(source, seed)) for source in sources], seed=seed)
    if how not in WAYS:
        raise ValueError(f"how: want one of {', '.join(WAYS)} or {AFTER!r} and landscapes, got {how!r}")
    # "active" takes our small spaces whole, so its first set is the same for every seed; "drawn" has to do with pools, as in a large space
    if how == "active, drawn":
        from .active import propose

        return partial(propose, pool=drawn)
    if how == "deep, alone":
        from . import transfer

        return partial(transfer.propose, pool=drawn)
    return how


def trials_of(how: str) -> int:
    return BEGUN if how.startswith(AFTER) else WAYS[how]


def search(name: str, how: str, seed: int, trials: int = 0) -> History:
    """One search of a landscape, made now; `trials` of it, by default as many as are kept."""
    land = landscape(name)
    return tune(land.space, land, proposer(name, how, seed), trials or trials_of(how), seed)


@cache
def past(name: str, seed: int) -> History:
    """What an earlier search left behind: half random, half by boosted trees, as a log does."""
    land = landscape(name)
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
