"""Operators: what a form does to a vector is what its dense matrix does, and its cost is counted to the number."""

import numpy as np
import pytest

from course_lib.compress import Columns, Dense, LowRank, Operator, Sum, as_operator


def random_operators(rng):
    K, J = rng.integers(0, 9, 2)
    rank = int(rng.integers(0, 4))
    dense = Dense(rng.standard_normal((K, J)))
    low = LowRank(rng.standard_normal((K, rank)), rng.standard_normal((rank, J)))
    at = np.flatnonzero(rng.random(J) < 0.5)
    some = Columns(rng.standard_normal((K, len(at))), at, int(J))
    return dense, low, some, Sum((dense, low, some)), Sum((low,))


def test_an_operator_does_to_a_vector_what_its_dense_matrix_does():
    rng = np.random.default_rng(0)
    for _ in range(250):
        for op in random_operators(rng):
            x = rng.standard_normal((op.shape[1], rng.integers(0, 5)))
            # float64 sums of at most 9 + 3 products of size 1
            np.testing.assert_allclose(op @ x, op.dense() @ x, atol=1e-12)
            assert op.dense().shape == op.shape and isinstance(op, Operator)


def test_costs_are_counted():
    low = LowRank(np.ones((64, 5), np.float32), np.ones((5, 576), np.float32))
    assert low.macs == 5 * (64 + 576) and low.nbytes == 4 * low.macs and low.rank == 5
    both = Sum((low, Dense(np.ones((64, 576), np.float32))))
    assert both.macs == low.macs + 64 * 576 and both.nbytes == low.nbytes + 4 * 64 * 576


def test_filters_are_their_matrix():
    wt = np.arange(2 * 3 * 2 * 2).reshape(2, 3, 2, 2)
    np.testing.assert_array_equal(as_operator(wt).dense(), wt.reshape(2, 12))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Dense(np.ones(3)), "a: want a matrix"),
        (lambda: Columns(np.ones((2, 2)), [1, 1], 3), "at: want 2 rising"),
        (lambda: Columns(np.ones((2, 2)), [1, 3], 3), "at: want 2 rising"),
        (lambda: Dense(np.array([["x"]])), "dtype"),
        (lambda: LowRank(np.ones((2, 3)), np.ones((2, 3))), "u, v"),
        (lambda: Sum(()), "parts"),
        (lambda: Sum((np.ones((2, 2)), np.ones((2, 3)))), "parts"),
        (lambda: Dense(np.ones((2, 3))) @ np.ones((2, 3)), "x: want 3 rows"),
    ],
)
def test_bad_input_is_said(make, says):
    with pytest.raises(ValueError, match=says):
        make()
