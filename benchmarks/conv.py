"""The convolution family against its peers and its claims: torch, im2col, the paper of MEC, and the choice that "auto" makes.

    python benchmarks/conv.py                        all tables, on one thread
    python benchmarks/conv.py --only mec auto        some of them
    python benchmarks/conv.py --clock thread         on a machine shared with others: time on a core instead of time on the wall

right      1,000 random layers by every algorithm, each within its own bound (python -m tests.conv.many)
unfold     im2col and one product, against torch's unfold and mm
mec        the twelve layers of MEC's paper: bytes, and run time against im2col, each in the layout it was made for
auto       numpy's conv2d: how far "auto" is from the best algorithm, on layers drawn from the zoo
compiled   the same for compile_conv2d
winograd   the compiled Winograd against torch's conv2d, VGG-16 from conv2_1 on

Everything is compared before it is timed; functions are called in turns, and ratios are medians over the turns.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from course_lib.bench import equal, geometric_mean, timed
from course_lib.conv import ALGORITHMS, cost, mec, mec_nest, mec_paper
from course_lib.conv.calibrate import sample, zoo_layers
from course_lib.conv.prices import in_words
from course_lib.records import Report
from course_lib.shapes import ConvShape

TABLES = ("right", "unfold", "mec", "auto", "compiled", "winograd")
Clock = Callable[[], float]
SEED, LAYERS, WINDOWS = 11, 40, 40  # of all the zoo's distinct layers, and of those with a window


def arrays(shape: ConvShape) -> tuple[np.ndarray, np.ndarray, int]:
    """ia, wt and the length of a sum; weights scaled so that outputs are about 1."""
    rng, length = np.random.default_rng(0), shape.C // shape.groups * shape.R * shape.S
    ia = rng.standard_normal(shape.ia_shape, np.float32)
    return ia, rng.standard_normal(shape.wt_shape, np.float32) / np.float32(length**0.5), length


def drawn() -> list[ConvShape]:
    """40 of the zoo's distinct layers, most of them 1x1 as in the zoo, and 40 more of those with a window."""
    some = sample(zoo_layers(), LAYERS, SEED)
    return some + sample([s for s in zoo_layers() if s.R * s.S > 1 and s not in some], WINDOWS, SEED)


def unfold(clock: Clock) -> Report:
    import torch

    layers = [
        ConvShape(1, 64, 56, 56, 64, 3, 3, 1, 1), ConvShape(1, 128, 28, 28, 128, 3, 3, 1, 1), ConvShape(1, 256, 14, 14, 256, 3, 3, 1, 1),
        ConvShape(1, 512, 7, 7, 512, 3, 3, 1, 1), ConvShape(1, 64, 112, 112, 128, 3, 3, 1, 1), ConvShape(1, 3, 224, 224, 64, 3, 3, 1, 1),
        ConvShape(1, 3, 224, 224, 64, 7, 7, 2, 3), ConvShape(1, 96, 27, 27, 256, 5, 5, 1, 2), ConvShape(1, 128, 56, 56, 128, 3, 3, 2, 1),
        ConvShape(4, 64, 28, 28, 96, 3, 3, 1, 1),
    ]  # fmt: skip
    rows = []
    for shape in layers:
        ia, wt, length = arrays(shape)
        x, a = torch.from_numpy(ia), torch.from_numpy(wt).reshape(shape.K, -1)

        def theirs(x: torch.Tensor = x, a: torch.Tensor = a, shape: ConvShape = shape) -> torch.Tensor:
            padding = tuple(before for before, _ in shape.pads)
            cols = torch.nn.functional.unfold(x, (shape.R, shape.S), shape.dilations, padding, shape.strides)
            return torch.stack([torch.mm(a, image) for image in cols]).reshape(shape.oa_shape)

        def ours(ia: np.ndarray = ia, wt: np.ndarray = wt, shape: ConvShape = shape) -> np.ndarray:
            return ALGORITHMS["im2col"].conv2d(ia, wt, shape)  # type: ignore[no-any-return]

        equal(in_words(shape), ours(), theirs(), length)
        times = timed({"ours": ours, "torch": theirs}, clock=clock)
        rows.append({
            "layer": in_words(shape), "ours ms": 1e3 * times.seconds("ours"), "torch ms": 1e3 * times.seconds("torch"),
            "ours / torch": times.ratio("ours", "torch"),
        })  # fmt: skip
    ratios = [row["ours / torch"] for row in rows]
    return Report.of(rows, "im2col + GEMM beside torch's unfold + mm", f"geometric mean {geometric_mean(ratios):.2f}, bar: at most 1.10")


