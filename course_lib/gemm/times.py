"""How fast the ladder is: recorded once with the machine's name, or measured now.

Labs and decks show the record course_lib/data/gemm_times.json, which `python benchmarks/gemm.py --record` renews. Everything is
compared before it is timed, and what stands in one table ran in turns.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..bench import equal, timed
from ..records import Report
from ..shapes import GemmShape

FILE = Path(__file__).resolve().parent.parent / "data" / "gemm_times.json"
COMMAND = "python benchmarks/gemm.py --record"
SIZES = (48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
SLOWEST = 512  # steps without a register tile stop here: larger ones would take minutes

Clock = Callable[[], float]


def operands(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, n), np.float32), rng.standard_normal((n, n), np.float32) / np.float32(n**0.5)


def speeds(names: Sequence[str], works: Mapping[str, Callable[[], Any]], n: int, clock: Clock) -> dict[str, float]:
    a, b = operands(n)
    for name, work in works.items():
        # Strassen adds matrices before it multiplies: its constant is a few times larger
        equal(f"{name}, order {n}", work(), a @ b, n, factor=256.0 if name == "Strassen" else 64.0)
    times = timed(works, seconds=0.3, clock=clock, turns=(5, 101))
    return {name: 2e-9 * n**3 / times.seconds(name) for name in names}


def ladder_times(sizes: Sequence[int] = SIZES, clock: Clock = time.thread_time) -> list[dict[str, Any]]:
    """GFLOP/s of each step of the ladder at each order, one thread."""
    from .ladder import ladder

    rows = []
    for n in sizes:
        a, b = operands(n)
        steps = [step for step in ladder(n) if n <= SLOWEST or step.name not in ("i j k", "i k j")]
        works = {step.name: partial(step.make(), a, b) for step in steps}
        rows += [{"n": n, "step": name, "GFLOP/s": round(speed, 2)} for name, speed in speeds(list(works), works, n, clock).items()]
    return rows


def effort_times(n: int = 512, clock: Clock = time.thread_time) -> list[dict[str, Any]]:
    """Milliseconds of three loop orders at three efforts of the compiler, and how much i j k is slower than i k j; float32."""
    from ..nest import gemm_problem, schedule
    from .effort import EFFORTS, compiled

    a, b = operands(n)
    rows = []
    for effort in EFFORTS:
        works = {
            order: partial(compiled(schedule(gemm_problem(GemmShape(n, n, n)), order), effort), a, b)
            for order in ("i j k", "i k j", "j k i")
        }
        for order, work in works.items():
            equal(f"{order}, effort {effort}", work(), a @ b, n)
        times = timed(works, seconds=0.3, clock=clock, turns=(5, 101))
        row: dict[str, Any] = {"effort": effort, "n": n, **{order: round(1e3 * times.seconds(order), 1) for order in works}}
        rows.append(
            row | {"i j k / i k j": round(times.ratio("i j k", "i k j"), 2), "j k i / i k j": round(times.ratio("j k i", "i k j"), 2)}
        )
    return rows


def leaf_times(
    n: int = 1024, leaves: Sequence[int] = (16, 32, 64, 128, 256, 512, 1024), clock: Clock = time.thread_time
) -> list[dict[str, Any]]:
    """Strassen at order n by leaf size: multiplications, additions, milliseconds, error against float64 in units of 2^-24; one thread."""
    from . import library, strassen

    leaves = (16, 32, 64, 128, 256, 512, 1024)
    a, b = operands(n)
    exact = a.astype(np.float64) @ b.astype(np.float64)
    works = {str(leaf): partial(strassen.gemm, a, b, leaf, library.gemm) for leaf in leaves}
    results = {name: work() for name, work in works.items()}
    for name, result in results.items():
        equal(f"leaf {name}", result, exact, n, factor=64.0 * 4.0 ** np.log2(n / int(name)))
    times = timed(works, seconds=0.3, clock=clock, turns=(5, 101))
    size = float(np.abs(exact).max())
    return [
        {
            "leaf": leaf,
            "multiplications": strassen.multiplications(n, leaf),
            "additions": strassen.additions(n, leaf),
            "ms": round(1e3 * times.seconds(str(leaf)), 2),
            "error": round(float(np.abs(results[str(leaf)] - exact).max()) / size / 2.0**-24, 1),
        }
        for leaf in leaves
    ]


def channel_times(clock: Clock = time.thread_time) -> list[dict[str, Any]]:
    """One layer, 56 x 56 with 64 filters of 3 x 3, by its input channels: im2col and Winograd's F(4x4), both in numpy; one thread."""
    from ..conv import conv2d

    rows, rng = [], np.random.default_rng(0)
    for C in (3, 16, 64, 256):
        ia, wt = rng.standard_normal((1, C, 56, 56), np.float32), rng.standard_normal((64, C, 3, 3), np.float32)
        works = {name: partial(conv2d, ia, wt, pad=1, algorithm=name) for name in ("im2col", "winograd")}
        equal(f"{C} channels", works["winograd"](), works["im2col"](), 9 * C, factor=640.0)  # F(4x4) costs a digit
        times = timed(works, seconds=0.3, clock=clock, turns=(9, 101))
        row: dict[str, Any] = {"C": C, **{f"{name} ms": round(1e3 * times.seconds(name), 2) for name in works}}
        macs, tiles = 9 * C * 64 * 56 * 56, 14 * 14
        saved, transformed = macs - 36 * tiles * C * 64, 36 * tiles * (C + 64)
        rows.append(row | {"ratio": round(times.ratio("im2col", "winograd"), 2), "saved": saved, "transformed": transformed})
    return rows


