"""A convolution in float64 and cases for it, as several labs ask for them: the layer as numpy has it, its windows, whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .exercise import Case


def output_size(h: int, r: int, stride: int = 1, pad: int = 0, dilation: int = 1) -> int:
    """floor((h + 2·pad - dilation·(r - 1) - 1) / stride) + 1"""
    return (h + 2 * pad - dilation * (r - 1) - 1) // stride + 1


def windows(x: np.ndarray, R: int, S: int, stride: int, pad: int, where: str = "around") -> np.ndarray:
    """Every window the filter sees: x[N,C,H,W] -> [N,C,P,Q,R,S], in float64. `where` puts the zeros "around" or "after"."""
    side = (pad, pad) if where == "around" else (0, 2 * pad)
    padded = np.pad(np.asarray(x, np.float64), ((0, 0), (0, 0), side, side))
    return np.lib.stride_tricks.sliding_window_view(padded, (R, S), axis=(2, 3))[:, :, ::stride, ::stride]


def convolve(x: np.ndarray, w: np.ndarray, bias: Any = None, stride: int = 1, pad: int = 0, where: str = "around") -> np.ndarray:
    """x[N,C,H,W] * w[K,C,R,S] + bias[K] -> [N,K,P,Q] in float64."""
    out = np.einsum("ncpqrs,kcrs->nkpq", windows(x, w.shape[2], w.shape[3], stride, pad, where), np.asarray(w, np.float64))
    return out if bias is None else out + np.asarray(bias, np.float64)[:, None, None]


def conv_case(
    rng: np.random.Generator, N: int, C: int, H: int, W: int, K: int, R: int, S: int, stride: int = 1, pad: int = 0, bias: bool = False
) -> Case:
    """Small whole numbers in float32: sums are exact, pictures can be read, and no order of adding is favoured."""
    x = rng.integers(-9, 10, (N, C, H, W)).astype(np.float32)
    w = rng.integers(-4, 5, (K, C, R, S)).astype(np.float32)
    options: dict[str, Any] = {"bias": rng.integers(-9, 10, K).astype(np.float32)} if bias else {}
    options |= {"stride": stride} if stride != 1 else {}
    options |= {"pad": pad} if pad else {}
    words = [f"{N} image{'s' if N > 1 else ''} of {C}x{H}x{W}", f"{K} filter{'s' if K > 1 else ''} of {R}x{S}"]
    words += [f"stride {stride}"] * (stride > 1) + [f"pad {pad}"] * (pad > 0) + ["bias"] * bias
    return Case((x, w), options, ", ".join(words))


def conv_cases(rng: np.random.Generator) -> list[Case]:
    shapes: list[tuple[Any, ...]] = [
        (1, 1, 3, 3, 1, 2, 2),
        (1, 1, 3, 4, 1, 2, 2),
        (1, 1, 4, 4, 1, 3, 2),
        (1, 1, 5, 6, 1, 2, 2, 2),
        (1, 1, 3, 3, 1, 2, 2, 1, 1),
        (1, 2, 3, 3, 1, 2, 2),
        (1, 1, 3, 3, 2, 2, 2),
        (1, 2, 3, 3, 2, 2, 2, 1, 0, True),
        (2, 1, 3, 3, 1, 2, 2),
        (1, 1, 1, 1, 1, 1, 1),
        (1, 1, 2, 2, 1, 3, 3, 1, 2),  # more padding than half the filter
        (2, 3, 5, 7, 2, 3, 2, 3, 2, True),
        (1, 5, 1, 7, 3, 1, 3, 2, 0, True),
    ]
    while len(shapes) < 50:
        N, C, K = (int(v) for v in rng.integers(1, 4, 3))
        R, S, stride, pad = (int(rng.integers(a, b)) for a, b in ((1, 5), (1, 5), (1, 4), (0, 4)))
        H, W = (int(v) + max(0, size - 2 * pad) for v, size in zip(rng.integers(0, 6, 2), (R, S), strict=True))
        H, W = max(H, 1), max(W, 1)
        if N * K * C * R * S * output_size(H, R, stride, pad) * output_size(W, S, stride, pad) <= 3000:  # a check answers in seconds
            shapes.append((N, C, H, W, K, R, S, stride, pad, bool(rng.integers(2))))
    return [conv_case(rng, *shape) for shape in shapes]


def without_padding(x: Any, w: Any, bias: Any = None, stride: int = 1, pad: int = 0) -> np.ndarray:
    P, Q = (output_size(x.shape[2 + i], w.shape[2 + i], stride) for i in (0, 1))
    if P < 1 or Q < 1:  # a filter larger than the image: loops that never run, or an array of negative size
        return np.zeros((len(x), len(w), P, Q))
    return convolve(x, w, bias, stride, 0)
