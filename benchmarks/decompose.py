"""Decompositions on real weights and real responses: the ReLU, the sum against its parts, what is left of the accuracy.

    python benchmarks/decompose.py                  all tables
    python benchmarks/decompose.py --only relu

The network is the course's own (`course_lib.train`: digits of 16 x 16 pixels, four convolutions); responses are taken from training
images, errors are reported on others. Each seed draws its own windows.
"""

from __future__ import annotations

import argparse
import copy
from typing import Any

import numpy as np

from course_lib.compress import Sum
from course_lib.compress.decompose import (
    Layer,
    Moments,
    approximate,
    channel_decompose,
    elements,
    low_rank,
    low_rank_plus_sparse,
    select_ranks,
    svd_linear,
)
from course_lib.compress.decompose.relu import relu
from course_lib.records import Report

SEEDS = 20
SAMPLES = 2000  # windows a layer
LAYERS = ("conv2", "conv3", "conv4")


def folded(net: Any) -> Any:
    """The network with every batch normalisation folded into the convolution before it, so that a ReLU follows each convolution."""
    import torch

    out = copy.deepcopy(net).eval()
    for name, module in list(out.named_children()):
        if not name.startswith("bn"):
            continue
        conv = getattr(out, "conv" + name[2:])
        scale = module.weight / torch.sqrt(module.running_var + module.eps)
        new = torch.nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding)
        with torch.no_grad():
            new.weight.copy_(conv.weight * scale[:, None, None, None])
            new.bias.copy_(module.bias - module.running_mean * scale)
        setattr(out, "conv" + name[2:], new)
        setattr(out, name, torch.nn.Identity())
    return out


def inputs(net: Any, images: np.ndarray, layer: str) -> np.ndarray:
    """What `layer` sees: ia[N,C,H,W], padded by one as its 3 x 3 filters want it."""
    import torch

    seen: list[np.ndarray] = []
    hook = getattr(net, layer).register_forward_pre_hook(lambda _, given: seen.append(given[0].numpy()))
    with torch.no_grad():
        net(torch.from_numpy(np.array(images)))
    hook.remove()
    return np.pad(seen[0], ((0, 0), (0, 0), (1, 1), (1, 1)))


