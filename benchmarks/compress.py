"""Compressed networks: accuracy, bytes, multiply-accumulates and milliseconds, on the course's own kernels.

    python benchmarks/compress.py                      all tables, some minutes
    python benchmarks/compress.py --only selection     LASSO, and LASSO with exchanges, against norm and random, layer by layer, no training
    python benchmarks/compress.py --only pareto        train -> prune -> fine-tune -> shrink -> run, each way once
    python benchmarks/compress.py --only residual      the same for the network with shortcuts
    python benchmarks/compress.py --only bar           four times fewer multiply-accumulates, three seeds, both networks
    python benchmarks/compress.py --only ssl           filters that go while training goes on, three seeds, both networks
    python benchmarks/compress.py --only shrink        shrunk against masked
    python benchmarks/compress.py --only operators     op @ x against op.dense() @ x, 1,000 random cases each
    python benchmarks/compress.py --clock thread       on a machine shared with others: time on a core instead of time on the wall
    python benchmarks/compress.py --write              renew course_lib/data/pruning.json, which deck and lab show; with --only a part of it

Every network is compared with torch before it is timed; all are then called in turns and ratios are medians over the turns.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from course_lib.bench import geometric_mean
from course_lib.compress import Columns, Dense, LowRank, Sum
from course_lib.compress.graph import macs
from course_lib.compress.pipelines import FINE, Candidate, channels, filters, learned, pareto, shape_of, sparse
from course_lib.compress.prune import channel_exchange, channel_groups, mask_channels, selection_error, sensitivity_scan, shrink
from course_lib.compress.reconstruct import CHOOSE, sampled
from course_lib.compress.run import torch_forward
from course_lib.machine.host import describe
from course_lib.records import Report
from course_lib.sparse import CSR, FORMATS, NM
from course_lib.train import accuracy, digits, trained

FILE = Path(__file__).resolve().parents[1] / "course_lib" / "data" / "pruning.json"
LAYERS = {"plain": ("conv2", "conv3", "conv4"), "residual": ("block1.conv2", "block2.conv2", "block3.conv2")}
WAYS = {"plain": ((0.25,), (0.3, 0.4)), "residual": ((0.5, 0.25), (0.2, 0.3))}  # shares of the MACs for channels, strengths for SSL
SEEDS = (0, 1)
RETRAIN = {"epochs": 12, "lr": 0.05}  # as long as the training itself, at half its step: what a user who asks for four times would do


def selection() -> Report:
    """The error of a layer's output after least squares, by the rule that chose the channels: geometric means over layers and seeds.

    Channels are chosen and weights fitted on windows of 300 training images; the error is that of windows of 300 others.
    """
    data, rows = digits(16), []
    for share in (0.25, 0.5, 0.75):
        errors: dict[str, list[float]] = {rule: [] for rule in ("exchange", "lasso", "one lasso", "l1", "l1, exchange", "random")}
        for name, layers in LAYERS.items():
            net = trained(name)
            for layer in layers:
                weight = dict(net.named_modules())[layer].weight.detach().double().numpy()
                for seed in SEEDS:
                    X, Y = sampled(net, layer, data.train[0][:300], seed=seed)
                    held = sampled(net, layer, data.train[0][300:600], seed=seed)
                    W = weight.reshape(len(weight), X.shape[1], -1)
                    c_keep = int(share * X.shape[1])
                    lasso, norm = (CHOOSE[rule](X, W, Y, c_keep) for rule in ("lasso", "l1"))
                    kept = {
                        "exchange": [channel_exchange(X, W, Y, lasso)],
                        "lasso": [lasso],
                        "one lasso": [CHOOSE["lasso"](X, W, Y, c_keep, stages=1)],
                        "l1": [norm],
                        "l1, exchange": [channel_exchange(X, W, Y, norm)],
                        "random": [CHOOSE["random"](X, W, Y, c_keep, seed=s) for s in range(3)],
                    }
                    for rule, found in errors.items():
                        found.append(float(np.mean([selection_error(X, W, Y, keep, held) for keep in kept[rule]])))
        row: dict[str, Any] = {"channels kept": f"{share:.0%}"} | {
            f"{rule} %": 100 * geometric_mean(found) for rule, found in errors.items()
        }
        for ours in ("exchange", "lasso"):
            for rule in ("l1", "random"):
                better = sum(a < b for a, b in zip(errors[ours], errors[rule], strict=True))
                row[f"{ours} beats {rule}"] = f"{better} of {len(errors[rule])}"
        rows.append(row)
    note = f"six layers of two trained networks, seeds {SEEDS} choose the pixels, random: mean of three seeds"
    return Report.of(rows, title="Error of a layer's output on windows not seen, per cent, after least squares", note=note)


def operators(cases: int = 1000) -> Report:
    """Every form on random matrices, empty ones among them: its product against that of its dense matrix, in float64."""
    rows, formats = [], dict[str, Any](FORMATS)
    forms: dict[str, Any] = {name: lambda a, rng, f=form: f.from_dense(a) for name, form in formats.items()}
    forms |= {
        "N:M": lambda a, rng: NM.from_dense(a, N=4, M=4),  # any matrix is 4:4
        "Dense": lambda a, rng: Dense(a),
        "LowRank": lambda a, rng: LowRank(rng.standard_normal((len(a), 2)), rng.standard_normal((2, a.shape[1]))),
        "Columns": lambda a, rng: Columns(a, np.sort(rng.permutation(a.shape[1] + 3)[: a.shape[1]]), a.shape[1] + 3),
        "Sum": lambda a, rng: Sum((forms["LowRank"](a, rng), CSR.from_dense(a))),
    }
    for name, make in forms.items():
        rng, worst = np.random.default_rng(0), 0.0
        for _ in range(cases):
            a = rng.standard_normal(rng.integers(0, 17, 2))
            op = make(a * (rng.random(a.shape) < rng.random()), rng)
            x = rng.standard_normal((op.shape[1], 3))
            worst = max(worst, float(np.abs(op @ x - op.dense() @ x).max(initial=0.0)))
        rows.append({"form": name, "cases": cases, "largest difference": f"{worst:.1e}", "within 1e-12": worst <= 1e-12})
    return Report.of(rows, title="op @ x = op.dense() @ x")


def shrunk() -> Report:
    """Random filters taken out of both networks: the small network's logits against the masked one's."""
    data, rows = digits(16), []
    x = np.array(data.test[0][:64])
    for name in LAYERS:
        net = trained(name)
        for seed in range(5):
            rng = np.random.default_rng(seed)
            keep = {
                group.leader: np.sort(rng.permutation(group.size)[: rng.integers(1, group.size + 1)])
                for group in channel_groups(net, shape_of(data))
                if group.free
            }
            small, masked = shrink(net, keep, shape_of(data)), mask_channels(net, keep, shape_of(data))
            apart = float(np.abs(torch_forward(small)(x) - torch_forward(masked)(x)).max())
            fewer = macs(net, shape_of(data)) / macs(small, shape_of(data))
            rows.append(
                {"network": name, "seed": seed, "fewer MACs": fewer, "largest difference": f"{apart:.1e}", "within 1e-5": apart <= 1e-5}
            )
    return Report.of(rows, title="Shrunk = masked")


def ways(name: str, seed: int, clock: Any) -> Report:
    """Every way to a smaller network, once, fine-tuned from one seed; what is removed or zeroed differs in grain and in amount."""
    data, net = digits(16), trained(name)
    parts, strengths = WAYS[name]
    candidates = [Candidate("dense", net)]
    candidates += [filters(net, data, share, seed=seed) for share in (0.5, 0.25, 0.125)]
    candidates += [filters(net, data, 0.25, "random", seed=seed)]
    candidates += [channels(net, data, share, seed=seed, fine=fine) for share in parts for fine in (None, FINE)]
    candidates += [learned(net, data, strength, seed=seed) for strength in strengths]
    candidates += [sparse(net, data, sparsity, seed=seed) for sparsity in (0.8, 0.9, 0.95)]
    candidates += [sparse(net, data, 0.5, "2:4", seed=seed), sparse(net, data, 0.8, "kernel", seed=seed)]
    table = pareto(candidates, data, clock=clock)
    return Report.of([dict(row) | {"seed": seed} for row in table], title=f"The {name} network pruned: {table.title}")


def over_seeds(title: str, way: Callable[[str, int], Candidate], clock: Any) -> Report:
    """One way on both networks, three seeds of the training that follows."""
    data, rows = digits(16), []
    for name in LAYERS:
        for seed in (0, 1, 2):
            dense, small = pareto([Candidate("dense", trained(name)), way(name, seed)], data, clock=clock)
            lost = dense["test %"] - small["test %"]
            rows.append({"network": name, "seed": seed, "dense %": dense["test %"], "pruned %": small["test %"], "points lost": lost}
                        | {key: small[key] for key in ("fewer MACs", "times faster")})  # fmt: skip
    return Report.of(rows, title=f"{title}; batch 64, one thread")


def bar(clock: Any) -> Report:
    """Four times fewer MACs; channels in multiples of 16, which fill the vectors."""
    title = "Four times fewer MACs: filters by L1 norm, fine-tuned for twelve epochs, shrunk"
    return over_seeds(title, lambda name, seed: filters(trained(name), digits(16), 0.25, seed=seed, fine=RETRAIN), clock)


def ssl(clock: Any) -> Report:
    """Group lasso at the greater of the two strengths of `ways`: how much goes is the training's to say."""
    title = "SSL: filters that go while training goes on, shrunk, fine-tuned for five epochs"
    return over_seeds(title, lambda name, seed: learned(trained(name), digits(16), max(WAYS[name][1]), seed=seed), clock)


