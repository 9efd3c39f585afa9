"""Matrix product: one idea a file, all with the same function `gemm(a, b) -> c`, from the lecture's three loops to the library.

    loop_orders    six ways through the same three loops        transposed     an operand on its side: columns become rows
    tiled          blocks that fit into a cache                 unrolled       four sums at once
    packed         operands copied into reading order           micro_kernel   a tile of c in registers
    goto           five loops, blocks from block_sizes          strassen       seven products in place of eight
    library        numpy's BLAS                                 ladder         the steps as data, as machine code

The files say what is done; how fast it can be is the ladder's part, `ladder.ladder(n)`, which `python benchmarks/gemm.py` measures.

>>> sorted(ALGORITHMS)
['goto', 'ijk', 'ikj', 'jik', 'jki', 'kij', 'kji', 'library', 'micro_kernel', 'packed', 'strassen', 'tiled', 'transposed', 'unrolled']
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import goto, library, micro_kernel, packed, strassen, tiled, transposed, unrolled
from .block_sizes import Blocks, block_sizes
from .loop_orders import ORDERS

# A new algorithm: one file beside these, one line here. The tests find it.
ALGORITHMS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    **ORDERS,
    "transposed": transposed.gemm,
    "tiled": tiled.gemm,
    "unrolled": unrolled.gemm,
    "packed": packed.gemm,
    "micro_kernel": micro_kernel.gemm,
    "goto": goto.gemm,
    "strassen": strassen.gemm,
    "library": library.gemm,
}

__all__ = ["ALGORITHMS", "ORDERS", "Blocks", "block_sizes", "gemm", "goto", "library", "strassen"]

gemm = library.gemm
