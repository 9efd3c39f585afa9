"""Tuners against each other on frozen landscapes, and tuned layers against their peers on this machine.

    python benchmarks/tune.py                          the landscapes: designs, searches, transfer (20 seeds, archived; --anew: hours)
    python benchmarks/tune.py designs | searches | transfer [--seeds 5]      transfer --ways corrected: ours alone
    python benchmarks/tune.py beliefs                  what a process with a past believes of a layer, for the deck's picture
    python benchmarks/tune.py kill                     kill -9 at 20 random moments: no trial lost or repeated, the same best
    python benchmarks/tune.py network                  ResNet-18: 200 trials a layer, against default plans and torch; the minutes it took
    python benchmarks/tune.py metaschedule             three layers against TVM's MetaSchedule (extra `tvm`; xgboost-cpu for its model)

Brackets are 95 % intervals of the mean over seeds by bootstrap. A landscape is a table, so regret is exact and nothing is timed; run
the last two under no other load, without OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE in the environment; with --record deck 14 shows
what they found.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from course_lib.bench import geometric_mean
from course_lib.records import Report
from course_lib.search import LANDSCAPES, archive, landscape
from course_lib.search.design import bted, covered, knob_vectors, rbf, scaled, ted
from course_lib.search.space import Config, Space


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
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), initializer=one_thread) as pool:
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


# The length scale is the median distance: a rule that never sees a cost. How a configuration becomes a vector was chosen by looking at
# these landscapes, so it is chosen here once more without the one it is judged on, and the length scale with it.
VECTORS: dict[str, Callable[[Space, Sequence[Config]], np.ndarray]] = {
    "a column a knob": knob_vectors,
    "a column a word": lambda space, configs: scaled(one_hot(space, configs)),
    "features": lambda space, configs: scaled(space.features(configs)),
}
LENGTHS = (0.5, 1.0, 2.0)  # of the median distance


def one_hot(space: Space, configs: Sequence[Config]) -> np.ndarray:
    """float[n, values of all knobs]: 1 where the knob has the value."""
    rows = space.positions(configs)
    return np.concatenate([np.eye(size)[rows[:, k]] for k, size in enumerate(space.sizes)], axis=1)


def best_by_kernel(name: str, seed: int, size: int = 16) -> dict[tuple[str, float], float]:
    """Best speed (optimum = 1) of a BTED set from drawn pools, by each way to make the kernel, and of random sets as ("random", 0)."""
    land = landscape(name)
    out = {("random", 0.0): land.optimum / min(map(land, land.space.unseen(np.random.default_rng((seed, 1)), size, ())))}
    for (label, vectors), length in product(VECTORS.items(), LENGTHS):

        def kernel(configs: list[Config], vectors: Any = vectors, length: float = length) -> np.ndarray:
            square = -2 * np.log(np.maximum(rbf(vectors(land.space, configs)), 1e-300))  # in median distances
            return np.exp(-square / (2 * length**2))

        rng, found = np.random.default_rng((seed, 0)), {}
        for _ in range(10):
            some = land.space.unseen(rng, max(2 * size, land.space.count // 10), ())
            found.update(dict.fromkeys(some[i] for i in ted(kernel(some), size)))
        union = list(found)
        out[label, length] = land.optimum / min(land(union[i]) for i in ted(kernel(union), size))
    return out


def left_out(seeds: int) -> Report:
    """BTED's kernel chosen on all landscapes but one, judged on that one."""
    found = {name: each_seed(partial(best_by_kernel, name), seeds) for name in LANDSCAPES}
    mean = {name: {way: float(np.mean([one[way] for one in runs])) for way in runs[0]} for name, runs in found.items()}
    ways = [way for way in next(iter(mean.values())) if way[0] != "random"]
    rows, chosen, ours = [], [], []
    for name in LANDSCAPES:
        others = [n for n in LANDSCAPES if n != name]
        best = max(ways, key=lambda way: geometric_mean([mean[n][way] / mean[n]["random", 0.0] for n in others]))
        usual = mean[name]["a column a knob", 1.0] / mean[name]["random", 0.0]
        ours.append(usual)
        chosen.append(mean[name][best] / mean[name]["random", 0.0])
        rows.append(
            {
                "left out": name,
                "chosen on the others": f"{best[0]}, {best[1]:g} x median",
                "best of 16": mean_and_interval([one[best] for one in found[name]]),
                "random": mean_and_interval([one["random", 0.0] for one in found[name]]),
                "over random": chosen[-1],
                "ours over random": usual,
            }
        )
    note = f"geometric means over random: chosen without the landscape {geometric_mean(chosen):.3f}, "
    note += f"a column a knob with the median distance {geometric_mean(ours):.3f}"
    return Report.of(rows, f"The design's kernel, leave one landscape out, {seeds} seeds, pools drawn", note)


