"""Goto's five loops around the micro-kernel: a block of b for the third cache, a block of a for the second, a panel of b for the first.

for each block of nc columns:                 b block
    for each block of kc along the sum:       pack b[kc, nc]  -> panels of nr columns
        for each block of mc rows:            pack a[mc, kc]  -> panels of mr rows
            for each panel of b (nr):
                for each panel of a (mr):     the micro-kernel: c[mr, nr] += a panel · b panel
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..records import Report
from ..shapes import GemmShape
from .arrays import fitted
from .block_sizes import SANDY_BRIDGE_DOUBLE, Blocks, block_sizes
from .micro_kernel import micro_kernel
from .packed import pack_columns, pack_rows

SOURCE = "Goto & van de Geijn, ACM TOMS 2008; Van Zee & van de Geijn, ACM TOMS 2015"

BLOCKS = block_sizes(SANDY_BRIDGE_DOUBLE)


def gemm(a: np.ndarray, b: np.ndarray, blocks: Blocks = BLOCKS) -> np.ndarray:
    """a[M,K] @ b[K,N] -> c[M,N]; `blocks` has all five sizes. Only valid parts of tiles over the edge are written to c."""
    a, b, shape = fitted(a, b)
    mr, nr, kc, mc, nc = five(blocks)
    c = np.zeros(shape.c_shape, a.dtype)
    for jc in range(0, shape.N, nc):
        for pc in range(0, shape.K, kc):
            b_panels = pack_columns(b[pc : pc + kc, jc : jc + nc], nr)
            for ic in range(0, shape.M, mc):
                a_panels = pack_rows(a[ic : ic + mc, pc : pc + kc], mr)
                block = c[ic : ic + mc, jc : jc + nc]
                for jr, right in enumerate(b_panels):
                    for ir, left in enumerate(a_panels):
                        tile = block[ir * mr : (ir + 1) * mr, jr * nr : (jr + 1) * nr]
                        tile += micro_kernel(left, right)[: tile.shape[0], : tile.shape[1]]
    return c


def five(blocks: Blocks) -> tuple[int, int, int, int, int]:
    if min(blocks.mr, blocks.nr, blocks.kc, blocks.mc, blocks.nc) < 1:
        raise ValueError(f"blocks: want five sizes of at least 1, got {blocks}")
    return blocks.mr, blocks.nr, blocks.kc, blocks.mc, blocks.nc


def walk(shape: GemmShape, blocks: Blocks) -> Report:
    """What the five loops do, in order, a row a step: "pack b", "pack a" and "tile", each with the rows, columns and k it touches.

    i, j, k are where it begins, `high`, `wide`, `deep` how far it reaches (0 where the step does not touch that direction).
    """
    mr, nr, kc, mc, nc = five(blocks)

    def steps() -> Iterator[dict[str, int | str]]:
        for jc in range(0, shape.N, nc):
            wide = min(nc, shape.N - jc)
            for pc in range(0, shape.K, kc):
                deep = min(kc, shape.K - pc)
                yield {"step": "pack b", "i": 0, "high": 0, "j": jc, "wide": wide, "k": pc, "deep": deep}
                for ic in range(0, shape.M, mc):
                    high = min(mc, shape.M - ic)
                    yield {"step": "pack a", "i": ic, "high": high, "j": 0, "wide": 0, "k": pc, "deep": deep}
                    for jr in range(jc, jc + wide, nr):
                        for ir in range(ic, ic + high, mr):
                            size = {"high": min(mr, ic + high - ir), "wide": min(nr, jc + wide - jr), "deep": deep}
                            yield {"step": "tile", "i": ir, "high": size["high"], "j": jr, "wide": size["wide"], "k": pc, "deep": deep}

    return Report.of(list(steps()), title=f"{shape.M} x {shape.N} x {shape.K} in blocks of {mr} {nr} {kc} {mc} {nc}")


def traffic(shape: GemmShape, blocks: Blocks) -> int:
    """Elements between memory and the caches as the blocks promise: a once for each nc columns, b once, c in and out for each kc.

    The first visit to c writes and does not read.
    """
    _, _, kc, _, nc = five(blocks)
    visits = -(-shape.K // kc)
    return shape.M * shape.K * -(-shape.N // nc) + shape.K * shape.N + shape.M * shape.N * max(0, 2 * visits - 1)
