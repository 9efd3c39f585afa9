"""Tuners against each other on frozen landscapes, and tuned layers against their peers on this machine.

    python benchmarks/tune.py                          the landscapes: designs, searches, transfer (20 seeds; about half an hour)
    python benchmarks/tune.py designs | searches | transfer [--seeds 5]
    python benchmarks/tune.py kill                     kill -9 at 20 random moments: no trial lost or repeated, the same best
    python benchmarks/tune.py network                  ResNet-18: 200 trials a layer, against default plans and torch; the minutes it took
    python benchmarks/tune.py metaschedule             three layers against TVM's MetaSchedule at equal trials (needs the extra `tvm`)

Brackets are 95 % intervals of the mean over seeds by bootstrap. A landscape is a table, so regret is exact and nothing is timed; run
the last two under no other load, without OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE in the environment.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from course_lib.bench import geometric_mean
from course_lib.records import History, Report
from course_lib.search import LANDSCAPES, active, landscape, regret, trials_to, tune
from course_lib.search import transfer as transferring
from course_lib.search.design import bted, covered, knob_vectors, rbf

TRIALS = 96
RELATED = [  # (learnt before, tuned now): the same kind of layer, other sizes
    (("conv_64_56", "conv_128_28"), "conv_256_14"),
    (("conv_64_56", "conv_256_14"), "conv_128_28"),
    (("conv_128_28", "conv_256_14"), "conv_64_56"),
    (("energy_64_56",), "energy_128_28"),
    (("energy_128_28",), "energy_64_56"),
]
UNRELATED = [(("cycles_64_56",), "energy_128_28"), (("pointwise_256_14",), "conv_64_56"), (("energy_64_56",), "cycles_64_56")]


def mean_and_interval(values: Sequence[float]) -> str:
    """mean [low, high] by bootstrap."""
    values = np.asarray(values, float)
    draws = np.random.default_rng(0).choice(values, (2000, len(values))).mean(1)
    low, high = np.percentile(draws, (2.5, 97.5))
    return f"{values.mean():.3g} [{low:.3g}, {high:.3g}]"


def paired(better: Sequence[float], worse: Sequence[float]) -> str:
    """The mean ratio worse / better over seeds, as a geometric mean with its interval."""
    logs = np.log(np.maximum(np.asarray(worse, float), 1e-9) / np.maximum(np.asarray(better, float), 1e-9))
    draws = np.exp(np.random.default_rng(0).choice(logs, (2000, len(logs))).mean(1))
    low, high = np.percentile(draws, (2.5, 97.5))
    return f"{np.exp(logs.mean()):.3g} [{low:.3g}, {high:.3g}]"


def each_seed(work: Callable[[int], Any], seeds: int) -> list[Any]:
    with ProcessPoolExecutor(os.cpu_count(), initializer=one_thread) as pool:
        return list(pool.map(work, range(seeds)))


def one_thread() -> None:
    """One search a process: the models are small, and threads of BLAS only wait for each other."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


# -- designs: BTED against random -----------------------------------------------------------------------------------------


