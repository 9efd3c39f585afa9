"""Winograd: an m x m patch of outputs from (m+r-1)² multiplications instead of m²r², for additions before and after."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache

import numpy as np

from ..kernels.cook_toom import Matrix, cook_toom
from ..shapes import ConvShape, whole
from .arrays import fitted, through_float64
from .refuse import refuse
from .tiles import Tiles, tiles_of
from .work import Move, Product, Work

SOURCE = "Lavin & Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016, section 4"

# Small numbers first, then halves: pairs x, -x and x, 1/x keep the entries of the matrices near 1.
POINTS = tuple(Fraction(x) for x in ("0", "1", "-1", "2", "-2", "1/2", "-1/2", "4", "-4", "1/4", "-1/4"))

MOST = 10  # taps and outputs of a tile's side: beyond it float32 keeps no digit


def winograd_matrices(m: int, r: int, points: Sequence[Fraction | int] | None = None) -> tuple[Matrix, Matrix, Matrix]:
    """(AT[m, m+r-1], G[m+r-1, r], BT[m+r-1, m+r-1]) of F(m, r), exact: y = AT ((G g) · (BT d)).

    `points` are m+r-2 different fractions, by default the first of 0, 1, -1, 2, -2, 1/2, -1/2, 4, ... Raises ValueError where m or r
    is below 1, where they need more points than there are, and for points that repeat.

    >>> AT, G, BT = winograd_matrices(2, 3)
    >>> [[int(x) for x in row] for row in AT]
    [[1, 1, 1, 0], [0, 1, -1, 1]]
    """
    m, r = whole("m", m, 1), whole("r", r, 1)
    if points is None and m + r - 2 > len(POINTS):
        raise ValueError(f"m, r: F({m},{r}) needs {m + r - 2} points, the list has {len(POINTS)}; name your own with points=")
    return cook_toom(m, r, POINTS[: m + r - 2] if points is None else points)


@cache
def arrays(m: int, r: int, dtype: str = "float32") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The three matrices as arrays, each entry rounded once."""
    AT, G, BT = (np.array([[float(x) for x in row] for row in matrix], dtype) for matrix in winograd_matrices(m, r))
    return AT, G, BT


def winograd_1d(d: np.ndarray, g: np.ndarray) -> np.ndarray:
    """d[m+r-1] filtered with g[r] -> y[m]: m + r - 1 multiplications of data by weights instead of m · r.

    >>> winograd_1d(np.array([1.0, 2, 3, 4]), np.array([1.0, 10, 100]))
    array([321., 432.])
    """
    d, g = np.asarray(d, np.float64), np.asarray(g, np.float64)
    if d.ndim != 1 or g.ndim != 1 or not 1 <= g.size <= d.size:
        raise ValueError(f"d, g: want one axis each, and at least as many data as taps, got {d.shape} and {g.shape}")
    AT, G, BT = arrays(d.size - g.size + 1, g.size, "float64")
    return AT @ ((G @ g) * (BT @ d))


def kernel_transform(wt: np.ndarray, m: int | tuple[int, int]) -> np.ndarray:
    """wt[K,C,R,S] -> U[n_h, n_w, K, C] = G g GT, n = m + r - 1: once a layer."""
    (m_h, m_w), (K, C, R, S) = both(m), wt.shape
    G_h, G_w = arrays(m_h, R, wt.dtype.name)[1], arrays(m_w, S, wt.dtype.name)[1]
    g = np.ascontiguousarray(wt.transpose(2, 3, 0, 1)).reshape(R, S * K * C)
    down = (G_h @ g).reshape(len(G_h), S, K * C)
    del g
    return np.matmul(G_w, down).reshape(len(G_h), len(G_w), K, C)


def input_transform(d: np.ndarray, r: int | tuple[int, int], out: np.ndarray | None = None, room: np.ndarray | None = None) -> np.ndarray:
    """d[n_h, n_w, ...] -> V = BT d B of the same shape; r is the filter's size. `out` and `room` may be given, d.size elements each."""
    (r_h, r_w), (n_h, n_w) = both(r), d.shape[:2]
    BT_h, BT_w = arrays(n_h - r_h + 1, r_h, d.dtype.name)[2], arrays(n_w - r_w + 1, r_w, d.dtype.name)[2]
    return sandwich(BT_h, BT_w, d, out, room)


def output_transform(M: np.ndarray, r: int | tuple[int, int], out: np.ndarray | None = None, room: np.ndarray | None = None) -> np.ndarray:
    """M[n_h, n_w, ...] -> y[m_h, m_w, ...] = AT M A, m = n - r + 1."""
    (r_h, r_w), (n_h, n_w) = both(r), M.shape[:2]
    AT_h, AT_w = arrays(n_h - r_h + 1, r_h, M.dtype.name)[0], arrays(n_w - r_w + 1, r_w, M.dtype.name)[0]
    return sandwich(AT_h, AT_w, M, out, room)


