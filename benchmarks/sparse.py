"""Sparse convolutions against dense torch and scipy's CSR after im2col, on one thread; and the constants of the performance model.

    python benchmarks/sparse.py                    ResNet-18/50 and VGG-16 (stages 3 to 5), 3x3 and 1x1, at 55, 80, 90 and 95 % zeros
    python benchmarks/sparse.py --quick            fewer layers
    python benchmarks/sparse.py --network vgg16 --zeros 0.8      a piece of the table
    python benchmarks/sparse.py --forms            block and N:M kernels beside direct, on weights pruned for them
    python benchmarks/sparse.py --fit              alpha, F and B of this machine, stored in course_lib/data/sparse_fit.json
    python benchmarks/sparse.py --check            where the model says that sparse begins to pay, and where it does

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
from typing import Any

import numpy as np

from course_lib.bench import equal, geometric_mean, timed
from course_lib.conv.im2col import im2col
from course_lib.kernels import compile_conv2d
from course_lib.machine.host import describe
from course_lib.records import Report
from course_lib.shapes import ConvShape
from course_lib.sparse.model import FORMS, STORED, Machine, break_even, moved, predicted

ZEROS = (0.55, 0.8, 0.9, 0.95)
BARS = {0.55: 1.0, 0.8: 1.6, 0.9: 3.0, 0.95: 5.0}


NETS = ("resnet18", "resnet50", "vgg16")


def layers(quick: bool, networks: Sequence[str] = NETS) -> dict[str, ConvShape]:
    """The distinct 3x3 and 1x1 layers of ResNet-18/50 and of stages 3 to 5 of VGG-16; a layer belongs to the first that has it."""
    from course_lib.zoo import NETWORKS

    found: dict[ConvShape, str] = {}
    for network in NETS:
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
    summary = []
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


def samples(shape: ConvShape) -> list[tuple[str, float, np.ndarray]]:
    """(form, share of zeros, weights) that each form is measured on."""
    out = [(form, zeros, drawn(shape, zeros)[1]) for form in ("direct_sparse", "csr_im2col") for zeros in (0.7, 0.9)]
    out += [("block_sparse", zeros, in_blocks(shape, zeros)) for zeros in (0.7, 0.9)]
    return [*out, ("nm_sparse", 0.5, n_of_m(shape, 2)), ("nm_sparse", 0.75, n_of_m(shape, 1))]


def fit(seconds: float, clock: Callable[[], float]) -> Machine:
    """F: the median rate of dense layers. B: from a copy larger than the second cache. alpha: the median over layers, a form."""
    big = np.zeros(8 << 20, np.float32)
    other = np.empty_like(big)
    copy = timed({"copy": lambda: np.copyto(other, big)}, seconds, clock=clock)
    bandwidth = 2 * big.nbytes / copy.seconds("copy")
    rates, alphas = [], {form: [] for form in FORMS}  # type: ignore[var-annotated]
    for shape in list(layers(True).values())[::2]:
        for form, zeros, wt in samples(shape):
            ia = drawn(shape, 0)[0]
            layer = scipys(ia, wt, shape) if form == "csr_im2col" else (lambda f: lambda: f(ia))(compile_conv2d(wt, shape, 1, form))  # noqa: B023
            calls = {"sparse": layer, "dense": dense(ia, wt, shape)}
            equal(form, layer(), calls["dense"](), shape.C * shape.R * shape.S)
            times = timed(calls, seconds / 3, clock=clock, turns=(7, 101))
            rates.append(2 * shape.macs / times.seconds("dense"))
            # t_sparse / t_dense = alpha·(1-x) while arithmetic is the limit; what the form moves beside is taken off first
            extra = (moved(shape, form, zeros) - moved(shape, "direct_sparse", zeros)) / bandwidth if form == "csr_im2col" else 0.0
            share = times.ratio("sparse", "dense") - extra / times.seconds("dense")
            alphas[form].append(max(share, 0.01) / (1 - zeros))
    name = f"{describe().name}, {describe().vectors}"
    machine = Machine(name, float(np.median(rates)), bandwidth, {form: float(np.median(a)) for form, a in alphas.items()})
    words = {"name": machine.name, "flops": machine.flops, "bandwidth": machine.bandwidth, "alpha": dict(machine.alpha)}
    STORED.write_text(json.dumps(words, indent=1) + "\n", "utf-8")
    table = {"form": list(machine.alpha), "alpha": list(machine.alpha.values())}
    table["break-even, share of zeros"] = [max(0.0, 1 - 1 / a) for a in machine.alpha.values()]
    note = f"dense convolution {machine.flops / 1e9:.0f} GFLOP/s, copy {machine.bandwidth / 1e9:.1f} GB/s; stored in {STORED.name}"
    print(Report(table, f"Constants of the model on {name}", note), end="\n\n", flush=True)
    return machine


def checked(seconds: float, clock: Callable[[], float]) -> None:
    """Break-even by the model beside break-even measured: zeros in steps of 5 %, a straight line between them."""
    rows, grid = [], np.arange(0.2, 0.96, 0.05)
    for name, shape in layers(True).items():
        measured = []
        for zeros in grid:
            ia, wt = drawn(shape, float(zeros))
            ours = compile_conv2d(wt, shape, 1, "direct_sparse")
            times = timed({"ours": lambda: ours(ia), "torch": dense(ia, wt, shape)}, seconds / 3, clock=clock, turns=(7, 101))  # noqa: B023
            measured.append(times.ratio("torch", "ours"))
        # from where on it pays at every share measured: 0.2, the first of them, where it always does
        first = min(max((i + 1 for i, ratio in enumerate(measured) if ratio < 1), default=0), len(grid) - 1)
        a, b = measured[max(first - 1, 0)], measured[first]
        at = grid[first] if first == 0 or a == b else grid[first - 1] + (1 - a) / (b - a) * 0.05
        nine = int(np.argmin(abs(grid - 0.9)))
        speed = predicted(shape, 0, "dense") / predicted(shape, 0.9)
        rows.append(
            {
                "layer": name,
                "break-even, model": break_even(shape),
                "measured": float(at),
                "x dense at 90 %, model": speed,
                "measured ": measured[nine],
            }
        )
    far = geometric_mean([max(r["x dense at 90 %, model"] / r["measured "], r["measured "] / r["x dense at 90 %, model"]) for r in rows])
    off = float(np.median([abs(row["break-even, model"] - row["measured"]) for row in rows]))
    note = f"break-even is off by {off:.2f} in the median, the speed at 90 % zeros by a factor of {far:.2f} in the geometric mean"
    print(Report.of(rows, "Where direct sparse convolution begins to pay", note), flush=True)


def child(options: argparse.Namespace) -> int:
    import torch

    torch.set_num_threads(1)
    clock = time.thread_time if options.clock == "thread" else time.perf_counter
    with torch.no_grad():
        if options.fit:
            fit(options.seconds, clock)
        if options.check:
            checked(options.seconds, clock)
        if options.forms:
            forms(options.seconds, clock)
        if not (options.fit or options.check or options.forms):
            return 0 if against(options.seconds, clock, layers(options.quick, options.network), options.zeros) else 1
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for word in ("quick", "forms", "fit", "check"):
        parser.add_argument(f"--{word}", action="store_true")
    parser.add_argument("--network", nargs="+", choices=NETS, default=NETS)
    parser.add_argument("--zeros", nargs="+", type=float, default=ZEROS, help="shares of zeros, 0.55 0.8 0.9 0.95")
    parser.add_argument("--seconds", type=float, default=0.3, help="a pair is timed for at least this long")
    parser.add_argument("--clock", choices=("thread", "wall"), default="thread")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
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
