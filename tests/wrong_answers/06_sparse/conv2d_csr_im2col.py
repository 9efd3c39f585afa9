"""CSR after im2col, wrong."""

import numpy as np


def windows(x, R, S, order="crs"):
    C, H, W = x.shape
    P, Q = H - R + 1, W - S + 1
    rows = []
    taps = (
        [(c, r, s) for c in range(C) for r in range(R) for s in range(S)]
        if order == "crs"
        else [(c, r, s) for r in range(R) for s in range(S) for c in range(C)]
    )
    for c, r, s in taps:
        rows.append(x[c, r : r + P, s : s + Q].reshape(-1))
    return np.array(rows), P, Q


def multiply(ptr, col, val, cols):
    out = np.zeros((len(ptr) - 1, cols.shape[1]))
    for k in range(len(out)):
        for j in range(ptr[k], ptr[k + 1]):
            out[k] += val[j] * cols[col[j]]
    return out


def transposed(x, ptr, col, val, R, S):
    cols, P, Q = windows(x, R, S)
    out = multiply(ptr, col, val, cols).reshape(-1, P, Q)
    return out.transpose(0, 2, 1).reshape(-1, P, Q)


def channels_fastest(x, ptr, col, val, R, S):
    cols, P, Q = windows(x, R, S, "rsc")
    return multiply(ptr, col, val, cols).reshape(-1, P, Q)


def flipped(x, ptr, col, val, R, S):
    C, H, W = x.shape
    P, Q = H - R + 1, W - S + 1
    rows = [x[c, R - 1 - r : R - 1 - r + P, S - 1 - s : S - 1 - s + Q].reshape(-1) for c in range(C) for r in range(R) for s in range(S)]
    return multiply(ptr, col, val, np.array(rows)).reshape(-1, P, Q)


def one_weight(x, ptr, col, val, R, S):
    cols, P, Q = windows(x, R, S)
    out = np.zeros((len(ptr) - 1, P * Q))
    for k in range(len(out)):
        if ptr[k] < ptr[k + 1]:
            out[k] = val[ptr[k]] * cols[col[ptr[k]]]
    return out.reshape(-1, P, Q)


def one_row_late(x, ptr, col, val, R, S):
    cols, P, Q = windows(x, R, S)
    out = np.zeros((len(ptr) - 1, P * Q))
    K = len(out)
    for k in range(K):
        for j in range(ptr[k], ptr[k + 1]):
            out[(k + 1) % K] += val[j] * cols[col[j]]
    return out.reshape(-1, P, Q)


WRONG = [
    (transposed, "values", "changed places"),
    (channels_fastest, "values", "must agree"),
    (flipped, "values", "turned round"),
    (one_weight, "values", "Only the first weight"),
    (one_row_late, "values", "one place too far"),
]
