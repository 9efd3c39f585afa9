"""When does sparse pay? By two models: the paper's, whose constants are a machine's, and one whose constants are a layer's (prices.py).

The paper's: arithmetic that costs alpha times as much a number, weights that take beta times the room.

    t_dense  = max(2·MACs / F,               (S_I + S_O + S_W) / B)
    t_sparse = max(alpha·(1-x)·2·MACs / F,   (extra + S_I + S_O + beta·(1-x)·S_W) / B)

F (FLOP/s) and B (bytes/s) are those that the machine reaches in dense convolution, S are bytes, x is the share of zeros; alpha is
measured once a form. `extra` is what the form itself moves: the lowered matrix of CSR after im2col, written and read. Below
x = 1 - 1/alpha sparse is slower; where the two terms meet, more zeros save no more time. One alpha for all layers is a lesson, not a
prediction: where nothing else is said, `predicted` and `break_even` count a layer out, with the prices of prices.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol

from ..shapes import ConvShape

SOURCE = "Park et al., ICLR 2017, section 2 (as told in the paper; the term `extra` is ours)"

STORED = Path(__file__).parent.parent / "data" / "sparse_fit.json"
TIMES = STORED.with_name("sparse_times.json")
FORMS = ("direct_sparse", "block_sparse", "nm_sparse", "csr_im2col")
STEPS = 40  # shares of zeros that are looked at before the interval is halved: plans change with the zeros, times need not fall with each
BETA = {"direct_sparse": 2.0, "block_sparse": 1.25, "nm_sparse": 1.5, "csr_im2col": 2.0}  # bytes stored for a number, in numbers


@dataclass(frozen=True)
class Machine:
    """`flops` and `bandwidth` a second as dense convolution reaches them, and alpha a form. ValueError for what is not above 0."""

    name: str
    flops: float
    bandwidth: float
    alpha: Mapping[str, float]

    def __post_init__(self) -> None:
        for field in ("flops", "bandwidth"):
            if not getattr(self, field) > 0:
                raise ValueError(f"{field}: want more than 0 a second, got {getattr(self, field)!r}")
        if wrong := [form for form, value in self.alpha.items() if not value > 0]:
            raise ValueError(f"alpha: want more than 0, got {self.alpha[wrong[0]]!r} for {wrong[0]}")

    def seconds(self, shape: ConvShape, sparsity: float, form: str) -> float:
        """The formula above. ValueError for a form without an alpha."""
        work = 2 * shape.macs if form == "dense" else sized(form, self) * (1 - sparsity) * 2 * shape.macs
        return max(work / self.flops, moved(shape, form, sparsity) / self.bandwidth)


class Model(Protocol):
    """What predicts the seconds of a layer: Machine by the paper's constants, Prices by what is counted out."""

    def seconds(self, shape: ConvShape, sparsity: float, form: str) -> float: ...


def fitted_machine() -> Machine:
    """The paper's constants that `python benchmarks/sparse.py --fit` stored, and the machine they are of."""
    record = json.loads(STORED.read_text("utf-8"))
    return Machine(**{field.name: record[field.name] for field in fields(Machine)})


def checked() -> dict[str, dict[str, list[dict[str, Any]]]]:
    """What `python benchmarks/sparse.py --check` stored of each network that was not fitted on: "layers" (break-even predicted and
    measured) and "summary" (how far off)."""
    return json.loads(STORED.read_text("utf-8"))["checked"]


def measured() -> tuple[int, dict[str, dict[float, float]]]:
    """What the same command stored of the networks fitted on: (layers, form -> share of zeros -> times faster than dense torch)."""
    record = json.loads(STORED.read_text("utf-8"))["measured"]
    return record["layers"], {form: {float(x): ratio for x, ratio in found.items()} for form, found in record["times faster"].items()}


def sized(form: str, machine: Machine) -> float:
    if form not in machine.alpha:
        raise ValueError(f"form: want dense or one of {', '.join(machine.alpha)}, got {form!r}")
    return machine.alpha[form]


def moved(shape: ConvShape, form: str, sparsity: float) -> float:
    """Bytes that must move, float32."""
    pictures = 4.0 * shape.N * (shape.C * shape.H * shape.W + shape.K * shape.P * shape.Q)
    if form == "dense":
        return pictures + 4.0 * shape.params
    lowered = 8.0 * shape.N * shape.C * shape.R * shape.S * shape.P * shape.Q if form == "csr_im2col" else 0.0
    return pictures + lowered + 4.0 * BETA[form] * (1 - sparsity) * shape.params


def predicted(shape: ConvShape, sparsity: float, form: str = "direct_sparse", model: Model | None = None) -> float:
    """Seconds by the model, the fitted prices where none is given; `form` is "dense" or one of FORMS.

    ValueError for a share of zeros outside 0 to 1 and unknown forms.
    """
    if not 0 <= sparsity <= 1:
        raise ValueError(f"sparsity: want a share of zeros from 0 to 1, got {sparsity!r}")
    if model is None:
        from .prices import fitted_prices  # it looks into the compiled kernels; the formats above need numpy alone

        model = fitted_prices()
    return model.seconds(shape, sparsity, form)


def alpha(shape: ConvShape, sparsity: float, form: str = "direct_sparse", model: Model | None = None) -> float:
    """What a multiply-accumulate on a weight that is left costs in this layer, dense = 1. ValueError where no weight is left."""
    if not 0 <= sparsity < 1:
        raise ValueError(f"sparsity: want a share of zeros from 0 to below 1, got {sparsity!r}")
    return predicted(shape, sparsity, form, model) / ((1 - sparsity) * predicted(shape, 0.0, "dense", model))


def break_even(shape: ConvShape, form: str = "direct_sparse", model: Model | None = None) -> float:
    """The share of zeros from which on the form is at least as fast as dense, by the model (see `predicted`); 1.0 where it never is.

    ValueError for unknown forms.
    """
    dense = predicted(shape, 0.0, "dense", model)
    slower = lambda zeros: predicted(shape, zeros, form, model) > dense
    grid = [i / STEPS for i in range(STEPS + 1)]
    last = max((i for i, zeros in enumerate(grid) if slower(zeros)), default=-1)
    if last < 0 or last == STEPS:
        return 0.0 if last < 0 else 1.0
    low, high = grid[last], grid[last + 1]
    for _ in range(24):
        middle = (low + high) / 2
        low, high = (middle, high) if slower(middle) else (low, middle)
    return high


def useful(shape: ConvShape, form: str = "direct_sparse", machine: Machine | None = None) -> tuple[float, float]:
    """(lower, upper) useful share of zeros by the paper's model: below it sparse is slower, above it the memory is the limit."""
    machine = machine or fitted_machine()
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        arithmetic = sized(form, machine) * (1 - middle) * 2 * shape.macs / machine.flops
        low, high = (low, middle) if arithmetic <= moved(shape, form, middle) / machine.bandwidth else (middle, high)
    return break_even(shape, form, machine), high
