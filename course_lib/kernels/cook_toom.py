"""Where Winograd's matrices come from: filtering is a polynomial product, and a product is known from its values at points.

    y = AT ((G g) * (BT d))      m outputs of an r-tap filter with m + r - 1 multiplications

Take the values of the filter at m + r - 2 points and at infinity (G), multiply them by those of the data (BT, transposed
interpolation) and evaluate (AT). Any distinct points are right in exact arithmetic; in float32 they are not equally good.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

SOURCE = (
    "Cook 1966, Toom 1963; Winograd, Arithmetic Complexity of Computations, 1980; Barabasz et al., Error Analysis and Improving ..., 2020"
)

Matrix = tuple[tuple[Fraction, ...], ...]


def times_root(polynomial: list[Fraction], root: Fraction) -> list[Fraction]:
    """(x - root) * polynomial, coefficients from the lowest power."""
    return [low - root * high for low, high in zip([Fraction(0), *polynomial], [*polynomial, Fraction(0)], strict=True)]


def cook_toom(m: int, r: int, points: Sequence[Fraction | int]) -> tuple[Matrix, Matrix, Matrix]:
    """(AT[m, m+r-1], G[m+r-1, r], BT[m+r-1, m+r-1]) for the given finite points; infinity is always the last.

    >>> AT, G, BT = cook_toom(2, 3, [0, 1, -1])
    >>> [[str(x) for x in row] for row in G]
    [['1', '0', '0'], ['1/2', '1/2', '1/2'], ['1/2', '-1/2', '1/2'], ['0', '0', '1']]
    """
    size, at = m + r - 1, [Fraction(p) for p in points]
    if len(set(at)) != size - 1:
        raise ValueError(f"points: want {size - 1} different ones for F({m},{r}), got {list(points)}")
    evaluate = tuple((*(x**i for x in at), Fraction(int(i == m - 1))) for i in range(m))
    filters, data = [], []
    for x in at:
        scale, polynomial = Fraction(1), [Fraction(1)]
        for other in at:
            if other != x:
                scale *= x - other
                polynomial = times_root(polynomial, other)
        sign = 1 if scale > 0 else -1  # the sign may stand on either side
        filters.append(tuple(sign * x**k / scale for k in range(r)))
        data.append(tuple(sign * c for c in [*polynomial, *[Fraction(0)] * (size - len(polynomial))]))
    whole = [Fraction(1)]
    for x in at:
        whole = times_root(whole, x)
    filters.append((*[Fraction(0)] * (r - 1), Fraction(1)))
    data.append(tuple(whole))
    return evaluate, tuple(filters), tuple(tuple(row) for row in data)
