"""How fast loop nests run, for the slides: recorded once with the machine's name, or measured now.

As with the networks' times (timing.py) a deck shows the record course_lib/data/nest_times.json, so that it is the same wherever it
is built; `course slides --measure` measures here instead. The record is renewed by

    python -m course_lib.slides.nest_times

Every result is compared before it is timed; what stands in one table ran in turns, and a ratio is the median of the turns' ratios.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ..records import Report
from ..shapes import ConvShape, GemmShape
from .timing import DATA, machine

COMMAND = "python -m course_lib.slides.nest_times"
FILE = DATA / "nest_times.json"
SECONDS, FEWEST, MOST = 1.0, 7, 101

Work = Callable[[], object]


def turns(works: Mapping[str, Work]) -> dict[str, list[float]]:
    """Seconds of each piece of work, all called in turns: a slow moment of the machine slows all."""
    for work in works.values():
        work()  # the first call is warming up
    begun = time.perf_counter()
    for work in works.values():
        work()
    count = int(min(max(SECONDS / max(time.perf_counter() - begun, 1e-6), FEWEST), MOST))
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(count):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            taken[name].append(time.perf_counter() - start)
    return taken


def same(name: str, ours: Any, theirs: Any, length: int) -> None:
    """Nothing is timed that is not equal; `length` products of size 1 were summed in either order."""
    import numpy as np

    gap, allowed = float(np.abs(np.asarray(ours, float) - np.asarray(theirs, float)).max()), 64 * 2.0**-24 * length**0.5
    if not gap <= allowed:
        raise ArithmeticError(f"{name}: the results differ by {gap:.2e}, allowed {allowed:.2e}")


def matrices() -> list[dict[str, Any]]:
    """The lecture's two programs: the sum over two matrices by rows and by columns, 1024 and 1032 numbers a row; float64."""
    import numpy as np

    from ..nest import build, schedule, sum_problem

    rows, rng = [], np.random.default_rng(0)
    for columns in (1024, 1032):
        a, b = rng.random((1024, columns)), rng.random((1024, columns))
        built = {order: build(schedule(sum_problem(1024, columns), order).hold("SUM"), np.float64) for order in ("i j", "j i")}
        for order, kernel in built.items():
            same(order, kernel(a, b) / a.size, (a * b).sum() / a.size, 1)
        taken = turns({order: partial(kernel.call, a, b, np.zeros(())) for order, kernel in built.items()})
        ratio = statistics.median(y / x for x, y in zip(taken["i j"], taken["j i"], strict=True))
        rows.append(
            {"columns": columns, **{order: round(1e3 * statistics.median(s), 3) for order, s in taken.items()}, "ratio": round(ratio, 2)}
        )
    return rows


def products(order: int = 512) -> list[dict[str, Any]]:
    """c = a·b of one order in three orders of its loops, float64: what stands still in the inner loop is held in a register."""
    import numpy as np

    from ..nest import build, gemm_problem, schedule

    rng = np.random.default_rng(0)
    a, b = rng.random((order, order)), rng.random((order, order)) / order
    shape, stays = GemmShape(order, order, order), {"i j k": "C", "i k j": "A", "j k i": "B"}
    built = {loops: build(schedule(gemm_problem(shape), loops).hold(held), np.float64) for loops, held in stays.items()}
    for loops, kernel in built.items():
        same(loops, kernel(a, b), a @ b, 1)
    taken = turns({loops: partial(kernel, a, b) for loops, kernel in built.items()})
    best = taken["i k j"]
    return [
        {
            "order": loops,
            "n": order,
            "ms": round(1e3 * statistics.median(s), 2),
            "ratio": round(statistics.median(x / y for x, y in zip(s, best, strict=True)), 2),
        }
        for loops, s in taken.items()
    ]


def ladder() -> list[dict[str, Any]]:
    """One layer, one problem, step by step: the slide's loops, another order, lanes, a register tile, packed windows, Winograd, torch."""
    import numpy as np
    import torch

    from ..kernels import compile_conv2d
    from ..nest import build, conv_problem, schedule

    shape = ConvShape(N=1, C=64, H=56, W=56, K=64, R=3, S=3, pad=1)
    length = shape.C * shape.R * shape.S
    rng = np.random.default_rng(0)
    ia = rng.standard_normal(shape.ia_shape, np.float32)
    wt = rng.standard_normal(shape.wt_shape, np.float32) / np.float32(length**0.5)
    slide = schedule(conv_problem(shape))
    lanes = schedule(conv_problem(shape, ia="NHWC", oa="NPQK"))
    nests = {
        "seven loops": slide,
        "other order": slide.reorder("n r s c k p q").hold("W"),
        "lanes": lanes.tile(k=16).reorder("n k_t p q c r s k_s").vectorize("k_s"),
        "lanes and registers": lanes.tile(k=32, q=8).reorder("n k_t p q_t c r s q_s k_s").unroll("q_s").vectorize("k_s"),
    }
    works: dict[str, Work] = {}
    image, weights = torch.from_numpy(ia), torch.from_numpy(wt)
    want = torch.nn.functional.conv2d(image, weights, padding=1)
    for name, nest in nests.items():
        kernel = build(nest)
        same(name, kernel(ia, wt), want, length)
        works[name] = partial(kernel, ia, wt)
    for name, algorithm in (("packed windows", "windows"), ("Winograd", "winograd")):
        layer = compile_conv2d(wt, shape, algorithm=algorithm)
        same(name, layer(ia), want, length)
        works[name] = partial(layer, ia)
    works["torch conv2d"] = lambda: torch.nn.functional.conv2d(image, weights, padding=1)
    taken = turns(works)
    return [{"step": name, "GFLOP/s": round(2e-9 * shape.macs / statistics.median(s), 2)} for name, s in taken.items()]


