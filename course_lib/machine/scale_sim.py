"""Our systolic cycles beside SCALE-Sim's published ones: where they agree, where they do not, and why.

SCALE-Sim (restated from its paper and from what release 2.0.1 of its package computes) lays a convolution out as a product: output
pixels x filters, over a window of R·S·C. A fold on an array of R x C PEs, with T steps streamed, takes 2R + C + T - 2 cycles in the
paper, whatever is stationary, and as many in the release for weight and input stationary; for output stationary the release takes
R + C + T - 2: there the lowest row's sums are written when the first PE has finished, before their own last products are due.
Every fold is charged for the whole array, a ragged one too. A layer in its files has no padding, and its output size is rounded up.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..records import Report
from ..shapes import ConvShape, GemmShape
from .systolic import STATIONARY, laid_out, systolic_cycles

SOURCE = (
    "Samajdar, Joseph, Zhu, Whatmough, Mattina, Krishna: A systematic methodology for characterizing scalability of DNN accelerators using "
    "SCALE-Sim, ISPASS 2020; package scalesim 2.0.1 (github.com/scalesim-project/scale-sim-v2)"
)


def lowered(shape: ConvShape) -> GemmShape:
    """The product of a layer without groups: pixels x filters over R·S·C. Raises ValueError for groups."""
    if shape.groups > 1:
        raise ValueError(f"groups: SCALE-Sim's layers have none, got {shape.groups}; give the layer of one group")
    return GemmShape(M=shape.N * shape.P * shape.Q, N=shape.K, K=shape.C * shape.R * shape.S)


def theirs(shape: ConvShape) -> GemmShape:
    """The same as a layer of SCALE-Sim's files: padding left out, (H - R) / stride + 1 rounded up."""
    up = lambda size, taps, stride: -(-(size - taps + stride) // stride)
    P, Q = up(shape.H, shape.R, shape.strides[0]), up(shape.W, shape.S, shape.strides[1])
    if P < 1 or Q < 1:
        raise ValueError(f"H, W: without padding the {shape.R}x{shape.S} filter does not fit into {shape.H}x{shape.W}")
    return GemmShape(M=P * Q, N=shape.K, K=shape.C * shape.R * shape.S)


def paper_cycles(shape: GemmShape, rows: int, cols: int, stationary: str) -> int:
    """The paper's runtime: folds x (2R + C + T - 2), every fold on the whole array."""
    down, across, steps = laid_out(shape, stationary)
    return -(-down // rows) * -(-across // cols) * (2 * rows + cols + steps - 2)


def release_cycles(shape: GemmShape, rows: int, cols: int, stationary: str) -> int:
    """As release 2.0.1 computes them: output stationary without the cycles in which the sums leave."""
    down, across, steps = laid_out(shape, stationary)
    head = rows if stationary == "output" else 2 * rows
    return -(-down // rows) * -(-across // cols) * (head + cols + steps - 2)


def topology_row(name: str, shape: ConvShape) -> str:
    """The layer as a line of SCALE-Sim's topology file; padding is added to the input, which is the only way to say it there.

    >>> topology_row("conv3", ConvShape(N=1, C=256, H=13, W=13, K=384, R=3, S=3, pad=1))
    'conv3, 15, 15, 3, 3, 256, 384, 1,'
    """
    lowered(shape)
    if shape.strides[0] != shape.strides[1] or shape.dilations != (1, 1) or shape.N != 1:
        raise ValueError("shape: a topology row has one stride, no dilation and one image")
    high, wide = shape.H + sum(shape.pads[0]), shape.W + sum(shape.pads[1])
    return f"{name}, {high}, {wide}, {shape.R}, {shape.S}, {shape.C}, {shape.K}, {shape.strides[0]},"


def comparison(layers: Mapping[str, ConvShape], rows: int = 32, cols: int = 32) -> Report:
    """A row a layer and dataflow: our cycles, theirs by the paper and by the release, and the reasons for the difference.

    `ours` is the layer as it is, padding and all; `paper` and `release` are the row of a topology file, without padding, as in
    SCALE-Sim's own files for AlexNet and ResNet.
    """
    out = []
    for name, shape in layers.items():
        mine, other = lowered(shape), theirs(shape)
        for stationary in STATIONARY:
            (ours,) = systolic_cycles(mine, rows, cols, stationary)["cycles"]
            paper, release = paper_cycles(other, rows, cols, stationary), release_cycles(other, rows, cols, stationary)
            down, across, _ = laid_out(mine, stationary)
            why = []
            if mine.M != other.M:
                padded = any(edge for side in shape.pads for edge in side)
                why.append(f"{other.M} pixels for {mine.M}: {'no padding' if padded else 'rounded up'}")
            if down % rows or across % cols:
                why.append("ragged folds cost a whole array")
            if stationary == "output":
                why.append("release: sums leave in no time")
            out.append(
                {
                    "layer": name, "stationary": stationary, "ours": ours, "paper": paper, "release": release,
                    "paper/ours": paper / ours, "release/ours": release / ours, "why": "; ".join(why) or "equal",
                }
            )  # fmt: skip
    return Report.of(out, title=f"Cycles on a {rows} x {cols} systolic array", note=SOURCE)
