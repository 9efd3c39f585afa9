"""How exact an algorithm is: its error against float64, and how Winograd's grows with the tile, number by number."""

from __future__ import annotations

import numpy as np

from ..records import Report
from ..shapes import ConvShape, whole
from . import im2col
from .winograd import winograd_matrices

SOURCE = "Lavin & Gray 2016, table 4 (the experiment); Barabasz et al. 2018 on the growth with the tile"


def uniform(shape: ConvShape, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """ia and wt in float64, uniform in [-1, 1]."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, shape.ia_shape), rng.uniform(-1, 1, shape.wt_shape)


def error(algorithm: object, shape: ConvShape, dtype: str, seed: int = 0, **more: object) -> tuple[float, float]:
    """(largest, root-mean-square) difference to float64 for data uniform in [-1, 1], rounded to `dtype` before either computes.

    The reference is im2col in float64. Rounding the result to `dtype` is part of the error.
    """
    ia, wt = (array.astype(dtype) for array in uniform(shape, seed))
    want = im2col.conv2d(ia.astype(np.float64), wt.astype(np.float64), shape)
    off = algorithm.conv2d(ia, wt, shape, **more).astype(np.float64) - want  # type: ignore[attr-defined]
    return float(np.abs(off).max(initial=0.0)), float(np.sqrt((off**2).mean())) if off.size else 0.0


def tile_errors(m: int, r: int, C: int, dtype: str = "float32", tiles: int = 100, seed: int = 0, points: object = None) -> np.ndarray:
    """|error| of each output of `tiles` random tiles of F(m x m, r x r), summed over C channels: shape [tiles, m, m].

    Data and weights are uniform in [-1, 1] and rounded to `dtype` first. Every stage (transforms, product, sum over channels) is
    computed in float32 at least and its result rounded to `dtype`: float16 is what a processor with half-precision storage does.
    The reference is the direct sum in float64.

    >>> worst = [float(tile_errors(m, 3, 16).max()) for m in (2, 4, 6)]
    >>> worst[0] < worst[1] < worst[2]
    True
    """
    m, r, C = whole("m", m, 1), whole("r", r, 1), whole("C", C, 1)
    rng = np.random.default_rng(seed)
    size = m + r - 1
    d = rng.uniform(-1, 1, (tiles, C, size, size)).astype(dtype)
    g = rng.uniform(-1, 1, (tiles, C, r, r)).astype(dtype)
    AT, G, BT = (np.array([[float(x) for x in row] for row in matrix]) for matrix in winograd_matrices(m, r, points))  # type: ignore[arg-type]

    def rounded(x: np.ndarray) -> np.ndarray:
        return x.astype(dtype).astype(work)

    work = np.float64 if dtype == "float64" else np.float32
    AT, G, BT = (rounded(matrix) for matrix in (AT, G, BT))
    U = rounded(rounded(G @ g.astype(work)) @ G.T)
    V = rounded(rounded(BT @ d.astype(work)) @ BT.T)
    M = rounded((U * V).sum(1, dtype=work))
    y = rounded(rounded(AT @ M) @ AT.T)
    windows = np.lib.stride_tricks.sliding_window_view(d.astype(np.float64), (r, r), (2, 3))  # tiles C m m r r
    want = np.einsum("tcabij,tcij->tab", windows, g.astype(np.float64))
    return np.abs(y.astype(np.float64) - want)


def direct_errors(m: int, r: int, C: int, dtype: str = "float32", tiles: int = 100, seed: int = 0) -> np.ndarray:
    """|error| of the same outputs summed one product after the other in `dtype`: shape [tiles, m, m]."""
    rng = np.random.default_rng(seed)
    d = rng.uniform(-1, 1, (tiles, C, m + r - 1, m + r - 1)).astype(dtype)
    g = rng.uniform(-1, 1, (tiles, C, r, r)).astype(dtype)
    total = np.zeros((tiles, m, m), dtype)
    want = np.zeros((tiles, m, m))
    for c in range(C):
        for i in range(r):
            for j in range(r):
                product = d[:, c, i : i + m, j : j + m] * g[:, c, i, j, None, None]
                total = total + product
                want += d[:, c, i : i + m, j : j + m].astype(np.float64) * g[:, c, i, j, None, None].astype(np.float64)
    return np.abs(total.astype(np.float64) - want)


def error_growth(r: int = 3, channels: tuple[int, ...] = (1, 16, 256), ms: tuple[int, ...] = (2, 4, 6), tiles: int = 100) -> Report:
    """Largest and RMS error of direct sums and of F(m x m, r x r), by dtype and channels: a row each, for data uniform in [-1, 1]."""
    rows = []
    for dtype in ("float32", "float16"):
        for C in channels:
            for m in (0, *ms):
                off = tile_errors(m, r, C, dtype, tiles) if m else direct_errors(2, r, C, dtype, tiles)
                name = f"F({m}x{m}, {r}x{r})" if m else "direct"
                largest, rms = float(off.max()), float(np.sqrt((off**2).mean()))
                rows.append({"dtype": dtype, "C": C, "algorithm": name, "largest": largest, "rms": rms})
    return Report.of(rows, f"error against float64, {r}x{r} windows", f"{tiles} random tiles, data and weights uniform in [-1, 1]")
