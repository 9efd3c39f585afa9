"""The exercises of lab 06: what a zero costs. Skipping, bubbles, CSR and CSC, direct sparse convolution, break-even, active places.

w[K,C,R,S] with zeros    x[C,H,W] one picture, already padded    out[K,P,Q]
CSR   (rowptr, colidx, value)       CSC   (colptr, rowidx, value)      of w as a matrix [K, C·R·S]
"""

from __future__ import annotations

from ..exercise import Exercise
from .formats import from_csc, from_csr, to_csc, to_csr
from .pays import break_even_density, csr_speed
from .points import submanifold_conv
from .products import conv2d_csr_im2col, conv2d_direct_sparse, stretch_colidx
from .skipping import conv2d_skip, pipeline_cycles

SOURCE = "Lecture, frames 'Sparse Convolution' to 'SOTA 2'; Park et al., ICLR 2017; Graham & van der Maaten 2017"

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for exercise in (
        csr_speed,
        conv2d_skip,
        pipeline_cycles,
        to_csr,
        from_csr,
        to_csc,
        from_csc,
        conv2d_csr_im2col,
        stretch_colidx,
        conv2d_direct_sparse,
        break_even_density,
        submanifold_conv,
    )
}
