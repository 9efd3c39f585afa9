"""All prices of one layer beside each other: work, memory, traffic, error and time of every algorithm that can compute it."""

from __future__ import annotations

import gc
import tracemalloc
from types import ModuleType
from typing import Any

import numpy as np

from ..bench import equal, timed
from ..records import Report
from ..shapes import ConvShape
from .algorithms import ALGORITHMS
from .errors import error
from .traffic import LEVELS, MOST_MACS, bytes_of, bytes_once, traffic
from .work import multiplications

# what compare lists: the algorithms, and Winograd's other tiles and MEC's two solutions as rows of their own
ROWS: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (name, {}) for name in ALGORITHMS if name not in ("mec", "winograd")},
    "mec A": ("mec", {"solution": "A"}),
    "mec B": ("mec", {"solution": "B"}),
    "winograd F2": ("winograd", {"m": 2}),
    "winograd F4": ("winograd", {"m": 4}),
    "winograd F6": ("winograd", {"m": 6}),
}
ORDER = ["direct", "tiled", "im2col", "implicit_gemm", "indirect", "mec A", "mec B", "kn2row", "pointwise", "depthwise"]
ORDER += ["winograd F2", "winograd F4", "winograd F6", "fft"]

OVERHEAD = 16 << 10  # bytes: Python's own objects, slices and views that live while an algorithm runs; not counted by workspace()
DIRECT_MACS = 300_000  # direct is plain Python: beyond this it is not run, a dash stands for it


def measured_workspace(algorithm: ModuleType, shape: ConvShape, **more: Any) -> int:
    """The most bytes that were allocated at one time while `conv2d` ran, beside its result: traced, for float32.

    numpy's arrays are traced; what a BLAS allocates inside a call is not. Python's own small objects are in it (up to OVERHEAD);
    the buffers in which numpy's loops gather 8,192 elements an operand are made small while it is traced.
    """
    ia, wt = np.ones(shape.ia_shape, np.float32), np.ones(shape.wt_shape, np.float32)
    algorithm.conv2d(ia, wt, shape, **more)  # matrices, compiled nests and imports are made once and kept
    collecting = gc.isenabled()
    gc.disable()  # garbage of before must not go away while it is traced
    started = not tracemalloc.is_tracing()
    if started:
        tracemalloc.start()
    usual = np.setbufsize(16)
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        oa = algorithm.conv2d(ia, wt, shape, **more)
        return tracemalloc.get_traced_memory()[1] - before - oa.nbytes
    finally:
        np.setbufsize(usual)
        if started:
            tracemalloc.stop()
        if collecting:
            gc.enable()


