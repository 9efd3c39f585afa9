"""MEC: lower along the width only; output rows then read overlapping parts of one small matrix, each a product of its own."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..shapes import ConvShape
from .arrays import fitted
from .im2col import LIMIT, meeting
from .refuse import refuse
from .work import Move, Product, Work

SOURCE = "Cho & Brand, MEC: Memory-efficient Convolution for Deep Neural Network, ICML 2017, sections 3.1-3.3"

T = 100  # the platform's constant in the paper's rule, as reported by others for a GPU; not tuned here


def mec_lower(ia: np.ndarray, shape: ConvShape, out: np.ndarray | None = None) -> np.ndarray:
    """ia[N,H,W,C] -> strips[N, Q, H', S, C]: for each output column, the strip of S columns it sees, full height, H' with padding.

    strips[n, q, h, s, c] = ia[n, h - pad, q·stride - pad + s·dilation, c], 0 outside: N·Q·H'·S·C elements, where im2col has
    N·P·Q·R·S·C. Each row of a window lies whole in the strip, so S·C values are copied side by side.

    >>> image = np.arange(9).reshape(1, 3, 3, 1)
    >>> mec_lower(image, ConvShape(N=1, C=1, H=3, W=3, K=1, R=2, S=2)).reshape(2, 6)
    array([[0, 1, 3, 4, 6, 7],
           [1, 2, 4, 5, 7, 8]])
    """
    N, C = ia.shape[0], ia.shape[3]
    (top, bottom), (left, _) = shape.pads
    strips = np.empty((N, shape.Q, shape.H + top + bottom, shape.S, C), ia.dtype) if out is None else out
    strips[:, :, :top], strips[:, :, top + shape.H :] = 0, 0
    inside = strips[:, :, top : top + shape.H]
    image = ia.transpose(0, 2, 1, 3)  # n w h c
    for s in range(shape.S):
        columns, wide = meeting(shape.Q, shape.W, shape.strides[1], left, s * shape.dilations[1])
        inside[:, : columns.start, :, s], inside[:, columns.stop :, :, s] = 0, 0
        inside[:, columns, :, s] = image[:, wide]
    return strips


def row_parts(strips: np.ndarray, shape: ConvShape) -> np.ndarray:
    """strips[N, Q, H', S, C] -> views[N, P, Q, R·S·C]: for output row p, columns p·stride·S·C ... of every strip. Nothing is copied.

    The parts overlap: row p + 1 begins stride·S·C elements after row p. Each views[n, p] is a matrix with unit steps along
    its rows and H'·S·C elements from row to row, which is all that a BLAS asks for.
    """
    N, Q, high, S, C = strips.shape
    size = strips.itemsize
    steps = (Q * high * S * C * size, shape.strides[0] * S * C * size, high * S * C * size, size)
    return as_strided(strips, (N, shape.P, Q, shape.R * S * C), steps, writeable=False)


def filters_to_rows(wt: np.ndarray) -> np.ndarray:
    """wt[K,C,R,S] -> a[K, R·S·C]: one filter a row, in the strips' order (r, s, c)."""
    return np.ascontiguousarray(wt.transpose(0, 2, 3, 1)).reshape(len(wt), -1)


def choose(shape: ConvShape) -> str:
    """The paper's rule: A where Q <= T and the output fits into the lowered matrix, which serves it as scratch; B otherwise."""
    output = shape.N * shape.K // shape.groups * shape.P * shape.Q
    return "A" if shape.Q <= T and output <= strip_elements(shape) else "B"


def products_a(parts: np.ndarray, a: np.ndarray, out: np.ndarray) -> None:
    """Solution A: P tall products, one an output row for all images: parts[:, p] as [N·Q, RSC] @ aT -> out[P, N·Q, K], rows outermost."""
    N, P, Q, long = parts.shape
    # [N, Q] is one axis only where images follow each other in memory, and they do: strip after strip
    tall = as_strided(parts, (P, N * Q, long), (parts.strides[1], parts.strides[2], parts.strides[3]), writeable=False)
    np.matmul(tall, a.T, out=out)


def products_b(parts: np.ndarray, a: np.ndarray, out: np.ndarray) -> None:
    """Solution B: N·P small products, parts[n, p] as [Q, RSC] @ aT -> out[N, P, Q, K], in place at once."""
    np.matmul(parts, a.T, out=out)


def conv2d_nhwc(
    ia: np.ndarray, wt: np.ndarray, shape: ConvShape, solution: str | None = None, rows: np.ndarray | None = None
) -> np.ndarray:
    """ia[N,H,W,C] * wt[K,C,R,S] -> oa[N,P,Q,K], the layout of the paper, in which nothing but the strips is moved; one group, one dtype.

    `solution` is "A" or "B", None chooses by the paper's rule. `rows` is filters_to_rows(wt), where it was made beforehand.
    Solution A turns its result from p-n-q-k to n-p-q-k with the strips' memory as scratch; for one image the two orders are the
    same and nothing is turned.
    """
    refuse("mec", cannot(shape, solution))
    solution = solution or choose(shape)
    strips = mec_lower(ia, shape)
    a = filters_to_rows(wt) if rows is None else rows
    parts = row_parts(strips, shape)
    oa = np.empty((shape.N, shape.P, shape.Q, shape.K), ia.dtype)
    if solution == "B":
        products_b(parts, a, oa)
    else:
        products_a(parts, a, oa.reshape(shape.P, shape.N * shape.Q, shape.K))
        if shape.N > 1:
            scratch = strips.reshape(-1)[: oa.size].reshape(oa.shape)
            scratch[...] = oa
            oa[...] = scratch.reshape(shape.P, shape.N, shape.Q, shape.K).transpose(1, 0, 2, 3)
    return oa


def conv2d(ia: np.ndarray, wt: np.ndarray, shape: ConvShape, solution: str | None = None) -> np.ndarray:
    """ia[N,C,H,W] * wt[K,C/groups,R,S] -> oa[N,K,P,Q]: lower a group into strips, multiply overlapping views of them.

    `solution` is "A" or "B", None chooses by the paper's rule. Solution B writes each output row where it belongs: the
    products are taken the other way round, W[K, RSC] @ parts[n, p]T. Solution A turns its result with the strips as scratch.
    Raises ValueError where the rows of a filter are dilated: they do not lie together in a strip.
    """
    ia, wt, result = fitted(ia, wt, shape)
    refuse("mec", cannot(shape, solution))
    solution = solution or choose(shape)
    N, K, P, Q = shape.oa_shape
    K_g, C_g, high = K // shape.groups, shape.C // shape.groups, shape.H + sum(shape.pads[0])
    oa = np.empty((N, K, P, Q), ia.dtype)
    strips = np.empty((N, Q, high, shape.S, C_g), ia.dtype)
    turned = np.empty((P, N * Q, K_g), ia.dtype) if solution == "A" and shape.groups > 1 else None
    for g in range(shape.groups):
        mec_lower(ia[:, g * C_g : (g + 1) * C_g].transpose(0, 2, 3, 1), shape, strips)
        parts, filters = row_parts(strips, shape), slice(g * K_g, (g + 1) * K_g)
        a = filters_to_rows(wt[filters])
        if solution == "B":
            np.matmul(a, parts.transpose(0, 1, 3, 2), out=oa[:, filters].transpose(0, 2, 1, 3))
        elif turned is not None:  # a group's outputs do not lie together: they cannot be their own first home
            products_a(parts, a, turned)
            oa[:, filters] = turned.reshape(P, N, Q, K_g).transpose(1, 3, 0, 2)
        else:
            products_a(parts, a, oa.reshape(P, N * Q, K))
            scratch = strips.reshape(-1)[: oa.size]
            scratch[...] = oa.reshape(-1)
            oa[...] = scratch.reshape(P, N, Q, K).transpose(1, 3, 0, 2)
        del a
    return oa.astype(result, copy=False)


def strip_elements(shape: ConvShape) -> int:
    """N·Q·H'·S·(C/groups): the lowered matrix of one group, H' = H with its padding."""
    return shape.N * shape.Q * (shape.H + sum(shape.pads[0])) * shape.S * (shape.C // shape.groups)


def mec_bytes(shape: ConvShape) -> int:
    """4·N·Q·H'·S·C: the lowered matrix in float32, as the paper counts it."""
    return 4 * strip_elements(shape) * shape.groups


def im2col_bytes(shape: ConvShape) -> int:
    """4·N·P·Q·R·S·C: im2col's lowered matrix in float32 for the whole batch at once, as the paper counts it."""
    return 4 * shape.N * shape.P * shape.Q * shape.R * shape.S * shape.C


def workspace(shape: ConvShape, solution: str | None = None) -> int:
    """Bytes beside ia, wt and oa, for float32: the strips of one group and its filters in the strips' order; for solution A with
    groups also the result of a group before it is turned."""
    filters = shape.params // shape.groups if shape.R * shape.S > 1 and shape.C > shape.groups else 0  # otherwise they lie in that order
    turned = shape.N * shape.K // shape.groups * shape.P * shape.Q if shape.groups > 1 and (solution or choose(shape)) == "A" else 0
    return 4 * (strip_elements(shape) + filters + turned)


def cannot(shape: ConvShape, solution: str | None = None) -> str | None:
    """Why it cannot compute this layer, in words; None where it can."""
    if solution not in (None, "A", "B"):
        return f"solution is {solution!r}, it must be 'A' or 'B'"
    if shape.dilations[0] != 1 and shape.R > 1:
        return f"the rows of the filter are {shape.dilations[0]} apart, they must be neighbours (dilation 1) to lie together in a strip"
    if strip_elements(shape) > LIMIT:
        return f"the lowered matrix would have {strip_elements(shape):,} elements, more than 2^31"
    if solution == "A" and shape.groups == 1 and shape.N * shape.K * shape.P * shape.Q > strip_elements(shape):
        return "solution A turns its result in the memory of the lowered matrix, and the output is larger than that"
    return None


def work(shape: ConvShape, solution: str | None = None) -> Work:
    """S strided copies, then N·P products [K, RSC] @ [RSC, Q] (B), or P with all images side by side and the turn (A)."""
    C_g, K_g, G = shape.C // shape.groups, shape.K // shape.groups, shape.groups
    long, outputs = shape.R * shape.S * C_g, shape.N * shape.K * shape.P * shape.Q
    lowering = (
        Move("copy", G * shape.S, G * strip_elements(shape), C_g if C_g > 1 else 1),
        Move("copy", G, shape.params, 1),
    )
    if (solution or choose(shape)) == "B":
        return (*lowering, Product(G * shape.N * shape.P, K_g, shape.Q, long))
    turn = Move("copy", G, outputs, shape.Q), Move("copy", G, outputs, 1)
    return (*lowering, Product(G * shape.P, shape.N * shape.Q, K_g, long), *turn[: 2 if G == 1 else 1])