def layers_timed() -> dict[str, ConvShape]:
    """The layers that are timed against torch, by their names on the slide."""
    return {
        "VGG-16, 64 × 224²": ConvShape(N=1, C=64, H=224, W=224, K=64, R=3, S=3, pad=1),
        "VGG-16, 256 × 56²": ConvShape(N=1, C=256, H=56, W=56, K=256, R=3, S=3, pad=1),
        "VGG-16, 512 × 14²": ConvShape(N=1, C=512, H=14, W=14, K=512, R=3, S=3, pad=1),
        "ResNet-50, 64 × 56², 1×1": ConvShape(N=1, C=64, H=56, W=56, K=256, R=1, S=1),
        "ResNet-50, 512 × 28², 1×1": ConvShape(N=1, C=512, H=28, W=28, K=128, R=1, S=1),
        "MobileNetV2, 144 × 56², depthwise": ConvShape(N=1, C=144, H=56, W=56, K=144, R=3, S=3, pad=1, groups=144),
    }


def layers() -> list[dict[str, Any]]:
    """`compile_conv2d` and torch on six layers of different kinds, one image, one thread; the ratio is torch's time over ours."""
    import numpy as np
    import torch

    from ..kernels import compile_conv2d

    rows, rng = [], np.random.default_rng(0)
    for name, shape in layers_timed().items():
        length = shape.C // shape.groups * shape.R * shape.S
        ia = rng.standard_normal(shape.ia_shape, np.float32)
        wt = rng.standard_normal(shape.wt_shape, np.float32) / np.float32(length**0.5)
        image, weights = torch.from_numpy(ia), torch.from_numpy(wt)
        layer = compile_conv2d(wt, shape)
        peer = partial(torch.nn.functional.conv2d, image, weights, padding=shape.pads[0][0], groups=shape.groups)
        same(name, layer(ia), peer(), length)
        taken = turns({"ours": partial(layer, ia), "torch": peer})
        speed = {who: round(2e-9 * shape.macs / statistics.median(s), 1) for who, s in taken.items()}
        ratio = statistics.median(t / o for o, t in zip(taken["ours"], taken["torch"], strict=True))
        rows.append({"layer": name, "macs": shape.macs, "bytes": shape.bytes, **speed, "ratio": round(ratio, 2)})
    return rows


def roof() -> list[dict[str, Any]]:
    """The machine's roof on one thread: GFLOP/s of multiply-adds in registers, GB/s of a stream through memory."""
    from ..machine import measure_bandwidth, measure_peak

    peak, band = measure_peak(1), measure_bandwidth(1)
    return [{"peak GFLOP/s": round(peak.one, 1), "GB/s": round(band.one, 1), "how": f"{peak.by}; {band.by}"}]


TABLES = {"sum": matrices, "gemm": products, "ladder": ladder, "layers": layers, "roof": roof}


def measured(names: Any = tuple(TABLES)) -> dict[str, Any]:
    """The tables named, measured here on one thread, as plain data with the machine's name."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            tables = {name: TABLES[name]() for name in names}
    finally:
        torch.set_num_threads(before)
    return {"machine": machine(), "command": COMMAND, "torch": torch.__version__, "tables": tables}


def nest_times(name: str, measure: bool = False) -> Report:
    """One of the tables sum, gemm, ladder, layers, roof: from the record, or with `measure` from a run now. `note` names the machine.

    Raises ValueError for another name.
    """
    if name not in TABLES:
        raise ValueError(f"name: want one of {', '.join(TABLES)}, got {name!r}")
    data = measured([name]) if measure else json.loads(FILE.read_text(encoding="utf-8"))
    said = "measured while this deck was built" if measure else f"recorded by {data['command']}"
    return Report.of(data["tables"][name], note=f"{data['machine']}, one thread; {said}.")


def main() -> int:
    """Record all tables."""
    data = measured()
    FILE.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for name, rows in data["tables"].items():
        print(Report.of(rows, title=name), end="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
