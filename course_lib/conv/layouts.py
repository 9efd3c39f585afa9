"""Layouts of an image in memory: NCHW as torch has it, NHWC with channels innermost, NCHW16c with 16 channels side by side."""

from __future__ import annotations

import re

import numpy as np

SOURCE = "NHWC: TensorFlow; NCHWc: oneDNN and TVM (blocked layouts)"


def block(layout: str) -> int:
    """How many channels lie side by side: 0 in NCHW and NHWC, 16 in NCHW16c; ValueError for a layout that is none of these.

    >>> block("NCHW8c")
    8
    """
    if layout in ("NCHW", "NHWC"):
        return 0
    found = re.fullmatch(r"NCHW([1-9]\d*)c", layout) if isinstance(layout, str) else None
    if not found:
        raise ValueError(f"layout: want 'NCHW', 'NHWC' or blocked as in 'NCHW16c', got {layout!r}")
    return int(found[1])


def axes(layout: str) -> str:
    """The axes in words, for messages."""
    size = block(layout)
    return f"[N,C/{size},H,W,{size}]" if size else f"[{','.join(layout)}]"


def to_nchw(ia: np.ndarray, layout: str, C: int) -> np.ndarray:
    """An image in `layout` as ia[N,C,H,W]; NHWC without a copy. A last block that is not full has channels beyond C, left out here.

    >>> to_nchw(np.arange(8).reshape(1, 2, 1, 1, 4), "NCHW4c", C=6).ravel()
    array([0, 1, 2, 3, 4, 5])
    """
    size = block(layout)
    wanted = 5 if size else 4
    if ia.ndim != wanted:
        raise ValueError(f"ia: want {wanted} axes {axes(layout)}, got shape {ia.shape}")
    if not size:
        return ia if layout == "NCHW" else ia.transpose(0, 3, 1, 2)
    N, blocks, H, W, inner = ia.shape
    if inner != size or blocks != -(-C // size):
        raise ValueError(f"ia: want {-(-C // size)} blocks of {size} channels for C = {C} in {layout}, got shape {ia.shape}")
    return ia.transpose(0, 1, 4, 2, 3).reshape(N, blocks * size, H, W)[:, :C]


def from_nchw(oa: np.ndarray, layout: str) -> np.ndarray:
    """oa[N,K,P,Q] in `layout`; a last block that is not full ends in channels of zeros.

    >>> from_nchw(np.arange(1, 4).reshape(1, 3, 1, 1), "NCHW2c").tolist()
    [[[[[1, 2]]], [[[3, 0]]]]]
    """
    size = block(layout)
    if layout == "NCHW":
        return oa
    if not size:
        return np.ascontiguousarray(oa.transpose(0, 2, 3, 1))
    N, K, P, Q = oa.shape
    blocks = -(-K // size)
    out = np.zeros((N, blocks, P, Q, size), oa.dtype)
    for b in range(blocks):
        part = oa[:, b * size : (b + 1) * size]
        out[:, b, :, :, : part.shape[1]] = part.transpose(0, 2, 3, 1)
    return out
