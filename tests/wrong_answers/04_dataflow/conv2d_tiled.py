"""The tiled nest, wrong; and right at another cost."""

import numpy as np


def nest(ia, w, stride, pad, body, tiles_c, tiles_k, c_s, k_s):
    """The loops of the slide; `body` does what is wrong."""
    K, C, R, S = w.shape
    P = (ia.shape[2] + 2 * pad - R) // stride + 1
    Q = (ia.shape[3] + 2 * pad - S) // stride + 1
    big = np.pad(ia, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    oa = np.zeros((len(ia), K, P, Q))
    for n in range(len(ia)):
        for r in range(R):
            for s in range(S):
                for ct in range(tiles_c):
                    for kt in range(tiles_k):
                        for ci in range(c_s):
                            for ki in range(k_s):
                                body(big, oa, n, r, s, ct, kt, ci, ki)
    return oa


def up(a, b):
    return (a + b - 1) // b


def add(big, oa, w, stride, n, k, c, r, s):
    curr = w[k, c, r, s]
    for p in range(oa.shape[2]):
        for q in range(oa.shape[3]):
            oa[n, k, p, q] += big[n, c, p * stride + r, q * stride + s] * curr


def rounds_down(ia, w, stride=1, pad=0, c_s=16, k_s=64):
    def body(big, oa, n, r, s, ct, kt, ci, ki):
        add(big, oa, w, stride, n, kt * k_s + ki, ct * c_s + ci, r, s)

    return nest(ia, w, stride, pad, body, w.shape[1] // c_s, w.shape[0] // k_s, c_s, k_s)


def guards_nothing(ia, w, stride=1, pad=0, c_s=16, k_s=64):
    def body(big, oa, n, r, s, ct, kt, ci, ki):
        add(big, oa, w, stride, n, kt * k_s + ki, ct * c_s + ci, r, s)

    return nest(ia, w, stride, pad, body, up(w.shape[1], c_s), up(w.shape[0], k_s), c_s, k_s)


def guards_channels_only(ia, w, stride=1, pad=0, c_s=16, k_s=64):
    def body(big, oa, n, r, s, ct, kt, ci, ki):
        if ct * c_s + ci < w.shape[1]:
            add(big, oa, w, stride, n, kt * k_s + ki, ct * c_s + ci, r, s)

    return nest(ia, w, stride, pad, body, up(w.shape[1], c_s), up(w.shape[0], k_s), c_s, k_s)


def clips(ia, w, stride=1, pad=0, c_s=16, k_s=64):
    def body(big, oa, n, r, s, ct, kt, ci, ki):
        add(big, oa, w, stride, n, min(kt * k_s + ki, len(w) - 1), min(ct * c_s + ci, w.shape[1] - 1), r, s)

    return nest(ia, w, stride, pad, body, up(w.shape[1], c_s), up(w.shape[0], k_s), c_s, k_s)


def adds_the_tile_number(ia, w, stride=1, pad=0, c_s=16, k_s=64):
    def body(big, oa, n, r, s, ct, kt, ci, ki):
        if ct + ci < w.shape[1] and kt + ki < w.shape[0]:
            add(big, oa, w, stride, n, kt + ki, ct + ci, r, s)

    return nest(ia, w, stride, pad, body, up(w.shape[1], c_s), up(w.shape[0], k_s), c_s, k_s)


def row_minus_one(ia, w, stride=1, pad=0, c_s=16, k_s=64):
    K, C, R, S = w.shape
    H, W = ia.shape[2:]
    P, Q = (H + 2 * pad - R) // stride + 1, (W + 2 * pad - S) // stride + 1
    oa = np.zeros((len(ia), K, P, Q))
    for n in range(len(ia)):
        for k in range(K):
            for c in range(C):
                for r in range(R):
                    for s in range(S):
                        for p in range(P):
                            for q in range(Q):
                                h, v = p * stride - pad + r, q * stride - pad + s
                                if h < H and v < W:
                                    oa[n, k, p, q] += ia[n, c, h, v] * w[k, c, r, s]
    return oa


def never_pads(ia, w, stride=1, pad=0, c_s=16, k_s=64):
    K, C, R, S = w.shape
    P, Q = (ia.shape[2] - R) // stride + 1, (ia.shape[3] - S) // stride + 1
    oa = np.zeros((len(ia), K, P, Q))
    for n, k, c, r, s, p, q in np.ndindex(len(ia), K, C, R, S, P, Q):
        oa[n, k, p, q] += ia[n, c, p * stride + r, q * stride + s] * w[k, c, r, s]
    return oa


def weight_in_the_innermost_loop(ia, w, stride=1, pad=0, c_s=16, k_s=64):
    K, C, R, S = w.shape
    P, Q = (ia.shape[2] + 2 * pad - R) // stride + 1, (ia.shape[3] + 2 * pad - S) // stride + 1
    big = np.pad(ia, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    oa = np.zeros((len(ia), K, P, Q))
    for n, r, s, c, k in np.ndindex(len(ia), R, S, C, K):
        for p in range(P):
            for q in range(Q):
                oa[n, k, p, q] += big[n, c, p * stride + r, q * stride + s] * w[k, c, r, s]
    return oa


def zeros_for_the_ragged_part(ia, w, stride=1, pad=0, c_s=16, k_s=64):
    K, C, R, S = w.shape
    more = np.zeros((K, up(C, c_s) * c_s, R, S))
    more[:, :C] = w
    wide = np.zeros((len(ia), up(C, c_s) * c_s, ia.shape[2] + 2 * pad, ia.shape[3] + 2 * pad))
    wide[:, :C, pad : pad + ia.shape[2], pad : pad + ia.shape[3]] = ia
    P, Q = (ia.shape[2] + 2 * pad - R) // stride + 1, (ia.shape[3] + 2 * pad - S) // stride + 1
    oa = np.zeros((len(ia), K, P, Q))
    for n, r, s, c, k in np.ndindex(len(ia), R, S, up(C, c_s) * c_s, K):
        held = more[k, c, r, s]
        for p in range(P):
            for q in range(Q):
                oa[n, k, p, q] += wide[n, c, p * stride + r, q * stride + s] * held
    return oa


WRONG = [
    (rounds_down, "values", "rounded down"),
    (guards_nothing, "values", "beyond C and K"),
    (guards_channels_only, "values", "beyond K"),
    (clips, "values", "used again"),
    (adds_the_tile_number, "values", "begins at channel"),
    (row_minus_one, "values", "below 0"),
    (never_pads, "values", "change with pad"),
    (weight_in_the_innermost_loop, "loads of W", "curr_w"),
    (zeros_for_the_ragged_part, "MACs", "beyond C and K"),
]