def mec_table(clock: Clock) -> Report:
    rows = []
    for name, shape in mec_paper.LAYERS.items():
        ia, wt, length = arrays(shape)
        nhwc = np.ascontiguousarray(ia.transpose(0, 2, 3, 1))
        # the filters stand as each wants them before the clock starts: for im2col they do as they are
        rows_of, layer = mec.filters_to_rows(wt), mec_nest.compile_mec(wt, shape)
        calls: dict[str, Callable[[], np.ndarray]] = {
            "im2col": partial(ALGORITHMS["im2col"].conv2d, ia, wt, shape),
            "MEC": partial(layer, nhwc),
            "MEC, BLAS": partial(mec.conv2d_nhwc, nhwc, wt, shape, rows=rows_of),
        }
        want = calls["im2col"]()
        for call in ("MEC", "MEC, BLAS"):
            equal(f"{name} {call}", calls[call]().transpose(0, 3, 1, 2), want, length)
        times = timed(calls, clock=clock, turns=(7, 101))
        rows.append({
            "layer": name, "im2col MB": mec.im2col_bytes(shape) / 1e6, "MEC MB": mec.mec_bytes(shape) / 1e6,
            "memory ratio": mec.im2col_bytes(shape) / mec.mec_bytes(shape),
            **{f"{call} ms": 1e3 * times.seconds(call) for call in calls},
            "im2col / MEC": times.ratio("im2col", "MEC"), "im2col / MEC, BLAS": times.ratio("im2col", "MEC, BLAS"),
        })  # fmt: skip
    big, small = mec_paper.resnet101()
    nest, blas = (geometric_mean([row[name] for row in rows]) for name in ("im2col / MEC", "im2col / MEC, BLAS"))
    mix = {row["layer"]: mec_paper.RESNET101.get(row["layer"], 0) for row in rows}
    weighed = {call: sum(mix[row["layer"]] * row[f"{call} ms"] for row in rows) for call in ("im2col", "MEC", "MEC, BLAS")}
    note = (
        f"run time, im2col / MEC: geometric mean {nest:.2f} with its products in one compiled nest, bar: at least 1.00; "
        f"{blas:.2f} with a BLAS call a row\n"
        f"ResNet-101 mix: {big:.2f} MiB against {small:.2f} MiB, {big / small:.2f} times; "
        + ", ".join(f"{call} {ms:.0f} ms" for call, ms in weighed.items())
    )
    return Report.of(rows, "MEC's twelve layers, one image, MEC on NHWC as in the paper", note)


def within(rows: list[dict[str, object]], what: str) -> str:
    near = [row for row in rows if float(row["auto / best"]) <= 1.10]  # type: ignore[arg-type]
    mean = geometric_mean([row["auto / best"] for row in rows])
    share = f"{len(near)} of {len(rows)} layers ({len(near) / len(rows):.0%})"
    windows = [row for row in rows if " 1x1" not in str(row["layer"])]
    good = sum(float(row["auto / best"]) <= 1.10 for row in windows)  # type: ignore[arg-type]
    said = f"{what} within 10 % of the best on {share}, bar: 90 %; geometric mean {mean:.3f}"
    return f"{said}; of the {len(windows)} layers with windows on {good}"


def auto(clock: Clock) -> Report:
    rows: list[dict[str, object]] = []
    for shape in drawn():
        ia, wt, length = arrays(shape)
        chosen = cost.choose(shape)
        names = [name for name in ALGORITHMS if not cost.why_not(name, shape, False) or (name in ("im2col", "kn2row") and shape.R == 1)]
        # those that the model expects to take more than six times as long are not waited for
        names = [name for name in names if cost.expected(name, shape) < 6 * cost.expected(chosen, shape)]
        calls = {name: lambda name=name, ia=ia, wt=wt, shape=shape: ALGORITHMS[name].conv2d(ia, wt, shape) for name in names}
        want = ALGORITHMS["im2col"].conv2d(ia, wt, shape)
        for name in names:
            equal(f"{name} {in_words(shape)}", calls[name](), want, length, factor=6400 if name == "winograd" else 640)
        times = timed(calls, seconds=0.25, clock=clock, turns=(7, 41))
        best = times.fastest()
        rows.append({
            "layer": in_words(shape), "auto": chosen, "best": best,
            "auto ms": 1e3 * times.seconds(chosen), "best ms": 1e3 * times.seconds(best),
            "auto / best": times.ratio(chosen, best),
        })  # fmt: skip
    title = f"numpy's conv2d: 'auto' on {LAYERS} of the zoo's distinct layers and {WINDOWS} more with windows (seed {SEED})"
    return Report.of(rows, title, within(rows, "'auto'"))


