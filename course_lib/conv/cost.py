"""The cost model: seconds from the work an algorithm says it does, and so which one "auto" takes, and why not the others.

An algorithm's time is a sum over its work: so many calls, multiply-adds, operands and elements moved, each at a rate. The rates
are fitted algorithm by algorithm: an element copied in a run of pixels does not cost what one in a run of channels does. What such a
sum misses (caches, the library's own tiles) is alike for layers that are alike: the sum is corrected by how far it was off for the
measured layers nearby.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from math import exp, log2, prod
from typing import Any

import numpy as np

from ..records import Report
from ..shapes import ConvShape
from .algorithms import ALGORITHMS
from .work import Move, Product

SOURCE = "as implemented here: a line through times measured on one machine, in counts of work (python -m course_lib.conv.calibrate)"

# auto does not choose among these, and says why
LEFT_OUT = {
    "direct": "plain Python loops, the reference",
    "tiled": "compiles first; ask for it by name",
}
# the features in a reader's words
WORDS = {
    "products": "calling the matrix library", "multiply-adds": "multiplying", "operands": "fetching the operands of products",
    "copy": "copying", "add": "adding up", "gather": "fetching by address", "fft": "transforming", "nest": "the compiled nest",
    "python": "turns of interpreted loops",
}  # fmt: skip
MOST = 1 << 30  # bytes of workspace that auto allows itself


def features(work: Sequence[Product | Move]) -> dict[str, float]:
    """What time is a sum of, by name: calls, multiply-adds and operands of products, elements and runs of moves.

    A product's operands count apart from its multiply-adds: where one side is short, fetching the other is what takes time.
    """
    out: dict[str, float] = {}

    def add(name: str, value: float) -> None:
        out[name] = out.get(name, 0.0) + value

    for step in work:
        if isinstance(step, Product):
            kind = "complex" if step.each == 4 else "real"
            add(f"{kind} products", step.times)
            add(f"{kind} multiply-adds", step.times * step.M * step.N * step.K)
            add(f"{kind} operands", step.times * (step.M * step.K + step.K * step.N + step.M * step.N))
        else:
            add(f"{step.kind} calls", step.calls)
            add(f"{step.kind} elements", step.elements)
            add(f"{step.kind} runs", step.elements / step.run)
    return out


@cache
def fitted() -> dict[str, Any]:
    """What was measured once on the machine that the file names."""
    return json.loads((files("course_lib.data") / "conv_cost.json").read_text("utf-8"))  # type: ignore[no-any-return]


def rates() -> dict[str, dict[str, float]]:
    """algorithm -> seconds a unit of each feature."""
    return fitted()["seconds"]  # type: ignore[no-any-return]


REACH = 1.2  # octaves: how far off in its sizes a measured layer may be and still tell about this one
DOUBT = 0.3  # of one layer of the very same sizes: what the uncorrected sum weighs


def place(shape: ConvShape) -> tuple[float, ...]:
    """A layer's sizes in octaves: images, channels of a group in and out, groups, pixels, taps high and wide, stride."""
    C, K = shape.C // shape.groups, shape.K // shape.groups
    sizes = (shape.N, C, K, shape.groups, shape.P * shape.Q, shape.R, shape.S, prod(shape.strides), prod(shape.dilations))
    return tuple(log2(max(size, 1)) for size in sizes)


@cache
def neighbours(name: str) -> tuple[np.ndarray, np.ndarray]:
    """(places, logarithms of measured / summed seconds) of the layers that the algorithm was measured on."""
    rows = [(layer["place"], layer["off"][name]) for layer in fitted()["layers"] if name in layer["off"]]
    return np.array([row[0] for row in rows]).reshape(len(rows), -1), np.log([row[1] for row in rows])


def correction(at: Sequence[float], places: np.ndarray, off: np.ndarray) -> float:
    """The factor for a layer at `at`: the mean of its neighbours', near ones counting most, in doubt 1."""
    if not len(off):
        return 1.0
    weight = np.exp(-((places - np.array(at)) ** 2).sum(axis=1) / (2 * REACH**2))
    return exp(float(weight @ off) / (float(weight.sum()) + DOUBT))


def parts(name: str, shape: ConvShape) -> dict[str, float]:
    """The expected seconds of an algorithm for a layer, feature by feature."""
    rate = rates()[name]
    return {feature: rate.get(feature, 0.0) * value for feature, value in features(ALGORITHMS[name].work(shape)).items()}


def expected(name: str, shape: ConvShape) -> float:
    """The expected time of an algorithm for a layer, in seconds."""
    return sum(parts(name, shape).values()) * correction(place(shape), *neighbours(name))


def why_not(name: str, shape: ConvShape, exact: bool) -> str | None:
    """Why auto does not consider an algorithm for this layer; None where it does. `exact`: the numbers are whole."""
    algorithm = ALGORITHMS[name]
    reason = algorithm.cannot(shape)
    if reason:
        return f"cannot: {reason}"
    if name in LEFT_OUT:
        return LEFT_OUT[name]
    if name != "pointwise" and not ALGORITHMS["pointwise"].cannot(shape) and shape.groups < shape.C:
        return "makes the product that pointwise makes, and moves more"
    if exact and name in ("winograd", "fft"):
        return "computes in fractions; whole numbers are summed as they are"
    if algorithm.workspace(shape) > MOST:
        return f"needs {algorithm.workspace(shape) / 1e9:.1f} GB beside the arrays"
    return None


@cache
def choose(shape: ConvShape, exact: bool = False) -> str:
    """The name of the algorithm with the least expected time. Where none is left over, "direct".

    >>> choose(ConvShape(N=1, C=256, H=14, W=14, K=256, R=1, S=1))
    'pointwise'
    """
    left = [name for name in ALGORITHMS if not why_not(name, shape, exact)]
    return min(left, key=lambda name: expected(name, shape), default="direct")


def table(shape: ConvShape, exact: bool = False, algorithm: str = "auto") -> Report:
    """All algorithms for one layer: expected ms, workspace, and the reason in words; the one that would run first."""
    chosen = choose(shape, exact) if algorithm == "auto" else algorithm
    rows = []
    for name, module in ALGORITHMS.items():
        able = module.cannot(shape) is None
        rows.append({
            "algorithm": name, "expected ms": 1e3 * expected(name, shape) if able else None,
            "workspace bytes": module.workspace(shape) if able else None,
            "reason": reason(name, shape, exact, name == chosen, algorithm),
        })  # fmt: skip
    rows.sort(key=lambda row: (row["algorithm"] != chosen, row["expected ms"] is None, row["expected ms"] or 0))
    note = "expected by a model fitted to one thread of the machine named in data/conv_cost.json; yours may differ"
    return Report.of(rows, f"conv2d {shape}", note)


def reason(name: str, shape: ConvShape, exact: bool, chosen: bool, asked: str) -> str:
    if chosen and asked != "auto":
        return "asked for"
    against = why_not(name, shape, exact)
    if against:
        return against
    share = parts(name, shape)
    largest = max(share, key=lambda feature: share[feature])
    kind, what = largest.split()
    said = f"{share[largest] / max(sum(share.values()), 1e-30):.0%} of it {WORDS.get(what) or WORDS[kind]}"
    said += {"runs": ", in short runs", "calls": ", in many small calls"}.get(what, "")
    return f"chosen, least time; {said}" if chosen else said
