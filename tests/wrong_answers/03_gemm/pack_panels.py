"""Panels, wrong."""

import numpy as np


def reshaped(b, nr):
    K, N = b.shape
    full = np.zeros((K, -(-N // nr) * nr), b.dtype)
    full[:, :N] = b
    return full.reshape(-1, K, nr)


def rows_of_b(b, nr):
    K, N = b.shape
    panels = np.zeros((-(-K // nr), N, nr), b.dtype)
    for p in range(len(panels)):
        part = b[p * nr : (p + 1) * nr]
        panels[p, :, : len(part)] = part.T
    return panels


def columns_in_one_run(b, nr):
    K, N = b.shape
    panels = np.zeros((-(-N // nr), nr, K), b.dtype)
    for j in range(N):
        panels[j // nr, j % nr] = b[:, j]
    return panels


def last_panel_dropped(b, nr):
    K, N = b.shape
    panels = np.zeros((N // nr, K, nr), b.dtype)
    for p in range(N // nr):
        panels[p] = b[:, p * nr : (p + 1) * nr]
    return panels


def cut_and_not_moved(b, nr):
    K, N = b.shape
    full = np.zeros((K, -(-N // nr) * nr), b.dtype)
    full[:, :N] = b
    return full.reshape(K, -1, nr)


def clamped(b, nr):
    K, N = b.shape
    panels = np.zeros((-(-N // nr), K, nr), b.dtype)
    for p in range(len(panels)):
        for j in range(nr):
            panels[p, :, j] = b[:, min(p * nr + j, N - 1)]
    return panels


WRONG = [
    (reshaped, "values", "moves no number"),
    (rows_of_b, "values", "nr columns wide"),
    (columns_in_one_run, "values", "j running fastest"),
    (last_panel_dropped, "values", "Round up"),
    (cut_and_not_moved, "values", "All rows of panel 0"),
    (clamped, "values", "Zeros add nothing"),
]