def compare(
    shape: ConvShape, time: bool = True, errors: bool = True, memory: bool = True, walk: bool = True, seconds: float = 0.3
) -> Report:
    """All prices of one layer, a row an algorithm: what it cannot do stands in the last column.

    MACs and multiplications of data by weights; workspace in bytes as predicted and as traced while it ran; bytes between the caches
    (simulated for layers of up to 20 million MACs, otherwise every operand once, which the note says); largest and root-mean-square
    error against float64 in float32 and float16, for data uniform in [-1, 1]; median ms and GFLOP/s, counted as 2·MACs for
    all, so that fewer multiplications show as more GFLOP/s. `time`, `errors`, `memory` and `walk` leave out what takes long.

    >>> report = compare(ConvShape(1, 4, 8, 8, 4, 3, 3), time=False, errors=False, memory=False, walk=False)
    >>> [m for name, m in zip(report["algorithm"], report["multiplications"]) if name.startswith("im2col")]
    [5184]
    """
    if not isinstance(shape, ConvShape):
        raise ValueError(f"shape: want a ConvShape, got {shape!r}")
    able = {row: ROWS[row] for row in ORDER if not ALGORITHMS[ROWS[row][0]].cannot(shape, **ROWS[row][1])}
    run = {row: pair for row, pair in able.items() if pair[0] != "direct" or shape.macs <= DIRECT_MACS}
    times = timings(run, shape, seconds) if time and run else None
    simulated = walk and shape.macs <= MOST_MACS
    rows = []
    for row in ORDER:
        name, more = ROWS[row]
        module = ALGORITHMS[name]
        why = module.cannot(shape, **more)
        here = row in run
        done = module.work(shape, **more) if not why else ()
        moved: dict[str, int | None] = dict.fromkeys((f"{level.name} bytes" for level in LEVELS), None)
        if not why and simulated:
            moved = {f"{level} bytes": value for level, value in bytes_of(traffic(name, shape, m=more.get("m"))).items()}
        line: dict[str, Any] = {
            "algorithm": row,
            "MACs": None if why else shape.macs,
            "multiplications": None if why else multiplications(done),
            "workspace": None if why else module.workspace(shape, **more),
        }
        if memory:
            line["traced"] = measured_workspace(module, shape, **more) if here else None
        line |= moved if simulated else {"moved once": None if why else bytes_once(done)}
        if errors:
            for dtype in ("float32", "float16"):
                largest, rms = error(module, shape, dtype, **more) if here else (None, None)
                line |= {f"{dtype} max": largest, f"{dtype} rms": rms}
        if time:
            taken = times.seconds(row) if times and here else None
            line |= {"ms": None if taken is None else 1e3 * taken, "GFLOP/s": None if taken is None else 2e-9 * shape.macs / taken}
        line["cannot"] = why or ("" if here else f"not run: plain Python, more than {DIRECT_MACS:,} MACs")
        rows.append(line)
    caches = ", ".join(f"{c.name} {c.bytes >> 10} KiB {c.ways}-way" for c in LEVELS)
    said = [f"bytes in and out of simulated caches ({caches})" if simulated else "moved once: every step's operands, once"]
    if memory:
        said.append(f"traced: peak beside the arrays, up to {OVERHEAD >> 10} KiB of Python's own in it")
    return Report.of(rows, f"Prices of {in_words(shape)}", "; ".join(said))


def in_words(shape: ConvShape) -> str:
    """A layer on one line: 16x28x28 -> 32, 3x3, pad 1.

    >>> in_words(ConvShape(1, 16, 28, 28, 32, 3, 3, 2, 1))
    '16x28x28 -> 32, 3x3, stride 2, pad 1'
    """
    parts = [f"{shape.C}x{shape.H}x{shape.W} -> {shape.K}", f"{shape.R}x{shape.S}"]
    usual = {"stride": 1, "pad": 0, "dilation": 1, "groups": 1}
    parts += [f"{name} {getattr(shape, name)}" for name, value in usual.items() if getattr(shape, name) != value]
    return ", ".join([*([f"N = {shape.N}"] if shape.N != 1 else []), *parts])


def timings(run: dict[str, tuple[str, dict[str, Any]]], shape: ConvShape, seconds: float) -> Any:
    """All of them compared, then called in turns."""
    rng = np.random.default_rng(0)
    ia = rng.standard_normal(shape.ia_shape, np.float32)
    wt = rng.standard_normal(shape.wt_shape, np.float32)
    length = shape.C // shape.groups * shape.R * shape.S
    want = ALGORITHMS["im2col"].conv2d(ia.astype(np.float64), wt.astype(np.float64), shape)
    calls = {}
    for row, (name, more) in run.items():
        module = ALGORITHMS[name]
        # Winograd's larger tiles lose up to three digits more than a plain sum
        equal(
            row,
            module.conv2d(ia, wt, shape, **more),
            want,
            length,
            factor=64.0 * (1000 if name == "winograd" else 16 if name == "fft" else 1),
        )
        calls[row] = lambda module=module, more=more: module.conv2d(ia, wt, shape, **more)
    return timed(calls, seconds=seconds, turns=(3, 51))