# -- searches and transfer ------------------------------------------------------------------------------------------------


def made(name: str, how: str, seed: int) -> list[Any]:
    """One search, as the archive keeps it: seconds of the tuner, then trial and cost of each new best."""
    start = time.process_time()
    history = archive.search(name, how, seed)
    return [round(time.process_time() - start, 2), *archive.steps(history)]


def fill(wanted: Sequence[tuple[str, str]], seeds: int, anew: bool) -> None:
    """The searches of (landscape, way) that the archive has not got yet; each goes there when it is done, so a run cut short goes on."""
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), initializer=one_thread) as pool:
        for name, how in dict.fromkeys(wanted):
            rows = [] if anew else list(archive.kept(name).get(how, []))
            for row in pool.map(partial(made, name, how), range(len(rows), seeds)):
                rows.append(row)
                archive.write(name, {how: rows})
                print(f"{name}, {how}: {len(rows)} of {seeds}", file=sys.stderr, flush=True)


SEARCHES = tuple(how for how, trials in archive.WAYS.items() if trials == archive.TRIALS)


def searches(seeds: int, tuners: Sequence[str] = SEARCHES, anew: bool = False) -> list[Report]:
    fill([(name, tuner) for name in LANDSCAPES for tuner in tuners], seeds, anew)
    most = archive.TRIALS
    trials = {name: {tuner: archive.soon(name, tuner, seeds=seeds, trials=most) for tuner in tuners} for name in LANDSCAPES}
    final = {name: {tuner: archive.runs(name, tuner, most, seeds)[:, -1] for tuner in tuners} for name in LANDSCAPES}
    out = []
    for table, title in ((trials, f"Trials to 95 % of the optimum ({most + 1}: not reached)"), (final, f"Regret after {most} trials")):
        rows = [{"landscape": name, **{tuner: mean_and_interval(table[name][tuner]) for tuner in tuners}} for name in LANDSCAPES]
        means = {tuner: np.mean([table[name][tuner] for name in LANDSCAPES], 0) for tuner in tuners}  # over landscapes, a number a seed
        rows.append({"landscape": "mean", **{tuner: mean_and_interval(means[tuner]) for tuner in tuners}})
        last = max(means, key=lambda tuner: means[tuner].mean())
        out.append(Report.of(rows, f"{title}, {seeds} seeds", f"last: {last}"))
    ours = [tuner for tuner in ("active", "active, drawn") if tuner in tuners and "boosted" in tuners]
    if ours:
        rows = [{"landscape": n, **{t: paired(trials[n][t], trials[n]["boosted"]) for t in ours}} for n in LANDSCAPES]
        every = {t: np.concatenate([trials[n][t] for n in LANDSCAPES]) for t in (*ours, "boosted")}
        rows.append({"landscape": "all", **{t: paired(every[t], every["boosted"]) for t in ours}})
        out.append(Report.of(rows, "Trials to 95 %: boosted over BTED + BAO, seed by seed", "above 1: BTED + BAO is sooner"))
    seconds = [np.mean([row[0] for name in LANDSCAPES for row in archive.kept(name)[tuner][:seeds]]) for tuner in tuners]
    out.append(Report({"tuner": list(tuners), "seconds a search": seconds}, "Processor time of the tuner itself"))
    return out


# What is to be reached: of (landscape, seeds) a regret, or one a seed. What a search ends with, and shares of the optimum.
GOALS: dict[str, Callable[[str, int], Any]] = {
    **{f"the end of {how}": lambda name, seeds, how=how: archive.runs(name, how, archive.BEGUN, seeds)[:, -1] for how in archive.SCRATCH},
    **{f"{share} % of the optimum": lambda name, seeds, share=share: 100 / share - 1 for share in (80, 90, 95, 98, 99)},
}


