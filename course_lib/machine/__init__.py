"""What the code runs on, simulated and real: descriptions of memories and arrays, and verbs that count what they do.

    a Trace meets         Cache, simulate          exact set-associative caches, level by level
                          distances, misses        reuse distances: every LRU cache from one pass
    a Schedule meets      simulate_nest            the same caches, without writing the trace down
                          buffer_traffic           explicit buffers, one a tensor
                          PEArray, dataflow_report  an array of PEs: cycles, accesses, energy; DATAFLOWS, tuned, compare
    a matrix product      systolic_gemm, systolic_cycles   cycle by cycle, and in closed form
    instructions          pipeline.run             the five-stage pipeline and its bubbles
    a shape meets         io_bound, distance_to_bound      how little can be moved, and how far off you are
                          roofline.roofline        how fast it can be
    the machine itself    describe, measure_peak, measure_bandwidth

Names are fetched when they are asked for: importing this costs nothing, and numba is loaded by the first simulation. A function that
is called like its file (energy, roofline) is imported from there: `from course_lib.machine.roofline import roofline`.
"""

from importlib import import_module
from typing import Any

ROOM = {
    "bound": ("Bound", "distance_to_bound", "io_bound", "most_copies", "real_macs"),
    "buffers": ("buffer_traffic", "simulate_buffers"),
    "cache": ("Cache", "simulate", "simulate_slowly"),
    "contents": ("cache_film",),
    "dataflows": (
        "DATAFLOWS", "compare", "energy_by_dataflow", "input_stationary", "nvdla", "output_stationary", "row_stationary", "tuned",
        "weight_stationary",
    ),
    "energy": ("EYERISS", "HOROWITZ", "EnergyTable"),
    "host": ("describe", "measure_bandwidth", "measure_gemm", "measure_peak"),
    "pe_array": ("PEArray", "cycle_report", "dataflow_report", "design_report", "energy_by_level", "levels", "placement"),
    "pe_steps": ("film", "simulate_cycles", "simulate_dataflow"),
    "pipeline": ("Instruction", "sparse_naive"),
    "reuse": ("distances", "misses"),
    "roofline": ("Roof", "intensity"),
    "scale_sim": ("comparison", "topology_row"),
    "stream": ("simulate_nest",),
    "systolic": ("systolic_cycles", "systolic_gemm"),
}  # fmt: skip
WHERE = {name: file for file, names in ROOM.items() for name in names}

__all__ = [name for names in ROOM.values() for name in names]


def __getattr__(name: str) -> Any:
    if name not in WHERE:
        raise AttributeError(f"course_lib.machine has no {name!r}; there are {', '.join(__all__)}")
    return getattr(import_module(f"{__name__}.{WHERE[name]}"), name)


def __dir__() -> list[str]:
    return __all__
