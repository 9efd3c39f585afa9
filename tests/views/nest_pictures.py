"""The pictures of chapter 04 that the tests draw, here and in the browser: name -> (scene, frame)."""

from functools import cache

from course_lib import explorer
from course_lib.machine import Cache, PEArray, cache_film, dataflow_report, distance_to_bound, distances, film, nvdla
from course_lib.machine.roofline import Roof, roofline
from course_lib.nest import conv1d_problem, gemm_problem, schedule, sum_problem, trace
from course_lib.shapes import ConvShape, GemmShape
from course_lib.views.machine.bound_meter import bound_meter
from course_lib.views.machine.cache_lines import cache_lines, cache_lines_compared
from course_lib.views.machine.memory_traffic import memory_traffic
from course_lib.views.machine.pe_array_view import pe_array_view
from course_lib.views.machine.reuse_histogram import reuse_histogram
from course_lib.views.machine.roofline_view import roofline_view
from course_lib.views.nest.dataflow_1d import dataflow_1d, dataflows_1d
from course_lib.views.nest.loop_table import loop_table
from course_lib.views.nest.visits import visits

LECTURE = ConvShape(1, 64, 56, 56, 128, 3, 3, pad=1)
SMALL = ConvShape(1, 3, 6, 6, 4, 3, 3)
ONE_D = conv1d_problem(Q=9, S=4)
ORDERS = {
    "Output stationary": schedule(ONE_D, "q s").hold("OA"),
    "Weight stationary": schedule(ONE_D, "s q").hold("W"),
    "As written, nothing held": schedule(ONE_D, "q s"),
}
LEVELS = [Cache(1024, 64, 4, name="L1"), Cache(4096, 64, 8, name="L2")]
ROOF = Roof(100, 10, "a machine")
LAYERS = {
    "conv1_1": ConvShape(1, 3, 224, 224, 64, 3, 3, pad=1),
    "conv3_2": ConvShape(1, 256, 56, 56, 256, 3, 3, pad=1),
    "fc6": GemmShape(M=1, N=4096, K=25088),
}
RUN = {"conv3_2": 70.0, "fc6": 4.0}


@cache
def gemm():
    return trace(schedule(gemm_problem(GemmShape(M=24, N=24, K=24)), "i j k"))


@cache
def sums():
    """The sum by rows and by columns, with the films of a small cache."""
    runs = {name: trace(schedule(sum_problem(16, 16), order)) for name, order in (("by rows", "i j"), ("by columns", "j i"))}
    return {name: (run, cache_film(run, Cache(256, 32, 0))) for name, run in runs.items()}


@cache
def on_array(shape, rows, cols):
    nest, array = nvdla(shape, rows, cols), PEArray(rows, cols)
    return pe_array_view(film(nest, array), rows, cols, explorer.wires(nest, array))


def steps():
    reports, words = explorer.traffic_steps(gemm(), LEVELS, 6)
    return memory_traffic(reports, steps=words)


PICTURES = {
    "dataflow_1d": lambda: (dataflow_1d(trace(ORDERS["Weight stationary"])), 20),
    "dataflows_1d": lambda: (dataflows_1d({name: trace(nest) for name, nest in ORDERS.items()}), 35),
    "loop_table": lambda: (loop_table(nvdla(LECTURE)), 0),
    "reuse_histogram": lambda: (reuse_histogram(distances(gemm()), {"L1": 1024, "L2": 4096}), 0),
    "roofline_view": lambda: (roofline_view(roofline(LAYERS, ROOF, RUN), ROOF), 0),
    "memory_traffic_steps": lambda: (steps(), 2),
    "memory_traffic_array": lambda: (memory_traffic(dataflow_report(nvdla(LECTURE), PEArray(16, 64)), 2), 0),
    "bound_meter": lambda: (
        bound_meter(distance_to_bound(dataflow_report(nvdla(LECTURE), PEArray(16, 64)), LECTURE, PEArray(16, 64).on_chip)),
        0,
    ),
    "pe_array_small": lambda: (on_array(SMALL, 3, 4), 20),
    "pe_array_lecture": lambda: (on_array(ConvShape(1, 20, 4, 5, 96, 2, 2), 16, 64), 40),
    "cache_lines": lambda: (cache_lines(*sums()["by columns"], line=32), 30),
    "cache_lines_compared": lambda: (cache_lines_compared(sums(), 32), 45),
    "visits": lambda: (visits(trace(schedule(gemm_problem(GemmShape(M=4, N=5, K=6)), "i k j"))), 20),
}
__all__ = ["LAYERS", "LECTURE", "LEVELS", "ORDERS", "PICTURES", "ROOF", "RUN", "gemm", "on_array", "sums"]
