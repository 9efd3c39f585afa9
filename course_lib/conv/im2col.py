"""Im2col: copy each window into a column, and convolution is one matrix product: fast, for R·S times the memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..shapes import ConvShape
from .arrays import fitted, numbers
from .work import Move, Product, Work

SOURCE = "Lecture, frames 'Im2col 2-D' and 'Im2col 3-D'; Chellapilla, Puri & Simard, High performance CNNs, 2006"

LIMIT = 2**31  # elements of one lowered matrix; larger ones are refused


def im2col(ia: np.ndarray, shape: ConvShape) -> np.ndarray:
    """ia[C,H,W] -> cols[C·R·S, P·Q], one window a column; ia[N,C,H,W] -> cols[N, C·R·S, P·Q]; ia[H,W] counts as one channel.

    cols[(c,r,s), (p,q)] = ia[c, p·stride - pad + r·dilation, q·stride - pad + s·dilation], 0 outside the image.
    Raises ValueError where ia is not as `shape` says or a matrix would have more than 2^31 elements.

    >>> im2col(np.arange(9).reshape(3, 3), ConvShape(N=1, C=1, H=3, W=3, K=1, R=2, S=2))
    array([[0, 1, 3, 4],
           [1, 2, 4, 5],
           [3, 4, 6, 7],
           [4, 5, 7, 8]])
    """
    ia = numbers("ia", ia)
    image = shape.ia_shape[1:]
    if ia.shape not in (shape.ia_shape, image) and (shape.C, *ia.shape) != (1, *image[1:]):
        raise ValueError(f"ia: want {shape.ia_shape} = (N, C, H, W) or one image {image}, got {ia.shape}")
    rows, columns = lowered(shape)
    batch = ia.reshape(-1, *image) if ia.size else np.zeros((0, *image), ia.dtype)
    cols = np.empty((len(batch), rows, columns), ia.dtype)  # N × CRS × PQ, one output pixel a column
    for n in range(len(batch)):
        fill(cols[n], batch[n], shape)
    return cols if ia.ndim == 4 else cols[0]


def fill(cols: np.ndarray, image: np.ndarray, shape: ConvShape) -> None:
    """Write one image[C,H,W] into cols[C·R·S, P·Q]: a tap (r, s) at a time, all its windows in one strided copy."""
    to = cols.reshape(shape.C, shape.R, shape.S, shape.P, shape.Q)
    for r, s, rows, columns, high, wide in taps(shape):
        block = to[:, r, s]
        # only the border that lies outside the image is zeroed: each element is written once
        block[:, : rows.start], block[:, rows.stop :] = 0, 0
        block[:, rows, : columns.start], block[:, rows, columns.stop :] = 0, 0
        block[:, rows, columns] = image[:, high, wide]


def taps(shape: ConvShape) -> Iterator[tuple[int, int, slice, slice, slice, slice]]:
    """For each tap: r, s, the p and q at which it meets the image, and the rows and columns it meets there."""
    for r in range(shape.R):
        rows, high = meeting(shape.P, shape.H, shape.strides[0], shape.pads[0][0], r * shape.dilations[0])
        for s in range(shape.S):
            columns, wide = meeting(shape.Q, shape.W, shape.strides[1], shape.pads[1][0], s * shape.dilations[1])
            yield r, s, rows, columns, high, wide


def meeting(P: int, H: int, stride: int, pad: int, offset: int) -> tuple[slice, slice]:
    """The p in range(P) with 0 <= p·stride - pad + offset < H, and those h, as slices of equal length."""
    first = min(P, max(0, -(-(pad - offset) // stride)))
    last = max(first, min(P, (H - 1 + pad - offset) // stride + 1))
    if first == last:
        return slice(first, first), slice(0, 0)
    h = first * stride - pad + offset
    return slice(first, last), slice(h, h + (last - first - 1) * stride + 1, stride)


def col2im(cols: np.ndarray, shape: ConvShape) -> np.ndarray:
    """cols[C·R·S, P·Q] -> ia[C,H,W] (or with N in front of both): every column added back to where its window lay.

    Not the inverse of im2col but its transpose: a pixel comes back as often as windows cover it. It carries gradients back.

    >>> shape = ConvShape(N=1, C=1, H=3, W=3, K=1, R=2, S=2)
    >>> col2im(im2col(np.ones((1, 3, 3)), shape), shape)[0]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    """
    cols = numbers("cols", cols)
    wanted = lowered(shape)
    if cols.shape not in (wanted, (shape.N, *wanted)):
        raise ValueError(f"cols: want {wanted} = (C·R·S, P·Q) or N of them, got {cols.shape}")
    batch = cols.reshape(shape.N if cols.ndim == 3 else 1, shape.C, shape.R, shape.S, shape.P, shape.Q)
    ia = np.zeros((len(batch), shape.C, shape.H, shape.W), cols.dtype)
    for r, s, rows, columns, high, wide in taps(shape):
        ia[:, :, high, wide] += batch[:, :, r, s, rows, columns]
    return ia if cols.ndim == 3 else ia[0]


def filters_to_matrix(wt: np.ndarray) -> np.ndarray:
    """wt[K,C,R,S] -> a[K, C·R·S], one filter a row, in the order of im2col's rows."""
    wt = numbers("wt", wt)
    if wt.ndim != 4:
        raise ValueError(f"wt: want 4 axes [K,C,R,S], got shape {wt.shape}")
    return wt.reshape(len(wt), -1)


