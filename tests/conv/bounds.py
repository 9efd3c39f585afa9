"""How far each algorithm may be from the float64 witness: an elementwise bound, argued for, for every algorithm.

Algorithms that sum the products of a window in some order: `oracle.rounding`.

Winograd: an output is a sum of products of four matrices and the data, y = AT [ (G g GT) · (BT d B) ] A summed over c. Every way from a
number to an output passes at most n roundings: one for each entry of a matrix (the six matrices are rounded to float32: 6), one for
each product and each sum in six short sums (2·size each) and in the sum over c (C + 1). By Higham's lemma 3.1 the error is at most
gamma_n times the same expression with absolute values everywhere; the matrices are exact fractions here, taken from the generator.

FFT: |computed - exact| in the transform of n numbers is at most eta·log2(n) of the norm (Higham, 2nd ed., section 24.1), eta about
gamma_4 plus the error of the twiddles. Three transforms and a product: 3·log2(n)·8·u + gamma of the sum over c, times the product of
the norms of a tile and a filter, summed over c.
"""

from fractions import Fraction

import numpy as np

from course_lib.conv import fft, winograd

from .oracle import rounding

FRACTIONS = ("winograd", "fft")  # they compute in fractions or waves: no bound by the window's own products


def bound(name, ia, wt, shape, unit=2.0**-24, m=None):
    if name == "winograd":
        return winograd_bound(ia, wt, shape, unit, m)
    return fft_bound(ia, wt, shape, unit) if name == "fft" else rounding(ia, wt, shape, unit)


def absolute(matrix):
    return np.array([[float(abs(Fraction(x))) for x in row] for row in matrix])


def patches(ia, shape, m, n):
    """d[N, C, down, across, n_h, n_w] of the zero-padded input, by plain slicing."""
    down, across = -(-shape.P // m[0]), -(-shape.Q // m[1])
    (top, _), (left, _) = shape.pads
    wide = np.zeros((shape.N, shape.C, down * m[0] + n[0], across * m[1] + n[1]))
    high_end, wide_end = min(shape.H, wide.shape[2] - top), min(shape.W, wide.shape[3] - left)
    wide[:, :, top : top + high_end, left : left + wide_end] = np.abs(ia[:, :, :high_end, :wide_end])
    rows = [[wide[:, :, i * m[0] : i * m[0] + n[0], j * m[1] : j * m[1] + n[1]] for j in range(across)] for i in range(down)]
    return np.array(rows).reshape(down, across, shape.N, shape.C, *n).transpose(2, 3, 0, 1, 4, 5)


def grouped(shape, weights, data, spread):
    """Sum over the channels of each group: weights[K, C/groups, ...] with data[N, C, down, across, ...], by `spread`'s einsum."""
    K_g, C_g = shape.K // shape.groups, shape.C // shape.groups
    parts = [
        np.einsum(spread, weights[g * K_g : (g + 1) * K_g], data[:, g * C_g : (g + 1) * C_g], optimize=True) for g in range(shape.groups)
    ]
    return np.concatenate(parts, axis=1)


def winograd_bound(ia, wt, shape, unit, m):
    (m_h, m_w), R, S = winograd.tile(shape, m), shape.R, shape.S
    n_h, n_w = m_h + R - 1, m_w + S - 1
    (A_h, G_h, B_h), (A_w, G_w, B_w) = (tuple(map(absolute, winograd.winograd_matrices(*size))) for size in ((m_h, R), (m_w, S)))
    U = np.einsum("ir,kcrs,js->kcij", G_h, np.abs(wt.astype(np.float64)), G_w)
    V = np.einsum("ia,ncdxab,jb->ncdxij", B_h, patches(ia.astype(np.float64), shape, (m_h, m_w), (n_h, n_w)), B_w)
    M = grouped(shape, U, V, "kcij,ncdxij->nkdxij")
    y = np.einsum("ai,nkdxij,bj->nkdaxb", A_h, M, A_w)
    y = y.reshape(shape.N, shape.K, y.shape[2] * m_h, y.shape[4] * m_w)[:, :, : shape.P, : shape.Q]
    count = 6 + 2 * (R + S + 2 * n_h + 2 * n_w) + shape.C // shape.groups + 1
    return count * unit / (1 - count * unit) * y + 1e-40


def fft_bound(ia, wt, shape, unit):
    tiles = fft.tiles_for(shape)
    d = patches(ia.astype(np.float64), shape, tiles.m, tiles.n)
    sizes, filters = np.sqrt((d**2).sum((4, 5))), np.sqrt((wt.astype(np.float64) ** 2).sum((2, 3)))
    norms = grouped(shape, filters, sizes, "kc,ncdx->nkdx")
    y = np.repeat(np.repeat(norms, tiles.m[0], 2), tiles.m[1], 3)[:, :, : shape.P, : shape.Q]
    count = 3 * 8 * np.log2(tiles.area) + shape.C // shape.groups + 2
    return count * unit / (1 - count * unit) * y + 1e-40
