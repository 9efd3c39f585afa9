"""Tiled products, wrong: in the values, or in what travels."""

import numpy as np


def divides_and_rounds_down(a, b, ti, tj, tk):
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((M, N), a.dtype)
    for i_t in range(M // ti):
        for j_t in range(N // tj):
            for k_t in range(K // tk):
                for i in range(ti):
                    for j in range(tj):
                        for k in range(tk):
                            c[i_t * ti + i, j_t * tj + j] += a[i_t * ti + i, k_t * tk + k] * b[k_t * tk + k, j_t * tj + j]
    return c


def rounds_k_down(a, b, ti, tj, tk):
    K = a.shape[1] // tk * tk
    return a[:, :K] @ b[:K]


def runs_over_the_edge(a, b, ti, tj, tk):
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((M, N), a.dtype)
    for i_t in range(0, M, ti):
        for j_t in range(0, N, tj):
            for k_t in range(0, K, tk):
                for i in range(i_t, i_t + ti):
                    for k in range(k_t, k_t + tk):
                        for j in range(j_t, j_t + tj):
                            c[i, j] += a[i, k] * b[k, j]
    return c


def a_tile_overwrites(a, b, ti, tj, tk):
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((M, N), a.dtype)
    for i_t in range(0, M, ti):
        for j_t in range(0, N, tj):
            for k_t in range(0, K, tk):
                c[i_t : i_t + ti, j_t : j_t + tj] = a[i_t : i_t + ti, k_t : k_t + tk] @ b[k_t : k_t + tk, j_t : j_t + tj]
    return c


def one_tile_of_k(a, b, ti, tj, tk):
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((M, N), a.dtype)
    for i_t in range(0, M, ti):
        for j_t in range(0, N, tj):
            for i in range(i_t, min(i_t + ti, M)):
                for k in range(min(tk, K)):
                    for j in range(j_t, min(j_t + tj, N)):
                        c[i, j] += a[i, k] * b[k, j]
    return c


def not_tiled(a, b, ti, tj, tk):
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((M, N), a.dtype)
    for i in range(M):
        for k in range(K):
            for j in range(N):
                c[i, j] += a[i, k] * b[k, j]
    return c


def split_and_not_reordered(a, b, ti, tj, tk):
    """Six loops, but each pair stays together: nothing has changed."""
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((M, N), a.dtype)
    for i_t in range(0, M, ti):
        for i in range(i_t, min(i_t + ti, M)):
            for k_t in range(0, K, tk):
                for k in range(k_t, min(k_t + tk, K)):
                    for j_t in range(0, N, tj):
                        for j in range(j_t, min(j_t + tj, N)):
                            c[i, j] += a[i, k] * b[k, j]
    return c


def every_product_by_the_library(a, b, ti, tj, tk):
    return a @ b


def done_twice_and_halved(a, b, ti, tj, tk):
    M, K = a.shape
    N = b.shape[1]
    c = np.zeros((M, N), a.dtype)
    for turn in range(2):
        for i in range(M):
            for k in range(K):
                for j in range(N):
                    c[i, j] += a[i, k] * b[k, j]
    return c / 2


WRONG = [
    (divides_and_rounds_down, "values", "steps of ti"),
    (rounds_k_down, "values", "over k"),
    (runs_over_the_edge, "values", "beyond the matrix"),
    (a_tile_overwrites, "values", "adds up all"),
    (one_tile_of_k, "values", "first tile along k"),
    (not_tiled, "elements moved", "three loops over tiles"),
    (split_and_not_reordered, "elements moved", "three loops over tiles"),
    (every_product_by_the_library, "MACs", "M·N·K"),
    (done_twice_and_halved, "MACs", "done twice"),
]