def conv2d(ia: np.ndarray, wt: np.ndarray, shape: ConvShape) -> np.ndarray:
    """ia[N,C,H,W] * wt[K,C/groups,R,S] -> oa[N,K,P,Q]: lower an image, multiply, next image into the same columns.

    With groups there is one product a group: [K/groups, (C/groups)·R·S] times the rows of its channels. Depthwise
    (groups = C) is thus C products with few rows each: the method's bad case.
    """
    ia, wt, result = fitted(ia, wt, shape)
    N, K, P, Q = shape.oa_shape
    K_g, rows = K // shape.groups, shape.C // shape.groups * shape.R * shape.S
    oa = np.empty((N, K, P * Q), ia.dtype)
    cols = np.empty(lowered(shape), ia.dtype)  # CRS × PQ, one output pixel a column
    a = filters_to_matrix(wt)
    for n in range(N):
        fill(cols, ia[n], shape)
        for g in range(shape.groups):
            filters = slice(g * K_g, (g + 1) * K_g)
            np.matmul(a[filters], cols[g * rows : (g + 1) * rows], out=oa[n, filters])
    return oa.reshape(N, K, P, Q).astype(result, copy=False)


def lowered(shape: ConvShape) -> tuple[int, int]:
    """(C·R·S, P·Q), the size of the lowered matrix of one image; ValueError beyond 2^31 elements."""
    rows, columns = shape.C * shape.R * shape.S, shape.P * shape.Q
    if rows * columns > LIMIT:
        raise ValueError(f"im2col: the lowered matrix would be {rows:,} x {columns:,}, more than 2^31 elements; 'direct' needs none")
    return rows, columns


def workspace(shape: ConvShape) -> int:
    """Bytes beside ia, wt and oa, for float32: 4·C·R·S·P·Q, the columns of one image at a time; all images at once, as lab 03
    lowers them, would take N times that. (Half and whole-number inputs are also copied into the dtype they are summed in.)"""
    rows, columns = lowered(shape)
    return 4 * rows * columns


def cannot(shape: ConvShape) -> str | None:
    """Why it cannot compute this layer: its lowered matrix would have more than 2^31 elements."""
    try:
        lowered(shape)
    except ValueError as error:
        return str(error).removeprefix("im2col: ")
    return None


def work(shape: ConvShape) -> Work:
    """R·S strided copies an image, in runs of Q, then a product a group: [K/groups, CRS/groups] @ [CRS/groups, PQ]."""
    rows, columns = lowered(shape)
    copies = Move("copy", shape.N * shape.R * shape.S, shape.N * rows * columns, shape.Q if shape.strides[1] == 1 else 1)
    return copies, Product(shape.N * shape.groups, shape.K // shape.groups, columns, rows // shape.groups)
