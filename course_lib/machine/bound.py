"""How little can be moved: a proven lower bound on the traffic between a small fast memory and a large slow one.

The proof, in six lines. Call an output that starts at zero in fast memory a load too, for now. Cut the computation into pieces of
X = 2S loads (S elements fit in the fast memory). In one piece at most S + X = 3S elements are at hand: I of the input, W of the
weights, O of the output. By Loomis and Whitney a piece with I' entries of the lowered matrix does at most √(I'·W·O)
multiply-accumulates, and a pixel stands in at most T places of the lowered matrix, so I' <= T·I; under I + W + O <= 3S that is at
most √T·S^1.5. So there are more than macs / (√T·S^1.5) - 1 full pieces of 2S loads. An output starts at zero once and is stored at
least once: its store pays for the load that was none. For a matrix product T = 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, sqrt
from typing import NamedTuple

from ..records import Report, Table
from ..shapes import ConvShape, GemmShape, whole

SOURCE = (
    "Smith, Lowery, Langou, van de Geijn: A tight I/O lower bound for matrix multiplication, arXiv 1702.02017 (2 m n k / sqrt(S) - 2 S); "
    "for convolution as derived above, of the form of Chen, Han, Wang: Communication lower bound in convolution accelerators, HPCA 2020"
)


@dataclass(frozen=True)
class Bound:
    """`compulsory`: everything once. `proven`: the bound for this memory. `elements`: the larger, which no schedule goes below."""

    compulsory: int
    proven: float

    @property
    def elements(self) -> float:
        return max(self.compulsory, self.proven)

    def factor(self, moved: float) -> float:
        """How many times the bound was moved: 1 is perfect."""
        return moved / self.elements if self.elements else 1.0


class Meeting(NamedTuple):
    """Along one axis: pairs of output and tap that meet a real pixel; pixels met; taps that meet one; most taps one pixel meets."""

    pairs: int
    pixels: int
    taps: int
    most: int


def meeting(size: int, taps: int, out: int, stride: int, pad: int, dilation: int) -> Meeting:
    met: dict[int, int] = {}
    useful = set()
    for p in range(out):
        for r in range(taps):
            h = p * stride - pad + r * dilation
            if 0 <= h < size:
                met[h] = met.get(h, 0) + 1
                useful.add(r)
    return Meeting(sum(met.values()), len(met), len(useful), max(met.values(), default=0))


def meetings(shape: ConvShape) -> tuple[Meeting, Meeting]:
    """Rows and columns: which taps of the filter meet which pixels, the padded zeros left out."""
    return (
        meeting(shape.H, shape.R, shape.P, shape.strides[0], shape.pads[0][0], shape.dilations[0]),
        meeting(shape.W, shape.S, shape.Q, shape.strides[1], shape.pads[1][0], shape.dilations[1]),
    )


def real_macs(shape: ConvShape) -> int:
    """Multiply-accumulates with real pixels: those with padded zeros need no load and are left out."""
    rows, columns = meetings(shape)
    return shape.N * shape.K * (shape.C // shape.groups) * rows.pairs * columns.pairs


def io_bound(shape: ConvShape | GemmShape, fast: int) -> Bound:
    """Least elements (loads + stores) that any order of the loops moves, with `fast` elements of fast memory.

    Every multiply-accumulate is done once, with its three operands in fast memory. Raises ValueError for fast < 1.

    >>> io_bound(GemmShape(M=128, N=128, K=128), fast=1024).elements
    129024.0
    """
    fast = whole("fast", fast, 1)
    if isinstance(shape, GemmShape):
        M, N, K = shape.M, shape.N, shape.K
        compulsory = M * K + K * N + M * N if shape.macs else M * N
        return Bound(compulsory, 2 * shape.macs / sqrt(fast) - 2 * fast)
    rows, columns = meetings(shape)
    pixels = shape.N * shape.C * rows.pixels * columns.pixels
    weights = shape.K * (shape.C // shape.groups) * rows.taps * columns.taps if pixels else 0  # a tap that only meets padding is never read
    compulsory = pixels + weights + shape.N * shape.K * shape.P * shape.Q
    copies = rows.most * columns.most
    proven = 2 * real_macs(shape) / sqrt(copies * fast) - 2 * fast if copies else 0.0
    return Bound(compulsory, proven)


def moved_by(counts: float | Table) -> float:
    """Elements moved between fast and slow memory: a number, or a table that says so by its columns.

    A table with the column `level`: the reads and writes of its DRAM rows. Else `loads` and `stores`, or `fetched` and
    `written`, summed over the tensors. Raises ValueError for any other table.
    """
    if not isinstance(counts, Table):
        return counts
    if "level" in counts.columns and "reads" in counts.columns:
        return sum(row["reads"] + row["writes"] for row in counts if row["level"] == "DRAM")
    for into, out in (("fetched", "written"), ("loads", "stores")):
        if into in counts.columns and out in counts.columns:
            return sum(counts[into]) + sum(counts[out])
    names = ", ".join(counts.columns)
    raise ValueError(f"counts: want a number, or columns 'fetched' and 'written', or 'loads' and 'stores', got {names}")


def distance_to_bound(counts: float | Table, shape: ConvShape | GemmShape, fast: int) -> Report:
    """The meter: what was moved, what must be moved with `fast` elements of fast memory, and the factor between; elements.

    `counts` is a number of elements, or a report of buffers, of an array, or of a nest (see `moved_by`). A schedule whose
    buffers hold more than `fast` elements may come out below 1: that is not a better schedule but a larger memory.

    >>> distance_to_bound(258048, GemmShape(M=128, N=128, K=128), fast=1024)["times the bound"]
    [2.0]
    """
    moved, bound = moved_by(counts), io_bound(shape, fast)
    which = "everything once" if bound.compulsory >= bound.proven else "proven"
    return Report(
        {
            "moved": [moved],
            "compulsory": [bound.compulsory],
            "bound": [bound.elements],
            "times the bound": [bound.factor(moved)],
        },
        note=f"elements, with {fast:,} of them in fast memory; the bound is {which}",
    )


def most_copies(shape: ConvShape) -> int:
    """The most places of the lowered matrix in which one pixel can stand, edges aside: T of the proof in closed form."""
    (u_h, u_w), (d_h, d_w) = shape.strides, shape.dilations
    return -(-shape.R * gcd(u_h, d_h) // u_h) * -(-shape.S * gcd(u_w, d_w) // u_w)
