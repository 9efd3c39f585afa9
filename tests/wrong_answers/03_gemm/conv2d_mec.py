"""Convolutions by strips, wrong; the last ones are right and take too much memory."""

import numpy as np


def loops(a, b):
    c = np.zeros((a.shape[0], b.shape[1]), a.dtype)
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                c[i, j] += a[i, k] * b[k, j]
    return c


def sizes(x, w, stride, pad):
    return (x.shape[2] + 2 * pad - w.shape[2]) // stride + 1, (x.shape[3] + 2 * pad - w.shape[3]) // stride + 1


def lowered(x, s, stride, pad):
    N, C, H, W = x.shape
    big = np.zeros((N, C, H + 2 * pad, W + 2 * pad), x.dtype)
    big[:, :, pad : pad + H, pad : pad + W] = x
    Q = (W + 2 * pad - s) // stride + 1
    low = np.empty((N, Q, H + 2 * pad, s, C), x.dtype)
    for q in range(Q):
        low[:, q] = big[:, :, :, q * stride : q * stride + s].transpose(0, 2, 3, 1)
    return low


def views(x, w, stride, pad):
    low = lowered(x, w.shape[3], stride, pad)
    N, Q, H, S, C = low.shape
    flat, R = low.reshape(N * Q, H * S * C), w.shape[2]
    return [flat[:, p * stride * S * C : (p * stride + R) * S * C] for p in range((H - R) // stride + 1)]


def by(x, w, matrix, stride, pad):
    P, Q = sizes(x, w, stride, pad)
    out = np.zeros((len(x), len(w), P, Q), x.dtype)
    for p, view in enumerate(views(x, w, stride, pad)):
        out[:, :, p] = (view @ matrix).reshape(len(x), Q, len(w)).transpose(0, 2, 1)
    return out


def filters_in_crs(x, w, stride=1, pad=0):
    return by(x, w, w.reshape(len(w), -1).T, stride, pad)


def filters_in_src(x, w, stride=1, pad=0):
    return by(x, w, w.transpose(3, 2, 1, 0).reshape(-1, len(w)), stride, pad)


def not_moved(x, w, stride=1, pad=0):
    P, Q = sizes(x, w, stride, pad)
    matrix = w.transpose(2, 3, 1, 0).reshape(-1, len(w))
    return np.stack([view @ matrix for view in views(x, w, stride, pad)]).reshape(P, len(x), Q, len(w)).reshape(len(x), len(w), P, Q)


def in_nhwc(x, w, stride=1, pad=0):
    return by(x, w, w.transpose(2, 3, 1, 0).reshape(-1, len(w)), stride, pad).transpose(0, 2, 3, 1)


def pad_not_handed_on(x, w, stride=1, pad=0):
    P, Q = sizes(x, w, stride, 0)
    if P < 1 or Q < 1:
        return np.zeros((len(x), len(w), P, Q))
    return by(x, w, w.transpose(2, 3, 1, 0).reshape(-1, len(w)), stride, 0)


def stride_not_handed_on(x, w, stride=1, pad=0):
    return by(x, w, w.transpose(2, 3, 1, 0).reshape(-1, len(w)), 1, pad)


def im2col_in_disguise(x, w, stride=1, pad=0):
    """All views copied into one matrix first: as much memory as im2col."""
    P, Q = sizes(x, w, stride, pad)
    matrix = w.transpose(2, 3, 1, 0).reshape(-1, len(w))
    every = np.concatenate(views(x, w, stride, pad))
    return loops(every, matrix).reshape(P, len(x), Q, len(w)).transpose(1, 3, 0, 2)


def plain_im2col(x, w, stride=1, pad=0):
    N, C, H, W = x.shape
    K, _, R, S = w.shape
    P, Q = sizes(x, w, stride, pad)
    big = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    cols = np.empty((N * P * Q, C * R * S), x.dtype)
    for row, (n, p, q) in enumerate(np.ndindex(N, P, Q)):
        cols[row] = big[n, :, p * stride : p * stride + R, q * stride : q * stride + S].reshape(-1)
    return loops(cols, w.reshape(K, -1).T).reshape(N, P, Q, K).transpose(0, 3, 1, 2)


WRONG = [
    (filters_in_crs, "values", "channels fastest"),
    (filters_in_src, "values", "each other's place"),
    (not_moved, "values", "An axis has to move"),
    (in_nhwc, "values", "[N, P, Q, K]"),
    (pad_not_handed_on, "values", "does not change with pad"),
    (stride_not_handed_on, "values", "does not change with stride"),
    (im2col_in_disguise, "bytes of workspace", "than the strips need"),
    (plain_im2col, "bytes of workspace", "than the strips need"),
]
