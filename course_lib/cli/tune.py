"""Tune a network's convolutions for this machine: try plans in child processes, keep what beats the default.

course tune resnet18 --trials 200              so many trials for each distinct layer
course tune resnet18 --trials 400 --share      so many in all, shared out to the layers that gain most
course tune resnet18 --count                   how many configurations there are

A search that was stopped goes on where it was: every trial is in the log. At the end, a table against the default plan and torch.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..records import History, Report


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("network", help="a network of the zoo, for example resnet18")
    parser.add_argument("--trials", type=int, default=200, help="measurements for each distinct layer (200)")
    parser.add_argument("--share", action="store_true", help="so many trials in all, the next ones where the network gains most")
    parser.add_argument("--tuner", default="boosted", help="boosted (default), active, evolution, gaussian, genetic, random, ...")
    parser.add_argument("--layers", help="only layers whose name or size contains this")
    parser.add_argument("--threads", type=int, default=1, help="threads of the compiled layers (1)")
    parser.add_argument("--workers", type=int, default=2, help="child processes: one times while the others compile (2)")
    parser.add_argument("--farm", metavar="ADDRESS", help="measure on a dask.distributed cluster: its scheduler's address, or 'local'")
    parser.add_argument("--log", type=Path, help="the log of trials (beside the tuned plans)")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same order of trials (0)")
    parser.add_argument("--batch", type=int, default=8, help="trials a round (8)")
    parser.add_argument("--count", action="store_true", help="answer how many configurations there are, and stop")
    parser.add_argument("--no-keep", action="store_true", help="do not keep the winning plans for compile_conv2d(..., 'auto')")


def run(options: argparse.Namespace) -> int:
    from ..autotune import Pool, layers_of
    from ..autotune.log import Busy, Log
    from ..kernels import tuned
    from ..search import TUNERS
    from ..zoo import NETWORKS

    try:
        if options.network not in NETWORKS:
            from . import did_you_mean

            raise ValueError(f"there is no network {options.network!r}.{did_you_mean(options.network, list(NETWORKS))}")
        if options.tuner not in TUNERS:
            raise ValueError(f"--tuner: want one of {', '.join(TUNERS)}, got {options.tuner!r}")
        for name in ("trials", "threads", "workers", "batch"):
            if getattr(options, name) < 1:
                raise ValueError(f"--{name}: want at least 1, got {getattr(options, name)}")
        layers = layers_of(NETWORKS[options.network], options.threads)
        if options.layers:
            layers = [l for l in layers if options.layers in l.task.name or any(options.layers in name for name in l.names)]
            if not layers:
                raise ValueError(f"--layers: no layer of {options.network} is called {options.layers!r}")
        if options.count:
            print(counted(layers))
            return 0
        path = options.log or tuned.path().with_name(f"{options.network}-{options.threads}.jsonl")
        pool: Any
        if options.farm:
            from ..autotune.farm import Farm

            pool = Farm(options.farm, options.workers)
        else:
            pool = Pool(options.workers)
        with pool, Log(path, pool.host) as log:
            return search(layers, log, pool, options)
    except (ValueError, Busy) as error:
        print(f"course tune: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"course tune: {error.filename or ''}: {error.strerror} (errno {error.errno})", file=sys.stderr)
        return 1


def counted(layers: list[Any]) -> Report:
    """The lecture's question for each layer: all tilings and orders on three levels, and the plans our kernels know."""
    from ..autotune import how_many, plan_space

    rows = []
    for layer in layers:
        shape = layer.task.shape
        rows.append(
            {
                "layer": layer.task.name,
                "all tilings, three levels": how_many(shape).note.split(" tilings")[0],
                "times all orders": how_many(shape).note.split(" = ")[1].removesuffix(" configurations"),
                "plans of our kernels": plan_space(shape, layer.task.threads).count,
            }
        )
    return Report.of(rows, "How many configurations?", "orders: 7! = 5,040 of the loops on each level")


