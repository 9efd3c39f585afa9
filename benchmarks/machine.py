"""How fast the simulated machine is: cache accesses a second through three levels, and array reports a second.

    python benchmarks/machine.py

Bars: a nest's trace and its exact three-level simulation together at 20 million accesses a second, mixed (straight from the nest, where the
trace is made but not kept); the closed-form counts of all of VGG-16 in less than 50 ms; a schedule compiled in less than 100 ms; the nest
explorer's whole answer, pictures included, in less than 200 ms for a lecture-size layer. Closed-form array reports are printed beside them:
a search over orders makes hundreds. Each figure is the median of interleaved rounds; run it on a quiet machine.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from course_lib.explorer import explore
from course_lib.machine.cache import Cache, simulate
from course_lib.machine.dataflows import DATAFLOWS
from course_lib.machine.host import describe
from course_lib.machine.pe_array import PEArray, dataflow_report
from course_lib.machine.stream import simulate_nest
from course_lib.nest import build, conv_problem, count, gemm_problem, schedule, trace
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


def conv_of_size(size: int) -> ConvShape:
    return ConvShape(N=1, C=64, H=size, W=size, K=128, R=3, S=3, pad=1)


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
    fc = [schedule(gemm_problem(layer.shape)).tile(j=64, k=16) for layer in NETWORKS["vgg16"].layers if layer.kind == "fc"]
    took = [seconds(lambda: [count(nest) for nest in vgg + fc]) for _ in range(ROUNDS)]
    print(f"closed-form counts of VGG-16's {len(vgg)} convolutions and {len(fc)} products: {1000 * statistics.median(took):.0f} ms")

    held = schedule(conv_problem(conv_of_size(56)), "n p q r s c k").tile(k=64).tile(k_s=16)
    compiled = {
        **nests,
        "the slide's order, tiled and unrolled": vgg[4],
        "held in registers": held.reorder("n k_t p q r s c k_s_t k_s_s").unroll("k_s_t").vectorize("k_s_s"),
        "one of each, a thread a row": schedule(conv_problem(conv_of_size(28)), "p n k c q r s").parallel("p").unroll("r s"),
    }
    took = {name: statistics.median(seconds(lambda n=nest: build(n)) for _ in range(ROUNDS)) for name, nest in compiled.items()}
    print(f"compiling {len(took)} schedules: {1000 * statistics.median(took.values()):.0f} ms, slowest {1000 * max(took.values()):.0f} ms")

    explorer = explore(conv_of_size(56))
    orders = [order, "n p q r s c_t k_t c_s k_s", "n k_t c_t p q r s k_s c_s"]
    wishes = [{"order": order.split(), "tiles": {"c": 16, "k": 64}, "kinds": {}, "hold": []} for order in orders]
    took = [seconds(lambda w=wish: explorer.answer(w)) for _ in range(ROUNDS) for wish in wishes]
    print(f"explorer's answer for 64x56x56 -> 128, 3x3: {1000 * statistics.median(took):.0f} ms, slowest {1000 * max(took):.0f} ms")


if __name__ == "__main__":
    main()
