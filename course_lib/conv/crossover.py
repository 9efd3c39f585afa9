"""The crossover map: over C, K, H and R, which algorithm wins in which price. python -m course_lib.conv.crossover measures it anew.

Square layers of stride 1, padded so that P = H. Candidates are all algorithms but direct, whose loops are plain Python, and those that
need more than MOST_BYTES beside the arrays. Multiplications, workspace and bytes moved are exact; errors are measured on a part of
the layer; expected time is the model's; measured time is the best of some calls on one thread of the machine that the file
names, for layers of up to LARGEST MACs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from functools import cache
from pathlib import Path
from typing import Any

from ..records import Report
from ..shapes import ConvShape
from .algorithms import ALGORITHMS
from .calibrate import measured
from .cost import expected
from .errors import error
from .traffic import bytes_once
from .work import multiplications

PATH = Path(__file__).resolve().parents[1] / "data" / "conv_crossover.json"

AXES = {"C": (3, 16, 64, 256), "K": (16, 64, 256), "H": (7, 14, 28, 56, 112), "R": (1, 3, 5, 7, 11)}
PRICES = ("multiplications", "workspace", "bytes moved", "float32 rms error", "expected ms", "measured ms")
LARGEST = 400_000_000  # MACs of a layer that is measured
MOST_BYTES = 1 << 29  # of workspace
SEVERAL = "several"  # more than one algorithm has the least


def layers() -> list[ConvShape]:
    """All 300, R fastest."""
    return [ConvShape(1, C, H, H, K, R, R, 1, R // 2) for C, K, H, R in itertools.product(*AXES.values())]


def candidates(shape: ConvShape) -> list[str]:
    able = (name for name, module in ALGORITHMS.items() if name != "direct" and not module.cannot(shape))
    return [name for name in able if ALGORITHMS[name].workspace(shape) <= MOST_BYTES]


@cache
def rms(name: str, C: int, R: int) -> float:
    """Root-mean-square error in float32 on two filters and an image of at most 32: it depends on the sums' length, not on K or H."""
    size = max(16, R)
    return error(ALGORITHMS[name], ConvShape(1, C, size, size, 2, R, R, 1, R // 2), "float32")[1]


def winner(values: dict[str, float]) -> tuple[str, float, float]:
    """(who has the least, how much, how many times as much the next one has); SEVERAL where it is shared."""
    order = sorted(values, key=lambda name: values[name])
    least, second = values[order[0]], values[order[1]] if len(order) > 1 else float("inf")
    if second == least:
        return SEVERAL, least, 1.0
    return order[0], least, second / least if least else float("inf")


def exact_prices(shape: ConvShape) -> dict[str, dict[str, float]]:
    """price -> {algorithm: value} of what does not depend on a machine: multiplications, workspace, bytes moved."""
    names = candidates(shape)
    works = {name: ALGORITHMS[name].work(shape) for name in names}
    return {
        "multiplications": {name: multiplications(work) for name, work in works.items()},
        "workspace": {name: ALGORITHMS[name].workspace(shape) for name in names},
        "bytes moved": {name: bytes_once(work) for name, work in works.items() if name != "tiled"},
    }


def prices(shape: ConvShape, timed: bool) -> dict[str, dict[str, float]]:
    """price -> {algorithm: value} for one layer."""
    names, out = candidates(shape), exact_prices(shape)
    out["float32 rms error"] = {name: rms(name, shape.C, shape.R) for name in names}
    out["expected ms"] = {name: 1e3 * expected(name, shape) for name in names}
    if timed and shape.macs <= LARGEST:
        turns = 2 if shape.macs > LARGEST // 8 else 5
        fast = [name for name in names if out["expected ms"][name] < 20 * min(out["expected ms"].values())]
        out["measured ms"] = {name: 1e3 * measured(name, shape, turns) for name in fast}
    return out


def run(timed: bool) -> list[dict[str, Any]]:
    rows = []
    for shape in layers():
        for price, values in prices(shape, timed).items():
            name, least, factor = winner(values)
            rows.append({
                "C": shape.C, "K": shape.K, "H": shape.H, "R": shape.R, "price": price, "winner": name,
                "least": float(f"{least:.4g}"), "next": float(f"{min(factor, 1e6):.3g}"),
            })  # fmt: skip
    return rows


def stored() -> Report:
    """The map as it was last measured: a row a layer and price, with the winner, its value, and how many times as much the next one has.

    Raises FileNotFoundError where it never was. The machine is named in the note.
    """
    data = json.loads(PATH.read_text("utf-8"))
    return Report({name: data["columns"][name] for name in data["columns"]}, "who wins where", f"{data['machine']}; {data['command']}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m course_lib.conv.crossover", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="keep the measured times, compute all other prices anew")
    parser.add_argument("--show", action="store_true", help="count the winners of the stored map, measure nothing")
    options = parser.parse_args()
    if not options.show:
        from ..machine.host import describe

        start = time.perf_counter()
        rows = run(timed=not options.keep)
        if options.keep:
            rows += [row for row in stored() if row["price"] == "measured ms"]
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        command = "OPENBLAS_NUM_THREADS=1 python -m course_lib.conv.crossover"
        PATH.write_text(json.dumps({"machine": describe().name, "command": command, "columns": columns}) + "\n", encoding="utf-8")
        print(f"{len(layers())} layers in {time.perf_counter() - start:.0f} s -> {PATH}")
    print(wins(stored()))
    return 0


def wins(report: Report) -> Report:
    """How many layers each algorithm wins, a column a price."""
    names = [*[name for name in ALGORITHMS if name in report["winner"]], *([SEVERAL] if SEVERAL in report["winner"] else [])]
    pairs = list(zip(report["price"], report["winner"], strict=True))
    rows = [{"winner": name, **{price: pairs.count((price, name)) for price in PRICES}} for name in names]
    return Report.of(rows, "layers won", report.note)


if __name__ == "__main__":
    raise SystemExit(main())