def search(layers: list[Any], log: Any, pool: Any, options: argparse.Namespace) -> int:
    from ..autotune import tune_network

    for number, why in log.skipped:
        print(f"{log.path}, line {number}: skipped, {why}")
    show = Progress(layers, options.trials, options.share, {i: len(log.history(l.task)) for i, l in enumerate(layers)})
    found = tune_network(
        layers, options.trials, options.tuner, pool, log, options.seed, options.batch, show, not options.share, not options.no_keep
    )
    show.end()
    noisy = [int(note.split()[2].rstrip("%")) for tuned in found for note in tuned.history["note"] if note.startswith("noise: spread")]
    if noisy:
        print(f"noise too high in {len(noisy)} trials (spread up to {max(noisy)} %): is something else running here?")
    if log.trouble:
        print(log.trouble, file=sys.stderr)
    good = [tuned for tuned in found if tuned.best is not None]
    for tuned in found:
        if tuned.note:
            print(f"{tuned.task.name}: {tuned.note}", file=sys.stderr)
    if not good:
        return 1
    print(table(good, {layer.task.text: layer.times for layer in layers}, options.threads))
    return 0 if len(good) == len(found) else 1


class Progress:
    """One line that is written over on a terminal; elsewhere a line now and then."""

    def __init__(self, layers: list[Any], trials: int, share: bool, before: Mapping[int, int]) -> None:
        self.layers, self.start, self.before, self.shown = layers, time.monotonic(), sum(before.values()), 0.0
        self.total = trials if share else trials * len(layers)
        self.tty = sys.stdout.isatty()
        if self.before:
            print(f"going on after {self.before} trials in the log")

    def __call__(self, i: int, histories: Mapping[int, History]) -> None:
        history, task = histories[i], self.layers[i].task
        done, now = sum(map(len, histories.values())), time.monotonic()
        best = history.best()[-1]
        failed = sum(cost is None for cost in history["cost"])
        speed = f"{best * 1e3:.3g} ms, {2e-9 * task.macs / best:.0f} GFLOP/s" if best else "nothing yet"
        each = (now - self.start) / max(done - self.before, 1)
        left = int(each * max(self.total - done, 0))
        line = f"{done}/{self.total}  {task.name}: trial {len(history)}, best {speed}, {failed} failed, {left // 60}:{left % 60:02} left"
        if self.tty:
            print(f"\r{line:<110}", end="", flush=True)
        elif now - self.shown > 10 or done >= self.total:
            self.shown = now
            print(line, flush=True)

    def end(self) -> None:
        if self.tty:
            print()


def table(found: list[Any], times: Mapping[str, int], threads: int) -> Report:
    """Each layer's winner against the default plan (the duel) and torch, in turns; at the foot the network's whole time."""
    from ..autotune.peers import against_torch

    rows, whole = [], {"tuned": 0.0, "default": 0.0, "torch": 0.0}
    for tuned in found:
        seconds = against_torch(tuned)
        often = times[tuned.task.text]
        rows.append(
            {
                "layer": tuned.task.name,
                "times": often,
                "trials": len(tuned.history),
                "tuned ms": 1e3 * seconds["tuned"],
                "GFLOP/s": 2e-9 * tuned.task.macs / seconds["tuned"],
                "default / tuned": tuned.ratio,
                "torch / tuned": seconds["torch"] / seconds["tuned"] if seconds["torch"] else None,
                "plan": f"{tuned.algorithm} {' '.join(f'{k}={v}' for k, v in vars(tuned.plan).items())}",
            }
        )
        whole["tuned"] += often * seconds["tuned"]
        whole["default"] += often * seconds["tuned"] * tuned.ratio
        whole["torch"] += often * (seconds["torch"] or 0)
    mean = 1.0
    for row in rows:
        mean *= row["default / tuned"]
    note = f"default / tuned: geometric mean {mean ** (1 / len(rows)):.3f}, lowest {min(row['default / tuned'] for row in rows):.3f}"
    note += f"; all layers as often as they occur: tuned {1e3 * whole['tuned']:.2f} ms, default {1e3 * whole['default']:.2f} ms"
    if whole["torch"]:
        note += f", torch {1e3 * whole['torch']:.2f} ms = {whole['torch'] / whole['tuned']:.2f} x tuned"
    return Report.of(rows, f"Tuned on this machine, {threads} thread{'s' * (threads > 1)}", note)