def transfer(seeds: int, way: str, anew: bool = False) -> list[Report]:
    """Trials of searches with a past over those of searches from scratch; one more than there are where a goal is not reached."""
    most, word = archive.BEGUN, way.split()[0]
    wanted = [(sources, target) for pairs in archive.PAIRS.values() for sources, target in pairs]
    fill([(target, how) for sources, target in wanted for how in (*archive.SCRATCH, archive.after(sources, way))], seeds, anew)
    out, shares = [], []
    for goal, regret in GOALS.items():
        scratch = goal.removeprefix("the end of ") if goal.startswith("the end of ") else archive.SCRATCH[0]
        rows = []
        for kind, pairs in archive.PAIRS.items():
            need: dict[str, list[np.ndarray]] = {"scratch": [], word: []}
            for sources, target in pairs:
                for who, how in (("scratch", scratch), (word, archive.after(sources, way))):
                    need[who].append(archive.soon(target, how, regret(target, seeds), seeds))
                row = {"learnt on": " + ".join(sources), "tuned": target, "they are": kind}
                row |= {who: mean_and_interval(trials[-1]) for who, trials in need.items()}
                rows.append(row | {f"{word} / scratch": with_ends([need[word][-1]], [need["scratch"][-1]])})
            # scratch has spent all its trials when it is as good as its end; it may have been so before, which the first ratio counts
            whole = [np.full(seeds, float(most)) for _ in pairs]
            row = {"tasks": kind, "trials to": goal, "scratch": scratch, f"{word} / scratch": with_ends(need[word], need["scratch"])}
            shares.append(row | {f"{word} / {most}": with_ends(need[word], whole)})
        out.append(Report.of(rows, f"Trials to {goal} ({most + 1}: not reached), scratch: {scratch}, {seeds} seeds"))
    ends = []
    for sources, target in wanted:
        row = {"learnt on": " + ".join(sources), "tuned": target}
        for n in (8, 24, most):
            for how in (*archive.SCRATCH, archive.after(sources, way)):
                regrets = archive.runs(target, how, n, seeds)[:, -1]
                row[f"{n}: {how if how in archive.SCRATCH else word}"] = mean_and_interval(100 * regrets)
        ends.append(row)
    out.append(Report.of(ends, f"Per cent above the optimum after so many trials, {seeds} seeds"))
    rows = []
    for kind, pairs in archive.PAIRS.items():
        for label, (searches, over) in zip(("within 1 %", "farther off"), archive.by_end(pairs, way, seeds), strict=True):
            rows.append({"tasks": kind, "scratch ends": label, "searches": searches, f"{word} / scratch, all together": over})
    out.append(Report.of(rows, f"Trials to scratch's end, by how near that is to the optimum; scratch: {archive.SCRATCH[0]}"))
    out.append(Report.of(shares, f"{word} over scratch, geometric mean over tasks, {seeds} seeds", "below 1: the past makes it sooner"))
    return out


def with_ends(ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray]) -> str:
    return "{:.2f} [{:.2f}, {:.2f}]".format(*archive.ratio(ours, theirs))


# -- kill -9 --------------------------------------------------------------------------------------------------------------

