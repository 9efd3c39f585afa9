"""Direct sparse convolution, wrong; and right at another cost."""

import numpy as np


def sizes(x, ptr, R, S):
    return len(ptr) - 1, x.shape[1] - R + 1, x.shape[2] - S + 1


def with_address(x, ptr, off, val, R, S, address):
    K, P, Q = sizes(x, ptr, R, S)
    line = x.reshape(-1)
    out = np.zeros((K, P, Q))
    for k in range(K):
        for j in range(ptr[k], ptr[k + 1]):
            for p in range(P):
                for q in range(Q):
                    at = off[j] + address(p, q, P, Q, x.shape[1], x.shape[2])
                    out[k, p, q] += val[j] * line[min(at, x.size - 1)]
    return out


def output_width(x, ptr, off, val, R, S):
    return with_address(x, ptr, off, val, R, S, lambda p, q, P, Q, H, W: p * Q + q)


def first_row(x, ptr, off, val, R, S):
    return with_address(x, ptr, off, val, R, S, lambda p, q, P, Q, H, W: q)


def first_column(x, ptr, off, val, R, S):
    return with_address(x, ptr, off, val, R, S, lambda p, q, P, Q, H, W: p * W)


def picture_height(x, ptr, off, val, R, S):
    return with_address(x, ptr, off, val, R, S, lambda p, q, P, Q, H, W: p * H + q)


def crossed(x, ptr, off, val, R, S):
    return with_address(x, ptr, off, val, R, S, lambda p, q, P, Q, H, W: p + q * W)


def forgets(x, ptr, off, val, R, S):
    K, P, Q = sizes(x, ptr, R, S)
    line = x.reshape(-1)
    out = np.zeros((K, P, Q))
    for k in range(K):
        for j in range(ptr[k], ptr[k + 1]):
            for p in range(P):
                for q in range(Q):
                    out[k, p, q] = val[j] * line[off[j] + p * x.shape[2] + q]
    return out


def pixel_by_pixel(x, ptr, off, val, R, S):
    K, P, Q = sizes(x, ptr, R, S)
    line = x.reshape(-1)
    out = np.zeros((K, P, Q))
    for k in range(K):
        for p in range(P):
            for q in range(Q):
                for j in range(ptr[k], ptr[k + 1]):
                    out[k, p, q] += val[j] * line[off[j] + p * x.shape[2] + q]
    return out


def lowers_after_all(x, ptr, off, val, R, S):
    K, P, Q = sizes(x, ptr, R, S)
    line = x.reshape(-1)
    out = np.zeros((K, P, Q))
    for k in range(K):
        cols = np.zeros((ptr[k + 1] - ptr[k], P, Q))
        for i, j in enumerate(range(ptr[k], ptr[k + 1])):
            for p in range(P):
                for q in range(Q):
                    cols[i, p, q] = line[off[j] + p * x.shape[2] + q]
        for i, j in enumerate(range(ptr[k], ptr[k + 1])):
            for p in range(P):
                for q in range(Q):
                    out[k, p, q] += val[j] * cols[i, p, q]
    return out


WRONG = [
    (output_width, "values", "not by Q"),
    (first_row, "values", "p is missing"),
    (first_column, "values", "q is missing"),
    (picture_height, "values", "you have taken H"),
    (crossed, "values", "a step in p is a row"),
    (forgets, "values", "+="),
    (pixel_by_pixel, "unit stride", "q run innermost"),
    (lowers_after_all, "workspace", "lowered matrix"),
]
