"""What a layer costs, counted out: the paper's alpha, layer by layer.

The paper gives a machine one rate F for dense arithmetic and one alpha for sparse. Measured, both depend on the layer: torch reorders the
weights and the input at every call, which a 7x7 picture hardly repays; a sparse layer copies its frame and stores its output however few
weights are left, and fills up its last vectors with pixels that nobody asked for. Here a time is a sum over what is done,

    t(layer, x) = sum of count · price                    terms(layer, x, form) counts, Prices has nanoseconds a count

the counts from the loops as they are compiled (kernels/direct_sparse.py: the tile, the channels taken jointly, the shifts loaded), the
prices fitted to measured layers: `python benchmarks/sparse.py --measure`, `--fit`. Read in the paper's letters,

    F = 2·MACs / t_dense(layer)          alpha = t_sparse(layer, x) / ((1 - x) · t_dense(layer))

The terms and their prices are ours; that a sparse multiply-accumulate is dearer, and that what is moved sets a floor, is the paper's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..kernels.block_sparse import HEIGHTS
from ..kernels.direct_sparse import ROOM, SparsePlan, patterns_of, reach, sparse_plan
from ..kernels.frame import Frame
from ..kernels.held import Tile
from ..kernels.nm_sparse import M, nm_plan
from ..nest.jit import lanes
from ..shapes import ConvShape
from .model import STORED

SOURCE = "The form of Park et al., ICLR 2017, section 2; the terms are ours"

BLOCK = 4  # output channels that are zero together, where weights are pruned in blocks


@dataclass(frozen=True)
class Prices:
    """Nanoseconds of each term, a table a form ("dense" among them), on the machine `name`. ValueError for prices below 0."""

    name: str
    nanoseconds: Mapping[str, Mapping[str, float]]

    def __post_init__(self) -> None:
        if wrong := [(form, term) for form, table in self.nanoseconds.items() for term, price in table.items() if not price >= 0]:
            form, term = wrong[0]
            raise ValueError(f"nanoseconds: want at least 0, got {self.nanoseconds[form][term]!r} for {term!r} of {form}")

    def seconds(self, shape: ConvShape, sparsity: float, form: str) -> float:
        """The time of a layer by the model. ValueError for a form without prices."""
        if form not in self.nanoseconds:
            raise ValueError(f"form: want one of {', '.join(self.nanoseconds)}, got {form!r}")
        prices = self.nanoseconds[form]
        return 1e-9 * sum(count * prices.get(term, 0.0) for term, count in terms(shape, sparsity, form).items())


@cache
def fitted_prices() -> Prices:
    """The prices that `python benchmarks/sparse.py --fit` stored, and the machine they are of."""
    record = json.loads(STORED.read_text("utf-8"))
    return Prices(record["name"], record["prices"])


def terms(shape: ConvShape, sparsity: float, form: str) -> dict[str, float]:
    """How often each thing is done for one call of a layer, at that share of zeros at random places (in blocks of 4, N of 4)."""
    if form == "dense":
        return dense_terms(shape)
    if form == "csr_im2col":
        return csr_terms(shape, sparsity)
    return nm_terms(shape, sparsity) if form == "nm_sparse" else shift_terms(shape, sparsity, form == "block_sparse")


def vectors(numbers: float) -> float:
    return numbers / lanes()


def dense_terms(shape: ConvShape) -> dict[str, float]:
    """torch's layer: output channels in whole vectors; weights, and the input of layers with a stride, are laid out anew at each call."""
    pixels, each = shape.N * shape.P * shape.Q, -(-shape.K // lanes()) * lanes()
    kind = "1x1" if shape.R * shape.S == 1 else "3x3"
    strided = max(shape.strides) > 1
    return {
        f"multiply-adds {kind}" + ", strided" * strided: vectors(vectors(shape.params / shape.K * each * pixels)),
        "weights": vectors(shape.params),
        "input, strided": vectors(shape.N * shape.C * shape.H * shape.W) * strided,
        "output": vectors(each * pixels),
    }


def csr_terms(shape: ConvShape, sparsity: float) -> dict[str, float]:
    """scipy's product after numpy's im2col, which a 1x1 layer of stride 1 does not need."""
    pixels, left = shape.N * shape.P * shape.Q, (1 - sparsity) * shape.params
    lowered = vectors(shape.C * shape.R * shape.S * pixels) * (shape.R * shape.S > 1 or max(shape.strides) > 1)
    return {
        "multiply-adds": vectors(left * pixels),
        "weights": left,
        "lowered": lowered,
        "lowered rows": lowered * lanes() / shape.Q,
        "windows": vectors(shape.C * shape.R * shape.S * pixels),
        "output": vectors(shape.K * pixels),
        "call": 1.0,
    }


def around(shape: ConvShape, frame: Frame) -> dict[str, float]:
    """What does not get less with the zeros: the padded copy, the numbers in and out, the call."""
    return {
        "frame": 0.0 if frame.plain else vectors(shape.N * frame.size),
        "input": vectors(shape.N * shape.C * shape.H * shape.W),
        "output": vectors(shape.N * shape.K * shape.P * shape.Q),
        "call": 1.0,
    }


def nm_terms(shape: ConvShape, sparsity: float) -> dict[str, float]:
    """kernels/nm_sparse.py: N weights in each group of 4, every group for every tile and output channel."""
    frame, N = Frame.of(shape), M * (1 - sparsity)
    tile = Tile.of(shape, frame, nm_plan(shape, 1).vectors)
    groups, turns = -(-shape.C // shape.groups // M) * shape.R * shape.S, shape.N * tile.over(int(frame.plain)) * shape.K
    where = place(shape, frame, tile, shape.C // shape.groups)
    return {
        f"loads {where}": turns * groups * N * tile.vectors,
        "groups": float(turns * groups),
        "places": turns * groups * N,
        "stores": float(turns * tile.vectors),
        "tiles": float(turns),
        "weights": vectors((1 + N) * groups * shape.K),
    } | around(shape, frame)


def place(shape: ConvShape, frame: Frame, tile: Tile, channels: int) -> str:
    """Where a tile's inputs come from, and whether its vectors lie in one cache line each."""
    near = 4 * reach(shape, frame, tile) * channels <= 2.5 * ROOM
    return ("aligned" if frame.pitch == shape.Q else "across lines") + (", near" if near else ", far")


def loads(shape: ConvShape, density: float, joint: int, block: int) -> float:
    """The shifts that are expected to be loaded for a tile: (c, r, s) with a weight in one of `joint` channels, over all steps."""
    each = shape.K // shape.groups
    steps, alone = divmod(each, joint)
    met = 1 - (1 - density) ** max(1, joint // block)
    return shape.groups * shape.params / shape.K * (steps * met + alone * density)


def shift_terms(shape: ConvShape, sparsity: float, blocks: bool) -> dict[str, float]:
    """kernels/direct_sparse.py and block_sparse.py: shifts loaded once for `joint` channels, by the plan that would be compiled."""
    density, frame = 1 - sparsity, Frame.of(shape)
    expected = lambda joint: loads(shape, density, joint, BLOCK if blocks else 1)
    plan: SparsePlan = sparse_plan(shape, expected, None if blocks else density * shape.params, HEIGHTS if blocks else (1, 2, 4))
    tile, joint, each_c = Tile.of(shape, frame, plan.vectors), plan.joint, shape.C // shape.groups
    channels, cuts = min(plan.channels, each_c), -(-each_c // plan.channels)
    loaded = expected(joint)
    multiplied = joint * loaded if blocks else density * shape.params
    turns, steps = shape.N * tile.over(int(frame.plain)), shape.K / joint * cuts
    if blocks:
        met = [density]
    else:  # how often each pattern of the joint channels is expected
        met = [density ** p.bit_count() * (1 - density) ** (joint - p.bit_count()) for p in patterns_of(plan, False)]
    begun = sum(1 - np.exp(-channels * shape.R * shape.S * share) for share in met)
    return {
        f"loads {place(shape, frame, tile, channels)}": turns * tile.vectors * loaded,
        "shared loads": turns * tile.vectors * (multiplied - loaded),
        "shifts": turns * loaded,
        "coefficients": turns * multiplied,
        "loops": turns * steps * float(begun),
        "steps": turns * steps,
        "stores": float(turns * shape.K * tile.vectors),
        "sums put down": float(turns * shape.K * tile.vectors * (cuts - 1)),
        "weights": vectors(loaded + multiplied),
    } | around(shape, frame)
