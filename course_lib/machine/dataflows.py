"""The dataflows of the lecture and of Eyeriss, each as a Schedule: which loops lie on the array, and which turn inside a PE.

    output stationary   n g k_t p_t q_t | p_s q_s | k c r s  one output a PE until its sum is done
    weight stationary   g k_t c_t r s | c_s k_s | n p q      one weight a PE; inputs go along, sums down
    NVDLA               n g r s c_t k_t | c_s k_s | p q      the slide: 16 channels x 64 filters
    input stationary    n g c_t r s p q_t | c_s q_s | k      one pixel a PE, for all filters
    row stationary      n g k c p_t | r c p k | q k c s      one row of the filter slides along one row of the input in each PE

The bars enclose the spatial loops. Nothing here says "stationary": ask `stationary(nest, "W")`, or see `levels(nest, array)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import permutations

from ..nest.problem import conv_problem
from ..nest.schedule import Schedule, schedule
from ..records import Report
from ..shapes import ConvShape, whole
from .bound import io_bound
from .pe_array import LEVELS, PEArray, dataflow_report, design_report, energy_by_level, in_space

SOURCE = (
    "Lecture, frame 'Direct Convolution: Loop Ordering + Unrolling + Tiling'; Chen, Emer, Sze: Eyeriss, ISCA 2016 (row stationary, and the "
    "taxonomy of dataflows); the mappings are ours, as implemented here"
)

Dataflow = Callable[[ConvShape, int, int], Schedule]


AS_IT_STANDS = ("NVDLA",)  # compared in the slide's own order, not tuned: beside weight stationary it shows what the outer order is worth


def arranged(shape: ConvShape, tiles: dict[str, int], order: str) -> Schedule:
    """The nest tiled and ordered, the loops between the bars spatial; loops that the layer does not have are left out of `order`."""
    nest = schedule(conv_problem(shape))
    for name, size in tiles.items():
        if name.partition("_")[0] in nest.problem.dims:
            nest = nest.tile(**{name: size})
    names = {loop.name for loop in nest.loops}
    outside, between, inside = ([name for name in part.split() if name in names] for part in order.split("|"))
    nest = nest.reorder(" ".join([*outside, *between, *inside]))
    return nest.spatial(" ".join(between))


def nvdla(shape: ConvShape, rows: int = 16, cols: int = 64) -> Schedule:
    """The lecture's nest: 16 input channels x 64 filters at once, every weight held over a whole output map.

    >>> from course_lib.nest import stationary
    >>> slide = nvdla(ConvShape(N=1, C=64, H=56, W=56, K=64, R=3, S=3))
    >>> slide.order, stationary(slide, "W")
    ('n r s c_t k_t c_s k_s p q', ('p', 'q'))
    """
    rows, cols = whole("rows", rows, 1), whole("cols", cols, 1)
    return arranged(shape, {"c": rows, "k": cols}, "n g r s c_t k_t | c_s k_s | p q")


def weight_stationary(shape: ConvShape, rows: int, cols: int) -> Schedule:
    """Channels down, filters across; a weight stays for all images and pixels, the sums of a few filters wait in the buffer."""
    C, K = shape.C // shape.groups, shape.K // shape.groups
    return arranged(shape, {"c": min(rows, C), "k": min(cols, K)}, "g k_t c_t r s | c_s k_s | n p q")


def output_stationary(shape: ConvShape, rows: int, cols: int) -> Schedule:
    """A block of one output map on the array, each PE at one pixel until its sum is complete."""
    return arranged(shape, {"p": min(rows, shape.P), "q": min(cols, shape.Q)}, "n g p_t q_t k | p_s q_s | c r s")


def input_stationary(shape: ConvShape, rows: int, cols: int) -> Schedule:
    """Channels down, a row of pixels across; a pixel stays while all filters come by."""
    C = shape.C // shape.groups
    return arranged(shape, {"c": min(rows, C), "q": min(cols, shape.Q)}, "n g c_t r s p q_t | c_s q_s | k")


def row_stationary(shape: ConvShape, rows: int = 12, cols: int = 14, ia: int = 12, wt: int = 224, oa: int = 24) -> Schedule:
    """Eyeriss: PE (i, j) slides row i of the filter along row i + j·stride of the input for output row j.

    A set of R x P PEs is folded onto the array: output rows in as few strips as the `cols` allow, all about as wide; where
    R is small, sets with other channels stand below it, where P is small, sets with other filters beside it. `ia wt oa` are the
    words of a PE's registers, which decide how many channels and filters take turns in it; the defaults are as reported for the
    chip (JSSC 2017), quoted from memory.
    """
    C, K = shape.C // shape.groups, shape.K // shape.groups
    high = min(shape.R, rows)
    strip = -(-shape.P // -(-shape.P // cols))
    channels = max(1, min(C, ia // shape.S))
    below = max(1, min(rows // high, -(-C // channels)))
    room = max(1, min(K, oa, wt // (shape.S * channels)))
    filters = next(n for n in range(room, 0, -1) if K % n == 0)  # no ragged turns inside a PE
    beside = max(1, min(cols // strip, K // filters))
    tiles = {"r": high, "p": strip, "c": below * channels, "c_s": channels, "k": beside * filters, "k_s": filters}
    return arranged(shape, tiles, "n g k_t c_t p_t r_t | r_s c_s_t p_s k_s_t | q k_s_s c_s_s s")


DATAFLOWS: dict[str, Dataflow] = {
    "row stationary": row_stationary,
    "weight stationary": weight_stationary,
    "output stationary": output_stationary,
    "input stationary": input_stationary,
    "NVDLA": nvdla,
}


def tuned(nest: Schedule, array: PEArray) -> Schedule:
    """The order of the loops outside the array that costs least energy; what the PEs do between two of their turns is left as it is.

    All orders of the loops are tried, but for two that can only lose: groups share nothing, so g stays outermost, and r and s
    stay together. Raises ValueError for a nest without spatial loops.
    """
    if not in_space(nest):
        raise ValueError(f"tuned: want a nest with spatial loops, which say where the array begins; the loops are {nest.order}")
    first = nest.loops.index(in_space(nest)[0])
    outside = [loop for loop in nest.loops[:first] if loop.extent > 1 and loop.dim != "g"]
    fixed = [loop.name for loop in nest.loops[:first] if loop not in outside]
    inside = [loop.name for loop in nest.loops[first:]]
    taps = [loop.name for loop in outside if loop.dim in "rs"]
    units = [[loop.name] for loop in outside if loop.dim not in "rs"] + ([taps] if taps else [])
    orders = ([name for unit in order for name in unit] for order in permutations(units))
    choices = (nest.reorder(" ".join([*fixed, *order, *inside])) for order in orders)
    return min(choices, key=lambda n: sum(energy_by_level(dataflow_report(n, array)).values()))


def compare(shape: ConvShape, array: PEArray, tune: bool = True) -> Report:
    """All dataflows on one array and layer, judged by `design_report`; a row a dataflow."""
    rows = []
    for name, dataflow in DATAFLOWS.items():
        nest = dataflow(shape, array.rows, array.cols)
        nest = tuned(nest, array) if tune and name not in AS_IT_STANDS else nest
        (row,) = design_report(nest, array)
        rows.append({"dataflow": name, "order": nest.order, **row})
    return Report.of(rows, note=f"energies in {array.energy.unit} a MAC; {array.energy.source}")


def energy_by_dataflow(layers: Mapping[str, ConvShape], array: PEArray) -> Report:
    """Energy a MAC of each dataflow, by level, a row a layer and dataflow: the experiment of the Eyeriss paper, in kind.

    All dataflows have the same array, registers and buffer, and each the outer loop order that suits it best; only the slide's
    nest (NVDLA) is taken as it stands. `DRAM/bound` is how many times the least possible traffic the DRAM sees.
    """
    rows = []
    for layer, shape in layers.items():
        table = compare(shape, array)
        least = min(table["energy a MAC"])
        for row in table:
            rows.append(
                {
                    "layer": layer, "dataflow": row["dataflow"], "utilisation": row["utilisation"],
                    **{level: row[level] for level in (*LEVELS, "MAC")},
                    "energy a MAC": row["energy a MAC"], "times the least": row["energy a MAC"] / least,
                    "DRAM/bound": io_bound(shape, array.on_chip).factor(row["DRAM words"]),
                }
            )  # fmt: skip
    title, note = f"Energy of a MAC by dataflow, {array.rows} x {array.cols} PEs", f"in {array.energy.unit}; {array.energy.source}"
    return Report.of(rows, title, note)


def over_all(table: Report, layers: Mapping[str, ConvShape]) -> Report:
    """The layers of `energy_by_dataflow` together, weighted by their MACs; a row a dataflow."""
    macs, rows = sum(shape.macs for shape in layers.values()), []
    for name in dict.fromkeys(table["dataflow"]):
        mine = [row for row in table if row["dataflow"] == name]
        mean = {level: sum(row[level] * layers[row["layer"]].macs for row in mine) / macs for level in (*LEVELS, "MAC", "energy a MAC")}
        rows.append({"dataflow": name, **mean})
    first = rows[0]["energy a MAC"]
    times = f"times {rows[0]['dataflow']}"
    return Report.of([{**row, times: row["energy a MAC"] / first} for row in rows], title=f"Together: {', '.join(layers)}")
