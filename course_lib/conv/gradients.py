"""Both gradients of a convolution: im2col once more, with the product turned around."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..shapes import ConvShape
from .arrays import dtypes, numbers
from .im2col import col2im, fill, filters_to_matrix, lowered

SOURCE = "Chellapilla, Puri & Simard, 2006, section 3 (the backward pass by products)"


def checked(name: str, array: Any, want: tuple[int, ...], letters: str) -> np.ndarray:
    array = numbers(name, array)
    if array.shape != want:
        raise ValueError(f"{name}: want {want} = {letters}, got {array.shape}")
    return array


def conv2d_input_grad(grad_oa: np.ndarray, wt: np.ndarray, shape: ConvShape) -> np.ndarray:
    """grad_oa[N,K,P,Q], wt[K,C/groups,R,S] -> grad_ia[N,C,H,W]: how the loss changes with each input pixel.

    cols' gradient is WT @ grad_oa; col2im adds each column back to where its window lay. Raises ValueError for arrays that are
    not as `shape` says.

    >>> shape = ConvShape(N=1, C=1, H=3, W=3, K=1, R=2, S=2)
    >>> conv2d_input_grad(np.ones((1, 1, 2, 2)), np.array([[[[1.0, 2], [3, 4]]]]), shape)[0, 0]
    array([[ 1.,  3.,  2.],
           [ 4., 10.,  6.],
           [ 3.,  7.,  4.]])
    """
    grad_oa = checked("grad_oa", grad_oa, shape.oa_shape, "(N, K, P, Q)")
    wt = checked("wt", wt, shape.wt_shape, "(K, C/groups, R, S)")
    total, result = dtypes(grad_oa, wt)
    g = grad_oa.astype(total, copy=False).reshape(shape.N, shape.K, shape.P * shape.Q)
    a, K_g = filters_to_matrix(wt.astype(total, copy=False)), shape.K // shape.groups
    rows = lowered(shape)[0] // shape.groups
    cols = np.empty(lowered(shape), total)
    grad_ia = np.empty(shape.ia_shape, total)
    for n in range(shape.N):
        for i in range(shape.groups):
            filters = slice(i * K_g, (i + 1) * K_g)
            np.matmul(a[filters].T, g[n, filters], out=cols[i * rows : (i + 1) * rows])
        grad_ia[n] = col2im(cols, shape)
    return grad_ia.astype(result, copy=False)


def conv2d_weight_grad(ia: np.ndarray, grad_oa: np.ndarray, shape: ConvShape) -> np.ndarray:
    """ia[N,C,H,W], grad_oa[N,K,P,Q] -> grad_wt[K,C/groups,R,S]: how the loss changes with each weight, summed over all images.

    grad_wt = Σ_n grad_oa[n] @ cols[n]T. Raises ValueError for arrays that are not as `shape` says.

    >>> shape = ConvShape(N=1, C=1, H=3, W=3, K=1, R=2, S=2)
    >>> conv2d_weight_grad(np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2)), shape)[0, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """
    ia = checked("ia", ia, shape.ia_shape, "(N, C, H, W)")
    grad_oa = checked("grad_oa", grad_oa, shape.oa_shape, "(N, K, P, Q)")
    total, result = dtypes(ia, grad_oa)
    x, g = ia.astype(total, copy=False), grad_oa.astype(total, copy=False).reshape(shape.N, shape.K, shape.P * shape.Q)
    K_g, rows = shape.K // shape.groups, lowered(shape)[0] // shape.groups
    cols = np.empty(lowered(shape), total)
    grad_wt = np.zeros((shape.K, rows), total)
    for n in range(shape.N):
        fill(cols, x[n], shape)
        for i in range(shape.groups):
            filters = slice(i * K_g, (i + 1) * K_g)
            grad_wt[filters] += g[n, filters] @ cols[i * rows : (i + 1) * rows].T
    return grad_wt.reshape(shape.wt_shape).astype(result, copy=False)
