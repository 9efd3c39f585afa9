"""Decompositions on real weights and real responses: the ReLU, the sum against its parts, what is left of the accuracy.

    python benchmarks/decompose.py                  all tables
    python benchmarks/decompose.py --only relu

The network is the course's own (`course_lib.train`: digits of 16 x 16 pixels, four convolutions); responses are taken from training
images, errors are reported on others. Each seed draws its own windows.
"""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

import numpy as np

from course_lib.bench import timed
from course_lib.compress import Sum
from course_lib.compress.decompose import (
    Moments,
    approximate,
    decompose_network,
    elements,
    low_rank,
    low_rank_plus_sparse,
    network_ranks,
    responses,
    svd_linear,
    without_batch_norm,
)
from course_lib.compress.decompose.relu import relu
from course_lib.records import Report

SEEDS = 20
LAYERS = ("conv2", "conv3", "conv4")


def error(got: np.ndarray, want: np.ndarray) -> float:
    return float(np.linalg.norm(relu(got) - relu(want)) / np.linalg.norm(relu(want)))


def relu_table(net: Any, data: Any) -> Report:
    """Linear against ReLU-aware at equal rank, on windows the solver has not seen."""
    rows = []
    for layer in LAYERS:
        for rank in (8, 10, 16):
            wins, gains = 0, []
            for seed in range(SEEDS):
                fit, held = responses(net, layer, data.train[0][:200], seed=seed), responses(net, layer, data.valid[0][:200], seed=seed)
                linear = approximate(low_rank(rank), fit.y, fit.y, relu_aware=False)
                aware = approximate(low_rank(rank), fit.y, fit.y)
                one, two = error(linear(held.y), held.y), error(aware(held.y), held.y)
                wins += two < one
                gains.append((one, two))
            one, two = np.mean(gains, 0)
            rows.append(
                {"layer": layer, "rank": rank, "of": len(fit.y), "negative responses": float((fit.y < 0).mean()),
                 "linear error": float(one), "ReLU-aware error": float(two), f"better in (of {SEEDS})": wins}
            )  # fmt: skip
    return Report.of(rows, "Error after the ReLU on images not seen, mean over the seeds")


def sum_table(net: Any, data: Any) -> Report:
    """Low rank, few entries, and their sum at equal numbers stored: on planted matrices, on trained weights, on noise."""
    rng = np.random.default_rng(0)
    cases: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    planted = rng.standard_normal((128, 8)) @ rng.standard_normal((8, 256)) / 3
    planted += (rng.random(planted.shape) < 0.03) * 5 * rng.standard_normal(planted.shape) + 0.05 * rng.standard_normal(planted.shape)
    cases["planted: rank 8, 3 % spikes"] = planted, rng.standard_normal((256, 2000))
    for layer in LAYERS:
        seen = responses(net, layer, data.train[0][:200])
        cases[f"trained {layer}"] = seen.w, seen.x
    cases["noise (the control)"] = rng.standard_normal((64, 288)), rng.standard_normal((288, 2000))
    rows = []
    for name, (w, x) in cases.items():
        K, J = w.shape
        moments = Moments.of(w @ x, x)
        numbers = K * J // 4
        size = moments.zz**0.5
        away = lambda op: moments.loss(op.dense()) ** 0.5 / size  # noqa: B023
        alone = {"low rank": away(low_rank(numbers // (K + J))(moments)), "entries": away(elements(numbers // 2)(moments))}
        sums = {}
        for part in (0.25, 0.5, 0.75):
            rank = max(1, int(numbers * part) // (K + J))
            both = low_rank_plus_sparse(rank, (numbers - rank * (K + J)) // 2)(moments)
            assert isinstance(both, Sum)
            sums[rank] = away(both)
        best = min(sums, key=sums.get)  # type: ignore[arg-type]
        rows.append(
            {
                "matrix": name,
                "numbers": numbers,
                **alone,
                "sum": sums[best],
                "of which rank": best,
                "wins": sums[best] < min(alone.values()),
            }
        )
    return Report.of(rows, "Relative error of the responses at a quarter of the numbers (an entry counts two: value and index)")


def accuracy(net: Any, part: tuple[np.ndarray, np.ndarray]) -> float:
    import torch

    with torch.no_grad():
        return float((net(torch.from_numpy(np.array(part[0]))).argmax(1).numpy() == part[1]).mean())


def network_table(net: Any, data: Any, tune: bool = True) -> Report:
    """The whole network at fewer and fewer MACs: ranks chosen together, responses matched, then a few epochs of training."""
    from course_lib.compress.run import compile_network
    from course_lib.train import accuracy, train

    images = data.train[0][:200]
    batch = np.ascontiguousarray(np.tile(data.test[0], (2, 1, 1, 1))[:512])
    whole = without_batch_norm(net)
    runners = {"as it was": compile_network(whole, batch.shape)}
    rows: list[dict[str, Any]] = []
    for fewer in (1, 2, 3, 4, 6):
        ranks = network_ranks(net, LAYERS, images, fewer) if fewer > 1 else {}
        row: dict[str, Any] = {"times fewer MACs": fewer, "ranks": " ".join(map(str, ranks.values())) or "full"}
        for way in ("linear", "relu", "asymmetric"):
            small = decompose_network(net, ranks, images, way)
            row[way] = accuracy(small, *data.test)
        if tune and fewer > 1:
            small = decompose_network(net, ranks, images)
            train(small, data, epochs=5, lr=0.005, seed=0)
            row["trained again"] = accuracy(small, *data.test)
        else:
            row["trained again"] = row["asymmetric"]
        row["numbers"] = sum(p.numel() for p in small.parameters())
        runners[f"{fewer}"] = compile_network(small.eval(), batch.shape)
        rows.append(row)
    times = timed({name: partial(run, batch) for name, run in runners.items()}, seconds=3.0)
    for row in rows:
        row["times faster"] = times.ratio("as it was", f"{row['times fewer MACs']}")
    return Report.of(rows, "Accuracy on the test images; time of a batch of 512 with our kernels, one thread")


def svd_table(net: Any, data: Any) -> Report:
    """The check of Eckart and Young on trained weights: error² of the best matrix is the tail of the singular values."""
    rows = []
    for layer in LAYERS:
        w = responses(net, layer, data.train[0][:1]).w
        s = np.linalg.svd(w, compute_uv=False)
        for rank in (8, 16, 32):
            gap = abs(float(((w - svd_linear(w, rank).dense()) ** 2).sum()) - float((s[rank:] ** 2).sum()))
            rows.append({"layer": layer, "rank": rank, "error": float(np.sqrt((s[rank:] ** 2).sum() / (s**2).sum())), "gap": gap})
    return Report.of(rows, "SVD of the weights alone; the gap between its error² and the tail of the singular values²")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("all", "relu", "sum", "network", "svd"), default="all")
    only = parser.parse_args().only
    from course_lib.train import digits, trained

    net, data = trained("plain"), digits()
    tables = {"svd": svd_table, "relu": relu_table, "sum": sum_table, "network": network_table}
    for name, make in tables.items():
        if only in ("all", name):
            print(make(net, data), end="\n\n", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
