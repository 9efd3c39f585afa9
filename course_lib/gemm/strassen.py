"""Seven products in place of eight: Strassen cuts both matrices in four and pays for the saved product with eighteen additions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..shapes import whole
from .arrays import fitted
from .library import gemm as library_gemm

SOURCE = "Strassen, Gaussian elimination is not optimal, Numerische Mathematik 1969"

LEAF = 64

Product = Callable[[np.ndarray, np.ndarray], np.ndarray]


def gemm(a: np.ndarray, b: np.ndarray, leaf: int = LEAF, product: Product = library_gemm) -> np.ndarray:
    """a[M,K] @ b[K,N] -> c[M,N], padded with zeros to size 2^d · leaf; at `leaf` the recursion hands over to `product`.

    Whole numbers are exact. In floating point the error is bounded by the largest entries of a and b, no longer entry by entry.
    """
    a, b, shape = fitted(a, b)
    n = padded_size(max(shape.M, shape.N, shape.K), leaf)
    if not shape.macs:
        return np.zeros(shape.c_shape, a.dtype)
    big_a, big_b = np.zeros((n, n), a.dtype), np.zeros((n, n), a.dtype)
    big_a[: shape.M, : shape.K], big_b[: shape.K, : shape.N] = a, b
    return square(big_a, big_b, leaf, product)[: shape.M, : shape.N].copy()


def square(a: np.ndarray, b: np.ndarray, leaf: int, product: Product) -> np.ndarray:
    """Strassen's seven products for a, b of size 2^d · leaf."""
    if len(a) <= leaf:
        return product(a, b)
    h = len(a) // 2
    a11, a12, a21, a22 = a[:h, :h], a[:h, h:], a[h:, :h], a[h:, h:]
    b11, b12, b21, b22 = b[:h, :h], b[:h, h:], b[h:, :h], b[h:, h:]
    m1 = square(a11 + a22, b11 + b22, leaf, product)
    m2 = square(a21 + a22, b11, leaf, product)
    m3 = square(a11, b12 - b22, leaf, product)
    m4 = square(a22, b21 - b11, leaf, product)
    m5 = square(a11 + a12, b22, leaf, product)
    m6 = square(a21 - a11, b11 + b12, leaf, product)
    m7 = square(a12 - a22, b21 + b22, leaf, product)
    c = np.empty_like(a)
    c[:h, :h], c[:h, h:] = m1 + m4 - m5 + m7, m3 + m5
    c[h:, :h], c[h:, h:] = m2 + m4, m1 - m2 + m3 + m6
    return c


def padded_size(n: int, leaf: int) -> int:
    """The smallest leaf · 2^d that holds n: what a matrix of order n is filled up to.

    >>> padded_size(100, leaf=16)
    128
    """
    n, size = whole("n", n, 0), whole("leaf", leaf, 1)
    while size < n:
        size *= 2
    return size


def multiplications(n: int, leaf: int) -> int:
    """Multiplications for order n = leaf · 2^d: 7^d · leaf³. Raises ValueError for another n.

    >>> multiplications(128, leaf=16), 128**3
    (1404928, 2097152)
    """
    n, leaf = whole("n", n, 1), whole("leaf", leaf, 1)
    levels = (n // leaf).bit_length() - 1
    if leaf << max(levels, 0) != n:
        raise ValueError(f"n: want leaf times a power of two, got n = {n} with leaf = {leaf}")
    return int(7**levels * leaf**3)


def additions(n: int, leaf: int) -> int:
    """Additions of whole quarters on the way down and up, 18 a level of order h = n/2, in elements; those inside the leaves not counted.

    >>> additions(128, leaf=64)
    73728
    """
    multiplications(n, leaf)  # the same words for a size that does not fit
    return 0 if n == leaf else 18 * (n // 2) ** 2 + 7 * additions(n // 2, leaf)
