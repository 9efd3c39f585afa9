"""Winograd in two dimensions: the three transforms, the convolution by tiles, its multiplications and its error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..convolutions import convolve, output_size
from ..exercise import Case, Exercise, Made, Misconception
from ..pictures import plane_picture
from .short_filter import matrices

TWO, COUNT, ERROR = "05_fast#winograd-2d", "05_fast#winograd-multiplications", "05_fast#winograd-error"

# --- transforms --------------------------------------------------------------------------------------------------------


def both_sides(x: Any, matrix: Any) -> np.ndarray:
    """matrix · x · matrixᵀ on the last two axes."""
    x, matrix = np.asarray(x, np.float64), np.asarray(matrix, np.float64)
    return matrix @ x @ matrix.T


def transform_cases(which: int, lead: int) -> Callable[[np.random.Generator], list[Case]]:
    """which: 0 AT, 1 G, 2 BT; so many axes before the last two."""

    def cases(rng: np.random.Generator) -> list[Case]:
        out = []
        for m, r in [(1, 2), (2, 2), (2, 3), (4, 3), (3, 2)]:
            matrix = matrices(m, r)[which]
            for sizes in [(1,) * lead, (2, 1, 3, 2)[:lead], (1, 3, 2, 2)[:lead]]:
                x = rng.integers(-9, 10, (*sizes, matrix.shape[1], matrix.shape[1])).astype(np.float32)
                words = " x ".join(map(str, sizes)) + f" tiles of {matrix.shape[1]}x{matrix.shape[1]}, F({m}, {r})"
                out.append(Case((x, matrix), label=words.replace("1 tiles", "1 tile") if sizes == (1,) else words))
        return out

    return cases


def one_by_one(x: Any, matrix: Any) -> np.ndarray:
    """What is wrong for more than one tile: the first one for all."""
    right = both_sides(x, matrix)
    return np.broadcast_to(right[(0,) * (right.ndim - 2)], right.shape).copy()


def transform(name: str, which: int, lead: int, letter: str, hint: str) -> Exercise:
    def no_turn(x: Any, matrix: Any) -> np.ndarray:
        x, matrix = np.asarray(x, np.float64), np.asarray(matrix, np.float64)
        if matrix.shape[0] != matrix.shape[1]:
            raise ValueError("matmul: Input operand 1 has a mismatch in its core dimension 0")
        return matrix @ x @ matrix

    elementwise = (
        Misconception(
            "nothing but a product of elements",
            lambda x, matrix: np.multiply(x, matrix) if matrix.shape[0] == matrix.shape[1] else refuse("operands could not be broadcast"),
            "You multiply element by element. The transform is a matrix product from both sides; the elementwise one comes after it.",
            TWO,
        ),
    )
    return Exercise(
        name=name,
        reference=both_sides,
        cases=transform_cases(which, lead),
        tolerance=1e-5,
        misconceptions=(
            Misconception(
                "only from the left",
                lambda x, matrix: np.asarray(matrix, np.float64) @ np.asarray(x, np.float64),
                f"You have transformed the columns of a tile, its rows want it, too: {letter} from the left, its transpose from the right.",
                TWO,
            ),
            Misconception(
                "only from the right",
                lambda x, matrix: np.asarray(x, np.float64) @ np.asarray(matrix, np.float64).T,
                f"You have transformed the rows of a tile, its columns want it, too: {letter} from the left, its transpose from the right.",
                TWO,
            ),
            Misconception(
                "not transposed on the right",
                no_turn,
                f"On the right stands the transpose of {letter}.",
                TWO,
            ),
            Misconception(
                "the tile is turned over",
                lambda x, matrix: both_sides(np.swapaxes(x, -1, -2), matrix),
                "Rows and columns of the tile have changed places. `.T` of an array with more than two axes turns all of them.",
                TWO,
            ),
            Misconception(
                "one tile for all",
                one_by_one,
                "With one tile all is well; with several all have become the first. A product by @ takes the last two axes of all.",
                TWO,
            ),
            *(elementwise if which else ()),  # AT has fewer rows than columns: numpy refuses by itself
        ),
        picture=plane_picture,
        hint=hint,
        slide=TWO,
    )


def refuse(words: str) -> Any:
    raise ValueError(words)


kernel_transform = transform("kernel_transform", 1, 2, "G", "G @ w @ G.T: @ takes the last two axes, for all K·C filters at once.")
input_transform = transform("input_transform", 2, 3, "BT", "BT @ d @ BT.T: @ takes the last two axes, for all tiles at once.")
output_transform = transform("output_transform", 0, 3, "AT", "AT @ s @ AT.T: tiles of n x n become tiles of m x m.")

# --- the convolution ---------------------------------------------------------------------------------------------------


def plain(x: Any, w: Any, m: int = 2, pad: int = 0) -> np.ndarray:
    return convolve(x, w, None, 1, pad)


def tile_cases(rng: np.random.Generator) -> list[Case]:
    # N C H W K m pad
    table = [
        (1, 1, 4, 4, 1, 2, 0),
        (1, 1, 5, 4, 1, 2, 0),
        (1, 1, 4, 5, 1, 2, 0),
        (1, 2, 4, 4, 1, 2, 0),
        (1, 1, 4, 4, 2, 2, 0),
        (2, 1, 4, 4, 1, 2, 0),
    ]
    table += [
        (1, 1, 3, 3, 1, 2, 0),
        (1, 1, 4, 4, 1, 2, 1),
        (1, 1, 6, 6, 1, 4, 0),
        (1, 1, 7, 9, 1, 4, 0),
        (2, 3, 8, 5, 2, 4, 1),
        (1, 2, 3, 8, 3, 2, 2),
    ]
    for _ in range(12):
        N, C, K = (int(v) for v in rng.integers(1, 4, 3))
        H, W = (int(v) for v in rng.integers(3, 12, 2))
        table.append((N, C, H, W, K, int(rng.choice([2, 4])), int(rng.integers(0, 2))))
    cases = []
    for N, C, H, W, K, m, pad in table:
        x, w = rng.integers(-9, 10, (N, C, H, W)).astype(np.float32), rng.integers(-4, 5, (K, C, 3, 3)).astype(np.float32)
        options = {"m": m} | ({"pad": pad} if pad else {})
        words = f"{N} x {C}x{H}x{W}, {K} filter{'s' if K > 1 else ''}, tiles of {m}x{m}" + f", pad {pad}" * (pad > 0)
        cases.append(Case((x, w), options, words))
    return cases


def allowed(case: Case) -> float:
    """F(2) has only halves in its matrices, F(4) sixths and entries up to 8: relative to the largest output, in float32."""
    return {2: 1e-5, 4: 1e-3}[case.kwargs.get("m", 2)]


def whole_tiles_only(x: Any, w: Any, m: int = 2, pad: int = 0) -> np.ndarray:
    out = convolve(x, w, None, 1, pad)
    out[:, :, out.shape[2] // m * m :] = 0
    out[:, :, :, out.shape[3] // m * m :] = 0
    return out


def too_large(x: Any, w: Any, m: int = 2, pad: int = 0) -> np.ndarray:
    """The outputs of the ragged tiles are not cut off: computed from zeros beyond the edge."""
    P, Q = (output_size(size, 3, 1, pad) for size in np.shape(x)[2:])
    more = [(-(-size // m) * m - size) for size in (P, Q)]
    wide = np.pad(np.asarray(x, np.float64), ((0, 0), (0, 0), (pad, pad + more[0]), (pad, pad + more[1])))
    return convolve(wide, w, None, 1, 0)


def tiles_apart(x: Any, w: Any, m: int = 2, pad: int = 0) -> np.ndarray:
    """Tiles begin n = m + 2 apart: they do not overlap."""
    n, P, Q = m + 2, output_size(x.shape[2], 3, 1, pad), output_size(x.shape[3], 3, 1, pad)
    far = np.pad(np.asarray(x, np.float64), ((0, 0), (0, 0), (pad, pad + n * P + n), (pad, pad + n * Q + n)))
    every = convolve(far, w, None, 1, 0)
    rows = np.array([p // m * n + p % m for p in range(P)])
    columns = np.array([q // m * n + q % m for q in range(Q)])
    return every[:, :, rows][:, :, :, columns]


def tiles_in_a_row(x: Any, w: Any, m: int = 2, pad: int = 0) -> np.ndarray:
    """Tiles [., Tp, Tq, m, m] reshaped to the image without bringing the rows of a tile together."""
    P, Q = output_size(x.shape[2], 3, 1, pad), output_size(x.shape[3], 3, 1, pad)
    full = too_large(x, w, m, pad)
    N, K, high, wide = full.shape
    mixed = full.reshape(N, K, high // m, m, wide // m, m).swapaxes(3, 4).reshape(N, K, high, wide)
    return mixed[:, :, :P, :Q]


def first_channel(x: Any, w: Any, m: int = 2, pad: int = 0) -> np.ndarray:
    return convolve(x[:, -1:], w[:, -1:], None, 1, pad)


winograd_conv2d = Exercise(
    name="winograd_conv2d",
    reference=plain,
    cases=tile_cases,
    tolerance=allowed,
    misconceptions=(
        Misconception(
            "the ragged tiles stay empty",
            whole_tiles_only,
            "Where m does not divide P or Q, the last rows or columns are zero. Round the number of tiles up, with zeros below the image.",
            TWO,
        ),
        Misconception(
            "the ragged tiles are not cut",
            too_large,
            "Your output is larger than P x Q: of the last tiles only a part lies inside. Cut the rest off.",
            TWO,
        ),
        Misconception(
            "the tiles do not overlap",
            tiles_apart,
            "Your tiles begin m + 2 apart. A tile makes m x m outputs, so the next begins m further on: they share two rows.",
            TWO,
        ),
        Misconception(
            "the tiles are not put together",
            tiles_in_a_row,
            "The numbers are right and lie in the wrong places. From [Tp, Tq, m, m] an axis must move, [Tp, m, Tq, m], before reshaping.",
            TWO,
        ),
        Misconception(
            "one channel",
            first_channel,
            "With one channel all is well. The elementwise products are added up over c before the output transform.",
            TWO,
        ),
        Misconception(
            "the filter is flipped",
            lambda x, w, m=2, pad=0: convolve(x, w[:, :, ::-1, ::-1], None, 1, pad),
            "The filter is turned by 180 degrees. Networks do not flip.",
            TWO,
        ),
        Misconception(
            "the padding is ignored",
            lambda x, w, m=2, pad=0: convolve(x, w, None, 1, 0),
            "Your answer does not change with pad. Zeros come around the image before it is cut into tiles.",
            TWO,
        ),
        Misconception(
            "rows and columns have changed places",
            lambda x, w, m=2, pad=0: np.swapaxes(convolve(x, w, None, 1, pad), 2, 3),
            "The output is [N, K, P, Q]: P comes from the height H, Q from the width W.",
            TWO,
        ),
    ),
    picture=plane_picture,
    hint="One tile first, 4x4 in and 2x2 out, m = 2. Then tiles that begin m apart; then sizes that m does not divide.",
    slide=TWO,
)

# --- how many multiplications? -----------------------------------------------------------------------------------------


def tile_count(shape: Any, m: int) -> int:
    return -(-shape.P // m) * -(-shape.Q // m)


def mults(shape: Any, m: int) -> int:
    """N·K·C·ceil(P/m)·ceil(Q/m)·(m+2)²: the elementwise products, transforms left out."""
    return int(shape.N * shape.K * shape.C * tile_count(shape, m) * (m + 2) ** 2)


def mult_cases(rng: np.random.Generator) -> list[Case]:
    base: list[tuple[dict[str, int], int]] = [
        ({"N": 1, "C": 1, "H": 4, "W": 4, "K": 1}, 2),
        ({"N": 1, "C": 1, "H": 5, "W": 4, "K": 1}, 2),
        ({"N": 1, "C": 2, "H": 6, "W": 4, "K": 3}, 2),
        ({"N": 2, "C": 3, "H": 8, "W": 7, "K": 2}, 4),
        ({"N": 1, "C": 3, "H": 56, "W": 56, "K": 64}, 2),
        ({"N": 1, "C": 3, "H": 56, "W": 56, "K": 64}, 4),
        ({"N": 1, "C": 64, "H": 224, "W": 224, "K": 64, "pad": 1}, 6),
    ]
    for _ in range(8):
        N, C, K = (int(v) for v in rng.integers(1, 9, 3))
        H, W = (int(v) for v in rng.integers(3, 40, 2))
        base.append(({"N": N, "C": C, "H": H, "W": W, "K": K, "pad": int(rng.integers(0, 2))}, int(rng.choice([2, 4, 6]))))
    return [
        Case((Made("conv_shape", {**letters, "R": 3, "S": 3}), m), label=", ".join(f"{k}={v}" for k, v in letters.items()) + f", m={m}")
        for letters, m in base
    ]


winograd_mults = Exercise(
    name="winograd_mults",
    reference=mults,
    cases=mult_cases,
    misconceptions=(
        Misconception(
            "those of the loops",
            lambda shape, m: shape.macs,
            "That is what the seven loops need, nine an output. Count (m + 2)² a tile.",
            COUNT,
        ),
        Misconception(
            "tiles rounded down",
            lambda shape, m: shape.N * shape.K * shape.C * (shape.P // m) * (shape.Q // m) * (m + 2) ** 2,
            "Where m does not divide P or Q, there is one more tile: round up. A tile that is half outside costs as much as a full one.",
            COUNT,
        ),
        Misconception(
            "a fraction of the loops' multiplications",
            lambda shape, m: round(shape.macs * (m + 2) ** 2 / (9 * m * m)),
            "The share (m + 2)² / (9 m²) of the loops' number is right where the tiles fit exactly. Count tiles, rounded up.",
            COUNT,
        ),
        Misconception(
            "m² a tile",
            lambda shape, m: shape.N * shape.K * shape.C * tile_count(shape, m) * m * m,
            "You count m² a tile, its outputs. The elementwise product has as many numbers as the transformed tile: (m + 2)².",
            COUNT,
        ),
        Misconception(
            "one filter",
            lambda shape, m: mults(shape, m) // shape.K,
            "Your answer does not change with K. Each tile meets each of the K filters.",
            COUNT,
        ),
        Misconception(
            "one channel",
            lambda shape, m: mults(shape, m) // shape.C,
            "Your answer does not change with C. Each channel has an elementwise product of its own.",
            COUNT,
        ),
        Misconception(
            "one image",
            lambda shape, m: mults(shape, m) // shape.N,
            "Your answer does not change with N. Every image has its own tiles.",
            COUNT,
        ),
        Misconception(
            "one dimension",
            lambda shape, m: shape.N * shape.K * shape.C * tile_count(shape, m) * (m + 2),
            "So many products make one row of a tile. In two dimensions there are (m + 2)².",
            COUNT,
        ),
    ),
    hint="How many tiles are there along P, how many along Q, and how many numbers has a transformed one? Each meets K filters.",
    slide=COUNT,
)

# --- the error ---------------------------------------------------------------------------------------------------------


def error(d: Any, g: Any, AT: Any, G: Any, BT: Any, dtype: str, exact: bool = True, inside: bool = True, worst: Any = np.max) -> float:
    """Largest |Winograd in dtype - direct in float64| over all tiles; the options are slips."""
    kind = np.dtype(dtype) if inside else np.dtype(np.float64)
    d_, g_, at, gg, bt = (np.asarray(v).astype(kind) for v in (d, g, AT, G, BT))
    y = at @ ((gg @ g_ @ gg.T) * (bt @ d_ @ bt.T)) @ at.T
    r = np.shape(g)[-1]
    view = np.lib.stride_tricks.sliding_window_view(np.asarray(d, np.float64), (r, r), axis=(1, 2))
    want = np.einsum("tyxrs,trs->tyx", view, np.asarray(g, np.float64))
    return float(worst(np.abs(y.astype(np.float64) - want)))


def error_cases(rng: np.random.Generator) -> list[Case]:
    cases = []
    for m, dtype in [(2, "float32"), (4, "float32"), (6, "float32"), (2, "float16"), (4, "float16"), (4, "float64")]:
        n = m + 2
        d, g = rng.uniform(-1, 1, (60, n, n)), rng.uniform(-1, 1, (60, 3, 3))
        cases.append(Case((d, g, *matrices(m, 3), dtype), label=f"60 tiles of F({m}x{m}, 3x3) in {dtype}"))
    return cases


def bits(answer: Any) -> float:
    """log2 of an error: right within a factor of about four, whoever adds in which order."""
    try:
        value = float(answer)
    except (TypeError, ValueError):
        raise ValueError("error: want one number") from None
    if not np.isfinite(value) or value <= 0:
        raise ValueError("error: want a number above 0; rounding leaves nothing exact here")
    return float(np.log2(value))


winograd_error = Exercise(
    name="winograd_error",
    reference=error,
    reading=bits,
    cases=error_cases,
    tolerance=lambda case: abs(2 / bits(error(*case.args))),  # two bits
    misconceptions=(
        Misconception(
            "everything in float64",
            lambda d, g, AT, G, BT, dtype: error(d, g, AT, G, BT, dtype, inside=False),
            "Your error is that of float64, whatever dtype says: tiles, filters and matrices are rounded to dtype before they are used.",
            ERROR,
        ),
        Misconception(
            "the sum of all errors",
            lambda d, g, AT, G, BT, dtype: error(d, g, AT, G, BT, dtype, worst=lambda e: e.sum()),
            "You add up the errors of all tiles and outputs. Asked for is the largest one.",
            ERROR,
        ),
        Misconception(
            "squared",
            lambda d, g, AT, G, BT, dtype: error(d, g, AT, G, BT, dtype, worst=lambda e: (e**2).max()),
            "Your error is squared: a square of something small looks very good indeed.",
            ERROR,
        ),
        Misconception(
            "the smallest error",
            lambda d, g, AT, G, BT, dtype: error(d, g, AT, G, BT, dtype, worst=lambda e: e[e > 0].min()),
            "You take the smallest difference. Asked for is the largest one.",
            ERROR,
        ),
        Misconception(
            "the size of the outputs",
            lambda d, g, AT, G, BT, dtype: float(np.abs(both_sides(np.asarray(g), G)).max() * np.abs(both_sides(np.asarray(d), BT)).max()),
            "That is as large as the numbers themselves. What has to be subtracted is the convolution in float64.",
            ERROR,
        ),
    ),
    hint="Round d, g and the three matrices to dtype, do Winograd with them, subtract the nine products in float64; the largest |.|.",
    slide=ERROR,
)
