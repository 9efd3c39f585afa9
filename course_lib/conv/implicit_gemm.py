"""Implicit GEMM: the product of im2col, but a tile of `cols` is fetched when it is needed and forgotten after: address = off_k + off_j."""

from __future__ import annotations

import numpy as np

from ..shapes import ConvShape
from .arrays import fitted
from .work import Move, Product, Work

SOURCE = "Chetlur et al., cuDNN: Efficient Primitives for Deep Learning, 2014, section 3"

DEEP, WIDE = 128, 256  # rows and columns of a tile of cols


def offsets(shape: ConvShape) -> tuple[np.ndarray, np.ndarray]:
    """(off_k[C/groups·R·S], off_j[P·Q]): cols[k, j] is element off_k[k] + off_j[j] of a group's padded channels, flattened.

    >>> off_k, off_j = offsets(ConvShape(N=1, C=1, H=3, W=3, K=1, R=2, S=2))
    >>> off_k.tolist(), off_j.tolist()
    ([0, 1, 3, 4], [0, 1, 3, 4])
    """
    high, wide = padded_size(shape)
    c, r, s = np.ogrid[: shape.C // shape.groups, : shape.R, : shape.S]
    p, q = np.ogrid[: shape.P, : shape.Q]
    off_k = (c * high + r * shape.dilations[0]) * wide + s * shape.dilations[1]
    off_j = p * shape.strides[0] * wide + q * shape.strides[1]
    return off_k.reshape(-1), off_j.reshape(-1)


def padded_size(shape: ConvShape) -> tuple[int, int]:
    return shape.H + sum(shape.pads[0]), shape.W + sum(shape.pads[1])


def conv2d(ia: np.ndarray, wt: np.ndarray, shape: ConvShape) -> np.ndarray:
    """ia[N,C,H,W] * wt[K,C/groups,R,S] -> oa[N,K,P,Q], 128 x 256 elements of the lowered matrix at a time.

    A padded layer is padded a group of channels at a time, so that no address leaves its array.
    """
    ia, wt, result = fitted(ia, wt, shape)
    N, K, P, Q = shape.oa_shape
    K_g, C_g = K // shape.groups, shape.C // shape.groups
    high, wide = padded_size(shape)
    off_k, off_j = offsets(shape)
    deep, broad = min(DEEP, off_k.size), min(WIDE, off_j.size)
    addresses, tile, part = np.empty((deep, broad), np.intp), np.empty((deep, broad), ia.dtype), np.empty((K_g, broad), ia.dtype)
    (top, _), (left, _) = shape.pads
    padded = np.zeros((C_g, high, wide), ia.dtype)
    oa = np.zeros((N, shape.groups, K_g, P * Q), ia.dtype)
    a = wt.reshape(shape.groups, K_g, -1)
    for n in range(N):
        for g in range(shape.groups):
            padded[:, top : top + shape.H, left : left + shape.W] = ia[n, g * C_g : (g + 1) * C_g]
            for j in range(0, off_j.size, broad):
                for k in range(0, off_k.size, deep):
                    rows, columns = off_k[k : k + deep, None], off_j[None, j : j + broad]
                    there = addresses.reshape(-1)[: rows.size * columns.size].reshape(rows.size, columns.size)
                    here = tile.reshape(-1)[: there.size].reshape(there.shape)
                    out = part.reshape(-1)[: K_g * columns.size].reshape(K_g, columns.size)
                    np.add(rows, columns, out=there)
                    np.take(padded, there, out=here, mode="clip")  # "clip" fetches straight into `here`; nothing needs clipping
                    np.matmul(a[g, :, k : k + deep], here, out=out)
                    to = oa[n, g, :, j : j + broad]
                    to += out
    return oa.reshape(N, K, P, Q).astype(result, copy=False)


def workspace(shape: ConvShape) -> int:
    """Bytes beside ia, wt and oa, for float32: the padded channels of a group, the two lists of offsets, one tile and its product."""
    C_g, K_g = shape.C // shape.groups, shape.K // shape.groups
    high, wide = padded_size(shape)
    rows, columns = C_g * shape.R * shape.S, shape.P * shape.Q
    deep, broad = min(DEEP, rows), min(WIDE, columns)
    return 4 * C_g * high * wide + 8 * (rows + columns) + deep * broad * (8 + 4) + 4 * K_g * broad


def cannot(shape: ConvShape) -> str | None:
    """Why it cannot compute this layer, in words; None: it can compute every layer."""
    return None


def work(shape: ConvShape) -> Work:
    """A product a tile; every element of cols is fetched through an address, and oa is added to once a tile of rows."""
    K_g, rows, columns = shape.K // shape.groups, shape.C // shape.groups * shape.R * shape.S, shape.P * shape.Q
    deep, broad, times = min(DEEP, rows), min(WIDE, columns), shape.N * shape.groups
    tiles = -(-rows // deep) * -(-columns // broad)
    high, wide = padded_size(shape)
    return (
        Move("copy", times, times * shape.C // shape.groups * high * wide, shape.W),
        Move("gather", times * tiles, times * rows * columns, 1),
        *ragged(times, K_g, columns, rows, broad, deep),
        Move("add", times * tiles, times * -(-rows // deep) * K_g * columns, broad),
    )


def ragged(times: int, M: int, N: int, K: int, broad: int, deep: int) -> Work:
    """The products of the tiles, the narrow and the shallow ones at the edges apart."""
    wide = [(N // broad, broad), (1, N % broad)]
    tall = [(K // deep, deep), (1, K % deep)]
    return tuple(Product(times * i * j, M, n, k) for i, n in wide for j, k in tall if i * j * n * k)
