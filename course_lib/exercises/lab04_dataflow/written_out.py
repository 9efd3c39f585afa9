"""The slide's tiled nest as loops of Python, where tiles at the edge are ragged."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..convolutions import convolve, output_size, without_padding
from ..exercise import Case, Count, Exercise, Misconception
from ..pictures import plane_picture
from .nest_as_data import TILING


def tiled(ia: Any, w: Any, stride: int = 1, pad: int = 0, c_s: int = 16, k_s: int = 64) -> np.ndarray:
    """ia[N,C,H,W] * w[K,C,R,S] -> oa[N,K,P,Q]; tiles change nothing in the result."""
    return convolve(ia, w, None, stride, pad)


def tiled_cases(rng: np.random.Generator) -> list[Case]:
    # N C H W K R S stride pad c_s k_s
    table: list[tuple[int, ...]] = [
        (1, 2, 3, 3, 2, 2, 2, 1, 0, 2, 2),
        (1, 2, 3, 4, 4, 2, 2, 1, 0, 2, 2),
        (1, 4, 3, 3, 2, 2, 1, 1, 0, 2, 2),
        (1, 3, 3, 3, 2, 2, 2, 1, 0, 2, 2),
        (1, 2, 3, 3, 3, 2, 2, 1, 0, 2, 2),
        (1, 2, 4, 5, 2, 2, 3, 1, 1, 2, 2),
        (1, 2, 5, 6, 2, 2, 2, 2, 0, 2, 2),
        (2, 2, 3, 3, 2, 2, 2, 1, 0, 2, 2),
        (1, 1, 1, 1, 1, 1, 1, 1, 0, 16, 64),
        (1, 3, 4, 4, 5, 3, 3, 1, 0, 16, 64),
        (2, 5, 5, 4, 7, 2, 3, 2, 1, 3, 4),
    ]
    while len(table) < 22:
        N, C, K = int(rng.integers(1, 3)), int(rng.integers(1, 7)), int(rng.integers(1, 7))
        R, S, stride, pad = (int(rng.integers(a, b)) for a, b in ((1, 4), (1, 4), (1, 3), (0, 2)))
        H, W = (int(v) + size for v, size in zip(rng.integers(0, 4, 2), (R, S), strict=True))
        if N * K * C * R * S * output_size(H, R, stride, pad) * output_size(W, S, stride, pad) <= 1200:
            table.append((N, C, H, W, K, R, S, stride, pad, int(rng.integers(1, 5)), int(rng.integers(1, 5))))
    cases = []
    for N, C, H, W, K, R, S, stride, pad, c_s, k_s in table:
        ia, w = rng.integers(1, 10, (N, C, H, W)).astype(np.float32), rng.integers(1, 5, (K, C, R, S)).astype(np.float32)
        options = ({"stride": stride} if stride != 1 else {}) | ({"pad": pad} if pad else {}) | {"c_s": c_s, "k_s": k_s}
        words = f"{N} x {C}x{H}x{W}, {K} filters of {R}x{S}, tiles of {c_s} channels and {k_s} filters"
        words += f", stride {stride}" * (stride > 1) + f", pad {pad}" * (pad > 0)
        cases.append(Case((ia, w), options, words))
    return cases


def tiled_macs(case: Case) -> int:
    (N, C, H, W), (K, _, R, S), stride = case.args[0].shape, case.args[1].shape, case.kwargs.get("stride", 1)
    return N * K * C * R * S * output_size(H, R, stride) * output_size(W, S, stride)


def held_weights(case: Case) -> int:
    """N·R·S·C·K: each weight is loaded once an image and stays over P·Q."""
    return case.args[0].shape[0] * case.args[1].size


def without_the_last(ia: Any, w: Any, stride: int = 1, pad: int = 0, c_s: int = 16, k_s: int = 64, which: str = "ck") -> np.ndarray:
    """C/16 and K/64 as the slide has them, rounded down: the ragged tile is never reached."""
    C, K = w.shape[1] // c_s * c_s if "c" in which else w.shape[1], w.shape[0] // k_s * k_s if "k" in which else w.shape[0]
    part = np.zeros_like(w)
    part[:K, :C] = w[:K, :C]
    return convolve(ia, part, None, stride, pad)


def unguarded(ia: Any, w: Any, stride: int = 1, pad: int = 0, c_s: int = 16, k_s: int = 64, which: str = "ck") -> np.ndarray:
    if ("c" in which and w.shape[1] % c_s) or ("k" in which and w.shape[0] % k_s):
        raise IndexError("index is out of bounds")
    return convolve(ia, w, None, stride, pad)


def clamped(ia: Any, w: Any, stride: int = 1, pad: int = 0, c_s: int = 16, k_s: int = 64) -> np.ndarray:
    """min(c, C - 1): the last channel again and again, and the last filter, too."""
    more_c, more_k = -w.shape[1] % c_s, -w.shape[0] % k_s
    heavy = np.array(w, np.float64)
    heavy[:, -1] *= 1 + more_c
    heavy[-1] *= 1 + more_k
    return convolve(ia, heavy, None, stride, pad)


def forgot_the_size(ia: Any, w: Any, stride: int = 1, pad: int = 0, c_s: int = 16, k_s: int = 64) -> np.ndarray:
    """c = c_t + c_s in place of c = c_t * 16 + c_s; what lies beyond C and K is guarded."""
    K, C = w.shape[:2]
    times_c, times_k = np.zeros(C), np.zeros(K)
    for times, size, tile in ((times_c, C, c_s), (times_k, K, k_s)):
        for t in range(-(-size // tile)):
            for s in range(tile):
                if t + s < size:
                    times[t + s] += 1
    return convolve(ia, w * times_k[:, None, None, None] * times_c[None, :, None, None], None, stride, pad)


def wrapped(ia: Any, w: Any, stride: int = 1, pad: int = 0, c_s: int = 16, k_s: int = 64) -> np.ndarray:
    """h = -1 is taken as the last row; only rows and columns beyond the end are left out."""
    if not pad:
        return convolve(ia, w, None, stride, 0)
    around = np.pad(np.asarray(ia, np.float64), ((0, 0), (0, 0), (0, pad), (0, pad)))
    rows, columns = (np.r_[np.arange(-pad, 0) % size, np.arange(size + pad)] for size in ia.shape[2:])
    return convolve(around[:, :, rows][:, :, :, columns], w, None, stride, 0)


def last_of_all(ia: Any, w: Any, stride: int = 1, pad: int = 0, c_s: int = 16, k_s: int = 64) -> np.ndarray:
    only = np.zeros_like(w)
    only[:, -1, -1, -1] = w[:, -1, -1, -1]
    return convolve(ia, only, None, stride, pad)


def a_tile_at_a_time(ia: Any, w: Any, stride: int = 1, pad: int = 0, c_s: int = 16, k_s: int = 64) -> np.ndarray:
    """The outputs are set to zero for each tile of channels."""
    first = (w.shape[1] - 1) // c_s * c_s
    return convolve(ia[:, first:], w[:, first:], None, stride, pad)


conv2d_tiled = Exercise(
    name="conv2d_tiled",
    reference=tiled,
    cases=tiled_cases,
    tolerance=1e-6,
    counts=(
        Count(
            "MACs",
            lambda trace: trace.macs,
            tiled_macs,
            "The values are right, the number of multiply-accumulates is not N·K·P·Q·C·R·S: is there one `oa[...] += ia[...] * curr_w` in"
            " the innermost loop, and nothing done for the places beyond C and K?",
            slide=TILING,
        ),
        Count(
            "loads of W",
            lambda trace: trace.loads("W"),
            held_weights,
            "A weight should be loaded once and stay over all p and q: put it into a variable, curr_w, before these two loops begin.",
            slide="04_dataflow#unrolling",
        ),
    ),
    counted=lambda cases: [case for case in cases if not case.kwargs.get("pad") and tiled_macs(case) <= 200][:6],
    misconceptions=(
        Misconception(
            "the ragged tiles are left out",
            without_the_last,
            "C/16 on the slide is rounded down: with 3 channels and tiles of 2 the third is never reached. Round up.",
            TILING,
        ),
        Misconception(
            "the ragged tile of channels is left out",
            partial(without_the_last, which="c"),
            "The number of channel tiles is rounded down: with 3 channels and tiles of 2 the third is never reached.",
            TILING,
        ),
        Misconception(
            "the ragged tile of filters is left out",
            partial(without_the_last, which="k"),
            "The number of filter tiles is rounded down: with 3 filters and tiles of 2 the third is never reached.",
            TILING,
        ),
        Misconception(
            "no guard for the ragged tiles",
            unguarded,
            "Where the last tile is not full, curr_c and curr_k run beyond C and K. Those places have to be passed over.",
            TILING,
        ),
        Misconception(
            "no guard for the ragged tile of filters",
            partial(unguarded, which="k"),
            "Where the last tile of filters is not full, curr_k runs beyond K. Those places have to be passed over.",
            TILING,
        ),
        Misconception(
            "no guard for the ragged tile of channels",
            partial(unguarded, which="c"),
            "Where the last tile of channels is not full, curr_c runs beyond C. Those places have to be passed over.",
            TILING,
        ),
        Misconception(
            "the last channel and filter are counted several times",
            clamped,
            "Where the last tile is not full, the last channel (or filter) is used again. Places beyond it must do nothing at all.",
            TILING,
        ),
        Misconception(
            "the tile's number is not multiplied by its size",
            forgot_the_size,
            "Tile c_t begins at channel c_t * c_s: c = c_t + i visits some channels twice and others never.",
            TILING,
        ),
        Misconception(
            "the outputs begin anew with every tile",
            a_tile_at_a_time,
            "Only the last tile of channels is in the result. An output adds up all tiles.",
            TILING,
        ),
        Misconception(
            "only the last product is kept",
            last_of_all,
            "Each output is a sum over c, r and s. Does a later product overwrite the earlier ones (= where += is meant)?",
            "04_dataflow#loop-order",
        ),
        Misconception(
            "a negative row is taken from the other end",
            wrapped,
            "Row h = p * stride - pad + r can be below 0, and row -1 is the last one: Python does not complain. A pixel outside is 0.",
            "01_intro#stride-and-padding",
        ),
        Misconception(
            "the padding is ignored",
            lambda ia, w, stride=1, pad=0, c_s=16, k_s=64: without_padding(ia, w, None, stride, pad),
            "Your answer does not change with pad. Zeros outside the image make room for more windows.",
            "01_intro#stride-and-padding",
        ),
        Misconception(
            "the filter is flipped",
            lambda ia, w, stride=1, pad=0, c_s=16, k_s=64: convolve(ia, w[:, :, ::-1, ::-1], None, stride, pad),
            "The filter is turned by 180 degrees. Networks do not flip.",
            "01_intro#the-window-and-its-sum",
        ),
    ),
    picture=plane_picture,
    hint="First write the slide's loops for sizes that the tiles divide. Then: how many tiles are there, and which places do nothing?",
    slide=TILING,
)
