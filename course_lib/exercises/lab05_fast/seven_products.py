"""Strassen: pad to a power of two, seven products in place of eight, and how many multiplications are left."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..exercise import Case, Count, Exercise, Misconception
from ..pictures import plane_picture

STRASSEN, LEAVES, PADDING = "05_fast#strassen", "05_fast#strassen-leaf", "05_fast#strassen-padding"

# --- a power of two ----------------------------------------------------------------------------------------------------


def power_of_two(n: int) -> int:
    return 1 << max(0, n - 1).bit_length()


def filled(a: np.ndarray, n: int) -> np.ndarray:
    out = np.zeros((n, n), np.asarray(a).dtype)
    out[: a.shape[0], : a.shape[1]] = a
    return out


def pad_reference(a: np.ndarray) -> np.ndarray:
    """a[M,K] -> [n,n], n the smallest power of two that holds both, zeros below and to the right."""
    return filled(a, power_of_two(max(a.shape)))


def pad_cases(rng: np.random.Generator) -> list[Case]:
    shapes = [(1, 1), (1, 2), (2, 1), (2, 2), (3, 3), (2, 3), (3, 2), (4, 4), (5, 2), (1, 7), (8, 8), (9, 9), (16, 3)]
    shapes += [(int(m), int(k)) for m, k in rng.integers(1, 20, (6, 2))]
    return [Case((np.arange(1, m * k + 1, dtype=np.float32).reshape(m, k),), label=f"a matrix of {m}x{k}") for m, k in shapes]


def around(a: np.ndarray) -> np.ndarray:
    n = power_of_two(max(a.shape))
    out = np.zeros((n, n), a.dtype)
    top, left = (n - a.shape[0]) // 2, (n - a.shape[1]) // 2
    out[top : top + a.shape[0], left : left + a.shape[1]] = a
    return out


def each_side(a: np.ndarray) -> np.ndarray:
    out = np.zeros((power_of_two(a.shape[0]), power_of_two(a.shape[1])), a.dtype)
    out[: a.shape[0], : a.shape[1]] = a
    return out


def next_even(a: np.ndarray) -> np.ndarray:
    n = max(a.shape)
    return filled(a, n + n % 2 if n > 1 else 1)


pad_to_power_of_two = Exercise(
    name="pad_to_power_of_two",
    reference=pad_reference,
    cases=pad_cases,
    misconceptions=(
        Misconception(
            "each side to its own power of two",
            each_side,
            "Your matrix is not square. Both sides become the same power of two, the one that holds the longer side.",
            PADDING,
        ),
        Misconception(
            "square, but no power of two",
            lambda a: filled(a, max(a.shape)),
            "Square is not enough: a side of 3 cannot be halved. The side must be 1, 2, 4, 8, ...",
            PADDING,
        ),
        Misconception(
            "even is taken for a power of two",
            next_even,
            "Six is even, but its half, 3, is not: halving has to go on until 1 is left.",
            PADDING,
        ),
        Misconception(
            "always the next larger one",
            lambda a: filled(a, 2 * power_of_two(max(a.shape))),
            "A side that is a power of two already stays as it is. Yours is twice as long as it need be.",
            PADDING,
        ),
        Misconception(
            "beyond a power of two only",
            lambda a: filled(a, 1 << max(a.shape).bit_length()),
            "With a side of 3 you are right, with 4 you go on to 8. A power of two needs no filling.",
            PADDING,
        ),
        Misconception(
            "the zeros are all around",
            around,
            "The matrix has moved into the middle. Zeros come below and to the right, so that indices stay what they are.",
            PADDING,
        ),
        Misconception(
            "filled up with the last number",
            lambda a: np.pad(a, [(0, power_of_two(max(a.shape)) - s) for s in a.shape], mode="edge"),
            "You have filled up with copies of the edge. Only zeros leave the product as it is.",
            PADDING,
        ),
    ),
    picture=plane_picture,
    hint="n = 1; while n is smaller than the longer side, n = 2 n. Then zeros of n x n, and the matrix in their upper left corner.",
    slide=PADDING,
)

# --- how many? ---------------------------------------------------------------------------------------------------------


def levels(n: int, leaf: int) -> int:
    count = 0
    while n > leaf:
        n, count = n // 2, count + 1
    return count


def counted(n: int, leaf: int) -> int:
    """Multiplications for n a power of two: 7 a level, n³ at a leaf; n <= leaf is one leaf."""
    depth = levels(n, leaf)
    return int(7**depth * (n >> depth) ** 3)


def mult_cases(rng: np.random.Generator) -> list[Case]:
    table = [(1, 1), (2, 1), (2, 2), (4, 1), (4, 2), (8, 2), (64, 64), (128, 16), (1024, 64), (1024, 1), (16, 64), (4096, 1)]
    for _ in range(6):
        high, low = int(rng.integers(0, 13)), int(rng.integers(0, 8))
        table.append((1 << high, 1 << low))
    return [Case((n, leaf), label=f"order {n}, leaf {leaf}") for n, leaf in table]


strassen_mults = Exercise(
    name="strassen_mults",
    reference=counted,
    cases=mult_cases,
    misconceptions=(
        Misconception(
            "eight products a level",
            lambda n, leaf: n**3,
            "That is n³, eight products a level. Strassen needs seven of them.",
            STRASSEN,
        ),
        Misconception(
            "always down to one",
            lambda n, leaf: counted(n, 1),
            "Your answer does not change with leaf. At the leaf the recursion stops, and an ordinary product of leaf³ begins.",
            LEAVES,
        ),
        Misconception(
            "one multiplication a leaf",
            lambda n, leaf: 7 ** levels(n, leaf),
            "You count the leaves. A leaf is a product of leaf x leaf matrices, not a single multiplication.",
            LEAVES,
        ),
        Misconception(
            "a leaf takes leaf²",
            lambda n, leaf: 7 ** levels(n, leaf) * (n >> levels(n, leaf)) ** 2,
            "A product of leaf x leaf matrices takes leaf³ multiplications: leaf for each of its leaf² numbers.",
            LEAVES,
        ),
        Misconception(
            "one level only",
            lambda n, leaf: 7 * (n // 2) ** 3 if n > leaf else n**3,
            "You count one level of Strassen. Each of the seven products is cut in four again, until the leaf is reached.",
            STRASSEN,
        ),
        Misconception(
            "a leaf larger than the matrix",
            lambda n, leaf: 7 ** levels(n, leaf) * leaf**3,
            "Where the matrix is smaller than the leaf, there is one product of n³, not of leaf³.",
            LEAVES,
        ),
        Misconception(
            "additions are counted, too",
            lambda n, leaf: counted(n, leaf) + sum(7**d * 18 * (n >> (d + 1)) ** 2 for d in range(levels(n, leaf))),
            "You have counted the additions with it. They matter, as the lab shows, but asked for are the multiplications.",
            STRASSEN,
        ),
    ),
    hint="Each level makes 7 products of half the order. How many levels are there from n to leaf, and what does one leaf cost?",
    slide=LEAVES,
)

# --- the product -------------------------------------------------------------------------------------------------------

Seven = tuple[np.ndarray, ...]
Four = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def seven(a: Any, b: Any, times: Callable[[np.ndarray, np.ndarray], np.ndarray], six: bool = False) -> Seven:
    (a11, a12, a21, a22), (b11, b12, b21, b22) = a, b
    out = [
        times(a11 + a22, b11 + b22), times(a21 + a22, b11), times(a11, b12 - b22), times(a22, b21 - b11), times(a11 + a12, b22),
        times(a21 - a11, b11 + b12), times(a12 - a22, b21 + b22),
    ]  # fmt: skip
    return (*out[:5], out[6], out[5]) if six else tuple(out)


def put(m1: Any, m2: Any, m3: Any, m4: Any, m5: Any, m6: Any, m7: Any) -> Four:
    return m1 + m4 - m5 + m7, m3 + m5, m2 + m4, m1 - m2 + m3 + m6


def recursive(a: np.ndarray, b: np.ndarray, leaf: int, rule: Callable[..., Four] = put, six: bool = False) -> np.ndarray:
    n = len(a)
    if n <= leaf or n == 1:
        return a @ b
    h = n // 2
    quarters = [[x[:h, :h], x[:h, h:], x[h:, :h], x[h:, h:]] for x in (a, b)]
    c11, c12, c21, c22 = rule(*seven(quarters[0], quarters[1], lambda x, y: recursive(x, y, leaf, rule, six), six))
    return np.block([[c11, c12], [c21, c22]])


def by_strassen(a: Any, b: Any, leaf: int = 1, rule: Callable[..., Four] = put, six: bool = False, cut: bool = True) -> np.ndarray:
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    n = power_of_two(max(*a.shape, *b.shape))
    c = recursive(filled(a, n), filled(b, n), leaf, rule, six)
    return c[: a.shape[0], : b.shape[1]] if cut else c


def strassen_reference(a: Any, b: Any, leaf: int = 1) -> np.ndarray:
    return np.asarray(a, np.float64) @ np.asarray(b, np.float64)


def strassen_cases(rng: np.random.Generator) -> list[Case]:
    table: list[tuple[int, ...]] = [(1, 1, 1, 1), (2, 2, 2, 1), (2, 2, 2, 2), (4, 4, 4, 1), (4, 4, 4, 2), (8, 8, 8, 2), (2, 3, 4, 1)]
    table += [(3, 2, 1, 1), (5, 7, 6, 2), (1, 8, 3, 4), (8, 8, 8, 1), (3, 3, 3, 8)]
    table += [(*(int(v) for v in rng.integers(1, 13, 3)), int(2 ** rng.integers(0, 3))) for _ in range(6)]
    cases = []
    for M, K, N, leaf in table:
        a, b = (rng.integers(1, 8, size) * rng.choice([-1, 1], size) for size in ((M, K), (K, N)))
        cases.append(Case((a.astype(np.float32), b.astype(np.float32), leaf), label=f"{M}x{K} times {K}x{N}, leaf {leaf}"))
    return cases


def multiplications_due(case: Case) -> int:
    a, b, leaf = case.args
    return counted(power_of_two(max(*a.shape, *b.shape)), leaf)


def unequal(a: Any, b: Any, leaf: int = 1) -> np.ndarray:
    """Padded matrix by matrix, each to its own power of two: quarters that do not fit."""
    if power_of_two(max(np.shape(a))) != power_of_two(max(np.shape(b))):
        raise ValueError("operands could not be broadcast together")
    return strassen_reference(a, b)


strassen = Exercise(
    name="strassen",
    reference=strassen_reference,
    cases=strassen_cases,
    tolerance=1e-6,
    counts=(
        Count(
            "multiplications",
            lambda trace: int(trace.marks["multiply"]),
            multiplications_due,
            "The values are right, the number of multiplications is not 7 for each level times leaf³: are there seven products, each by"
            " strassen again, and does the recursion stop at leaf?",
            slide=LEAVES,
        ),
    ),
    counted=lambda cases: [case for case in cases if max(case.args[0].shape) <= 8][:8],
    misconceptions=(
        Misconception(
            "the padding is in the result",
            partial(by_strassen, cut=False),
            "Your result has the padded size. Cut it back to the rows of a and the columns of b.",
            PADDING,
        ),
        Misconception(
            "the corners have changed places",
            partial(by_strassen, rule=lambda *m: tuple(put(*m)[i] for i in (0, 2, 1, 3))),  # type: ignore[arg-type, return-value]
            "The upper right and the lower left quarter have changed places: c12 = m3 + m5, c21 = m2 + m4.",
            STRASSEN,
        ),
        Misconception(
            "a sign in c11",
            partial(by_strassen, rule=lambda m1, m2, m3, m4, m5, m6, m7: (m1 + m4 + m5 - m7, m3 + m5, m2 + m4, m1 - m2 + m3 + m6)),
            "The upper left quarter has a sign the wrong way round. Write out m1 + m4 - m5 + m7 and see what cancels.",
            STRASSEN,
        ),
        Misconception(
            "a sign in c22",
            partial(by_strassen, rule=lambda m1, m2, m3, m4, m5, m6, m7: (m1 + m4 - m5 + m7, m3 + m5, m2 + m4, m1 + m2 - m3 + m6)),
            "The lower right quarter has a sign the wrong way round. Write out m1 - m2 + m3 + m6 and see what cancels.",
            STRASSEN,
        ),
        Misconception(
            "m6 and m7 have changed places",
            partial(by_strassen, six=True),
            "The quarters c12 and c21 are right, c11 and c22 are not: m6 and m7 stand in each other's place.",
            STRASSEN,
        ),
        Misconception(
            "each matrix has a padding of its own",
            unequal,
            "Both matrices must be padded to the same size, or their quarters do not fit together. Take the longest of all sides.",
            PADDING,
        ),
        Misconception(
            "quarter by quarter",
            lambda a, b, leaf=1: by_strassen(a, b, leaf, rule=lambda m1, m2, m3, m4, m5, m6, m7: (m1, m3, m2, m4)),
            "A quarter of c is a sum of products, not one of the seven.",
            STRASSEN,
        ),
    ),
    picture=plane_picture,
    hint="Try a 2 x 2 case with leaf 1 by hand: write down m1 to m7, then the four sums. The rest is the same, with quarters for numbers.",
    slide=STRASSEN,
)
