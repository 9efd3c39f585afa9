"""Matrix product: one idea a file, all with the same function `gemm(a, b) -> c`.

>>> sorted(ALGORITHMS)
['ijk', 'ikj', 'jik', 'jki', 'kij', 'kji', 'library']
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import library
from .loop_orders import ORDERS

# A new algorithm: one file beside these, one line here. The tests find it.
ALGORITHMS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {**ORDERS, "library": library.gemm}

__all__ = ["ALGORITHMS", "ORDERS", "gemm", "library"]

gemm = library.gemm
