"""MEC whose products are one compiled nest: a BLAS packs the weights anew for each output row, a nest reads them packed once.

A small image has few columns, so MEC's products are low: [Q, RSC] @ [RSC, K] with Q = 5 for a 7x7 image. A matrix library then spends its
time on packing the weights, P times over. Here the weights are laid out when the layer is made, in panels of K, and

    OA[p][q][k] += L[q][p*stride + r][x] * W[r][x][k]        x runs over the S·C values side by side in a strip

is a nest over the strips as they lie: a tile of pixels by two vectors of filters is summed in registers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..nest.problem import Axis, Problem, Tensor
from ..nest.schedule import Schedule, schedule
from ..shapes import ConvShape
from .arrays import fitted
from .mec import cannot, mec_lower
from .refuse import refuse

SOURCE = "Cho & Brand, MEC, ICML 2017, section 3.2 (solution B); the nest as implemented here"

LANES = 16  # filters side by side in a vector of AVX-512; narrower machines take two steps for one
PANEL = 2 * LANES
PIXELS = 12  # output columns whose sums stay in registers, at most


def mec_problem(shape: ConvShape) -> Problem:
    """L[Q, H', S·C], W[R, S·C, K] -> OA[P, Q, K] for one image and group; W lies in panels of 32 filters."""
    across, high = shape.S * shape.C, shape.H + sum(shape.pads[0])

    def axis(letter: str, dim: str, size: int) -> Axis:
        return Axis(letter, size, ((dim, 1),), 0, "{" + dim + "}")

    rows = Axis("H", high, (("p", shape.strides[0]), ("r", 1)), 0, "{p} * stride + {r}")
    k, x = axis("K", "k", shape.K), axis("X", "x", across)
    return Problem(
        "mec",
        {"p": shape.P, "q": shape.Q, "k": shape.K, "r": shape.R, "x": across},
        out=Tensor("OA", (axis("P", "p", shape.P), axis("Q", "q", shape.Q), k), "PQK"),
        ins=(
            Tensor("L", (axis("Q", "q", shape.Q), rows, x), "QHX"),
            Tensor("W", (axis("R", "r", shape.R), x, k), f"KRX{PANEL}k"),
        ),
        words={"stride": shape.strides[0], "P": shape.P, "Q": shape.Q, "K": shape.K, "R": shape.R, "SC": across},
        sizes={"p": "P", "q": "Q", "k": "K", "r": "R", "x": "SC"},
    )


def mec_schedule(shape: ConvShape) -> Schedule:
    """k_t p q_t r x q_s k_s_t k_s_s: a panel of weights stays in the second cache while all strips pass.

    >>> mec_schedule(ConvShape(N=1, C=64, H=14, W=14, K=64, R=3, S=3)).order
    'k_t p q_t r x q_s k_s_t k_s_s'
    """
    # a divisor of Q leaves no ragged tile; between half a tile and a whole one there is mostly one
    pixels = next(t for t in range(min(PIXELS, shape.Q), 0, -1) if shape.Q % t == 0 or t <= PIXELS // 2)
    nest = schedule(mec_problem(shape)).tile(k=PANEL).tile(k_s=LANES, q=pixels)
    return nest.reorder("k_t p q_t r x q_s k_s_t k_s_s").unroll("q_s k_s_t").vectorize("k_s_s")


def compile_mec(wt: np.ndarray, shape: ConvShape) -> Callable[[np.ndarray], np.ndarray]:
    """A function f(ia[N,H,W,C]) -> oa[N,P,Q,K] for one layer: the weights wt[K,C,R,S] are laid out now, the nest compiled now.

    float32. Raises ValueError for groups, dilated rows, and arrays that do not fit. The function keeps the strips of one image: one call at
    a time. Needs llvmlite.
    """
    from ..nest.built import build

    refuse("mec", cannot(shape))
    if shape.groups != 1:
        raise ValueError(f"mec: groups is {shape.groups}, it must be 1 for compiled products")
    _, weights, _ = fitted(np.broadcast_to(np.float32(0), shape.ia_shape), wt, shape)
    high = shape.H + sum(shape.pads[0])
    built = build(mec_schedule(shape))
    rows = weights.astype(np.float32).transpose(2, 3, 1, 0).reshape(shape.R, shape.S * shape.C, shape.K)
    panels = mec_problem(shape).ins[1].pack(rows)
    strips = np.empty((1, shape.Q, high, shape.S, shape.C), np.float32)
    N, C, H, W = shape.ia_shape

    def layer(ia: np.ndarray) -> np.ndarray:
        if ia.shape != (N, H, W, C) or ia.dtype != np.float32:
            raise ValueError(f"ia: want {(N, H, W, C)} = (N, H, W, C) in float32, got {ia.shape} in {ia.dtype}")
        oa = np.empty((N, shape.P, shape.Q, shape.K), np.float32)
        for n in range(N):
            mec_lower(ia[n : n + 1], shape, strips)
            built.call(strips, panels, oa[n])
        return oa

    return layer


def workspace(shape: ConvShape) -> int:
    """Bytes beside ia, wt and oa: the strips of one image, 4·Q·H'·S·C, and the weights in panels, filled up to whole ones."""
    high, panels = shape.H + sum(shape.pads[0]), -(-shape.K // PANEL)
    return 4 * (shape.Q * high * shape.S * shape.C + panels * PANEL * shape.R * shape.S * shape.C)
