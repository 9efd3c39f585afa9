"""Lowered matrices, wrong."""

import numpy as np


def sizes(x, r, s, stride, pad):
    return (x.shape[2] + 2 * pad - r) // stride + 1, (x.shape[3] + 2 * pad - s) // stride + 1


def framed(x, pad):
    return np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])


def as_on_the_slide(x, r, s, stride=1, pad=0):
    P, Q = sizes(x, r, s, stride, pad)
    big = framed(x, pad)
    columns = []
    for n in range(x.shape[0]):
        for p in range(P):
            for q in range(Q):
                columns.append(big[n, :, p * stride : p * stride + r, q * stride : q * stride + s].ravel())
    return np.array(columns).T


def channels_fastest(x, r, s, stride=1, pad=0):
    P, Q = sizes(x, r, s, stride, pad)
    big = framed(x, pad).transpose(0, 2, 3, 1)
    rows = []
    for image in big:
        for p in range(P):
            for q in range(Q):
                rows.append(image[p * stride : p * stride + r, q * stride : q * stride + s].reshape(-1))
    return np.stack(rows)


def down_then_across(x, r, s, stride=1, pad=0):
    P, Q = sizes(x, r, s, stride, pad)
    big = framed(x, pad)
    rows = []
    for n in range(len(x)):
        for q in range(Q):
            for p in range(P):
                rows.append(big[n, :, p * stride : p * stride + r, q * stride : q * stride + s].ravel())
    return np.stack(rows)


def tiles(x, r, s, stride=1, pad=0):
    big = framed(x, pad)
    rows = []
    for n in range(len(x)):
        for h in range(0, big.shape[2] - r + 1, r):
            for w in range(0, big.shape[3] - s + 1, s):
                rows.append(big[n, :, h : h + r, w : w + s].ravel())
    return np.stack(rows)


def no_frame(x, r, s, stride=1, pad=0):
    P, Q = sizes(x, r, s, stride, 0)
    cols = np.zeros((len(x) * max(P, 0) * max(Q, 0), x.shape[1] * r * s))
    row = 0
    for n in range(len(x)):
        for p in range(P):
            for q in range(Q):
                cols[row] = x[n, :, p * stride : p * stride + r, q * stride : q * stride + s].ravel()
                row += 1
    return cols


def starts_at_p(x, r, s, stride=1, pad=0):
    P, Q = sizes(x, r, s, stride, pad)
    big = framed(x, pad)
    cols = np.zeros((len(x), P, Q, x.shape[1], r, s))
    for n, p, q in np.ndindex(len(x), P, Q):
        cols[n, p, q] = big[n, :, p : p + r, q : q + s]
    return cols.reshape(len(x) * P * Q, -1)


def window_by_columns(x, r, s, stride=1, pad=0):
    P, Q = sizes(x, r, s, stride, pad)
    big = framed(x, pad)
    cols = np.zeros((len(x) * P * Q, x.shape[1] * r * s))
    for row, (n, p, q) in enumerate(np.ndindex(len(x), P, Q)):
        column = 0
        for c in range(x.shape[1]):
            for j in range(s):
                for i in range(r):
                    cols[row, column] = big[n, c, p * stride + i, q * stride + j]
                    column += 1
    return cols


WRONG = [
    (as_on_the_slide, "values", "the transpose"),
    (channels_fastest, "values", "channels run fastest"),
    (down_then_across, "values", "q runs faster"),
    (tiles, "values", "several windows"),
    (no_frame, "values", "pad"),
    (starts_at_p, "values", "one pixel apart"),
    (window_by_columns, "values", "as one reads"),
]