def windows(ia: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """cols[C·9, count]: windows of 3 x 3 drawn from all images and places."""
    view = np.lib.stride_tricks.sliding_window_view(ia, (3, 3), (2, 3))  # N × C × P × Q × 3 × 3
    n, p, q = (rng.integers(0, size, count) for size in (view.shape[0], view.shape[2], view.shape[3]))
    return view[n, :, p, q].reshape(count, -1).T.astype(np.float64)


def error(got: np.ndarray, want: np.ndarray) -> float:
    return float(np.linalg.norm(relu(got) - relu(want)) / np.linalg.norm(relu(want)))


def relu_table(net: Any, data: Any) -> Report:
    """Linear against ReLU-aware at equal rank, on windows the solver has not seen."""
    rows = []
    for layer in LAYERS:
        ia_fit, ia_held = inputs(net, data.train[0][:300], layer), inputs(net, data.valid[0], layer)
        conv = getattr(net, layer)
        w, bias = conv.weight.detach().numpy().reshape(conv.out_channels, -1).astype(np.float64), conv.bias.detach().numpy()
        for share in (4, 3, 2):
            rank = conv.out_channels // share // 2
            wins, gains = 0, []
            for seed in range(SEEDS):
                rng = np.random.default_rng(seed)
                fit, held = windows(ia_fit, SAMPLES, rng), windows(ia_held, SAMPLES, rng)
                y, unseen = w @ fit + bias[:, None], w @ held + bias[:, None]
                linear = approximate(low_rank(rank), y, y, relu_aware=False)
                aware = approximate(low_rank(rank), y, y)
                one, two = error(linear(unseen), unseen), error(aware(unseen), unseen)
                wins += two < one
                gains.append((one, two))
            one, two = np.mean(gains, 0)
            negative = float((y < 0).mean())
            rows.append(
                {"layer": layer, "rank": rank, "of": conv.out_channels, "negative responses": negative, "linear error": float(one),
                 "ReLU-aware error": float(two), f"better in (of {SEEDS})": wins}
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
        conv = getattr(net, layer)
        w = conv.weight.detach().numpy().reshape(conv.out_channels, -1).astype(np.float64)
        cases[f"trained {layer}"] = w, windows(inputs(net, data.train[0][:300], layer), SAMPLES, rng)
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


def network_table(net: Any, data: Any) -> Report:
    """The whole network at fewer and fewer MACs, layer after layer: ranks chosen together, responses matched."""
    sizes = {"conv2": (16, 16), "conv3": (8, 8), "conv4": (8, 8)}
    rng = np.random.default_rng(0)
    layers, full = [], 0.0
    for name, (P, Q) in sizes.items():
        conv = getattr(net, name)
        K, J = conv.out_channels, conv.in_channels * 9
        y = conv.weight.detach().numpy().reshape(K, -1).astype(np.float64) @ windows(inputs(net, data.train[0][:300], name), SAMPLES, rng)
        energies = np.linalg.eigvalsh(np.cov(y))[::-1]
        layers.append(Layer(name, np.maximum(energies, 0), float(P * Q * (J + K))))
        full += P * Q * J * K
    rows = [
        {
            "MACs": full,
            "ranks": "full",
            "linear": accuracy(net, data.test),
            "ReLU-aware": accuracy(net, data.test),
            "asymmetric": accuracy(net, data.test),
        }
    ]
    for times in (2, 3, 4, 6):
        ranks = select_ranks(layers, full / times)
        row: dict[str, Any] = {
            "MACs": sum(layer.macs_a_rank * rank for layer, rank in zip(layers, ranks, strict=True)),
            "ranks": " ".join(map(str, ranks)),
        }
        for way in ("linear", "ReLU-aware", "asymmetric"):
            small = copy.deepcopy(net)
            for layer, rank in zip(layers, ranks, strict=True):
                conv = getattr(net, layer.name)
                rng = np.random.default_rng(1)
                cols = windows(inputs(small if way == "asymmetric" else net, data.train[0][:300], layer.name), SAMPLES, rng)
                target = None
                if way == "asymmetric":  # the same windows of the network as it was
                    true = windows(inputs(net, data.train[0][:300], layer.name), SAMPLES, np.random.default_rng(1))
                    target = (
                        conv.weight.detach().numpy().reshape(len(conv.weight), -1).astype(np.float64) @ true
                        + conv.bias.detach().numpy()[:, None]
                    )
                chain = channel_decompose(
                    conv.weight.detach().numpy(), cols, rank, conv.bias.detach().numpy(), way != "linear", target, pad=1
                )
                setattr(small, layer.name, chain.modules())
            row[way] = accuracy(small, data.test)
        rows.append(row)
    return Report.of(rows, "Accuracy on the test images without any training afterwards")


def svd_table(net: Any) -> Report:
    """The check of Eckart and Young on trained weights: error² of the best matrix is the tail of the singular values."""
    rows = []
    for layer in LAYERS:
        w = getattr(net, layer).weight.detach().numpy()
        w = w.reshape(len(w), -1).astype(np.float64)
        s = np.linalg.svd(w, compute_uv=False)
        for rank in (8, 16, 32):
            gap = abs(float(((w - svd_linear(w, rank).dense()) ** 2).sum()) - float((s[rank:] ** 2).sum()))
            rows.append(
                {"layer": layer, "rank": rank, "error": float(np.sqrt((s[rank:] ** 2).sum() / (s**2).sum())), "gap to the tail": gap}
            )
    return Report.of(rows, "SVD of the weights alone")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("all", "relu", "sum", "network", "svd"), default="all")
    only = parser.parse_args().only
    from course_lib.train import digits, trained

    net, data = folded(trained("plain")), digits()
    tables = {
        "svd": lambda: svd_table(net),
        "relu": lambda: relu_table(net, data),
        "sum": lambda: sum_table(net, data),
        "network": lambda: network_table(net, data),
    }
    for name, make in tables.items():
        if only in ("all", name):
            print(make(), end="\n\n", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
