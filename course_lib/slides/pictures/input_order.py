"""The third order of the 1-D example: by input. No order of the loops q and s gives it, so its accesses are written down here."""

from __future__ import annotations

import numpy as np

from ...records import Buffer, Trace
from ...shapes import whole

SOURCE = "the lecture has output and weight stationary; input stationary as in Sze et al., Efficient Processing of Deep Neural Networks"


def input_stationary(Q: int, S: int, itemsize: int = 4) -> Trace:
    """Every access of `for h: for s: if 0 <= h-s < Q: OA[h-s] += IA[h] * W[s]`, the input held in a register over the loop s.

    As in `nest.trace`: a sum that starts is zero and is not loaded. A step is a multiply-accumulate.

    >>> input_stationary(Q=9, S=4).loads("IA")
    12
    """
    Q, S = whole("Q", Q, 1), whole("S", S, 1)
    sizes, base, buffers = {"IA": Q + S - 1, "W": S, "OA": Q}, 4096, []
    for name, size in sizes.items():
        buffers.append(Buffer(name, (size,), itemsize, base))
        base += -(-size * itemsize // 64) * 64  # each on a cache line of its own
    rows: list[tuple[int, int, bool, int]] = []  # tensor, element, store, step
    step = 0
    for h in range(Q + S - 1):
        inside = [s for s in range(S) if 0 <= h - s < Q]
        for s in inside:
            rows += [(0, h, False, step)] if s == inside[0] else []
            rows += [(1, s, False, step)]
            rows += [(2, h - s, False, step)] if s else []  # tap 0 is the first that an output sees
            rows += [(2, h - s, True, step)]
            step += 1
    tensor, element, store, steps = (np.array(column) for column in zip(*rows, strict=True))
    address = np.array([buffer.base for buffer in buffers])[tensor] + element * itemsize
    return Trace(tuple(buffers), tensor.astype(np.int16), address.astype(np.int64), store.astype(bool), steps.astype(np.int64), macs=step)
