"""The way back, lost."""

import numpy as np


def sizes(shape, r, s, stride, pad):
    return (shape[2] + 2 * pad - r) // stride + 1, (shape[3] + 2 * pad - s) // stride + 1


def assigns(cols, shape, r, s, stride=1, pad=0):
    N, C, H, W = shape
    P, Q = sizes(shape, r, s, stride, pad)
    big = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    i = 0
    for n in range(N):
        for p in range(P):
            for q in range(Q):
                big[n, :, p * stride : p * stride + r, q * stride : q * stride + s] = cols[i].reshape(C, r, s)
                i += 1
    return big[:, :, pad : H + pad, pad : W + pad]


def mean_of_visits(cols, shape, r, s, stride=1, pad=0):
    N, C, H, W = shape
    P, Q = sizes(shape, r, s, stride, pad)
    big = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    seen = np.zeros_like(big)
    for i, (n, p, q) in enumerate(np.ndindex(N, P, Q)):
        big[n, :, p * stride : p * stride + r, q * stride : q * stride + s] += cols[i].reshape(C, r, s)
        seen[n, :, p * stride : p * stride + r, q * stride : q * stride + s] += 1
    seen[seen == 0] = 1
    return (big / seen)[:, :, pad : H + pad, pad : W + pad]


def keeps_the_frame(cols, shape, r, s, stride=1, pad=0):
    N, C, H, W = shape
    P, Q = sizes(shape, r, s, stride, pad)
    big = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for i, (n, p, q) in enumerate(np.ndindex(N, P, Q)):
        big[n, :, p * stride : p * stride + r, q * stride : q * stride + s] += cols[i].reshape(C, r, s)
    return big


def cuts_the_corner(cols, shape, r, s, stride=1, pad=0):
    return keeps_the_frame(cols, shape, r, s, stride, pad)[:, :, : shape[2], : shape[3]]


def reads_rsc(cols, shape, r, s, stride=1, pad=0):
    N, C, H, W = shape
    P, Q = sizes(shape, r, s, stride, pad)
    big = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for i, (n, p, q) in enumerate(np.ndindex(N, P, Q)):
        window = cols[i].reshape(r, s, C)
        for c in range(C):
            big[n, c, p * stride : p * stride + r, q * stride : q * stride + s] += window[:, :, c]
    return big[:, :, pad : H + pad, pad : W + pad]


def forgets_stride(cols, shape, r, s, stride=1, pad=0):
    N, C, H, W = shape
    P, Q = sizes(shape, r, s, stride, pad)
    big = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for i, (n, p, q) in enumerate(np.ndindex(N, P, Q)):
        big[n, :, p : p + r, q : q + s] += cols[i].reshape(C, r, s)
    return big[:, :, pad : H + pad, pad : W + pad]


WRONG = [
    (assigns, "values", "add up"),
    (mean_of_visits, "values", "the sum"),
    (keeps_the_frame, "values", "frame of zeros"),
    (cuts_the_corner, "values", "the image has moved"),
    (reads_rsc, "values", "(c, r, s)"),
    (forgets_stride, "values", "p·stride"),
]
