"""Sparse convolutions against dense torch and scipy's CSR after im2col, on one thread; and the constants of the performance model.

    python benchmarks/sparse.py                    ResNet-18/50 and VGG-16 (stages 3 to 5), 3x3 and 1x1, at 55, 80, 90 and 95 % zeros
    python benchmarks/sparse.py --quick            fewer layers
    python benchmarks/sparse.py --network vgg16 --zeros 0.8      a piece of the table
    python benchmarks/sparse.py --forms            block and N:M kernels beside direct, on weights pruned for them
    python benchmarks/sparse.py --measure          each layer in each form, and dense, into data/sparse_times.json
    python benchmarks/sparse.py --measure --network densenet121      of a network that is not fitted on: googlenet, densenet121
    python benchmarks/sparse.py --fit              from these times the constants of both models, into data/sparse_fit.json
    python benchmarks/sparse.py --check            where each form begins to pay by the model and as measured, on the layers of networks
                                                   that were not fitted on (--every: layer by layer); nothing is timed

Weights are zeroed at random. Plain arrays in and out on all sides; the padded copy is in our time, the lowering in scipy's. Each pair is
compared before it is timed, then all are called in turns, and a ratio is the median of the turns' ratios. Time is the thread's own time
on a core (--clock wall: time on the wall).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple
from typing import Any

import numpy as np

from course_lib.bench import equal, geometric_mean, timed
from course_lib.conv.im2col import im2col
from course_lib.kernels import compile_conv2d
from course_lib.machine.host import describe
from course_lib.records import Report
from course_lib.shapes import ConvShape
from course_lib.sparse.model import STORED, TIMES, break_even, fitted_machine, moved, predicted
from course_lib.sparse.prices import terms

ZEROS = (0.55, 0.8, 0.9, 0.95)
BARS = {0.55: 1.0, 0.8: 1.6, 0.9: 3.0, 0.95: 5.0}


NETS = ("resnet18", "resnet50", "vgg16")
# The model is fitted on the layers of NETS and tried on these: GoogLeNet was looked at while its terms were chosen, DenseNet was not.
HELD_OUT = ("googlenet", "densenet121")


def layers(quick: bool, networks: Sequence[str] = NETS) -> dict[str, ConvShape]:
    """The distinct 3x3 and 1x1 layers, VGG-16's from stage 3 on; one that several networks have belongs to the first in NETS, HELD_OUT."""
    from course_lib.zoo import NETWORKS

    found: dict[ConvShape, str] = {}
    for network in (*NETS, *HELD_OUT):
        for layer in NETWORKS[network].convs:
            shape = layer.shape
            early = network == "vgg16" and shape.H > 56
            if shape.groups == 1 and (shape.R, shape.S) in ((3, 3), (1, 1)) and not early:
                found.setdefault(shape, f"{network} {shape.C}x{shape.H}x{shape.W} -> {shape.K}, {shape.R}x{shape.S}/{shape.stride}")
    every = {name: shape for shape, name in found.items() if name.startswith(tuple(networks))}
    return dict(list(every.items())[:: max(1, len(every) // 8)]) if quick else every


def drawn(shape: ConvShape, zeros: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """ia and weights with that share of zeros, at random."""
    rng = np.random.default_rng(seed)
    length = shape.C // shape.groups * shape.R * shape.S
    wt = rng.standard_normal(shape.wt_shape, np.float32) / np.float32(length**0.5)
    return rng.standard_normal(shape.ia_shape, np.float32), wt * (rng.random(shape.wt_shape) >= zeros).astype(np.float32)


def in_blocks(shape: ConvShape, zeros: float, height: int = 4) -> np.ndarray:
    """Weights zero in blocks of `height` output channels."""
    rng = np.random.default_rng(1)
    wt = rng.standard_normal(shape.wt_shape, np.float32)
    keep = rng.random((-(-shape.K // height), *shape.wt_shape[1:])) >= zeros
    return wt * np.repeat(keep, height, 0)[: shape.K].astype(np.float32)


def n_of_m(shape: ConvShape, N: int, M: int = 4) -> np.ndarray:
    """N random weights in every M input channels."""
    rng = np.random.default_rng(2)
    wt = rng.standard_normal(shape.wt_shape, np.float32)
    groups = -(-shape.wt_shape[1] // M)
    keep = rng.random((shape.K, groups, M, shape.R, shape.S)).argsort(2) < N
    return wt * keep.reshape(shape.K, groups * M, shape.R, shape.S)[:, : shape.wt_shape[1]].astype(np.float32)


def dense(ia: np.ndarray, wt: np.ndarray, shape: ConvShape) -> Callable[[], Any]:
    import torch

    a, w, pads = torch.from_numpy(ia), torch.from_numpy(wt), tuple(before for before, _ in shape.pads)
    return lambda: torch.nn.functional.conv2d(a, w, stride=shape.strides, padding=pads, groups=shape.groups)


def scipys(ia: np.ndarray, wt: np.ndarray, shape: ConvShape) -> Callable[[], np.ndarray]:
    """CSR after im2col with scipy's product; 1x1 layers of stride 1 need no lowering, and pay for none."""
    import scipy.sparse

    a = scipy.sparse.csr_array(wt.reshape(shape.K, -1))
    flat = shape.R == shape.S == 1 and shape.stride == 1 and shape.pad == 0
    return lambda: (a @ (ia[0].reshape(shape.C, -1) if flat else im2col(ia[0], shape))).reshape(shape.oa_shape)


def against(seconds: float, clock: Callable[[], float], chosen: dict[str, ConvShape], shares: Sequence[float]) -> bool:
    """The main table. True where every bar holds."""
    rows = []
    ratios: dict[tuple[str, float], list[float]] = {}
    for name, shape in chosen.items():
        row: dict[str, Any] = {"layer": name}
        for zeros in shares:
            ia, wt = drawn(shape, zeros)
            start = time.thread_time()
            ours = compile_conv2d(wt, shape, 1, "direct_sparse")
            compiled = time.thread_time() - start
            calls = {"ours": lambda: ours(ia), "torch": dense(ia, wt, shape), "scipy": scipys(ia, wt, shape)}  # noqa: B023
            want = calls["torch"]()
            for which in ("ours", "scipy"):
                equal(f"{name}, {which}", calls[which](), want, shape.C * shape.R * shape.S)
            times = timed(calls, seconds, clock=clock, turns=(7, 101))
            row[f"{zeros:.0%} x torch"] = times.ratio("torch", "ours")
            ratios.setdefault(("torch", zeros), []).append(times.ratio("torch", "ours"))
            ratios.setdefault(("scipy", zeros), []).append(times.ratio("scipy", "ours"))
            if zeros == 0.9:
                row |= {"90% x scipy": times.ratio("scipy", "ours"), "torch GFLOP/s": 2e-9 * shape.macs / times.seconds("torch")}
                row |= {"joint x vectors": f"{ours.plan.joint} x {ours.tile.vectors}", "compile ms": 1e3 * compiled}
        rows.append(row)
    print(Report.of(rows, "Direct sparse convolution, times faster than dense torch; one thread, N = 1"), end="\n\n", flush=True)
    summary: list[dict[str, Any]] = []
    for zeros in shares:
        torch_, scipy_ = ratios["torch", zeros], ratios["scipy", zeros]
        summary.append(
            {
                "zeros": f"{zeros:.0%}",
                "x torch, geometric mean": geometric_mean(torch_),
                "lowest": min(torch_),
                "bar": BARS.get(zeros, 1.0),
                "holds": geometric_mean(torch_) >= BARS.get(zeros, 1.0),
                "x scipy, geometric mean": geometric_mean(scipy_),
                "lowest ": min(scipy_),
            }
        )
    print(Report.of(summary, f"{len(rows)} layers"), end="\n\n", flush=True)
    return all(row["holds"] and row["lowest "] > 1 for row in summary)


def forms(seconds: float, clock: Callable[[], float]) -> None:
    """Block and N:M weights: the kernel made for them beside the general one."""
    rows = []
    for name, shape in layers(True).items():
        for pattern, wt, made in (
            ("blocks of 4, 75 %", in_blocks(shape, 0.75), "block_sparse"),
            ("2:4", n_of_m(shape, 2), "nm_sparse"),
            ("1:4", n_of_m(shape, 1), "nm_sparse"),
        ):
            ia = drawn(shape, 0)[0]
            direct, special = compile_conv2d(wt, shape, 1, "direct_sparse"), compile_conv2d(wt, shape, 1, made)
            calls = {"direct": lambda: direct(ia), made: lambda: special(ia), "torch": dense(ia, wt, shape)}  # noqa: B023
            want = calls["torch"]()
            for which in ("direct", made):
                equal(f"{name}, {which}", calls[which](), want, shape.C * shape.R * shape.S)
            times = timed(calls, seconds, clock=clock, turns=(7, 101))
            rows.append(
                {
                    "layer": name,
                    "weights": pattern,
                    "kernel": made,
                    "x torch": times.ratio("torch", made),
                    "direct x torch": times.ratio("torch", "direct"),
                }
            )
    print(Report.of(rows, "Regular zeros, times faster than dense torch; one thread, N = 1"), end="\n\n", flush=True)


GRID: dict[str, tuple[float, ...]] = {  # shares of zeros that each form is timed at
    "direct_sparse": (0.0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9),
    "block_sparse": (0.0, 0.15, 0.3, 0.45, 0.6, 0.8),
    "nm_sparse": (0.0, 0.25, 0.5, 0.75),
    "csr_im2col": (0.8, 0.9, 0.95, 0.98),
}


def patterned(form: str, shape: ConvShape, zeros: float) -> np.ndarray:
    """Weights with that share of zeros, where the form wants them."""
    if form == "block_sparse":
        return in_blocks(shape, zeros)
    return n_of_m(shape, round(4 * (1 - zeros))) if form == "nm_sparse" else drawn(shape, zeros)[1]


def shorter(a: Any, b: Any) -> Any:
    """Of two records of a layer the shorter times."""
    if isinstance(a, dict):
        return {key: shorter(a[key], b[key]) if key != "shape" else b[key] for key in a}
    return [shorter(x, y) for x, y in zip(a, b, strict=True)] if isinstance(a, list) else min(a, b)


def measure(seconds: float, clock: Callable[[], float], chosen: dict[str, ConvShape]) -> None:
    """The time of each layer in each form at each share of zeros, dense = 1, into the record; the dense time, too.

    Of all turns the shortest counts, and of all calls of this command the shortest is kept: what the machine does undisturbed.
    """
    for name, shape in chosen.items():
        ia, fresh = drawn(shape, 0)[0], dict[str, Any](shape=list(astuple(shape)), dense={}, sparse={})
        for form, grid in GRID.items():
            calls: dict[str, Callable[[], Any]] = {}
            for zeros in grid:
                wt = patterned(form, shape, zeros)
                ours = compile_conv2d(wt, shape, 1, form) if form != "csr_im2col" else None
                calls[str(zeros)] = (lambda f: lambda: f(ia))(ours) if ours else scipys(ia, wt, shape)  # noqa: B023
                equal(f"{name}, {form}", calls[str(zeros)](), dense(ia, wt, shape)(), shape.C * shape.R * shape.S)
            calls["dense"] = dense(ia, wt, shape)
            times = timed(calls, seconds, clock=clock, turns=(7, 101))
            least = dict(zip(times.names, times.taken.min(0).tolist(), strict=True))
            fresh["dense"][form] = least.pop("dense")
            fresh["sparse"][form] = list(least.values())
        record = json.loads(TIMES.read_text("utf-8")) if TIMES.exists() else {"layers": {}}
        if record.get("machine") != (here := f"{describe().name}, {describe().vectors}"):
            record = {"machine": here, "command": "python benchmarks/sparse.py --measure", "layers": {}}
        before = record["layers"].get(name)
        record["layers"][name] = fresh if before is None else shorter(before, fresh)
        TIMES.write_text(json.dumps(record) + "\n", "utf-8")
        print(f"{name}: dense {1e3 * min(fresh['dense'].values()):.3f} ms", flush=True)


def recorded(*networks: str) -> list[tuple[str, ConvShape, dict[str, Any]]]:
    """(layer, shape, times) of the record, of these networks."""
    layers_ = json.loads(TIMES.read_text("utf-8"))["layers"]
    return [(name, ConvShape(*row["shape"]), row) for name, row in layers_.items() if name.split()[0] in networks]


def priced(samples: list[tuple[dict[str, float], float]]) -> dict[str, float]:
    """Nanoseconds a term, none below 0, for the smallest relative errors; samples are (terms, seconds).

    Least squares, weighted anew from round to round so that a layer far off counts by its distance and not by its square.
    """
    from scipy.optimize import nnls

    names = sorted({term for terms_, _ in samples for term, count in terms_.items() if count})
    relative = np.array([[terms_.get(term, 0.0) / (1e9 * seconds) for term in names] for terms_, seconds in samples])
    weight = np.ones(len(samples))
    for _ in range(20):
        found, _ = nnls(relative * weight[:, None], weight)
        weight = 1 / np.sqrt(np.maximum(abs(relative @ found - 1), 0.03))
    return {term: float(f"{price:.4g}") for term, price in zip(names, found, strict=True) if price > 0}


def fit() -> None:
    """From the record: the prices of prices.py, and the paper's constants F, B (a copy larger than the second cache) and alpha a form."""
    rows = recorded(*NETS)
    quickest = {name: min(row["dense"].values()) for name, _, row in rows}
    prices = {"dense": priced([(terms(shape, 0.0, "dense"), quickest[name]) for name, shape, _ in rows])}
    alphas, big, other = {}, np.zeros(8 << 20, np.float32), np.zeros(8 << 20, np.float32)
    bandwidth = 2 * big.nbytes / timed({"copy": lambda: np.copyto(other, big)}, 1.0, clock=time.thread_time).taken.min()
    for form, grid in GRID.items():
        timed_ = [
            (shape, zeros, seconds, row["dense"][form])
            for _, shape, row in rows
            for zeros, seconds in zip(grid, row["sparse"][form], strict=True)
        ]
        prices[form] = priced([(terms(shape, zeros, form), seconds) for shape, zeros, seconds, _ in timed_])
        # t_sparse / t_dense = alpha·(1-x) while arithmetic is the limit; what the form moves beside is taken off first
        shares = []
        for shape, zeros, seconds, dense_ in timed_:
            beside = (moved(shape, form, zeros) - moved(shape, "direct_sparse", zeros)) / bandwidth if form == "csr_im2col" else 0.0
            if zeros >= 0.5:
                shares.append(max(seconds - beside, 0.01 * seconds) / dense_ / (1 - zeros))
        alphas[form] = float(np.median(shares))
    flops = float(np.median([2 * shape.macs / quickest[name] for name, shape, _ in rows]))
    machine = json.loads(TIMES.read_text("utf-8"))["machine"]
    words = {"name": machine, "flops": flops, "bandwidth": float(bandwidth), "alpha": alphas, "prices": prices}
    STORED.write_text(json.dumps(words, indent=1) + "\n", "utf-8")
    table: dict[str, list[Any]] = {
        "form": list(alphas),
        "alpha": list(alphas.values()),
        "break-even by alpha alone": [max(0.0, 1 - 1 / a) for a in alphas.values()],
    }
    note = f"dense convolution {flops / 1e9:.0f} GFLOP/s, copy {bandwidth / 1e9:.1f} GB/s; {len(rows)} layers; stored in {STORED.name}"
    print(Report(table, f"The paper's constants on {machine}", note), end="\n\n", flush=True)
    lines = [{"form": form, "term": term, "ns": price} for form, table_ in prices.items() for term, price in table_.items()]
    print(Report.of(lines, "Prices, nanoseconds a count"), end="\n\n", flush=True)


def check(every: bool) -> None:
    """The record beside the model, stored for the deck: how fast each form is, and on each network held out how far off the model is."""
    words = json.loads(STORED.read_text("utf-8"))
    words["measured"] = {"layers": len(recorded(*NETS)), "times faster": measured()}
    speeds = [{"form": form, "zeros": f"{float(zeros):.0%}", "times faster": ratio}
              for form, found in words["measured"]["times faster"].items() for zeros, ratio in found.items()]  # fmt: skip
    print(Report.of(speeds, f"Times faster than dense torch, geometric means over {words['measured']['layers']} layers"), end="\n\n")
    words["checked"] = {}
    for network in HELD_OUT:
        if layers_ := recorded(network):
            rows, summary = held_out(layers_)
            words["checked"][network] = {"layers": rows, "summary": summary}
            if every:
                print(Report.of(rows, "Share of zeros from which on each form pays"), end="\n\n")
            title = f"Break-even on the layers of {network}, none of which was fitted on: model against measurement"
            print(Report.of(summary, title), end="\n\n")
    STORED.write_text(json.dumps(words, indent=1) + "\n", "utf-8")


def measured() -> dict[str, dict[str, float]]:
    """Form -> share of zeros -> times faster than dense, the geometric mean over the layers of NETS in the record."""
    return {
        form: {
            str(zeros): round(geometric_mean([row["dense"][form] / row["sparse"][form][at] for _, _, row in recorded(*NETS)]), 4)
            for at, zeros in enumerate(grid)
        }
        for form, grid in GRID.items()
    }


def held_out(layers_: Sequence[tuple[str, ConvShape, dict[str, Any]]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(a row a form and layer: break-even by the model and as measured; a row a form: how far off)."""
    rows, summary = [], []
    for form, grid in GRID.items():
        off, wrong, alone = [], [], []
        for name, shape, row in layers_:
            ratios = [seconds / row["dense"][form] for seconds in row["sparse"][form]]
            real, guess, paper = crossing(grid, ratios), break_even(shape, form), break_even(shape, form, fitted_machine())
            guess, paper = (grid[0] if share <= grid[0] else 1.0 if share > grid[-1] else share for share in (guess, paper))
            off.append(abs(guess - real))
            alone.append(abs(paper - real))
            wrong += [
                abs(np.log(predicted(shape, zeros, form) / predicted(shape, 0, "dense") / ratio))
                for zeros, ratio in zip(grid, ratios, strict=True)
            ]
            rows.append({"form": form, "layer": name, "model": round(guess, 4), "measured": round(real, 4), "one alpha": round(paper, 4)})
        summary.append(
            {
                "form": form,
                "layers": len(off),
                "off, median": float(np.median(off)),
                "off, nine of ten": float(np.quantile(off, 0.9)),
                "one alpha: off, median": float(np.median(alone)),
                "time / dense off, median %": 100 * (float(np.exp(np.median(wrong))) - 1),
            }
        )
    return rows, summary


def crossing(grid: Sequence[float], ratios: Sequence[float]) -> float:
    """The share of zeros from which on sparse / dense stays at 1 or below, straight lines between those timed; 1.0 where it never does."""
    last = max((i for i, ratio in enumerate(ratios) if ratio > 1), default=-1)
    if last < 0 or last == len(grid) - 1:
        return grid[0] if last < 0 else 1.0
    a, b = ratios[last], ratios[last + 1]
    return grid[last] + (a - 1) / (a - b) * (grid[last + 1] - grid[last])


def child(options: argparse.Namespace) -> int:
    import torch

    torch.set_num_threads(1)
    clock = time.thread_time if options.clock == "thread" else time.perf_counter
    with torch.no_grad():
        if options.measure:
            measure(options.seconds, clock, layers(options.quick, options.network))
        if options.forms:
            forms(options.seconds, clock)
        if not (options.measure or options.forms):
            return 0 if against(options.seconds, clock, layers(options.quick, options.network), options.zeros) else 1
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for word in ("quick", "forms", "measure", "fit", "check", "every"):
        parser.add_argument(f"--{word}", action="store_true")
    parser.add_argument("--network", nargs="+", choices=(*NETS, *HELD_OUT), default=NETS)
    parser.add_argument("--zeros", nargs="+", type=float, default=ZEROS, help="shares of zeros, 0.55 0.8 0.9 0.95")
    parser.add_argument("--seconds", type=float, default=0.3, help="a pair is timed for at least this long")
    parser.add_argument("--clock", choices=("thread", "wall"), default="thread")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fit or options.check:  # nothing is timed
        fit() if options.fit else None
        check(options.every) if options.check else None
        return 0
    if options.child:
        return child(options)
    import torch

    print(describe(), f"torch {torch.__version__}, numpy {np.__version__}", sep="\n", end="\n\n", flush=True)
    # a library that was told to use another machine's kernels would be no peer
    environment = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return subprocess.run([sys.executable, __file__, *sys.argv[1:], "--child"], env=environment).returncode


if __name__ == "__main__":
    raise SystemExit(main())