def scan() -> Report:
    data, net = digits(16), trained("plain")
    return Report.of([
        {"grain": grain} | dict(row)
        for grain in ("element", "filter")
        for row in sensitivity_scan(net, lambda n: 100 * accuracy(n, *data.valid), grain=grain)
    ])  # fmt: skip


def kept(report: Report) -> list[dict[str, Any]]:
    return [{key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()} for row in report]


TABLES: dict[str, Callable[[int, Any], Report]] = {
    "selection": lambda seed, clock: selection(),
    "shrink": lambda seed, clock: shrunk(),
    "operators": lambda seed, clock: operators(),
    "scan": lambda seed, clock: scan(),
    "bar": lambda seed, clock: bar(clock),
    "ssl": lambda seed, clock: ssl(clock),
    "pareto": lambda seed, clock: ways("plain", seed, clock),
    "residual": lambda seed, clock: ways("residual", seed, clock),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=TABLES)
    parser.add_argument("--clock", choices=("wall", "thread"), default="wall")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="renew the record that the deck shows")
    options = parser.parse_args()
    torch.set_num_threads(1)
    clock = time.perf_counter if options.clock == "wall" else time.thread_time
    for name, make in TABLES.items():
        if options.only in (None, name):
            table = make(options.seed, clock)
            print(f"\n{table}", flush=True)
            if options.write:
                record = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}  # other tables may have been renewed meanwhile
                command = f"python benchmarks/compress.py --only {name} --seed {options.seed} --clock {options.clock} --write"
                record[name] = {"machine": describe().name, "command": command, "rows": kept(table)}
                FILE.write_text(json.dumps(record, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
