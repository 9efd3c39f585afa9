"""Structured sparsity, low rank and their sum are one problem: only the set that W may come from differs.

    min over W of the form      sum |W X_i - Y_i|²             (linear)
                                sum |r(W X_i) - r(Y_i)|²       (with the ReLU)

`approximate_all` solves it for each form under one budget of stored numbers; `compare` sets operators side by side.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from operator import matmul
from typing import Any

import numpy as np

from ...bench import timed
from ...records import Report
from ..operator import Operator, as_operator, matrix
from .forms import Fit, columns, elements, low_rank, low_rank_plus_sparse
from .relu import PENALTIES, Approximation, approximate, relu

SOURCE = "Lecture, frames 'Sparse DNN', 'Low-rank DNN' and 'ReLU'"


def forms(K: int, C: int, taps: int, numbers: int) -> dict[str, Fit]:
    """Each form with the parameter that stores at most `numbers` numbers for W[K, C·taps] (an index counts as a number)."""
    J = C * taps
    if numbers < K + J + 2:
        raise ValueError(f"numbers: want at least {K + J + 2}, one rank and one entry of a {K}x{J} matrix, got {numbers}")
    rank = min(numbers // (K + J), K, J)
    half = max(1, min(numbers // 2 // (K + J), K, J))
    left = max(1, min((numbers - half * (K + J)) // 2, K * J))
    return {
        "channels": columns(np.repeat(np.arange(C), taps), max(1, min(C, numbers // (K * taps)))),
        "shapes (columns)": columns(np.arange(J), max(1, min(J, numbers // K))),
        "elements": elements(min(numbers // 2, K * J)),
        "low rank": low_rank(rank),
        "low rank + sparse": low_rank_plus_sparse(half, left),
    }


def approximate_all(
    w: Any,
    x: Any,
    numbers: int,
    channels: int | None = None,
    relu_aware: bool = True,
    y: Any = None,
    penalties: Sequence[tuple[float, int]] = PENALTIES,
) -> dict[str, Approximation]:
    """w[K,J] and inputs x[J,n] -> an Approximation a form, each storing at most `numbers` numbers.

    `channels` says how many channels the J columns belong to (J/channels taps each; default: a column is a channel).
    `y[K,n]`, the responses to keep, is w @ x where it is not given.
    """
    w, x = matrix("w", w).astype(np.float64), np.asarray(x, np.float64)
    K, J = w.shape
    C = J if channels is None else channels
    if C < 1 or J % C:
        raise ValueError(f"channels: want a number that divides the {J} columns, got {channels!r}")
    want = w @ x if y is None else np.asarray(y, np.float64)
    return {name: approximate(fit, want, x, relu_aware, penalties) for name, fit in forms(K, C, J // C, numbers).items()}


def compare(operators: Mapping[str, Any], x: Any, y: Any = None, clock: Any = time.perf_counter) -> Report:
    """Operators by name, inputs x[J,n] -> error before and after the ReLU, bytes, MACs a column, milliseconds for all of x.

    `y[K,n]` are the responses to compare with; without it the first operator's are. An Approximation brings its bias along.
    Raises ValueError for operators or `y` of other shapes.
    """
    x = np.asarray(x)
    if not operators:
        raise ValueError("operators: want at least one to compare")
    ops: dict[str, Operator] = {name: op.operator if isinstance(op, Approximation) else as_operator(op) for name, op in operators.items()}
    answers = {name: op(x) if isinstance(op, Approximation) else ops[name] @ x for name, op in operators.items()}
    want = np.asarray(next(iter(answers.values())) if y is None else y, np.float64)
    for name, got in answers.items():
        if got.shape != want.shape:
            whose = "y" if y is not None else f"operators: {next(iter(ops))!r}"
            raise ValueError(f"{whose}: want answers that can be set side by side, got {want.shape} and {got.shape} from {name!r}")
    times = timed({name: partial(matmul, op, x) for name, op in ops.items()}, seconds=0.05 * len(ops), clock=clock)
    rows = []
    for name, op in ops.items():
        got = np.asarray(answers[name], np.float64)
        rows.append(
            {
                "form": name,
                "error": relative(got, want),
                "error after ReLU": relative(relu(got), relu(want)),
                "bytes": op.nbytes,
                "MACs a column": op.macs,
                "ms": 1e3 * times.seconds(name),
            }
        )
    return Report.of(rows, f"{len(ops)} forms of one {'x'.join(map(str, next(iter(ops.values())).shape))} matrix")


def relative(got: np.ndarray, want: np.ndarray) -> float:
    """|got - want| / |want|, in the root of the sum of squares."""
    return float(np.linalg.norm(got - want) / (np.linalg.norm(want) or 1.0))
