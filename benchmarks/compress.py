"""Compressed networks: accuracy, bytes, multiply-accumulates and milliseconds, on the course's own kernels.

    python benchmarks/compress.py                      all tables, some minutes
    python benchmarks/compress.py --only selection     LASSO, and LASSO with exchanges, against norm and random, layer by layer, no training
    python benchmarks/compress.py --only pareto        train -> prune -> fine-tune -> shrink -> run
    python benchmarks/compress.py --only shrink        shrunk against masked
    python benchmarks/compress.py --only operators     op @ x against op.dense() @ x, 1,000 random cases each
    python benchmarks/compress.py --clock thread       on a machine shared with others: time on a core instead of time on the wall
    python benchmarks/compress.py --write              renew course_lib/data/pruning.json, which the deck shows

Every network is compared with torch before it is timed; all are then called in turns and ratios are medians over the turns.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from course_lib.bench import geometric_mean
from course_lib.compress import Columns, Dense, LowRank, Sum
from course_lib.compress.graph import macs
from course_lib.compress.pipelines import Candidate, channels, filters, learned, pareto, shape_of, sparse
from course_lib.compress.prune import channel_exchange, channel_groups, mask_channels, selection_error, sensitivity_scan, shrink
from course_lib.compress.reconstruct import CHOOSE, sampled
from course_lib.compress.run import torch_forward
from course_lib.records import Report
from course_lib.sparse import FORMATS
from course_lib.train import accuracy, digits, trained

FILE = Path(__file__).resolve().parents[1] / "course_lib" / "data" / "pruning.json"
LAYERS = {"plain": ("conv2", "conv3", "conv4"), "residual": ("block1.conv2", "block2.conv2", "block3.conv2")}
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
    rows = []
    forms: dict[str, Any] = {name: lambda a, rng, f=form: f.from_dense(a) for name, form in FORMATS.items()}
    forms |= {
        "N:M": lambda a, rng: FORMATS["N:M"].from_dense(a, N=4, M=4),  # any matrix is 4:4
        "Dense": lambda a, rng: Dense(a),
        "LowRank": lambda a, rng: LowRank(rng.standard_normal((len(a), 2)), rng.standard_normal((2, a.shape[1]))),
        "Columns": lambda a, rng: Columns(a, np.sort(rng.permutation(a.shape[1] + 3)[: a.shape[1]]), a.shape[1] + 3),
        "Sum": lambda a, rng: Sum((forms["LowRank"](a, rng), FORMATS["CSR"].from_dense(a))),
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


def ways(seed: int, clock: Any) -> Report:
    data, net = digits(16), trained("plain")
    candidates = [Candidate("dense", net)]
    candidates += [filters(net, data, share, seed=seed) for share in (0.5, 0.25, 0.125)]
    candidates += [filters(net, data, 0.25, "random", seed=seed)]
    candidates += [channels(net, data, 0.25, seed=seed, fine=None), channels(net, data, 0.25, seed=seed)]
    candidates += [learned(net, data, strength, seed=seed) for strength in (0.3, 0.4)]
    candidates += [sparse(net, data, sparsity, seed=seed) for sparsity in (0.8, 0.9, 0.95)]
    candidates += [sparse(net, data, 0.5, "2:4", seed=seed), sparse(net, data, 0.8, "kernel", seed=seed)]
    return pareto(candidates, data, clock=clock)


def bar(seeds: tuple[int, ...], clock: Any) -> Report:
    """Four times fewer MACs on both networks, several seeds of the fine-tuning; channels in multiples of 16, which fill the vectors."""
    data, rows = digits(16), []
    for name in LAYERS:
        net = trained(name)
        for seed in seeds:
            table = pareto([Candidate("dense", net), filters(net, data, 0.25, seed=seed, fine=RETRAIN)], data, clock=clock)
            dense, small = table
            lost = dense["test %"] - small["test %"]
            rows.append({"network": name, "seed": seed, "dense %": dense["test %"], "pruned %": small["test %"], "points lost": lost}
                        | {key: small[key] for key in ("fewer MACs", "times faster")})  # fmt: skip
    return Report.of(rows, title="Four times fewer MACs: filters by L1 norm, fine-tuned for twelve epochs, shrunk; batch 64, one thread")


def scan() -> Report:
    data, net = digits(16), trained("plain")
    return Report.of([
        {"grain": grain} | dict(row)
        for grain in ("element", "filter")
        for row in sensitivity_scan(net, lambda n: 100 * accuracy(n, *data.valid), grain=grain)
    ])  # fmt: skip


def kept(report: Report) -> list[dict[str, Any]]:
    return [{key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()} for row in report]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("selection", "shrink", "operators", "bar", "pareto", "scan"))
    parser.add_argument("--clock", choices=("wall", "thread"), default="wall")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="renew the record that the deck shows")
    options = parser.parse_args()
    torch.set_num_threads(1)
    clock = time.perf_counter if options.clock == "wall" else time.thread_time
    tables = {
        "selection": selection,
        "shrink": shrunk,
        "operators": operators,
        "scan": scan,
        "bar": lambda: bar((0, 1, 2), clock),
        "pareto": lambda: ways(options.seed, clock),
    }
    for name, make in tables.items():
        if options.only in (None, name):
            table = make()
            print(f"\n{table}", flush=True)
            if options.write:
                record = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}  # other tables may have been renewed meanwhile
                record[name] = kept(table)
                record |= {"machine": platform.processor() or platform.machine(), "command": "python benchmarks/compress.py --write"}
                FILE.write_text(json.dumps(record, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
