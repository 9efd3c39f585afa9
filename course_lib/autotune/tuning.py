"""Tune one layer on this machine: a space of plans meets measurements in child processes, and the best is held against the default.

    tuned = tune(ConvShape(N=1, C=64, H=56, W=56, K=64, R=3, S=3, pad=1), trials=200, tuner="boosted", log="tune.jsonl")
    tuned.history, tuned.best, tuned.report()

The first trial is the default plan, so the search cannot end behind it. Trials are compiled lightly; at the end the best few, compiled
lightly and fully, meet the default in turns, and a tie goes to the default. Every call finds what another layer left in the cache, as in
a network. What wins is kept where `compile_conv2d(..., algorithm="auto")` looks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np

from ..bench import Times, equal, timed
from ..kernels import tuned as kept
from ..kernels.plan import Plan
from ..nest.jit import FULL, LIGHT
from ..records import History, Report
from ..search import Config, Space, best_of, tuner_of
from ..search import tune as search
from ..shapes import ConvShape, GemmShape
from .jobs import compiled, operands, swept, with_effort
from .log import Log
from .pool import Limits, Outcome, Pool
from .simulated import simulated_space
from .spaces import default_config, plan_of, plan_space, schedule_space
from .tasks import Task

MARGIN = 1.02  # the winner of a duel is faster by as much, and in three turns of four


class Measured:
    """A measure for course_lib.search: whole rounds go to the pool, every trial to the log, and none is made twice."""

    def __init__(
        self,
        task: Task,
        pool: Any,
        log: Log | None = None,
        done: Callable[[Outcome], None] | None = None,
        goal: tuple[int, int] | None = None,
    ) -> None:
        self.task, self.pool, self.log, self.done, self.goal = task, pool, log, done, goal

    def __call__(self, config: Config) -> float | None:
        ((cost, _),) = self.many([config])
        return cost

    def many(self, configs: Sequence[Config]) -> list[tuple[float | None, str]]:
        """(cost, note) of each configuration."""
        outcomes: dict[int, Outcome] = {}
        number = 0
        if self.log:
            known = self.log.known(self.task)
            outcomes = {i: known[config] for i, config in enumerate(configs) if config in known}
            number = self._round(configs)
        todo = [i for i in range(len(configs)) if i not in outcomes]
        for j, outcome in self.pool.measure(self.task, [configs[i] for i in todo]):
            outcomes[todo[j]] = outcome
            if self.log:
                self.log.add(self.task, configs[todo[j]], outcome, number, todo[j], len(configs), self.goal)
            if self.done:
                self.done(outcome)
        return [(outcomes[i].cost, outcomes[i].note) for i in range(len(configs))]

    def _round(self, configs: Sequence[Config]) -> int:
        """The round that was cut short, where these are its trials; else the next."""
        rounds, cut = self.log.rounds(self.task), self.log.open_round(self.task)
        if cut is not None and {row["config"] for row in rounds[cut]} <= set(configs):
            return cut
        return max(rounds, default=-1) + 1


def beginning_with(config: Config, tuner: str | Callable[..., Any]) -> Callable[..., Sequence[Config]]:
    """The tuner, its first proposal replaced by `config`."""
    propose = tuner_of(tuner)

    def proposing(space: Space, history: History, rng: np.random.Generator, batch: int = 1) -> Sequence[Config]:
        chosen = list(propose(space, history, rng, batch))
        return chosen if len(history) else [config, *(c for c in chosen if c != config)][:batch]

    return proposing


@dataclass(frozen=True, eq=False)
class Tuned:
    """What a search found: all trials, the best configuration (None where all failed), the default's, and how the duel ended.

    `ratio` is the default's time over the winner's in turns (1 where the default stays); `algorithm` and `plan` are the winner's.
    """

    task: Task
    space: Space
    history: History
    best: Config | None
    default: Config | None
    algorithm: str = ""
    plan: Any = None
    ratio: float = 1.0
    seconds: float | None = None  # of the winner
    note: str = ""

    def report(self) -> Report:
        """The search in one row a fact."""
        costs = [cost for cost in self.history["cost"] if cost is not None]
        facts = {
            "layer": self.task.name,
            "configurations": self.space.count,
            "trials": len(self.history),
            "failures": len(self.history) - len(costs),
            "best GFLOP/s": 2e-9 * self.task.macs / min(costs) if costs else None,
            "default over best": self.ratio,
            "plan": f"{self.algorithm} {self.plan}" if self.plan else self.note,
        }
        return Report({"fact": list(facts), "value": list(facts.values())})


def space_of(task: Task) -> Space:
    """The space of a task; making one takes a moment, so it is kept."""
    return _space(task.shape, task.threads, task.kind)


@lru_cache(64)
def _space(shape: ConvShape | GemmShape, threads: int, kind: str) -> Space:
    if kind == "simulated":
        return simulated_space(cast(ConvShape, shape))
    return plan_space(shape, threads) if kind == "plans" else schedule_space(shape)


def tune(
    shape: ConvShape | GemmShape | Task,
    trials: int = 200,
    tuner: str | Callable[..., Any] = "boosted",
    log: Log | Path | str | None = None,
    threads: int = 1,
    seed: int = 0,
    batch: int = 8,
    pool: Any = None,
    limits: Limits | None = None,
    watch: Callable[[History], None] | None = None,
    remember: bool = True,
) -> Tuned:
    """Search the plans of a layer or product with `trials` measurements -> Tuned: History, best, and the duel with the default.

    `log` is a file (or an open Log) that a search killed half-way goes on from; `pool` the child processes (two by default:
    one times while the other compiles); `watch(history)` is called after each round; `remember` keeps a winning plan for "auto".
    Raises ValueError for what cannot be tuned, Busy where another search has the log.
    """
    task = shape if isinstance(shape, Task) else Task(shape, threads)
    if isinstance(log, str | Path):
        with Log(log, pool.host if pool else "") as opened:
            return tune(task, trials, tuner, opened, seed=seed, batch=batch, pool=pool, limits=limits, watch=watch, remember=remember)
    if pool is None:
        with Pool(2, limits) as own:
            return tune(task, trials, tuner, log, seed=seed, batch=batch, pool=own, watch=watch, remember=remember)
    space = space_of(task)
    default = default_config(task.shape, space, task.threads) if task.kind == "plans" else None
    propose = tuner_of(tuner) if default is None else beginning_with(default, tuner)
    history = log.history(task) if log else None
    goal = min(trials, space.count)
    found = search(space, Measured(task, pool, log, goal=(goal, goal)), propose, trials, seed, batch, history, watch)
    return finish(task, space, found, default, remember, pool.host)


def finish(task: Task, space: Space, history: History, default: Config | None, remember: bool = True, host: str = "") -> Tuned:
    """The duel at the end of a search, and its winner written down."""
    best = best_of(history)
    if best is None:
        first = next((note for note in history["note"] if note), "no trials")
        return Tuned(task, space, history, None, default, note=f"every trial failed; the first: {first}")
    if host and host != kept.fingerprint():
        algorithm, plan = plan_of(task.shape, space, best) if task.kind == "plans" else ("", None)
        return Tuned(task, space, history, best, default, algorithm, plan, note=f"measured on machines of kind {host}: no duel here")
    if default is None:
        return Tuned(task, space, history, best, None, seconds=min(c for c in history["cost"] if c is not None))
    ranked = [i for i in np.argsort([np.inf if c is None else c for c in history["cost"]], kind="stable") if history["cost"][i] is not None]
    usual = plan_of(task.shape, space, default)
    met: dict[str, tuple[Config, str, Plan]] = {"default": (default, *usual)}
    for i in ranked[:2]:
        name, plan = plan_of(task.shape, space, history["config"][i])
        for effort in (LIGHT, FULL):
            one = (history["config"][i], name, with_effort(plan, effort))
            if one not in met.values():
                met[f"trial {i + 1}, effort {effort}"] = one
    times = duel(task, {label: (name, plan) for label, (_, name, plan) in met.items()})
    winner, ratio = "default", 1.0
    taken = {label: times.taken[:, times.names.index(label)] for label in met}
    for label in met:
        gain = times.ratio("default", label)
        sure = np.percentile(taken["default"] / taken[label], 25) > 1
        if gain >= MARGIN and sure and gain > ratio:
            winner, ratio = label, gain
    config, algorithm, plan = met[winner]
    note = ""
    if remember and isinstance(task.shape, ConvShape):
        try:
            if winner == "default":
                kept.forget(task.shape, task.threads)
            else:
                kept.keep(task.shape, task.threads, algorithm, plan, times.seconds(winner))
        except OSError as error:
            note = f"the plan could not be kept: {kept.path()}: {error.strerror} (errno {error.errno})"
    return Tuned(task, space, history, config, default, algorithm, plan, ratio, times.seconds(winner), note)


def duel(task: Task, plans: dict[str, tuple[str, Plan]]) -> Times:
    """(algorithm, plan)s compared with numpy's result, then called in turns, here in this process: all have run in a child before."""
    a, b, want, length = operands(task.shape)
    calls: dict[str, Callable[[], Any]] = {}
    for name, (algorithm, plan) in plans.items():
        calls[name] = compiled(task, algorithm, plan, a, b)
        equal(name, calls[name](), want, length)
    clock = time.thread_time if task.threads == 1 else time.perf_counter
    # turns go forwards and backwards: without a sweep at each end the first and the last would find their own data
    return timed({"before": swept, **calls, "after": swept}, 0.4, task.threads, clock, turns=(15, 101))
