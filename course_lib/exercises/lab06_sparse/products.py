"""CSR after im2col, the stretched columns, and direct sparse convolution, graded by MACs, workspace and stride."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exercise import Case, Count, Exercise, Misconception
from .layers import cases_of, convolved, csr_of, layers, lowered, words

LOWERED, STRETCHED, DIRECT = "06_sparse#spatial-locality", "06_sparse#layout", "06_sparse#direct-sparse"


def flat(w: np.ndarray) -> np.ndarray:
    return np.asarray(w).reshape(len(w), -1)


def dense_of(rowptr: Any, colidx: Any, value: Any, width: int) -> np.ndarray:
    a = np.zeros((len(rowptr) - 1, width))
    np.add.at(a, (np.repeat(np.arange(len(a)), np.diff(rowptr)), np.asarray(colidx)), value)
    return a


def by_matrix(x: Any, rowptr: Any, colidx: Any, value: Any, R: int, S: int) -> np.ndarray:
    """x[C,H,W] and CSR of w[K, C·R·S] -> out[K,P,Q]."""
    C, H, W = x.shape
    out = dense_of(rowptr, colidx, value, C * R * S) @ lowered(np.asarray(x, np.float64), R, S)
    return out.reshape(-1, H - R + 1, W - S + 1)


def turned(change: Any) -> Any:
    """The same with the matrix of weights changed: a way to make mistakes."""

    def function(x: Any, rowptr: Any, colidx: Any, value: Any, R: int, S: int) -> np.ndarray:
        w = dense_of(rowptr, colidx, value, x.shape[0] * R * S).reshape(-1, x.shape[0], R, S)
        return change(np.asarray(x, np.float64), w)

    return function


def swapped_pixels(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    out = convolved(x, w)
    return out.transpose(0, 2, 1).reshape(out.shape)


def channels_last(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    K, C, R, S = w.shape
    return convolved(x, w.reshape(K, R, S, C).transpose(0, 3, 1, 2))


def one_a_row(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    a = np.zeros_like(flat(w))
    for k, row in enumerate(flat(w)):
        if row.any():
            first = int(np.flatnonzero(row)[0])
            a[k, first] = row[first]
    return convolved(x, a.reshape(w.shape))


def shifted_rows(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    return np.roll(convolved(x, w), 1, 0)


SLIPS = (
    (
        "the pixels of the output are transposed",
        swapped_pixels,
        "The output's rows and columns have changed places: pixel number p·Q + q belongs at (p, q).",
    ),
    (
        "weights are read channels last",
        channels_last,
        "Column c·R·S + r·S + s is one order, (r·S + s)·C + c another. Rows of the lowered matrix and columns of the weights must agree.",
    ),
    (
        "the filter is flipped",
        lambda x, w: convolved(x, w[:, :, ::-1, ::-1]),
        "The filter is turned round: row (c, r, s) holds the pixels x[c, p + r, q + s].",
    ),
    ("one weight a filter", one_a_row, "Only the first weight of each filter is used: j runs from rowptr[k] to rowptr[k + 1] - 1."),
    ("filters are off by one", shifted_rows, "Each filter's result stands one place too far: does filter 0 begin at rowptr[0]?"),
)


def csr_arguments(x: np.ndarray, w: np.ndarray) -> tuple[Any, ...]:
    return (x, *csr_of(flat(w)), int(w.shape[2]), int(w.shape[3]))


conv2d_csr_im2col = Exercise(
    name="conv2d_csr_im2col",
    reference=by_matrix,
    cases=cases_of(csr_arguments),
    tolerance=1e-6,
    misconceptions=tuple(Misconception(name, turned(change), hint, LOWERED) for name, change, hint in SLIPS),
    hint="Lower x into a matrix [C·R·S, P·Q]; then out[k] is the sum of value[j] times its row colidx[j], for the j of row k.",
    slide=LOWERED,
)

# --- the stretched columns ----------------------------------------------------------------------------------------------


def stretched(colidx: Any, R: int, S: int, H: int, W: int) -> np.ndarray:
    """f(c, r, s) = (c·H + r)·W + s for each column c·R·S + r·S + s."""
    c, tap = np.divmod(np.asarray(colidx, np.int64), R * S)
    r, s = np.divmod(tap, S)
    return (c * H + r) * W + s


def stretch_cases(rng: np.random.Generator) -> list[Case]:
    out = []
    for x, w in layers(rng):
        _, colidx, _ = csr_of(flat(w))
        C, H, W = x.shape
        out.append(Case((colidx, int(w.shape[2]), int(w.shape[3]), H, W), label=words(x, w)))
    return out


def with_formula(formula: Any) -> Any:
    def function(colidx: Any, R: int, S: int, H: int, W: int) -> np.ndarray:
        c, tap = np.divmod(np.asarray(colidx, np.int64), R * S)
        return np.asarray(formula(c, *np.divmod(tap, S), H, W, R, S))

    return function


stretch_colidx = Exercise(
    name="stretch_colidx",
    reference=stretched,
    cases=stretch_cases,
    misconceptions=(
        Misconception(
            "not stretched",
            lambda colidx, R, S, H, W: np.asarray(colidx),
            "These are the old columns, places in the filter. What is wanted is where the pixel lies in the picture.",
            STRETCHED,
        ),
        Misconception(
            "rows as wide as the filter",
            with_formula(lambda c, r, s, H, W, R, S: (c * H + r) * S + s),
            "From one row of the picture to the next it is W numbers, not S.",
            STRETCHED,
        ),
        Misconception(
            "channels as high as the filter",
            with_formula(lambda c, r, s, H, W, R, S: (c * R + r) * W + s),
            "From one channel to the next it is H rows, not R.",
            STRETCHED,
        ),
        Misconception(
            "H and W have changed places",
            with_formula(lambda c, r, s, H, W, R, S: (c * W + r) * H + s),
            "H and W have changed places: a row is W numbers long, and a channel has H rows.",
            STRETCHED,
        ),
        Misconception(
            "r and s have changed places",
            with_formula(lambda c, r, s, H, W, R, S: (c * H + s) * W + r),
            "The places of r and s are changed: r is the row of the tap, s its column.",
            STRETCHED,
        ),
        Misconception(
            "the channel is lost",
            with_formula(lambda c, r, s, H, W, R, S: r * W + s),
            "All channels point into the first one: c is missing.",
            STRETCHED,
        ),
        Misconception(
            "channels last",
            with_formula(lambda c, r, s, H, W, R, S: (r * W + s) * (c.max(initial=0) + 1) + c),
            "That would be the address with the channels last. Here a whole channel lies together: CHW.",
            STRETCHED,
        ),
    ),
    hint="First take the column apart: c, r and s. Then f(c, r, s) = (c·H + r)·W + s.",
    slide=STRETCHED,
)

# --- direct ---------------------------------------------------------------------------------------------------------------


def direct(x: Any, rowptr: Any, offsets: Any, value: Any, R: int, S: int) -> np.ndarray:
    """x[C,H,W] and CSR whose columns are stretched -> out[K,P,Q]."""
    C, H, W = x.shape
    line = np.asarray(x, np.float64).ravel()
    P, Q = H - R + 1, W - S + 1
    out = np.zeros((len(rowptr) - 1, P, Q))
    windows = np.arange(P)[:, None] * W + np.arange(Q)
    for k in range(len(out)):
        for j in range(rowptr[k], rowptr[k + 1]):
            out[k] += value[j] * line[offsets[j] + windows]
    return out


def direct_arguments(x: np.ndarray, w: np.ndarray) -> tuple[Any, ...]:
    rowptr, colidx, value = csr_of(flat(w))
    R, S = int(w.shape[2]), int(w.shape[3])
    return x, rowptr, stretched(colidx, R, S, *x.shape[1:]), value, R, S


def direct_macs(case: Case) -> int:
    x, _, offsets, _, R, S = case.args
    return len(offsets) * (x.shape[1] - R + 1) * (x.shape[2] - S + 1)


def out_bytes(case: Case) -> int:
    x, rowptr, _, _, R, S = case.args
    return 8 * (len(rowptr) - 1) * (x.shape[1] - R + 1) * (x.shape[2] - S + 1)


def x_loads(trace: Any) -> np.ndarray:
    """Which elements of the picture were loaded, in order."""
    buffer = trace.buffers[0]
    mine = (trace.tensor == 0) & ~trace.store
    return (trace.address[mine] - buffer.base) // buffer.itemsize


def strides_not_one(trace: Any) -> int:
    """Steps from one load of the picture to the next that are not +1."""
    return int((np.diff(x_loads(trace)) != 1).sum())


def rows_begun(case: Case) -> int:
    """A new row begins P times a non-zero; all other steps are +1."""
    x, _, offsets, _, R, _ = case.args
    return max(0, len(offsets) * (x.shape[1] - R + 1))


def wrong_way(change: Any) -> Any:
    """Direct convolution with other windows: `change` of (P, Q, H, W) -> their addresses."""

    def function(x: Any, rowptr: Any, offsets: Any, value: Any, R: int, S: int) -> np.ndarray:
        C, H, W = x.shape
        P, Q = H - R + 1, W - S + 1
        line = np.asarray(x, np.float64).ravel()
        out = np.zeros((len(rowptr) - 1, P, Q))
        for k in range(len(out)):
            for j in range(rowptr[k], rowptr[k + 1]):
                out[k] += value[j] * line[np.minimum(offsets[j] + change(P, Q, H, W), line.size - 1)]
        return out

    return function


def overwritten(x: Any, rowptr: Any, offsets: Any, value: Any, R: int, S: int) -> np.ndarray:
    out = np.zeros((len(rowptr) - 1, x.shape[1] - R + 1, x.shape[2] - S + 1))
    for k in range(len(out)):
        for j in range(rowptr[k], rowptr[k + 1]):
            out[k] = value[j] * direct(x, [0, 1], [offsets[j]], [1.0], R, S)[0]
    return out


def first_only(x: Any, rowptr: Any, offsets: Any, value: Any, R: int, S: int) -> np.ndarray:
    keep = np.array([j for k in range(len(rowptr) - 1) for j in range(rowptr[k], min(rowptr[k] + 1, rowptr[k + 1]))], int)
    counts = [min(1, int(rowptr[k + 1] - rowptr[k])) for k in range(len(rowptr) - 1)]
    return direct(x, np.cumsum([0, *counts]), np.asarray(offsets)[keep], np.asarray(value)[keep], R, S)


conv2d_direct_sparse = Exercise(
    name="conv2d_direct_sparse",
    reference=direct,
    cases=cases_of(direct_arguments),
    tolerance=1e-6,
    counts=(
        Count(
            "MACs",
            lambda trace: trace.macs,
            direct_macs,
            "The result is right; the number of multiply-accumulates is not nnz·P·Q. One product a non-zero and output pixel, no more.",
            slide=DIRECT,
        ),
        Count(
            "workspace",
            lambda trace: trace.marks["allocated"],
            out_bytes,
            "Beside the output something else was allocated: a lowered matrix, a copy? The picture lies there "
            "already; `x.ravel()` or `x.reshape(-1)` is a view.",
            rule="at most",
            slide=DIRECT,
        ),
        Count(
            "unit stride",
            strides_not_one,
            rows_begun,
            "The result is right, but neighbouring loads of x are not neighbours in memory: let q run innermost, "
            "outside of it p, outside of that j.",
            rule="at most",
            slide=DIRECT,
        ),
    ),
    misconceptions=(
        Misconception(
            "rows as wide as the output",
            wrong_way(lambda P, Q, H, W: np.arange(P)[:, None] * Q + np.arange(Q)),
            "From one row of the output to the next the picture moves on by W numbers, not by Q.",
            DIRECT,
        ),
        Misconception(
            "all rows are the first",
            wrong_way(lambda P, Q, H, W: np.zeros((P, 1), int) + np.arange(Q)),
            "Every output row is computed from the same row of the picture: p is missing from the address.",
            DIRECT,
        ),
        Misconception(
            "all columns are the first",
            wrong_way(lambda P, Q, H, W: np.arange(P)[:, None] * W + np.zeros(Q, int)),
            "Every output column is computed from the same column of the picture: q is missing from the address.",
            DIRECT,
        ),
        Misconception(
            "rows as far apart as the picture is high",
            wrong_way(lambda P, Q, H, W: np.arange(P)[:, None] * H + np.arange(Q)),
            "One row further is W numbers further; you have taken H.",
            DIRECT,
        ),
        Misconception(
            "p and q have changed places",
            wrong_way(lambda P, Q, H, W: np.arange(P)[:, None] + np.arange(Q) * W),
            "The places of p and q are changed: a step in q is one number, a step in p is a row.",
            DIRECT,
        ),
        Misconception(
            "the last product wins",
            overwritten,
            "Each non-zero wipes out what the others had added: +=.",
            DIRECT,
        ),
        Misconception(
            "one weight a filter",
            first_only,
            "Only the first weight of each filter is used: j runs from rowptr[k] to rowptr[k + 1] - 1.",
            DIRECT,
        ),
    ),
    hint="for k, for j of row k, for p, for q: out[k, p, q] += value[j] · x[offsets[j] + p·W + q], x as one long line.",
    slide=DIRECT,
)
