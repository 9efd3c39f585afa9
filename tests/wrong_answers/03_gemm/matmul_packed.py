"""Products out of panels, wrong."""

import numpy as np


def filling_kept(a, panels, N):
    return np.concatenate([a @ panel for panel in panels], axis=1)


def first_panel_only(a, panels, N):
    c = np.zeros((len(a), N), a.dtype)
    wide = min(panels.shape[2], N)
    c[:, :wide] = (a @ panels[0])[:, :wide]
    return c


def all_to_the_left(a, panels, N):
    M, K = a.shape
    nr = panels.shape[2]
    c = np.zeros((M, max(N, nr)), a.dtype)
    for p in range(len(panels)):
        for i in range(M):
            for k in range(K):
                for j in range(nr):
                    c[i, j] += a[i, k] * panels[p, k, j]
    return c[:, :N]


def whole_panels_only(a, panels, N):
    nr = panels.shape[2]
    c = np.zeros((len(a), N), a.dtype)
    for p in range(N // nr):
        c[:, p * nr : (p + 1) * nr] = a @ panels[p]
    return c


def sums_made_once(a, panels, N):
    M, K = a.shape
    nr = panels.shape[2]
    c = np.zeros((M, N), a.dtype)
    for p in range(len(panels)):
        sums = [0] * nr
        for i in range(M):
            for k in range(K):
                for j in range(nr):
                    sums[j] += a[i, k] * panels[p, k, j]
            for j in range(min(nr, N - p * nr)):
                c[i, p * nr + j] = sums[j]
    return c


def j_outside_k(a, panels, N):
    M, K = a.shape
    nr = panels.shape[2]
    c = np.zeros((M, N), a.dtype)
    for p in range(len(panels)):
        for i in range(M):
            for j in range(min(nr, N - p * nr)):
                total = 0
                for k in range(K):
                    total += a[i, k] * panels[p, k, j]
                c[i, p * nr + j] = total
    return c


def sums_in_c(a, panels, N):
    M, K = a.shape
    nr = panels.shape[2]
    c = np.zeros((M, N), a.dtype)
    for p in range(len(panels)):
        for i in range(M):
            for k in range(K):
                for j in range(nr):
                    one = panels[p, k, j]
                    if p * nr + j < N:
                        c[i, p * nr + j] += a[i, k] * one
    return c


WRONG = [
    (filling_kept, "values", "filling"),
    (first_panel_only, "values", "first panel"),
    (all_to_the_left, "values", "p·nr"),
    (whole_panels_only, "values", "not full"),
    (sums_made_once, "values", "start from 0 again"),
    (j_outside_k, "jumps in the panels", "k is outside and j inside"),
    (sums_in_c, "stores to c", "nr sums"),
]