def designs_of(name: str, seed: int, size: int) -> dict[str, list[float]]:
    """Best speed (optimum = 1), spread of the speeds' logarithm and coverage of a BTED set and a random one."""
    land = landscape(name)
    rng = np.random.default_rng(seed)
    kernel = whole_kernel(name)
    where = {config: i for i, config in enumerate(land.space.all)}
    out = {}
    # a small pool, or every seed would give the same set: our landscapes are no larger than one pool of 500 or four
    sets = {
        "BTED": bted(land.space, rng, size, pool=max(2 * size, land.space.count // 10)),
        "random": land.space.unseen(rng, size, ()),
        "whole": bted(land.space, rng, size),
    }
    for label, configs in sets.items():
        costs = np.array([land(config) for config in configs], float)
        out[label] = [land.optimum / costs.min(), float(np.log(costs).std()), covered(kernel, [where[c] for c in configs])]
    return out


@lru_cache(2)
def whole_kernel(name: str) -> np.ndarray:
    space = landscape(name).space
    return rbf(knob_vectors(space, space.all))


def designs(seeds: int, size: int = 16) -> Report:
    rows, ratios, whole = [], [], []
    for name in LANDSCAPES:
        found = each_seed(partial(designs_of, name, size=size), seeds)
        row: dict[str, Any] = {"landscape": name}
        for i, what in enumerate((f"best of {size} (1 = optimum)", "spread of log cost", "covered")):
            for label in ("BTED", "random"):
                row[f"{what}, {label}"] = mean_and_interval([one[label][i] for one in found])
        row["best of BTED on the whole space"] = f"{found[0]['whole'][0]:.3g}"
        row["std of the best, BTED / random"] = float(
            np.std([one["BTED"][0] for one in found]) / max(np.std([one["random"][0] for one in found]), 1e-12)
        )
        ratios.append(np.mean([one["BTED"][0] for one in found]) / np.mean([one["random"][0] for one in found]))
        rows.append(row)
        whole.append(found[0]["whole"][0] / np.mean([one["random"][0] for one in found]))
    note = f"best of {size} over random's, geometric mean over landscapes: BTED {geometric_mean(ratios):.3f}"
    note += f", on the whole space {geometric_mean(whole):.3f}, where every seed gives the same set"
    return Report.of(rows, f"Initial sets of {size}, {seeds} seeds", note)


# -- searches -------------------------------------------------------------------------------------------------------------

SEARCHES = ("random", "annealing", "genetic", "reinforce", "gaussian", "evolution", "boosted", "active", "active, drawn")


def search_of(name: str, tuner: str, seed: int) -> tuple[float, float, float]:
    """(trials to 95 % of the optimum, TRIALS + 1 where it is not reached; final regret; seconds)."""
    land = landscape(name)
    start = time.process_time()
    # "active" takes our small spaces whole, so its first set is the same for every seed; "drawn" has to do with pools, as in a large space
    propose = partial(active.propose, pool=max(32, land.space.count // 10)) if tuner == "active, drawn" else tuner
    history = tune(land.space, land, propose, TRIALS, seed)
    reached = trials_to(history, land.optimum / 0.95)
    return float(reached or TRIALS + 1), float(regret(history, land.optimum)[-1]), time.process_time() - start


def searches(seeds: int, tuners: Sequence[str] = SEARCHES) -> list[Report]:
    trials: dict[str, dict[str, list[float]]] = {}
    final: dict[str, dict[str, list[float]]] = {}
    seconds: dict[str, float] = {}
    for name in LANDSCAPES:
        for tuner in tuners:
            found = each_seed(partial(search_of, name, tuner), seeds)
            trials.setdefault(name, {})[tuner] = [one[0] for one in found]
            final.setdefault(name, {})[tuner] = [one[1] for one in found]
            seconds[tuner] = seconds.get(tuner, 0.0) + sum(one[2] for one in found) / seeds / len(LANDSCAPES)
            print(f"{name} {tuner}: {mean_and_interval(trials[name][tuner])}", file=sys.stderr, flush=True)
    out = []
    for table, title in ((trials, f"Trials to 95 % of the optimum ({TRIALS + 1}: not reached)"), (final, f"Regret after {TRIALS} trials")):
        rows = [{"landscape": name, **{tuner: mean_and_interval(table[name][tuner]) for tuner in tuners}} for name in LANDSCAPES]
        means = {tuner: np.mean([np.mean(table[name][tuner]) for name in LANDSCAPES]) for tuner in tuners}
        rows.append({"landscape": "mean", **{tuner: f"{means[tuner]:.3g}" for tuner in tuners}})
        last = max(means, key=means.get)
        out.append(Report.of(rows, f"{title}, {seeds} seeds", f"last: {last}"))
    ours = [tuner for tuner in ("active", "active, drawn") if tuner in tuners and "boosted" in tuners]
    if ours:
        rows = [{"landscape": n, **{t: paired(trials[n][t], trials[n]["boosted"]) for t in ours}} for n in LANDSCAPES]
        every = {t: np.concatenate([trials[n][t] for n in LANDSCAPES]) for t in (*ours, "boosted")}
        rows.append({"landscape": "all", **{t: paired(every[t], every["boosted"]) for t in ours}})
        out.append(Report.of(rows, "Trials to 95 %: boosted over BTED + BAO, seed by seed", "above 1: BTED + BAO is sooner"))
    out.append(Report({"tuner": list(tuners), "seconds a search": [seconds[t] for t in tuners]}, "Processor time of the tuner itself"))
    return out


# -- transfer -------------------------------------------------------------------------------------------------------------


def transfer_of(sources: tuple[str, ...], target: str, seed: int, budget: int = 48) -> dict[str, float]:
    """Trials to 95 % of the optimum, and to the cost that a search from scratch ends with; budget + 1 where it is not reached."""
    import torch

    torch.set_num_threads(1)
    land = landscape(target)
    drawn = max(32, land.space.count // 10)
    scratch = tune(land.space, land, partial(transferring.propose, pool=drawn), budget, seed)
    known = tune(
        land.space, land, transferring.after([(landscape(name).space, past(name, seed)) for name in sources], seed=seed), budget, seed
    )
    boosted = tune(land.space, land, "boosted", budget, seed)
    goal, near = scratch.best()[-1], land.optimum / 0.95
    out = {}
    for name, history in (("scratch", scratch), ("boosted", boosted), ("transfer", known)):
        out[f"95 %, {name}"] = float(trials_to(history, near) or budget + 1)
        out[f"to scratch's end, {name}"] = float(trials_to(history, goal) or budget + 1)
        out[f"end, {name}"] = history.best()[-1] / land.optimum
    return out


def past(name: str, seed: int, trials: int = 192) -> History:
    """What an earlier search left behind: half random, half by boosted trees, as a log does."""
    land = landscape(name)
    begun = tune(land.space, land, "random", trials // 2, seed=1000 + seed)
    return tune(land.space, land, "boosted", trials, seed=1000 + seed, history=begun)


def transfer(seeds: int) -> Report:
    rows, shares = [], {"95 %": [], "to scratch's end": []}
    for related, pairs in ((True, RELATED), (False, UNRELATED)):
        for sources, target in pairs:
            found = each_seed(partial(transfer_of, sources, target), seeds)
            row: dict[str, Any] = {"learnt on": " + ".join(sources), "tuned": target, "related": related}
            row |= {what: mean_and_interval([f[what] for f in found]) for what in found[0]}
            rows.append(row)
            print(row, file=sys.stderr, flush=True)
            for what, ratios in shares.items():
                if related:
                    ratios.append(np.mean([f[f"{what}, transfer"] for f in found]) / np.mean([f[f"{what}, scratch"] for f in found]))
    note = "related layers, trials of transfer over trials of scratch, geometric mean: "
    note += ", ".join(f"{what} {geometric_mean(ratios):.2f}" for what, ratios in shares.items())
    return Report.of(rows, f"Deep Gaussian transfer, {seeds} seeds, 48 trials", note)


# -- kill -9 --------------------------------------------------------------------------------------------------------------

VICTIM = """
import sys
from course_lib.autotune import Log, Measured, Pool, Task, simulated_space
from course_lib.search import tune
from course_lib.shapes import ConvShape
if __name__ == "__main__":
    task = Task(ConvShape(N=1, C=64, H=28, W=28, K=64, R=3, S=3, pad=1), kind="simulated")
    with Pool(2) as pool, Log(sys.argv[1]) as log:
        history = tune(simulated_space(task.shape), Measured(task, pool, log), "boosted", 160, 0, history=log.history(task))
    print(history.best()[-1], len(history))
"""


def kill(times: int = 20) -> Report:
    """A search of 160 simulated trials, killed with all the haste of kill -9 at random moments, begun again each time."""
    import json
    import signal
    import subprocess
    import tempfile

    rng, root = np.random.default_rng(0), Path(__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory() as folder:

        def begin(log: str) -> subprocess.Popen[str]:
            command = [sys.executable, "-c", VICTIM, str(Path(folder) / log)]
            return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)

        whole = begin("whole.jsonl").communicate()[0].split()
        killed, path = 0, Path(folder) / "killed.jsonl"
        seen: set[tuple[Any, ...]] = set()
        lost = 0
        while killed < times:
            victim, before = begin("killed.jsonl"), len(path.read_bytes()) if path.exists() else 0
            while victim.poll() is None and (path.stat().st_size if path.exists() else 0) <= before:
                time.sleep(0.005)  # a moment before its first trial is no moment of the search
            time.sleep(float(rng.uniform(0, 0.4)))
            if victim.poll() is not None:
                break
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            killed += 1
            rows = [json.loads(line) for line in path.read_bytes().splitlines() if line.endswith(b"}")]
            now = {tuple(row["config"]) for row in rows}
            lost, seen = lost + len(seen - now), now
        end = begin("killed.jsonl").communicate()[0].split()
        rows = [json.loads(line) for line in path.read_bytes().splitlines() if line.endswith(b"}")]
    configs = [tuple(row["config"]) for row in rows]
    facts = {
        "killed": killed,
        "trials lost": lost,
        "trials made twice": len(configs) - len(set(configs)),
        "trials in the log": len(configs),
        "best, never killed": float(whole[0]),
        "best, killed": float(end[0]),
    }
    return Report(
        {"fact": list(facts), "value": list(facts.values())}, "kill -9 in mid-search", "same best" if end == whole else "ANOTHER END"
    )


# -- this machine ---------------------------------------------------------------------------------------------------------


def network(name: str = "resnet18", trials: int = 200, tuner: str = "boosted") -> Report:
    """`course tune` with a log and plans of its own, and how long it took."""
    import tempfile

    from course_lib.autotune import Log, Pool, layers_of, tune_network
    from course_lib.cli.tune import Progress, table
    from course_lib.zoo import NETWORKS

    with tempfile.TemporaryDirectory() as folder:
        os.environ["COURSE_TUNED"] = str(Path(folder) / "tuned.json")
        layers = layers_of(NETWORKS[name])
        start = time.perf_counter()
        with Pool(2) as pool, Log(Path(folder) / "log.jsonl") as log:
            show = Progress(layers, trials, False, {})
            found = tune_network(layers, trials, tuner, pool, log, watch=show, each=True)
        minutes = (time.perf_counter() - start) / 60
        report = table(found, {layer.task.text: layer.times for layer in layers}, 1)
    failed = sum(cost is None for one in found for cost in one.history["cost"])
    report.note += f"; {minutes:.1f} minutes, {failed} of {sum(len(one.history) for one in found)} trials failed"
    return report


def metaschedule(trials: int = 64) -> Report:
    """Three layers of ResNet-18: our tuner and TVM's MetaSchedule with as many trials, one thread; both results compared with numpy's."""
    from course_lib.autotune import Pool
    from course_lib.autotune.jobs import compiled, operands
    from course_lib.autotune.peers import tuned_by_tvm
    from course_lib.autotune.tuning import tune as tune_layer
    from course_lib.bench import equal, timed
    from course_lib.shapes import ConvShape

    os.environ["COURSE_TUNED"] = os.devnull
    rows = []
    for C, H, K in ((64, 56, 64), (128, 28, 128), (256, 14, 256)):
        shape = ConvShape(N=1, C=C, H=H, W=H, K=K, R=3, S=3, pad=1)
        start = time.perf_counter()
        with Pool(2) as pool:
            ours = tune_layer(shape, trials, pool=pool, remember=False)
        took = time.perf_counter() - start
        start = time.perf_counter()
        theirs = tuned_by_tvm(shape, trials)
        took_tvm = time.perf_counter() - start
        a, b, want, length = operands(shape)
        calls = {"ours": compiled(ours.task, ours.space, ours.best, a, b), "TVM": theirs(a, b)}
        for label, call in calls.items():
            equal(label, call(), want, length)
        times = timed(calls, clock=time.thread_time)
        speed = {label: 2e-9 * shape.macs / times.seconds(label) for label in calls}
        rows.append(
            {
                "layer": ours.task.name,
                "ours GFLOP/s": speed["ours"],
                "TVM GFLOP/s": speed["TVM"],
                "TVM / ours": times.ratio("TVM", "ours"),
                "ours, minutes of search": took / 60,
                "TVM, minutes of search": took_tvm / 60,
            }
        )
    return Report.of(rows, f"{trials} trials each, one thread", "plain arrays in and out on both sides")


WHAT = ("landscapes", "designs", "searches", "transfer", "kill", "network", "metaschedule")


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "what",
        nargs="?",
        default="landscapes",
        choices=WHAT,
    )
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=200, help="of network and metaschedule")
    parser.add_argument("--tuners", nargs="+", default=SEARCHES, choices=SEARCHES)
    options = parser.parse_args(words)
    if options.what in ("landscapes", "designs"):
        print(designs(options.seeds), end="\n\n")
    if options.what in ("landscapes", "searches"):
        print(*searches(options.seeds, options.tuners), sep="\n\n", end="\n\n")
    if options.what in ("landscapes", "transfer"):
        print(transfer(options.seeds), end="\n\n")
    if options.what == "kill":
        print(kill())
    if options.what == "network":
        print(network(trials=options.trials))
    if options.what == "metaschedule":
        print(metaschedule(min(options.trials, 64)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