def sandwich(left: np.ndarray, right: np.ndarray, x: np.ndarray, out: np.ndarray | None, room: np.ndarray | None) -> np.ndarray:
    """left · x · rightT over the first two axes of x: two matrix products, the second a row at a time."""
    (a, n_h), (b, n_w), rest = left.shape, right.shape, x[0, 0].size
    room = np.empty(a * n_w * rest, x.dtype) if room is None else room[: a * n_w * rest]
    out = np.empty(a * b * rest, x.dtype) if out is None else out[: a * b * rest]
    down = np.matmul(left, x.reshape(n_h, n_w * rest), out=room.reshape(a, n_w * rest)).reshape(a, n_w, rest)
    return np.matmul(right, down, out=out.reshape(a, b, rest)).reshape(a, b, *x.shape[2:])


def tile_stages(m: int = 2, r: int = 3, seed: int = 0, d: np.ndarray | None = None, g: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Every stage of F(m x m, r x r) on one tile, by name: d, g, BT d, V, U, M, y, for the picture and for working along on paper.

    d[m+r-1, m+r-1] and g[r, r] are small whole numbers where they are not given.

    >>> stages = tile_stages(2, 3)
    >>> stages["M"].size, stages["y"].shape
    (16, (2, 2))
    """
    AT, G, BT = arrays(m, r, "float64")
    rng = np.random.default_rng(seed)
    d = rng.integers(-4, 5, BT.shape).astype(np.float64) if d is None else np.asarray(d, np.float64)
    g = rng.integers(-2, 3, (r, r)).astype(np.float64) if g is None else np.asarray(g, np.float64)
    if d.shape != BT.shape or g.shape != (r, r):
        raise ValueError(f"d, g: want {BT.shape} and {(r, r)} for F({m}x{m}, {r}x{r}), got {d.shape} and {g.shape}")
    down, U = BT @ d, G @ g @ G.T
    V = down @ BT.T
    return {"d": d, "g": g, "BT d": down, "V": V, "U": U, "M": U * V, "y": AT @ (U * V) @ AT.T}


def conv2d(ia: np.ndarray, wt: np.ndarray, shape: ConvShape, m: int | None = None) -> np.ndarray:
    """ia[N,C,H,W] * wt[K,C/groups,R,S] -> oa[N,K,P,Q] by F(m x m, R x S), for windows up to 7 and stride 1.

    m = None takes 4 for windows up to 3, less for larger ones (`tile`). The sums over c are (m+r-1)² matrix products.
    float32 loses up to a digit at m = 4 and more beyond. A NaN or an infinity spreads over the tiles it lies in. Whole numbers go
    through float64 and come out exact, or are refused where they are too large for that to be sure.
    Raises ValueError for strides, dilations, windows of 1x1 and beyond 7.
    """
    ia, wt, result = fitted(ia, wt, shape)
    refuse("winograd", cannot(shape, m))
    if ia.dtype.kind == "i":
        return np.rint(compute(*through_float64("winograd", ia, wt, growth(shape, m)), shape, m)).astype(result)
    return compute(ia, wt, shape, m).astype(result, copy=False)


def compute(ia: np.ndarray, wt: np.ndarray, shape: ConvShape, m: int | None) -> np.ndarray:
    tiles, K_g, C_g = tiles_for(shape, m), shape.K // shape.groups, shape.C // shape.groups
    oa = np.empty(shape.oa_shape, ia.dtype)
    for g in range(shape.groups):
        filters = slice(g * K_g, (g + 1) * K_g)
        one_group(ia[:, g * C_g : (g + 1) * C_g], wt[filters], tiles, oa[:, filters])
    return oa


def one_group(ia: np.ndarray, wt: np.ndarray, tiles: Tiles, oa: np.ndarray) -> None:
    """ia[N,C,H,W], wt[K,C,R,S] of one group -> oa[N,K,P,Q], written in place: two buffers pass the tiles to and fro."""
    (K, C), (n_h, n_w), r = wt.shape[:2], tiles.n, (tiles.shape.R, tiles.shape.S)
    U = kernel_transform(wt, tiles.m).reshape(tiles.area, K, C)
    one, two = (np.empty(tiles.area * max(C, K) * tiles.most, ia.dtype) for _ in range(2))
    for n in range(len(ia)):
        for first in tiles.blocks:
            rows, count = tiles.rows(first), tiles.rows(first) * tiles.across
            d = two[: tiles.area * C * count].reshape(n_h, n_w, C, rows, tiles.across)
            tiles.gather(ia[n], first, d)
            V = input_transform(d, r, out=two, room=one).reshape(tiles.area, C, count)
            M = np.matmul(U, V, out=one[: tiles.area * K * count].reshape(tiles.area, K, count))
            y = output_transform(M.reshape(n_h, n_w, K, rows, tiles.across), r, out=one, room=two)
            tiles.scatter(y, first, oa[n])


def both(size: int | tuple[int, int]) -> tuple[int, int]:
    return size if isinstance(size, tuple) else (size, size)


def tile(shape: ConvShape, m: int | None = None) -> tuple[int, int]:
    """(m_h, m_w) outputs a tile: m, or what makes input tiles of at most 6 (8 for windows of 6 and 7); 1 along an axis without a window."""
    return tuple(1 if r == 1 else m or max(2, min(4, 7 - r)) for r in (shape.R, shape.S))  # type: ignore[return-value]


def tiles_for(shape: ConvShape, m: int | None = None) -> Tiles:
    """The tiles of F(m x m, R x S)."""
    m_h, m_w = tile(shape, m)
    return tiles_of(shape, (m_h, m_w), (m_h + shape.R - 1, m_w + shape.S - 1))


def growth(shape: ConvShape, m: int | None = None) -> float:
    """How large the absolute values that meet in one output are, for data and weights of at most 1: |AT| (|G| · |BT|), times C/groups."""
    out = float(shape.C // shape.groups)
    for size, r in zip(tile(shape, m), (shape.R, shape.S), strict=True):
        AT, G, BT = (np.abs(matrix) for matrix in arrays(size, r, "float64"))
        out *= float((AT @ (G.sum(1) * BT.sum(1))).max())
    return out


def workspace(shape: ConvShape, m: int | None = None) -> int:
    """Bytes beside ia, wt and oa, for float32: the transformed filters of a group, and two buffers of as many tiles as are worked on at
    a time, which is less than 1 MiB each or one row of tiles. (The paper transforms all tiles at once.)"""
    tiles, K_g, C_g = tiles_for(shape, m), shape.K // shape.groups, shape.C // shape.groups
    filters = tiles.area * K_g * C_g
    buffers = 2 * tiles.area * max(C_g, K_g) * tiles.most
    (n_h, _), (R, S) = tiles.n, (shape.R, shape.S)
    # while the filters are transformed: their reordered copy and the first half beside each other, then the first half and the whole
    halfway = max(R * S + n_h * S, n_h * S + tiles.area) * K_g * C_g
    return 4 * max(filters + (buffers if shape.N else 0), halfway)


def cannot(shape: ConvShape, m: int | None = None) -> str | None:
    """Why it cannot compute this layer, in words; None where it can."""
    if m is not None and not (isinstance(m, int) and m >= 1):
        return f"m is {m!r}, it must be a whole number of at least 1"
    if shape.strides != (1, 1):
        return f"stride is {shape.stride}, it must be 1: a tile's outputs share their inputs"
    if (shape.R > 1 and shape.dilations[0] > 1) or (shape.S > 1 and shape.dilations[1] > 1):
        return f"dilation is {shape.dilation}, it must be 1"
    if (shape.R, shape.S) == (1, 1):
        return "the window is 1x1, there is nothing to save"
    if max(shape.R, shape.S) > 7:
        return f"the window is {shape.R}x{shape.S}, it must be at most 7x7: float32 does not bear the transforms of larger ones"
    if m is not None and m + max(shape.R, shape.S) - 1 > MOST:
        return f"m is {m}, tiles of {m + max(shape.R, shape.S) - 1} are too large for float32, {MOST} is the most"
    return None


def work(shape: ConvShape, m: int | None = None) -> Work:
    """Tiles gathered, transformed, (m+r-1)² products [K, C] @ [C, tiles], transformed back and put in place."""
    tiles, G, K_g, C_g = tiles_for(shape, m), shape.groups, shape.K // shape.groups, shape.C // shape.groups
    (m_h, m_w), (n_h, n_w), (R, S) = tiles.m, tiles.n, (shape.R, shape.S)
    images = shape.N * G
    steps: list[Product | Move] = [
        Move("copy", G, shape.params, 1),
        constant(G, n_h, S * K_g * C_g, R),
        constant(G * n_h, n_w, K_g * C_g, S),
    ]
    for blocks, count in tiles.counts:
        times = images * blocks
        steps += [
            Move("copy", times * n_h * n_w, times * count * n_h * n_w * C_g, 1),
            constant(times, n_h, n_w * C_g * count, n_h),
            constant(times * n_h, n_w, C_g * count, n_w),
            Product(times * n_h * n_w, K_g, count, C_g),
            constant(times, m_h, n_w * K_g * count, n_h),
            constant(times * m_h, m_w, K_g * count, n_w),
            Move("copy", times * m_h * m_w, times * count * m_h * m_w * K_g, 1),
        ]
    return tuple(steps)


def constant(times: int, M: int, N: int, K: int) -> Product:
    """A product with a matrix of constants: it takes time and has no multiplications of data by weights."""
    return Product(times, M, N, K, 0)