VICTIM = """
import sys
from course_lib.autotune import Limits, Log, Measured, Pool, Task, simulated_space
from course_lib.search import tune
from course_lib.shapes import ConvShape
if __name__ == "__main__":
    task = Task(ConvShape(N=1, C=64, H=28, W=28, K=64, R=3, S=3, pad=1), kind="simulated")
    patient = Limits(start=900, compile=900, run=900)  # a busy machine is no failure of a trial
    with Pool(2, patient) as pool, Log(sys.argv[1]) as log:
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
        "trials that failed": sum(row["cost"] is None for row in rows),
        "best, never killed": float(whole[0]),
        "best, killed": float(end[0]),
    }
    return Report(
        {"fact": list(facts), "value": list(facts.values())}, "kill -9 in mid-search", "same best" if end == whole else "ANOTHER END"
    )


# -- this machine ---------------------------------------------------------------------------------------------------------


def network(name: str = "resnet18", trials: int = 200, tuner: str = "boosted", some: Sequence[int] = (), workers: int = 2) -> Report:
    """`course tune` with a log and plans of its own, and how long it took; `some` layers by number, all by default."""
    import tempfile

    from course_lib.autotune import Log, Pool, layers_of, tune_network
    from course_lib.cli.tune import Progress, table
    from course_lib.zoo import NETWORKS

    with tempfile.TemporaryDirectory() as folder:
        os.environ["COURSE_TUNED"] = str(Path(folder) / "tuned.json")
        layers = layers_of(NETWORKS[name])
        layers = [layers[i] for i in some] or layers
        start = time.perf_counter()
        with Pool(workers) as pool, Log(Path(folder) / "log.jsonl") as log:
            show = Progress(layers, trials, False, {})
            found = tune_network(layers, trials, tuner, pool, log, watch=show, each=True)
        minutes = (time.perf_counter() - start) / 60
        report = table(found, {layer.task.text: layer.times for layer in layers}, 1)
    failed = sum(cost is None for one in found for cost in one.history["cost"])
    report.note += f"; {minutes:.1f} minutes with {workers} workers, {failed} of {sum(len(one.history) for one in found)} trials failed"
    return report


def metaschedule(trials: int = 128, some: Sequence[int] = ()) -> Report:
    """Three layers of ResNet-18: our tuner and TVM's MetaSchedule with as many trials, one thread; all results compared with numpy's.

    Our search may take Winograd's algorithm, which multiplies less; the best of its trials that multiply as often as TVM's is timed too.
    """
    from course_lib.autotune import Pool
    from course_lib.autotune.jobs import compiled, operands
    from course_lib.autotune.peers import loaded_tvm, tuned_by_tvm
    from course_lib.autotune.spaces import plan_of
    from course_lib.autotune.tuning import tune as tune_layer
    from course_lib.bench import equal, timed
    from course_lib.shapes import ConvShape

    os.environ["COURSE_TUNED"] = os.devnull
    loaded_tvm()
    rows = []
    three = [(64, 56), (128, 28), (256, 14)]
    for C, H in [three[i] for i in some] or three:
        shape = ConvShape(N=1, C=C, H=H, W=H, K=C, R=3, S=3, pad=1)
        start = time.perf_counter()
        with Pool(2) as pool:
            ours = tune_layer(shape, trials, pool=pool, remember=False)
        took = time.perf_counter() - start
        start = time.perf_counter()
        theirs = tuned_by_tvm(shape, trials)
        took_tvm = time.perf_counter() - start
        print(f"{ours.task.name}: {took:.0f} s and {took_tvm:.0f} s of search", file=sys.stderr, flush=True)
        a, b, want, length = operands(shape)
        trials_made = zip(ours.history["cost"], ours.history["config"], strict=True)
        plans = [(cost, *plan_of(shape, ours.space, config)) for cost, config in trials_made if cost is not None]
        _, *direct = min((one for one in plans if one[1] != "winograd"), key=lambda one: one[0])
        calls = {"ours": compiled(ours.task, ours.algorithm, ours.plan, a, b), "TVM": theirs(a, b)}
        calls["direct"] = compiled(ours.task, *direct, a, b)
        for label, call in calls.items():
            equal(label, call(), want, length)
        times = timed(calls, clock=time.thread_time)
        speed = {label: 2e-9 * shape.macs / times.seconds(label) for label in calls}
        rows.append(
            {
                "layer": ours.task.name,
                "ours GFLOP/s": speed["ours"],
                "ours by": ours.algorithm,
                "TVM GFLOP/s": speed["TVM"],
                "TVM / ours": times.ratio("TVM", "ours"),
                "TVM / ours without Winograd": times.ratio("TVM", "direct"),
                "TVM's trials with a time": theirs.measured,
                "ours, minutes of search": took / 60,
                "TVM, minutes of search": took_tvm / 60,
            }
        )
    return Report.of(rows, f"{trials} trials each, one thread", "plain arrays in and out on both sides")


WHAT = ("landscapes", "designs", "searches", "transfer", "beliefs", "kill", "network", "metaschedule")


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
    parser.add_argument("--layers", type=int, nargs="+", default=(), help="network and metaschedule: these alone, counted from 0")
    parser.add_argument("--workers", type=int, default=2, help="child processes of network (2)")
    ways = [way.split()[0] for way in (archive.CORRECTED, archive.AFTER)]
    parser.add_argument("--ways", nargs="+", default=ways, choices=ways, help="transfer: ours, the paper's as we read it (both)")
    parser.add_argument("--anew", action="store_true", help="searches and transfer: make those again that the archive keeps")
    parser.add_argument("--record", action="store_true", help="network and metaschedule: keep the table for the deck")
    options = parser.parse_args(words)
    if options.record and options.layers:
        parser.error("--record keeps whole tables: leave out --layers")
    if options.what in ("landscapes", "designs"):
        print(designs(options.seeds), left_out(options.seeds), sep="\n\n", end="\n\n")
    if options.what in ("landscapes", "searches"):
        print(*searches(options.seeds, options.tuners, options.anew), sep="\n\n", end="\n\n")
    if options.what in ("landscapes", "transfer"):
        for way in options.ways:
            print(*transfer(options.seeds, f"{way} after ", options.anew), sep="\n\n", end="\n\n")
    if options.what == "beliefs":
        print(archive.believe())
    if options.what == "kill":
        print(kill())
    if options.what in ("network", "metaschedule"):
        if options.what == "network":
            report = network(trials=options.trials, some=options.layers, workers=options.workers)
        else:
            report = metaschedule(min(options.trials, 128), options.layers)
        print(report)
        if options.record:
            from course_lib.autotune.peers import record

            print("kept in", record(options.what, report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
