"""Strassen: exact on whole numbers, its multiplications counted by the leaves themselves, its error within Higham's bound."""

import numpy as np
import pytest

from course_lib.gemm import strassen

RNG = np.random.default_rng(8)


@pytest.mark.parametrize("size", [(1, 1, 1), (2, 2, 2), (8, 8, 8), (7, 5, 9), (1, 12, 3), (16, 1, 1), (0, 3, 4), (5, 6, 0)])
@pytest.mark.parametrize("leaf", [1, 2, 3, 8])
def test_whole_numbers_are_exact_at_every_leaf_and_ragged_size(size, leaf):
    M, N, K = size
    a, b = RNG.integers(-9, 10, (M, K)), RNG.integers(-9, 10, (K, N))
    c = strassen.gemm(a, b, leaf)
    np.testing.assert_array_equal(c, np.einsum("ik,kj->ij", a, b))
    assert c.shape == (M, N) and c.base is None


@pytest.mark.parametrize("n, leaf", [(1, 1), (2, 1), (8, 1), (16, 4), (12, 3), (40, 5), (32, 32)])
def test_multiplications_and_additions_are_those_that_are_made(n, leaf):
    made = []

    def product(a, b):
        made.append(len(a) ** 3)
        return a @ b

    strassen.gemm(RNG.integers(0, 3, (n, n)), RNG.integers(0, 3, (n, n)), leaf, product)
    assert sum(made) == strassen.multiplications(n, leaf)
    levels = int(np.log2(n // leaf))
    assert strassen.multiplications(n, leaf) == 7**levels * leaf**3
    assert strassen.additions(n, leaf) == sum(7**d * 18 * (n // 2 ** (d + 1)) ** 2 for d in range(levels))


def test_one_level_is_seven_eighths():
    assert strassen.multiplications(64, 32) * 8 == 64**3 * 7
    with pytest.raises(ValueError, match="n: want leaf times a power of two, got n = 100 with leaf = 16"):
        strassen.multiplications(100, 16)
    assert [strassen.padded_size(n, 16) for n in (0, 16, 17, 100, 128)] == [16, 16, 32, 128, 128]


@pytest.mark.parametrize("leaf", [1, 4, 16, 64])
def test_the_error_stays_below_highams_bound(leaf):
    # Higham, Accuracy and Stability, theorem 23.2: max|error| <= ((n/leaf)^log2(12) (leaf^2 + 5 leaf) - 5 n) u max|a| max|b|
    n, u = 64, 2.0**-24
    a, b = (RNG.standard_normal((n, n)).astype(np.float32) for _ in "ab")
    exact = np.einsum("ik,kj->ij", a.astype(np.float64), b.astype(np.float64))
    bound = ((n / leaf) ** np.log2(12) * (leaf**2 + 5 * leaf) - 5 * n) * u * np.abs(a).max() * np.abs(b).max()
    error = np.abs(strassen.gemm(a, b, leaf) - exact).max()
    assert 0 < error <= bound


def test_smaller_leaves_are_less_exact():
    errors = []
    for leaf in (32, 4, 1):  # three levels more, then two: each step makes the error four to five times as large
        total = 0.0
        for seed in range(4):
            rng = np.random.default_rng(seed)
            a, b = (rng.standard_normal((32, 32)).astype(np.float32) for _ in "ab")
            total += np.abs(strassen.gemm(a, b, leaf) - a.astype(np.float64) @ b.astype(np.float64)).max()
        errors.append(total)
    assert errors[0] < errors[1] < errors[2]