def compiled(clock: Clock) -> Report:
    from course_lib.kernels import compile_conv2d

    rows: list[dict[str, object]] = []
    for shape in drawn():
        ia, wt, length = arrays(shape)
        layers = {"auto": compile_conv2d(wt, shape)}
        for name in ("windows", "winograd", "planes"):
            try:
                layers[name] = compile_conv2d(wt, shape, algorithm=name)
            except ValueError:
                continue  # it does not take this layer
        want = ALGORITHMS["im2col"].conv2d(ia, wt, shape)
        for name, layer in layers.items():
            equal(f"{name} {in_words(shape)}", layer(ia), want, length, factor=6400)
        calls = {name: lambda layer=layer, ia=ia: layer(ia) for name, layer in layers.items()}
        times = timed(calls, seconds=0.15, clock=clock, turns=(7, 61))
        best = min((name for name in layers if name != "auto"), key=times.seconds)
        rows.append({
            "layer": in_words(shape), "best": best, "auto ms": 1e3 * times.seconds("auto"), "best ms": 1e3 * times.seconds(best),
            "auto / best": max(1.0, times.ratio("auto", best)),
        })  # fmt: skip
    title = f"compile_conv2d: 'auto' on {LAYERS} of the zoo's distinct layers and {WINDOWS} more with windows (seed {SEED})"
    return Report.of(rows, title, within(rows, "'auto'"))


def winograd(clock: Clock) -> Report:
    import torch

    from course_lib.kernels import compile_conv2d
    from course_lib.zoo import NETWORKS

    shapes = dict.fromkeys(
        l.shape for l in NETWORKS["vgg16"].layers if isinstance(l.shape, ConvShape) and l.shape.C >= 64 and l.shape.H <= 112
    )
    rows = []
    for shape in shapes:
        ia, wt, length = arrays(shape)
        layer, x, w = compile_conv2d(wt, shape, algorithm="winograd"), torch.from_numpy(ia), torch.from_numpy(wt)
        calls = {
            "ours": lambda layer=layer, ia=ia: layer(ia),
            "torch": lambda x=x, w=w: torch.nn.functional.conv2d(x, w, padding=1),
        }
        equal(in_words(shape), calls["ours"](), calls["torch"](), length, factor=6400)
        times = timed(calls, clock=clock)
        work = 2e-9 * shape.macs
        rows.append({
            "layer": in_words(shape), "ours GFLOP/s": work / times.seconds("ours"), "torch GFLOP/s": work / times.seconds("torch"),
            "torch / ours": times.ratio("torch", "ours"),
        })  # fmt: skip
    mean = geometric_mean([row["torch / ours"] for row in rows])
    return Report.of(
        rows, "compiled Winograd beside torch's conv2d, VGG-16 from conv2_1 on", f"geometric mean {mean:.2f}, bar: at least 1.50"
    )


MAKERS = {"unfold": unfold, "mec": mec_table, "auto": auto, "compiled": compiled, "winograd": winograd}


def child(only: list[str], clock: Clock) -> None:
    if {"unfold", "winograd"} & set(only):
        import torch

        torch.set_num_threads(1)
        torch.set_grad_enabled(False)
    for name in TABLES:
        if name in only and name in MAKERS:
            print(MAKERS[name](clock), end="\n\n", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--shapes", type=int, default=1000, help="random layers for the table 'right'")
    parser.add_argument("--clock", choices=("wall", "thread"), default="wall", help="thread: this thread's time on a core")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.only, time.thread_time if options.clock == "thread" else time.perf_counter)
        return 0
    from course_lib.machine.host import describe

    print(describe(), f"numpy {np.__version__}", sep="\n", end="\n\n", flush=True)
    # a library that was told to use another machine's kernels would be no peer; one thread for everybody
    environment = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    root = Path(__file__).resolve().parents[1]
    if "right" in options.only:
        done = subprocess.run([sys.executable, "-m", "tests.conv.many", "--shapes", str(options.shapes)], cwd=root, env=environment)
        print(flush=True)
        if done.returncode:
            return done.returncode
    timed_tables = [name for name in options.only if name != "right"]
    if not timed_tables:
        return 0
    return subprocess.run(
        [sys.executable, __file__, "--child", "--only", *timed_tables, "--clock", options.clock], env=environment
    ).returncode


if __name__ == "__main__":
    raise SystemExit(main())
