"""Convolutions by one product, wrong."""

import numpy as np


def cols_of(x, r, s, stride, pad, order=(0, 2, 3, 1, 4, 5)):
    big = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    view = np.lib.stride_tricks.sliding_window_view(big, (r, s), axis=(2, 3))[:, :, ::stride, ::stride]
    P, Q = view.shape[2:4]
    return view.transpose(order).reshape(len(x) * P * Q, -1), P, Q


def plus(product, bias):
    return product if bias is None else product + bias


def straight_reshape(x, w, bias=None, stride=1, pad=0):
    cols, P, Q = cols_of(x, w.shape[2], w.shape[3], stride, pad)
    out = plus(cols @ w.reshape(len(w), -1).T, bias)
    return out.reshape(len(x), len(w), P, Q)


def one_image_in_mind(x, w, bias=None, stride=1, pad=0):
    cols, P, Q = cols_of(x, w.shape[2], w.shape[3], stride, pad)
    out = plus(cols @ w.reshape(len(w), -1).T, bias)
    return out.T.reshape(len(x), len(w), P, Q)


def left_in_nhwc(x, w, bias=None, stride=1, pad=0):
    cols, P, Q = cols_of(x, w.shape[2], w.shape[3], stride, pad)
    return plus(cols @ w.reshape(len(w), -1).T, bias).reshape(len(x), P, Q, len(w))


def rows_in_rsc(x, w, bias=None, stride=1, pad=0):
    cols, P, Q = cols_of(x, w.shape[2], w.shape[3], stride, pad, (0, 2, 3, 4, 5, 1))
    out = plus(cols @ w.reshape(len(w), -1).T, bias)
    return out.reshape(len(x), P, Q, len(w)).transpose(0, 3, 1, 2)


def filters_in_rsc(x, w, bias=None, stride=1, pad=0):
    cols, P, Q = cols_of(x, w.shape[2], w.shape[3], stride, pad)
    matrix = w.transpose(2, 3, 1, 0).reshape(-1, len(w))
    return plus(cols @ matrix, bias).reshape(len(x), P, Q, len(w)).transpose(0, 3, 1, 2)


def filters_reshaped(x, w, bias=None, stride=1, pad=0):
    cols, P, Q = cols_of(x, w.shape[2], w.shape[3], stride, pad)
    out = plus(cols @ w.reshape(-1, len(w)), bias)
    return np.moveaxis(out.reshape(len(x), P, Q, len(w)), -1, 1)


def without_bias(x, w, bias=None, stride=1, pad=0):
    cols, P, Q = cols_of(x, w.shape[2], w.shape[3], stride, pad)
    return np.moveaxis((cols @ w.reshape(len(w), -1).T).reshape(len(x), P, Q, len(w)), -1, 1)


def stride_not_handed_on(x, w, bias=None, stride=1, pad=0):
    cols, P, Q = cols_of(x, w.shape[2], w.shape[3], 1, pad)
    return np.moveaxis(plus(cols @ w.reshape(len(w), -1).T, bias).reshape(len(x), P, Q, len(w)), -1, 1)


WRONG = [
    (straight_reshape, "values", "K runs fastest"),
    (one_image_in_mind, "values", "(K, N, P, Q)"),
    (left_in_nhwc, "values", "NHWC"),
    (rows_in_rsc, "values", "(r, s, c) order meet"),
    (filters_in_rsc, "values", "meet filters in (r, s, c)"),
    (filters_reshaped, "values", "really filter k"),
    (without_bias, "values", "nothing changes"),
    (stride_not_handed_on, "values", "handed on"),
]
