"""CSC after im2col: column by column of the weights; a row of windows is read once and scattered to every filter that wants it."""

from __future__ import annotations

import numpy as np

from ..shapes import ConvShape
from . import csr_im2col
from .csc import CSC

SOURCE = "Lecture, frame 'Sparse Matrix Representation': 'we have better control on filters, thus usually CSC'"


def conv2d(ia: np.ndarray, wt: np.ndarray, shape: ConvShape) -> np.ndarray:
    """ia[N,C,H,W] * wt[K,C/groups,R,S] -> oa[N,K,P,Q] as CSC(weights) @ im2col(ia)."""
    return csr_im2col.conv2d(ia, wt, shape, CSC)


workspace = csr_im2col.workspace
