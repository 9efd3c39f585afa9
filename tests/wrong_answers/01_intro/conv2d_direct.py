"""Seven loops, wrong; and one that is right without the loops."""

import numpy as np


def sizes(x, w, stride, pad):
    N, C, H, W = x.shape
    K, _, R, S = w.shape
    return N, C, H, W, K, R, S, (H + 2 * pad - R) // stride + 1, (W + 2 * pad - S) // stride + 1


def overwrites(x, w, bias=None, stride=1, pad=0):
    N, C, H, W, K, R, S, P, Q = sizes(x, w, stride, pad)
    x = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    oa = np.zeros((N, K, P, Q))
    for n in range(N):
        for k in range(K):
            for p in range(P):
                for q in range(Q):
                    for c in range(C):
                        for r in range(R):
                            for s in range(S):
                                oa[n, k, p, q] = x[n, c, p * stride + r, q * stride + s] * w[k, c, r, s]
                    if bias is not None:
                        oa[n, k, p, q] += bias[k]
    return oa


def textbook_convolution(x, w, bias=None, stride=1, pad=0):
    N, C, H, W, K, R, S, P, Q = sizes(x, w, stride, pad)
    oa = np.zeros((N, K, P, Q))
    for n, k, p, q in np.ndindex(N, K, P, Q):
        total = 0.0 if bias is None else float(bias[k])
        for c in range(C):
            for r in range(R):
                for s in range(S):
                    h, v = p * stride + r - pad, q * stride + s - pad
                    if 0 <= h < H and 0 <= v < W:
                        total += x[n, c, h, v] * w[k, c, R - 1 - r, S - 1 - s]
        oa[n, k, p, q] = total
    return oa


def never_looks_at_pad(x, w, bias=None, stride=1, pad=0):
    N, C, H, W = x.shape
    K, _, R, S = w.shape
    P, Q = (H - R) // stride + 1, (W - S) // stride + 1
    oa = np.zeros((N, K, P, Q))
    for n in range(N):
        for k in range(K):
            for p in range(P):
                for q in range(Q):
                    window = x[n, :, p * stride : p * stride + R, q * stride : q * stride + S]
                    oa[n, k, p, q] = (window * w[k]).sum() + (bias[k] if bias is not None else 0)
    return oa


def pads_at_the_end(x, w, bias=None, stride=1, pad=0):
    N, C, H, W, K, R, S, P, Q = sizes(x, w, stride, pad)
    big = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    big[:, :, :H, :W] = x
    oa = np.zeros((N, K, P, Q))
    for n in range(N):
        for k in range(K):
            for p in range(P):
                for q in range(Q):
                    for c in range(C):
                        for r in range(R):
                            for s in range(S):
                                oa[n, k, p, q] += big[n, c, p * stride + r, q * stride + s] * w[k, c, r, s]
                    oa[n, k, p, q] += 0 if bias is None else bias[k]
    return oa


def steps_by_one(x, w, bias=None, stride=1, pad=0):
    N, C, H, W, K, R, S, P, Q = sizes(x, w, stride, pad)
    big = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    oa = np.zeros((N, K, P, Q))
    for n in range(N):
        for k in range(K):
            for p in range(P):
                for q in range(Q):
                    oa[n, k, p, q] = np.sum(big[n, :, p : p + R, q : q + S] * w[k])
            if bias is not None:
                oa[n, k] += bias[k]
    return oa


def no_bias(x, w, bias=None, stride=1, pad=0):
    N, C, H, W, K, R, S, P, Q = sizes(x, w, stride, pad)
    big = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    oa = np.zeros((N, K, P, Q))
    for n, k, p, q, c, r, s in np.ndindex(N, K, P, Q, C, R, S):
        oa[n, k, p, q] += big[n, c, p * stride + r, q * stride + s] * w[k, c, r, s]
    return oa


def bias_in_the_innermost_loop(x, w, bias=None, stride=1, pad=0):
    N, C, H, W, K, R, S, P, Q = sizes(x, w, stride, pad)
    big = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    b = np.zeros(K) if bias is None else bias
    oa = np.zeros((N, K, P, Q))
    for n, k, p, q, c, r, s in np.ndindex(N, K, P, Q, C, R, S):
        oa[n, k, p, q] += big[n, c, p * stride + r, q * stride + s] * w[k, c, r, s] + b[k]
    return oa


def one_picture_only(x, w, bias=None, stride=1, pad=0):
    N, C, H, W, K, R, S, P, Q = sizes(x, w, stride, pad)
    big = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    oa = np.zeros((N, K, P, Q))
    for k, p, q in np.ndindex(K, P, Q):
        for c, r, s in np.ndindex(C, R, S):
            oa[0, k, p, q] += big[0, c, p * stride + r, q * stride + s] * w[k, c, r, s]
        if bias is not None:
            oa[0, k, p, q] += bias[k]
    return oa


def by_einsum(x, w, bias=None, stride=1, pad=0):
    big = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    view = np.lib.stride_tricks.sliding_window_view(big, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    oa = np.einsum("ncpqrs,kcrs->nkpq", view, w)
    return oa if bias is None else oa + bias[:, None, None]


def every_product_twice(x, w, bias=None, stride=1, pad=0):
    N, C, H, W, K, R, S, P, Q = sizes(x, w, stride, pad)
    big = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    oa = np.zeros((N, K, P, Q))
    for n, k, p, q in np.ndindex(N, K, P, Q):
        for _ in range(2):  # "the first pass warms it up"
            total = 0.0
            for c, r, s in np.ndindex(C, R, S):
                total += big[n, c, p * stride + r, q * stride + s] * w[k, c, r, s]
        oa[n, k, p, q] = total + (0 if bias is None else bias[k])
    return oa


WRONG = [
    (overwrites, "values", "overwrite"),
    (textbook_convolution, "values", "180"),
    (never_looks_at_pad, "values", "pad"),
    (pads_at_the_end, "values", "pad rows above"),
    (steps_by_one, "values", "side by side"),
    (no_bias, "values", "nothing changes"),
    (bias_in_the_innermost_loop, "values", "Once is enough"),
    (one_picture_only, "values", "loop runs over n"),
    (by_einsum, "MACs", "Seven loops"),
    (every_product_twice, "MACs", "Seven loops"),
]
