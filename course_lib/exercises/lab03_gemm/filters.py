"""The filters as a matrix: a filter a column, in the order of a window."""

from __future__ import annotations

import numpy as np

from ..exercise import Case, Exercise, Misconception
from ..pictures import plane_picture


def filter_cases(rng: np.random.Generator) -> list[Case]:
    shapes = [(1, 1, 2, 2), (2, 1, 2, 2), (2, 1, 2, 3), (2, 2, 2, 2), (1, 1, 1, 1), (3, 2, 3, 2), (5, 3, 1, 1), (64, 3, 3, 3)]
    shapes += [tuple(int(v) for v in rng.integers(1, 6, 4)) for _ in range(10)]  # type: ignore[misc]
    cases = []
    for K, C, R, S in shapes:
        w = np.arange(1, K * C * R * S + 1, dtype=np.float32).reshape(K, C, R, S)
        cases.append(Case((w,), label=f"{K} filter{'s' if K > 1 else ''} of {C}x{R}x{S}"))
    return cases


def as_matrix(w: np.ndarray) -> np.ndarray:
    """w[K,C,R,S] -> matrix[C·R·S, K], a filter a column."""
    return w.reshape(w.shape[0], -1).T


FILTERS = "03_gemm#im2col-with-channels"

filters_to_matrix = Exercise(
    name="filters_to_matrix",
    reference=as_matrix,
    cases=filter_cases,
    misconceptions=(
        Misconception(
            "a filter is a row",
            lambda w: as_matrix(w).T,
            "Your matrix is K × C·R·S, as on the slide. `cols` has its windows in rows here, so a filter must be a column.",
            FILTERS,
        ),
        Misconception(
            "reshaped where it should be transposed",
            lambda w: w.reshape(-1, w.shape[0]),
            "The shape is right and the numbers are in the wrong places: reshape never moves a number in memory. Column 0 must"
            " be filter 0. Transposing moves axes.",
            FILTERS,
        ),
        Misconception(
            "rows in (r, s, c) order",
            lambda w: as_matrix(w.transpose(0, 2, 3, 1)),
            "A column runs through the channels fastest, and the rows of `cols` do not: the two orders must be the same, (c, r, s).",
            FILTERS,
        ),
        Misconception(
            "the filter is flipped",
            lambda w: as_matrix(w[:, :, ::-1, ::-1]),
            "The filter is turned by 180 degrees. Networks do not flip: tap (0, 0) meets the window's top left pixel.",
            FILTERS,
        ),
        Misconception(
            "the filter's rows and columns have changed places",
            lambda w: as_matrix(np.swapaxes(w, 2, 3)),
            "Within a channel, r is slower than s, as in a window.",
            FILTERS,
        ),
        Misconception(
            "one long column",
            lambda w: w.reshape(-1, 1),
            "All filters stand in one column below each other. Each of the K filters has a column of its own.",
            FILTERS,
        ),
        Misconception(
            "in the wrong order of filters",
            lambda w: as_matrix(w[::-1]),
            "Column 0 should be filter 0; yours begins with the last.",
            FILTERS,
        ),
    ),
    picture=plane_picture,
    hint="Column k must be wt[k], read in the order (c, r, s), so that a row of cols times column k is output channel k.",
    slide=FILTERS,
)
