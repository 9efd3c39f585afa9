"""All loop orders give one product by the same MACs; what differs is the way through memory."""

import itertools

import numpy as np
import pytest

from course_lib import record
from course_lib.gemm import ALGORITHMS, ORDERS

RNG = np.random.default_rng(31)


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("size", [(1, 1, 1), (3, 5, 7), (7, 1, 2), (1, 9, 4), (0, 3, 2), (3, 2, 0), (11, 13, 6)])
def test_whole_numbers_are_exact_and_fractions_within_the_rounding_bound(size, name):
    M, N, K = size
    a, b = RNG.integers(-9, 10, (M, K)), RNG.integers(-9, 10, (K, N))
    assert (ALGORITHMS[name](a, b) == np.einsum("ik,kj->ij", a, b)).all()
    x, y = RNG.standard_normal((M, K)).astype(np.float32), RNG.standard_normal((K, N)).astype(np.float32)
    exact = np.einsum("ik,kj->ij", x.astype(np.float64), y.astype(np.float64))
    # |error| <= gamma_K · |a|·|b| for any order of summation, u = 2^-24 (and float64's own, far smaller)
    gamma = K * 2.0**-24 / (1 - K * 2.0**-24) * (1 + 1e-6)
    c = ALGORITHMS[name](x, y)
    assert c.dtype == np.float32 and c.shape == (M, N)
    assert (np.abs(c - exact) <= gamma * np.einsum("ik,kj->ij", np.abs(x, dtype=np.float64), np.abs(y, dtype=np.float64))).all()


@pytest.mark.parametrize("name", ORDERS)
def test_every_order_touches_the_same_elements_in_its_own_order(name):
    M, N, K = 3, 4, 5
    size = dict(zip("ijk", (M, N, K), strict=True))
    _, trace = record(ORDERS[name], RNG.standard_normal((M, K)), RNG.standard_normal((K, N)))
    assert trace.macs == M * N * K == 60 and trace.marks["workspace"] == 0
    assert {t: (trace.loads(t), trace.stores(t)) for t in trace.names} == {"A": (60, 0), "B": (60, 0), "C": (60, 60)}
    # the order is the name's, read from the outermost loop to the innermost; elements are numbered by the row-major layout
    turns = [dict(zip(name, turn, strict=True)) for turn in itertools.product(*(range(size[letter]) for letter in name))]
    assert trace.element("A").tolist() == [at["i"] * K + at["k"] for at in turns]
    assert trace.element("B").tolist() == [at["k"] * N + at["j"] for at in turns]
    assert trace.element("C").tolist() == [at["i"] * N + at["j"] for at in turns for _ in ("load", "store")]


@pytest.mark.parametrize("name", ALGORITHMS)
def test_what_does_not_fit_is_refused(name):
    for a, b, sentence in [
        (np.ones((2, 3)), np.ones((2, 3)), "a, b: want a.M,K. and b.K,N., got .2, 3. and .2, 3.: 3 is not 2"),
        (np.ones(3), np.ones((3, 1)), "a: want 2 axes, got shape"),
        (np.ones((1, 3)), np.ones((3, 1), complex), "b: want whole or floating-point numbers, got dtype complex128"),
    ]:
        with pytest.raises(ValueError, match=sentence):
            ALGORITHMS[name](a, b)