def mec_times(clock: Clock = time.thread_time) -> list[dict[str, Any]]:
    """im2col and MEC on the twelve layers of the MEC paper: milliseconds, and how many times as fast MEC is; one thread.

    Each in the layout it was made for (im2col NCHW, MEC NHWC), filters in their order before the clock starts. `mec` has its products
    in one compiled nest, `blas` a BLAS call an output row.
    """
    from ..conv import ALGORITHMS, mec, mec_nest
    from ..conv.mec_paper import LAYERS

    rows, rng = [], np.random.default_rng(0)
    for name, shape in LAYERS.items():
        length = shape.C * shape.R * shape.S
        ia, wt = rng.standard_normal(shape.ia_shape, np.float32), rng.standard_normal(shape.wt_shape, np.float32)
        nhwc = np.ascontiguousarray(ia.transpose(0, 2, 3, 1))
        works: dict[str, Callable[[], np.ndarray]] = {
            "im2col": partial(ALGORITHMS["im2col"].conv2d, ia, wt, shape),
            "mec": partial(mec_nest.compile_mec(wt, shape), nhwc),
            "blas": partial(mec.conv2d_nhwc, nhwc, wt, shape, rows=mec.filters_to_rows(wt)),
        }
        for how in ("mec", "blas"):
            equal(f"{name} {how}", works[how]().transpose(0, 3, 1, 2), works["im2col"](), length)
        times = timed(works, seconds=0.3, clock=clock, turns=(7, 101))
        row: dict[str, Any] = {"layer": name, **{f"{how} ms": round(1e3 * times.seconds(how), 2) for how in works}}
        rows.append(row | {"ratio": round(times.ratio("im2col", "mec"), 2), "blas ratio": round(times.ratio("im2col", "blas"), 2)})
    return rows


def roof() -> list[dict[str, Any]]:
    from ..machine.host import measure_peak

    peak = measure_peak(1)
    return [{"peak GFLOP/s": round(peak.one, 1), "how": peak.by}]


TABLES: dict[str, Callable[..., list[dict[str, Any]]]] = {
    "ladder": ladder_times,
    "effort": effort_times,
    "leaf": leaf_times,
    "channels": channel_times,
    "mec": mec_times,
    "roof": roof,
}


def measured(names: Sequence[str] = tuple(TABLES), clock: Clock = time.thread_time) -> dict[str, Any]:
    """The tables named, measured here on one thread, with the machine's name and the libraries' versions."""
    from threadpoolctl import threadpool_limits

    from ..machine.host import describe

    with threadpool_limits(1):
        tables = {name: TABLES[name]() if name == "roof" else TABLES[name](clock=clock) for name in names}
    host = describe()
    name = f"{host.name}, {host.vectors}"
    return {"machine": name, "command": COMMAND, "numpy": np.__version__, "tables": tables}


def gemm_times(name: str, measure: bool = False) -> Report:
    """One of the tables (see TABLES): from the record, or with `measure` from a run now. `note` names the machine.

    Raises ValueError for another name.
    """
    if name not in TABLES:
        raise ValueError(f"name: want one of {', '.join(TABLES)}, got {name!r}")
    data = measured([name]) if measure else json.loads(FILE.read_text("utf-8"))
    said = "measured just now" if measure else f"recorded by {data['command']}"
    return Report.of(data["tables"][name], note=f"{data['machine']}, one thread, numpy {data['numpy']}; {said}.")
