"""Views that are not the right ones, or no views."""

import numpy as np


def flat(low):
    N, Q, H, S, C = low.shape
    return low.reshape(N * Q, H * S * C), H, S * C


def tiles(low, r, stride=1):
    rows, H, one = flat(low)
    return [rows[:, p * r * one : (p * r + r) * one] for p in range((H - r) // stride + 1)]


def stride_forgotten(low, r, stride=1):
    rows, H, one = flat(low)
    return [rows[:, p * one : (p + r) * one] for p in range((H - r) // stride + 1)]


def as_if_stride_1(low, r, stride=1):
    rows, H, one = flat(low)
    return [rows[:, p * one : (p + r) * one] for p in range(H - r + 1)]


def channels_forgotten(low, r, stride=1):
    rows, H, _ = flat(low)
    S = low.shape[3]
    return [rows[:, p * stride * S : (p * stride + r) * S] for p in range((H - r) // stride + 1)]


def last_forgotten(low, r, stride=1):
    rows, H, one = flat(low)
    return [rows[:, p * stride * one : (p * stride + r) * one] for p in range((H - r) // stride)]


def collected(low, r, stride=1):
    """Right numbers, put together strip by strip in new arrays."""
    N, Q, H, S, C = low.shape
    P = (H - r) // stride + 1
    return [np.stack([low[n, q, p * stride : p * stride + r].reshape(-1) for n in range(N) for q in range(Q)]) for p in range(P)]


def copied_to_be_safe(low, r, stride=1):
    rows, H, one = flat(low)
    return [rows[:, p * stride * one : (p * stride + r) * one].copy() for p in range((H - r) // stride + 1)]


WRONG = [
    (tiles, "values", "overlap"),
    (stride_forgotten, "values", "p·stride"),
    (as_if_stride_1, "values", "too many views"),
    (channels_forgotten, "values", "S·C numbers"),
    (last_forgotten, "values", "last view"),
    (collected, "bytes copied", "copies"),
    (copied_to_be_safe, "bytes copied", "copies"),
]
