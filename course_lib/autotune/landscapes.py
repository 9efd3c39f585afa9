"""`python -m course_lib.autotune.landscapes`: measure every configuration of a few small spaces once, and freeze the tables.

Measured landscapes are schedules of real layers as machine code on the machine that is named in them, one thread, processor time of
the median turn; simulated ones are exact and come out the same anywhere. The files go to course_lib/data/landscapes.

    --list              what there is
    --only NAME ...     these alone
    --simulated         those that need no machine
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..bench import NotEqual, timed
from ..machine.host import describe
from ..search.landscape import Landscape
from ..search.space import Config, Space
from ..search.tune import Failed
from ..shapes import ConvShape, GemmShape
from .jobs import ScheduleJob
from .simulated import simulated, simulated_space
from .spaces import schedule_space
from .tasks import Task, shape_name

FEW_ORDERS = ("k_t p_t q_t c_t", "p_t k_t q_t c_t", "c_t k_t p_t q_t", "p_t c_t q_t k_t")


@dataclass(frozen=True)
class Made:
    """How a landscape is made: the layer, which knobs keep which values, and what is simulated ("" for a measurement)."""

    shape: ConvShape | GemmShape
    kept: Mapping[str, Sequence[Any]]
    what: str = ""


def conv(C: int, H: int, K: int, R: int = 3, stride: int = 1) -> ConvShape:
    return ConvShape(N=1, C=C, H=H, W=H, K=K, R=R, S=R, stride=stride, pad=R // 2)


FEW = {"p": (1, 2), "order": FEW_ORDERS, "inside": ("c_s r s", "r s c_s"), "c": (16, 32, 64)}

MADE = {
    "conv_64_56": Made(conv(64, 56, 64), FEW),
    "conv_128_28": Made(conv(128, 28, 128), FEW),
    "conv_256_14": Made(conv(256, 14, 256), FEW),
    "pointwise_256_14": Made(conv(256, 14, 1024, R=1), FEW),
    "gemm_384": Made(GemmShape(384, 384, 384), {}),
    "energy_64_56": Made(conv(64, 56, 64), {}, "energy"),
    "energy_128_28": Made(conv(128, 28, 128), {}, "energy"),
    "cycles_64_56": Made(conv(64, 56, 64), {}, "cycles"),
}


def space_of(made: Made) -> Space:
    """The small space: of the large one, the values that are kept."""
    large = schedule_space(made.shape) if not made.what else simulated_space(made.shape)  # type: ignore[arg-type]
    knobs = {name: [v for v in values if v in made.kept.get(name, values)] for name, values in large.knobs.items()}
    return Space(knobs, large.constraints, large.task)


def timed_here(shape: ConvShape | GemmShape) -> Callable[[Config], float]:
    """A measure in this process: schedules of a nest neither crash nor hang, and a result that is wrong is a failure."""
    job = ScheduleJob(Task(shape, kind="schedules"))

    def measure(config: Config) -> float:
        run = job.build(config)
        try:
            job.check(run())
        except NotEqual as error:
            raise Failed(f"incorrect: {error}") from None
        call = run.timed  # type: ignore[attr-defined]
        return timed({"it": call}, 0.015, clock=time.thread_time, turns=(5, 31)).seconds("it")

    return measure


def make(name: str, say: Callable[[str], None] = print) -> Landscape:
    """Every configuration of one landscape, in random order, so that a slow minute of the machine does not fall on one corner."""
    made = MADE[name]
    space = space_of(made)
    measure = simulated(made.shape, made.what) if made.what else timed_here(made.shape)  # type: ignore[arg-type]
    costs: dict[Config, float | None] = {}
    start = time.perf_counter()
    for number in np.random.default_rng(0).permutation(space.count):
        config = space.all[number]
        try:
            costs[config] = measure(config)
        except Failed:
            costs[config] = None
        if len(costs) % 100 == 0:
            say(f"{name}: {len(costs)} of {space.count}, {time.perf_counter() - start:.0f} s")
    host = describe()
    by = f"simulated, {made.what}" if made.what else f"{host.name}, {host.vectors}, one thread, processor time of the median turn"
    unit = {"": "seconds", "energy": "MACs", "cycles": "cycles"}[made.what]
    title = f"{'schedules' if not made.what else 'dataflows'} of {shape_name(made.shape)}"
    ordered = {config: costs[config] for config in space.all}
    return Landscape(name, {n: tuple(v) for n, v in space.knobs.items()}, ordered, space.task, unit, by, title)


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m course_lib.autotune.landscapes", description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=list(MADE), default=list(MADE), metavar="NAME", help=", ".join(MADE))
    parser.add_argument("--simulated", action="store_true", help="those that need no machine")
    parser.add_argument("--list", action="store_true", help="what there is, with the number of configurations")
    options = parser.parse_args(words)
    for name in options.only:
        if options.simulated and not MADE[name].what:
            continue
        if options.list:
            print(f"{name:<18} {space_of(MADE[name]).count:>6} configurations  {shape_name(MADE[name].shape)} {MADE[name].what}")
            continue
        found = make(name, lambda text: print(text, file=sys.stderr, flush=True))
        path = found.save()
        costs = [cost for cost in found.costs.values() if cost is not None]
        failed, middle = len(found.costs) - len(costs), np.median(costs) / min(costs)
        print(f"{name}: {len(found.costs)} configurations, {failed} fail, median {middle:.2f} x best")
        print(f"  best {dict(zip(found.knobs, found.best, strict=True))}: {found.optimum:.4g} {found.unit}; {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
