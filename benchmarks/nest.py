"""Compiled nests against their peers: torch's conv2d (oneDNN), and the faster of OpenBLAS (numpy) and MKL (torch) for products.

    python benchmarks/nest.py                       all tables, on one thread and on two
    python benchmarks/nest.py --threads 1 --only gemm
    python benchmarks/nest.py --clock thread        on a machine shared with others: time on a core instead of time on the wall

Plain arrays in and out on both sides. Each pair is compared before it is timed, then both are called in turns, and the ratio is
the median of the turns' ratios: a slow moment slows both. Above 1: ours is faster. With several threads each call is timed after
a pause and a call of its own that is not: idle threads of one library spin for a while and would sit on the other's cores.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from course_lib.bench import equal, geometric_mean, timed
from course_lib.kernels import compile_conv2d, compile_gemm
from course_lib.records import Report
from course_lib.shapes import ConvShape, GemmShape

PRODUCTS = [GemmShape(n, n, n) for n in (256, 384, 512, 768, 1024, 1536, 2048)] + [
    GemmShape(*sizes)
    for sizes in (
        (1, 2048, 2048),
        (4, 2048, 2048),
        (16, 2048, 2048),
        (64, 2048, 2048),
        (2048, 1, 2048),
        (2048, 16, 2048),
        (2048, 64, 2048),
        (2048, 2048, 64),
        (64, 3136, 576),
    )
]


def convolutions(layers: dict[str, ConvShape], title: str, threads: int, clock: Callable[[], float]) -> Report:
    import torch

    rows, rng = [], np.random.default_rng(0)
    for name, shape in layers.items():
        length = shape.C // shape.groups * shape.R * shape.S
        ia = rng.standard_normal(shape.ia_shape, np.float32)
        wt = rng.standard_normal(shape.wt_shape, np.float32) / np.float32(length**0.5)
        torch_ia, torch_wt = torch.from_numpy(ia), torch.from_numpy(wt)
        padding = tuple(before for before, _ in shape.pads)
        start = clock()
        layer = compile_conv2d(wt, shape, threads)
        compiled = clock() - start

        def theirs() -> torch.Tensor:
            return torch.nn.functional.conv2d(torch_ia, torch_wt, stride=shape.strides, padding=padding, groups=shape.groups)  # noqa: B023 - called in this turn

        equal(name, layer(ia), theirs(), length)
        times = timed({"ours": lambda: layer(ia), "torch": theirs}, threads=threads, clock=clock)  # noqa: B023
        work = 2e-9 * shape.macs
        rows.append(
            {
                "layer": name,
                "ours GFLOP/s": work / times.seconds("ours"),
                "torch GFLOP/s": work / times.seconds("torch"),
                "ratio": times.ratio("torch", "ours"),
                "compile ms": 1e3 * compiled,
            }
        )
    ratios = [row["ratio"] for row in rows]
    note = f"geometric mean of the ratios {geometric_mean(ratios):.2f}, lowest {min(ratios):.2f}"
    return Report.of(rows, f"{title}, {threads} thread{'s' * (threads > 1)}", note)


def products(threads: int, clock: Callable[[], float]) -> Report:
    import torch

    rows, rng = [], np.random.default_rng(0)
    for shape in PRODUCTS:
        a = rng.standard_normal(shape.a_shape, np.float32)
        b = rng.standard_normal(shape.b_shape, np.float32) / np.float32(shape.K**0.5)
        torch_a, torch_b = torch.from_numpy(a), torch.from_numpy(b)
        product = compile_gemm(shape, threads)
        name = f"{shape.M} {shape.N} {shape.K}"
        equal(name, product(a, b), a @ b, shape.K)
        calls = {"ours": lambda: product(a, b), "OpenBLAS": lambda: a @ b, "MKL": lambda: torch_a @ torch_b}  # noqa: B023
        times = timed(calls, threads=threads, clock=clock)
        work, peer = 2e-9 * shape.macs, min(("OpenBLAS", "MKL"), key=times.seconds)
        rows.append(
            {
                "M N K": name,
                **{f"{which} GFLOP/s": work / times.seconds(which) for which in times.names},
                "ratio to the faster": times.ratio(peer, "ours"),
            }
        )
    ratios = [row["ratio to the faster"] for row in rows]
    note = f"geometric mean of the ratios {geometric_mean(ratios):.2f}, lowest {min(ratios):.2f}"
    return Report.of(rows, f"matrix products, {threads} thread{'s' * (threads > 1)}", note)


def dense_layers() -> dict[str, ConvShape]:
    """The distinct 3x3 and 1x1 layers of VGG-16, ResNet-18 and ResNet-50, by their sizes."""
    from course_lib.zoo import NETWORKS

    found: dict[ConvShape, str] = {}
    for network in ("vgg16", "resnet18", "resnet50"):
        for layer in NETWORKS[network].layers:
            shape = layer.shape
            if isinstance(shape, ConvShape) and shape.groups == 1 and (shape.R, shape.S) in ((3, 3), (1, 1)):
                found.setdefault(shape, f"{network} {shape.C}x{shape.H}x{shape.W} -> {shape.K}, {shape.R}x{shape.S}/{shape.stride}")
    return {name: shape for shape, name in found.items()}


def depthwise_layers() -> dict[str, ConvShape]:
    from course_lib.zoo import NETWORKS

    shapes = dict.fromkeys(l.shape for l in NETWORKS["mobilenet_v2"].layers if isinstance(l.shape, ConvShape) and l.shape.groups > 1)
    return {f"{s.C}x{s.H}x{s.W}, {s.R}x{s.S}/{s.stride}": s for s in shapes}


def child(threads: int, only: str, clock_name: str) -> None:
    import torch

    torch.set_num_threads(threads)
    clock = time.thread_time if clock_name == "thread" else time.perf_counter
    with torch.no_grad():
        if only in ("all", "conv"):
            print(
                convolutions(dense_layers(), "VGG-16, ResNet-18, ResNet-50: distinct 3x3 and 1x1 layers, N = 1", threads, clock),
                end="\n\n",
                flush=True,
            )
        if only in ("all", "depthwise"):
            print(convolutions(depthwise_layers(), "MobileNetV2: distinct depthwise layers, N = 1", threads, clock), end="\n\n", flush=True)
        if only in ("all", "gemm"):
            print(products(threads, clock), end="\n\n", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--only", choices=("all", "conv", "depthwise", "gemm"), default="all")
    parser.add_argument(
        "--clock", choices=("wall", "thread"), default="wall", help="thread: one thread's time on a core; needs --threads 1"
    )
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.clock == "thread" and options.threads != [1]:
        parser.error("--clock thread sees one thread only: add --threads 1")
    if options.child:
        child(options.threads[0], options.only, options.clock)
        return 0
    import torch

    from course_lib.machine.host import describe

    print(describe(), f"torch {torch.__version__}, numpy {np.__version__}", sep="\n", end="\n\n", flush=True)
    for threads in options.threads:
        # a library that was told to use another machine's kernels would be no peer
        environment = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
        environment |= {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
        arguments = ["--child", "--threads", str(threads), "--only", options.only, "--clock", options.clock]
        done = subprocess.run([sys.executable, __file__, *arguments], env=environment)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
