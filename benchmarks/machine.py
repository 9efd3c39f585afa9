"""How fast the simulated machine is: cache accesses a second through three levels, and array reports a second.

    python benchmarks/machine.py

Bars: a nest's trace and its exact three-level simulation together at 20 million accesses a second, mixed; the closed-form counts of all
of VGG-16 in less than 50 ms. Closed-form array reports
are printed beside it: a search over orders makes hundreds. Each figure is the median of interleaved rounds; run it on a quiet machine.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from course_lib.machine.cache import Cache, simulate
from course_lib.machine.dataflows import DATAFLOWS
from course_lib.machine.host import describe
from course_lib.machine.pe_array import PEArray, dataflow_report
from course_lib.machine.stream import simulate_nest
from course_lib.nest import conv_problem, count, gemm_problem, schedule, trace
from course_lib.records import Report
from course_lib.shapes import ConvShape, GemmShape
from course_lib.zoo import NETWORKS

ROUNDS = 5
WAYS = ("a trace", "trace made too", "straight from the nest")
LEVELS = (Cache(32 << 10, 64, 8, name="L1"), Cache(512 << 10, 64, 8, name="L2"), Cache(4 << 20, 64, 16, name="L3"))


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    square, layer = gemm_problem(GemmShape(128, 128, 128)), conv_problem(ConvShape(1, 16, 28, 28, 16, 3, 3))
    nests = {
        "product i j k (a column of b a step)": schedule(square, "i j k"),
        "product i k j (rows)": schedule(square, "i k j"),
        "product in tiles of 32": schedule(square).tile(i=32, j=32, k=32).reorder("i_t k_t j_t i_s k_s j_s"),
        "3x3 layer n k c p q r s": schedule(layer, "n k c p q r s"),
    }
    traces = {name: trace(nest) for name, nest in nests.items()}
    simulate(next(iter(traces.values())), LEVELS)  # compiles
    simulate_nest(next(iter(nests.values())), LEVELS)
    rounds: dict[str, list[tuple[float, float, float]]] = {name: [] for name in nests}
    for _ in range(ROUNDS):
        for name, nest in nests.items():
            simulated, traced = seconds(lambda n=name: simulate(traces[n], LEVELS)), seconds(lambda n=nest: trace(n))
            rounds[name].append((simulated, simulated + traced, seconds(lambda n=nest: simulate_nest(n, LEVELS))))
    rows = []
    for name, times in rounds.items():
        length, first = len(traces[name]), simulate(traces[name], LEVELS)
        rows.append(
            {
                "trace": name,
                "accesses": length,
                "L1 misses %": 100 * sum(r["misses"] for r in first if r["level"] == "L1") / length,
                **{f"{way}, million/s": length / statistics.median(t[i] for t in times) / 1e6 for i, way in enumerate(WAYS)},
            }
        )
    together = sum(map(len, traces.values()))
    for i, way in enumerate(WAYS):
        spent = sum(statistics.median(t[i] for t in times) for times in rounds.values())
        print(f"mixed, {way}: {together / spent / 1e6:.1f} million accesses a second")
    print(Report.of(rows, title=f"Three cache levels on {describe().name}"))

    array, shapes = PEArray(12, 14, registers=260), [conv.shape for conv in NETWORKS["alexnet_grouped"].convs]
    every = lambda: [dataflow_report(dataflow(shape, 12, 14), array) for dataflow in DATAFLOWS.values() for shape in shapes]
    reports = [seconds(every) for _ in range(ROUNDS)]
    number = len(DATAFLOWS) * len(shapes)
    first, later = 1000 * reports[0] / number, 1000 * statistics.median(reports) / number
    print(f"array reports: {first:.1f} ms each at first, {later:.1f} ms when their axes are known")

    order = "n r s c_t k_t c_s k_s p q"
    vgg = [schedule(conv_problem(conv.shape), "n r s c k p q").tile(c=16, k=64).reorder(order) for conv in NETWORKS["vgg16"].convs]
    took = [seconds(lambda: [count(nest) for nest in vgg]) for _ in range(ROUNDS)]
    print(f"closed-form counts of VGG-16's {len(vgg)} convolutions: {1000 * statistics.median(took):.0f} ms")


if __name__ == "__main__":
    main()
