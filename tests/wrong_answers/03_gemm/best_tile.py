"""Tile sizes, wrong."""

import math


def bytes_as_numbers(M, N, K, cache_bytes):
    t = int(math.sqrt(cache_bytes / 3))
    return min(t, M), min(t, N), min(t, K)


def as_for_doubles(M, N, K, cache_bytes):
    t = int(math.sqrt(cache_bytes / 24))
    return min(t, M), min(t, N), min(t, K)


def one_tile(M, N, K, cache_bytes):
    t = int(math.sqrt(cache_bytes / 4))
    return min(t, M), min(t, N), min(t, K)


def a_and_b_only(M, N, K, cache_bytes):
    t = int(math.sqrt(cache_bytes / 8))
    return min(t, M), min(t, N), min(t, K)


def always_t(M, N, K, cache_bytes):
    t = int(math.sqrt(cache_bytes / 12))
    return t, t, t


def no_root(M, N, K, cache_bytes):
    t = cache_bytes // 12
    return min(t, M), min(t, N), min(t, K)


def in_the_order_of_the_loops(M, N, K, cache_bytes):
    t = int(math.sqrt(cache_bytes / 12))
    return min(t, M), min(t, K), min(t, N)


WRONG = [
    (bytes_as_numbers, "values", "takes 4 of them"),
    (as_for_doubles, "values", "8 bytes"),
    (one_tile, "values", "at the same time"),
    (a_and_b_only, "values", "innermost statement"),
    (always_t, "values", "beyond the matrix"),
    (no_root, "values", "its side"),
    (in_the_order_of_the_loops, "values", "(ti, tj, tk)"),
]
