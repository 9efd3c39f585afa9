"""Strassen's product, wrong in a sign, a place, a size, or in how many products it makes."""

import numpy as np


def times(a, b):
    try:
        return a @ b
    except TypeError:
        c = np.zeros((a.shape[0], b.shape[1]), a.dtype)
        for i in range(a.shape[0]):
            for j in range(b.shape[1]):
                for k in range(a.shape[1]):
                    c[i, j] += a[i, k] * b[k, j]
        return c


def up(n):
    p = 1
    while p < n:
        p *= 2
    return p


def big(a, n):
    out = np.zeros((n, n), a.dtype)
    out[: a.shape[0], : a.shape[1]] = a
    return out


def cut(a):
    h = len(a) // 2
    return a[:h, :h], a[:h, h:], a[h:, :h], a[h:, h:]


def join(c11, c12, c21, c22):
    h = len(c11)
    c = np.zeros((2 * h, 2 * h), c11.dtype)
    c[:h, :h], c[:h, h:], c[h:, :h], c[h:, h:] = c11, c12, c21, c22
    return c


def products(a, b, again):
    a11, a12, a21, a22 = cut(a)
    b11, b12, b21, b22 = cut(b)
    return (
        again(a11 + a22, b11 + b22),
        again(a21 + a22, b11),
        again(a11, b12 - b22),
        again(a22, b21 - b11),
        again(a11 + a12, b22),
        again(a21 - a11, b11 + b12),
        again(a12 - a22, b21 + b22),
    )


def whole(a, b, step):
    n = up(max(a.shape + b.shape))
    return step(big(a, n), big(b, n))[: a.shape[0], : b.shape[1]]


def not_cut_back(a, b, leaf=1):
    def step(a, b):
        if len(a) <= leaf:
            return times(a, b)
        m1, m2, m3, m4, m5, m6, m7 = products(a, b, step)
        return join(m1 + m4 - m5 + m7, m3 + m5, m2 + m4, m1 - m2 + m3 + m6)

    n = up(max(a.shape + b.shape))
    return step(big(a, n), big(b, n))


def corners_exchanged(a, b, leaf=1):
    def step(a, b):
        if len(a) <= leaf:
            return times(a, b)
        m1, m2, m3, m4, m5, m6, m7 = products(a, b, step)
        return join(m1 + m4 - m5 + m7, m2 + m4, m3 + m5, m1 - m2 + m3 + m6)

    return whole(a, b, step)


def plus_m5_minus_m7(a, b, leaf=1):
    def step(a, b):
        if len(a) <= leaf:
            return times(a, b)
        m1, m2, m3, m4, m5, m6, m7 = products(a, b, step)
        return join(m1 + m4 + m5 - m7, m3 + m5, m2 + m4, m1 - m2 + m3 + m6)

    return whole(a, b, step)


def plus_m2_minus_m3(a, b, leaf=1):
    def step(a, b):
        if len(a) <= leaf:
            return times(a, b)
        m1, m2, m3, m4, m5, m6, m7 = products(a, b, step)
        return join(m1 + m4 - m5 + m7, m3 + m5, m2 + m4, m1 + m2 - m3 + m6)

    return whole(a, b, step)


def six_is_seven(a, b, leaf=1):
    def step(a, b):
        if len(a) <= leaf:
            return times(a, b)
        m1, m2, m3, m4, m5, m7, m6 = products(a, b, step)
        return join(m1 + m4 - m5 + m7, m3 + m5, m2 + m4, m1 - m2 + m3 + m6)

    return whole(a, b, step)


def eight_products(a, b, leaf=1):
    def step(a, b):
        if len(a) <= leaf:
            return times(a, b)
        (a11, a12, a21, a22), (b11, b12, b21, b22) = cut(a), cut(b)
        return join(
            step(a11, b11) + step(a12, b21),
            step(a11, b12) + step(a12, b22),
            step(a21, b11) + step(a22, b21),
            step(a21, b12) + step(a22, b22),
        )

    return whole(a, b, step)


def one_level_only(a, b, leaf=1):
    def step(a, b):
        if len(a) <= leaf:
            return times(a, b)
        m1, m2, m3, m4, m5, m6, m7 = products(a, b, times)
        return join(m1 + m4 - m5 + m7, m3 + m5, m2 + m4, m1 - m2 + m3 + m6)

    return whole(a, b, step)


def leaf_ignored(a, b, leaf=1):
    def step(a, b):
        if len(a) == 1:
            return times(a, b)
        m1, m2, m3, m4, m5, m6, m7 = products(a, b, step)
        return join(m1 + m4 - m5 + m7, m3 + m5, m2 + m4, m1 - m2 + m3 + m6)

    return whole(a, b, step)


def the_library(a, b, leaf=1):
    return a @ b


WRONG = [
    (not_cut_back, "values", "padded size"),
    (corners_exchanged, "values", "changed places"),
    (plus_m5_minus_m7, "values", "upper left quarter"),
    (plus_m2_minus_m3, "values", "lower right quarter"),
    (six_is_seven, "values", "m6 and m7"),
    (eight_products, "multiplications", "seven products"),
    (one_level_only, "multiplications", "strassen again"),
    (leaf_ignored, "multiplications", "stop at leaf"),
    (the_library, "multiplications", "seven products"),
]
